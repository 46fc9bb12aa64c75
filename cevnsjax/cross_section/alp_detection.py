"""ALPs that leave all of their energy in a detector: decays, and conversions to a photon on nuclei and electrons."""

import math
from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive, power_series
from cevnsjax.constants import (
    CROSS_SECTION_MEV2,
    ELECTRON_MASS_MEV,
    FINE_STRUCTURE_CONSTANT,
)
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.flux import AbstractAlpSource, AbstractSource
from cevnsjax.particle import Alp
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material, Nuclide

_SCREENING = 184.15 * math.exp(-0.5) / ELECTRON_MASS_MEV  # times Z^(-1/3): radius of an atom, MeV^-1
_ORDER = 12


class EnergyNodes(AbstractNodes):
    """Energies of what arrives, all of which is deposited.

    Attributes
    ----------
    energy_keV
        Energies, keV, shape ``[node]``.
    weight
        Part of one ALP of each component that each node stands for, shape ``[component, node]``.
    """

    energy_keV: Float[Array, " node"]
    weight: Float[Array, "component node"]


class AbstractConversion(AbstractDeposit):
    """What turns an ALP into light particles, all of which are seen."""

    @abstractmethod
    def cross_section_per_kg(
        self, energy_MeV: Float[Array, " node"], alp: Alp, target: Material
    ) -> Float[Array, " node"]:
        """Total cross section of a kilogram of target times ``EXPOSURE_SCALE``, in 1e-40 cm^2; zero without an ALP."""

    def nodes(self, source: AbstractAlpSource, target: Material) -> EnergyNodes:
        nodes = source.nodes(as_float(0.0), _ORDER)
        return EnergyNodes(1e3 * nodes.energy_MeV, nodes.weight)

    def spectrum(self, nodes: EnergyNodes, source: AbstractAlpSource, target: Material) -> Spectrum:
        per_kg = self.cross_section_per_kg(1e-3 * nodes.energy_keV, source.alp, target)
        return spectrum_of(nodes, source, nodes.weight * per_kg[None])


class AlpDecay(AbstractConversion):
    """Decays inside the detector, a -> gamma gamma and a -> e+ e-: fluence over decay length and density.

    Attributes
    ----------
    density_g_per_cm3
        Density of the detector, g/cm^3.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractAlpSource
    recoil: ClassVar[Recoil] = Recoil.NONE
    density_g_per_cm3: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("density_g_per_cm3", self.density_g_per_cm3, "g/cm^3")

    def cross_section_per_kg(
        self, energy_MeV: Float[Array, " node"], alp: Alp, target: Material
    ) -> Float[Array, " node"]:
        per_cm = 1e-2 * alp.inverse_decay_length_per_m(energy_MeV)
        return per_cm * (1e3 / EXPOSURE_SCALE) / self.density_g_per_cm3


class AbstractConversionOnNuclides(AbstractConversion):
    """A conversion with a cross section of its own on each nuclide, electrons included."""

    @abstractmethod
    def cross_section(self, energy_MeV: Float[Array, " node"], alp: Alp, nuclide: Nuclide) -> Float[Array, " node"]:
        """Total cross section on a neutral atom, 1e-40 cm^2, zero where there is no ALP of that energy.

        Parameters
        ----------
        energy_MeV
            Energies of the ALP, MeV.
        alp, nuclide
            The particle, and what it hits.
        """

    def cross_section_per_kg(
        self, energy_MeV: Float[Array, " node"], alp: Alp, target: Material
    ) -> Float[Array, " node"]:
        each = [
            self.cross_section(energy_MeV, alp, nuclide) * (target.nuclei_per_kg(name) * EXPOSURE_SCALE)
            for name, nuclide in target.nuclides.items()
        ]
        return jnp.stack(each).sum(axis=0)


class InversePrimakoff(AbstractConversionOnNuclides):
    """a + N -> gamma + N by exchange of a photon with a heavy nucleus, screened by its electrons.

    d sigma/dt = alpha g_gamma^2 Z^2/(16 p_a^2) (t - t_min)(t_max - t)/t^2 [b t/(1 + b t)]^2, with t from (E - p_a)^2 to
    (E + p_a)^2 and b^(1/2) = 184.15 e^(-1/2) Z^(-1/3)/m_e, which is integrated in closed form. The form factor of the
    nucleus takes 0.1 % off at 2 MeV and is left out, as are the electrons as targets: for energies below 20 MeV.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractAlpSource
    recoil: ClassVar[Recoil] = Recoil.NONE

    def cross_section(self, energy_MeV: Float[Array, " node"], alp: Alp, nuclide: Nuclide) -> Float[Array, " node"]:
        momentum = alp.momentum_MeV(energy_MeV)
        charge = float(nuclide.proton_number)
        radius2 = (_SCREENING * charge ** (-1.0 / 3.0)) ** 2
        least = jnp.where(momentum > 0.0, alp.mass_MeV**2 / (energy_MeV + momentum), energy_MeV)  # E - p
        # 1 + b t between its ends: mean, and half the distance over it
        mean = 1.0 + radius2 * (energy_MeV**2 + momentum**2)
        ratio = 2.0 * radius2 * energy_MeV * momentum / mean
        low = (1.0 + radius2 * least**2) / mean
        shape = _logarithm_excess(ratio, low)
        scale = (2.0 * FINE_STRUCTURE_CONSTANT * CROSS_SECTION_MEV2) * charge**2 * radius2**2
        return scale * alp.photon_coupling_per_MeV**2 * energy_MeV**3 * momentum * shape / mean**2


