"""Levels of a nucleus: strengths, M1, what is refused, gradients."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.paths import leaf_paths
from cevnsjax.target import NuclearLevels, compound, magnetic_dipole_width_MeV

ARGUMENTS = dict(
    nuclide="C13",
    ground_state_spin=0.5,
    spins=(1.5, 0.5, 1.5),
    energy_MeV=[3.68, 8.8, 11.8],
    proton_spin=[0.007, 0.875, -0.4],
    neutron_spin=[2.054, -0.107, 0.3],
    proton_orbital=[0.1, -0.3, 0.2],
)


def levels(**changes):
    return NuclearLevels(**(ARGUMENTS | changes))


def test_strengths():
    one = levels(quenching=0.6, relative_strength=[1.0, 0.5, 2.0])
    proton, neutron, orbital = (np.array(ARGUMENTS[name]) for name in ("proton_spin", "neutron_spin", "proton_orbital"))
    scale = 0.6 * np.array([1.0, 0.5, 2.0])
    np.testing.assert_allclose(one.isovector_strength, scale * (proton - neutron) ** 2 / 4, rtol=1e-14)
    np.testing.assert_allclose(one.isoscalar_strength, scale * (proton + neutron) ** 2 / 4, rtol=1e-14)
    mixed = scale * (0.3 * proton + 0.7 * neutron) * (proton - neutron)
    np.testing.assert_allclose(one.strength((0.3, 0.7), (1.0, -1.0)), mixed, rtol=1e-14)
    moment = orbital + 5.5856946893 / 2 * proton - 3.82608545 / 2 * neutron  # g factors of CODATA 2018
    np.testing.assert_allclose(one.magnetic_dipole_up_muN2, scale * 3 / (4 * np.pi) * moment**2 / 2, rtol=1e-8)


def test_gamma_width():
    """Down from spin J_f is (2 J_i + 1)/(2 J_f + 1) of up; 0.01158 eV E^3 B(M1) is the rule of the literature."""
    one = levels()
    down = one.magnetic_dipole_up_muN2 * jnp.array([0.5, 1.0, 0.5])
    np.testing.assert_allclose(one.gamma_width_MeV, 0.01158e-6 * one.energy_MeV**3 * down, rtol=1e-3)
    assert float(magnetic_dipole_width_MeV(1.0, 1.0)) == pytest.approx(1.1574e-8, rel=1e-4)


def test_single_nucleon():
    """A proton from p1/2 to p3/2: S_p^2 is 6 less the 2/3 of p1/2 itself, and L_p = -S_p/2 because j is diagonal."""
    one = NuclearLevels("N15", 0.5, [1.5], [6.3], [4 / np.sqrt(3)], [0.0], [-2 / np.sqrt(3)])
    by_hand = 3 / (4 * np.pi) * (5.5856946893 - 1) ** 2 * (2 / 3)
    np.testing.assert_allclose(one.magnetic_dipole_up_muN2, [by_hand], rtol=1e-8)


def test_isovector_levels():
    one = NuclearLevels.isovector("C12", 0, [1, 1], [12.7, 15.1], [0.0, 0.54])
    np.testing.assert_allclose(one.isovector_strength, [0.0, 0.54], rtol=1e-14)
    np.testing.assert_array_equal(one.isoscalar_strength, 0.0)
    # 2.2993 = 4.706 (3/(4 pi))^(1/2)
    np.testing.assert_allclose(one.magnetic_dipole_up_muN2, [0.0, 2.2993**2 * 0.54], rtol=1e-4)


def test_parts():
    one = levels(quenching=0.6, relative_strength=[1.0, 0.5, 2.0])
    kept = one.between(8.8, 11.8)
    assert kept.spins == (0.5, 1.5)
    np.testing.assert_array_equal(kept.energy_MeV, one.energy_MeV[1:])
    np.testing.assert_array_equal(kept.isovector_strength, one.isovector_strength[1:])
    np.testing.assert_array_equal(
        one.take([0, 2]).magnetic_dipole_up_muN2, one.magnetic_dipole_up_muN2[jnp.array([0, 2])]
    )
    assert one.take(np.array([True, False, True])).spins == (1.5, 1.5)


def test_quenching_to_a_measured_sum():
    one = levels(quenching=0.6).quenched_to_magnetic_dipole(0.3, 5.0, 12.0)
    np.testing.assert_allclose(one.between(5.0, 12.0).magnetic_dipole_up_muN2.sum(), 0.3, rtol=1e-13)
    np.testing.assert_allclose(one.quenched(0.0).isovector_strength, 0.0, atol=0.0)


def test_material_with_levels():
    carbon = levels(nuclide="C12", ground_state_spin=0, spins=(1, 1, 1))
    assert compound("C").with_levels(carbon).levels.keys() == {"C12"}
    with pytest.raises(CevnsjaxError, match=r"no nuclide in this material called 'Ar40'.*'C12'"):
        compound("C").with_levels(levels(nuclide="Ar40"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy_MeV": [8.8, 3.68, 11.8]}, "energy_MeV must be finite and not decrease"),
        ({"energy_MeV": [3.68, np.nan, 11.8]}, "energy_MeV must be finite"),
        ({"energy_MeV": [0.0, 8.8, 11.8]}, r"energy_MeV must be above zero .*got 0.0 MeV"),
        ({"energy_MeV": [-0.155, 8.8, 11.8]}, "energy_MeV must be above zero"),
        ({"proton_spin": [0.1, 0.2]}, "proton_spin must have one entry for each of energy_MeV"),
        ({"neutron_spin": [0.1, np.inf, 0.2]}, "neutron_spin must be finite"),
        ({"relative_strength": [1.0, -1.0, 1.0]}, "relative_strength multiplies squares"),
        ({"quenching": -0.1}, "quenching multiplies squares"),
        ({"quenching": np.nan}, "quenching multiplies squares"),
        ({"spins": (1.5, 0.5)}, "spins must name J_f of all 3 levels, got 2"),
        ({"spins": (1.5, 1, 0.5)}, "all integer or all half-integer, got 1 beside J_i = 0.5"),
        ({"spins": (1.5, -0.5, 0.5)}, "spins must be zero or positive"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(CevnsjaxError, match=message):
        levels(**changes)


def test_more_bad_input():
    with pytest.raises(CevnsjaxError, match=r"not negative, got -0\.2 for level 1 of C12"):
        NuclearLevels.isovector("C12", 0, [1, 1], [12.7, 15.1], [0.1, -0.2])
    with pytest.raises(CevnsjaxError, match=r"no level of C13 from 4 to 5 MeV; they go from 3\.68 to 11\.8 MeV"):
        levels().between(4.0, 5.0)
    with pytest.raises(CevnsjaxError, match="sums of B"):
        levels().quenched_to_magnetic_dipole(-1.0)
    with pytest.raises(CevnsjaxError, match="quenching multiplies squares"):
        levels().quenched(-0.5)


def scalar_function(one):
    weight = jnp.array([1.0, 2.0, 3.0], dtype=one.energy_MeV.dtype)
    return jnp.sum(weight * one.strength((1.2, -0.7), (0.4, 0.9))) + jnp.sum(weight * one.gamma_width_MeV) * 1e6


@pytest.mark.parametrize("changes", [{}, {"quenching": 0.0}, {"neutron_spin": [0.0, 0.0, 0.0]}])
def test_gradients(changes):
    """All leaves, those of one entry for each level too, at ordinary points and at the edges."""
    one = levels(**changes)
    if float(one.quenching) > 0.0:
        check_gradients(one, scalar_function)
    for path in [path for path, leaf in leaf_paths(one) if leaf.ndim == 1]:

        def moved(values, path=path):
            return scalar_function(dataclasses.replace(one, **{path: values}))

        start = getattr(one, path)
        gradient = jax.grad(moved)(start)
        difference = [(moved(start.at[i].add(1e-5)) - moved(start.at[i].add(-1e-5))) / 2e-5 for i in range(3)]
        np.testing.assert_allclose(gradient, difference, rtol=1e-5, atol=1e-9)


def test_precisions(precision):
    one = levels(quenching=0.7)
    assert one.isovector_strength.dtype == precision
    assert jax.grad(lambda q: scalar_function(one.quenched(q)))(as_float(0.7)).dtype == precision
    proton, neutron = (np.array(ARGUMENTS[name]) for name in ("proton_spin", "neutron_spin"))
    np.testing.assert_allclose(one.isovector_strength, 0.7 * (proton - neutron) ** 2 / 4, rtol=1e-6)
