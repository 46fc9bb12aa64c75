"""Recoils where a particle becomes a heavier or a lighter one: root finding with many digits, and limits."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from cevnsjax.arrays import as_float
from cevnsjax.constants import ELECTRON_MASS_MEV
from cevnsjax.cross_section.dark_kinematics import (
    recoil_at_threshold_MeV,
    recoil_limits_MeV,
    smallest_energy_MeV,
    smallest_momentum_MeV,
    threshold_MeV,
)

ARGON_MEV = 37215.5
# mass of the target, of what arrives and of what leaves
CASES = {
    "argon, up": (ARGON_MEV, 10.0, 14.0),
    "argon, down": (ARGON_MEV, 14.0, 10.0),
    "argon, elastic": (ARGON_MEV, 10.0, 10.0),
    "argon, light": (ARGON_MEV, 1e-3, 1e-3),
    "electron, up": (ELECTRON_MASS_MEV, 30.0, 31.0),
    "electron, down": (ELECTRON_MASS_MEV, 31.0, 30.0),
    "electron, far down": (ELECTRON_MASS_MEV, 31.0, 1.0),
    "electron, elastic": (ELECTRON_MASS_MEV, 30.0, 30.0),
}
RECOILS_MEV = np.asarray([1e-6, 1e-4, 1e-2, 0.3, 5.0, 80.0])


@jax.jit
@jax.vmap
def smallest(recoil, mass, arriving, leaving):
    def both(recoil, mass, arriving, leaving):
        numbers = (recoil, mass, arriving, leaving - arriving)
        return jnp.stack([smallest_energy_MeV(*numbers), smallest_momentum_MeV(*numbers)])

    numbers = (recoil, mass, arriving, leaving)
    return both(*numbers), jax.jacfwd(both, (0, 1, 2, 3))(*numbers)


@jax.jit
@jax.vmap
def limits(energy, mass, arriving, leaving):
    def all_of_them(energy, mass, arriving, leaving):
        numbers = (energy, mass, arriving, leaving - arriving)
        recoils = (*recoil_limits_MeV(*numbers), recoil_at_threshold_MeV(*numbers[1:]), threshold_MeV(*numbers[1:]))
        return jnp.stack(recoils)

    numbers = (energy, mass, arriving, leaving)
    return all_of_them(*numbers), jax.jacfwd(all_of_them, (0, 1, 2, 3))(*numbers)


def at(function, first, case):
    """At numbers of one case, repeated up to a length that all tests share."""
    points = [np.resize(first, 48), *(np.full(48, number) for number in CASES[case])]
    found, slopes = function(*map(as_float, points))
    return np.asarray(found)[: len(first)], np.stack(slopes, axis=-1)[: len(first)]


@mpmath.workdps(40)
def head_on(recoil, mass, arriving, leaving):
    """Energy and signed momentum where all momentum is along one line: E = T + E' by bisection, nothing squared."""
    recoil, mass, arriving, leaving = map(mpmath.mpf, (recoil, mass, arriving, leaving))
    taken = mpmath.sqrt(recoil**2 + 2 * mass * recoil)

    def excess(momentum):
        return mpmath.hypot(momentum, arriving) - recoil - mpmath.hypot(momentum - taken, leaving)

    low, high = mpmath.mpf(-(10**7)), mpmath.mpf(10**7)
    assert excess(low) < 0 < excess(high)
    for _ in range(140):
        momentum = (low + high) / 2
        low, high = (low, momentum) if excess(momentum) > 0 else (momentum, high)
    return np.asarray([mpmath.hypot(momentum, arriving), momentum])


@mpmath.workdps(40)
def differences(function, first, case):
    """Derivatives of two numbers in four, shape (2, 4), by differences with more digits than floats have."""
    numbers = [mpmath.mpf(float(number)) for number in (first, *CASES[case])]
    columns = []
    for i, number in enumerate(numbers):
        step = number * mpmath.mpf(10) ** -12
        up, down = (function(*numbers[:i], number + sign * step, *numbers[i + 1 :]) for sign in (1, -1))
        columns.append((up - down) / (2 * step))
    return np.stack(columns, axis=1).astype(float)


