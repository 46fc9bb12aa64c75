"""Neutral-current excitation of discrete nuclear levels: a line for each level."""

import functools
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import FERMI_CROSS_SECTION_PER_MEV2
from cevnsjax.cross_section.amplitude import amplitude_product
from cevnsjax.cross_section.axial import Axial
from cevnsjax.cross_section.excitation_nodes import check_levels, fold_levels
from cevnsjax.cross_section.excitation_shape import AbstractExcitationShape, Channels, LongWavelength
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes, ChannelNodes
from cevnsjax.cross_section.term import AbstractAxialTerm, Coupling, flavour_universal
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractFlux, AbstractSource, parse_neutrino
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material, NuclearLevels, Nuclide


class ExcitationNodes(AbstractNodes):
    """Levels with everything but couplings and matrix elements.

    Attributes
    ----------
    energy_keV
        Excitation energies of the levels of all nuclides, keV, shape ``[level]``.
    channels
        Cross section for unit amplitudes, averaged over one neutrino of each component, in ``CROSS_SECTION_UNIT_CM2``
        times targets per kg, by channel, shape ``[component, level]``.
    """

    energy_keV: Float[Array, " level"]
    channels: dict[str, Float[Array, "component level"]]


class NeutralCurrentExcitation(AbstractDeposit):
    """nu N -> nu N*: inelastic scattering by spin operators, in which photons of the level's energy are seen.

    In the long-wavelength limit sigma = G_F^2 g_A^2/(pi (2 J_i + 1)) sum over levels of (E - E_x)^2 |<J_f||sum sigma
    tau_0/2||J_i>|^2 for each flavour, neutrinos and antineutrinos alike; T. W. Donnelly and R. D. Peccei, Phys. Rep.
    50, 1 (1979). Terms are those of elastic axial scattering, at momentum transfer zero: what couples to spins
    elastically excites levels with the same couplings. Of the target only nuclides with levels are hit, and all energy
    of a level is taken to be seen at once; levels that emit particles are no exception.

    Attributes
    ----------
    terms
        Terms of the axial amplitude by name; the Standard Model unless given. Its g_A^s is that of elastic scattering:
        ``Axial(strange_axial_coupling=0.0)`` is the purely isovector current of the literature.
    shape
        Dependence on energy.
    order
        Gauss-Legendre nodes between break points of the flux: exact for (E - E_x)^2 and any spectrum of muon decay.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractFlux
    recoil: ClassVar[Recoil] = Recoil.NONE
    terms: dict[str, AbstractAxialTerm] = eqx.field(default_factory=lambda: {"axial": Axial()})
    shape: AbstractExcitationShape = eqx.field(default_factory=LongWavelength)
    order: int = eqx.field(static=True, default=12)

    def __check_init__(self):
        if not self.terms:
            raise CevnsjaxError("terms must hold at least one term of the axial amplitude, got none.")

    def with_terms(self, terms: dict[str, AbstractAxialTerm]) -> "NeutralCurrentExcitation":
        """Return the same interaction with more terms, or others in the place of those of the same name."""
        return NeutralCurrentExcitation({**self.terms, **terms}, self.shape, self.order)

    def check_target(self, target: Material) -> None:
        check_levels(target)

    def nodes(self, source: AbstractFlux, target: Material) -> ExcitationNodes:
        self.check_target(target)
        signs = jnp.asarray([-1.0 if anti else 1.0 for anti in source.antineutrinos], dtype=float)
        energies, each = [], []
        for name, levels in target.levels.items():
            mass_MeV = target.nuclides[name].mass_MeV

            def fold(excitation_MeV, name=name, mass_MeV=mass_MeV) -> Channels:
                at = source.nodes(self.shape.threshold_MeV(excitation_MeV, mass_MeV), self.order)
                energy, excitation = jnp.broadcast_arrays(at.energy_MeV, excitation_MeV[:, None])
                channels = self.shape.channels(energy, excitation, mass_MeV, name)
                return {channel: at.fold(value) for channel, value in channels.items()}

            scale = target.nuclei_per_kg(name) * EXPOSURE_SCALE * _scale(levels)
            folded = {channel: scale * value for channel, value in fold_levels(fold, levels.energy_MeV).items()}
            if "interference" in folded:
                folded["interference"] = folded["interference"] * signs[:, None]
            energies.append(1e3 * levels.energy_MeV)
            each.append(folded)
        channels = {name: jnp.concatenate([one[name] for one in each], axis=1) for name in each[0]}
        return ExcitationNodes(jnp.concatenate(energies), channels)

    def spectrum(self, nodes: ExcitationNodes, source: AbstractFlux, target: Material) -> Spectrum:
        return spectrum_of(
            nodes, source, self._rate(nodes.channels, list(target.levels.values()), source.flavour_indices)
        )

    def level_cross_sections(
        self, neutrino_energy_MeV: Float[Array, " point"], nuclide: Nuclide, neutrino: str
    ) -> Float[Array, "point level"]:
        """Cross section of each level in 1e-40 cm^2, zero below its threshold.

        Parameters
        ----------
        neutrino_energy_MeV
            Neutrino energies, MeV, shape ``[point]``.
        nuclide
            The nucleus, with levels.
        neutrino
            ``"nu_e"``, ``"nu_mu_bar"`` ...
        """
        flavour, antineutrino = parse_neutrino(neutrino)
        levels = nuclide.levels
        if levels is None:
            raise CevnsjaxError(f"The nuclide with Z = {nuclide.proton_number} has no levels.")
        energy, excitation = jnp.broadcast_arrays(neutrino_energy_MeV[:, None], levels.energy_MeV[None, :])
        channels = self.shape.channels(energy, excitation, nuclide.mass_MeV, levels.nuclide)
        if "interference" in channels and antineutrino:
            channels["interference"] = -channels["interference"]
        scaled = {name: value * _scale(levels) for name, value in channels.items()}
        return self._rate(scaled, [levels], (flavour,) * energy.shape[0])

    def _rate(
        self, channels: Channels, levels: list[NuclearLevels], flavours: tuple[int, ...]
    ) -> Float[Array, "component level"]:
        """Sum over channels of weights times products of amplitudes, with the quenching of each level."""
        proton = 0.5 * jnp.concatenate([one.proton_spin for one in levels])
        neutron = 0.5 * jnp.concatenate([one.neutron_spin for one in levels])
        factor = jnp.concatenate([one.quenching * one.relative_strength for one in levels])
        axial = self._axial_couplings()
        to_proton, to_neutron = self.shape.magnetic_couplings()
        magnetic = flavour_universal(to_proton), flavour_universal(to_neutron)
        pairs = {"axial": (axial, axial), "magnetic": (magnetic, magnetic), "interference": (axial, magnetic)}
        total = jnp.zeros_like(next(iter(channels.values())))
        for name, weight in channels.items():
            first, second = pairs[name]
            nodes = ChannelNodes(weight, proton, neutron)
            total = total + weight * amplitude_product(first, second, flavours, nodes)
        return total * factor[None, :]

    def _axial_couplings(self) -> tuple[Coupling, Coupling]:
        protons, neutrons = zip(*(term.couplings(as_float([0.0])) for term in self.terms.values()), strict=True)
        return functools.reduce(jnp.add, protons), functools.reduce(jnp.add, neutrons)


def _scale(levels: NuclearLevels) -> float:
    return FERMI_CROSS_SECTION_PER_MEV2 / (2.0 * levels.ground_state_spin + 1.0)
