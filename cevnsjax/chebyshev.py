"""Chebyshev polynomials of traced numbers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def chebyshev_polynomials(x: Float[Array, "*shape"], number: int) -> list[Float[Array, "*shape"]]:
    """T_0 to T_(number - 1), one by one: of many numbers, whose polynomials are used where they are made."""
    found = [jnp.ones_like(x), x]
    while len(found) < number:
        found.append(2.0 * x * found[-1] - found[-2])
    return found[:number]


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def chebyshev_array(x: Float[Array, "*shape"], number: int) -> Float[Array, "degree *shape"]:
    """T_0 to T_(number - 1) as one array: of few numbers, in few operations, so that they are compiled soon.

    By ``T_(m+j) = 2 T_m T_j - T_(m-j)``, which doubles what is there in each step.
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
    # T_n' = n U_(n-1), of the second kind, which double as U_(m+j) = 2 T_j U_m - U_(m-j)
    second = jnp.stack([jnp.zeros_like(x), jnp.ones_like(x), 2.0 * x])[:number]  # from U_-1 on
    while (missing := number - second.shape[0]) > 0:
        reached = second.shape[0] - 1
        step = min(reached, missing)
        below = second[reached - step : reached][::-1]
        second = jnp.concatenate([second, 2.0 * second[-1:] * polynomials[1 : step + 1] - below])
    degrees = np.arange(number).reshape(-1, *(1 for _ in x.shape))
    return polynomials, jnp.asarray(degrees, x.dtype) * second * change[None]
