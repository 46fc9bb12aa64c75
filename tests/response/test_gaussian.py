"""Gaussian response against SciPy's quadrature and normal distribution."""

import functools
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.paths import get_path, leaf_paths, set_paths
from cevnsjax.response import DepositEfficiency, GaussianResponse, Resolution, TabulatedEfficiency

EDGES = np.array([0.0, 0.2, 0.5, 0.9, 1.6, 4.0])
KNOTS = np.array([0.1, 0.3, 0.5, 0.52, 1.2, 6.0])  # one on an edge, one beyond them all
VALUES = np.array([0.05, 0.2, 0.6, 0.61, 0.9, 0.95])
RESOLUTION = {
    "noise_keV": 0.0685,
    "fano": 0.11,
    "pair_energy_keV": 0.00296,
    "stochastic_sqrt_keV": 0.08,
    "constant": 0.03,
}
ENERGIES = np.array([1e-6, 0.05, 0.1873, 0.2, 0.513, 1.3, 3.0, 6.0])


@jax.jit
def kernel(detector, energies):
    return detector.kernel(energies)


def response(threshold=0.15):
    efficiency = TabulatedEfficiency(KNOTS, VALUES)
    return GaussianResponse(EDGES, Resolution(**RESOLUTION), efficiency, threshold)


def width(energy):
    noise, fano, pair, stochastic, constant = RESOLUTION.values()
    return np.sqrt(noise**2 + fano * pair * energy + stochastic**2 * energy + (constant * energy) ** 2)


def by_quadrature(energy, low, high, threshold):
    sigma = width(energy)

    def integrand(x):
        return norm.pdf(x, energy, sigma) * np.interp(x, KNOTS, VALUES)

    low = max(low, threshold, KNOTS[0])
    peaks = [energy + n * sigma for n in (-5.0, 0.0, 5.0)]
    points = sorted({low, high, *(p for p in (*KNOTS, *peaks) if low < p < high)}) if low < high else []
    return sum(quad(integrand, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in itertools.pairwise(points))


@pytest.mark.parametrize("threshold", [0.0, 0.15, 0.6])
def test_kernel(threshold):
    expected = [[by_quadrature(e, *edges, threshold) for edges in itertools.pairwise(EDGES)] for e in ENERGIES]
    found = kernel(response(threshold), jnp.asarray(ENERGIES))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-17)


def test_without_efficiency_are_differences_of_the_normal_distribution():
    """Also far from the peak: the tail is taken on the side where nothing cancels."""
    detector = GaussianResponse(EDGES, Resolution(**RESOLUTION), threshold_keV=-1.0)
    found = np.asarray(kernel(detector, jnp.asarray(ENERGIES)))
    for row, energy in zip(found, ENERGIES, strict=True):
        z = (EDGES - energy) / width(energy)
        expected = np.where(z[:-1] > 0, norm.sf(z[:-1]) - norm.sf(z[1:]), norm.cdf(z[1:]) - norm.cdf(z[:-1]))
        np.testing.assert_allclose(row, expected, rtol=1e-12)
    wide = GaussianResponse([-50.0, 50.0], Resolution(**RESOLUTION), threshold_keV=-50.0)
    np.testing.assert_allclose(kernel(wide, jnp.asarray(ENERGIES)), 1.0, rtol=1e-14)


def test_perfect_resolution_is_a_histogram():
    """Every term far below the bins: each deposit falls in its bin with the efficiency at its energy."""
    detector = GaussianResponse(EDGES, Resolution(1e-5), TabulatedEfficiency(KNOTS, VALUES))
    energies = np.array([0.05, 0.15, 0.4, 0.51, 1.0, 3.0, 5.0])
    found = np.asarray(kernel(detector, jnp.asarray(energies)))
    expected = np.zeros_like(found)
    for row, energy in enumerate(energies[1:-1], start=1):
        expected[row, np.searchsorted(EDGES, energy) - 1] = np.interp(energy, KNOTS, VALUES)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_every_leaf_against_differences():
    detector = response()
    paths = [path for path, _ in leaf_paths(detector)]
    assert len(paths) == 9
    leaves = [np.asarray(get_path(detector, path)) for path in paths]
    weights = np.random.default_rng(0).uniform(size=(len(ENERGIES) - 1, len(EDGES) - 1))

    @jax.jit
    @jax.value_and_grad
    def total(arguments):
        energies, leaves = arguments
        return (set_paths(detector, paths, leaves).kernel(energies) * jnp.asarray(weights)).sum()

    arguments = [ENERGIES[1:], *leaves]
    gradients = total((jnp.asarray(ENERGIES[1:]), [jnp.asarray(leaf) for leaf in leaves]))[1]
    for index, (name, found) in enumerate(zip(["energy", *paths], [gradients[0], *gradients[1]], strict=True)):
        for entry in np.ndindex(np.shape(found)):
            # a knot that lies on an edge has one-sided derivatives that agree, but no neighbourhood to difference in
            step = 1e-6 if arguments[index][entry] == 0.5 else 1e-4 * max(abs(float(arguments[index][entry])), 1e-2)
            if (name, entry) == ("edges_keV", (0,)):
                continue  # below the threshold
            values = []
            for multiple in (-2, -1, 1, 2):
                moved = [np.array(argument) for argument in arguments]
                moved[index][entry] += multiple * step
                values.append(float(total((jnp.asarray(moved[0]), [jnp.asarray(leaf) for leaf in moved[1:]]))[0]))
            difference = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * step)
            np.testing.assert_allclose(found[entry], difference, rtol=1e-5, atol=1e-9, err_msg=f"{name}{entry}")


