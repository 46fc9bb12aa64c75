"""Inelastic scattering of dark matter: nuclear levels are excited, and their photons seen."""

from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar
from cevnsjax.cross_section.dark_transition import AbstractDarkTransition, MagneticDipole
from cevnsjax.cross_section.excitation_nodes import check_levels, fold_levels
from cevnsjax.cross_section.excitation_shape import transition_form_factors
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractDarkSource, AbstractSource
from cevnsjax.particle import AbstractElasticDarkMatter
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import AbstractFormFactor, Material, Nuclide, PointLike


class DarkExcitationNodes(AbstractNodes):
    """Levels with everything but couplings and matrix elements.

    Attributes
    ----------
    energy_keV
        Excitation energies of the levels of all nuclides, keV, shape ``[level]``.
    weight
        Cross section for couplings and matrix elements of one, averaged over one particle of each component, in
        ``CROSS_SECTION_UNIT_CM2`` times targets per kg, shape ``[component, level]``.
    """

    energy_keV: Float[Array, " level"]
    weight: Float[Array, "component level"]


class DarkExcitation(AbstractDeposit):
    """chi N -> chi N*: inelastic scattering of dark matter by spin operators; photons of the level's energy are seen.

    In the limit of a heavy nucleus, dsigma/dcos = (E/p) p' E' (g_D^2/(2 pi)) W/[(2 J_i + 1) (q^2 - w^2 + m_V^2)^2] for
    each level, with q^2 the squared three-momentum, w = E - E' and W that of the transition. Of the target only
    nuclides with levels are hit, and all energy of a level is taken to be seen at once.

    Attributes
    ----------
    transition
        The operator: :class:`MagneticDipole` of a vector mediator, :class:`GamowTeller` of an axial one, or
        :class:`TalkGamowTeller` for published numbers.
    form_factors
        Of the transitions by nuclide, as functions of the three-momentum; 1, the limit of long wavelengths, where there
        is none. :meth:`on` takes those of a harmonic oscillator.
    order
        Gauss-Legendre nodes between break points of the source, in the root of the energy above each: cross sections
        begin like one.
    angles
        Gauss-Legendre nodes in ln(q^2 - w^2 + m_V^2): 24 are exact to 1e-8 up to 60 MeV above threshold for any
        mediator; 1e-4 at 300 MeV for M1 transitions by one that is very light.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractDarkSource
    recoil: ClassVar[Recoil] = Recoil.NONE
    transition: AbstractDarkTransition = eqx.field(default_factory=MagneticDipole)
    form_factors: dict[str, AbstractFormFactor] = eqx.field(default_factory=dict)
    order: int = eqx.field(static=True, default=12)
    angles: int = eqx.field(static=True, default=24)

    @classmethod
    def on(
        cls,
        target: Material,
        transition: AbstractDarkTransition | None = None,
        form_factors: Mapping[str, AbstractFormFactor] | None = None,
    ) -> "DarkExcitation":
        """Build it with form factors for the nuclides of a material that have levels.

        Parameters
        ----------
        target
            What is hit.
        transition
            As of the class.
        form_factors
            Those of some nuclides; nucleons in the valence shell of a harmonic oscillator unless given.
        """
        given = MagneticDipole() if transition is None else transition
        return cls(given, transition_form_factors(target, form_factors))

    def check_target(self, target: Material) -> None:
        check_levels(target)

    def nodes(self, source: AbstractDarkSource, target: Material) -> DarkExcitationNodes:
        self.check_target(target)
        dark_matter = _elastic(source)
        energies, weights = [], []
        for name, levels in target.levels.items():
            mass_MeV = target.nuclides[name].mass_MeV

            def fold(excitation_MeV, name=name, mass_MeV=mass_MeV) -> Float[Array, "component few"]:
                threshold = self.transition.threshold_MeV(dark_matter, excitation_MeV, mass_MeV)
                at = source.nodes(threshold, self.order, root=True)
                energy, excitation = jnp.broadcast_arrays(at.energy_MeV, excitation_MeV[:, None])
                return at.fold(self._reach(energy, excitation, dark_matter, mass_MeV, name))

            scale = target.nuclei_per_kg(name) * EXPOSURE_SCALE / (2.0 * levels.ground_state_spin + 1.0)
            energies.append(1e3 * levels.energy_MeV)
            weights.append(scale * fold_levels(fold, levels.energy_MeV))
        return DarkExcitationNodes(jnp.concatenate(energies), jnp.concatenate(weights, axis=1))

    def spectrum(self, nodes: DarkExcitationNodes, source: AbstractDarkSource, target: Material) -> Spectrum:
        strengths = [self.transition.strength(_elastic(source), levels) for levels in target.levels.values()]
        return spectrum_of(nodes, source, nodes.weight * jnp.concatenate(strengths)[None, :])

    def level_cross_sections(
        self, energy_MeV: Float[Array, " point"], dark_matter: AbstractElasticDarkMatter, nuclide: Nuclide
    ) -> Float[Array, "point level"]:
        """Cross section of each level in 1e-40 cm^2, zero below its threshold.

        Parameters
        ----------
        energy_MeV
            Total energies of dark matter, MeV, shape ``[point]``.
        dark_matter
            The particle.
        nuclide
            The nucleus, with levels.

        Raises
        ------
        CevnsjaxError
            If it has none.
        """
        levels = nuclide.levels
        if levels is None:
            raise CevnsjaxError(f"The nuclide with Z = {nuclide.proton_number} has no levels.")
        energy, excitation = jnp.broadcast_arrays(energy_MeV[:, None], levels.energy_MeV[None, :])
        reach = self._reach(energy, excitation, dark_matter, nuclide.mass_MeV, levels.nuclide)
        strength = self.transition.strength(dark_matter, levels) / (2.0 * levels.ground_state_spin + 1.0)
        return reach * strength[None, :]

    def _reach(
        self,
        energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        dark_matter: AbstractElasticDarkMatter,
        mass_MeV: Scalar,
        nuclide: str,
    ) -> Float[Array, "*shape"]:
        form_factor = self.form_factors.get(nuclide, PointLike())
        return self.transition.reach(energy_MeV, excitation_MeV, dark_matter, mass_MeV, form_factor, self.angles)


def _elastic(source: AbstractDarkSource) -> AbstractElasticDarkMatter:
    """The particle of a source, refused where it has two states."""
    if not isinstance(source.dark_matter, AbstractElasticDarkMatter):
        raise CevnsjaxError(
            "Nuclear levels are excited by dark matter of one state, which stays what it is, got "
            f"{type(source.dark_matter).__name__}."
        )
    return source.dark_matter
