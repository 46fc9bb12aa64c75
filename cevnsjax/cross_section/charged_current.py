"""Charged currents in a detector: an electron, and what the nucleus emits, seen together."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.cross_section.reaction import AbstractReaction
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import AbstractFlux, AbstractSource
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material


class ReactionNodes(AbstractNodes):
    """Nodes of all reactions one after the other.

    Attributes
    ----------
    energy_keV
        Energy that is deposited, keV, shape ``[node]``.
    weights
        For each reaction its cross section times quadrature weight, averaged over one neutrino of each component, in
        1e-40 cm^2 times nuclei per kg, shape ``[component, node of the reaction]``.
    """

    energy_keV: Float[Array, " node"]
    weights: dict[str, Float[Array, "component _"]]


class ChargedCurrent(AbstractDeposit):
    """Reactions in which the neutrino becomes an electron that stays in the detector.

    The deposit is the neutrino's energy less what goes into masses: kinetic energy of the electron, photons of the
    nucleus and all else that it emits. It is not quenched. Where neutrons or protons leave unseen, or a Cherenkov
    detector sees the electron alone, the response has to say so. Annihilation of positrons is not counted.

    Attributes
    ----------
    reactions
        Reactions by any name without dots, like ``"H2"``; each acts on its own nuclide of the target.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractFlux
    recoil: ClassVar[Recoil] = Recoil.NONE

    reactions: dict[str, AbstractReaction]

    def __check_init__(self):
        if not self.reactions:
            raise CevnsjaxError("reactions must hold at least one reaction, got none.")
        for name, reaction in self.reactions.items():
            if not reaction.charged:
                raise CevnsjaxError(
                    f"reactions must be charged currents, whose energy all comes out, got the neutral current {name!r}."
                )

    def check_target(self, target: Material) -> None:
        for reaction in self.reactions.values():
            if reaction.target not in target.nuclides:
                raise UnknownNameError("nuclide in this material", reaction.target, target.nuclides)

    def nodes(self, source: AbstractFlux, target: Material) -> ReactionNodes:
        self.check_target(target)
        energies, weights = [], {}
        for name, reaction in self.reactions.items():
            nuclei = target.nuclei_per_kg(reaction.target) * EXPOSURE_SCALE
            nodes, cross_section = reaction.on_nodes(source)
            average = (nodes.weight * cross_section[None]).reshape(nodes.weight.shape[0], -1)
            weights[name] = nuclei * reaction.accepted(source)[:, None] * average
            energies.append(1e3 * (nodes.energy_MeV - reaction.missing_MeV).reshape(-1))
        return ReactionNodes(jnp.concatenate(energies), weights)

    def spectrum(self, nodes: ReactionNodes, source: AbstractFlux, target: Material) -> Spectrum:
        scaled = [reaction.scale * nodes.weights[name] for name, reaction in self.reactions.items()]
        return spectrum_of(nodes, source, jnp.concatenate(scaled, axis=1))
