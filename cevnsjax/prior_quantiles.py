"""Quantiles of priors on the host, in closed form: nothing is compiled for numbers that are only looked at."""

from typing import Any

import jax
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Float
from numpyro.distributions import constraints
from numpyro.distributions.truncated import (
    LeftTruncatedDistribution,
    RightTruncatedDistribution,
    TwoSidedTruncatedDistribution,
)
from scipy.special import log_ndtr, ndtri_exp

TRUNCATED = (LeftTruncatedDistribution, RightTruncatedDistribution, TwoSidedTruncatedDistribution)
_DRAWS = 4000
_OUTSIDE = 1e-9


def prior_quantiles(prior: dist.Distribution, probabilities) -> Float[np.ndarray, " probability"]:
    """Values below which a prior has given probabilities.

    Parameters
    ----------
    prior
        Distribution of a single number. Those that have no closed form here are sampled, with a key that is always the
        same.
    probabilities
        Probabilities between zero and one, neither of which they may be, shape ``[probability]``.

    Returns
    -------
    numpy.ndarray
        Quantiles, shape ``[probability]``.
    """
    given = np.asarray(probabilities, dtype=float)
    if isinstance(prior, dist.Uniform):
        return _between(given, prior.low, prior.high)
    if isinstance(prior, dist.LogUniform):
        return np.exp(_between(given, np.log(prior.low), np.log(prior.high)))
    if isinstance(prior, dist.Normal):
        return _normal(given, prior)
    if isinstance(prior, dist.LogNormal):
        return np.exp(_normal(given, prior))
    if isinstance(prior, dist.HalfNormal):
        return np.asarray(prior.scale) * _standard_normal(given, 0.0, np.inf)
    if isinstance(prior, TRUNCATED) and isinstance(prior.base_dist, dist.Normal):
        return _normal(given, prior.base_dist, getattr(prior, "low", -np.inf), getattr(prior, "high", np.inf))
    return np.quantile(np.asarray(prior.sample(jax.random.key(0), (_DRAWS,)), dtype=float), given)


def prior_range(prior: dist.Distribution) -> tuple[float, float] | None:
    """Ends of a prior, or what it leaves with a probability of 1e-9 on either side; None where that is not known."""
    known = (dist.Uniform, dist.LogUniform, dist.Normal, dist.LogNormal, dist.HalfNormal, *TRUNCATED)
    base = getattr(prior, "base_dist", dist.Normal())
    if not isinstance(prior, known) or not isinstance(base, dist.Normal | dist.Uniform):
        return None
    low, high = (float(value) for value in prior_quantiles(prior, [_OUTSIDE, 1.0 - _OUTSIDE]))
    support = prior.support
    return float(getattr(support, "lower_bound", low)), float(getattr(support, "upper_bound", high))


def _between(probabilities: np.ndarray, low, high) -> np.ndarray:
    return np.asarray(low) + np.subtract(high, low) * probabilities


def _normal(probabilities: np.ndarray, normal, low=-np.inf, high=np.inf) -> np.ndarray:
    loc, scale = np.asarray(normal.loc, dtype=float), np.asarray(normal.scale, dtype=float)
    return loc + scale * _standard_normal(probabilities, (low - loc) / scale, (high - loc) / scale)


def _standard_normal(probabilities: np.ndarray, low, high) -> np.ndarray:
    """Quantiles of a normal distribution between two ends: in logarithms, so that both may be far out."""
    if low > 0.0:
        return -_standard_normal(1.0 - probabilities, -high, -low)
    below, above = log_ndtr(low), log_ndtr(high)
    return ndtri_exp(np.logaddexp(np.log1p(-probabilities) + below, np.log(probabilities) + above))


def is_inside(prior: dist.Distribution, value: float) -> bool:
    """Whether a number is in the support of a prior, and not at an end of it."""
    support: Any = prior.support
    ends = [getattr(support, end, None) for end in ("lower_bound", "upper_bound")]
    if support is constraints.real or (not support.is_discrete and any(end is not None for end in ends)):
        low, high = (outer if end is None else float(end) for end, outer in zip(ends, (-np.inf, np.inf), strict=True))
        return low < value < high
    return bool(support(value)) and all(end is None or float(end) != value for end in ends)
