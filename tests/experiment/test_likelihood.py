"""The likelihoods: against SciPy, at empty bins, in float32."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm, poisson

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import GaussianLikelihood, PoissonLikelihood, poisson_log_likelihood

likelihood_of = jax.jit(poisson_log_likelihood)
with_slope = jax.jit(jax.value_and_grad(poisson_log_likelihood))
gaussian = eqx.filter_jit(lambda likelihood, expected, observed: likelihood(expected, observed))


def deviance_half(expected, observed):
    """ln L - ln L_saturated by SciPy's probabilities."""
    return float((poisson.logpmf(observed, expected) - poisson.logpmf(observed, observed)).sum())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [0.3, 5.0, 300.0])
def test_is_the_ratio_of_poisson_probabilities(seed, size):
    generator = np.random.default_rng(seed)
    expected = size * generator.uniform(0.1, 2.0, (2, 9, 11))
    observed = generator.poisson(size, expected.shape).astype(float)
    found = float(likelihood_of(jnp.asarray(expected), jnp.asarray(observed)))
    assert found == pytest.approx(deviance_half(expected, observed), rel=1e-10)
    # counts that are not whole (an Asimov data set): sum(n ln mu - mu) less the same at mu = n
    parts = generator.uniform(0.5, 2.0, expected.shape) * size
    explicit = (parts * np.log(expected) - expected).sum() - (parts * np.log(parts) - parts).sum()
    found = float(likelihood_of(jnp.asarray(expected), jnp.asarray(parts)))
    assert found == pytest.approx(explicit, rel=1e-9)


def test_gradient_is_n_over_mu_minus_one():
    generator = np.random.default_rng(5)
    expected, observed = generator.uniform(0.5, 20.0, 50), generator.poisson(8.0, 50).astype(float)
    gradient = with_slope(jnp.asarray(expected), jnp.asarray(observed))[1]
    np.testing.assert_allclose(gradient, observed / expected - 1, rtol=1e-12, atol=1e-14)


def test_zero_at_the_saturated_model(precision):
    counts = jnp.array([0.0, 1.0, 3.0, 700.0], dtype=float)
    value, gradient = with_slope(counts, counts)
    assert float(value) == 0.0
    np.testing.assert_allclose(gradient, [-1.0, 0.0, 0.0, 0.0], atol=1e-7)


@pytest.mark.parametrize("observed", [0.0, 1.0, 50.0])
@pytest.mark.parametrize("expected", [0.0, 1e-300, 1e-40, 1e-20, 1e-6, 1e4])
def test_empty_bins_are_finite(observed, expected, precision):
    value, slope = with_slope(jnp.array([expected], dtype=float), jnp.array([observed], dtype=float))
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
    found = float(with_slope(jnp.array([expected], dtype=float), jnp.array([3.0], dtype=float))[0])
    exact = 3.0 * np.log(expected / 3.0) - expected + 3.0
    assert found == pytest.approx(exact, rel=1e-3 if precision == "float32" else 1e-9)


def test_float32_is_accurate_relative_to_its_own_size():
    """Where counts are near their expectation the sum is of order one in every bin, not of n ln n."""
    generator = np.random.default_rng(8)
    expected = generator.uniform(0.5, 300.0, (2, 9, 11)).astype(np.float32)
    observed = generator.poisson(expected).astype(np.float32)
    exact = deviance_half(expected.astype(float), observed.astype(float))
    with jax.enable_x64(False):
        found = float(likelihood_of(jnp.asarray(expected), jnp.asarray(observed)))
    assert found == pytest.approx(exact, abs=5e-5)  # measured 2.4e-5; sum(n ln mu - mu) would have 0.01


def test_shape_is_free():
    found = float(likelihood_of(jnp.array(2.0), jnp.array(3.0)))
    assert found == pytest.approx(3 * np.log(2 / 3) + 1, rel=1e-13)


# numbers with errors


def test_gaussian_is_the_ratio_of_densities():
    generator = np.random.default_rng(2)
    observed, error = generator.normal(0.0, 5.0, (1, 7, 2)), generator.uniform(0.1, 3.0, (1, 7, 2))
    expected = observed + error * generator.normal(0.0, 2.0, observed.shape)
    found = float(gaussian(GaussianLikelihood(error), jnp.asarray(expected), jnp.asarray(observed)))
    exact = (norm.logpdf(observed, expected, error) - norm.logpdf(observed, observed, error)).sum()
    assert found == pytest.approx(exact, rel=1e-12)


def test_gaussian_with_two_errors():
    """x +0.5 -2: an expectation above x is compared with 0.5, one below with 2."""
    likelihood = GaussianLikelihood(jnp.array([2.0, 2.0]), jnp.array([0.5, 0.5]))
    expected, observed = jnp.array([11.0, 9.0]), jnp.array([10.0, 10.0])
    exact = sum(norm.logpdf(x, 10.0, s) - norm.logpdf(10.0, 10.0, s) for x, s in ((11.0, 0.5), (9.0, 2.0)))
    assert float(gaussian(likelihood, expected, observed)) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("error_up", [None, 0.5])
