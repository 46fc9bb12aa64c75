"""Dipole portal: a magnetic moment that turns a light neutrino into a heavy one."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.constants import FERMI_CROSS_SECTION_PER_MEV2, HBAR_C_MEV_FM
from cevnsjax.cross_section.electromagnetic import magnetic_exchange
from cevnsjax.cross_section.flavour import FlavourVector
from cevnsjax.cross_section.interaction import AbstractNeutrinoScattering, Recoil
from cevnsjax.cross_section.kinematics import (
    AbstractMomentumTransfer,
    FourMomentum,
    minimum_neutrino_energy_MeV,
    recoil_energy_MeV,
    recoil_energy_slope,
)
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, ChannelNodes, RecoilNodes, stack_nuclides, weigh
from cevnsjax.cross_section.panels import Panels
from cevnsjax.cross_section.propagator import check_mass
from cevnsjax.flux import AbstractFlux, AbstractSource, energy_powers, parse_neutrino
from cevnsjax.spectrum import gauss_legendre_panels
from cevnsjax.target import Material, Nuclide

_FEWEST_NODES, _MOST_NODES = 24, 96  # between break points that move with the mass


class DipolePortal(AbstractNeutrinoScattering):
    """Upscattering nu_a N -> N_4 N on a nucleus by photon exchange.

    L = (1/2) mu_a Nbar_4 sigma^{mu nu} nu_{L,a} F_{mu nu} + h.c. (for L = d_a Nbar sigma F nu, mu = 2 d), with

    dsigma_a/dT = (pi alpha^2/m_e^2) (mu_a/mu_B)^2 Z^2 F_p^2 [1/T - 1/E - m^2/(2 E T M) (1 - T/2E + M/2E) + m^4 (T -
    M)/(8 E^2 T^2 M^2)]; G. Magill, R. Plestid, M. Pospelov and Y.-D. Tsai, Phys. Rev. D 98, 115015 (2018). Massless, it
    is :class:`MagneticMoment`.

    The smallest neutrino energy for a recoil is y + m^2/(4y) + m^2/(2M), with y that of a massless neutrino, so both
    ends of the recoil spectrum move with the mass, and the quadrature nodes with them.

    Attributes
    ----------
    mass_MeV
        Mass m of the heavy neutrino, MeV; zero is allowed.
    moment
        mu_a in Bohr magnetons, of each flavour.
    momentum_transfer
        What q^2 is in form factors.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractFlux
    recoil: ClassVar[Recoil] = Recoil.NUCLEUS
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    moment: FlavourVector = eqx.field(default_factory=FlavourVector)
    momentum_transfer: AbstractMomentumTransfer = eqx.field(default_factory=FourMomentum)

    def __check_init__(self):
        check_mass("mass_MeV", self.mass_MeV)

    def minimum_energy_MeV(self, y: Float[Array, "*node"], nucleus_mass_MeV: Scalar) -> Float[Array, "*node"]:
        """Smallest neutrino energy for the recoil that a massless neutrino of energy y gives at most, all in MeV."""
        return y + self.mass_MeV**2 * (0.25 / y + 0.5 / nucleus_mass_MeV)

    def _coefficients(self, recoil: Float[Array, "*node"], mass: Scalar) -> Float[Array, "power *node"]:
        """Energy dependence, with the 1/T of the photon in the coupling; MeV."""
        heavy2 = self.mass_MeV**2
        ratio = heavy2 * (mass - recoil) / (4.0 * mass)
        return jnp.stack(
            [
                jnp.ones_like(recoil),
                -recoil - 0.5 * heavy2 / mass,
                -ratio * (1.0 + 0.5 * heavy2 / (recoil * mass)),
            ]
        )

    def nodes(self, source: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes:
        each = []
        for name, isotope in target.nuclides.items():
            mass = isotope.mass_MeV
            edges, orders = self._edges(source.break_points_MeV, mass, panels)
            log_y, weight = gauss_legendre_panels(jnp.log(edges), orders)
            y = jnp.exp(log_y)
            width = weight * y * recoil_energy_slope(y, mass) * (target.nuclei_per_kg(name) * EXPOSURE_SCALE)
            moments = source.moments(self.minimum_energy_MeV(y, mass))
            each.append(self._on_nuclide(isotope, recoil_energy_MeV(y, mass), moments, width))
        return stack_nuclides(each)

    def nodes_at(
        self, recoil_energy_keV: Float[Array, " point"], source: AbstractFlux, target: Material
    ) -> RecoilNodes:
        recoil, each = 1e-3 * recoil_energy_keV, []
        for name, isotope in target.nuclides.items():
            y = minimum_neutrino_energy_MeV(recoil, isotope.mass_MeV)
            moments = source.moments(self.minimum_energy_MeV(y, isotope.mass_MeV))
            width = jnp.full_like(recoil, 1e-3 * EXPOSURE_SCALE) * target.nuclei_per_kg(name)
            each.append(self._on_nuclide(isotope, recoil, moments, width))
        return stack_nuclides(each)

    def largest_recoil_keV(
        self, neutrino_energy_MeV: Float[Array, "*point"], nuclide: Nuclide
    ) -> Float[Array, "*point"]:
        above_threshold, y = self._largest_y_MeV(neutrino_energy_MeV, nuclide.mass_MeV)
        return jnp.where(above_threshold, 1e3 * recoil_energy_MeV(y, nuclide.mass_MeV), 0.0)

    def _largest_y_MeV(
        self, neutrino_energy_MeV: Float[Array, "*point"], nucleus_mass_MeV: Scalar
    ) -> tuple[Bool[Array, "*point"], Float[Array, "*point"]]:
        """Whether neutrinos are above threshold, and the largest y that they reach; the vertex m/2 below."""
        excess = neutrino_energy_MeV - 0.5 * self.mass_MeV**2 / nucleus_mass_MeV
        squared = (excess - self.mass_MeV) * (excess + self.mass_MeV)
        open_channel = (squared > 0.0) & (excess > 0.0)
        root = jnp.where(open_channel, jnp.sqrt(jnp.where(open_channel, squared, 1.0)), 0.0)
        return open_channel, 0.5 * jnp.where(open_channel, excess + root, self.mass_MeV)

    def _edges(
        self, break_points_MeV: Float[Array, " panel"], nucleus_mass_MeV: Scalar, panels: Panels
    ) -> tuple[Float[Array, " edge"], tuple[int, ...]]:
        """Where the smallest neutrino energy meets the break points, falling and rising; empty below threshold."""
        _, rising = self._largest_y_MeV(break_points_MeV, nucleus_mass_MeV)
        falling = 0.25 * self.mass_MeV**2 / jnp.where(rising > 0.0, rising, 1.0)
        seen = panels.slot_edges_MeV(break_points_MeV, nucleus_mass_MeV)
        edges = jnp.clip(jnp.concatenate([falling[::-1], rising]), seen[0], seen[-1])
        order = min(max(panels.number // break_points_MeV.shape[0], _FEWEST_NODES), _MOST_NODES)
        return edges, (order,) * (edges.shape[0] - 1)

    def _on_nuclide(
        self,
        nuclide: Nuclide,
        recoil_MeV: Float[Array, " node"],
        moments: Float[Array, "component power node"],
        width: Float[Array, " node"],
    ) -> RecoilNodes:
        mass = nuclide.mass_MeV
        momentum_per_fm = jnp.sqrt(self.momentum_transfer(recoil_MeV, mass)) / HBAR_C_MEV_FM
        weight = weigh(self._coefficients(recoil_MeV, mass), moments, width * (FERMI_CROSS_SECTION_PER_MEV2 * mass))
        channel = ChannelNodes(weight, *nuclide.vector_amplitudes(momentum_per_fm))
        return RecoilNodes(1e3 * recoil_MeV, FourMomentum()(recoil_MeV, mass), {"magnetic": channel})

    def rate(self, nodes: RecoilNodes, flavours: tuple[int, ...]) -> Float[Array, "component *node"]:
        channel = nodes.channels["magnetic"]
        moments = jnp.stack([self.moment.e, self.moment.mu, self.moment.tau])[jnp.asarray(flavours)]
        amplitude = channel.first_amplitude * magnetic_exchange(nodes.q2_MeV2)
        moments = moments.reshape(-1, *[1] * amplitude.ndim)
        return channel.weight * (moments * amplitude[None]) ** 2

    def differential_cross_section(
        self,
        neutrino_energy_MeV: Float[Array, " point"],
        recoil_energy_keV: Float[Array, " point"],
        nuclide: Nuclide,
        neutrino: str,
    ) -> Float[Array, " point"]:
        flavour, _ = parse_neutrino(neutrino)
        recoil, mass = 1e-3 * recoil_energy_keV, nuclide.mass_MeV
        y = minimum_neutrino_energy_MeV(recoil, mass)
        allowed = self.minimum_energy_MeV(y, mass) <= neutrino_energy_MeV
        width = jnp.where(allowed, 1e-3, 0.0).astype(recoil.dtype)
        nodes = self._on_nuclide(nuclide, recoil, energy_powers(neutrino_energy_MeV)[None], width)
        return self.rate(nodes, (flavour,))[0]
