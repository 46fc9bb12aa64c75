"""Photo-electron response against adaptive quadrature of SciPy's gamma distribution."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import gamma

from cevnsjax.errors import CevnsjaxError
from cevnsjax.response import GammaPhotoElectrons, SigmoidEfficiency
from cevnsjax.response.photo_electrons import log_poisson_mode

EDGES = np.array([0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
EFFICIENCY = np.array([1.32045, 0.285979, 10.8646, -0.333322])
VARIATION = np.array([0.02345, -0.000613, -1.01864, -0.023042])
YIELD, SHAPE = 0.0749, 9.56


def response(shift=0.0, **keywords):
    return GammaPhotoElectrons(EDGES, YIELD, SHAPE, SigmoidEfficiency(EFFICIENCY, VARIATION, shift), **keywords)


# one program each for a precision and a number of energies, with the response as an argument


@eqx.filter_jit
def kernel(detector, energies):
    return detector.kernel(energies)


@eqx.filter_jit
def kernel_and_slopes(detector, energies):
    """The kernel, and the derivatives of its sum in the energies."""

    def sum_and_kernel(energies):
        kernel = detector.kernel(energies)
        return kernel.sum(), kernel

    (_, kernel), slopes = jax.value_and_grad(sum_and_kernel, has_aux=True)(energies)
    return kernel, slopes


@eqx.filter_jit
def at_signals(efficiency, signal):
    return efficiency(signal)


@eqx.filter_jit
def threshold_and_slopes(coefficients, shift, variation=VARIATION):
    """Threshold, and its derivatives in coefficients and shift."""

    def threshold(coefficients, shift):
        return SigmoidEfficiency(coefficients, variation, shift).threshold_PE

    return jax.value_and_grad(threshold, argnums=(0, 1))(jnp.asarray(coefficients), shift)


def unclipped(signal, shift):
    a, b, c, d = EFFICIENCY + shift * VARIATION
    return a / (1 + np.exp(-b * (signal - c))) + d


def zero(shift):
    return brentq(unclipped, 0.0, 30.0, args=(shift,), xtol=1e-13)


def by_quadrature(energy, low, high, shift):
    """Probability of detection between two signals: mean E/a, shape 1 + b, as the data release has it."""
    excess = SHAPE * energy
    low = max(low, zero(shift))
    if high <= low:
        return 0.0
    distribution = gamma(1 + excess, scale=energy / YIELD / (1 + excess))
    # quad needs to be told where the peak is
    peak = min(max(distribution.mean(), low), high)
    return quad(
        lambda x: distribution.pdf(x) * unclipped(x, shift), low, high, points=[peak], epsabs=1e-15, epsrel=1e-12
    )[0]


@pytest.mark.parametrize("shift", [0.0, 2.0, -3.0])
def test_kernel(shift):
    energies = np.array([0.05, 0.3, 0.6, 0.836, 0.838, 1.5, 3.0, 6.0])
    expected = [
        [by_quadrature(energy, low, high, shift) for low, high in itertools.pairwise(EDGES)] for energy in energies
    ]
    found = kernel(response(shift), jnp.asarray(energies))
    # eight nodes in each bin; the absolute part is for bins that are out of reach
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_without_efficiency_probabilities_are_gamma_differences():
    """An efficiency of one over a fine grid up to far beyond the mean: the kernel adds up to one."""
    edges = np.linspace(0.0, 120.0, 61)
    one = SigmoidEfficiency([1.0, 1.0, -1e3, 0.0], np.zeros(4))
    everything = GammaPhotoElectrons(edges, YIELD, SHAPE, one)
    energies = np.array([0.8, 2.0, 4.0])
    found = np.asarray(kernel(everything, jnp.asarray(energies)))
    for row, energy in zip(found, energies, strict=True):
        excess = SHAPE * energy
        expected = np.diff(gamma.cdf(edges, 1 + excess, scale=energy / YIELD / (1 + excess)))
        # the first bins start as x^b with b not whole: Gauss-Legendre is not exact there
        np.testing.assert_allclose(row[2:], expected[2:], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shift", [-3.0, -1.0, 0.0, 1.0, 3.0])
def test_threshold_is_where_the_curve_crosses_zero(shift):
    efficiency = SigmoidEfficiency(EFFICIENCY, VARIATION, shift)
    value, (_, slope) = threshold_and_slopes(EFFICIENCY, jnp.array(shift))
    threshold = float(value)
    assert threshold == pytest.approx(zero(shift), abs=1e-11)
    values = np.asarray(at_signals(efficiency, jnp.array([threshold - 1e-3, threshold + 1e-3, 40.0])))
    assert values[0] == 0.0
    assert values[1] > 0.0
    np.testing.assert_allclose(values[2], unclipped(40.0, shift), rtol=1e-13)
    # the derivative of the crossing, by differences of an independent root finder
    np.testing.assert_allclose(slope, (zero(shift + 1e-4) - zero(shift - 1e-4)) / 2e-4, rtol=1e-6)


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ((1.0, 0.3, 10.0, 0.0), 0.0),  # never negative
        ((0.8, 0.3, 10.0, 0.2), 0.0),
        ((1.0, 0.3, -5.0, -0.1), 0.0),  # crosses below zero signal
    ],
)
def test_curves_that_do_not_cross(coefficients, expected):
    SigmoidEfficiency(coefficients, np.zeros(4))  # is accepted
    threshold, (slopes, _) = threshold_and_slopes(np.array(coefficients), jnp.array(0.0), np.zeros(4))
    assert float(threshold) == expected
    assert np.all(np.isfinite(slopes))


def test_an_efficiency_that_starts_beyond_the_bins_sees_nothing():
    late = SigmoidEfficiency([1.0, 1.0, 100.0, -0.5], np.zeros(4))
    detector = GammaPhotoElectrons(EDGES, YIELD, SHAPE, late)
    found, slopes = kernel_and_slopes(detector, jnp.array([0.5, 3.0]))
    np.testing.assert_array_equal(found, 0.0)
    assert np.all(np.isfinite(slopes))


@pytest.mark.parametrize("energy", [0.0, -1.0, 1e-12, 1e-3])
def test_nothing_is_seen_of_nothing(energy, precision):
    """No recoil node gives less than 1e-6 keV; what lies at or below zero must not spoil the others' gradients."""
    detector = response()
    found, slopes = map(np.asarray, kernel_and_slopes(detector, jnp.array([energy, 2.0], dtype=float)))
    np.testing.assert_allclose(found[0], 0.0, rtol=0, atol=1e-12)
    assert np.all(np.isfinite(slopes))
    _, alone = kernel_and_slopes(detector, jnp.array([2.0], dtype=float))
    np.testing.assert_allclose(slopes[1], np.asarray(alone)[0], rtol=1e-5)


