"""Inverse beta decay: what reactor spectra were measured with, and are compared by."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.constants import ELECTRON_MASS_MEV, NEUTRON_MASS_MEV, PROTON_MASS_MEV

_MASS_DIFFERENCE_MEV = NEUTRON_MASS_MEV - PROTON_MASS_MEV


def inverse_beta_decay_cross_section_cm2(neutrino_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """Total cross section of nu_e_bar p -> e+ n on a free proton.

    A. Strumia and F. Vissani, Phys. Lett. B 564, 42 (2003), eq. 25: 1e-43 cm^2 p_e E_e E^(-0.07056 + 0.02018 ln E -
    0.001953 ln^3 E), all in MeV, with E_e = E - (M_n - M_p); good to a few per mille up to 300 MeV.

    Parameters
    ----------
    neutrino_energy_MeV
        Antineutrino energies, MeV, any shape.

    Returns
    -------
    Array
        cm^2, zero below E = M_n - M_p + m_e; in float32 these numbers are below the smallest normal one.
    """
    positron = neutrino_energy_MeV - _MASS_DIFFERENCE_MEV
    above = positron > ELECTRON_MASS_MEV
    energy = jnp.where(above, neutrino_energy_MeV, 2.0)
    positron = jnp.where(above, positron, 1.0)
    momentum = jnp.sqrt((positron - ELECTRON_MASS_MEV) * (positron + ELECTRON_MASS_MEV))
    log = jnp.log(energy)
    exponent = -0.07056 + 0.02018 * log - 0.001953 * log**3
    return jnp.where(above, 1e-43 * momentum * positron * jnp.exp(exponent * log), 0.0)