def test_gaussian_gradients(error_up, precision):
    """By the expectation and the errors, at the data (where the two halves meet) and far from them."""

    def value(expected, error, up):
        return GaussianLikelihood(error, up)(expected, jnp.array([10.0, 10.0, 10.0, 10.0], dtype=float))

    expected = jnp.array([7.0, 10.0, 11.0, 1e6], dtype=float)
    errors = [None if e is None else jnp.full((4,), e, dtype=float) for e in (2.0, error_up)]
    gradients = jax.jit(jax.grad(value, argnums=(0, 1) if error_up is None else (0, 1, 2)))(expected, *errors)
    above = error_up or 2.0
    pulls, sizes = np.array([-3.0, 0.0, 1.0, 999990.0]), np.array([2.0, 2.0, above, above])
    np.testing.assert_allclose(gradients[0], -pulls / sizes**2, rtol=1e-6)
    by_size = pulls**2 / sizes**3
    below = np.array([1.0, 1.0, 0.0, 0.0])
    if error_up is None:
        np.testing.assert_allclose(gradients[1], by_size, rtol=1e-6)
    else:
        np.testing.assert_allclose(gradients[1], by_size * below, rtol=1e-6)
        np.testing.assert_allclose(gradients[2], by_size * (1.0 - below), rtol=1e-6)


def test_gaussian_error_bars():
    """Errors of a sum add in quadrature; errors whose energies are several observables in one are taken apart."""
    error = np.arange(1.0, 13.0).reshape(1, 6, 2)
    observed = np.zeros((1, 3, 2, 2))
    down, up = GaussianLikelihood(error, 2.0 * error).error_bars(observed, (2, 3))
    expected = np.sqrt((error.reshape(1, 3, 4) ** 2).sum(axis=2))
    np.testing.assert_allclose(down, expected, rtol=1e-14)
    np.testing.assert_allclose(up, 2.0 * expected, rtol=1e-14)
    down, up = GaussianLikelihood(3.0).error_bars(observed, (2, 3))
    np.testing.assert_allclose([down, up], np.full((2, 1, 3), 6.0), rtol=1e-14)


def test_poisson_error_bars():
    """Garwood: the probabilities of what was seen, or more, and or less, are 15.9 % at the ends."""
    observed = np.array([[[0.0, 3.0], [0.0, 7.0]]])
    down, up = PoissonLikelihood().error_bars(observed, (1,))
    low, high = np.array([[0.0, 10.0]]) - down, np.array([[0.0, 10.0]]) + up
    np.testing.assert_allclose(low[0, 0], 0.0)
    np.testing.assert_allclose(poisson.cdf([0, 10], high[0]), 0.15865, rtol=1e-4)
    np.testing.assert_allclose(poisson.sf(9, low[0, 1]), 0.15865, rtol=1e-4)


def test_poisson_without_expectation(precision):
    """mu = 0 costs nothing where nothing was seen, and is all but impossible where something was."""
    zero = jnp.zeros((1,), dtype=float)
    function = jax.jit(jax.value_and_grad(PoissonLikelihood()))
    value, slope = function(zero, zero)
    assert (float(value), float(slope[0])) == (0.0, -1.0)
    value, slope = function(zero, zero + 2.0)
    assert -1e5 < float(value) < -100.0
    assert np.isfinite(float(slope[0]))


# expectations that cannot be


def term(observed):
    """Value and slope of the term of one bin."""
    return lambda mu: with_slope(jnp.asarray(mu, dtype=float), jnp.array(observed, dtype=float))


terms = jax.jit(jax.vmap(jax.value_and_grad(poisson_log_likelihood), in_axes=(0, None)))


@pytest.mark.parametrize("observed", [0.0, 1e-3, 0.4, 1.0, 3.0, 4e4])
def test_poisson_falls_below_zero(observed, precision):
    """Without end, and with a slope that leads back, at every scale of what is missing."""
    missing = np.geomspace(1e-3 if observed < 1.0 else 1e-28, 1e25, 300)
    found = terms(jnp.asarray(-missing, dtype=float), jnp.array(observed, dtype=float))
    values, slopes = (np.array(array, dtype=float) for array in found)
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    assert np.all(np.diff(values) <= np.finfo(precision).eps * np.abs(values[1:]))
    assert np.all(slopes >= 0.0)
    assert values[-1] < -0.9e25
    assert values.max() <= max(float(term(observed)(0.0)[0]), 0.0) + 2.6e-4


@pytest.mark.parametrize("observed", [0.0, 1e-3, 1.0, 3.0, 4e4])
def test_poisson_is_continued_with_its_slope(observed):
    """Value and slope have no jump: at zero, at the end of the logarithm, and where the empty bin has turned over."""
    function = term(observed)
    tiny = 1e-31 * observed if observed else 1e-3
    for place, unit in ((0.0, tiny), (tiny, tiny), (-1e-3, 1e-3)):
        for step in (1e-5 * unit, 1e-3 * unit):
            (low, slope_low), (high, slope_high) = function(place - step), function(place + step)
            assert float(high - low) == pytest.approx(
                2.0 * step * float(slope_low), rel=1e-2, abs=1e-12 + 1e-14 * abs(float(low))
            )
            assert float(slope_high) == pytest.approx(float(slope_low), rel=5.0 * step / unit)


