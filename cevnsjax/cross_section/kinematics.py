"""Kinematics of elastic recoil: which energies are possible, and the energy dependence of the cross section."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import HostOrDevice, Scalar, namespace


def recoil_energy_MeV(
    minimum_neutrino_energy_MeV: Float[HostOrDevice, "*node"], mass_MeV: Scalar | float
) -> Float[HostOrDevice, "*node"]:
    """Largest recoil T = 2 E^2/(M + 2E) that a massless neutrino of energy E gives a nucleus of mass M, all in MeV."""
    y = minimum_neutrino_energy_MeV
    return 2.0 * y**2 / (mass_MeV + 2.0 * y)


def minimum_neutrino_energy_MeV(
    recoil_MeV: Float[HostOrDevice, "*node"], mass_MeV: Scalar | float
) -> Float[HostOrDevice, "*node"]:
    """Smallest energy [T + sqrt(T^2 + 2MT)]/2 of a massless neutrino that gives a recoil T to a mass M, all in MeV."""
    return 0.5 * (recoil_MeV + namespace(recoil_MeV).sqrt(recoil_MeV * (recoil_MeV + 2.0 * mass_MeV)))


def recoil_energy_slope(
    minimum_neutrino_energy_MeV: Float[HostOrDevice, "*node"], mass_MeV: Scalar | float
) -> Float[HostOrDevice, "*node"]:
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


# The other structures, in the form that the literature uses: exact up to T/M and (T/E)^2, below 1e-6 here.


def axial(recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
    """1 - T/E + M T/(2 E^2): M. Hoferichter, J. Menendez and A. Schwenk, Phys. Rev. D 102, 074018 (2020), eq. 86."""
    return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV, 0.5 * mass_MeV * recoil_MeV])


def scalar(recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
    """M T/(2 E^2): helicity flips, so nothing is scattered forward; exact for spin 0, times 1 + T/(2M) for spin 1/2."""
    zero = jnp.zeros_like(recoil_MeV)
    return jnp.stack([zero, zero, 0.5 * mass_MeV * recoil_MeV])


def tensor(recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
    """1 - T/E - M T/(4 E^2): M. Lindner, W. Rodejohann and X.-J. Xu, JHEP 03 (2017) 097; exact with + T^2/(4 E^2)."""
    return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV, -0.25 * mass_MeV * recoil_MeV])


def magnetic(recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
    """1 - T/E: the 1/T - 1/E of photon exchange with the photon's 1/T in the coupling; spin 0 adds T^2/(4 E^2)."""
    one = jnp.ones_like(recoil_MeV)
    return jnp.stack([one, -recoil_MeV, 0.0 * one])


def scalar_tensor(recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar) -> Float[Array, "power *node"]:
    """-(T/E)/sqrt2: the factor of Re(Q_S Q_T^*), of opposite sign for antineutrinos; exact times 1 - T/2E."""
    zero = jnp.zeros_like(recoil_MeV)
    return jnp.stack([zero, -math.sqrt(0.5) * recoil_MeV, zero])
