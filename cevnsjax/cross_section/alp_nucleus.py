"""ALPs absorbed by nuclei, which are left in an excited state."""

import math
from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import CROSS_SECTION_MEV2
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractAlpSource, AbstractSource
from cevnsjax.particle import Alp
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material, NuclearLevels, Nuclide


class LevelNodes(AbstractNodes):
    """Energies of the levels of all nuclides, one after the other, keV, shape ``[level]``."""

    energy_keV: Float[Array, " level"]


class AbstractAbsorptionStrength(eqx.Module):
    """How couplings and matrix elements make the strength of a level."""

    @abstractmethod
    def __call__(self, alp: Alp, levels: NuclearLevels) -> Float[Array, " level"]:
        """Integral of the cross section over the energy, times (2 J_i + 1)/p_a, MeV^-2."""


class GoldenRule(AbstractAbsorptionStrength):
    """(pi/3) (g_p S_p + g_n S_n)^2, from the Lagrangian of :class:`cevnsjax.particle.Alp` by the golden rule.

    The inverse of emission (:func:`cevnsjax.flux.alp_width_MeV`): the integral of sigma is (2 pi^2/p_a^2) (2 J* +
    1)/(2 J_i + 1) Gamma_a.
    """

    def __call__(self, alp: Alp, levels: NuclearLevels) -> Float[Array, " level"]:
        return (math.pi / 3.0) * levels.strength(alp.nucleon_couplings_per_MeV)


class TalkNormalisation(AbstractAbsorptionStrength):
    """(pi/6) g_A^2 g_ann^2 <J_f||sum sigma tau_0/2||J_i>^2, as a talk of B. Dutta (2024) writes it.

    Its Lagrangian, (d_mu a/f_a) Nbar gamma^mu gamma5 N with g_ann = 1/f_a, names no isospin: g_ann is taken to be the
    isovector coupling g_3 here, that of its operator, and the isoscalar coupling is ignored. The golden rule is then
    8/g_A^2 times as large.

    Attributes
    ----------
    axial_coupling
        g_A.
    """

    axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=1.27)

    def __check_init__(self):
        check_positive("axial_coupling", self.axial_coupling, "")

    def __call__(self, alp: Alp, levels: NuclearLevels) -> Float[Array, " level"]:
        coupling = 1e-3 * alp.isovector_coupling_per_GeV * self.axial_coupling
        return (math.pi / 6.0) * coupling**2 * levels.isovector_strength


class AlpAbsorption(AbstractDeposit):
    """a + N -> N*, whose photons are all seen: lines at the energies of the levels.

    sigma(E) = p_a/(2 J_i + 1) x strength x delta(E - E_r), with the resonance at E_r = E_x + p_a^2/(2 M). The delta
    samples the spectrum of the source, lines in their true width: 10 eV or a few keV, so that a line of a nucleus finds
    a level of another one by chance. What calculated levels say, whose energies are off by more than that, is an
    average; :class:`cevnsjax.flux.GaussianProfile` takes it.

    Attributes
    ----------
    strength
        The normalisation: :class:`GoldenRule`, or :class:`TalkNormalisation`.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractAlpSource
    recoil: ClassVar[Recoil] = Recoil.NONE
    strength: AbstractAbsorptionStrength = eqx.field(default_factory=GoldenRule)

    def check_target(self, target: Material) -> None:
        if not target.levels:
            raise CevnsjaxError(
                f"Absorption needs excited states: none of {', '.join(target.nuclides)} has levels, give them by "
                "Material.with_levels."
            )

    def nodes(self, source: AbstractAlpSource, target: Material) -> LevelNodes:
        self.check_target(target)
        return LevelNodes(1e3 * jnp.concatenate([levels.energy_MeV for levels in target.levels.values()]))

    def spectrum(self, nodes: LevelNodes, source: AbstractAlpSource, target: Material) -> Spectrum:
        events = []
        for name, levels in target.levels.items():
            nuclide = target.nuclides[name]
            density = source.spectral_density(resonance_energy_MeV(source.boson, levels.energy_MeV, nuclide))
            strength = self.integrated_cross_section(source.boson, nuclide) * (
                target.nuclei_per_kg(name) * EXPOSURE_SCALE
            )
            events.append(density * strength[None])
        return spectrum_of(nodes, source, jnp.concatenate(events, axis=1))

    def integrated_cross_section(self, alp: Alp, nuclide: Nuclide) -> Float[Array, " level"]:
        """Integral of the cross section over the energy for each level, 1e-40 cm^2 MeV; zero for a heavier ALP.

        Raises
        ------
        CevnsjaxError
            If the nuclide has no levels.
        """
        levels = nuclide.levels
        if levels is None:
            raise CevnsjaxError(f"Absorption needs excited states: Z = {nuclide.proton_number} has no levels.")
        momentum = alp.momentum_MeV(levels.energy_MeV) / (2.0 * levels.ground_state_spin + 1.0)
        return CROSS_SECTION_MEV2 * momentum * self.strength(alp, levels)


def resonance_energy_MeV(
    alp: Alp, level_energy_MeV: Float[Array, " level"], nuclide: Nuclide
) -> Float[Array, " level"]:
    """Energy of an ALP that excites a level of a nucleus at rest, MeV: E_x + p_a^2/(2 M)."""
    return level_energy_MeV + 0.5 * alp.momentum_MeV(level_energy_MeV) ** 2 / nuclide.mass_MeV
