"""A light scalar: its mass, its couplings, and how it decays."""

import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.constants import ELECTRON_MASS_MEV
from cevnsjax.errors import UnknownNameError
from cevnsjax.particle.electron_loop import scalar_loop_per_MeV
from cevnsjax.particle.light_boson import AbstractLightBoson, check_boson

_PER_GEV = 1e-3  # MeV^-1
_LOOPS = ("none", "yukawa")


class DarkScalar(AbstractLightBoson):
    """A light scalar phi of mass m.

    L = -g_e phi ebar e - (g_gamma/4) phi F_{mu nu} F^{mu nu}. Nuclei at rest turn it into a photon, and back, as often
    as an axion-like particle of the same mass and coupling. A coupling to nuclei is left out, which a Higgs-like scalar
    has.

    Attributes
    ----------
    mass_MeV
        m, MeV.
    electron_coupling
        g_e, dimensionless.
    photon_coupling_per_GeV
        g_gamma, GeV^-1.
    electron_loop
        Decay to photons by a loop of electrons: ``"none"``, or ``"yukawa"``, that of the Lagrangian above.
    """

    spin_states: ClassVar[int] = 1

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    electron_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    photon_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    electron_loop: str = eqx.field(static=True, default="none")

    def __check_init__(self):
        check_boson(self)
        if self.electron_loop not in _LOOPS:
            raise UnknownNameError("electron_loop", self.electron_loop, _LOOPS)

    @property
    def squared_electron_coupling(self) -> Scalar:
        return self.electron_coupling**2

    @property
    def photon_coupling_per_MeV(self) -> Scalar:
        return _PER_GEV * self.photon_coupling_per_GeV

    @property
    def electron_width_MeV(self) -> Scalar:
        """Width of phi -> e+ e-, MeV: g_e^2 m/(8 pi) (1 - 4 m_e^2/m^2)^(3/2), zero below 2 m_e."""
        return self.electron_coupling**2 * self.mass_MeV * self.pair_velocity**3 / (8.0 * math.pi)

    @property
    def loop_photon_coupling_per_MeV(self) -> Scalar:
        if self.electron_loop == "none":
            return jnp.zeros_like(self.mass_MeV)
        return scalar_loop_per_MeV(self.mass_MeV, self.electron_coupling)

    @property
    def compton_terms(self) -> tuple[float, float, Scalar]:
        return 1.0, 0.0, 4.0 * ELECTRON_MASS_MEV**2 - self.mass_MeV**2
