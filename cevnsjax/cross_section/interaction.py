"""What every interaction does: from a source and a target to a spectrum of what is deposited."""

from abc import abstractmethod
from enum import StrEnum

import equinox as eqx
import jax
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import CROSS_SECTION_UNIT_CM2
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes, RecoilNodes
from cevnsjax.cross_section.panels import Panels
from cevnsjax.flux import AbstractFlux, AbstractSource
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material, Nuclide


class Recoil(StrEnum):
    """What takes the energy, and whether it is quenched."""

    NUCLEUS = "nucleus"
    """A nucleus: its recoil is quenched."""
    ELECTRON = "electron"
    """An electron: not quenched."""
    NONE = "none"
    """Neither: the energy comes out as light particles (photons, an electron and photons) that are seen at once."""


class AbstractInteraction(eqx.Module):
    """What a particle that arrives does to a target at rest; it acts on every source of the kind that it sees."""

    sees: eqx.AbstractClassVar[type[AbstractSource]]
    """The kind of source that it acts on."""

    recoil: eqx.AbstractClassVar[Recoil]
    """What takes the energy."""

    def check_target(self, target: Material) -> None:
        """Refuse a target that it cannot act on: none, unless an interaction knows better.

        Raises
        ------
        CevnsjaxError
            With what is missing.
        """

    @abstractmethod
    def spectrum(self, nodes, source, target: Material) -> Spectrum:
        """Events per node and component on a kilogram of target over the exposure.

        Parameters
        ----------
        nodes
            Nodes made by this interaction.
        source, target
            What arrives and what is hit.
        """


class AbstractDeposit(AbstractInteraction):
    """What ends in levels, or leaves all of its energy: it knows itself where its nodes belong."""

    @abstractmethod
    def nodes(self, source, target: Material) -> AbstractNodes:
        """Place the nodes and compute all that does not depend on couplings, on a kilogram of target.

        Parameters
        ----------
        source, target
            What arrives and what is hit.
        """


class AbstractScattering(AbstractInteraction):
    """What something that arrives does to a nucleus or to electrons that recoil, with a continuous recoil spectrum."""

    @abstractmethod
    def nodes(self, source, target: Material, panels: Panels) -> RecoilNodes:
        """Place the nodes and compute all that does not depend on couplings, on a kilogram of target.

        Parameters
        ----------
        source, target
            What arrives and what is hit.
        panels
            Where the recoil spectrum is integrated.
        """

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        """Recoil energies, keV, at which what is hit makes the spectrum jump; none where it is smooth."""
        with jax.ensure_compile_time_eval():  # to be looked at inside of transformations too
            return as_float(())

    @abstractmethod
    def nodes_at(self, recoil_energy_keV: Float[Array, " point"], source, target: Material) -> RecoilNodes:
        """Like :meth:`nodes`, at given recoil energies, with a density per keV in the place of quadrature weights."""

    def recoil_density(
        self, recoil_energy_keV: Float[Array, " point"], source, target: Material
    ) -> Float[Array, "component point"]:
        """Recoil spectrum dR/dT on a kilogram of target over the exposure, for plots.

        Parameters
        ----------
        recoil_energy_keV
            Recoil energies, keV, shape ``[point]``.
        source, target
            What arrives and what is hit.

        Returns
        -------
        Array
            Events keV^-1 kg^-1 for each component of the source, shape ``[component, point]``.
        """
        density = self.spectrum(self.nodes_at(recoil_energy_keV, source, target), source, target).events
        return density if density.ndim == 2 else density.sum(axis=1)


class AbstractNeutrinoScattering(AbstractScattering):
    """What a neutrino does to a nucleus or to electrons that recoil."""

    @abstractmethod
    def rate(self, nodes: RecoilNodes, flavours: tuple[int, ...]) -> Float[Array, "component *node"]:
        """Weight of each node times its squared amplitude.

        Parameters
        ----------
        nodes
            Nodes made by this interaction.
        flavours
            Position of each component on the flavour axis.
        """

    def spectrum(self, nodes: RecoilNodes, source: AbstractFlux, target: Material) -> Spectrum:
        return spectrum_of(nodes, source, self.rate(nodes, source.flavour_indices))

    @abstractmethod
    def largest_recoil_keV(
        self, neutrino_energy_MeV: Float[Array, "*point"], nuclide: Nuclide
    ) -> Float[Array, "*point"]:
        """Largest recoil energy at neutrino energies in MeV, keV; zero below a threshold."""

    @abstractmethod
    def differential_cross_section(
        self,
        neutrino_energy_MeV: Float[Array, " point"],
        recoil_energy_keV: Float[Array, " point"],
        nuclide: Nuclide,
        neutrino: str,
    ) -> Float[Array, " point"]:
        """dsigma/dT in 1e-40 cm^2 keV^-1, zero where the kinematics forbid the recoil.

        Parameters
        ----------
        neutrino_energy_MeV
            Neutrino energies, MeV, shape ``[point]``.
        recoil_energy_keV
            Recoil energies, keV, shape ``[point]``.
        nuclide
            The target: the nucleus, or the electrons of a neutral atom of it.
        neutrino
            ``"nu_e"``, ``"nu_mu"`` or ``"nu_tau"``, with ``"_bar"`` for an antineutrino.

        Raises
        ------
        UnknownNameError
            If there is no such neutrino.
        """


def spectrum_of(nodes: AbstractNodes, source: AbstractSource, rate: Float[Array, "component *node"]) -> Spectrum:
    """Events on nodes, from rates per particle of each component.

    Parameters
    ----------
    nodes
        The nodes.
    source
        What arrives, how much of it.
    rate
        Cross section times targets per kg and ``EXPOSURE_SCALE`` for one particle of each component, in
        ``CROSS_SECTION_UNIT_CM2``.
    """
    fluence = source.fluence_per_cm2 * (CROSS_SECTION_UNIT_CM2 / EXPOSURE_SCALE)
    return Spectrum(nodes.energy_keV, fluence.reshape(-1, *[1] * (rate.ndim - 1)) * rate)
