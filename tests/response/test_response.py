"""Tabulated responses, and time windows."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import ExponentialTimes, SharpPulse
from cevnsjax.response import GammaPhotoElectrons, SigmoidEfficiency, TabulatedResponse, TimeWindow

EDGES = np.array([0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])


# one program each for a kind of response and a number of energies


@eqx.filter_jit
def kernel(response, energies):
    return response.kernel(energies)


@eqx.filter_jit
def slopes_in_energy(response, energies):
    """Derivative of the fifth bin at each energy."""
    return jax.vmap(jax.grad(lambda energy: response.kernel(energy[None])[0, 4]))(energies)


@eqx.filter_jit
def detected_fractions(window, cumulative):
    return window.fractions(cumulative)


@pytest.fixture(scope="module")
def direct():
    efficiency = SigmoidEfficiency([1.32045, 0.285979, 10.8646, -0.333322], np.zeros(4))
    return GammaPhotoElectrons(EDGES, 0.0749, 9.56, efficiency)


@pytest.fixture(scope="module")
def table(direct):
    return TabulatedResponse.of(direct, jnp.array(8.0))


def test_table_is_the_response(direct, table):
    energies = jnp.asarray(np.random.default_rng(0).uniform(1e-4, 8.0, 4001))
    exact = np.asarray(kernel(direct, energies))
    error = np.abs(np.asarray(kernel(table, energies)) - exact) / exact.max(axis=0)
    # measured: 1e-9 of the peak of a bin with 1024 knots; the derivative of the spline is one power of the step worse
    assert error.max() < 2e-9
    exact_slope = np.asarray(slopes_in_energy(direct, energies[:500]))
    slope_error = np.abs(np.asarray(slopes_in_energy(table, energies[:500])) - exact_slope)
    assert slope_error.max() < 1e-5 * np.abs(exact_slope).max()


def test_table_at_its_ends(direct, precision):
    direct = jax.tree.map(as_float, direct)
    table = TabulatedResponse.of(direct, as_float(8.0))
    energies = jnp.array([-1.0, 0.0, 1e-9, 8.0, 20.0], dtype=float)

    def sum_and_kernel(energies):
        kernel = table.kernel(energies)
        return kernel.sum(), kernel

    (total, found), slope = jax.jit(jax.value_and_grad(sum_and_kernel, has_aux=True))(energies)
    assert np.isfinite(float(total))
    assert np.all(np.isfinite(slope))
    found = np.asarray(found)
    np.testing.assert_allclose(found[:3], 0.0, atol=1e-7)
    np.testing.assert_allclose(found[3], np.asarray(kernel(direct, energies[3:4]))[0], rtol=0, atol=3e-6)
    np.testing.assert_array_equal(found[4], found[3])


def test_more_knots_are_closer(direct):
    energies = jnp.linspace(0.3, 4.0, 501)
    exact = np.asarray(kernel(direct, energies))
    coarse, fine = (
        np.abs(np.asarray(kernel(TabulatedResponse.of(direct, jnp.array(8.0), knots), energies)) - exact).max()
        for knots in (128, 256)
    )
    assert 10 < coarse / fine < 24  # a cubic spline: the fourth power of the step


def test_table_needs_an_energy(direct):
    with pytest.raises(CevnsjaxError, match="largest_energy_keV must be positive"):
        TabulatedResponse.of(direct, jnp.array(0.0))


def decay_after_a_pulse(time_us, rate_per_us):
    return SharpPulse(0.45).decayed(time_us, jnp.array(0.3), rate_per_us)


TIMES = np.array([0.0, 0.25, 0.45, 0.6, 1.0, 6.0])


@pytest.mark.parametrize(("start", "rate"), [(0.0, 0.0), (0.52, 0.0494), (0.52, 0.4), (9.0, 0.3), (-1.0, 0.3)])
def test_fractions_with_an_efficiency(start, rate):
    """Integral of density times efficiency over each bin, for a flat background and for a decay after a sharp pulse."""
    window = TimeWindow(TIMES, start, rate)

    def efficiency(t):
        return np.exp(-rate * max(t - start, 0.0))

    def decay(t):
        return np.exp(-(t - 0.45) / 0.3) / 0.3 if t >= 0.45 else 0.0

    def expected(density):
        return [
            sum(
                quad(lambda t: density(t) * efficiency(t), a, b, epsabs=1e-14, epsrel=1e-12)[0]
                for a, b in itertools.pairwise(pieces)
            )
            for low, high in itertools.pairwise(TIMES)
            for pieces in [sorted({low, high, *(p for p in (start, 0.45) if low < p < high)})]
        ]

    flat = detected_fractions(window, ExponentialTimes(0.0).cumulative)
    np.testing.assert_allclose(flat, expected(lambda t: 1.0), rtol=1e-11, atol=1e-13)
    found = detected_fractions(window, decay_after_a_pulse)
    np.testing.assert_allclose(found, expected(decay), rtol=1e-11, atol=1e-13)


def test_fractions_add_up_to_the_cumulative_distribution():
    cumulative = ExponentialTimes(0.3).cumulative
    window = TimeWindow(TIMES)
    total = float(np.asarray(detected_fractions(window, cumulative)).sum())
    assert total == pytest.approx((1 - np.exp(-0.3 * 6.0)) / 0.3, rel=1e-13)


def test_window_message():
    with pytest.raises(CevnsjaxError, match="edges_us must be finite and increase"):
        TimeWindow([0.0, 1.0, 1.0])
