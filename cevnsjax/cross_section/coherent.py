"""Coherent elastic scattering: one amplitude for each Lorentz structure, a sum of terms, squared once."""

import functools
from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.constants import FERMI_CROSS_SECTION_PER_MEV2, HBAR_C_MEV_FM
from cevnsjax.cross_section import kinematics
from cevnsjax.cross_section.amplitude import amplitude_product
from cevnsjax.cross_section.interaction import AbstractNeutrinoScattering, Recoil
from cevnsjax.cross_section.kinematics import (
    AbstractMomentumTransfer,
    AbstractVectorKinematics,
    FourMomentum,
    SpinZero,
    minimum_neutrino_energy_MeV,
    recoil_energy_MeV,
    recoil_energy_slope,
)
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, ChannelNodes, RecoilNodes, stack_nuclides, weigh
from cevnsjax.cross_section.panels import Panels
from cevnsjax.cross_section.term import AbstractTerm, Coupling
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractFlux, AbstractSource, energy_powers, parse_neutrino
from cevnsjax.target import Material, Nuclide

_ENERGY_DEPENDENCE = {
    "axial": kinematics.axial,
    "scalar": kinematics.scalar,
    "tensor": kinematics.tensor,
    "magnetic": kinematics.magnetic,
}


def _signs(antineutrinos: tuple[bool, ...]) -> tuple[float, ...]:
    return tuple(-1.0 if antineutrino else 1.0 for antineutrino in antineutrinos)


