"""Spectra as discrete measures, and the quadrature panels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.spectrum import Spectrum, gauss_legendre_panels

ENERGY = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
EVENTS = np.arange(12.0).reshape(2, 2, 3)


def test_flat_and_total():
    spectrum = Spectrum(jnp.asarray(ENERGY), jnp.asarray(EVENTS))
    np.testing.assert_array_equal(spectrum.flat().energy_keV, ENERGY.reshape(-1))
    np.testing.assert_array_equal(spectrum.flat().events[1], EVENTS[1].reshape(-1))
    np.testing.assert_array_equal(spectrum.total(), [15.0, 51.0])


def test_means_survive_a_change_of_variable():
    """The mean of g(E) is the mean of the moved energies: the density needs no Jacobian."""
    nodes, weights = gauss_legendre_panels(jnp.array([0.0, 2.0]), 12)
    spectrum = Spectrum(nodes, (weights * jnp.exp(-nodes))[None, :])
    moved = Spectrum(jnp.sqrt(spectrum.energy_keV), spectrum.events)
    expected = quad(lambda e: np.sqrt(e) * np.exp(-e), 0, 2)[0]
    # sqrt is not analytic at zero: 1e-4 with twelve nodes
    assert float((moved.energy_keV * moved.events[0]).sum()) == pytest.approx(expected, rel=1e-3)
    assert float(moved.total()[0]) == pytest.approx(1 - np.exp(-2.0), rel=1e-14)


@pytest.mark.parametrize("degree", range(8))
@pytest.mark.parametrize(("edges", "orders"), [((1.0, 3.0, 5.0), 4), ((1.0, 3.0, 3.0, 5.0), (4, 0, 4))])
def test_panels_integrate_polynomials_between_break_points(degree, edges, orders):
    """n nodes integrate degree 2n - 1 on each panel: here 4 and 4 nodes, degree 7, with a jump at the break point."""
    nodes, weights = gauss_legendre_panels(jnp.array(edges), orders)
    nodes, weights = np.asarray(nodes), np.asarray(weights)
    assert nodes.shape == (8,)
    assert np.all((nodes > 1.0) & (nodes < 5.0))
    assert np.all(np.diff(nodes) > 0)
    integrand = np.where(nodes < 3.0, 1.0, -2.0) * nodes**degree
    power = degree + 1
    expected = (3.0**power - 1.0) / power - 2 * (5.0**power - 3.0**power) / power
    assert float(weights @ integrand) == pytest.approx(expected, rel=1e-13)


def test_panels_are_differentiable_in_their_edges():
    """d/d(end) of an integral is the integrand there; d/d(lower edge) minus it."""

    def integral(lower, upper):
        nodes, weights = gauss_legendre_panels(jnp.stack([lower, upper]), 20)
        return (weights * jnp.exp(-nodes)).sum()

    slopes = jax.grad(integral, argnums=(0, 1))(jnp.array(0.3), jnp.array(2.0))
    np.testing.assert_allclose(slopes, [-np.exp(-0.3), np.exp(-2.0)], rtol=1e-13)


def test_an_empty_panel_has_no_weight():
    """Its nodes sit where it is, one without nodes is left out."""
    nodes, weights = gauss_legendre_panels(jnp.array([1.0, 1.0, 2.0, 2.0]), (3, 2, 0))
    assert nodes.shape == (5,)
    np.testing.assert_array_equal(nodes[:3], 1.0)
    np.testing.assert_array_equal(weights[:3], 0.0)
    assert float(weights.sum()) == pytest.approx(1.0, rel=1e-14)
