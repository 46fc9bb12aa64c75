"""WIMPs that scatter elastically on nuclei."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.constants import CROSS_SECTION_UNIT_CM2, HBAR_C_MEV_FM, SPEED_OF_LIGHT_KM_S
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractSource, HaloWimps
from cevnsjax.particle import Wimp
from cevnsjax.spectrum import Spectrum, gauss_legendre_panels
from cevnsjax.target import Material, Nuclide

_UNIT = 1e-45 / CROSS_SECTION_UNIT_CM2


class WimpNodes(AbstractNodes):
    """Recoils of WIMPs on their nodes: everything that does not depend on couplings.

    Attributes
    ----------
    energy_keV
        Recoil energies, keV, shape ``[*node]``.
    weight
        Cross section for sigma_p = 1e-45 cm^2 and one nucleon, times quadrature weight, averaged over one WIMP, in
        ``CROSS_SECTION_UNIT_CM2`` times nuclei per kg and ``EXPOSURE_SCALE``, shape ``[*node]``.
    proton_amplitude, neutron_amplitude
        Z F_p and N F_n, shape ``[*node]``.
    """

    energy_keV: Float[Array, "*node"]
    weight: Float[Array, "*node"]
    proton_amplitude: Float[Array, "*node"]
    neutron_amplitude: Float[Array, "*node"]


class WimpNucleus(AbstractDeposit):
    """Elastic scattering of WIMPs on nuclei, independent of spins.

    dsigma/dT = M sigma_p/(2 mu_p^2 v^2) (Z F_p + (f_n/f_p) N F_n)^2 up to T = 2 mu^2 v^2/M, with mu and mu_p the
    reduced masses with nucleus and nucleon: :class:`cevnsjax.particle.Wimp` has the Lagrangian. For f_n = f_p that is
    sigma_p A^2 (mu/mu_p)^2 F^2 in all; J. D. Lewin and P. F. Smith, Astropart. Phys. 6, 87 (1996), whose F is
    :meth:`cevnsjax.target.Helm.lewin_smith`. Form factors are those of the target.

    Nodes are in the smallest speed that gives a recoil: between rest and the two speeds at which the halo's closed form
    changes, so they move with the mass and the halo.

    Attributes
    ----------
    nodes_per_panel
        Nodes between two such speeds. 96 resolve a detector whose width is 3 % of the largest recoils or more.
    """

    sees: ClassVar[type[AbstractSource]] = HaloWimps
    recoil: ClassVar[Recoil] = Recoil.NUCLEUS
    nodes_per_panel: int = eqx.field(static=True, default=96)

    def __check_init__(self):
        if self.nodes_per_panel < 1:
            raise CevnsjaxError(f"nodes_per_panel must be at least 1, got {self.nodes_per_panel}.")

    def nodes(self, source: HaloWimps, target: Material) -> WimpNodes:
        edges = jnp.concatenate([jnp.zeros((1,)), source.halo.kinks_km_s])
        speed, width = gauss_legendre_panels(edges, (self.nodes_per_panel,) * 2)
        return _stacked([self._on_nuclide(source, target, name, speed, width) for name in target.nuclides])

    def spectrum(self, nodes: WimpNodes, source: HaloWimps, target: Material) -> Spectrum:
        wimp = source.wimp
        amplitude = nodes.proton_amplitude + wimp.neutron_to_proton * nodes.neutron_amplitude
        return spectrum_of(nodes, source, (wimp.proton_cross_section_1e45cm2 * nodes.weight * amplitude**2)[None])

    def largest_recoil_keV(
        self, speed_km_s: Float[Array, "*point"], wimp: Wimp, nuclide: Nuclide
    ) -> Float[Array, "*point"]:
        """Largest recoil energy at speeds in km/s, keV."""
        momentum = wimp.reduced_mass_MeV(nuclide.mass_MeV) * (speed_km_s / SPEED_OF_LIGHT_KM_S)
        return 1e3 * 2.0 * momentum**2 / nuclide.mass_MeV

    def smallest_speed_km_s(
        self, recoil_energy_keV: Float[Array, "*point"], wimp: Wimp, nuclide: Nuclide
    ) -> Float[Array, "*point"]:
        """Smallest speed that gives recoil energies in keV, km/s."""
        momentum = jnp.sqrt(0.5e-3 * nuclide.mass_MeV * recoil_energy_keV)
        return momentum * (SPEED_OF_LIGHT_KM_S / wimp.reduced_mass_MeV(nuclide.mass_MeV))

    def recoil_density(
        self, recoil_energy_keV: Float[Array, " point"], source: HaloWimps, target: Material
    ) -> Float[Array, "component point"]:
        """Recoil spectrum dR/dT on a kilogram of target over the exposure, events keV^-1 kg^-1.

        Parameters
        ----------
        recoil_energy_keV
            Recoil energies, keV, above zero.
        source, target
            What arrives and what is hit.
        """
        each = []
        for name, nuclide in target.nuclides.items():
            speed = self.smallest_speed_km_s(recoil_energy_keV, source.wimp, nuclide)
            width = speed / (2.0 * recoil_energy_keV)  # dT = 2 T dv/v
            each.append(self._on_nuclide(source, target, name, speed, width))
        return self.spectrum(_stacked(each), source, target).events.sum(axis=1)

    def counts(
        self, edges_keV: Float[Array, " edge"], source: HaloWimps, target: Material, order: int = 8
    ) -> Float[Array, " bin"]:
        """Events of recoils between edges on a kilogram of target over the exposure.

        Quadrature ends at the edges and where the halo's closed form changes, so nothing is cut by a bin.

        Parameters
        ----------
        edges_keV
            Edges of the bins, keV, increasing from zero or above.
        source, target
            What arrives and what is hit.
        order
            Nodes of each interval.
        """
        kinks, bins, each = source.halo.kinks_km_s, edges_keV.shape[0] - 1, []
        for name, nuclide in target.nuclides.items():
            ends = jnp.minimum(self.smallest_speed_km_s(edges_keV, source.wimp, nuclide), kinks[-1])
            middle = jnp.clip(kinks[0], ends[:-1], ends[1:])
            parts = jnp.concatenate([jnp.stack([ends[:-1], middle], axis=1).reshape(-1), ends[-1:]])
            speed, width = gauss_legendre_panels(parts, order)
            each.append(self._on_nuclide(source, target, name, speed, width))
        events = self.spectrum(_stacked(each), source, target).events
        return events.reshape(len(each), bins, -1).sum(axis=(0, 2))

    def _on_nuclide(
        self,
        source: HaloWimps,
        target: Material,
        name: str,
        speed_km_s: Float[Array, " node"],
        width_km_s: Float[Array, " node"],
    ) -> WimpNodes:
        """Nodes of one nuclide at smallest speeds, each standing for a width in them."""
        nuclide, wimp = target.nuclides[name], source.wimp
        reduced = wimp.reduced_mass_MeV(nuclide.mass_MeV)
        beta = speed_km_s / SPEED_OF_LIGHT_KM_S
        # M/(2 mu_p^2 v^2) dT with dT = 4 mu^2 beta/M dbeta
        ratio = reduced / wimp.reduced_mass_MeV()
        weight = (2.0 * _UNIT / SPEED_OF_LIGHT_KM_S) * ratio**2 * beta * source.inverse_speed_squared(speed_km_s)
        return WimpNodes(
            self.largest_recoil_keV(speed_km_s, wimp, nuclide),
            weight * width_km_s * (target.nuclei_per_kg(name) * EXPOSURE_SCALE),
            *nuclide.vector_amplitudes(2.0 * reduced * beta / HBAR_C_MEV_FM),
        )


def _stacked(each: list[WimpNodes]) -> WimpNodes:
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *each)
