"""Portals: how a vector boson V couples to what is in a target, and to dark matter."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_not_negative, check_positive
from cevnsjax.constants import FINE_STRUCTURE_CONSTANT

ELEMENTARY_CHARGE = math.sqrt(4.0 * math.pi * FINE_STRUCTURE_CONSTANT)
"""e, in natural units."""

_ETA_BARYON = 0.61  # P. deNiverville et al., Phys. Rev. D 95, 035006 (2017), and their code BdNMC


class PortalCouplings(eqx.Module):
    """What multiplies V_mu and the current of each particle.

    Attributes
    ----------
    proton, neutron, electron
        Of vector currents, the electron's with its sign: -e epsilon for a dark photon.
    dark
        g_D, of the current of dark matter.
    """

    proton: Float[Array, ""]
    neutron: Float[Array, ""]
    electron: Float[Array, ""]
    dark: Float[Array, ""]


class AbstractPortal(eqx.Module):
    """A vector boson V that couples to the Standard Model and to dark matter."""

    @abstractmethod
    def couplings(self, mass_ratio: Scalar) -> PortalCouplings:
        """Couplings, for a ratio m_V/m_chi of masses."""

    @abstractmethod
    def pion_mixing(self, mass_ratio: Scalar) -> Scalar:
        """Amplitude of pi0 -> gamma V over that of a second photon."""

    @abstractmethod
    def eta_mixing(self, mass_ratio: Scalar) -> Scalar:
        """Amplitude of eta -> gamma V over that of a second photon."""

    @abstractmethod
    def charge_mixing(self, mass_ratio: Scalar) -> Scalar:
        """Coupling to electric charges over that of a photon."""


class AbstractKineticMixing(AbstractPortal):
    """A dark photon, which couples like a photon: L = e epsilon V^mu J^EM_mu + g_D V^mu J^D_mu, alpha_D = g_D^2/(4 pi).

    J^D = chibar gamma chi of a Dirac fermion, i (chi* d chi - chi d chi*) of a complex scalar.
    """

    alpha_D: eqx.AbstractVar[Float[Array, ""]]

    @abstractmethod
    def mixing(self, mass_ratio: Scalar) -> Scalar:
        """Kinetic mixing epsilon."""

    @abstractmethod
    def relic_yield(self, mass_ratio: Scalar) -> Scalar:
        """Y = epsilon^2 alpha_D (m_chi/m_V)^4: what annihilation of dark matter in the early universe depends on."""

    def couplings(self, mass_ratio: Scalar) -> PortalCouplings:
        charge = ELEMENTARY_CHARGE * self.mixing(mass_ratio)
        return PortalCouplings(charge, jnp.zeros_like(charge), -charge, _coupling(self.alpha_D))

    def pion_mixing(self, mass_ratio: Scalar) -> Scalar:
        return self.mixing(mass_ratio)

    def eta_mixing(self, mass_ratio: Scalar) -> Scalar:
        return self.mixing(mass_ratio)

    def charge_mixing(self, mass_ratio: Scalar) -> Scalar:
        return self.mixing(mass_ratio)


class VectorPortal(AbstractKineticMixing):
    """A dark photon of a kinetic mixing: see :class:`AbstractKineticMixing` for its Lagrangian.

    Attributes
    ----------
    epsilon
        Kinetic mixing.
    alpha_D
        g_D^2/(4 pi).
    """

    epsilon: Float[Array, ""] = eqx.field(converter=as_float)
    alpha_D: Float[Array, ""] = eqx.field(converter=as_float, default=0.5)

    def __check_init__(self):
        check_finite("epsilon", self.epsilon, "")
        check_not_negative("alpha_D", self.alpha_D, "")

    def mixing(self, mass_ratio: Scalar) -> Scalar:
        return self.epsilon

    def relic_yield(self, mass_ratio: Scalar) -> Scalar:
        return self.epsilon**2 * self.alpha_D / mass_ratio**4


class VectorPortalYield(AbstractKineticMixing):
    """A dark photon of a yield Y = epsilon^2 alpha_D (m_chi/m_V)^4: see :class:`AbstractKineticMixing`.

    Attributes
    ----------
    Y
        Yield, in which limits are shown.
    alpha_D
        g_D^2/(4 pi), above zero.
    """

    Y: Float[Array, ""] = eqx.field(converter=as_float)
    alpha_D: Float[Array, ""] = eqx.field(converter=as_float, default=0.5)

    def __check_init__(self):
        check_not_negative("Y", self.Y, "")
        check_positive("alpha_D", self.alpha_D, "")

    def mixing(self, mass_ratio: Scalar) -> Scalar:
        return mass_ratio**2 * _root(self.Y / self.alpha_D)

    def relic_yield(self, mass_ratio: Scalar) -> Scalar:
        return self.Y


class Leptophobic(AbstractPortal):
    """A boson of baryon number: L = g_B V^mu J^B_mu + epsilon_B e V^mu J^EM_mu + g_chi V^mu J^D_mu.

    J^B = (1/3) sum over quarks of qbar gamma q, alpha_B = g_B^2/(4 pi), alpha_chi = g_chi^2/(4 pi); P. deNiverville, M.
    Pospelov and A. Ritz, Phys. Rev. D 92, 095005 (2015), with one coupling for quarks and one for dark matter. The sign
    of epsilon_B is that of the Lagrangian above; BdNMC's is the other one.

    Attributes
    ----------
    alpha_B, alpha_chi
        Of quarks and of dark matter.
    epsilon_B
        Kinetic mixing, none by default.
    """

    alpha_B: Float[Array, ""] = eqx.field(converter=as_float)
    alpha_chi: Float[Array, ""] = eqx.field(converter=as_float, default=0.5)
    epsilon_B: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_not_negative("alpha_B", self.alpha_B, "")
        check_not_negative("alpha_chi", self.alpha_chi, "")
        check_finite("epsilon_B", self.epsilon_B, "")

    def couplings(self, mass_ratio: Scalar) -> PortalCouplings:
        baryon, charge = _coupling(self.alpha_B), ELEMENTARY_CHARGE * self.epsilon_B
        return PortalCouplings(baryon + charge, baryon, -charge, _coupling(self.alpha_chi))

    def pion_mixing(self, mass_ratio: Scalar) -> Scalar:
        return self._baryon_mixing + self.epsilon_B

    def eta_mixing(self, mass_ratio: Scalar) -> Scalar:
        return _ETA_BARYON * self._baryon_mixing + self.epsilon_B

    def charge_mixing(self, mass_ratio: Scalar) -> Scalar:
        return self.epsilon_B

    @property
    def _baryon_mixing(self) -> Scalar:
        """g_B/e: in the trace over quarks of pi0 -> gamma gamma baryon number stands like a charge."""
        return _coupling(self.alpha_B) / ELEMENTARY_CHARGE


def _root(number: Scalar) -> Scalar:
    """Square root with a derivative of zero at zero: what is counted goes with at least the square of it squared."""
    positive = number > 0.0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, number, 1.0)), 0.0)


def _coupling(alpha: Scalar) -> Scalar:
    """Coupling g of alpha = g^2/(4 pi)."""
    return math.sqrt(4.0 * math.pi) * _root(alpha)
