"""Coherent elastic scattering by a vector amplitude: a sum of terms, squared once."""

import functools
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import CROSS_SECTION_UNIT_CM2, FERMI_CROSS_SECTION_PER_MEV2, HBAR_C_MEV_FM
from cevnsjax.cross_section.kinematics import (
    AbstractMomentumTransfer,
    AbstractVectorKinematics,
    FourMomentum,
    SpinZero,
    recoil_energy_MeV,
    recoil_energy_slope,
)
from cevnsjax.cross_section.vector_term import AbstractVectorTerm, Coupling
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import FLAVOURS, POWERS, AbstractFlux
from cevnsjax.spectrum import Panels, Spectrum
from cevnsjax.target import Material, Nuclide


class RecoilNodes(eqx.Module):
    """Everything of a recoil spectrum that does not depend on the couplings.

    Attributes
    ----------
    recoil_energy_keV, q2_MeV2
        Recoil energy (keV) and squared momentum transfer (MeV^2), shape ``[nuclide, node]``.
    weight
        Cross section per squared amplitude times quadrature weight, averaged over one neutrino of each component, in
        ``CROSS_SECTION_UNIT_CM2`` times nuclei per kg of target, shape ``[component, nuclide, node]``.
    proton_amplitude, neutron_amplitude
        Z F_p and N F_n, shape ``[nuclide, node]``.
    """

    recoil_energy_keV: Float[Array, "nuclide node"]
    q2_MeV2: Float[Array, "nuclide node"]
    weight: Float[Array, "component nuclide node"]
    proton_amplitude: Float[Array, "nuclide node"]
    neutron_amplitude: Float[Array, "nuclide node"]


