"""The exchange of a light particle, in the units of the amplitude."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, is_concrete
from cevnsjax.constants import FERMI_CONSTANT_PER_MEV2
from cevnsjax.errors import CevnsjaxError


def check_mass(name: str, mass_MeV) -> None:
    """Refuse a mass (concrete values only) that is negative or not finite."""
    if is_concrete(mass_MeV) and not (jnp.isfinite(mass_MeV) and mass_MeV >= 0.0):
        raise CevnsjaxError(f"{name} must be zero or positive and in MeV, got {float(mass_MeV)}.")


def exchange(q2_MeV2: Float[Array, " node"], mass_MeV: Scalar, coupling: Scalar) -> Float[Array, " node"]:
    """g^2/[sqrt2 G_F (Q^2 + m^2)]: what multiplies the charges of neutrino and nucleon.

    Written as a square of g/sqrt(Q^2 + m^2), so that neither very heavy nor very light mediators leave float32.

    Parameters
    ----------
    q2_MeV2
        Squared momentum transfer, above zero, MeV^2.
    mass_MeV
        Mass m of the mediator, MeV.
    coupling
        Coupling g, dimensionless.
    """
    ratio = coupling / jnp.sqrt(q2_MeV2 + mass_MeV**2)
    return ratio**2 / (math.sqrt(2.0) * FERMI_CONSTANT_PER_MEV2)
