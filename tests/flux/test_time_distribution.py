"""Cumulative time distributions against quadrature of the folded densities."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    ExponentialTimes,
    GaussianPulse,
    HistogramTimes,
    PionDecayArrival,
    SharpPulse,
    SingleDecayArrival,
)

PION, MUON = 0.026033, 2.1969811
TIMES = np.array([-0.3, 0.1, 0.3, 0.45, 0.5, 0.7, 1.0, 2.0, 6.0])

decayed = jax.jit(lambda pulse, times, lifetime, rate: pulse.decayed(times, lifetime, rate))
cumulative = eqx.filter_jit(lambda distribution, times, rate: distribution.cumulative(times, rate))


def folded_gaussian(t, mean, width, delay_density):
    """Density of a Gaussian pulse plus a positive delay, by quadrature."""
    low, high = max(0.0, t - mean - 9 * width), t - mean + 9 * width
    if high <= low:
        return 0.0

    def integrand(delay):
        z = (t - delay - mean) / width
        return np.exp(-0.5 * z * z) / (width * np.sqrt(2 * np.pi)) * delay_density(delay)

    points = sorted({low, high, *(p for p in (low + 4 * PION, low + 15 * PION, t - mean) if low < p < high)})
    return sum(quad(integrand, a, b, epsabs=1e-14, epsrel=1e-12)[0] for a, b in itertools.pairwise(points))


def weighted(density, times, rate, start=-1.0):
    """Integral of density(t) exp(-rate t) up to each time."""
    pieces, previous, total = [], start, 0.0
    for time in times:
        if time > previous:
            part = quad(lambda t: density(t) * np.exp(-rate * t), previous, time, epsabs=1e-12, epsrel=1e-11, limit=200)
            total += part[0]
            previous = time
        pieces.append(total)
    return np.array(pieces)


def exponential(lifetime):
    return lambda delay: np.exp(-delay / lifetime) / lifetime


def two_decays(delay):
    return (np.exp(-delay / MUON) - np.exp(-delay / PION)) / (MUON - PION)


@pytest.mark.parametrize("rate", [0.0, 0.0494, 0.7])
@pytest.mark.parametrize("lifetime", [PION, MUON])
def test_gaussian_pulse(rate, lifetime):
    expected = weighted(lambda t: folded_gaussian(t, 0.45, 0.15, exponential(lifetime)), TIMES, rate)
    found = decayed(GaussianPulse(0.45, 0.15), jnp.asarray(TIMES), jnp.array(lifetime), jnp.array(rate))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)  # the tolerance of the quadrature


@pytest.mark.parametrize("rate", [0.0, 0.0494, 0.7])
@pytest.mark.parametrize("lifetime", [PION, MUON])
def test_sharp_pulse(rate, lifetime):
    expected = [
        quad(
            lambda t: np.exp(-(t - 0.45) / lifetime - rate * t) / lifetime,
            0.45,
            time,
            epsabs=1e-14,
            epsrel=1e-12,
            points=[p for p in (0.5, 0.7) if p < time],
        )[0]
        if time > 0.45
        else 0.0
        for time in TIMES
    ]
    found = decayed(SharpPulse(0.45), jnp.asarray(TIMES), jnp.array(lifetime), jnp.array(rate))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.0494])
def test_two_decays_in_a_row(rate):
    arrival = PionDecayArrival(GaussianPulse(0.45, 0.15), PION, MUON)
    found = cumulative(arrival, jnp.asarray(TIMES), jnp.array(rate))
    prompt = weighted(lambda t: folded_gaussian(t, 0.45, 0.15, exponential(PION)), TIMES, rate)
    delayed = weighted(lambda t: folded_gaussian(t, 0.45, 0.15, two_decays), TIMES, rate)
    np.testing.assert_allclose(found, [prompt, delayed, delayed], rtol=0, atol=1e-10)


def test_single_decay_leaves_the_pion_out():
    arrival = SingleDecayArrival(SharpPulse(0.0), 0.026, 2.197)
    found = cumulative(arrival, jnp.array([0.5, 3.0]), jnp.array(0.0))
    expected = [1 - np.exp(-np.array([0.5, 3.0]) / lifetime) for lifetime in (0.026, 2.197, 2.197)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@jax.jit
def with_derivatives(*arguments):
    return decayed(*arguments), jax.jacrev(decayed, argnums=(0, 1, 2, 3))(*arguments)


@pytest.mark.parametrize("pulse", [GaussianPulse(0.45, 0.15), SharpPulse(0.45)])
def test_finite_value_and_gradient_at_extreme_times(pulse, precision):
    with jax.enable_x64(precision == "float64"):
        single = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=float), pulse)
        times = jnp.array([-50.0, -5.0, 0.0, 0.45, 0.4501, 1.0, 6.0, 100.0], dtype=float)
        lifetime, rate = jnp.asarray(PION, dtype=float), jnp.asarray(0.05, dtype=float)
        values, gradients = with_derivatives(single, times, lifetime, rate)
    assert np.all(np.isfinite(values))
    assert values[0] == 0.0
    assert np.all(np.diff(values) >= -1e-6)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradients))


@pytest.mark.parametrize("slope", [0.0, 1e-7, 0.0494, -0.2])
def test_exponential_times(slope):
    times = np.array([0.0, 0.3, 2.0, 6.0])
    found = cumulative(ExponentialTimes(slope), jnp.asarray(times), jnp.array(0.05))
    expected = [quad(lambda t: np.exp(-t * (slope + 0.05)), 0, time, epsabs=0, epsrel=1e-13)[0] for time in times]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


START, STEP = 0.1, 0.25
COUNTS = np.array([1.0, 4.0, 2.0, 0.0, 3.0])
CENTRES = START + STEP * (np.arange(5) + 0.5)


def polygon(t, shift):
    """The density of a histogram drawn as a line between bin centres, nothing outside."""
    return np.interp(t - shift, CENTRES, COUNTS / STEP, left=0.0, right=0.0)


@pytest.mark.parametrize("shift", [0.0, 0.137, -0.4, 3.0])
def test_histogram_without_weight(shift):
    times = np.array([-1.0, 0.05, 0.22, 0.26, 0.5, 0.93, 1.19, 1.3, 5.0])
    kinks = CENTRES + shift
    expected = [
        sum(
            quad(polygon, a, b, args=(shift,), epsabs=1e-14)[0]
            for a, b in itertools.pairwise(sorted({-1.0, time, *(k for k in kinks if -1.0 < k < time)}))
        )
        for time in times
    ]
    found = cumulative(HistogramTimes(START, STEP, COUNTS, shift), jnp.asarray(times), jnp.array(0.0))
    np.testing.assert_allclose(np.asarray(found) - float(found[0]), expected, rtol=0, atol=1e-13)


def test_shift_moves_everything():
    times = jnp.linspace(-1.0, 4.0, 41)
    here = cumulative(HistogramTimes(START, STEP, COUNTS, 0.25), times + 0.25, jnp.array(0.0))
    there = cumulative(HistogramTimes(START, STEP, COUNTS, 0.0), times, jnp.array(0.0))
    np.testing.assert_allclose(here, there, rtol=0, atol=1e-13)


def test_histogram_weight_is_taken_at_bin_centres():
    """The weight multiplies the density at the centres: its error is the square of (rate x step)."""
    step = 0.01
    centres = step * (np.arange(600) + 0.5)
    counts = np.exp(-(((centres - 1.0) / 0.4) ** 2)) + 0.1
    shift, rate = 0.03, 0.0494
    found = cumulative(HistogramTimes(0.0, step, counts, shift), jnp.array([0.2, 3.0]), jnp.array(rate))
    knots = np.concatenate([[0.2], centres[(centres > 0.17) & (centres < 2.97)] + shift, [3.0]])
    exact = sum(
        quad(lambda t: np.interp(t - shift, centres, counts / step) * np.exp(-rate * t), a, b)[0]
        for a, b in itertools.pairwise(knots)
    )
    np.testing.assert_allclose(float(found[1] - found[0]), exact, rtol=(rate * step) ** 2)


def test_histogram_gradient_in_the_shift_is_minus_the_density():
    times = np.array([0.05, 0.3, 0.6, 0.95, 1.3, 1.45])

    def arrived(shift):
        return HistogramTimes(START, STEP, COUNTS, shift).cumulative(jnp.asarray(times), jnp.array(0.0))

    np.testing.assert_allclose(jax.jit(jax.jacrev(arrived))(jnp.array(0.0)), -polygon(times, 0.0), rtol=0, atol=1e-12)


def test_messages_name_the_argument():
    with pytest.raises(CevnsjaxError, match="width_us must be positive"):
        GaussianPulse(0.0, 0.0)
    with pytest.raises(CevnsjaxError, match="bin_width_us must be positive"):
        HistogramTimes(0.0, 0.0, [1.0, 1.0])