def test_gradients_are_finite_and_right():
    """Derivatives in energy, yield and shape against differences of the quadrature."""

    def probability(energy, inverse_yield, shape):
        detector = GammaPhotoElectrons(EDGES, inverse_yield, shape, SigmoidEfficiency(EFFICIENCY, VARIATION))
        return detector.kernel(energy[None])[0, 3]

    slopes = jax.jit(jax.grad(probability, argnums=(0, 1, 2)))(jnp.array(1.4), jnp.array(YIELD), jnp.array(SHAPE))

    def exact(energy, inverse_yield, shape):
        excess = shape * energy
        distribution = gamma(1 + excess, scale=energy / inverse_yield / (1 + excess))
        return quad(lambda x: distribution.pdf(x) * unclipped(x, 0.0), 16.0, 20.0, epsabs=0, epsrel=1e-13)[0]

    point = np.array([1.4, YIELD, SHAPE])
    for index, slope in enumerate(slopes):
        step = np.zeros(3)
        step[index] = 1e-4 * point[index]
        difference = (exact(*(point + step)) - exact(*(point - step))) / (2 * step[index])
        np.testing.assert_allclose(slope, difference, rtol=1e-6)


log_poisson_mode_and_slope = jax.jit(jax.value_and_grad(log_poisson_mode))


@pytest.mark.parametrize("mean", [1e-6, 0.3, 7.9999, 8.0, 8.0001, 40.0, 1e4])
def test_log_poisson_mode(mean):
    with mpmath.workdps(40):
        x = mpmath.mpf(mean)
        value = float(x * mpmath.log(x) - x - mpmath.loggamma(1 + x))
        slope = float(mpmath.log(x) - mpmath.psi(0, 1 + x))
    found, derivative = log_poisson_mode_and_slope(jnp.array(mean))
    assert float(found) == pytest.approx(value, rel=5e-15, abs=1e-14)
    assert float(derivative) == pytest.approx(slope, rel=1e-12, abs=1e-14)


def test_float32_kernel():
    """The exponent is counted from the middle of the bins: a few 1e-6, where x^b alone would lose a factor of five."""
    energies = np.linspace(0.2, 5.0, 97).astype(np.float32)
    double = np.asarray(kernel(response(), jnp.asarray(energies, dtype=float)))
    with jax.enable_x64(False):
        single = np.asarray(kernel(response(), jnp.asarray(energies)))
    assert single.dtype == np.float32
    assert np.max(np.abs(single - double) / double.max(axis=0)) < 6e-6


def test_messages_name_the_argument():
    efficiency = SigmoidEfficiency(EFFICIENCY, VARIATION)
    with pytest.raises(CevnsjaxError, match="edges_PE must be finite and increase"):
        GammaPhotoElectrons([0.0, 2.0, 1.0], YIELD, SHAPE, efficiency)
    with pytest.raises(CevnsjaxError, match="inverse_yield_keV_per_PE must be positive"):
        GammaPhotoElectrons(EDGES, 0.0, SHAPE, efficiency)
    with pytest.raises(CevnsjaxError, match="shape_per_keV must be positive"):
        GammaPhotoElectrons(EDGES, YIELD, -1.0, efficiency)
