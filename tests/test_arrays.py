"""The numerical helpers of all rooms."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from cevnsjax.arrays import as_float, check_edges, check_positive, exponential_integral, is_concrete, power_series
from cevnsjax.errors import CevnsjaxError


def test_as_float_follows_the_session(precision):
    for value in (1, 2.5, [1, 2], np.float64(3.0), np.arange(3), jnp.arange(2)):
        assert as_float(value).dtype == np.dtype(precision)


@pytest.mark.parametrize("rate", [0.0, 1e-12, 1e-3, 0.00999999, 0.01000001, 0.5, 20.0, -0.00999, -1.0])
@pytest.mark.parametrize("length", [0.0, 1.0, 0.3])
def test_exponential_integral(rate, length):
    def exact(length, rate):
        return (1 - mpmath.exp(-length * rate)) / rate if rate else length

    with mpmath.workdps(40):
        expected = float(exact(mpmath.mpf(length), mpmath.mpf(rate)))
        # d/d rate by its integral: minus the integral of u exp(-rate u)
        slope = float(mpmath.quad(lambda u: -u * mpmath.exp(-mpmath.mpf(rate) * u), [0, mpmath.mpf(length)]))
    value, gradient = jax.value_and_grad(exponential_integral, argnums=(0, 1))(jnp.array(length), jnp.array(rate))
    np.testing.assert_allclose(value, expected, rtol=4e-15, atol=0)
    np.testing.assert_allclose(gradient[0], np.exp(-length * rate), rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(gradient[1], slope, rtol=1e-11, atol=1e-300)


def test_exponential_integral_keeps_the_shape(precision):
    found = exponential_integral(jnp.ones((2, 3), dtype=float), as_float(0.2))
    assert found.shape == (2, 3)
    assert found.dtype == np.dtype(precision)


def test_power_series():
    coefficients = [1.0, -0.5, 0.25, 3.0]
    argument = np.array([[-1.0, 0.0], [0.3, 2.0]])
    expected = np.polynomial.polynomial.polyval(argument, coefficients)
    np.testing.assert_allclose(power_series(jnp.asarray(argument), coefficients), expected, rtol=1e-15)
    np.testing.assert_array_equal(power_series(jnp.ones(2), [4.0]), 4.0)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, [1.0, 0.0]])
def test_check_positive_refuses(value):
    with pytest.raises(CevnsjaxError, match=r"^length_m must be positive and in m, got"):
        check_positive("length_m", np.asarray(value), "m")


def test_check_positive_lets_through():
    check_positive("length_m", jnp.array([1e-300, 2.0]), "m")
    jax.jit(lambda x: check_positive("length_m", x, "m"))(-1.0)  # traced values are not looked at


@pytest.mark.parametrize("edges", [[1.0], [[0.0, 1.0]], [0.0, 0.0], [1.0, 0.0], [0.0, np.nan], [0.0, np.inf], []])
def test_check_edges_refuses(edges):
    with pytest.raises(CevnsjaxError, match=r"^edges_us must be"):
        check_edges("edges_us", edges, "us")


def test_check_edges_returns_an_array():
    np.testing.assert_array_equal(check_edges("edges_us", (0, 1, 3), "us"), [0.0, 1.0, 3.0])


def test_is_concrete():
    assert all(is_concrete(x) for x in (1, 1.5, np.ones(2), np.float32(1), jnp.ones(2)))
    assert not is_concrete(object())
    assert not is_concrete(None)
    seen = []
    jax.jit(lambda x: seen.append(is_concrete(x)) or x)(1.0)
    assert seen == [False]
