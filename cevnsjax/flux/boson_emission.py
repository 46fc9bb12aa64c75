"""What makes light bosons in a source, as energies and how many of each."""

from abc import abstractmethod
from typing import ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, gauss_legendre
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV
from cevnsjax.flux.photon_spectrum import AbstractPhotonSpectrum, TabulatedPhotons
from cevnsjax.flux.photon_target import PhotonTarget
from cevnsjax.particle import AbstractLightBoson, compton_nodes, compton_threshold_MeV, primakoff

_BARN_MEV2 = CM2_MEV2 / 1e-24
_ORDER, _COMPTON_ORDER = 12, 8


class AbstractBosonEmission(eqx.Module):
    """A channel that makes bosons, alike in all directions."""

    coupling: eqx.AbstractClassVar[Literal["electron", "photon", "charge"]]
    """Which coupling of the boson it takes."""

    norm: eqx.AbstractVar[Float[Array, ""]]
    """Ratio of the production to its prediction (1 nominally)."""

    @property
    @abstractmethod
    def heaviest_boson_MeV(self) -> Scalar:
        """Mass from which on no boson is made, MeV."""

    @abstractmethod
    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        """Where a table of photons or positrons begins and what makes the boson, MeV, if there is something between."""

    @abstractmethod
    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Energies of bosons, MeV, and bosons per event that each stands for; all zero for one that is too heavy.

        Nodes move with the mass, so that what is folded with them is smooth in it.
        """


class ComptonEmission(AbstractBosonEmission):
    """gamma + e -> B + e on the electrons of matter, taken to be free and at rest.

    Bosons per event are photons times the cross section (:func:`cevnsjax.particle.compton_nodes`) over the total one of
    photons: each photon has one chance, and what it becomes otherwise is another photon of the spectrum.

    Attributes
    ----------
    photons
        Photons per event.
    target
        What they are absorbed in, or its chemical formula.
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "electron"
    photons: AbstractPhotonSpectrum
    target: PhotonTarget = eqx.field(converter=PhotonTarget.named)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        """Mass for which m + m^2/(2 m_e) is the energy of the most energetic photon, MeV."""
        end = self.photons.break_points_MeV[-1]
        return ELECTRON_MASS_MEV * (jnp.sqrt(1.0 + 2.0 * end / ELECTRON_MASS_MEV) - 1.0)

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        return left_out(self.photons, compton_threshold_MeV(boson))

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        photon, number = _photon_nodes(self.photons, compton_threshold_MeV(boson))
        energy, part = compton_nodes(boson, photon, _COMPTON_ORDER)
        chance = self.norm * self.target.electrons * _BARN_MEV2 / self.target.absorption_barn(photon)
        return energy.ravel(), ((number * chance)[:, None] * part).ravel()


class PrimakoffEmission(AbstractBosonEmission):
    """gamma + N -> B + N on screened nuclei (:func:`cevnsjax.particle.primakoff`).

    Each photon has one chance, as in :class:`ComptonEmission`.

    Attributes
    ----------
    photons
        Photons per event.
    target
        What they are absorbed in, or its chemical formula.
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "photon"
    photons: AbstractPhotonSpectrum
    target: PhotonTarget = eqx.field(converter=PhotonTarget.named)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        return self.photons.break_points_MeV[-1]

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        return left_out(self.photons, boson.mass_MeV)

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        photon, number = _photon_nodes(self.photons, boson.mass_MeV)
        each = [
            share * primakoff(boson, photon, protons)
            for share, protons in zip(self.target.shares, self.target.proton_numbers, strict=True)
        ]
        section = self.norm * _BARN_MEV2 * jnp.stack(each).sum(axis=0)
        return photon, number * section / self.target.absorption_barn(photon)


def left_out(photons: AbstractPhotonSpectrum, threshold_MeV: Scalar) -> tuple[float, float] | None:
    """Where a table that begins above the threshold does, and the threshold; formulas end where they are meant to."""
    first, threshold = float(photons.break_points_MeV[0]), float(threshold_MeV)
    return (first, threshold) if isinstance(photons, TabulatedPhotons) and first > threshold else None


def _photon_nodes(
    photons: AbstractPhotonSpectrum, threshold_MeV: Scalar
) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Energies of photons from a threshold up, MeV, and how many each stands for.

    Those of Gauss and Legendre in the root of the distance to the edge below: cross sections begin like one.
    """
    abscissae, weights = gauss_legendre(_ORDER)
    place = 0.5 * (1.0 + np.asarray(abscissae))
    edges = jnp.maximum(photons.break_points_MeV, threshold_MeV)
    width = jnp.diff(edges)[:, None]
    energy = (edges[:-1, None] + width * as_float(place**2)[None, :]).ravel()
    part = (width * as_float(place * np.asarray(weights))[None, :]).ravel()
    return energy, part * photons(energy)
