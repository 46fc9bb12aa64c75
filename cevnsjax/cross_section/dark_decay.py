"""Heavier dark matter that decays in a detector."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive, gauss_legendre
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractDarkSource, AbstractSource
from cevnsjax.particle import InelasticDarkMatter
from cevnsjax.particle.dark_matter import power_above_zero
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material


class DarkDecayNodes(AbstractNodes):
    """Energies of what arrives, and what is seen of a decay at each of them.

    Attributes
    ----------
    energy_keV
        Energy of electron and positron, keV, shape ``[arriving, decay]``.
    arriving_MeV
        Energies of what arrives, MeV, shape ``[arriving]``.
    weight
        Part of one particle of each component that each of these stands for, shape ``[component, arriving]``.
    share
        Part of the decays that each node of a decay stands for, shape ``[decay]``.
    """

    energy_keV: Float[Array, "arriving decay"]
    arriving_MeV: Float[Array, " arriving"]
    weight: Float[Array, "component arriving"]
    share: Float[Array, " decay"]


class DarkDecay(AbstractDeposit):
    """chi_2 -> chi_1 e+ e- inside of the detector: :class:`cevnsjax.particle.InelasticDarkMatter` has the width.

    Of chi_2 that arrive 1 - exp(-L/l) decay in the detector, l = p hbar c/(m_2 Gamma): the source has what is left at
    its front. Per kilogram this is over density and length L. Deposited is all energy of electron and positron, photons
    of its annihilation included: at rest they have omega = (m_2^2 - m_1^2 + q^2)/(2 m_2) and momentum k, and in flight
    an energy that is flat between (E omega -+ p k)/m_2, for chi_2 without polarisation. Nodes are in q^2 and in the
    angle, and move with the masses. A source of chi_1 gives nothing.

    Attributes
    ----------
    density_g_per_cm3
        Density of the detector, g/cm^3.
    length_m
        Length of the detector along the path, m.
    order
        Nodes between break points of the flux.
    pair_nodes, angle_nodes
        Nodes in the mass of electron and positron, and in their angle, at each energy that arrives. A detector that
        resolves 10 % finds as many decays above any energy as there are, to 1e-3 of all of them; of a line to 3e-3.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractDarkSource
    recoil: ClassVar[Recoil] = Recoil.NONE
    density_g_per_cm3: Float[Array, ""] = eqx.field(converter=as_float)
    length_m: Float[Array, ""] = eqx.field(converter=as_float)
    order: int = eqx.field(static=True, default=12)
    pair_nodes: int = eqx.field(static=True, default=12)
    angle_nodes: int = eqx.field(static=True, default=16)

    def __check_init__(self):
        check_positive("density_g_per_cm3", self.density_g_per_cm3, "g/cm^3")
        check_positive("length_m", self.length_m, "m")
        for name in ("order", "pair_nodes", "angle_nodes"):
            if getattr(self, name) < 1:
                raise CevnsjaxError(f"{name} must be at least 1, got {getattr(self, name)}.")

    def nodes(self, source: AbstractDarkSource, target: Material) -> DarkDecayNodes:
        particle = _inelastic(source)
        at = source.nodes(source.mass_MeV, self.order)
        pair, share = particle.pair_nodes(self.pair_nodes)
        gap, heavier = particle.splitting_MeV, particle.heavier_mass_MeV
        total = particle.mass_MeV + heavier
        # energy and momentum of the pair in the rest frame of chi_2, and its energy in flight
        energy = 0.5 * (gap * total + pair**2) / heavier
        momentum = 0.5 * power_above_zero((gap - pair) * (gap + pair) * (total - pair) * (total + pair), 0.5) / heavier
        cosine, weight = map(as_float, gauss_legendre(self.angle_nodes))
        along = particle.momentum_MeV(at.energy_MeV)[:, None, None] * (momentum[:, None] * cosine[None, :])[None]
        seen = (at.energy_MeV[:, None, None] * energy[None, :, None] + along) / heavier
        share = share[:, None] * (0.5 * weight)[None, :]
        return DarkDecayNodes(1e3 * seen.reshape(seen.shape[0], -1), at.energy_MeV, at.weight, share.reshape(-1))

    def spectrum(self, nodes: DarkDecayNodes, source: AbstractDarkSource, target: Material) -> Spectrum:
        per_kg = (
            self.decays_per_m(nodes.arriving_MeV, _inelastic(source)) * (10.0 / EXPOSURE_SCALE) / self.density_g_per_cm3
        )
        rate = (nodes.weight * per_kg[None])[:, :, None] * nodes.share[None, None, :]
        return spectrum_of(nodes, source, rate)

    def decays_per_m(
        self, energy_MeV: Float[Array, " point"], dark_matter: InelasticDarkMatter
    ) -> Float[Array, " point"]:
        """Decays of a particle that arrives at the detector, over its length, m^-1, at energies in MeV."""
        return -jnp.expm1(-self.length_m * dark_matter.inverse_decay_length_per_m(energy_MeV)) / self.length_m


def _inelastic(source: AbstractDarkSource) -> InelasticDarkMatter:
    """What a source sends, of two states."""
    if not isinstance(source.dark_matter, InelasticDarkMatter):
        raise CevnsjaxError(
            f"Only InelasticDarkMatter decays in a detector, got a source of {type(source.dark_matter).__name__}."
        )
    return source.dark_matter