@pytest.mark.parametrize("case", CASES)
def test_smallest_energy(case):
    found, slopes = at(smallest, RECOILS_MEV, case)
    expected = np.asarray([head_on(recoil, *CASES[case]) for recoil in RECOILS_MEV]).astype(float)
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-13)
    np.testing.assert_allclose(found[:, 1], expected[:, 1], rtol=1e-11)
    # derivatives in the recoil and in all masses
    for recoil, slope in zip(RECOILS_MEV[1:], slopes[1:], strict=True):
        np.testing.assert_allclose(slope, differences(head_on, recoil, case), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("case", ["argon, elastic", "argon, light", "electron, elastic"])
def test_equal_masses(case):
    mass, particle, _ = CASES[case]
    found, _ = at(smallest, RECOILS_MEV, case)
    taken = np.sqrt(RECOILS_MEV**2 + 2.0 * mass * RECOILS_MEV)
    root = np.sqrt(1.0 + 4.0 * particle**2 / (2.0 * mass * RECOILS_MEV))
    np.testing.assert_allclose(found[:, 0], 0.5 * (RECOILS_MEV + taken * root), rtol=1e-14)
    np.testing.assert_allclose(found[:, 1], 0.5 * (taken + RECOILS_MEV * root), rtol=1e-14)
    energies = particle + np.asarray([0.0, 1e-6, 1.0, 100.0])
    largest, _ = at(limits, energies, case)
    momentum2 = (energies - particle) * (energies + particle)
    expected = 2.0 * mass * momentum2 / (mass**2 + particle**2 + 2.0 * mass * energies)
    np.testing.assert_allclose(largest[:, 1], expected, rtol=1e-9)
    assert np.all(largest[:, 0] == 0.0)


@mpmath.workdps(40)
def in_the_centre_of_mass(energy, mass, arriving, leaving):
    """Smallest and largest recoil by a boost of what comes out forward and backward."""
    energy, mass, arriving, leaving = map(mpmath.mpf, (energy, mass, arriving, leaving))
    momentum = mpmath.sqrt(energy**2 - arriving**2)
    s = (energy + mass) ** 2 - momentum**2
    target = (s + mass**2 - leaving**2) / (2 * mpmath.sqrt(s))
    out = mpmath.sqrt(target**2 - mass**2)
    return np.asarray([((energy + mass) * target + sign * momentum * out) / mpmath.sqrt(s) - mass for sign in (-1, 1)])


@pytest.mark.parametrize("case", CASES)
def test_recoil_limits(case):
    mass, arriving, leaving = CASES[case]
    least = max(arriving, leaving + (leaving**2 - arriving**2) / (2.0 * mass))
    energies = least * np.asarray([1.0 + 1e-9, 1.001, 1.3, 5.0])
    found, slopes = at(limits, energies, case)
    expected = np.asarray([in_the_centre_of_mass(energy, *CASES[case]) for energy in energies]).astype(float)
    np.testing.assert_allclose(found[:, 3], least, rtol=1e-14)
    near = 1e-5  # the square root there makes much of rounding
    np.testing.assert_allclose(found[:1, :2], expected[:1], rtol=near, atol=1e-30)
    np.testing.assert_allclose(found[1:, :2], expected[1:], rtol=1e-12, atol=1e-30)
    # and back: at both of them the smallest energy is this one
    for branch in (0, 1) if leaving != arriving else (1,):
        back, _ = at(smallest, found[1:, branch], case)
        np.testing.assert_allclose(back[:, 0], energies[1:], rtol=1e-11)
    for energy, slope in zip(energies[1:], slopes[1:, :2], strict=True):
        np.testing.assert_allclose(slope, differences(in_the_centre_of_mass, energy, case), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_threshold(case, precision):
    """There, and below, only one recoil is possible, and no derivative is lost."""
    mass, arriving, leaving = CASES[case]
    least = max(arriving, leaving + (leaving**2 - arriving**2) / (2.0 * mass))
    found, slopes = at(limits, np.asarray([0.5, 0.999, 1.0, 1.0 + 1e-6, 1.1, 100.0]) * least, case)
    assert np.all(np.isfinite(found))
    assert np.all(np.isfinite(slopes))
    np.testing.assert_allclose(found[:2, :2], np.stack([found[:2, 2]] * 2, axis=1), rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(
        found[:, 2], abs(leaving**2 - arriving**2) / (2.0 * (mass + max(arriving, leaving))), rtol=1e-6
    )
    for values in at(smallest, np.asarray([*RECOILS_MEV, found[0, 2] + 1e-9]), case):
        assert np.all(np.isfinite(values))
