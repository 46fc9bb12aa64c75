"""Axion-like particles radiated by electrons on atoms."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, power_series
from cevnsjax.constants import CM2_MEV2, CROSS_SECTION_UNIT_CM2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT

_SMALL = 0.05


def alp_bremsstrahlung(
    energy_share: Float[Array, "*point"],
    alp_mass_MeV: Scalar,
    coupling: Scalar,
    proton_number: int,
) -> Float[Array, "*point"]:
    """dsigma/dx of e Z -> e Z a by an electron or positron, in ``CROSS_SECTION_UNIT_CM2``.

    For L = -g a ebar i gamma5 e and complete screening, 2 (alpha/m_e)^2 (g^2/4 pi) {x (1 + 2f/3)/(1 + f)^2 [Z^2 ln(184
    Z^(-1/3)) + Z ln(1194 Z^(-2/3))] + x (Z^2 + Z) h(f)} with f = m^2 (1 - x)/(m_e x)^2 and h = (1 + f) ln(1 + f)/(3
    f^2) - (1 + 4 f + 2 f^2)/(3 f (1 + f)^2); Y.-S. Tsai, Phys. Rev. D 34, 1326 (1986). It does not depend on the energy
    E of the electron, which must be far above m and m_e, and has no threshold: x from m/E to 1 - (m/E)^2, say.

    Parameters
    ----------
    energy_share
        x = E_a/E, any shape, between 0 and 1.
    alp_mass_MeV
        m, MeV; may be zero.
    coupling
        g.
    proton_number
        Z of the nuclei.
    """
    x, protons = energy_share, float(proton_number)
    f = (alp_mass_MeV / (ELECTRON_MASS_MEV * x)) ** 2 * (1.0 - x)
    elastic = protons**2 * math.log(184.0 * protons ** (-1.0 / 3.0))
    inelastic = protons * math.log(1194.0 * protons ** (-2.0 / 3.0))
    screened = (1.0 + f / 1.5) / (1.0 + f) ** 2 * (elastic + inelastic)
    scale = FINE_STRUCTURE_CONSTANT**2 / (2.0 * math.pi) * CM2_MEV2 / CROSS_SECTION_UNIT_CM2 / ELECTRON_MASS_MEV**2
    return scale * coupling**2 * x * (screened + (protons**2 + protons) * _recoil(f))


def _recoil(f: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """The function h above, from -1/2 at zero."""
    small = f < _SMALL
    safe = jnp.where(small, 1.0, f)
    exact = (1.0 + safe) * jnp.log1p(safe) / (3.0 * safe**2)
    exact = exact - (1.0 + 4.0 * safe + 2.0 * safe**2) / (3.0 * safe * (1.0 + safe) ** 2)
    return jnp.where(small, power_series(jnp.where(small, f, 0.0), _SERIES), exact)


def _series(terms: int) -> list[float]:
    """Coefficients of h: those of (1 + f) ln(1 + f) less those of f (1 + 4 f + 2 f^2)/(1 + f)^2, over 3 f^2."""
    logarithm = [0.0, 1.0] + [(-1.0) ** k / (k * (k - 1)) for k in range(2, terms + 2)]
    # f (1 + 4 f + 2 f^2)/(1 + f)^2 with 1/(1 + f)^2 = sum of (-1)^k (k + 1) f^k
    inverse = [(-1.0) ** k * (k + 1) for k in range(terms + 2)]
    product = [
        sum(c * inverse[k - 1 - i] for i, c in enumerate((1.0, 4.0, 2.0)) if k - 1 - i >= 0) for k in range(terms + 2)
    ]
    return [(a - b) / 3.0 for a, b in zip(logarithm[2:], product[2:], strict=True)]


_SERIES = _series(14)
