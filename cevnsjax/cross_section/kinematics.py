"""Kinematics of elastic recoil: which energies are possible, and the energy dependence of the cross section."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar


def recoil_energy_MeV(minimum_neutrino_energy_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "*node"]:
    """Largest recoil T = 2 E^2/(M + 2E) that a massless neutrino of energy E gives a nucleus of mass M, all in MeV."""
    y = minimum_neutrino_energy_MeV
    return 2.0 * y**2 / (mass_MeV + 2.0 * y)


def recoil_energy_slope(minimum_neutrino_energy_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "*node"]:
    """dT/dE = 4 E (M + E)/(M + 2E)^2 of :func:`recoil_energy_MeV`."""
    y = minimum_neutrino_energy_MeV
    return 4.0 * y * (mass_MeV + y) / (mass_MeV + 2.0 * y) ** 2


class AbstractMomentumTransfer(eqx.Module):
    """Which squared momentum goes into form factors and propagators."""

    @abstractmethod
    def __call__(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "*node"]:
        """Squared momentum transfer, MeV^2, at recoil energies in MeV."""


class FourMomentum(AbstractMomentumTransfer):
    """Q^2 = 2 M T, the invariant."""

    def __call__(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "*node"]:
        return 2.0 * mass_MeV * recoil_MeV


class ThreeMomentum(AbstractMomentumTransfer):
    """|q|^2 = 2 M T + T^2, the recoil momentum in the laboratory, as in several public codes (differs below 1e-6)."""

    def __call__(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "*node"]:
        return (2.0 * mass_MeV + recoil_MeV) * recoil_MeV


class AbstractVectorKinematics(eqx.Module):
    """Energy dependence of vector scattering: dsigma/dT = (G_F^2 M/pi) Q^2 sum_p c_p(T) E^p, p = 0, -1, -2."""

    @abstractmethod
    def coefficients(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
        """Evaluate c_p.

        Parameters
        ----------
        recoil_MeV
            Recoil energy T, MeV, any shape.
        mass_MeV
            Mass M of the nucleus, MeV.

        Returns
        -------
        Array
            c_0, c_-1 and c_-2 in MeV^0, MeV^1, MeV^2.
        """


class SpinZero(AbstractVectorKinematics):
    """1 - T/E - M T/(2 E^2): exact for a nucleus of spin 0 (the trace over a scalar current)."""

    def coefficients(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
        return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV, -0.5 * mass_MeV * recoil_MeV])


class SpinHalf(AbstractVectorKinematics):
    """1 - T/E - M T/(2 E^2) + T^2/(2 E^2): a Dirac nucleus, the form of most public codes (differs below 2e-6)."""

    def coefficients(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
        return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV, -0.5 * (mass_MeV - recoil_MeV) * recoil_MeV])


class HeavyNucleus(AbstractVectorKinematics):
    """1 - M T/(2 E^2): the limit of infinite mass, as printed in many papers (0.05 % to 0.3 % off)."""

    def coefficients(self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
        zero = jnp.zeros_like(recoil_MeV)
        return jnp.stack([zero + 1.0, zero, -0.5 * mass_MeV * recoil_MeV])
