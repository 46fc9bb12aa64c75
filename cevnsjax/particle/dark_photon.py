"""A dark photon that decays to what is visible: its mass, its mixing, and its width."""

import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.constants import ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.particle.light_boson import AbstractLightBoson, check_boson


class DarkPhoton(AbstractLightBoson):
    """A dark photon A' of mass m without lighter dark states.

    L = -e epsilon A'_mu J^mu_em, of which electrons are what matters here: e epsilon A'_mu ebar gamma^mu e. It has no
    coupling to two photons (Landau and Yang); its decay to three, which is all below 2 m_e, takes longer than any way
    to a detector and is left out. Mixing in matter, which makes epsilon smaller for masses below the plasma frequency
    (about 80 eV in metals), is left out too.

    Attributes
    ----------
    mass_MeV
        m, MeV.
    mixing
        epsilon.
    """

    spin_states: ClassVar[int] = 3

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    mixing: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_boson(self)

    @property
    def squared_electron_coupling(self) -> Scalar:
        return 4.0 * math.pi * FINE_STRUCTURE_CONSTANT * self.mixing**2

    @property
    def photon_coupling_per_MeV(self) -> Scalar:
        return jnp.zeros_like(self.mass_MeV)

    @property
    def loop_photon_coupling_per_MeV(self) -> Scalar:
        return jnp.zeros_like(self.mass_MeV)

    @property
    def electron_width_MeV(self) -> Scalar:
        """Width of A' -> e+ e-, MeV: (alpha epsilon^2 m/3) (1 + 2 m_e^2/m^2) (1 - 4 m_e^2/m^2)^(1/2)."""
        velocity = self.pair_velocity
        shape = velocity * (1.5 - 0.5 * velocity**2)
        return FINE_STRUCTURE_CONSTANT * self.mixing**2 * self.mass_MeV * shape / 3.0

    @property
    def compton_terms(self) -> tuple[float, float, Scalar]:
        return 2.0, 4.0, -2.0 * (self.mass_MeV**2 + 2.0 * ELECTRON_MASS_MEV**2)
