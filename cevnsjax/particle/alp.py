"""An axion-like particle: its mass, its couplings, and how it decays."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, is_concrete
from cevnsjax.constants import ELECTRON_MASS_MEV, HBAR_C_MEV_FM
from cevnsjax.errors import CevnsjaxError

_PER_GEV = 1e-3  # MeV^-1
_HBAR_C_MEV_M = HBAR_C_MEV_FM * 1e-15


class Alp(eqx.Module):
    """An axion-like particle a, a pseudoscalar of mass m.

    L = d_mu a sum_N Nbar gamma^mu gamma5 (g_0 + g_3 tau_3) N - (g_gamma/4) a F_{mu nu} Ftilde^{mu nu} - g_e a ebar i
    gamma5 e, with tau_3 = 1 for protons: their coupling is g_p = g_0 + g_3, that of neutrons g_n = g_0 - g_3. The
    dimensionless couplings of -a Nbar i gamma5 (g^0 + g^3 tau_3) N are 2 m_N g_0 and 2 m_N g_3.

    Loops are left out: with a coupling to electrons alone there is no decay to photons. Every coupling may be zero or
    negative; nothing is singular at zero mass, at m = 2 m_e, or where the mass is all of the energy.

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
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    isoscalar_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    isovector_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    photon_coupling_per_GeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    electron_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        if is_concrete(self.mass_MeV) and not (jnp.isfinite(self.mass_MeV) and self.mass_MeV >= 0.0):
            raise CevnsjaxError(f"mass_MeV must be zero or positive and in MeV, got {float(self.mass_MeV)}.")
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if is_concrete(value) and not jnp.isfinite(value):
                raise CevnsjaxError(f"{name} must be finite, got {float(value)}.")

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
    def photon_coupling_per_MeV(self) -> Scalar:
        """g_gamma, MeV^-1."""
        return _PER_GEV * self.photon_coupling_per_GeV

    def momentum_MeV(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Momentum at energies in MeV; zero, with a derivative of zero, where the mass is all of the energy or more."""
        squared = (energy_MeV - self.mass_MeV) * (energy_MeV + self.mass_MeV)
        can_be = energy_MeV > self.mass_MeV
        return jnp.where(can_be, jnp.sqrt(jnp.where(can_be, squared, 1.0)), 0.0)

    @property
    def photon_width_MeV(self) -> Scalar:
        """Width of a -> gamma gamma, MeV: g_gamma^2 m^3/(64 pi)."""
        return (self.photon_coupling_per_MeV * self.mass_MeV) ** 2 * self.mass_MeV / (64.0 * math.pi)

    @property
    def electron_width_MeV(self) -> Scalar:
        """Width of a -> e+ e-, MeV: g_e^2/(8 pi) (m^2 - 4 m_e^2)^(1/2), zero below 2 m_e."""
        threshold = 2.0 * ELECTRON_MASS_MEV
        can_be = self.mass_MeV > threshold
        squared = jnp.where(can_be, (self.mass_MeV - threshold) * (self.mass_MeV + threshold), 1.0)
        return jnp.where(can_be, self.electron_coupling**2 * jnp.sqrt(squared) / (8.0 * math.pi), 0.0)

    @property
    def width_MeV(self) -> Scalar:
        """Width of all decays, MeV."""
        return self.photon_width_MeV + self.electron_width_MeV

    def inverse_decay_length_per_m(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """M Gamma/(p hbar c), m^-1, at energies in MeV; zero where there is no ALP of that energy."""
        momentum = self.momentum_MeV(energy_MeV)
        moves = momentum > 0.0
        return jnp.where(moves, self.mass_MeV * self.width_MeV / jnp.where(moves, momentum, 1.0) / _HBAR_C_MEV_M, 0.0)
