"""Chebyshev polynomials of traced numbers."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def chebyshev_polynomials(x: Float[Array, "*shape"], number: int) -> list[Float[Array, "*shape"]]:
    """T_0 to T_(number - 1), one by one."""
    found = [jnp.ones_like(x), x]
    while len(found) < number:
        found.append(2.0 * x * found[-1] - found[-2])
    return found[:number]
