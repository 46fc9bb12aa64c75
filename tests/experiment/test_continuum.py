"""Continuum and capture lines against SciPy's quadrature."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import CaptureLine, ContinuumBackground, LineBackground, Satellite
from cevnsjax.paths import leaf_paths, set_paths
from cevnsjax.response import TimeWindow

EDGES_KEV = np.array([0.2, 0.21, 0.3, 0.8, 1.2, 1.5])
WINDOW = TimeWindow((0.0, 1.0))
CONTINUUM = ContinuumBackground(EDGES_KEV, 30.0, 500.0, 0.15, reference_energy_keV=0.2)
LINES = LineBackground(
    EDGES_KEV,
    1.3,
    0.07,
    {
        "Ge71": CaptureLine(900.0, satellites={"L2": Satellite(0.008, -0.155), "M": Satellite(0.16, -1.139)}),
        "Zn65": CaptureLine(10.0, -0.201),
    },
)


def continuum_density(energy_keV):
    return 30.0 + 500.0 * np.exp(-(energy_keV - 0.2) / 0.15)


def line_density(energy_keV):
    lines = {1.3: 900.0, 1.145: 7.2, 0.161: 144.0, 1.099: 10.0}
    return sum(area * norm.pdf(energy_keV, position, 0.07) for position, area in lines.items())


@pytest.mark.parametrize(("background", "density"), [(CONTINUUM, continuum_density), (LINES, line_density)])
def test_counts(background, density):
    expected = [quad(density, low, high, epsabs=0.0)[0] for low, high in itertools.pairwise(EDGES_KEV)]
    np.testing.assert_allclose(background.counts(WINDOW), np.array(expected)[:, None], rtol=1e-9)


@pytest.mark.parametrize("background", [CONTINUUM, LINES])
def test_gradients(background):
    paths = [path for path, leaf in leaf_paths(background) if leaf.shape == ()]
    values = np.array([float(leaf) for _, leaf in leaf_paths(background) if leaf.shape == ()])
    weights = jnp.arange(1.0, 6.0)

    @jax.jit
    def value(numbers):
        counts = set_paths(background, paths, list(numbers)).counts(WINDOW)
        return (counts[:, 0] * weights).sum()

    found = np.asarray(jax.jit(jax.grad(value))(jnp.asarray(values)))
    for index, path in enumerate(paths):
        step = 1e-4 * max(abs(values[index]), 0.1) * np.eye(len(values))[index]
        high, low = (float(value(jnp.asarray(values + sign * step))) for sign in (1, -1))
        np.testing.assert_allclose(found[index], (high - low) / (2.0 * step[index]), rtol=1e-5, err_msg=path)


def test_bad_input():
    with pytest.raises(CevnsjaxError, match="decay_energy_keV must be positive"):
        ContinuumBackground(EDGES_KEV, 1.0, 1.0, 0.0)
    with pytest.raises(CevnsjaxError, match="width_keV must be positive"):
        LineBackground(EDGES_KEV, 1.3, -0.07, {})
    with pytest.raises(CevnsjaxError, match="edges_keV must be finite and increase"):
        ContinuumBackground([0.2, 0.1], 1.0, 1.0, 0.1)
