"""The sampled flux against the linear estimate where both are Gaussian, and against exact integrals where not."""

import jax
import numpy as np
import pytest
from scipy import stats
from unfolding_toy import BACKGROUND, OBSERVED, RESPONSE, TRUTH

from cevnsjax.errors import CevnsjaxError
from cevnsjax.inference import sample_flux, unfold, unfolding_coverage

TOY = RESPONSE, OBSERVED, BACKGROUND
KEY = jax.random.key(1)
pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(scope="module")
def sampled():
    with jax.numpy_dtype_promotion("standard"):
        return sample_flux(*TOY, 20.0, KEY, covariance=np.diag(OBSERVED))


def test_gaussian_far_from_zero(sampled):
    """Means to a tenth of an error and errors to 5 %: what 1,200 effective draws allow."""
    linear = unfold(*TOY, 20.0, covariance=np.diag(OBSERVED))
    width = np.sqrt(np.diagonal(linear.errors.posterior_covariance))
    assert sampled.effective_size > 400
    assert sampled.r_hat < 1.02
    assert sampled.divergences == 0
    np.testing.assert_array_less(np.abs(sampled.mean - np.asarray(linear.flux)) / width, 0.1)
    np.testing.assert_allclose(np.sqrt(np.diag(sampled.covariance)), width, rtol=0.06)
    bound = np.asarray(linear.flux) + 1.645 * width
    np.testing.assert_array_less(np.abs(sampled.quantile(0.95) - bound) / width, 0.2)


@pytest.mark.slow
def test_positive_where_the_estimate_is_not():
    """Three bins of pure noise: each is a truncated normal distribution."""
    observed, background = np.array([98.0, 101.0, 105.0]), np.full(3, 100.0)
    found = sample_flux(10.0 * np.eye(3), observed, background, 0.0, KEY, covariance=np.diag(observed))
    assert np.all(found.flux > 0.0)
    assert np.any(unfold(10.0 * np.eye(3), observed, background, 0.0).flux < 0.0)
    centre, width = (observed - background) / 10.0, np.sqrt(observed) / 10.0
    exact = stats.truncnorm(-centre / width, np.inf, loc=centre, scale=width)
    np.testing.assert_allclose(found.mean, exact.mean(), rtol=0.1)
    np.testing.assert_allclose(found.quantile(0.95), exact.ppf(0.95), rtol=0.1)


def test_counts_and_empty_bins():
    """A Poisson likelihood and a flat prior: gamma distributions, also of a bin in which nothing is."""
    observed = np.array([0.0, 3.0, 40.0])
    found = sample_flux(np.eye(3), observed, np.zeros(3), 0.0, KEY)
    np.testing.assert_allclose(found.mean, observed + 1.0, rtol=0.1)
    np.testing.assert_allclose(found.quantile(0.95), stats.gamma(observed + 1.0).ppf(0.95), rtol=0.1)


def test_what_is_refused():
    with pytest.raises(CevnsjaxError, match="beta must be one number, zero or positive"):
        sample_flux(*TOY, -1.0, KEY)
    with pytest.raises(CevnsjaxError, match="observed must be zero or positive"):
        sample_flux(RESPONSE, -OBSERVED, BACKGROUND, 1.0, KEY)


def test_coverage():
    """Estimates scatter by their errors; where the penalty does not matter these hold the truth as often."""
    hard = unfolding_coverage(RESPONSE, TRUTH, BACKGROUND, 20.0, KEY)
    assert hard.error == pytest.approx(0.0147, abs=1e-4)
    np.testing.assert_allclose(hard.of_mean, 0.683, atol=4.0 * hard.error)
    assert hard.of_truth.min() < 0.1  # biased
    soft = unfolding_coverage(5.0 * np.eye(8) + RESPONSE, TRUTH, BACKGROUND, 1e-3, KEY, covariance=np.diag(OBSERVED))
    np.testing.assert_allclose(soft.of_truth, 0.6827, atol=4.0 * soft.error)
    np.testing.assert_allclose(soft.mean, TRUTH, atol=5.0 * soft.sd.max() / np.sqrt(1000.0))
    with pytest.raises(CevnsjaxError, match="Bins of toys are empty"):
        unfolding_coverage(0.01 * RESPONSE, TRUTH, np.zeros(8), 1.0, KEY)
    with pytest.raises(CevnsjaxError, match="truth must have one number"):
        unfolding_coverage(RESPONSE, TRUTH[:7], BACKGROUND, 1.0, KEY)
