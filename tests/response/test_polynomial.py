"""Responses as polynomials: what they stand for, its derivative, its ends, and what they refuse to stand for."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.arrays import as_float
from cevnsjax.response import (
    GammaPhotoElectrons,
    GaussianResponse,
    Resolution,
    SigmoidEfficiency,
    TabulatedEfficiency,
    TabulatedResponse,
    TemplateResponse,
)
from cevnsjax.response.polynomial import PolynomialResponse

EDGES_PE = np.array([0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])

RESPONSES = {
    "photo-electrons": lambda: GammaPhotoElectrons(
        EDGES_PE, 0.0749, 9.56, SigmoidEfficiency([1.32045, 0.285979, 10.8646, -0.333322], np.zeros(4))
    ),
    "many bins": lambda: GaussianResponse(np.arange(0.2, 1.505, 0.01), Resolution(0.0685, 0.105, 0.00296)),
    "no noise": lambda: GaussianResponse(
        np.linspace(0.0, 8.0, 9),
        Resolution(stochastic_sqrt_keV=0.58),
        TabulatedEfficiency([0.0, 1.0, 3.0], [0.0, 0.4, 0.9]),
    ),
}
LARGEST_KEV = 8.0


@pytest.fixture(params=RESPONSES)
def exact(request):
    largest = 2.0 if request.param == "many bins" else LARGEST_KEV
    return RESPONSES[request.param](), as_float(largest)


@eqx.filter_jit
def folded(response, events, energies):
    """Counts, and the derivative of a sum of them with respect to every energy."""

    def weighted(energies):
        counts = response.fold(events, energies)
        return jnp.matmul(counts, jnp.linspace(-1.0, 2.0, response.bins, dtype=counts.dtype)).sum(), counts

    slope, counts = jax.grad(weighted, has_aux=True)(energies)
    return counts, slope


def test_polynomials_are_the_response(exact):
    response, largest = exact
    found = PolynomialResponse.of(response, largest)
    assert found is not None
    energies = jnp.asarray(np.random.default_rng(0).uniform(1e-4, float(largest), 701))
    kernel = np.asarray(response.kernel(energies))
    error = np.abs(np.asarray(found.kernel(energies)) - kernel) / kernel.max(axis=0)
    assert error.max() < 2e-9
    events = jnp.asarray(np.random.default_rng(1).normal(size=(3, 701)))
    (counts, slope), (plain, plain_slope) = (folded(each, events, energies) for each in (found, response))
    np.testing.assert_allclose(counts, np.asarray(events) @ np.asarray(found.kernel(energies)), rtol=0, atol=1e-12)
    np.testing.assert_allclose(counts, plain, rtol=0, atol=1e-8 * np.abs(plain).max())
    np.testing.assert_allclose(slope, plain_slope, rtol=0, atol=1e-6 * np.abs(plain_slope).max())


def test_at_the_ends(exact, precision):
    response, largest = jax.tree.map(as_float, exact)
    found = PolynomialResponse.of(response, largest)
    assert found is not None
    energies = as_float(np.array([-1.0, 0.0, 1e-9, 1.0, 1.0, 3.0]) * np.array([1, 1, 1, 0.4, 1, 1]) * float(largest))
    counts, slope = folded(found, jnp.eye(6, dtype=energies.dtype), energies)
    assert np.all(np.isfinite(slope))
    np.testing.assert_array_equal(counts[:2], 0.0)
    kernel, atol = np.asarray(response.kernel(energies)), 1e-8 if precision == "float64" else 3e-5
    np.testing.assert_allclose(counts[2:5], kernel[2:5], rtol=0, atol=atol * kernel.max())
    np.testing.assert_allclose(counts[5], counts[4], rtol=1e-6)
    np.testing.assert_array_equal(slope[5], 0.0)


def test_in_single_precision(exact):
    """A response is looked at in double precision whatever the session's is: what is left is the rounding of sums."""
    response, largest = exact
    energies = np.random.default_rng(2).uniform(0.0, float(largest), 300).astype(np.float32)
    kernel = np.asarray(response.kernel(jnp.asarray(energies, dtype=float)))
    with jax.enable_x64(False):
        found = PolynomialResponse.of(*jax.tree.map(as_float, (response, largest)))
        assert found is not None
        single = np.asarray(found.kernel(jnp.asarray(energies)))
    assert single.dtype == np.float32
    assert np.abs(single - kernel).max() < 3e-5 * kernel.max()


def test_what_is_not_smooth_is_left_alone():
    templates = TemplateResponse([0.0, 1.0, 8.0], np.random.default_rng(2).uniform(size=(3, 9)) / 9.0)
    assert PolynomialResponse.of(templates, as_float(LARGEST_KEV)) is None
    assert templates.tabulated(as_float(LARGEST_KEV), []) is templates


def test_what_has_too_many_terms_is_a_spline_or_itself():
    """As narrow as a thousandth of the range; and one bin, for which a hundred terms are too many."""
    narrow = GaussianResponse(np.linspace(0.5, 8.0, 9), Resolution(0.008), TabulatedEfficiency([0.5], [0.9]))
    assert PolynomialResponse.of(narrow, as_float(LARGEST_KEV)) is None
    assert isinstance(narrow.tabulated(as_float(LARGEST_KEV), []), TabulatedResponse)
    single = GaussianResponse([0.2, 1.5], Resolution(0.0685, 0.105, 0.00296))
    assert PolynomialResponse.of(single, as_float(2.0)) is None
    assert single.tabulated(as_float(2.0), []) is single
