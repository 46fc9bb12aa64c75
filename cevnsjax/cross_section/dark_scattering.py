"""Scattering of dark matter behind a portal, elastic or into its partner, on nuclei and on electrons."""

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import CROSS_SECTION_MEV2, ELECTRON_MASS_MEV, HBAR_C_MEV_FM
from cevnsjax.cross_section.dark_kinematics import recoil_limits_MeV, smallest_energy_MeV
from cevnsjax.cross_section.interaction import AbstractScattering, Recoil, spectrum_of
from cevnsjax.cross_section.kinematics import recoil_energy_MeV, recoil_energy_slope
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, ChannelNodes, RecoilNodes, stack_nuclides, weigh
from cevnsjax.cross_section.panels import Panels, needed_energy_MeV
from cevnsjax.flux import AbstractDarkSource, AbstractSource, energy_powers
from cevnsjax.particle import AbstractDarkMatter
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import ElectronShells, Material, Nuclide, shells_per_formula_unit

_SCALE = CROSS_SECTION_MEV2 / (2.0 * math.pi)


class DarkNucleus(AbstractScattering):
    """Scattering of dark matter on nuclei by exchange of the boson of a portal.

    What is hit by one of two states makes it the other one: chi_1 is scattered up, from a threshold on, chi_2 down.

    dsigma/dT = [(g_p Z F_p + g_n N F_n) g_D]^2/(4 pi) 2 M (c_2 E^2 + c_1 E + c_0)/[p^2 (2 M T + m_V^2)^2], with the
    coefficients of :meth:`cevnsjax.particle.AbstractDarkMatter.recoil_coefficients`: the moments of the flux are those
    that serve neutrinos.

    Attributes
    ----------
    spin_half
        Whether nuclei are taken to be Dirac particles, as in several codes, and not to have no spin.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractDarkSource
    recoil: ClassVar[Recoil] = Recoil.NUCLEUS
    spin_half: bool = eqx.field(static=True, default=False)

    def nodes(self, source: AbstractDarkSource, target: Material, panels: Panels) -> RecoilNodes:
        masses = jnp.stack([nuclide.mass_MeV for nuclide in target.nuclides.values()])
        y, moments = jax.vmap(lambda mass: panels.nodes(source, mass))(masses)
        each = []
        for index, (name, nuclide) in enumerate(target.nuclides.items()):
            recoil = recoil_energy_MeV(y[index], nuclide.mass_MeV)
            slope = recoil_energy_slope(y[index], nuclide.mass_MeV)
            width = slope * (target.nuclei_per_kg(name) * EXPOSURE_SCALE)
            each.append(self._at(nuclide, source.dark_matter, recoil, moments[index], width))
        return stack_nuclides(each)

    def nodes_at(
        self, recoil_energy_keV: Float[Array, " point"], source: AbstractDarkSource, target: Material
    ) -> RecoilNodes:
        recoil, each = 1e-3 * recoil_energy_keV, []
        for name, nuclide in target.nuclides.items():
            moments = source.moments(needed_energy_MeV(source, recoil, nuclide.mass_MeV))
            width = jnp.full_like(recoil, 1e-3 * EXPOSURE_SCALE) * target.nuclei_per_kg(name)
            each.append(self._at(nuclide, source.dark_matter, recoil, moments, width))
        return stack_nuclides(each)

    def spectrum(self, nodes: RecoilNodes, source: AbstractDarkSource, target: Material) -> Spectrum:
        return spectrum_of(nodes, source, self._rate(nodes, source.dark_matter))

    def largest_recoil_keV(
        self, energy_MeV: Float[Array, "*point"], nuclide: Nuclide, dark_matter: AbstractDarkMatter
    ) -> Float[Array, "*point"]:
        """Largest recoil energy at energies of what arrives in MeV, keV; below threshold the one there."""
        arriving, gain = dark_matter.arriving_mass_MeV, dark_matter.mass_gain_MeV
        return 1e3 * recoil_limits_MeV(energy_MeV, nuclide.mass_MeV, arriving, gain)[1]

    def differential_cross_section(
        self,
        energy_MeV: Float[Array, " point"],
        recoil_energy_keV: Float[Array, " point"],
        nuclide: Nuclide,
        dark_matter: AbstractDarkMatter,
    ) -> Float[Array, " point"]:
        """dsigma/dT in 1e-40 cm^2 keV^-1, zero where the kinematics forbid the recoil.

        Parameters
        ----------
        energy_MeV
            Total energies of what arrives, MeV, above its mass.
        recoil_energy_keV
            Recoil energies, keV, of the same shape.
        nuclide
            The nucleus.
        dark_matter
            What scatters.
        """
        recoil = 1e-3 * recoil_energy_keV
        arriving, gain = dark_matter.arriving_mass_MeV, dark_matter.mass_gain_MeV
        allowed = energy_MeV >= smallest_energy_MeV(recoil, nuclide.mass_MeV, arriving, gain)
        moments = energy_powers(energy_MeV, arriving)[None]
        nodes = self._at(nuclide, dark_matter, recoil, moments, jnp.where(allowed, 1e-3, 0.0).astype(recoil.dtype))
        return self._rate(nodes, dark_matter)[0]

    def _at(
        self,
        nuclide: Nuclide,
        dark_matter: AbstractDarkMatter,
        recoil_MeV: Float[Array, " node"],
        moments: Float[Array, "component power node"],
        width: Float[Array, " node"],
    ) -> RecoilNodes:
        mass = nuclide.mass_MeV
        coefficients = dark_matter.recoil_coefficients(recoil_MeV, mass, self.spin_half)
        amplitudes = nuclide.vector_amplitudes(jnp.sqrt(2.0 * mass * recoil_MeV) / HBAR_C_MEV_FM)
        weight = weigh(coefficients, moments, _SCALE * mass * width)
        return RecoilNodes(1e3 * recoil_MeV, 2.0 * mass * recoil_MeV, {"vector": ChannelNodes(weight, *amplitudes)})

    def _rate(self, nodes: RecoilNodes, dark_matter: AbstractDarkMatter) -> Float[Array, "component *node"]:
        channel, couplings = nodes.channels["vector"], dark_matter.couplings
        charge = couplings.proton * channel.first_amplitude + couplings.neutron * channel.second_amplitude
        return _exchanged(nodes, charge, dark_matter)


class DarkElectron(AbstractScattering):
    """Scattering of dark matter on the electrons of atoms, each free above its binding energy.

    dsigma/dT = (g_e g_D)^2/(4 pi) 2 m_e (c_2 E^2 + c_1 E + c_0)/[p^2 (2 m_e T + m_V^2)^2] for each electron, a Dirac
    particle: see :class:`DarkNucleus`.

    Attributes
    ----------
    shells
        Binding energies and electrons of a formula unit.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractDarkSource
    recoil: ClassVar[Recoil] = Recoil.ELECTRON
    shells: ElectronShells

    @classmethod
    def on(cls, target: Material) -> "DarkElectron":
        """Build for a material."""
        return cls(shells_per_formula_unit(target))

    @property
    def kinks_keV(self) -> Float[Array, " shell"]:
        return self.shells.binding_energy_keV

    def nodes(self, source: AbstractDarkSource, target: Material, panels: Panels) -> RecoilNodes:
        mass = as_float(ELECTRON_MASS_MEV)
        y, moments = panels.nodes(source, mass)
        recoil = recoil_energy_MeV(y, mass)
        return self._at(source.dark_matter, recoil, moments, recoil_energy_slope(y, mass), target)

    def nodes_at(
        self, recoil_energy_keV: Float[Array, " point"], source: AbstractDarkSource, target: Material
    ) -> RecoilNodes:
        recoil = 1e-3 * recoil_energy_keV
        mass = as_float(ELECTRON_MASS_MEV)
        moments = source.moments(needed_energy_MeV(source, recoil, mass))
        return self._at(source.dark_matter, recoil, moments, jnp.full_like(recoil, 1e-3), target)

    def spectrum(self, nodes: RecoilNodes, source: AbstractDarkSource, target: Material) -> Spectrum:
        charge = source.dark_matter.couplings.electron * nodes.channels["vector"].first_amplitude
        return spectrum_of(nodes, source, _exchanged(nodes, charge, source.dark_matter))

    def _at(
        self,
        dark_matter: AbstractDarkMatter,
        recoil_MeV: Float[Array, " node"],
        moments: Float[Array, "component power node"],
        slope: Float[Array, " node"],
        target: Material,
    ) -> RecoilNodes:
        mass = as_float(ELECTRON_MASS_MEV)
        electrons = target.formula_units_per_kg * EXPOSURE_SCALE * self.shells.free_electrons(1e3 * recoil_MeV)
        coefficients = dark_matter.recoil_coefficients(recoil_MeV, mass, spin_half=True)
        weight = weigh(coefficients, moments, _SCALE * mass * slope * electrons)
        one = jnp.ones_like(recoil_MeV)
        return RecoilNodes(1e3 * recoil_MeV, 2.0 * mass * recoil_MeV, {"vector": ChannelNodes(weight, one, one)})


def _exchanged(
    nodes: RecoilNodes, charge: Float[Array, "*node"], dark_matter: AbstractDarkMatter
) -> Float[Array, "component *node"]:
    """Weight of each node times its squared amplitude: a charge, exchange of V, and the coupling of dark matter."""
    amplitude = charge * dark_matter.couplings.dark / (nodes.q2_MeV2 + dark_matter.mediator_mass_MeV**2)
    return nodes.channels["vector"].weight * (amplitude**2)[None]
