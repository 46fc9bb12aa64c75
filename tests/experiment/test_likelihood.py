"""The Poisson likelihood: against SciPy, at empty bins, in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import poisson

from cevnsjax.experiment import poisson_log_likelihood


def deviance_half(expected, observed):
    """ln L - ln L_saturated by SciPy's probabilities."""
    return float((poisson.logpmf(observed, expected) - poisson.logpmf(observed, observed)).sum())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [0.3, 5.0, 300.0])
def test_is_the_ratio_of_poisson_probabilities(seed, size):
    generator = np.random.default_rng(seed)
    expected = size * generator.uniform(0.1, 2.0, (2, 9, 11))
    observed = generator.poisson(size, expected.shape).astype(float)
    found = float(poisson_log_likelihood(jnp.asarray(expected), jnp.asarray(observed)))
    assert found == pytest.approx(deviance_half(expected, observed), rel=1e-10)
    # counts that are not whole (an Asimov data set): sum(n ln mu - mu) less the same at mu = n
    parts = generator.uniform(0.5, 2.0, expected.shape) * size
    explicit = (parts * np.log(expected) - expected).sum() - (parts * np.log(parts) - parts).sum()
    found = float(poisson_log_likelihood(jnp.asarray(expected), jnp.asarray(parts)))
    assert found == pytest.approx(explicit, rel=1e-9)


def test_gradient_is_n_over_mu_minus_one():
    generator = np.random.default_rng(5)
    expected, observed = generator.uniform(0.5, 20.0, 50), generator.poisson(8.0, 50).astype(float)
    gradient = jax.grad(poisson_log_likelihood)(jnp.asarray(expected), jnp.asarray(observed))
    np.testing.assert_allclose(gradient, observed / expected - 1, rtol=1e-12, atol=1e-14)


def test_zero_at_the_saturated_model(precision):
    counts = jnp.array([0.0, 1.0, 3.0, 700.0], dtype=float)
    value, gradient = jax.value_and_grad(poisson_log_likelihood)(counts, counts)
    assert float(value) == 0.0
    np.testing.assert_allclose(gradient, [-1.0, 0.0, 0.0, 0.0], atol=1e-7)


@pytest.mark.parametrize("observed", [0.0, 1.0, 50.0])
@pytest.mark.parametrize("expected", [0.0, 1e-300, 1e-40, 1e-20, 1e-6, 1e4])
def test_empty_bins_are_finite(observed, expected, precision):
    value, slope = jax.value_and_grad(poisson_log_likelihood)(
        jnp.array([expected], dtype=float), jnp.array([observed], dtype=float)
    )
    assert np.isfinite(float(value))
    assert np.isfinite(float(slope[0]))
    if observed == 0.0:
        assert float(value) == pytest.approx(-expected, rel=1e-6)
        assert float(slope[0]) == -1.0
    elif expected == 0.0:
        assert float(value) < -40.0 * observed


@pytest.mark.parametrize("expected", [1e-30, 1e-10, 1e-3])
def test_nearly_empty_bins_have_their_value(expected, precision):
    """n ln(mu/n) - mu + n, where the ratio mu/n - 1 has rounded to -1."""
    found = float(poisson_log_likelihood(jnp.array([expected], dtype=float), jnp.array([3.0], dtype=float)))
    exact = 3.0 * np.log(expected / 3.0) - expected + 3.0
    assert found == pytest.approx(exact, rel=1e-3 if precision == "float32" else 1e-9)


def test_float32_is_accurate_relative_to_its_own_size():
    """Where counts are near their expectation the sum is of order one in every bin, not of n ln n."""
    generator = np.random.default_rng(8)
    expected = generator.uniform(0.5, 300.0, (2, 9, 11)).astype(np.float32)
    observed = generator.poisson(expected).astype(np.float32)
    exact = deviance_half(expected.astype(float), observed.astype(float))
    with jax.enable_x64(False):
        found = float(poisson_log_likelihood(jnp.asarray(expected), jnp.asarray(observed)))
    assert found == pytest.approx(exact, abs=5e-5)  # measured 2.4e-5; sum(n ln mu - mu) would have 0.01


def test_shape_is_free():
    found = float(poisson_log_likelihood(jnp.array(2.0), jnp.array(3.0)))
    assert found == pytest.approx(3 * np.log(2 / 3) + 1, rel=1e-13)
