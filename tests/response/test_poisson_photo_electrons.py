"""Poisson photo-electrons against SciPy, with the acceptance of COHERENT's 2017 release."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import poisson

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.response import PoissonPhotoElectrons, SigmoidEfficiency, TabulatedResponse

EDGES = tuple(range(0, 32, 2))
COEFFICIENTS = np.array([0.6655, 0.4942, 10.8507, 0.0])
YIELD = 13.348
ENERGIES = np.array([1e-4, 0.05, 0.4, 1.0, 1.7, 3.0, 12.0])


@jax.jit
def kernel(detector, energies):
    return detector.kernel(energies)


def response(light_yield=YIELD, coefficients=COEFFICIENTS, turn_on=5):
    return PoissonPhotoElectrons(EDGES, light_yield, SigmoidEfficiency(coefficients, np.zeros(4)), turn_on)


def by_hand(energy, light_yield=YIELD, coefficients=COEFFICIENTS, turn_on=5):
    a, k, x0, _ = coefficients
    expected = np.zeros(len(EDGES) - 1)
    for n in range(1, EDGES[-1] + 1):
        x = n - 0.5
        step = 1.0 if turn_on is None or x >= turn_on + 1 else 0.5 if x >= turn_on else 0.0
        expected[int(x // 2)] += poisson.pmf(n, light_yield * energy) * step * a / (1 + np.exp(-k * (x - x0)))
    return expected


@pytest.mark.parametrize("turn_on", [5, None])
def test_kernel(turn_on):
    found = kernel(response(turn_on=turn_on), jnp.asarray(ENERGIES))
    np.testing.assert_allclose(found, [by_hand(e, turn_on=turn_on) for e in ENERGIES], rtol=1e-12, atol=1e-300)


def test_half_open_cut():
    """H(x - 5): nothing up to the fifth photo-electron, half of the sixth (it stands at 5.5), all of the seventh."""
    one = SigmoidEfficiency([1.0, 1.0, -1e3, 0.0], np.zeros(4))
    detector = PoissonPhotoElectrons([4, 5, 6, 7], 1.0, one, 5)
    np.testing.assert_allclose(
        kernel(detector, jnp.array([6.0]))[0], [0.0, 0.5, 1.0] * poisson.pmf([5, 6, 7], 6.0), rtol=1e-13
    )


def test_gradients():
    def total(energies, light_yield, coefficients):
        return (response(light_yield, coefficients).kernel(energies) * jnp.arange(1.0, 16.0)[None, :]).sum()

    arguments = [ENERGIES, np.array(YIELD), COEFFICIENTS]
    slopes = jax.jit(jax.grad(total, argnums=(0, 1, 2)))(*(jnp.asarray(argument) for argument in arguments))
    for index, slope in enumerate(slopes):
        for entry in np.ndindex(np.shape(slope)):
            step = 1e-4 * max(float(arguments[index][entry]), 1e-2)
            if (index, entry) == (2, (3,)):
                assert np.isfinite(slope[entry])  # at d = 0 the curve meets its clip
                continue
            values = []
            for multiple in (-2, -1, 1, 2):
                moved = [argument.copy() for argument in arguments]
                moved[index][entry] += multiple * step
                expected = np.array([by_hand(e, moved[1], moved[2]) for e in moved[0]])
                values.append((expected * np.arange(1.0, 16.0)).sum())
            difference = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * step)
            np.testing.assert_allclose(slope[entry], difference, rtol=1e-7, atol=1e-13)


def test_nothing_is_seen_of_nothing(precision):
    detector = jax.tree.map(as_float, response())
    energies = as_float([-1.0, 0.0, 1e-30, 1e-6, 2.0])
    value, slopes = jax.jit(jax.vmap(jax.value_and_grad(lambda e: detector.kernel(e[None]).sum())))(energies)
    assert np.all(np.isfinite(slopes))
    np.testing.assert_array_equal(value[:2], 0.0)


def test_float32_and_table():
    energies = np.linspace(0.01, 4.0, 301)
    double = np.asarray(kernel(response(), jnp.asarray(energies)))
    peaks = np.maximum(double.max(axis=0), 1e-3)  # nothing is in the bins below the cut
    table = TabulatedResponse.of(response(), jnp.array(8.0))
    assert np.max(np.abs(np.asarray(kernel(table, jnp.asarray(energies))) - double) / peaks) < 5e-9
    with jax.enable_x64(False):
        single = np.asarray(kernel(response(), as_float(energies)))
    assert single.dtype == np.float32
    assert np.max(np.abs(single - double) / peaks) < 5e-6


def test_messages():
    one = SigmoidEfficiency([1.0, 1.0, -1e3, 0.0], np.zeros(4))
    with pytest.raises(CevnsjaxError, match="edges_PE must be whole numbers"):
        PoissonPhotoElectrons([0.5, 2.0], YIELD, one)
    with pytest.raises(CevnsjaxError, match="light_yield_PE_per_keV must be positive"):
        PoissonPhotoElectrons([0, 2], 0.0, one)
