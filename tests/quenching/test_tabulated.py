"""Quenching through knots, against NumPy and SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching import MonotoneQuenching, TabulatedQuenching

KNOTS = np.array([0.2, 0.5, 0.9, 2.0, 5.0])
RECOIL = np.concatenate([np.linspace(0.0, 7.0, 141), KNOTS])


@jax.jit
def energy(quenching, recoil):
    return quenching(recoil)


def test_tabulated_factor():
    factors = np.array([0.1, 0.14, 0.13, 0.2, 0.22])
    found = TabulatedQuenching(KNOTS, factors)(jnp.asarray(RECOIL))
    np.testing.assert_allclose(found, RECOIL * np.interp(RECOIL, KNOTS, factors), rtol=1e-14)


@pytest.mark.parametrize(
    "energies",
    [
        (0.02, 0.07, 0.12, 0.4, 1.1),
        (0.02, 0.15, 0.151, 0.8, 0.81),  # the end slopes are limited
        (0.0, 0.0, 0.1, 0.1, 0.5),  # a cut-off and a plateau
        (0.15, 0.16, 0.17, 1.9, 1.95),
    ],
)
def test_monotone_is_pchip(energies):
    quenching = MonotoneQuenching(KNOTS, energies)
    reference = PchipInterpolator([0.0, *KNOTS], [0.0, *energies])
    inside = KNOTS[-1] >= RECOIL
    found = np.asarray(energy(quenching, jnp.asarray(RECOIL)))
    np.testing.assert_allclose(found[inside], reference(RECOIL[inside]), rtol=1e-12, atol=1e-15)
    beyond = energies[-1] + reference.derivative()(KNOTS[-1]) * (RECOIL[~inside] - KNOTS[-1])
    np.testing.assert_allclose(found[~inside], beyond, rtol=1e-12)


def test_monotone_whatever_the_knots():
    steps = np.random.default_rng(3).exponential(size=(400, 5)) ** 3
    recoil = jnp.linspace(0.0, 7.0, 701)
    curves = np.asarray(
        jax.jit(jax.vmap(lambda e: MonotoneQuenching(KNOTS, e)(recoil)))(jnp.asarray(np.cumsum(steps, axis=1)))
    )
    assert np.min(np.diff(curves, axis=1) / curves.max(axis=1, keepdims=True)) > -1e-15


def test_messages():
    with pytest.raises(CevnsjaxError, match="knots_keV must be finite and increase"):
        TabulatedQuenching([1.0, 1.0], [0.1, 0.2])
    with pytest.raises(CevnsjaxError, match="factors must have one entry for each of knots_keV"):
        TabulatedQuenching([1.0, 2.0], [0.1, 0.2, 0.3])
    with pytest.raises(CevnsjaxError, match="factors must be finite"):
        TabulatedQuenching([1.0, 2.0], [0.1, np.nan])
    with pytest.raises(CevnsjaxError, match="ionisation_energies_keV must be zero or positive and must not decrease"):
        MonotoneQuenching([1.0, 2.0], [0.2, 0.1])
    with pytest.raises(CevnsjaxError, match="knots_keV must be positive"):
        MonotoneQuenching([0.0, 2.0], [0.0, 0.1])
    with pytest.raises(CevnsjaxError, match="knots_keV must hold at least two"):
        MonotoneQuenching([2.0], [0.1])
