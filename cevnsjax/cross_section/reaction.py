"""Reactions of neutrinos with nuclei that are not scattering: cross sections and their averages over a flux."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.flux import FLAVOURS, AbstractFlux, FluxNodes, parse_neutrino


class AbstractReaction(eqx.Module):
    """A reaction of a neutrino with one nuclide at rest."""

    target: eqx.AbstractVar[str]
    """The nuclide, like ``"Ar40"``."""

    neutrinos: eqx.AbstractVar[tuple[str, ...]]
    """What reacts, like ``("nu_e",)``; others have a cross section of zero."""

    charged: eqx.AbstractVar[bool]
    """Whether the neutrino becomes a charged lepton."""

    missing_MeV: eqx.AbstractVar[Float[Array, ""]]
    """Energy that goes into masses, MeV: what is left of the neutrino's energy comes out of a charged current."""

    scale: eqx.AbstractVar[Float[Array, ""]]
    """Ratio of the cross section to its nominal value (1 nominally)."""

    @property
    @abstractmethod
    def threshold_MeV(self) -> Float[Array, ""]:
        """Smallest energy of a neutrino that reacts, MeV."""

    @abstractmethod
    def unscaled_cross_section(self, neutrino_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Cross section of what reacts in 1e-40 cm^2, before ``scale``; zero below the threshold.

        Parameters
        ----------
        neutrino_energy_MeV
            Neutrino energies, MeV, any shape.
        """

    @abstractmethod
    def on_nodes(self, flux: AbstractFlux) -> tuple[FluxNodes, Float[Array, "*node"]]:
        """Nodes of a flux between which all is smooth, and the cross section there, before ``scale``.

        Parts with thresholds of their own have their own nodes: the sum over all nodes counts.
        """

    def cross_section(self, neutrino_energy_MeV: Float[Array, "*point"], neutrino: str) -> Float[Array, "*point"]:
        """Cross section per nucleus in 1e-40 cm^2; zero below the threshold, and for what does not react.

        Parameters
        ----------
        neutrino_energy_MeV
            Neutrino energies, MeV, any shape.
        neutrino
            ``"nu_e"``, ``"nu_mu_bar"`` ...

        Raises
        ------
        UnknownNameError
            If there is no such neutrino.
        """
        parse_neutrino(neutrino)
        energy = as_float(neutrino_energy_MeV)
        if neutrino not in self.neutrinos:
            return jnp.zeros_like(energy)
        return self.scale * self.unscaled_cross_section(energy)

    def accepted(self, flux: AbstractFlux) -> Float[Array, " component"]:
        """One for each component of a flux that reacts as it arrives, zero for the others."""
        arriving = zip(flux.flavour_indices, flux.antineutrinos, strict=True)
        return as_float([float(FLAVOURS[flavour] + "_bar" * bar in self.neutrinos) for flavour, bar in arriving])

    def flux_averaged(self, flux: AbstractFlux) -> Float[Array, " component"]:
        """Cross section per nucleus averaged over one neutrino of each component, 1e-40 cm^2, shape ``[component]``."""
        nodes, cross_section = self.on_nodes(flux)
        average = nodes.fold(cross_section)
        return self.scale * self.accepted(flux) * average.reshape(average.shape[0], -1).sum(axis=1)
