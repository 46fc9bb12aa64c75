"""Whether the errors of an unfolding hold what they say: unfolded toys of a known flux."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.host_random import host_generator
from cevnsjax.inference.unfold import unfolded
from cevnsjax.inference.unfold_spectra import Spectra, check_regular
from cevnsjax.program import program


@dataclass(frozen=True)
class UnfoldingCoverage:
    """How often one standard deviation around an estimated flux holds the true one.

    Attributes
    ----------
    of_truth
        Share of the toys of each bin; where the penalty moves a bin by more than its error it is small.
    of_mean
        The same of the mean of all estimates, the flux as the penalty sees it: 0.683 where errors are what estimates
        scatter by.
    toys
        Number of toys.
    mean, sd
        Of the estimates of all toys, in each bin.
    """

    of_truth: np.ndarray
    of_mean: np.ndarray
    toys: int
    mean: np.ndarray
    sd: np.ndarray

    @property
    def error(self) -> float:
        """Binomial standard deviation of a share of 0.683."""
        return float(np.sqrt(0.6827 * 0.3173 / self.toys))


def unfolding_coverage(
    response: Any,
    truth: Any,
    background: Any,
    beta: Any,
    key: Array,
    *,
    covariance: Any = None,
    toys: int = 1000,
    fixed_variance: bool = False,
) -> UnfoldingCoverage:
    """Unfold toys of a known flux, and count how often its bins are inside of the errors.

    Parameters
    ----------
    response, background, beta, covariance, fixed_variance
        As of :func:`~cevnsjax.inference.unfold.unfold`; toys are Poisson counts, or Gaussian with a covariance.
    truth
        The flux that they are made with, shape ``[bin]``.
    key
        Random key.
    toys
        Their number.

    Raises
    ------
    CevnsjaxError
        If what is given cannot be unfolded, or counts are so few that bins of toys are empty.
    """
    response, truth = np.asarray(response, float), np.asarray(truth, float)
    if truth.shape != response.shape[1:]:
        raise CevnsjaxError(
            f"truth must have one number for each column of the response {response.shape}, got the shape {truth.shape}."
        )
    if toys < 2:
        raise CevnsjaxError(f"toys must be at least 2, got {toys}.")
    expected = response @ truth + np.asarray(background, float)
    spectra, beta = Spectra.checked(response, expected, background, covariance), as_float(beta)
    check_regular(spectra, beta)
    generator = host_generator(key)
    if spectra.root is None:
        observed = generator.poisson(expected, (toys, len(expected))).astype(float)
        if not np.all(observed):
            raise CevnsjaxError("Bins of toys are empty, so their variances would be zero; merge bins of few counts.")
    else:
        observed = expected + generator.normal(size=(toys, len(expected))) @ np.asarray(spectra.root).T
    flux, sd = map(np.asarray, _toys(spectra, as_float(observed), beta, fixed_variance))
    inside, around = (np.mean(np.abs(flux - centre) <= sd, axis=0) for centre in (truth, flux.mean(axis=0)))
    return UnfoldingCoverage(inside, around, toys, flux.mean(axis=0), flux.std(axis=0, ddof=1))


@program
def _toys(spectra: Spectra, observed: Float[Array, "toy count"], beta: Float[Array, ""], fixed_variance: bool):
    def one(data):
        found = unfolded(spectra.with_observed(data), beta, True, fixed_variance)
        assert found.errors is not None
        return found.flux, found.errors.sd

    return jax.lax.map(one, observed)
