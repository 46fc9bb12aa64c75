"""An axion-like particle: its mass, its couplings, and how it decays."""

import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.errors import UnknownNameError
from cevnsjax.particle.electron_loop import pseudoscalar_loop_per_MeV
from cevnsjax.particle.light_boson import AbstractLightBoson, check_boson

_PER_GEV = 1e-3  # MeV^-1
_LOOPS = ("none", "yukawa", "derivative")


class Alp(AbstractLightBoson):
    """An axion-like particle a, a pseudoscalar of mass m.

    L = d_mu a sum_N Nbar gamma^mu gamma5 (g_0 + g_3 tau_3) N - (g_gamma/4) a F_{mu nu} Ftilde^{mu nu} - g_e a ebar i
    gamma5 e, with tau_3 = 1 for protons: their coupling is g_p = g_0 + g_3, that of neutrons g_n = g_0 - g_3. The
    dimensionless couplings of -a Nbar i gamma5 (g^0 + g^3 tau_3) N are 2 m_N g_0 and 2 m_N g_3.

    Loops are left out unless asked for: with a coupling to electrons alone there is no decay to photons. Every coupling
    may be zero or negative; nothing is singular at zero mass, at m = 2 m_e, or where the mass is all of the energy.

    Attributes
    ----------
    mass_MeV
        m, MeV.
    isoscalar_coupling_per_GeV, isovector_coupling_per_GeV
        g_0 and g_3, GeV^-1.
    photon_coupling_per_GeV
        g_gamma, GeV^-1.
    electron_coupling
        g_e, dimensionless.
    electron_loop
        Decay to photons by a loop of electrons: ``"none"``; ``"yukawa"``, that of the Lagrangian above; or
        ``"derivative"``, that of (g_e/2 m_e) d_mu a ebar gamma^mu gamma5 e, which is m^2/(12 m_e^2) of it for a light
        ALP.
    """

    spin_states: ClassVar[int] = 1

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    isoscalar_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    isovector_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    photon_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    electron_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    electron_loop: str = eqx.field(static=True, default="none")

    def __check_init__(self):
        check_boson(self)
        if self.electron_loop not in _LOOPS:
            raise UnknownNameError("electron_loop", self.electron_loop, _LOOPS)

    @classmethod
    def of_nucleons(cls, mass_MeV, proton_coupling_per_GeV, neutron_coupling_per_GeV) -> "Alp":
        """Build an ALP from g_p and g_n, GeV^-1."""
        proton, neutron = as_float(proton_coupling_per_GeV), as_float(neutron_coupling_per_GeV)
        return cls(mass_MeV, 0.5 * (proton + neutron), 0.5 * (proton - neutron))

    @property
    def nucleon_couplings_per_MeV(self) -> tuple[Scalar, Scalar]:
        """g_p and g_n, MeV^-1."""
        isoscalar, isovector = self.isoscalar_coupling_per_GeV, self.isovector_coupling_per_GeV
        return _PER_GEV * (isoscalar + isovector), _PER_GEV * (isoscalar - isovector)

    @property
    def squared_electron_coupling(self) -> Scalar:
        return self.electron_coupling**2

    @property
    def photon_coupling_per_MeV(self) -> Scalar:
        return _PER_GEV * self.photon_coupling_per_GeV

    @property
    def electron_width_MeV(self) -> Scalar:
        """Width of a -> e+ e-, MeV: g_e^2/(8 pi) (m^2 - 4 m_e^2)^(1/2), zero below 2 m_e."""
        return self.electron_coupling**2 * self.mass_MeV * self.pair_velocity / (8.0 * math.pi)

    @property
    def loop_photon_coupling_per_MeV(self) -> Scalar:
        if self.electron_loop == "none":
            return jnp.zeros_like(self.mass_MeV)
        derivative = self.electron_loop == "derivative"
        return pseudoscalar_loop_per_MeV(self.mass_MeV, self.electron_coupling, derivative=derivative)

    @property
    def compton_terms(self) -> tuple[float, float, Scalar]:
        return 1.0, 0.0, -(self.mass_MeV**2)
