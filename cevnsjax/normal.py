"""The normal distribution between points."""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc
from jaxtyping import Array, Float


def normal_density(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """exp(-z^2/2)/sqrt(2 pi)."""
    return jnp.exp(-0.5 * z**2) * math.sqrt(0.5 / math.pi)


@jax.custom_jvp
def normal_between(z: Float[Array, "*row point"]) -> Float[Array, "*row segment"]:
    """Integrals of the normal density between neighbouring points, in units of its width.

    Each difference is taken in the tail that the segment lies in, so nothing cancels far from the peak.
    """
    above = z >= 0.0
    tail = 0.5 * erfc(jnp.abs(z) * math.sqrt(0.5))
    left, right = tail[..., :-1], tail[..., 1:]
    across = jnp.where(above[..., 1:], 1.0 - left - right, right - left)
    return jnp.where(above[..., :-1], left - right, across)


@normal_between.defjvp
def _slopes(primals, tangents):
    (z,), (moved,) = primals, tangents
    return normal_between(z), jnp.diff(normal_density(z) * moved)
