"""Quenching: polynomials against NumPy, identities and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching import ConstantQuenching, OneOf, PolynomialQuenching

# Coefficients of the COHERENT data release (MeV), nominal and both components.
NOMINAL = np.array([0.0554628, 4.30681, -111.707, 840.384])
SHIFTS = np.array([[0.0059004, -0.79134, 26.1522, -244.822], [-0.0000498, -0.37084, 18.6035, -210.292]])


@pytest.mark.parametrize("first", [0.0, 1.0, -2.5])
@pytest.mark.parametrize("second", [0.0, 1.5])
def test_polynomial(first, second):
    quenching = PolynomialQuenching(NOMINAL, SHIFTS, first, second)
    recoil = np.array([0.0, 0.1, 3.0, 17.0, 45.0])
    coefficients = NOMINAL + first * SHIFTS[0] + second * SHIFTS[1]
    expected = 1e3 * np.polynomial.polynomial.polyval(1e-3 * recoil, [0.0, *coefficients])
    np.testing.assert_allclose(quenching(jnp.asarray(recoil)), expected, rtol=1e-13, atol=0)


def test_published_value():
    """At 15 keV: 0.0554628*0.015 + 4.30681*0.015^2 - 111.707*0.015^3 + 840.384*0.015^4 MeV, added up by hand."""
    assert float(PolynomialQuenching(NOMINAL, SHIFTS)(jnp.array(15.0))) == pytest.approx(1.466507565, rel=1e-9)


def test_keeps_the_shape_and_zero():
    quenching = PolynomialQuenching(NOMINAL, SHIFTS)
    recoil = jnp.arange(12.0).reshape(2, 3, 2)
    assert quenching(recoil).shape == (2, 3, 2)
    assert float(quenching(recoil)[0, 0, 0]) == 0.0


def test_gradients_of_the_components():
    def energy(first, second):
        return PolynomialQuenching(NOMINAL, SHIFTS, first, second)(jnp.array(20.0))

    derivative = jax.grad(energy, argnums=(0, 1))(jnp.array(0.3), jnp.array(-0.2))
    powers = 0.02 ** np.arange(1, 5)
    np.testing.assert_allclose(derivative, 1e3 * SHIFTS @ powers, rtol=1e-12)


def test_constant(precision):
    found = ConstantQuenching(0.0878)(jnp.array([0.0, 10.0], dtype=float))
    np.testing.assert_allclose(found, [0.0, 0.878], rtol=1e-6 if precision == "float32" else 1e-15)


def test_message_names_the_argument():
    with pytest.raises(CevnsjaxError, match="factor must be positive"):
        ConstantQuenching(0.0)


def test_one_of_several(precision):
    """Whole numbers choose one, others lie between neighbours; its slope is their difference."""
    factors = (0.1, 0.2, 0.15)
    models, recoil = [ConstantQuenching(factor) for factor in factors], jnp.array([2.0])
    for choice, factor in ((0.0, 0.1), (1.0, 0.2), (2.0, 0.15), (1.5, 0.175)):
        assert float(OneOf(models, choice)(recoil)[0]) == pytest.approx(2.0 * factor, rel=1e-6)
    slope = jax.grad(lambda choice: OneOf(models, choice)(recoil)[0])(jnp.array(1.5, dtype=precision))
    assert float(slope) == pytest.approx(2.0 * (0.15 - 0.2), rel=1e-5)
    with pytest.raises(CevnsjaxError, match="choice must be that of one of 3 models, got 3"):
        OneOf(models, 3.0)
    with pytest.raises(CevnsjaxError, match="models must be quenchings"):
        OneOf(())
