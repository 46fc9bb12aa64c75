"""What a loop of electrons makes of a coupling to electrons: a coupling to two photons."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, power_series
from cevnsjax.constants import ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT

_LIGHT = 0.01
# arcsin(x)^2 = sum of 2^(2k-1) x^(2k)/(k^2 binomial(2k, k))
_ARCSINE = [2.0 ** (2 * k - 1) / (k**2 * math.comb(2 * k, k)) for k in range(1, 9)]


def squared_arcsine(ratio2: Scalar) -> tuple[Scalar, Scalar]:
    """Real and imaginary part of f = arcsin(x)^2 of x^2 = m^2/(4 m_e^2) from zero up, continued above one.

    f = -[ln((1 + v)/(1 - v)) - i pi]^2/4, v = (1 - 1/x^2)^(1/2), above. Its derivative grows without bounds at one from
    above, and is that from below at one.
    """
    heavy = ratio2 > 1.0
    below = jnp.where(heavy, 0.5, ratio2)
    small = below < _LIGHT
    series = below * power_series(jnp.where(small, below, 0.0), _ARCSINE)
    near = jnp.where(small, 0.25, below)
    edge = near >= 1.0
    inside = jnp.where(edge, 0.25, near)
    # arcsin(x) = arctan(x/(1 - x^2)^(1/2))
    angle = jnp.where(edge, 0.5 * math.pi, jnp.arctan2(jnp.sqrt(inside), jnp.sqrt(1.0 - inside)))
    above = jnp.where(heavy, ratio2, 2.0)
    logarithm = 2.0 * jnp.arctanh(jnp.sqrt(1.0 - 1.0 / above))
    real = jnp.where(heavy, 0.25 * (math.pi**2 - logarithm**2), jnp.where(small, series, angle**2))
    return real, jnp.where(heavy, 0.5 * math.pi * logarithm, 0.0)


def pseudoscalar_loop_per_MeV(mass_MeV: Scalar, coupling: Scalar, *, derivative: bool) -> Scalar:
    """|g_gamma| of -g a ebar i gamma5 e, MeV^-1: (alpha g/(pi m_e)) |f/x^2|, x = m/(2 m_e).

    With ``derivative`` that of (g/2 m_e) d_mu a ebar gamma^mu gamma5 e, which differs by the anomaly: |1 - f/x^2|, the
    |B_1| of M. Bauer, M. Neubert and A. Thamm, JHEP 12 (2017) 044. Light bosons see m^2/(12 m_e^2) of it where the
    other has one.
    """
    real, imaginary = _over_ratio2(mass_MeV)
    return _loop(coupling, _modulus(real - 1.0 if derivative else real, imaginary))


def scalar_loop_per_MeV(mass_MeV: Scalar, coupling: Scalar) -> Scalar:
    """|g_gamma| of -g phi ebar e, MeV^-1: (alpha g/(pi m_e)) |1 + (1 - 1/x^2) f|/x^2, x = m/(2 m_e).

    As of the Higgs boson, J. F. Gunion et al., The Higgs Hunter's Guide; 2/3 for a light one.
    """
    real, imaginary = _over_ratio2(mass_MeV)
    ratio2 = (0.5 * mass_MeV / ELECTRON_MASS_MEV) ** 2
    light = ratio2 < _LIGHT
    safe = jnp.where(light, 1.0, ratio2)
    # (1 + (1 - 1/y) f)/y = h + (1 - h)/y with h = f/y, whose series has no division
    rest = power_series(jnp.where(light, ratio2, 0.0), [-each for each in _ARCSINE[1:]])
    shape = real + jnp.where(light, rest, (1.0 - real) / safe)
    return _loop(coupling, _modulus(shape, imaginary * (1.0 - 1.0 / safe)))


def _over_ratio2(mass_MeV: Scalar) -> tuple[Scalar, Scalar]:
    """Real and imaginary part of f/x^2, from one for a light boson."""
    ratio2 = (0.5 * mass_MeV / ELECTRON_MASS_MEV) ** 2
    light = ratio2 < _LIGHT
    safe = jnp.where(light, 1.0, ratio2)
    real, imaginary = squared_arcsine(safe)
    series = power_series(jnp.where(light, ratio2, 0.0), _ARCSINE)
    return jnp.where(light, series, real / safe), jnp.where(light, 0.0, imaginary / safe)


def _modulus(real: Float[Array, ""], imaginary: Float[Array, ""]) -> Scalar:
    """Absolute value, with a derivative of zero at zero."""
    some = (real != 0.0) | (imaginary != 0.0)
    return jnp.where(some, jnp.sqrt(jnp.where(some, real**2 + imaginary**2, 1.0)), 0.0)


def _loop(coupling: Scalar, shape: Scalar) -> Scalar:
    return FINE_STRUCTURE_CONSTANT / (math.pi * ELECTRON_MASS_MEV) * jax.numpy.abs(coupling) * shape
