"""Inelastic dark matter: two states of different masses, of which the heavier one decays to the lighter one."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, gauss_legendre, is_concrete
from cevnsjax.constants import ELECTRON_MASS_MEV, HBAR_C_MEV_FM
from cevnsjax.errors import CevnsjaxError
from cevnsjax.particle.dark_matter import AbstractDarkMatter, power_above_zero
from cevnsjax.particle.portal import AbstractPortal

_HBAR_C_MEV_M = HBAR_C_MEV_FM * 1e-15
_PAIR_MEV = 2.0 * ELECTRON_MASS_MEV
_PAIR_NODES = 24  # exact to 1e-13 for a splitting of 0.6 m_V, to 2e-5 where it is nearly m_V


class InelasticDarkMatter(AbstractDarkMatter):
    """A pseudo-Dirac pair of Majorana fermions: L = i g_D V^mu chibar_2 gamma_mu chi_1, and the portal's.

    That is g_D V^mu psibar gamma_mu psi of one Dirac fermion psi = (chi_2 + i chi_1)/sqrt2 whose Majorana masses split
    it; it is Hermitian as it stands. (Of two Dirac fermions, with + h.c., V would have twice the width.) V turns one
    state into the other, so at tree level chi_1 is scattered up to chi_2 and chi_2 down to chi_1; without a splitting
    both are :class:`DiracDarkMatter`. With m_2 = m_1 (1 + Delta), delta = m_2 - m_1 and sigma = m_1 + m_2

    Gamma(V* -> chi_1 chi_2) = (alpha_D/6) s^(1/2) (1 - sigma^2/s)^(1/2) (1 - delta^2/s)^(3/2) (2 + sigma^2/s),

    dGamma(chi_2 -> chi_1 e+ e-)/dq^2 = g_e^2 g_D^2/(192 pi^3 m_2^3) (1 + 2 m_e^2/q^2) (1 - 4 m_e^2/q^2)^(1/2) (delta^2
    - q^2)^(3/2) (sigma^2 - q^2)^(1/2) (sigma^2 + 2 q^2)/(m_V^2 - q^2)^2

    with q^2 from 4 m_e^2 to delta^2, by factorisation at the virtual V, which is exact; 4 epsilon^2 alpha alpha_D
    delta^5/(15 pi m_V^4) is its limit for m_e << delta << m_1, m_V. Muons, from delta = 2 m_mu up, and photons and
    neutrinos, below 2 m_e, are left out. Recoils are exact traces; for spin 1/2 and widths they are what the code BdNMC
    has (github.com/pgdeniverville/BdNMC).

    Attributes
    ----------
    mass_MeV
        m_1, MeV, of the lighter state.
    portal
        What V couples to.
    splitting
        Delta = (m_2 - m_1)/m_1, zero or above, and below ``mass_ratio``: a V that chi_2 decays to on its mass shell is
        not described. Where that is reached inside of a likelihood, everything stays finite.
    mass_ratio
        m_V/m_1.
    heavier
        Whether chi_2 is what a source sends, and what arrives, in the place of chi_1. A beam makes as many of one as of
        the other: two sources. Chi_1 from decays of chi_2 on the way are left out.
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    portal: AbstractPortal
    splitting: Float[Array, ""] = eqx.field(converter=as_float)
    mass_ratio: Float[Array, ""] = eqx.field(converter=as_float, default=3.0)
    heavier: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_not_negative("splitting", self.splitting, "")
        check_positive("mass_ratio", self.mass_ratio, "")
        both = is_concrete(self.splitting) and is_concrete(self.mass_ratio)
        if both and float(self.splitting) >= float(self.mass_ratio):
            raise CevnsjaxError(
                f"splitting must be below mass_ratio, for chi_2 not to decay to V on its mass shell, got "
                f"{float(self.splitting):g} and {float(self.mass_ratio):g}."
            )

    @property
    def splitting_MeV(self) -> Scalar:
        """Delta = m_2 - m_1, MeV."""
        return self.splitting * self.mass_MeV

    @property
    def heavier_mass_MeV(self) -> Scalar:
        """m_2, MeV."""
        return self.mass_MeV + self.splitting_MeV

    @property
    def arriving_mass_MeV(self) -> Scalar:
        return self.heavier_mass_MeV if self.heavier else self.mass_MeV

    @property
    def mass_gain_MeV(self) -> Scalar:
        return -self.splitting_MeV if self.heavier else self.splitting_MeV

    def dark_width_MeV(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        total, gap = (self.mass_MeV + self.heavier_mass_MeV) / virtuality_MeV, self.splitting_MeV / virtuality_MeV
        phase_space = power_above_zero((1.0 - total) * (1.0 + total), 0.5)
        phase_space = phase_space * power_above_zero((1.0 - gap) * (1.0 + gap), 1.5)
        return self.couplings.dark**2 / (24.0 * math.pi) * virtuality_MeV * phase_space * (2.0 + total**2)

    @property
    def particles_per_boson(self) -> float:
        return 1.0

    def alignment(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        lighter, heavier = self.mass_MeV, self.heavier_mass_MeV
        s, split = virtuality_MeV**2, heavier**2 - lighter**2
        product = 0.25 * (s - split) * (s + split) / s  # of the energies
        momentum2 = jnp.maximum(0.5 * (s - lighter**2 - heavier**2) - product, 0.0)
        rest = product + lighter * heavier
        return momentum2 / (rest + momentum2 / 3.0)  # rest + momentum2 cos^2

    def recoil_coefficients(
        self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, spin_half: bool
    ) -> Float[Array, "power *node"]:
        # D = m'^2 - m^2 of what leaves and what arrives: above zero up, below zero down
        arriving, gap = self.arriving_mass_MeV, self.mass_gain_MeV
        leaving = arriving + gap
        shift = 0.5 * gap * (leaving + arriving) / mass_MeV  # D/(2 M)
        last = -0.5 * mass_MeV * recoil_MeV - 0.25 * gap**2
        if spin_half:
            flip = 0.5 * shift - 0.5 * arriving * leaving / mass_MeV
            last = last + recoil_MeV * (0.5 * recoil_MeV + flip)
        else:
            last = last + 0.25 * shift**2 + 0.125 * recoil_MeV * gap * (leaving + 3.0 * arriving) / mass_MeV
        return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV - shift, last])

    def pair_nodes(self, number: int) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Masses of the electron and the positron of chi_2 -> chi_1 e+ e-, and the share of decays at each.

        Both ends of the spectrum move with the masses, and the nodes with them. Nothing depends on couplings.

        Parameters
        ----------
        number
            Nodes.

        Returns
        -------
        tuple
            sqrt(q^2), MeV, and shares that add up to one, shape ``[number]`` each; those of a pair of some mass where
            the decay is forbidden.
        """
        mass, shape = self._pair_shape(number)
        return mass, shape / shape.sum()

    @property
    def decay_width_MeV(self) -> Scalar:
        """Width of chi_2 -> chi_1 e+ e-, MeV; zero, with a derivative of zero, for a splitting of 2 m_e or less."""
        is_open, largest = self._largest_eta
        one, two = self.mass_MeV, self.heavier_mass_MeV
        masses = ((one + two) / two) ** 2 * jnp.sqrt(one / two)
        scale = masses * (_PAIR_MEV / self.mediator_mass_MeV) ** 4 * _PAIR_MEV / (48.0 * math.pi**3)
        coupling = (self.couplings.electron * self.couplings.dark) ** 2
        _, shape = self._pair_shape(_PAIR_NODES)
        return jnp.where(is_open, coupling * scale * largest**6 * shape.sum(), 0.0)

    @property
    def _largest_eta(self) -> tuple[Bool[Array, ""], Scalar]:
        """Whether chi_2 decays, and eta at q = delta; of a pair of some mass if not."""
        gap = self.splitting_MeV
        is_open = gap > _PAIR_MEV
        momentum2 = jnp.where(is_open, (gap - _PAIR_MEV) * (gap + _PAIR_MEV), _PAIR_MEV**2)
        return is_open, jnp.arcsinh(jnp.sqrt(momentum2) / _PAIR_MEV)

    def _pair_shape(self, number: int) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Masses of pairs, MeV, and what dGamma is at each but for constants and eta_max^6, all of order one.

        q = 2 m_e cosh(eta) and eta = eta_max sin x make both square roots smooth: Gauss-Legendre nodes in x.
        """
        _, largest = self._largest_eta
        abscissae, weights = map(as_float, gauss_legendre(number))
        angle, width = 0.25 * math.pi * (1.0 + abscissae), 0.25 * math.pi * weights
        eta = largest * jnp.sin(angle)
        below = 2.0 * largest * jnp.sin(0.25 * math.pi - 0.5 * angle) ** 2  # eta_max - eta, without cancellation
        mass = _PAIR_MEV * jnp.cosh(eta)
        left = (jnp.sinh(below) / largest) * (jnp.sinh(largest + eta) / largest)  # (delta^2 - q^2)/(2 m_e eta_max)^2
        gap, one, two = self.splitting_MeV, self.mass_MeV, self.heavier_mass_MeV
        below_gap = left * (_PAIR_MEV * largest) ** 2
        boson = self.mediator_mass_MeV
        virtual = jnp.maximum(1.0 - gap / boson, 0.0) * (1.0 + gap / boson) + below_gap / boson**2  # 1 - q^2/m_V^2
        electrons = (1.0 + 0.5 / jnp.cosh(eta) ** 2) * jnp.tanh(eta) / largest
        dark = left * jnp.sqrt(left * (1.0 + 0.25 * below_gap / (one * two))) * (1.0 + 2.0 * (mass / (one + two)) ** 2)
        slope = 0.5 * jnp.sinh(2.0 * eta) / largest * jnp.cos(angle)  # dq^2/dx
        return mass, width * electrons * dark * slope / virtual**2

    def inverse_decay_length_per_m(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Mass times Gamma/(p hbar c), m^-1, at energies in MeV; zero for what is chi_1, and where nothing moves."""
        if not self.heavier:
            return jnp.zeros_like(energy_MeV)
        momentum = self.momentum_MeV(energy_MeV)
        moves = momentum > 0.0
        rate = self.heavier_mass_MeV * self.decay_width_MeV / _HBAR_C_MEV_M
        return jnp.where(moves, rate / jnp.where(moves, momentum, 1.0), 0.0)

    def survival(self, energy_MeV: Float[Array, "*point"], distance_m: Scalar) -> Float[Array, "*point"]:
        if not self.heavier:
            return jnp.ones_like(energy_MeV)
        return jnp.exp(-distance_m * self.inverse_decay_length_per_m(energy_MeV))

    def momentum_MeV(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Momentum of what arrives at energies in MeV; zero, with a derivative of zero, at rest and below."""
        mass = self.arriving_mass_MeV
        return power_above_zero((energy_MeV - mass) * (energy_MeV + mass), 0.5)
