"""The mixing matrix of three flavours, as it enters probabilities without coherence."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar


def mixing_squares(
    theta12_sin2: Scalar, theta13_sin2: Scalar, theta23_sin2: Scalar, cp_phase_rad: Scalar
) -> Float[Array, "flavour mass"]:
    """Squares |U_bi|^2 of the mixing matrix in the standard parametrisation of the PDG.

    Parameters
    ----------
    theta12_sin2, theta13_sin2, theta23_sin2
        sin^2 of the mixing angles.
    cp_phase_rad
        The CP phase, rad.

    Returns
    -------
    Array
        Shape ``[flavour, mass]``: flavours in the order of ``FLAVOURS``, mass states 1, 2, 3.
    """
    s12, s13, s23 = theta12_sin2, theta13_sin2, theta23_sin2
    c12, c13, c23 = 1.0 - s12, 1.0 - s13, 1.0 - s23
    interference = 2.0 * jnp.cos(cp_phase_rad) * _root(s12 * c12 * s13 * s23 * c23)

    def row(c23: Scalar, s23: Scalar, interference: Scalar) -> Float[Array, " mass"]:
        first = jnp.maximum(s12 * c23 + c12 * s23 * s13 + interference, 0.0)
        second = jnp.maximum(c12 * c23 + s12 * s23 * s13 - interference, 0.0)
        return jnp.stack([first, second, s23 * c13])

    # nu_tau is nu_mu with theta_23 turned by 90 degrees
    electron = jnp.stack([c12 * c13, s12 * c13, s13])
    return jnp.stack([electron, row(c23, s23, interference), row(s23, c23, -interference)])


def _root(square: Scalar) -> Scalar:
    """Square root whose derivative at zero is taken as zero."""
    positive = square > 0.0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)
