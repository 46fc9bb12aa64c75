"""Light bosons that leave all of their energy in a detector: decays, and conversions to a photon."""

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import CROSS_SECTION_MEV2
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.flux import AbstractBosonSource, AbstractSource
from cevnsjax.particle import AbstractLightBoson, inverse_compton, inverse_primakoff
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material, Nuclide

_ORDER = 12


class EnergyNodes(AbstractNodes):
    """Energies of what arrives, all of which is deposited.

    Attributes
    ----------
    energy_keV
        Energies, keV, shape ``[node]``.
    weight
        Part of one boson of each component that each node stands for, shape ``[component, node]``.
    """

    energy_keV: Float[Array, " node"]
    weight: Float[Array, "component node"]


class AbstractConversion(AbstractDeposit):
    """What turns a boson into light particles, all of which are seen."""

    @abstractmethod
    def cross_section_per_kg(
        self, energy_MeV: Float[Array, " node"], boson: AbstractLightBoson, target: Material
    ) -> Float[Array, " node"]:
        """Total cross section of a kilogram of target times ``EXPOSURE_SCALE``, in 1e-40 cm^2; zero without a boson."""

    def nodes(self, source: AbstractBosonSource, target: Material) -> EnergyNodes:
        nodes = source.nodes(as_float(0.0), _ORDER)
        return EnergyNodes(1e3 * nodes.energy_MeV, nodes.weight)

    def spectrum(self, nodes: EnergyNodes, source: AbstractBosonSource, target: Material) -> Spectrum:
        per_kg = self.cross_section_per_kg(1e-3 * nodes.energy_keV, source.boson, target)
        return spectrum_of(nodes, source, nodes.weight * per_kg[None])


class BosonDecay(AbstractConversion):
    """Decays inside the detector, to gamma gamma and to e+ e-: fluence over decay length and density.

    Attributes
    ----------
    density_g_per_cm3
        Density of the detector, g/cm^3.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractBosonSource
    recoil: ClassVar[Recoil] = Recoil.NONE
    density_g_per_cm3: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("density_g_per_cm3", self.density_g_per_cm3, "g/cm^3")

    def cross_section_per_kg(
        self, energy_MeV: Float[Array, " node"], boson: AbstractLightBoson, target: Material
    ) -> Float[Array, " node"]:
        per_cm = 1e-2 * boson.inverse_decay_length_per_m(energy_MeV)
        return per_cm * (1e3 / EXPOSURE_SCALE) / self.density_g_per_cm3


class AbstractConversionOnNuclides(AbstractConversion):
    """A conversion with a cross section of its own on each nuclide, electrons included."""

    @abstractmethod
    def cross_section(
        self, energy_MeV: Float[Array, " node"], boson: AbstractLightBoson, nuclide: Nuclide
    ) -> Float[Array, " node"]:
        """Total cross section on a neutral atom, 1e-40 cm^2, zero where there is no boson of that energy.

        Parameters
        ----------
        energy_MeV
            Energies of the boson, MeV.
        boson, nuclide
            The particle, and what it hits.
        """

    def cross_section_per_kg(
        self, energy_MeV: Float[Array, " node"], boson: AbstractLightBoson, target: Material
    ) -> Float[Array, " node"]:
        each = [
            self.cross_section(energy_MeV, boson, nuclide) * (target.nuclei_per_kg(name) * EXPOSURE_SCALE)
            for name, nuclide in target.nuclides.items()
        ]
        return jnp.stack(each).sum(axis=0)


class InversePrimakoff(AbstractConversionOnNuclides):
    """B + N -> gamma + N by exchange of a photon with a heavy nucleus, screened by its electrons.

    The closed form of :func:`cevnsjax.particle.inverse_primakoff`. The form factor of the nucleus takes 0.1 % off at 2
    MeV and is left out, as are the electrons as targets: for energies below 20 MeV.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractBosonSource
    recoil: ClassVar[Recoil] = Recoil.NONE

    def cross_section(
        self, energy_MeV: Float[Array, " node"], boson: AbstractLightBoson, nuclide: Nuclide
    ) -> Float[Array, " node"]:
        return CROSS_SECTION_MEV2 * inverse_primakoff(boson, energy_MeV, nuclide.proton_number)


class InverseCompton(AbstractConversionOnNuclides):
    """B + e -> gamma + e on free electrons at rest, by the closed form of :func:`cevnsjax.particle.inverse_compton`.

    A vector is taken to have all polarisations alike. Its transverse ones, which are what photons make where m is far
    below E, are converted 3/2 times as often as that mean.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractBosonSource
    recoil: ClassVar[Recoil] = Recoil.NONE

    def cross_section(
        self, energy_MeV: Float[Array, " node"], boson: AbstractLightBoson, nuclide: Nuclide
    ) -> Float[Array, " node"]:
        return nuclide.proton_number * CROSS_SECTION_MEV2 * inverse_compton(boson, energy_MeV)
