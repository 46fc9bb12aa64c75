"""Light bosons of three spins radiated by electrons and positrons on atoms."""

import math
from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, gauss_legendre
from cevnsjax.constants import (
    AVOGADRO_PER_MOL,
    CM2_MEV2,
    CROSS_SECTION_UNIT_CM2,
    ELECTRON_MASS_MEV,
    FINE_STRUCTURE_CONSTANT,
)
from cevnsjax.flux.alp_bremsstrahlung import alp_bremsstrahlung
from cevnsjax.flux.boson_emission import AbstractBosonEmission
from cevnsjax.flux.photon_spectrum import AbstractPhotonSpectrum
from cevnsjax.flux.positron_emission import electrons_left_out, track_length_per_MeV
from cevnsjax.particle import AbstractLightBoson, Alp
from cevnsjax.target import Material

_ELECTRONS, _SHARES = 12, 10
_SLOWEST = 0.5 * (1.0 + math.sqrt(5.0))  # E/m for which m/E is 1 - (m/E)^2


def boson_bremsstrahlung(
    boson: AbstractLightBoson, energy_share: Float[Array, "*point"], proton_number: int
) -> Float[Array, "*point"]:
    """dsigma/dx of e Z -> e Z B by an electron or positron, in ``CROSS_SECTION_UNIT_CM2``.

    In the Weizsaecker-Williams approximation a photon of the atom becomes the boson by the amplitude of
    :attr:`cevnsjax.particle.AbstractLightBoson.compton_terms` (n, c, w), with b = U and a = U/(1 - x): from U_0 = m^2
    (1 - x)/x + m_e^2 x up,

    dsigma/dx = (alpha^2 g^2/2 pi) S {[n x^2 + c (1 - x)]/U_0 + w x (1 - x)/(3 U_0^2)},

    with S = Z^2 ln(184 Z^(-1/3)) + Z ln(1194 Z^(-2/3)) of complete screening. A photon is exact but for terms without a
    logarithm, 4 alpha^3/m_e^2 S [4 (1 - x)/3 + x^2]/x, as is the logarithm of Y.-S. Tsai, Phys. Rev. D 34, 1326 (1986)
    for a pseudoscalar, whose other terms are in :func:`alp_bremsstrahlung` and are taken where the boson is an
    :class:`cevnsjax.particle.Alp`: they take up to a tenth off. For a vector far above m_e it is twice that of
    github.com/athompson-git/alplib, which has half of that photon. Screening is complete where m^2/(2 E) is far below
    m_e Z^(1/3)/184: for heavier bosons the logarithm is smaller, by half for 20 MeV at 200 MeV on tungsten (recalled).

    Parameters
    ----------
    boson
        The particle.
    energy_share
        x = E_B/E, any shape, between 0 and 1.
    proton_number
        Z of the nuclei.
    """
    if isinstance(boson, Alp):
        one = as_float(1.0)
        return boson.squared_electron_coupling * alp_bremsstrahlung(energy_share, boson.mass_MeV, one, proton_number)
    return logarithmic_part(boson, energy_share, proton_number)


def logarithmic_part(
    boson: AbstractLightBoson, energy_share: Float[Array, "*point"], proton_number: int
) -> Float[Array, "*point"]:
    """What has the logarithm S in :func:`boson_bremsstrahlung`, for any boson."""
    x, protons = energy_share, float(proton_number)
    screened = protons**2 * math.log(184.0 * protons ** (-1.0 / 3.0))
    screened = screened + protons * math.log(1194.0 * protons ** (-2.0 / 3.0))
    smallest = (boson.mass_MeV**2 * (1.0 - x) / x + ELECTRON_MASS_MEV**2 * x) / ELECTRON_MASS_MEV**2
    hard, constant, soft = boson.compton_terms
    shape = (hard * x**2 + constant * (1.0 - x)) / smallest
    shape = shape + (soft / ELECTRON_MASS_MEV**2) * x * (1.0 - x) / (3.0 * smallest**2)
    scale = FINE_STRUCTURE_CONSTANT**2 / (2.0 * math.pi) * CM2_MEV2 / CROSS_SECTION_UNIT_CM2 / ELECTRON_MASS_MEV**2
    return scale * screened * boson.squared_electron_coupling * shape


