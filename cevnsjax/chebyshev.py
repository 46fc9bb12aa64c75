"""Chebyshev polynomials of traced numbers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import chebyshev


def chebyshev_polynomials(x: Float[Array, "*shape"], number: int) -> list[Float[Array, "*shape"]]:
    """T_0 to T_(number - 1), one by one: of many numbers, whose polynomials are used where they are made."""
    found = [jnp.ones_like(x), x]
    while len(found) < number:
        found.append(2.0 * x * found[-1] - found[-2])
    return found[:number]


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def chebyshev_array(x: Float[Array, "*shape"], number: int) -> Float[Array, "degree *shape"]:
    """T_0 to T_(number - 1) as one array: of few numbers, in few operations, so that they are compiled soon.

    By ``T_(m+j) = 2 T_m T_j - T_(m-j)``, which doubles what is there in each step; slopes are sums of the polynomials.
    """
    found = jnp.stack([jnp.ones_like(x), x])[:number]
    while (missing := number - found.shape[0]) > 0:
        reached = found.shape[0] - 1
        step = min(reached, missing)
        below = found[reached - step : reached][::-1]
        found = jnp.concatenate([found, 2.0 * found[-1:] * found[1 : step + 1] - below])
    return found


@chebyshev_array.defjvp
def _chebyshev_slopes(number, primals, tangents):
    (x,), (change,) = primals, tangents
    polynomials = chebyshev_array(x, number)
    derivatives = chebyshev.chebder(np.eye(number))
    of_each = np.zeros((number, number))
    of_each[: len(derivatives)] = derivatives
    slopes = jnp.tensordot(jnp.asarray(of_each.T, x.dtype), polynomials, 1, precision="highest")
    return polynomials, slopes * change[None]