class InverseCompton(AbstractConversionOnNuclides):
    """a + e -> gamma + e on free electrons at rest.

    d sigma/d Omega = g_e^2 alpha E_gamma/(8 pi p_a m_e^2) [1 + 4 m_e^2 E_gamma^2/y^2 - 4 m_e E_gamma/y - 4 m_a^2 p_a^2
    m_e E_gamma sin^2(theta)/y^3], y = 2 m_e E + m_a^2, E_gamma = y/[2 (m_e + E - p_a cos(theta))], integrated in closed
    form; as in github.com/athompson-git/alplib, and by crossing what detailed balance makes of Compton-like emission.
    Near rest it grows like 1/p_a.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractAlpSource
    recoil: ClassVar[Recoil] = Recoil.NONE

    def cross_section(self, energy_MeV: Float[Array, " node"], alp: Alp, nuclide: Nuclide) -> Float[Array, " node"]:
        momentum = alp.momentum_MeV(energy_MeV)
        moves = momentum > 0.0
        momentum, electron = jnp.where(moves, momentum, 1.0), ELECTRON_MASS_MEV
        whole = electron + energy_MeV
        y = 2.0 * electron * energy_MeV + alp.mass_MeV**2
        s = y + electron**2
        ratio = momentum / whole
        low = s / (whole * (whole + momentum))  # 1 - p/(m_e + E), at small electron masses too
        excess = _logarithm_excess(ratio, low)  # (artanh x - x)/x^3
        # integrals over m_e + E - p cos(theta), which the photon has its energy from
        flat = y / whole * (1.0 + ratio**2 * excess)
        recoil = electron * y / s * (electron * whole / s - 2.0)
        heavy = 4.0 * (electron / y) * alp.mass_MeV**2 * ratio**2 * excess
        total = (flat + recoil - heavy) / (4.0 * electron**2 * momentum)
        scale = nuclide.proton_number * FINE_STRUCTURE_CONSTANT * CROSS_SECTION_MEV2
        return jnp.where(moves, scale * alp.electron_coupling**2 * total, 0.0)


def _logarithm_excess(ratio: Float[Array, " node"], low: Float[Array, " node"]) -> Float[Array, " node"]:
    """(artanh x - x)/x^3 for x from 0 to 1, given 1 - x too."""
    small = ratio < 0.3
    series = power_series(jnp.where(small, ratio, 0.0) ** 2, [1.0 / (2 * k + 3) for k in range(16)])
    safe, rest = jnp.where(small, 0.5, ratio), jnp.where(small, 0.5, low)
    exact = (0.5 * (jnp.log1p(safe) - jnp.log(rest)) - safe) / safe**3
    return jnp.where(small, series, exact)
