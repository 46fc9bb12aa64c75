"""Axial bosons of nuclear transitions: widths against sums over polarisations, and published factors."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.particle import MEG_II_LIMITS, X17_MASS_MEV, AxialBoson, SpinDipoleTransition, SpinTransition
from cevnsjax.paths import set_paths
from cevnsjax.target import measured_levels, nuclear_levels
from tests.leaf_gradients import check_gradients

HBAR_C_MEV_FM = 197.3269804


@pytest.mark.parametrize(
    ("energy", "mass", "unity", "dipole"),
    [
        (18.15, 16.85, 0.37696883509326445, 0.6784295096947683),
        (12.71, 11.0, 0.37553211756921134, 0.5706622334090877),
        (17.23, 17.01, 0.1468688530849551, 0.045700640884029045),
        (20.21, 16.84, 0.6797999165715493, 3.0840030933555274),
    ],
)
def test_kinematic_factors(energy, mass, unity, dipole):
    """Independent evaluation of p/(18 pi) (2 + E^2/m^2), MeV, and p^3/(144 pi), MeV^3."""
    spins, positions = SpinTransition(1.0, 1.0), SpinDipoleTransition(HBAR_C_MEV_FM)
    at = jnp.asarray(energy)
    # eps_p + eps_n = 1, and eps_p - eps_n = 1
    np.testing.assert_allclose(spins.width_MeV(AxialBoson(0.25, 0.75, mass), at), unity, rtol=1e-12)
    np.testing.assert_allclose(positions.width_MeV(AxialBoson(1.5, 0.5, mass), at), dipole, rtol=1e-12)


def test_width_is_a_sum_over_polarisations():
    """Golden rule for 1+ to 0+: p/(2 pi) times the mean over M and directions of sum |e.<sigma>|^2."""
    energy, mass, proton, neutron = 18.15, 16.85, 0.4, -1.3
    momentum = math.sqrt(energy**2 - mass**2)
    reduced = 1e-3 * proton * 0.7 + 2e-3 * neutron * 0.2
    # <0 0|O_q|1 M> = (-1)^0 (0 1 1; 0 q M) <0||O||1>, and (0 1 1; 0 q -q)^2 = 1/3: Cartesian components of each M
    root = 1.0 / math.sqrt(2.0)
    spherical = np.array([[-root, -1j * root, 0.0], [root, -1j * root, 0.0], [0.0, 0.0, 1.0]])
    of_states = reduced / math.sqrt(3.0) * spherical
    total = 0.0
    for cosine, azimuth in itertools.product((-0.7, 0.1, 0.9), (0.3, 2.0)):
        sine = math.sqrt(1.0 - cosine**2)
        along = np.array([sine * math.cos(azimuth), sine * math.sin(azimuth), cosine])
        first = np.cross(along, [0.0, 0.0, 1.0]) / sine
        second = np.cross(along, first)
        vectors = (first, second, energy / mass * along)
        total = sum(abs(np.dot(vector, state)) ** 2 for vector in vectors for state in of_states) / 3.0
        expected = momentum / (2.0 * math.pi) * total
        found = SpinTransition(proton * 0.7, neutron * 0.2).width_MeV(AxialBoson(1e-3, 2e-3, mass), jnp.asarray(energy))
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_heavier_boson_is_not_emitted(precision):
    """Exact zeros, and finite derivatives there, where mass and energy are alike, and without couplings."""
    for transition in (SpinTransition(0.3, 0.1), SpinDipoleTransition(0.5)):

        def width(values, transition=transition):
            boson = set_paths(AxialBoson(1e-3, 1e-3), ["mass_MeV", "proton_coupling"], [values[0], values[1]])
            return transition.width_MeV(boson, values[2])

        run = jax.jit(jax.vmap(jax.value_and_grad(width)))
        at = jnp.asarray([[19.0, 1e-3, 18.15], [18.15, 1e-3, 18.15], [16.85, -1e-3, 18.15]], dtype=float)
        values, slopes = run(at)
        np.testing.assert_array_equal(np.asarray(values[:2]), 0.0)
        assert np.all(np.isfinite(slopes))
        assert values.dtype == (np.float64 if precision == "float64" else np.float32)


@pytest.mark.parametrize("transition", [SpinTransition(0.3, -0.2), SpinDipoleTransition(0.5)])
def test_gradients(transition):
    for mass in (16.85, 18.0):
        boson = AxialBoson(2e-3, -1e-3, mass)
        check_gradients((boson, transition), lambda both: both[1].width_MeV(both[0], jnp.asarray(18.15)) * 1e9)


def test_levels_of_beryllium_under_the_limits_of_meg_ii():
    """Isoscalar and isovector couplings that are left; quenching of a level is that of its width."""
    levels = nuclear_levels("Be8")
    gamma = {each.energy_MeV: each.values["gamma_width_eV"] for each in measured_levels("Be8")}
    for energy, sign in ((17.64, -1.0), (18.15, 1.0)):
        level = int(np.flatnonzero(np.isclose(levels.energy_MeV, energy))[0])
        boson = AxialBoson(1e-3, sign * 1e-3, X17_MASS_MEV)
        width = SpinTransition.of_level(levels, level).width_MeV(boson, jnp.asarray(energy))
        ratio = float(width) / (1e-6 * gamma[energy])
        momentum = math.sqrt(energy**2 - 16.88**2)
        spin = 2e-3 * abs(float(levels.proton_spin[level]))
        expected = momentum * (2.0 + (energy / 16.88) ** 2) * spin**2 / (18.0 * math.pi) / (1e-6 * gamma[energy])
        np.testing.assert_allclose(ratio, expected, rtol=1e-6)
        assert MEG_II_LIMITS[energy] < ratio
        # a level sees only the combination of its isospin
        other = AxialBoson(1e-3, -sign * 1e-3)
        assert float(SpinTransition.of_level(levels, level).width_MeV(other, jnp.asarray(energy))) == 0.0
    quenched = SpinTransition.of_level(levels.quenched(0.25), 0)
    np.testing.assert_allclose(quenched.proton_spin, 0.5 * levels.proton_spin[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: AxialBoson(1e-3, 1e-3, 0.0), "mass_MeV must be positive and in MeV, got 0"),
        (lambda: AxialBoson(np.nan, 1e-3), "proton_coupling must be finite"),
        (lambda: SpinTransition.of_level(nuclear_levels("Be8"), 99), "level must be 0 to 11 for Be8, got 99"),
    ],
)
def test_bad_input(build, sentence):
    with pytest.raises(CevnsjaxError, match=sentence):
        build()