class BremsstrahlungEmission(AbstractBosonEmission):
    """e Z -> e Z B by :func:`boson_bremsstrahlung`, with the track length of electrons and positrons.

    Electrons from where their spectrum begins, or from 1.62 m, up: slower ones, which that formula does not hold for,
    are left out. x is from m/E to 1 - (m/E)^2. Bosons are taken to go in all directions alike.

    Attributes
    ----------
    electrons
        Electrons and positrons per event and MeV of total energy, together, in the form of a spectrum of photons.
    target
        What they lose their energy in.
    radiation_length_g_per_cm2
        g/cm^2.
    norm
        Ratio of the production to its prediction (1 nominally).
    critical_energy_MeV, depth
        What ionisation takes in a radiation length, MeV, and where matter ends, in radiation lengths
        (:func:`track_length_per_MeV`).
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "electron"
    electrons: AbstractPhotonSpectrum
    target: Material
    radiation_length_g_per_cm2: Float[Array, ""] = eqx.field(converter=as_float)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    critical_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    depth: float = eqx.field(static=True, default=5.0)

    def __check_init__(self):
        check_positive("radiation_length_g_per_cm2", self.radiation_length_g_per_cm2, "g/cm^2")
        check_not_negative("critical_energy_MeV", self.critical_energy_MeV, "MeV")
        check_positive("depth", self.depth, "")
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        return self.electrons.break_points_MeV[-1] / _SLOWEST

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        return electrons_left_out(self.electrons, _SLOWEST * boson.mass_MeV)

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        ends = self.electrons.break_points_MeV
        can_be = boson.mass_MeV < self.heaviest_boson_MeV
        mass = jnp.where(can_be, boson.mass_MeV, 0.5 * self.heaviest_boson_MeV)
        first = jnp.maximum(ends[0], _SLOWEST * mass)
        electron, step = _electrons(first, ends[-1])
        track = track_length_per_MeV(self.electrons, electron, self.depth, self.critical_energy_MeV)
        ratio = mass / electron
        # a massless one has a spectrum down to x = 0, where it vanishes like x or, for a vector, grows like 1/x
        share, part = _shares(jnp.maximum(ratio, 1e-3), 1.0 - ratio**2, mass)
        atoms = AVOGADRO_PER_MOL * CROSS_SECTION_UNIT_CM2 / self.target.molar_mass_g_per_mol
        section = jnp.zeros_like(share)
        for name, count in self.target.nuclei_per_formula_unit.items():
            own = boson_bremsstrahlung(boson, share, self.target.nuclides[name].proton_number)
            section = section + atoms * count * own
        number = (self.norm * self.radiation_length_g_per_cm2 * track * step)[:, None] * (section * part)
        return (electron[:, None] * share).ravel(), jnp.where(can_be, number, 0.0).ravel()


def _electrons(first_MeV: Scalar, last_MeV: Scalar) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Nodes of Gauss and Legendre in the logarithm of an energy, and their weights, MeV."""
    abscissae, weights = map(as_float, gauss_legendre(_ELECTRONS))
    width = jnp.log(last_MeV / first_MeV)
    place = first_MeV * jnp.exp(0.5 * (1.0 + abscissae) * width)
    return place, place * (0.5 * weights) * width


def _shares(
    low: Float[Array, " electron"], high: Float[Array, " electron"], mass_MeV: Scalar
) -> tuple[Float[Array, "electron node"], Float[Array, "electron node"]]:
    """Nodes in ln[x/(1 - x + e)], e = m_e^2/(m^2 + m_e^2), and their weights: heavy bosons have a peak at x = 1."""
    abscissae, weights = (as_float(each)[None, :] for each in gauss_legendre(_SHARES))
    whole = 1.0 + ELECTRON_MASS_MEV**2 / (mass_MeV**2 + ELECTRON_MASS_MEV**2)
    first, last = (jnp.log(each / (whole - each))[:, None] for each in (low, jnp.maximum(high, low)))
    place = whole * jax.nn.sigmoid(first + 0.5 * (1.0 + abscissae) * (last - first))
    return place, place * (1.0 - place / whole) * (0.5 * weights) * (last - first)
