"""What every interaction does: from a flux and a target to a recoil spectrum."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import CROSS_SECTION_UNIT_CM2
from cevnsjax.cross_section.term import Coupling
from cevnsjax.flux import POWERS, AbstractFlux, AbstractSource
from cevnsjax.spectrum import Panels, Spectrum
from cevnsjax.target import Material, Nuclide

EXPOSURE_SCALE = 1e-20
"""Nuclei per kg exceed float32 once multiplied by a fluence: nodes carry this factor, spectra give it back."""


class ChannelNodes(eqx.Module):
    """One channel of a recoil spectrum on its nodes: everything that does not depend on couplings.

    Attributes
    ----------
    weight
        Cross section per squared amplitude times quadrature weight, averaged over one neutrino of each component, in
        ``CROSS_SECTION_UNIT_CM2`` times targets per kg, shape ``[component, *node]``.
    first_amplitude, second_amplitude
        What multiplies the two couplings: Z F_p and N F_n on a nucleus, shape ``[*node]``.
    """

    weight: Float[Array, "component *node"]
    first_amplitude: Float[Array, "*node"]
    second_amplitude: Float[Array, "*node"]


class AbstractNodes(eqx.Module):
    """Everything of a spectrum that does not depend on couplings."""

    energy_keV: eqx.AbstractVar[Float[Array, "*node"]]
    """Energy of each node, keV: of the recoil, or of what is deposited at once."""


class RecoilNodes(AbstractNodes):
    """Everything of a recoil spectrum that does not depend on couplings.

    Attributes
    ----------
    energy_keV, q2_MeV2
        Recoil energy (keV) and squared momentum transfer 2 M T (MeV^2), shape ``[*node]``.
    channels
        What is particular to each channel, by its name.
    """

    energy_keV: Float[Array, "*node"]
    q2_MeV2: Float[Array, "*node"]
    channels: dict[str, ChannelNodes]


def stack_nuclides(each: list[RecoilNodes]) -> RecoilNodes:
    """Join the nodes of several nuclides along an axis before the nodes."""
    return jax.tree.map(lambda *arrays: jnp.stack(arrays, axis=-2), *each)


def energy_powers(neutrino_energy_MeV: Float[Array, " point"]) -> Float[Array, "1 power point"]:
    """Moments of neutrinos of a single energy, with each point an energy of its own."""
    return jnp.stack([neutrino_energy_MeV**power for power in POWERS])[None]


def weigh(
    coefficients: Float[Array, "power node"],
    moments: Float[Array, "component power node"],
    width: Float[Array, " node"],
) -> Float[Array, "component node"]:
    """Weight of each node: energy dependence folded with the moments of the flux, times the width of the node."""
    return jnp.einsum("pn,cpn->cn", coefficients, moments) * width[None, :]


def flavour_product(first: Coupling, second: Coupling, flavours: tuple[int, ...]) -> Float[Array, "component #node"]:
    """Sum over final flavours of Re(g_ab g'_ab^*) for each source flavour."""
    return (first[:, flavours, :, :] * second[:, flavours, :, :]).sum(axis=(0, 2))


def amplitude_product(
    first: tuple[Coupling, Coupling], second: tuple[Coupling, Coupling], flavours: tuple[int, ...], nodes: ChannelNodes
) -> Float[Array, "component node"]:
    """Sum over final flavours of Re(Q_ab Q'_ab^*) for each source flavour, on flat nodes.

    The couplings are multiplied before they meet the nodes: for contact interactions that leaves a few numbers per
    flavour.
    """
    a, b = nodes.first_amplitude[None, :], nodes.second_amplitude[None, :]
    (first_a, first_b), (second_a, second_b) = first, second
    mixed = flavour_product(first_a, second_b, flavours) + flavour_product(first_b, second_a, flavours)
    pure_a, pure_b = flavour_product(first_a, second_a, flavours), flavour_product(first_b, second_b, flavours)
    return pure_a * a**2 + mixed * (a * b) + pure_b * b**2


class AbstractInteraction(eqx.Module):
    """What a particle that arrives does to a target at rest."""

    recoil: eqx.AbstractClassVar[str]
    """What takes the energy: a ``"nucleus"``, whose recoil is quenched, an ``"electron"``, or ``"none"`` of them where
    it comes out as light particles (photons, an electron and photons) that are seen at once: neither is quenched."""

    @abstractmethod
    def nodes(self, flux: AbstractSource, target: Material, panels: Panels) -> AbstractNodes:
        """Place the nodes and compute all that does not depend on couplings, on a kilogram of target.

        Parameters
        ----------
        flux, target
            What arrives and what is hit.
        panels
            Quadrature nodes; what ends in lines has its own.
        """

    @abstractmethod
    def spectrum(self, nodes, flux, target: Material) -> Spectrum:
        """Events per node and component on a kilogram of target over the exposure.

        Parameters
        ----------
        nodes
            Nodes made by this interaction.
        flux, target
            What arrives and what is hit.
        """


class AbstractScattering(AbstractInteraction):
    """What a neutrino does to a nucleus or to electrons that recoil, with a continuous recoil spectrum."""

    @abstractmethod
    def nodes(self, flux: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes: ...

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

    def spectrum(self, nodes: RecoilNodes, flux: AbstractFlux, target: Material) -> Spectrum:
        fluence = flux.fluence_per_cm2 * (CROSS_SECTION_UNIT_CM2 / EXPOSURE_SCALE)
        rate = self.rate(nodes, flux.flavour_indices)
        return Spectrum(nodes.energy_keV, fluence.reshape(-1, *[1] * (rate.ndim - 1)) * rate)

    @abstractmethod
    def nodes_at(self, recoil_energy_keV: Float[Array, " point"], flux: AbstractFlux, target: Material) -> RecoilNodes:
        """Like :meth:`nodes`, at given recoil energies, with a density per keV in the place of quadrature weights."""

    def recoil_density(
        self, recoil_energy_keV: Float[Array, " point"], flux: AbstractFlux, target: Material
    ) -> Float[Array, "component point"]:
        """Recoil spectrum dR/dT on a kilogram of target over the exposure, for plots.

        Parameters
        ----------
        recoil_energy_keV
            Recoil energies, keV, shape ``[point]``.
        flux, target
            What arrives and what is hit.

        Returns
        -------
        Array
            Events keV^-1 kg^-1 for each component of the flux, shape ``[component, point]``.
        """
        density = self.spectrum(self.nodes_at(recoil_energy_keV, flux, target), flux, target).events
        return density if density.ndim == 2 else density.sum(axis=1)

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


def flux_averaged_cross_section(
    interaction: AbstractInteraction, flux: AbstractSource, target: Material, panels: Panels
) -> Float[Array, " component"]:
    """Flux-averaged cross section per nucleus of the target, for each component of the flux.

    Returns
    -------
    Array
        In 1e-40 cm^2, shape ``[component]``; for a mixture the mean over the nuclei of a formula unit.
    """
    events = interaction.spectrum(interaction.nodes(flux, target, panels), flux, target).total()
    nuclei = sum(target.nuclei_per_kg(name) for name in target.nuclides)
    return events / (flux.fluence_per_cm2 * 1e-20) / (as_float(nuclei) * 1e-20)