@pytest.mark.parametrize("efficient", [True, False])
def test_edges_of_the_model(efficient, precision):
    """No deposit, a deposit on an edge, a tiny one; no noise; a threshold beyond the bins: zero, and finite slopes."""
    efficiency = TabulatedEfficiency(KNOTS, VALUES) if efficient else None
    energies = as_float([-1.0, 0.0, 1e-30, 1e-7, 0.2, 0.5, 1e3])

    @jax.jit
    @functools.partial(jax.value_and_grad, has_aux=True)
    def total_and_kernel(arguments):
        energies, detector = arguments
        kernel = detector.kernel(energies)
        return kernel.sum(), kernel

    for resolution in (Resolution(**RESOLUTION), Resolution(0.0, 0.1, 0.003), Resolution(0.0, stochastic_sqrt_keV=0.6)):
        for threshold in (0.0, 0.5, 9.0):
            detector = GaussianResponse(EDGES, resolution, efficiency, threshold)
            (value, found), slopes = total_and_kernel((energies, detector))
            assert all(np.all(np.isfinite(slope)) for slope in jax.tree.leaves((value, slopes)))
            np.testing.assert_array_equal(np.asarray(found)[:2], 0.0)
            assert found.dtype == np.dtype(precision)
            # rounding alone is left where the threshold is beyond the bins
            assert (float(value) < 1e-15) == (threshold == 9.0)


def test_float32():
    """To a few 1e-6 of each bin's own value, ten standard deviations out: nothing cancels."""
    energies = np.linspace(0.01, 3.5, 201).astype(np.float32)
    edges = np.linspace(0.2, 1.5, 131).astype(np.float32)  # bins far narrower than the resolution
    keywords = dict(RESOLUTION, stochastic_sqrt_keV=0.0)

    def of(energies, knots):
        detector = GaussianResponse(edges, Resolution(**keywords), TabulatedEfficiency(knots, VALUES))
        return np.asarray(kernel(detector, energies))

    knots = KNOTS.astype(np.float32)
    double = of(jnp.asarray(energies, dtype=float), knots)
    with jax.enable_x64(False):
        single = of(jnp.asarray(energies), knots)
    assert single.dtype == np.float32
    assert np.max(np.abs(single - double) / double.max(axis=0)) < 5e-6
    assert np.min(single) >= 0.0


def test_efficiency_of_the_deposit():
    energies = jnp.asarray(ENERGIES)
    detector = DepositEfficiency(response(), TabulatedEfficiency([0.1, 2.0], [0.5, 1.0]))
    expected = np.where(ENERGIES < 0.1, 0.0, np.interp(ENERGIES, [0.1, 2.0], [0.5, 1.0]))
    np.testing.assert_allclose(
        kernel(detector, energies), expected[:, None] * np.asarray(kernel(response(), energies)), rtol=1e-13
    )


def test_one_knot_is_a_step():
    efficiency = TabulatedEfficiency([0.3], [0.8])
    np.testing.assert_array_equal(eqx.filter_jit(efficiency)(jnp.array([0.29, 0.3, 5.0])), [0.0, 0.8, 0.8])
    detector = GaussianResponse(EDGES, Resolution(0.1), efficiency)
    expected = 0.8 * (norm.cdf(0.5, 0.4, 0.1) - norm.cdf(0.3, 0.4, 0.1))
    np.testing.assert_allclose(np.asarray(kernel(detector, jnp.array([0.4])))[0, 1], expected, rtol=1e-13)


def test_messages():
    with pytest.raises(CevnsjaxError, match="noise_keV must be zero or positive"):
        Resolution(-0.1)
    with pytest.raises(CevnsjaxError, match="at least one term"):
        Resolution(fano=0.1)
    with pytest.raises(CevnsjaxError, match="edges_keV must be finite and increase"):
        GaussianResponse([1.0, 0.0], Resolution(0.1))
    with pytest.raises(CevnsjaxError, match="values must be between 0 and 1"):
        TabulatedEfficiency([1.0, 2.0], [-0.1, 0.2])
    with pytest.raises(CevnsjaxError, match="values must have one entry for each of knots_keV"):
        TabulatedEfficiency([1.0, 2.0], [0.1])
