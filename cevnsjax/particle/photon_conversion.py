"""Photons that become light bosons on electrons and nuclei, and back."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, gauss_legendre, power_series
from cevnsjax.constants import ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.particle.light_boson import AbstractLightBoson

_SCREENING = 184.15 * math.exp(-0.5) / ELECTRON_MASS_MEV  # times Z^(-1/3): radius of an atom, MeV^-1


def compton_threshold_MeV(boson: AbstractLightBoson) -> Float[Array, ""]:
    """Smallest energy of a photon that makes a boson on an electron at rest, MeV: m + m^2/(2 m_e)."""
    return boson.mass_MeV + 0.5 * boson.mass_MeV**2 / ELECTRON_MASS_MEV


def compton_nodes(
    boson: AbstractLightBoson, photon_energy_MeV: Float[Array, "*point"], order: int
) -> tuple[Float[Array, "*point node"], Float[Array, "*point node"]]:
    """Nodes in the energy of the boson of gamma + e -> B + e on free electrons at rest.

    dsigma/dE_B = alpha g^2/(8 m_e E_gamma^2) [n (a - b)^2/(a b) + c + w G/2], where a = 2 m_e E_gamma and b = 2 m_e E_B
    - m^2, with the numbers of :attr:`cevnsjax.particle.AbstractLightBoson.compton_terms`; for pseudoscalars F. T.
    Avignone III et al., Phys. Rev. D 37, 618 (1988). They are those of Gauss and Legendre in ln b.

    Parameters
    ----------
    boson
        The particle.
    photon_energy_MeV
        Energies of photons, MeV, any shape.
    order
        How many nodes.

    Returns
    -------
    tuple
        Energies of the boson, MeV, and parts of the cross section of one electron, MeV^-2; zero up to the threshold.
    """
    mass, electron = boson.mass_MeV, ELECTRON_MASS_MEV
    beyond = photon_energy_MeV - compton_threshold_MeV(boson)
    can_be = beyond > 0.0
    a = 2.0 * electron * jnp.where(can_be, photon_energy_MeV, compton_threshold_MeV(boson) + electron)
    s = a + electron**2
    # (s - (m_e + m)^2)(s - (m_e - m)^2), and the middle of b
    excess = 2.0 * electron * jnp.where(can_be, beyond, electron)
    half = 0.5 * (a / s) * jnp.sqrt(excess * (excess + 4.0 * electron * mass))
    middle = 0.5 * (a / s) * (a + 2.0 * electron**2 - mass**2)
    lowest = electron**2 * a**2 / s / (middle + half)  # middle^2 - half^2 = m_e^2 a^2/s
    abscissae, weights = map(as_float, gauss_legendre(order))
    logarithm = jnp.log1p(2.0 * half / lowest)[..., None]
    place = 0.5 * (1.0 + abscissae).reshape(*[1] * photon_energy_MeV.ndim, -1)
    b = lowest[..., None] * jnp.exp(logarithm * place)
    a, s = a[..., None], s[..., None]
    across = (half[..., None] - (b - middle[..., None])) * (half[..., None] + (b - middle[..., None]))
    hard, constant, soft = boson.compton_terms
    shape = hard * (a - b) ** 2 / (a * b) + constant + 2.0 * soft * s * across / (a * b) ** 2
    # dE_B = db/(2 m_e) and E_gamma = a/(2 m_e)
    scale = 0.25 * FINE_STRUCTURE_CONSTANT * boson.squared_electron_coupling / a**2
    part = scale * shape * b * logarithm * (0.5 * weights).reshape(*[1] * photon_energy_MeV.ndim, -1)
    return (b + mass**2) / (2.0 * electron), jnp.where(can_be[..., None], part, 0.0)


def inverse_compton(boson: AbstractLightBoson, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """Cross section of B + e -> gamma + e on a free electron at rest, MeV^-2, zero where there is no boson.

    The mean over all polarisations of the boson. It grows like 1/p near rest.
    """
    momentum = boson.momentum_MeV(energy_MeV)
    moves = momentum > 0.0
    momentum, electron = jnp.where(moves, momentum, 1.0), ELECTRON_MASS_MEV
    whole = electron + energy_MeV
    a = 2.0 * electron * energy_MeV + boson.mass_MeV**2
    s = a + electron**2
    ratio = momentum / whole
    low = s / (whole * (whole + momentum))  # 1 - p/(m_e + E), at small electron masses too
    excess = logarithm_excess(ratio, low)
    # means over the sphere: b = middle (1 + ratio c)
    middle = a * electron * whole / s
    gap = 0.5 * (a / s) * (a + boson.mass_MeV**2)  # a - middle
    hard, constant, soft = boson.compton_terms
    mean = hard * (gap**2 / (a * middle) + (a / middle) * ratio**2 * excess)
    mean = mean + constant + 4.0 * soft * (s / a**2) * ratio**2 * excess
    scale = 0.25 * FINE_STRUCTURE_CONSTANT * boson.squared_electron_coupling / boson.spin_states
    return jnp.where(moves, scale * a * mean / (electron * momentum * s), 0.0)


def inverse_primakoff(
    boson: AbstractLightBoson, energy_MeV: Float[Array, "*point"], proton_number: int
) -> Float[Array, "*point"]:
    """Cross section of B + N -> gamma + N on a heavy nucleus, screened by its electrons, MeV^-2.

    d sigma/dt = alpha g_gamma^2 Z^2/(16 p^2) (t - t_min)(t_max - t)/t^2 [b t/(1 + b t)]^2, with t from (E - p)^2 to
    (E + p)^2 and b^(1/2) = 184.15 e^(-1/2) Z^(-1/3)/m_e, in closed form.
    """
    momentum = boson.momentum_MeV(energy_MeV)
    return 2.0 * energy_MeV**2 * _primakoff_over_momentum2(boson, energy_MeV, momentum, proton_number)


def primakoff(
    boson: AbstractLightBoson, photon_energy_MeV: Float[Array, "*point"], proton_number: int
) -> Float[Array, "*point"]:
    """Cross section of gamma + N -> B + N on a heavy nucleus, MeV^-2: (p/E)^2/2 of that of :func:`inverse_primakoff`.

    The boson has all of the energy of the photon; it is zero where that is its mass or less.
    """
    momentum = boson.momentum_MeV(photon_energy_MeV)
    return momentum**2 * _primakoff_over_momentum2(boson, photon_energy_MeV, momentum, proton_number)


def _primakoff_over_momentum2(boson, energy_MeV, momentum, proton_number: int):
    """What both directions share: the cross section of production over p^2."""
    charge = float(proton_number)
    radius2 = (_SCREENING * charge ** (-1.0 / 3.0)) ** 2
    least = jnp.where(momentum > 0.0, boson.mass_MeV**2 / (energy_MeV + momentum), energy_MeV)  # E - p
    # 1 + b t between its ends: mean, and half the distance over it
    mean = 1.0 + radius2 * (energy_MeV**2 + momentum**2)
    ratio = 2.0 * radius2 * energy_MeV * momentum / mean
    low = (1.0 + radius2 * least**2) / mean
    scale = FINE_STRUCTURE_CONSTANT * charge**2 * radius2**2 * boson.photon_coupling_per_MeV**2
    return scale * energy_MeV * momentum * logarithm_excess(ratio, low) / mean**2


def logarithm_excess(ratio: Float[Array, "*point"], low: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """(artanh x - x)/x^3 for x from 0 to 1, given 1 - x too."""
    small = ratio < 0.3
    series = power_series(jnp.where(small, ratio, 0.0) ** 2, [1.0 / (2 * k + 3) for k in range(16)])
    safe, rest = jnp.where(small, 0.5, ratio), jnp.where(small, 0.5, low)
    exact = (0.5 * (jnp.log1p(safe) - jnp.log(rest)) - safe) / safe**3
    return jnp.where(small, series, exact)
