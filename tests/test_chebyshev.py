"""Chebyshev polynomials as one array: values and slopes of NumPy's, at the ends too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial import chebyshev

from cevnsjax.arrays import as_float
from cevnsjax.chebyshev import chebyshev_array, chebyshev_polynomials

PLACES = np.array([-1.0, -0.999999, -0.3, 0.0, 0.7, 1.0])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 16, 33, 48])
def test_values_and_slopes(number, precision):
    x = as_float(PLACES)
    expected = chebyshev.chebvander(PLACES, number - 1).T
    found = chebyshev_array(x, number)
    assert found.dtype == precision
    scale = 1e-13 if precision == "float64" else 1e-5
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale * number)
    slopes = jax.vmap(jax.jacfwd(lambda one: chebyshev_array(one, number)))(x)
    derivatives = chebyshev.chebval(PLACES, chebyshev.chebder(np.eye(number))).T
    np.testing.assert_allclose(slopes, derivatives, rtol=0, atol=scale * number**3)
    backwards = jax.vmap(jax.jacrev(lambda one: chebyshev_array(one, number)))(x)
    np.testing.assert_allclose(backwards, slopes, rtol=1e-6, atol=scale * number)


def test_one_by_one_are_the_same():
    x = jnp.linspace(-1.0, 1.0, 12).reshape(3, 4)
    np.testing.assert_allclose(chebyshev_array(x, 9), jnp.stack(chebyshev_polynomials(x, 9)), rtol=0, atol=1e-14)


def test_second_derivatives():
    second = jax.jacfwd(jax.jacrev(lambda x: chebyshev_array(x, 6)))(jnp.asarray(0.4))
    np.testing.assert_allclose(second, chebyshev.chebval(0.4, chebyshev.chebder(np.eye(6), 2)), rtol=1e-12, atol=1e-12)
