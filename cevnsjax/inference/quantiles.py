"""Quantiles that thresholds are taken at; SciPy's distributions take a second to import in every command."""

from scipy.special import gammaincinv


def chi_squared_quantile(level: float, freedom: int = 1) -> float:
    """What a chi-squared of so many degrees of freedom exceeds with a probability of one minus ``level``."""
    return 2.0 * float(gammaincinv(0.5 * freedom, level))
