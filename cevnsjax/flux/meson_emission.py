"""Visible vector bosons of mesons: neutral ones that decay in flight, and charged ones that stop."""

import math
from typing import ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import (
    Scalar,
    as_float,
    check_fraction,
    check_not_negative,
    check_positive,
    gauss_legendre,
    legendre_polynomials,
)
from cevnsjax.constants import (
    ETA_MASS_MEV,
    ETA_TO_PHOTONS,
    FINE_STRUCTURE_CONSTANT,
    NEUTRAL_PION_MASS_MEV,
    NEUTRAL_PION_TO_PHOTONS,
)
from cevnsjax.flux.boson_emission import AbstractBosonEmission
from cevnsjax.flux.dark_beams import dark_beam
from cevnsjax.flux.facilities import decay_at_rest_facility
from cevnsjax.flux.meson_cells import MesonCells, beam_pions
from cevnsjax.particle import AbstractLightBoson, ChargedMesonDecay, DarkPhoton, MesonCouplings, charged_meson_decay

_ORDER = 16
_LIGHTEST_MEV = 1e-3


class NeutralMesonEmission(AbstractBosonEmission):
    """P -> gamma V of pseudoscalar mesons in flight: 2 B(P -> gamma gamma) epsilon^2 (1 - m^2/M^2)^3 of them.

    For a :class:`cevnsjax.particle.DarkPhoton`: a meson without spin has no such decay to a boson without spin, none of
    which are made. V is
    isotropic in the frame of the meson, so that its energy is a box; in the direction of the detector it is as often as
    the moments of the mesons' angles say.

    Attributes
    ----------
    mesons
        Mesons that a proton makes.
    angle_deg
        Between the beam and the direction of the detector, degrees.
    mass_MeV
        M, MeV; that of a neutral pion unless given.
    photon_branching_ratio
        B(P -> gamma gamma).
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "charge"
    mesons: MesonCells
    angle_deg: Float[Array, ""] = eqx.field(converter=as_float, default=90.0)
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=NEUTRAL_PION_MASS_MEV)
    photon_branching_ratio: Float[Array, ""] = eqx.field(converter=as_float, default=NEUTRAL_PION_TO_PHOTONS)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_fraction("photon_branching_ratio", self.photon_branching_ratio)
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        return self.mass_MeV

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        return None

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        mixing2 = _squared_mixing(boson)
        can_be = boson.mass_MeV < self.mass_MeV
        mass2 = jnp.where(can_be, boson.mass_MeV**2 / self.mass_MeV**2, 0.0)
        energy, momentum = 0.5 * self.mass_MeV * (1.0 + mass2), 0.5 * self.mass_MeV * (1.0 - mass2)
        abscissae, weights = (as_float(each)[None, :] for each in gauss_legendre(_ORDER))
        gamma = (1.0 + self.mesons.kinetic_energy_MeV / self.mass_MeV)[:, None]
        boost = jnp.sqrt((gamma - 1.0) * (gamma + 1.0))
        # the boson in the laboratory: its energy, and its momentum along the meson's and in all
        whole, along = gamma * energy + boost * momentum * abscissae, boost * energy + gamma * momentum * abscissae
        cosine = along / jnp.sqrt(along**2 + (momentum**2) * (1.0 - abscissae**2))
        moments = self.mesons.angular_moments
        degrees = moments.shape[1]
        to_detector = legendre_polynomials(jnp.cos(jnp.deg2rad(self.angle_deg)), degrees)
        to_meson = legendre_polynomials(cosine, degrees)
        towards = jnp.zeros_like(cosine)
        for degree, (ours, theirs) in enumerate(zip(to_detector, to_meson, strict=True)):
            towards = towards + (2 * degree + 1) * ours * moments[:, degree, None] * theirs
        share = 2.0 * self.photon_branching_ratio * mixing2 * (1.0 - mass2) ** 3
        number = self.norm * share * (self.mesons.tilted_per_proton[:, None] * (0.5 * weights)) * towards
        return whole.ravel(), jnp.where(can_be, number, 0.0).ravel()


class StoppedMesonEmission(AbstractBosonEmission):
    """M+ -> l+ nu V of mesons at rest, by emission from lepton, meson and vertex (IB1, IB2, IB3).

    For a :class:`cevnsjax.particle.DarkPhoton`, whose current is conserved; what has a coupling to electrons alone, and
    would be emitted by the lepton, is left out. Soft ones are made like photons, and those
    below 1e-3 MeV as often as that.

    Attributes
    ----------
    decay
        Meson and lepton (:func:`cevnsjax.particle.charged_meson_decay`).
    mesons_per_proton
        Positive mesons that stop, per proton on target.
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "charge"
    decay: ChargedMesonDecay
    mesons_per_proton: Float[Array, ""] = eqx.field(converter=as_float)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("mesons_per_proton", self.mesons_per_proton, "")
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        return self.decay.meson.mass_MeV - self.decay.lepton_mass_MeV

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        return None

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        charge2 = 4.0 * math.pi * FINE_STRUCTURE_CONSTANT * _squared_mixing(boson)
        one = as_float(1.0)
        mass = jnp.maximum(boson.mass_MeV, _LIGHTEST_MEV)
        energy, share = self.decay.boson_nodes(MesonCouplings(one, one, one), mass)
        return energy, self.norm * self.mesons_per_proton * charge2 * share


def pion_emission(facility: str, angle_deg: float = 90.0) -> NeutralMesonEmission:
    """Build the neutral pions of a facility's beam, as of :func:`cevnsjax.flux.dark_beam`.

    Raises
    ------
    UnknownNameError
        If nothing is known of its neutral pions.
    """
    beam = dark_beam(facility)
    pions = beam_pions(beam.pions).of_yield(beam.pions_per_proton)
    return NeutralMesonEmission(mesons=pions, angle_deg=angle_deg)


def eta_emission(etas: MesonCells, angle_deg: float = 90.0) -> NeutralMesonEmission:
    """Build the etas of a beam above 1.3 GeV, whose numbers and angles are the user's."""
    return NeutralMesonEmission(
        mesons=etas, angle_deg=angle_deg, mass_MeV=ETA_MASS_MEV, photon_branching_ratio=ETA_TO_PHOTONS
    )


def stopped_pion_emission(facility: str, lepton: str) -> StoppedMesonEmission:
    """Build the pions that stop at a facility, one for each muon neutrino of it, and decay to an "electron" or "muon".

    Raises
    ------
    UnknownNameError
        If there is no such facility or lepton.
    """
    per_proton = decay_at_rest_facility(facility).neutrinos_per_proton
    return StoppedMesonEmission(decay=charged_meson_decay("pion", lepton), mesons_per_proton=per_proton)


def _squared_mixing(boson: AbstractLightBoson) -> Scalar:
    """epsilon^2, of which bosons without a coupling to charges have none."""
    return boson.mixing**2 if isinstance(boson, DarkPhoton) else jnp.zeros_like(boson.mass_MeV)