class AbstractInteraction(eqx.Module):
    """What a neutrino does to a nucleus at rest."""

    @abstractmethod
    def nodes(self, flux: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes:
        """Place the nodes and compute all that does not depend on couplings."""

    @abstractmethod
    def spectrum(self, nodes: RecoilNodes, flux: AbstractFlux) -> Spectrum:
        """Events per node and component on a kilogram of target over the exposure."""


def coherent_amplitude2(
    couplings: tuple[Coupling, Coupling],
    flavours: tuple[int, ...],
    proton_amplitude: Float[Array, " node"],
    neutron_amplitude: Float[Array, " node"],
) -> Float[Array, "component node"]:
    """Sum over final flavours of |g^p Z F_p + g^n N F_n|^2, for each source flavour.

    The couplings are squared before they meet the nodes: for contact interactions that leaves three numbers per
    flavour.
    """
    proton, neutron = (coupling[:, flavours, :, :] for coupling in couplings)
    proton_proton, proton_neutron, neutron_neutron = (
        (first * second).sum(axis=(0, 2)) for first, second in ((proton, proton), (proton, neutron), (neutron, neutron))
    )
    z, n = proton_amplitude[None, :], neutron_amplitude[None, :]
    return proton_proton * z**2 + 2.0 * proton_neutron * (z * n) + neutron_neutron * n**2


class Coherent(AbstractInteraction):
    """Coherent elastic neutrino-nucleus scattering by vector couplings.

    dsigma_a/dT = (G_F^2 M/pi) [1 - T/E - M T/(2E^2)] sum_b |Q_ab|^2 with Q_ab = sum over terms (g^p_ab Z F_p(q^2) +
    g^n_ab N F_n(q^2)), q^2 = 2 M T; D. Z. Freedman, Phys. Rev. D 9, 1389 (1974). Terms interfere by being added: a
    new interaction is one more entry.

    Attributes
    ----------
    terms
        Terms of the amplitude by name, for instance ``{"sm": ErlerSu(), "nsi": NSI()}``.
    kinematics
        Energy dependence; spin 0 unless a convention to be reproduced says otherwise.
    momentum_transfer
        What q^2 is; the invariant unless a convention says otherwise.
    """

    terms: dict[str, AbstractVectorTerm]
    kinematics: AbstractVectorKinematics = eqx.field(default_factory=SpinZero)
    momentum_transfer: AbstractMomentumTransfer = eqx.field(default_factory=FourMomentum)

    def __check_init__(self):
        if not self.terms:
            raise CevnsjaxError("terms must hold at least one term of the amplitude, got none.")

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        """Proton and neutron couplings, summed over terms."""
        protons, neutrons = zip(*(term.couplings(q2_MeV2) for term in self.terms.values()), strict=True)
        return functools.reduce(jnp.add, protons), functools.reduce(jnp.add, neutrons)

    def nodes(self, flux: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes:
        y, y_weight = panels.nodes(flux.break_points_MeV)
        moments = flux.moments(y)
        recoil, q2, weight, proton, neutron = [], [], [], [], []
        for name, isotope in target.nuclides.items():
            mass = isotope.mass_MeV
            energy = recoil_energy_MeV(y, mass)
            per_energy = jnp.einsum("pn,cpn->cn", self.kinematics.coefficients(energy, mass), moments)
            width = y_weight * recoil_energy_slope(y, mass) * (FERMI_CROSS_SECTION_PER_MEV2 * mass)
            # nuclei per kg exceed float32 once multiplied by a fluence: the power of ten is given back in spectrum()
            nuclei = target.nuclei_per_kg(name) * _EXPOSURE_SCALE
            momentum2 = self.momentum_transfer(energy, mass)
            momentum_per_fm = jnp.sqrt(momentum2) / HBAR_C_MEV_FM
            recoil.append(1e3 * energy)
            q2.append(momentum2)
            weight.append(per_energy * (nuclei * width)[None, :])
            proton.append(isotope.proton_number * isotope.proton_form_factor(momentum_per_fm))
            neutron.append(isotope.neutron_number * isotope.neutron_form_factor(momentum_per_fm))
        return RecoilNodes(
            jnp.stack(recoil), jnp.stack(q2), jnp.stack(weight, axis=1), jnp.stack(proton), jnp.stack(neutron)
        )

    def spectrum(self, nodes: RecoilNodes, flux: AbstractFlux) -> Spectrum:
        shape = nodes.q2_MeV2.shape
        amplitude2 = coherent_amplitude2(
            self.couplings(nodes.q2_MeV2.reshape(-1)),
            flux.flavour_indices,
            nodes.proton_amplitude.reshape(-1),
            nodes.neutron_amplitude.reshape(-1),
        )
        fluence = flux.fluence_per_cm2 * (CROSS_SECTION_UNIT_CM2 / _EXPOSURE_SCALE)
        events = fluence[:, None, None] * nodes.weight * amplitude2.reshape(-1, *shape)
        return Spectrum(nodes.recoil_energy_keV, events)

    def differential_cross_section(
        self,
        neutrino_energy_MeV: Float[Array, " point"],
        recoil_energy_keV: Float[Array, " point"],
        nuclide: Nuclide,
        flavour: str,
    ) -> Float[Array, " point"]:
        """dsigma/dT in 1e-40 cm^2 keV^-1, zero beyond the largest recoil.

        Parameters
        ----------
        neutrino_energy_MeV
            Neutrino energies, MeV, shape ``[point]``.
        recoil_energy_keV
            Recoil energies, keV, shape ``[point]``.
        nuclide
            The target nucleus.
        flavour
            ``"nu_e"``, ``"nu_mu"`` or ``"nu_tau"``.

        Raises
        ------
        UnknownNameError
            If the flavour is not one of the three.
        """
        if flavour not in FLAVOURS:
            raise UnknownNameError("flavour", flavour, FLAVOURS)
        energy, mass = 1e-3 * recoil_energy_keV, nuclide.mass_MeV
        q2 = self.momentum_transfer(energy, mass)
        momentum_per_fm = jnp.sqrt(q2) / HBAR_C_MEV_FM
        amplitude2 = coherent_amplitude2(
            self.couplings(q2),
            (FLAVOURS.index(flavour),),
            nuclide.proton_number * nuclide.proton_form_factor(momentum_per_fm),
            nuclide.neutron_number * nuclide.neutron_form_factor(momentum_per_fm),
        )[0]
        powers = jnp.stack([neutrino_energy_MeV**power for power in POWERS])
        dependence = (self.kinematics.coefficients(energy, mass) * powers).sum(axis=0)
        allowed = energy <= recoil_energy_MeV(neutrino_energy_MeV, mass)
        return jnp.where(allowed, 1e-3 * FERMI_CROSS_SECTION_PER_MEV2 * mass * dependence * amplitude2, 0.0)


_EXPOSURE_SCALE = 1e-20


def flux_averaged_cross_section(
    interaction: AbstractInteraction, flux: AbstractFlux, target: Material, panels: Panels
) -> Float[Array, " component"]:
    """Flux-averaged cross section per nucleus of the target, for each component of the flux.

    Returns
    -------
    Array
        In 1e-40 cm^2, shape ``[component]``; for a mixture the mean over the nuclei of a formula unit.
    """
    events = interaction.spectrum(interaction.nodes(flux, target, panels), flux).total()
    nuclei = sum(target.nuclei_per_kg(name) for name in target.nuclides)
    return events / (flux.fluence_per_cm2 * 1e-20) / (as_float(nuclei) * 1e-20)
