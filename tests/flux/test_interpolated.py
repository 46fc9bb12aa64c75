"""Spectra on knots: moments against adaptive quadrature of the same interpolation, written in NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import POWERS, InterpolatedSpectra

KNOTS = np.array([0.4, 0.5, 0.8, 1.5, 2.0, 3.5, 4.0])
VALUES = np.array([[0.0, 1.0, 3.0, 2.5, 2.5, 0.1, 0.0], [5.0, 4.0, 1.0, 0.3, 0.2, 0.04, 0.01]])
MOMENTS = jax.jit(lambda spectra, start: spectra.moments(start))
DENSITY = jax.jit(lambda spectra, energy: spectra.density(energy))
STARTS = np.array([0.0, 0.3, 0.4, 0.45, 0.8, 1.1, 2.0, 3.7, 3.999, 4.0, 9.0])


def reference(energy, row, logarithmic):
    """The same interpolation by hand."""
    interval = min(np.searchsorted(KNOTS, energy, side="right") - 1, KNOTS.size - 2)
    part = (energy - KNOTS[interval]) / (KNOTS[interval + 1] - KNOTS[interval])
    before, after = VALUES[row, interval : interval + 2]
    if logarithmic and before > 0 and after > 0:
        return before ** (1 - part) * after**part
    return before * (1 - part) + after * part


@pytest.mark.parametrize("logarithmic", [False, True])
def test_moments(logarithmic):
    spectra = InterpolatedSpectra(KNOTS, VALUES, logarithmic)
    moments = np.asarray(MOMENTS(spectra, jnp.asarray(STARTS).reshape(1, -1)))
    assert moments.shape == (2, 3, 1, STARTS.size)
    for row in range(2):
        for index, power in enumerate(POWERS):

            def integrand(e, row=row, power=power):
                return reference(e, row, logarithmic) * e**power

            for position, start in enumerate(STARTS):
                edges = [max(start, KNOTS[0]), *KNOTS[max(start, KNOTS[0]) < KNOTS]]
                pieces = [quad(integrand, *pair, epsrel=1e-13, epsabs=0)[0] for pair in itertools.pairwise(edges)]
                np.testing.assert_allclose(moments[row, index, 0, position], sum(pieces), rtol=1e-10)
    np.testing.assert_allclose(jax.jit(lambda s: s.totals())(spectra), moments[:, 0, 0, 0], rtol=1e-14)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_density(logarithmic):
    spectra = InterpolatedSpectra(KNOTS, VALUES, logarithmic)
    energies = np.array([[0.4, 0.47, 0.8], [2.2, 3.9, 4.0]])
    expected = [[[reference(e, row, logarithmic) for e in line] for line in energies] for row in range(2)]
    np.testing.assert_allclose(DENSITY(spectra, jnp.asarray(energies)), expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(DENSITY(spectra, jnp.array([0.0, 0.3999, 4.0001, 1e6])), 0.0)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_gradients(logarithmic):
    """With respect to values and to the lower limit, finite outside the table too."""
    starts = jnp.array([0.3, 0.45, 1.1, 3.7, 5.0])

    @jax.jit
    def moments(values, start):
        return InterpolatedSpectra(KNOTS, values, logarithmic).moments(start)

    values = jnp.asarray(VALUES + 0.01)  # off zero, where the kind of interpolation changes
    by_value, by_start = jax.jit(jax.jacfwd(moments, argnums=(0, 1)))(values, starts)
    direction = np.random.default_rng(3).normal(size=values.shape)
    step = 1e-5
    along = (moments(values + step * direction, starts) - moments(values - step * direction, starts)) / (2 * step)
    np.testing.assert_allclose(np.einsum("rpnsk,sk->rpn", by_value, direction), along, rtol=1e-5, atol=1e-8)
    diagonal = np.asarray(by_start)[:, 0, np.arange(5), np.arange(5)]
    expected = -np.asarray(DENSITY(InterpolatedSpectra(KNOTS, values, logarithmic), starts))
    np.testing.assert_allclose(diagonal, expected, rtol=1e-10)
    far = jnp.array([0.0, 0.4, 4.0, 1e5])
    for each in jax.jit(jax.jacrev(lambda v, e: InterpolatedSpectra(KNOTS, v, logarithmic).density(e), (0, 1)))(
        jnp.asarray(VALUES), far
    ):
        assert np.all(np.isfinite(each))


def test_single_precision():
    starts = STARTS[:-2]
    double = np.asarray(MOMENTS(InterpolatedSpectra(KNOTS, VALUES, True), jnp.asarray(starts)))
    with jax.enable_x64(False):
        single = MOMENTS(InterpolatedSpectra(KNOTS, VALUES, True), jnp.asarray(starts, dtype=float))
        assert single.dtype == jnp.float32
        # 3.999 is 1e-3 from the end: rounded to 2e-7 of 1e-3
        np.testing.assert_allclose(single, double, rtol=3e-4)
        np.testing.assert_allclose(single[..., :-1], double[..., :-1], rtol=2e-6)


def test_restriction():
    """A part of the table has the differences of the moments of the whole."""
    starts = jnp.array([0.6, 1.1, 3.7])
    for spectra in (InterpolatedSpectra(KNOTS, VALUES), InterpolatedSpectra(KNOTS, VALUES[1:], True)):
        whole = np.asarray(MOMENTS(spectra, starts))
        part = np.asarray(MOMENTS(spectra.restricted(0.6, 3.7), starts.at[0].set(0.0)))
        np.testing.assert_allclose(part, whole - whole[..., 2:], rtol=1e-12, atol=1e-12)
    with pytest.raises(CevnsjaxError, match="must leave some of the table"):
        spectra.restricted(5.0, 6.0)


def test_edges():
    spectra = InterpolatedSpectra(KNOTS, VALUES)
    np.testing.assert_array_equal(spectra.edges_MeV(3), [0.8, 2.0, 4.0])
    np.testing.assert_array_equal(spectra.edges_MeV(99), KNOTS[1:])


@pytest.mark.parametrize(
    ("knots", "values", "message"),
    [
        ([1.0, 1.0, 2.0], [[1.0, 1.0, 1.0]], "energy_MeV must be finite and increase"),
        ([1.0, np.nan, 2.0], [[1.0, 1.0, 1.0]], "energy_MeV must be finite"),
        ([0.0, 1.0, 2.0], [[1.0, 1.0, 1.0]], "energy_MeV must be positive"),
        ([1.0, 2.0, 3.0], [[1.0, 1.0]], "one value for each of the 3 energies"),
        ([1.0, 2.0, 3.0], [[1.0, 1.0, 1.0], [1.0, -2.0, 1.0]], r"not negative, got -2 on knot 1 \(of row 1\)"),
        ([1.0, 2.0, 3.0], [[1.0, 1.0, np.inf]], "must be finite and not negative, got inf on knot 2"),
        ([1.0, 2.0, 3.0], [[np.nan, 1.0, 1.0]], "must be finite and not negative, got nan on knot 0"),
    ],
)
def test_errors(knots, values, message):
    with pytest.raises(CevnsjaxError, match=message):
        InterpolatedSpectra(knots, values)
