"""What light bosons of any spin have in common: how they move and decay."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, check_finite, check_not_negative
from cevnsjax.constants import ELECTRON_MASS_MEV, HBAR_C_MEV_FM

_HBAR_C_MEV_M = HBAR_C_MEV_FM * 1e-15


class AbstractLightBoson(eqx.Module):
    """A boson that couples to electrons or photons, of one spin.

    Every coupling may be zero or negative; nothing is singular at zero mass, at m = 2 m_e, or where the mass is all of
    the energy.
    """

    spin_states: eqx.AbstractClassVar[int]
    """Polarisations of a massive one, 2 J + 1."""

    mass_MeV: eqx.AbstractVar[Float[Array, ""]]
    """m, MeV."""

    @property
    @abstractmethod
    def squared_electron_coupling(self) -> Scalar:
        """Square of the dimensionless coupling to electrons."""

    @property
    @abstractmethod
    def photon_coupling_per_MeV(self) -> Scalar:
        """Coupling to two photons, MeV^-1."""

    @property
    @abstractmethod
    def electron_width_MeV(self) -> Scalar:
        """Width of the decay to e+ e-, MeV; zero for m = 2 m_e and below."""

    @property
    @abstractmethod
    def loop_photon_coupling_per_MeV(self) -> Scalar:
        """Modulus of what a loop of electrons adds to the coupling to photons, MeV^-1; zero where it is left out."""

    @property
    @abstractmethod
    def compton_terms(self) -> tuple[float, float, Scalar]:
        """Numbers n, c (dimensionless) and w (MeV^2) of the squared amplitude of e gamma -> e B.

        Averaged over electrons and photons and summed over B it is e^2 g^2 [n (a - b)^2/(a b) + c + w G/2], a = 2 p.k,
        b = 2 p'.k and G = -(p/(p.k) - p'/(p'.k))^2 with the photon k and the electrons p and p' before and after.
        """

    @property
    def photon_width_MeV(self) -> Scalar:
        """Width of the decay to two photons, MeV: g_gamma^2 m^3/(64 pi).

        That of the loop, if there is one, is added; how both would interfere is left out.
        """
        squared = self.photon_coupling_per_MeV**2 + self.loop_photon_coupling_per_MeV**2
        return squared * self.mass_MeV**3 / (64.0 * math.pi)

    @property
    def width_MeV(self) -> Scalar:
        """Width of all decays, MeV."""
        return self.photon_width_MeV + self.electron_width_MeV

    def momentum_MeV(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Momentum at energies in MeV; zero, with a derivative of zero, where the mass is all of the energy or more."""
        squared = (energy_MeV - self.mass_MeV) * (energy_MeV + self.mass_MeV)
        can_be = energy_MeV > self.mass_MeV
        return jnp.where(can_be, jnp.sqrt(jnp.where(can_be, squared, 1.0)), 0.0)

    def inverse_decay_length_per_m(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """M Gamma/(p hbar c), m^-1, at energies in MeV; zero where there is no boson of that energy."""
        momentum = self.momentum_MeV(energy_MeV)
        moves = momentum > 0.0
        return jnp.where(moves, self.mass_MeV * self.width_MeV / jnp.where(moves, momentum, 1.0) / _HBAR_C_MEV_M, 0.0)

    @property
    def pair_velocity(self) -> Scalar:
        """(1 - 4 m_e^2/m^2)^(1/2), speed of the electrons in e+ e-; zero, with a derivative of zero, below 2 m_e."""
        threshold = 2.0 * ELECTRON_MASS_MEV
        can_be = self.mass_MeV > threshold
        mass = jnp.where(can_be, self.mass_MeV, 2.0 * threshold)
        return jnp.where(can_be, jnp.sqrt((mass - threshold) * (mass + threshold)) / mass, 0.0)


def check_boson(boson: AbstractLightBoson) -> None:
    """Refuse a mass that is negative, and numbers that are not finite; traced values are let through."""
    check_not_negative("mass_MeV", boson.mass_MeV, "MeV")
    for name in boson.__dataclass_fields__:
        value = getattr(boson, name)
        if eqx.is_array(value):
            check_finite(name, value, "")
