"""Light bosons of positrons that meet electrons at rest."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar
from cevnsjax.constants import ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.particle.light_boson import AbstractLightBoson


def resonance_energy_MeV(boson: AbstractLightBoson) -> Scalar:
    """Total energy of a positron for e+ + e- -> B on an electron at rest, MeV: m^2/(2 m_e) - m_e."""
    return 0.5 * boson.mass_MeV**2 / ELECTRON_MASS_MEV - ELECTRON_MASS_MEV


def resonance_strength_per_MeV(boson: AbstractLightBoson) -> Scalar:
    """Integral over the energy of the positron of the cross section of e+ + e- -> B, MeV^-1.

    (2 J + 1) 2 pi^2 Gamma_ee/(m_e m v^2) with the speed v of electrons in the decay: pi g^2/(4 m_e v) for a
    pseudoscalar, v^2 times as much for a scalar. The boson is taken to be narrow. Zero for m = 2 m_e and below, above
    which it begins like 1/v, but for scalars.
    """
    velocity = boson.pair_velocity
    can_be = velocity > 0.0
    safe = jnp.where(can_be, boson.mass_MeV * velocity**2, 1.0)
    scale = 2.0 * math.pi**2 / ELECTRON_MASS_MEV * boson.spin_states
    return jnp.where(can_be, scale * boson.electron_width_MeV / safe, 0.0)


def annihilation(
    boson: AbstractLightBoson, positron_energy_MeV: Float[Array, "*point"], cosine: Float[Array, "*point"]
) -> Float[Array, "*point"]:
    """Cross section of e+ + e- -> B + gamma by the cosine in the centre of mass, MeV^-2; zero up to the threshold.

    alpha g^2 (s - m^2)/(8 s^2 v) [n (A + B)^2/(A B) - c - w G/2] with the numbers of
    :attr:`cevnsjax.particle.AbstractLightBoson.compton_terms`, by crossing and a mean over spins. It grows like 1/(s -
    m^2) towards the threshold, where soft photons make it a part of the resonance.

    Parameters
    ----------
    boson
        The particle.
    positron_energy_MeV
        Total energies of positrons, MeV, any shape; the electron is at rest.
    cosine
        Of the angle between boson and positron, of the same shape.
    """
    s = 2.0 * ELECTRON_MASS_MEV * (positron_energy_MeV + ELECTRON_MASS_MEV)
    above = s - boson.mass_MeV**2
    can_be = (above > 0.0) & (positron_energy_MeV > ELECTRON_MASS_MEV)
    above = jnp.where(can_be, above, 1.0)
    energy = jnp.where(can_be, positron_energy_MeV, 2.0 * ELECTRON_MASS_MEV)
    s = jnp.where(can_be, s, 6.0 * ELECTRON_MASS_MEV**2)
    velocity = jnp.sqrt((energy - ELECTRON_MASS_MEV) / (energy + ELECTRON_MASS_MEV))  # 1 - 4 m_e^2/s
    away = 1.0 - (velocity * cosine) ** 2
    # (A + B)^2/(A B) = 4/away, and G
    hard, constant, soft = boson.compton_terms
    across = 16.0 * s * velocity**2 * (1.0 - cosine**2) / (above * away) ** 2
    shape = 4.0 * hard / away - constant - 0.5 * soft * across
    scale = FINE_STRUCTURE_CONSTANT * boson.squared_electron_coupling / 8.0
    return jnp.where(can_be, scale * above * shape / (s**2 * velocity), 0.0)
