"""Roots that move smoothly with what they depend on."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_BLIND, _OPEN = 4, 2
"""Steps without derivatives, and those after them: each doubles the order of the derivatives that are right."""


def newton_root(
    function: Callable[[Float[Array, ""]], Float[Array, ""]], start: Float[Array, ""], low: float, high: float
) -> Float[Array, ""]:
    """Where a function that is nearly a straight line is zero, by six of Newton's steps.

    Parameters
    ----------
    function
        The function; what else it depends on may be differentiated twice.
    start
        Where the search begins.
    low, high
        Between which it stays.
    """

    def step(_, x: Float[Array, ""]) -> Float[Array, ""]:
        value, slope = jax.jvp(function, (x,), (jnp.ones_like(x),))
        return jnp.clip(x - value / slope, low, high)

    found = jax.lax.stop_gradient(jax.lax.fori_loop(0, _BLIND, step, jax.lax.stop_gradient(start)))
    for _ in range(_OPEN):
        found = step(_, found)
    return found
