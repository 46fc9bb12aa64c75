"""Moments of the decay-at-rest spectra against quadrature of the Michel spectra."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import FLAVOURS, POWERS, PionDecayAtRest

PION, MUON = 139.57039, 105.6583755
END = MUON / 2
# Written independently of this package.
REFERENCE_LINE_MEV, REFERENCE_END_MEV = 29.79214091, 52.82918775


@pytest.fixture(scope="module")
def flux():
    return PionDecayAtRest(0.0848, 3.198e23, 19.3)


def nu_e(energy):
    return 192 / MUON * (energy / MUON) ** 2 * (0.5 - energy / MUON)


def nu_mu_bar(energy):
    return 64 / MUON * (energy / MUON) ** 2 * (0.75 - energy / MUON)


def test_lengths_and_energies(flux):
    np.testing.assert_allclose(flux.line_energy_MeV, REFERENCE_LINE_MEV, rtol=3e-10)
    np.testing.assert_allclose(flux.break_points_MeV, [REFERENCE_LINE_MEV, REFERENCE_END_MEV], rtol=3e-10)
    np.testing.assert_allclose(flux.line_energy_MeV, (PION**2 - MUON**2) / (2 * PION), rtol=1e-15)
    # a sphere of 1930 cm
    np.testing.assert_allclose(flux.fluence_per_cm2, 3 * [0.0848 * 3.198e23 / (4 * np.pi * 1930.0**2)], rtol=1e-14)
    assert flux.components == ("nu_mu", "nu_e", "nu_mu_bar")
    assert [FLAVOURS[i] for i in flux.flavour_indices] == ["nu_mu", "nu_e", "nu_mu"]


def test_moments_of_the_michel_spectra(flux):
    energies = np.array([0.0, 1.0, 5.0, 17.0, 29.0, 31.0, 45.0, 50.0, 52.0, 52.8])
    moments = np.asarray(flux.moments(jnp.asarray(energies)))
    assert moments.shape == (3, 3, energies.size)
    for component, density in ((1, nu_e), (2, nu_mu_bar)):
        for index, power in enumerate(POWERS):
            for position, energy in enumerate(energies):

                def integrand(e, density=density, power=power):
                    return density(e) * e**power if e > 0 else 0.0

                expected = quad(integrand, energy, END, epsabs=0, epsrel=1e-13)[0]
                assert moments[component, index, position] == pytest.approx(expected, rel=1e-12)


def test_line(flux):
    line = REFERENCE_LINE_MEV
    moments = np.asarray(flux.moments(jnp.array([0.0, 10.0, line - 1e-6, line + 1e-6, 40.0])))[0]
    for index, power in enumerate(POWERS):
        np.testing.assert_allclose(moments[index], line**power * np.array([1, 1, 1, 0, 0]), rtol=1e-9)


def test_density_and_lines(flux):
    energies = np.array([[0.0, 1.0, 17.0], [45.0, 52.8, 52.83]])
    density = np.asarray(flux.density(jnp.asarray(energies)))
    inside = energies < END
    np.testing.assert_array_equal(density[0], 0.0)
    np.testing.assert_allclose(density[1], np.where(inside, nu_e(energies), 0.0), rtol=1e-10)
    np.testing.assert_allclose(density[2], np.where(inside, nu_mu_bar(energies), 0.0), rtol=1e-12)
    energy, fraction = flux.lines
    np.testing.assert_allclose(energy, [REFERENCE_LINE_MEV], rtol=3e-10)
    np.testing.assert_array_equal(fraction, [[1.0], [0.0], [0.0]])
    assert flux.origins == flux.components
    assert flux.antineutrinos == (False, False, True)


def test_nothing_beyond_the_end_point(flux):
    moments = flux.moments(jnp.array([END, END + 1e-9, 60.0, 1e3]))
    np.testing.assert_array_equal(moments, 0.0)


def test_normalisation_and_means(flux):
    """Every spectrum holds one neutrino; <E> is 3/5 and 7/10 of the end point, by integrating x^3 by hand."""
    moments = np.asarray(flux.moments(jnp.array([0.0])))[:, 0, 0]
    np.testing.assert_allclose(moments, 1.0, rtol=1e-15)
    tail = np.asarray(flux.moments(jnp.linspace(0.0, END, 20001)))[1:, 0, :]
    means = np.trapezoid(tail, dx=END / 20000, axis=1)  # <E> is the integral of the survival function
    np.testing.assert_allclose(means, [0.6 * END, 0.7 * END], rtol=1e-8)


def test_relative_accuracy_up_to_the_end_point_in_float32(flux):
    """1 - x is one subtraction: everything else keeps its relative accuracy where the moments vanish."""
    with jax.enable_x64(False):
        single = PionDecayAtRest(0.0848, 3.198e23, 19.3)
        end = np.float32(single.muon_mass_MeV) * np.float32(0.5)
        energies = np.float32(end) * (np.float32(1) - np.array([1e-1, 1e-2, 1e-3, 1e-4, 1e-5], dtype=np.float32))
        moments = np.asarray(single.moments(jnp.asarray(energies)))
    assert moments.dtype == np.float32
    for position, energy in enumerate(energies):
        # the same float32 energies, exactly
        with mpmath.workdps(30):
            x = mpmath.mpf(float(energy)) / mpmath.mpf(float(end))
            exact = {
                1: [mpmath.quad(lambda t, n=n: 12 * t ** (2 + n) * (1 - t), [x, 1]) for n in POWERS],
                2: [mpmath.quad(lambda t, n=n: 2 * t ** (2 + n) * (3 - 2 * t), [x, 1]) for n in POWERS],
            }
        for component in (1, 2):
            for index, power in enumerate(POWERS):
                expected = float(exact[component][index]) * float(end) ** power
                # x is rounded to half a unit in the last place, 6e-8 of one: relative to 1 - x that is the tolerance
                tolerance = 2 * 6e-8 / float(1 - x) + 1e-6
                assert moments[component, index, position] == pytest.approx(expected, rel=tolerance)


def test_moments_are_differentiable_up_to_the_end_point(flux, precision):
    single = PionDecayAtRest(0.0848, 3.198e23, 19.3)
    derivative = jax.jacfwd(single.moments)(jnp.array([5.0, 40.0, 52.0], dtype=float))
    assert np.all(np.isfinite(derivative))
    # d/dE of the zeroth moment is minus the density
    diagonal = -np.asarray(derivative)[1, 0][np.arange(3), np.arange(3)]
    tolerance = 1e-12 if precision == "float64" else 1e-4
    np.testing.assert_allclose(diagonal, nu_e(np.array([5.0, 40.0, 52.0])), rtol=tolerance)


@pytest.mark.parametrize(
    "name", ["neutrinos_per_proton", "protons_on_target", "baseline_m", "pion_mass_MeV", "muon_mass_MeV", "norm"]
)
def test_messages_name_the_argument(name):
    arguments = {"neutrinos_per_proton": 0.08, "protons_on_target": 1e23, "baseline_m": 20.0}
    with pytest.raises(CevnsjaxError, match=f"{name} must be positive"):
        PionDecayAtRest(**{**arguments, name: -1.0})
