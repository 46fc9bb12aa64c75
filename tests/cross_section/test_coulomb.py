"""Coulomb corrections against mpmath, and at the threshold where they diverge."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from leaf_gradients import check_gradients

from cevnsjax.cross_section import EffectiveMomentum, FermiFunction, NoCoulomb, SmallerCorrection
from cevnsjax.errors import CevnsjaxError

ELECTRON_MEV = 0.51099895
ALPHA = 7.2973525693e-3
NUCLEI = ((1, 2), (19, 40), (83, 208))
ENERGIES_MEV = np.array([0.511, 0.52, 0.7, 1.5, 10.0, 50.0])
CORRECTIONS = (FermiFunction(), EffectiveMomentum(), SmallerCorrection(), NoCoulomb())


def fermi(energy_MeV, proton_number, mass_number):
    with mpmath.workdps(30):
        energy, coupling = mpmath.mpf(energy_MeV), mpmath.mpf(ALPHA) * proton_number
        momentum = mpmath.sqrt(energy**2 - mpmath.mpf(ELECTRON_MEV) ** 2)
        s, eta = mpmath.sqrt(1 - coupling**2), coupling * energy / momentum
        radius = 1.2 * mpmath.cbrt(mass_number) / 197.3269804
        gamma2 = abs(mpmath.gamma(s + 1j * eta)) ** 2 / mpmath.gamma(1 + 2 * s) ** 2
        return float(2 * (1 + s) * (2 * momentum * radius) ** (2 * s - 2) * mpmath.exp(mpmath.pi * eta) * gamma2)


def effective_momentum(energy_MeV, proton_number, mass_number):
    effective = energy_MeV + 1.5 * proton_number * ALPHA * 197.3269804 / (1.2 * mass_number ** (1 / 3))
    momenta = (np.sqrt(energy**2 - ELECTRON_MEV**2) for energy in (effective, energy_MeV))
    return next(momenta) / next(momenta) * effective / energy_MeV


@pytest.mark.parametrize(("proton_number", "mass_number"), NUCLEI)
def test_values(proton_number, mass_number):
    energies = jnp.asarray(ENERGIES_MEV)
    first = np.array([fermi(energy, proton_number, mass_number) for energy in ENERGIES_MEV])
    second = effective_momentum(ENERGIES_MEV, proton_number, mass_number)
    smaller = np.where(np.abs(first - 1) < np.abs(second - 1), first, second)
    for correction, expected, rtol in (
        (FermiFunction(), first, 2e-7 if ENERGIES_MEV[0] < 0.512 else 1e-11),
        (EffectiveMomentum(), second, 1e-7),
        (SmallerCorrection(), smaller, 1e-7),
        (NoCoulomb(), np.ones_like(first), 1e-14),
    ):
        np.testing.assert_allclose(correction(energies, proton_number, mass_number), expected, rtol=rtol)


def test_away_from_threshold():
    """Where the momentum itself has no rounding."""
    found = FermiFunction()(jnp.asarray(ENERGIES_MEV[1:]), 19, 40)
    np.testing.assert_allclose(found, [fermi(energy, 19, 40) for energy in ENERGIES_MEV[1:]], rtol=2e-11)


@pytest.mark.parametrize(("proton_number", "mass_number"), NUCLEI)
def test_threshold(proton_number, mass_number):
    """p F at p = 0: 4 pi (1 + S) (2 a)^(2S - 1) R^(2S - 2)/(2 Gamma(1 + 2S)^2) with a = alpha Z m."""
    correction = FermiFunction()
    s = np.sqrt(1 - (ALPHA * proton_number) ** 2)
    radius = 1.2 * mass_number ** (1 / 3) / 197.3269804
    a = ALPHA * proton_number * ELECTRON_MEV
    limit = 4 * np.pi * (1 + s) * a ** (2 * s - 1) * (2 * radius) ** (2 * s - 2)
    limit /= float(mpmath.gamma(1 + 2 * s)) ** 2
    scaled = functools.partial(correction.times_momentum_MeV, proton_number=proton_number, mass_number=mass_number)
    energies = ELECTRON_MEV + jnp.array([0.0, 1e-9, 1e-6])
    found, slopes = jax.jit(jax.vmap(jax.value_and_grad(scaled)))(energies)
    np.testing.assert_allclose(found, limit, rtol=1e-3)
    np.testing.assert_allclose(found[0], limit, rtol=1e-11)
    np.testing.assert_allclose(slopes[1], slopes[2], rtol=1e-2)


@pytest.mark.parametrize("correction", CORRECTIONS, ids=lambda each: type(each).__name__)
def test_gradients(correction):
    """Finite at and below the threshold; right above it."""
    scaled = functools.partial(correction.times_momentum_MeV, proton_number=19, mass_number=40)
    energies = jnp.array([0.0, 0.3, ELECTRON_MEV, ELECTRON_MEV + 1e-12, 0.6, 5.0, 30.0])
    slopes = jax.jit(jax.vmap(jax.grad(scaled)))(energies)
    assert np.all(np.isfinite(slopes))
    step = 1e-6
    differences = (scaled(energies[-3:] + step) - scaled(energies[-3:] - step)) / (2 * step)
    np.testing.assert_allclose(slopes[-3:], differences, rtol=1e-6)
    if not isinstance(correction, NoCoulomb):
        check_gradients(correction, lambda each: each.times_momentum_MeV(jnp.array([0.6, 30.0]), 19, 40).sum())


def test_float32():
    with jax.enable_x64(False):
        rough = FermiFunction()(jnp.asarray(ENERGIES_MEV[2:]), 83, 208)
        assert rough.dtype == jnp.float32
    np.testing.assert_allclose(rough, [fermi(energy, 83, 208) for energy in ENERGIES_MEV[2:]], rtol=3e-5)


def test_bad_input():
    with pytest.raises(CevnsjaxError, match="radius_fm must be positive"):
        FermiFunction(0.0)
    with pytest.raises(CevnsjaxError, match="radius_fm must be positive"):
        EffectiveMomentum(-1.2)
