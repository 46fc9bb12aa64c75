"""Quantiles that thresholds are taken at; SciPy's distributions take a second to import in every command."""

import numpy as np
from scipy.special import gammaincinv


def chi_squared_quantile(level: float, freedom: int = 1) -> float:
    """What a chi-squared of so many degrees of freedom exceeds with a probability of one minus ``level``."""
    return 2.0 * float(gammaincinv(0.5 * freedom, level))


def error_of_quantile(ordered: np.ndarray, level: float) -> float:
    """Half of the distance between the quantiles that are a standard deviation of their number apart.

    Parameters
    ----------
    ordered
        Numbers in ascending order.
    level
        Share of them below the quantile.
    """
    apart = np.sqrt(level * (1.0 - level) / len(ordered))
    ends = np.clip([level - apart, level + apart], 0.0, 1.0)
    low, high = np.quantile(ordered, ends, method="inverted_cdf")
    return float(0.5 * (high - low)) if np.isfinite(high) else float("inf")
