"""Unfolding with a penalty on second differences, against a reference, closed forms and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from unfolding_toy import BACKGROUND, OBSERVED, RESPONSE

from cevnsjax.errors import CevnsjaxError
from cevnsjax.inference import unfold
from cevnsjax.inference.unfold_spectra import second_differences

# of the same file, with variances that do not move with the counts
TOY = {
    1.0: {
        "flux": np.array(
            [
                1.4482834991,
                1.8001394043,
                2.105171386,
                2.1922084099,
                1.9859749043,
                1.6718579723,
                1.4713148643,
                1.3922596391,
            ]
        ),
        "chi2": 0.12017348111,
        "roughness": 0.17501903774,
        "bias_significance": 2.8636139033,
        "sd": np.array(
            [
                0.93257940555,
                0.47943756274,
                0.22403695362,
                0.23384530964,
                0.18000216727,
                0.1780390037,
                0.16663938865,
                0.16688645115,
            ]
        ),
        "fixed_against_exact": 0.0044200485382,
    },
    20.0: {
        "flux": np.array(
            [
                2.1183045162,
                2.1045998992,
                2.0837665568,
                2.0270013551,
                1.9086848497,
                1.7366212769,
                1.5426550007,
                1.348792482,
            ]
        ),
        "chi2": 0.68649962898,
        "roughness": 0.0084989666595,
        "bias_significance": 4.4457417827,
        "sd": np.array(
            [
                0.41719066316,
                0.28003827326,
                0.15932154714,
                0.094065450012,
                0.096467607582,
                0.088228296284,
                0.047376987305,
                0.099194134182,
            ]
        ),
        "fixed_against_exact": 0.013338080618,
    },
    100.0: {
        "flux": np.array(
            [
                2.3270875225,
                2.2241226259,
                2.119195804,
                2.0039814498,
                1.8692925268,
                1.7136683058,
                1.5440871016,
                1.3694422732,
            ]
        ),
        "chi2": 0.98272858957,
        "roughness": 0.0011476656741,
        "bias_significance": 4.413452034,
        "sd": np.array(
            [
                0.2484303158,
                0.18698544652,
                0.13144488159,
                0.089517234696,
                0.064467571302,
                0.045555197236,
                0.038663967134,
                0.074144786927,
            ]
        ),
        "fixed_against_exact": 0.018262529612,
    },
}


@pytest.mark.parametrize("beta", TOY)
def test_toy_of_the_reference(beta):
    published = TOY[beta]
    found = unfold(RESPONSE, OBSERVED, BACKGROUND, beta, fixed_variance=True)
    np.testing.assert_allclose(found.flux, published["flux"], rtol=1e-8)
    np.testing.assert_allclose(found.errors.sd, published["sd"], rtol=1e-8)
    for name in ("chi2", "roughness"):
        np.testing.assert_allclose(getattr(found, name), published[name], rtol=1e-8)
    np.testing.assert_allclose(found.errors.bias_significance, published["bias_significance"], rtol=1e-8)
    exact, fixed = found.errors.sensitivity, found.errors.fixed_sensitivity
    apart = jnp.abs(fixed - exact).max() / jnp.abs(exact).max()
    np.testing.assert_allclose(apart, published["fixed_against_exact"], rtol=1e-8)


@pytest.mark.parametrize("beta", TOY)
def test_normal_equations(beta):
    """To 1e-12 for condition numbers of D up to 640, that of beta = 1; rounding grows with it."""
    penalty = second_differences(8)
    curvature = RESPONSE.T @ (RESPONSE / OBSERVED[:, None]) + beta * penalty.T @ penalty
    assert np.linalg.cond(curvature) < 640.0
    expected = np.linalg.solve(curvature, RESPONSE.T @ ((OBSERVED - BACKGROUND) / OBSERVED))
    found = unfold(RESPONSE, OBSERVED, BACKGROUND, beta)
    np.testing.assert_allclose(found.flux, expected, rtol=1e-12)
    np.testing.assert_allclose(found.errors.posterior_covariance, np.linalg.inv(curvature), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("beta", TOY)
def test_sensitivity_is_exact(beta):
    found = unfold(RESPONSE, OBSERVED, BACKGROUND, beta)
    errors = found.errors
    inverse = np.asarray(errors.posterior_covariance) @ RESPONSE.T
    np.testing.assert_allclose(errors.fixed_sensitivity, inverse / OBSERVED, rtol=1e-9, atol=1e-15)
    exact = inverse * (np.asarray(found.expected) / OBSERVED**2)
    np.testing.assert_allclose(errors.sensitivity, exact, rtol=1e-9, atol=1e-15)
    step = 1e-3
    for index in range(8):
        moved = np.zeros(8)
        moved[index] = step * OBSERVED[index]
        above, below = (
            unfold(RESPONSE, OBSERVED + sign * moved, BACKGROUND, beta, with_errors=False).flux for sign in (1.0, -1.0)
        )
        slope = (above - below) / (2.0 * moved[index])
        np.testing.assert_allclose(errors.sensitivity[:, index], slope, atol=3e-6 * np.abs(errors.sensitivity).max())


def test_covariances():
    """U = C V C^T and D^-1 = U + beta D^-1 G D^-1 for variances that stay."""
    found = unfold(RESPONSE, OBSERVED, BACKGROUND, 20.0, fixed_variance=True).errors
    penalty = second_differences(8)
    inverse = np.asarray(found.posterior_covariance)
    hidden = 20.0 * inverse @ penalty.T @ penalty @ inverse
    np.testing.assert_allclose(found.covariance + hidden, inverse, rtol=1e-10, atol=1e-13)
    c, v = np.asarray(found.fixed_sensitivity), np.diag(OBSERVED)
    moved = c @ RESPONSE @ c - c
    np.testing.assert_allclose(found.bias_covariance, moved @ v @ moved.T, rtol=1e-8, atol=1e-14)
    with_matrix = unfold(RESPONSE, OBSERVED, BACKGROUND, 20.0, covariance=v)
    np.testing.assert_allclose(with_matrix.errors.covariance, found.covariance, rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(with_matrix.errors.sensitivity, with_matrix.errors.fixed_sensitivity)


def test_correlated_data():
    """Against generalised least squares with a covariance that is not diagonal."""
    rng = np.random.default_rng(1)
    response = rng.uniform(size=(12, 5))
    mixing = rng.normal(size=(12, 12))
    covariance = mixing @ mixing.T + 12.0 * np.eye(12)
    observed, background = rng.normal(size=12), rng.normal(size=12)  # no counts: they may be negative
    penalty = second_differences(5)
    weight = np.linalg.inv(covariance)
    curvature = response.T @ weight @ response + 0.3 * penalty.T @ penalty
    expected = np.linalg.solve(curvature, response.T @ weight @ (observed - background))
    found = unfold(response, observed, background, 0.3, covariance=covariance)
    np.testing.assert_allclose(found.flux, expected, rtol=1e-10)
    missed = observed - found.expected
    np.testing.assert_allclose(found.chi2, missed @ weight @ missed, rtol=1e-10)


def test_derivatives_of_errors():
    """Errors are derivatives themselves; their own derivatives, in the response and in beta, are exact too."""

    def width(scale, beta):
        response = RESPONSE * jnp.stack([scale, *[jnp.ones(())] * 7])[:, None]
        return unfold(response, OBSERVED, BACKGROUND, beta).errors.sd[0]

    at = jnp.asarray(1.0), jnp.asarray(20.0)
    slopes = jax.jit(jax.grad(width, argnums=(0, 1)))(*at)
    for index, (slope, step) in enumerate(zip(slopes, (1e-4, 1e-3), strict=True)):
        ends = [width(*(value + sign * step * (i == index) for i, value in enumerate(at))) for sign in (1.0, -1.0)]
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-5)


def test_both_precisions(precision):
    found = unfold(RESPONSE, OBSERVED, BACKGROUND, 20.0)
    assert found.flux.dtype == precision
    np.testing.assert_allclose(found.flux, TOY[20.0]["flux"], rtol=1e-8 if precision == "float64" else 1e-4)


def test_a_thousand_bins():
    """Without errors, of a smeared spectrum with a thousand bins on either side."""
    energy = np.linspace(0.0, 1.0, 1000)
    smearing = np.exp(-0.5 * ((energy[:, None] - energy[None]) / 0.01) ** 2)
    truth = 2.0 + np.sin(6.0 * energy)
    response = 1e4 * smearing / smearing.sum(axis=0)
    found = unfold(response, response @ truth + 100.0, np.full(1000, 100.0), 1e3, with_errors=False)
    assert found.errors is None
    np.testing.assert_allclose(found.flux, truth, rtol=1e-3)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"response": RESPONSE[:, :2]}, "at least 3 bins"),
        ({"response": RESPONSE[0]}, "matrix"),
        ({"response": np.where(RESPONSE > 160.0, np.nan, RESPONSE)}, "response must be finite"),
        ({"observed": OBSERVED[:7]}, "observed must have one number for each of the 8 rows"),
        ({"background": 220.0}, "background must have one number for each"),
        ({"observed": -OBSERVED}, "observed must be zero or positive"),
        ({"observed": np.where(OBSERVED > 1250.0, np.nan, OBSERVED)}, "observed must be finite"),
        ({"observed": np.where(OBSERVED > 1250.0, 0.0, OBSERVED)}, "Bin 2 of 8 is empty"),
        ({"beta": -1.0}, "beta must be zero or positive"),
        ({"beta": np.inf}, "beta must be zero or positive"),
        ({"beta": [1.0, 2.0]}, "beta must be one number"),
        ({"beta": "many"}, "A number or an array of numbers is needed"),
        ({"covariance": np.eye(7)}, "covariance must have the shape"),
        ({"covariance": -np.eye(8)}, "covariance must be positive definite"),
        ({"covariance": np.eye(8) + np.eye(8, k=1)}, "covariance must be symmetric"),
        ({"beta": 1e40}, "leaves nothing of the data but rounding errors; give one below"),
        ({"response": np.zeros((8, 8))}, "do not see a flux that is a straight line"),
    ],
)
def test_what_is_refused(changed, words):
    given = {"response": RESPONSE, "observed": OBSERVED, "background": BACKGROUND, "beta": 1.0, **changed}
    covariance = given.pop("covariance", None)
    with pytest.raises(CevnsjaxError, match=words) as refused:
        unfold(*given.values(), covariance=covariance)
    assert "\n" not in str(refused.value)


def test_a_beta_that_is_named_works():
    """Two rows see level and slope of eight bins, and nothing else."""
    given = RESPONSE[:2], OBSERVED[:2], BACKGROUND[:2]
    with pytest.raises(CevnsjaxError, match="beta = 0 leaves the matrix of 8 bins of the flux singular") as refused:
        unfold(*given, 0.0)
    named = float(str(refused.value).split("above")[1].rstrip("."))
    assert 0.0 < named < 1e-20
    assert np.all(np.isfinite(unfold(*given, 10.0 * named).flux))