class Coherent(AbstractNeutrinoScattering):
    """Coherent elastic neutrino-nucleus scattering.

    dsigma_a/dT = (G_F^2 M/pi) sum over structures X of K_X(E, T) sum_b |Q^X_ab|^2, where each amplitude Q^X_ab is a sum
    of terms. Vector: Q_ab = g^p_ab Z F_p(q^2) + g^n_ab N F_n(q^2) with K = 1 - T/E - M T/(2E^2); D. Z. Freedman, Phys.
    Rev. D 9, 1389 (1974). Terms of one structure interfere by being added; structures add in the rate, but for scalar
    and tensor, which interfere with opposite signs for neutrinos and antineutrinos. A new interaction is one more
    entry of ``terms``.

    Attributes
    ----------
    terms
        Terms of the amplitude by name, for instance ``{"sm": ErlerSu(), "nsi": NSI()}``.
    kinematics
        Energy dependence of vector scattering; spin 0 unless a convention to be reproduced says otherwise.
    momentum_transfer
        What q^2 is in form factors; the invariant unless a convention says otherwise.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractFlux
    recoil: ClassVar[Recoil] = Recoil.NUCLEUS
    terms: dict[str, AbstractTerm]
    kinematics: AbstractVectorKinematics = eqx.field(default_factory=SpinZero)
    momentum_transfer: AbstractMomentumTransfer = eqx.field(default_factory=FourMomentum)

    def __check_init__(self):
        if not self.terms:
            raise CevnsjaxError("terms must hold at least one term of the amplitude, got none.")

    def with_terms(self, terms: dict[str, AbstractTerm]) -> "Coherent":
        """Return the same interaction with more terms, or others in the place of those of the same name."""
        return Coherent({**self.terms, **terms}, self.kinematics, self.momentum_transfer)

    def without(self, structure: str) -> "Coherent":
        """Return the same interaction without the terms of a Lorentz structure."""
        left = {name: term for name, term in self.terms.items() if term.structure != structure}
        return Coherent(left, self.kinematics, self.momentum_transfer)

    @property
    def structures(self) -> tuple[str, ...]:
        """Lorentz structures of the terms, each once."""
        return tuple(dict.fromkeys(term.structure for term in self.terms.values()))

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> dict[str, tuple[Coupling, Coupling]]:
        """Proton and neutron couplings of each structure, summed over terms."""
        sums: dict[str, tuple[Coupling, Coupling]] = {}
        for structure in self.structures:
            pairs = [term.couplings(q2_MeV2) for term in self.terms.values() if term.structure == structure]
            protons, neutrons = zip(*pairs, strict=True)
            sums[structure] = functools.reduce(jnp.add, protons), functools.reduce(jnp.add, neutrons)
        return sums

    def nodes(self, source: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes:
        self.check_target(target)
        masses = jnp.stack([isotope.mass_MeV for isotope in target.nuclides.values()])
        y, moments = jax.vmap(lambda mass: panels.nodes(source, mass))(masses)
        each = []
        for index, (name, isotope) in enumerate(target.nuclides.items()):
            recoil = recoil_energy_MeV(y[index], isotope.mass_MeV)
            slope = recoil_energy_slope(y[index], isotope.mass_MeV)
            width = slope * (target.nuclei_per_kg(name) * EXPOSURE_SCALE)
            each.append(self._on_nuclide(isotope, recoil, moments[index], width, _signs(source.antineutrinos)))
        return stack_nuclides(each)

    def nodes_at(
        self, recoil_energy_keV: Float[Array, " point"], source: AbstractFlux, target: Material
    ) -> RecoilNodes:
        self.check_target(target)
        recoil, each = 1e-3 * recoil_energy_keV, []
        masses = jnp.stack([isotope.mass_MeV for isotope in target.nuclides.values()])
        moments = jax.vmap(lambda mass: source.moments(minimum_neutrino_energy_MeV(recoil, mass)))(masses)
        for index, (name, isotope) in enumerate(target.nuclides.items()):
            width = jnp.full_like(recoil, 1e-3 * EXPOSURE_SCALE) * target.nuclei_per_kg(name)
            each.append(self._on_nuclide(isotope, recoil, moments[index], width, _signs(source.antineutrinos)))
        return stack_nuclides(each)

    def _on_nuclide(
        self,
        nuclide: Nuclide,
        recoil_MeV: Float[Array, " node"],
        moments: Float[Array, "component power node"],
        width: Float[Array, " node"],
        signs: tuple[float, ...],
    ) -> RecoilNodes:
        """Nodes at given recoil energies; moments and width are those of :func:`weigh`, signs +1 for neutrinos."""
        mass = nuclide.mass_MeV
        width = width * (FERMI_CROSS_SECTION_PER_MEV2 * mass)
        momentum_per_fm = jnp.sqrt(self.momentum_transfer(recoil_MeV, mass)) / HBAR_C_MEV_FM
        vector = nuclide.vector_amplitudes(momentum_per_fm)
        channels: dict[str, ChannelNodes] = {}
        for structure in self.structures:
            dependence = self.kinematics.coefficients if structure == "vector" else _ENERGY_DEPENDENCE[structure]
            amplitudes = nuclide.axial_amplitudes(momentum_per_fm) if structure == "axial" else vector
            channels[structure] = ChannelNodes(weigh(dependence(recoil_MeV, mass), moments, width), *amplitudes)
        if {"scalar", "tensor"} <= channels.keys():
            signed = moments * jnp.asarray(signs, dtype=moments.dtype)[:, None, None]
            channels["scalar_tensor"] = ChannelNodes(
                weigh(kinematics.scalar_tensor(recoil_MeV, mass), signed, width), *vector
            )
        return RecoilNodes(1e3 * recoil_MeV, FourMomentum()(recoil_MeV, mass), channels)

    def check_target(self, target: Material) -> None:
        self._check_spin(target.nuclides)

    def _check_spin(self, nuclides: Mapping[str, Nuclide]) -> None:
        if "axial" not in self.structures:
            return
        for nuclide in nuclides.values():
            nuclide.check_spin_known()
        if all(nuclide.has_spin_zero for nuclide in nuclides.values()):
            raise CevnsjaxError(f"An axial term needs a nucleus with spin, but {', '.join(nuclides)} has spin 0.")

    def rate(self, nodes: RecoilNodes, flavours: tuple[int, ...]) -> Float[Array, "component *node"]:
        couplings = self.couplings(nodes.q2_MeV2.reshape(-1))
        products = []
        for name, channel in nodes.channels.items():
            first, second = ("scalar", "tensor") if name == "scalar_tensor" else (name, name)
            flat = ChannelNodes(
                channel.weight.reshape(len(flavours), -1),
                channel.first_amplitude.reshape(-1),
                channel.second_amplitude.reshape(-1),
            )
            products.append(flat.weight * amplitude_product(couplings[first], couplings[second], flavours, flat))
        return functools.reduce(jnp.add, products).reshape(len(flavours), *nodes.q2_MeV2.shape)

    def largest_recoil_keV(
        self, neutrino_energy_MeV: Float[Array, "*point"], nuclide: Nuclide
    ) -> Float[Array, "*point"]:
        return 1e3 * recoil_energy_MeV(neutrino_energy_MeV, nuclide.mass_MeV)

    def differential_cross_section(
        self,
        neutrino_energy_MeV: Float[Array, " point"],
        recoil_energy_keV: Float[Array, " point"],
        nuclide: Nuclide,
        neutrino: str,
    ) -> Float[Array, " point"]:
        flavour, antineutrino = parse_neutrino(neutrino)
        self._check_spin({f"Z = {nuclide.proton_number}, A = {nuclide.mass_number}": nuclide})
        recoil = 1e-3 * recoil_energy_keV
        allowed = recoil <= recoil_energy_MeV(neutrino_energy_MeV, nuclide.mass_MeV)
        width = jnp.where(allowed, 1e-3, 0.0).astype(recoil.dtype)
        nodes = self._on_nuclide(
            nuclide, recoil, energy_powers(neutrino_energy_MeV)[None], width, _signs((antineutrino,))
        )
        return self.rate(nodes, (flavour,))[0]