@pytest.mark.parametrize("observed", [0.0, 1e-3, 3.0])
def test_poisson_slopes_below_zero_by_differences(observed):
    function = term(observed)
    for missing in (1e-5, 4e-4, 2e-3, 0.7, 25.0, 1e5):
        step = 1e-6 * missing
        slope = (function(-missing + step)[0] - function(-missing - step)[0]) / (2.0 * step)
        assert float(function(-missing)[1]) == pytest.approx(float(slope), rel=1e-5, abs=1e-6)


def test_poisson_is_itself_above_zero():
    """Bit for bit, also where the sum has bins on both sides: what is possible of a bin does not move."""
    generator = np.random.default_rng(4)
    expected = jnp.asarray(10.0 ** generator.uniform(-12.0, 5.0, 400))
    observed = jnp.asarray(generator.poisson(2.0, 400).astype(float))
    function = jax.vmap(poisson_log_likelihood)
    filled = jnp.where(observed > 0.0, observed, 1.0)
    ratio = expected / filled
    exact = jnp.where(observed > 0.0, observed * (jnp.log(ratio) - (ratio - 1.0)), -expected)
    np.testing.assert_array_equal(function(expected, observed), exact)
    assert float(term(0.0)(0.0)[1]) == -1.0


def test_no_expectation_is_none():
    """NaN is a fault of the prediction, in either form; it must not look like a number."""
    expected, observed = jnp.array([1.0, jnp.nan]), jnp.array([1.0, 0.0])
    assert np.isnan(likelihood_of(expected, observed))
    assert np.isnan(gaussian(GaussianLikelihood(1.0), expected, observed))


@pytest.mark.parametrize("error_up", [None, 3.0])
def test_gaussian_falls_on_both_sides(error_up, precision):
    """To the ends of the numbers of float32; a square alone would be infinite from 1e19 on."""
    likelihood = GaussianLikelihood(2.0, error_up)
    function = jax.jit(jax.value_and_grad(lambda mu: likelihood(mu, jnp.array(10.0, dtype=float))))
    for sign in (-1.0, 1.0):
        values, slopes = zip(*(function(sign * size) for size in np.geomspace(20.0, 1e28, 200)), strict=True)
        assert np.isfinite(values).all()
        assert np.all(np.diff(values) < 0.0)
        assert np.all(sign * np.array(slopes) < 0.0)
        assert np.isfinite(slopes).all()


def test_strength_below_zero(csi):
    """The sum over bins falls once bins are impossible; while backgrounds leave all of them possible it is exact."""

    def value(experiment, strength):
        moved = eqx.tree_at(lambda e: e.signal_norm, experiment, jnp.array(strength, dtype=float))
        return moved.expected(), moved.log_likelihood()

    observed = np.asarray(csi.observed)
    expected, found = value(csi, -0.01)
    assert (np.asarray(expected) > 0.0).all()
    assert float(found) == pytest.approx(deviance_half(np.asarray(expected), observed), rel=1e-10)
    strengths = [-2.0, -5.0, -10.0, -1e3, -1e10]
    values = [float(value(csi, strength)[1]) for strength in strengths]
    assert np.isfinite(values).all()
    assert values == sorted(values, reverse=True)
    assert values[0] < -1e3


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: GaussianLikelihood(np.array([1.0, 0.0])), "error must be positive"),
        (lambda: GaussianLikelihood(np.array([1.0, 2.0]), np.array([1.0, -2.0])), "error_up must be positive"),
        (lambda: GaussianLikelihood(np.ones(3)).check(np.ones(2)), r"error must have the shape \(2,\) of the data"),
        (lambda: GaussianLikelihood(1.0).check(np.array([np.nan])), "observed numbers must be finite"),
        (lambda: PoissonLikelihood().check(np.array([-1.0])), "observed counts must be finite and not negative"),
    ],
)
def test_refused(check, message):
    with pytest.raises(CevnsjaxError, match=message):
        check()


def test_rates_may_be_negative(csi):
    """Of data less their background; counts may not."""
    data = np.asarray(csi.observed) - 4.0
    rates = dataclasses.replace(csi, likelihood=GaussianLikelihood(4.0)).with_observed(data)
    expected, found = rates.expected(), rates.log_likelihood()
    assert float(found) == pytest.approx(
        norm.logpdf(data, expected, 4.0).sum() - 198 * norm.logpdf(0, 0, 4.0), rel=1e-9
    )
    with pytest.raises(CevnsjaxError, match="not negative"):
        csi.with_observed(data)
    with pytest.raises(CevnsjaxError, match=r"error must have the shape \(2, 9, 11\) of the data, got \(2, 9, 1\)"):
        dataclasses.replace(csi, likelihood=GaussianLikelihood(np.ones((2, 9, 1))))
