"""One supernova against incomplete gamma functions, all of them together against nested quadrature."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy import constants
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import POWERS, CoreCollapseHistory, DiffuseSupernovae, PinchedSpectrum, SupernovaBurst
from cevnsjax.paths import set_number, set_paths

YEAR = 3.15576e7
SPECIES = ((12.0, 2.5, 5.0), (15.0, 3.7, 4.0), (16.0, 1.8, 6.0))
SIX = ("nu_e", "nu_e_bar", "nu_mu", "nu_mu_bar", "nu_tau", "nu_tau_bar")
PARSEC_M = 648000 / np.pi * constants.au

# at six energies in all tests: one program for each kind of flux
everything = jax.jit(lambda flux, energies: (flux.moments(energies), flux.fluence_per_cm2, flux.density(energies)))
rates_of = eqx.filter_jit(lambda history, logarithm: history.rate_per_year_Mpc3(logarithm))


def burst(species=SPECIES, distance_kpc=8.0):
    return SupernovaBurst(*(PinchedSpectrum(*values) for values in species), distance_kpc=distance_kpc)


def test_moments_are_incomplete_gamma_functions():
    lower = np.array([0.0, 1e-3, 1.0, 15.0, 60.0, 110.0])
    found = np.asarray(everything(burst(), jnp.asarray(lower))[0])
    assert found.shape == (6, 3, 6)
    np.testing.assert_array_equal(found[3], found[2])
    np.testing.assert_array_equal(found[5], found[2])
    for (mean, alpha, _), component in zip(SPECIES, found, strict=False):
        scale = mpmath.mpf(mean) / (alpha + 1)
        for (index, power), (position, energy) in itertools.product(enumerate(POWERS), enumerate(lower)):
            tail = mpmath.gammainc(alpha + 1 + power, energy / scale) / mpmath.gamma(alpha + 1)
            # cut off at exp(-45); E^-2 from zero is the hardest
            np.testing.assert_allclose(
                component[index, position],
                float(scale**power * tail),
                rtol=1e-6 if energy < 1e-2 else 1e-10,
                atol=1e-17,
            )


def test_fluence_density_and_end():
    flux = burst()
    expected = [
        energy * 1e52 * 1e-7 / constants.e / 1e6 / mean / (4 * np.pi * (8e3 * PARSEC_M * 100) ** 2)
        for mean, _, energy in (*SPECIES, *[SPECIES[2]] * 3)
    ]
    energies = np.array([[0.0, 3.0], [16.0, 1e4]])
    _, fluence, density = map(np.asarray, everything(flux, jnp.asarray(energies)))
    np.testing.assert_allclose(fluence, expected, rtol=1e-9)
    assert flux.components == SIX
    assert flux.antineutrinos == (False, True) * 3
    x = energies * 4.7 / 15.0
    formula = 4.7 / 15.0 * x**3.7 * np.exp(-x) / float(mpmath.gamma(4.7))
    np.testing.assert_allclose(density[1], formula, rtol=1e-12, atol=1e-300)
    assert np.all(density[:, 0, 0] == 0.0)
    assert np.all(density[:, 1, 1] == 0.0)
    assert flux.lines[1].shape == (6, 0)


def seen(flux):
    """A number that feels every leaf."""
    found = flux.moments(jnp.array([2.0, 15.0, 40.0]))
    weights = jnp.array([1.0, 0.9, 0.3, 0.4, 0.2, 0.3])
    return (
        (flux.fluence_per_cm2 * weights)[:, None] * (found * jnp.array([1.0, 5.0, 9.0])[None, :, None]).sum(1)
    ).sum()


gradient_of_seen = jax.jit(jax.grad(seen))
fluence_of = jax.jit(lambda flux: flux.fluence_per_cm2)


def test_gradient_of_every_leaf_of_a_burst():
    gradients = check_gradients(burst(), seen)
    assert len(gradients) == 11
    assert all(value != 0.0 for value in gradients.values())


def test_curvature_in_the_pinching():
    """Fits need it; the library's incomplete gamma function has none in its first argument."""
    flux = burst()

    def of(pinching):
        return set_paths(flux, ["electron.pinching"], [pinching]).moments(jnp.array([2.0, 15.0])).sum()

    slopes, curvatures = jax.jit(jax.vmap(lambda at: (jax.grad(of)(at), jax.hessian(of)(at))))(
        2.5 + jnp.array([0.0, 1e-4, -1e-4])
    )
    np.testing.assert_allclose(curvatures[0], (slopes[1] - slopes[2]) / 2e-4, rtol=1e-6)


def test_finite_gradient_from_zero_energy_to_beyond_the_end(precision):
    def total(flux, lower):
        return flux.moments(lower).sum() + flux.density(lower).sum()

    lower = jnp.array([0.0, 1e-20, 1e-3, 50.0, 1e3], dtype=float)
    gradients = jax.jit(jax.grad(total, argnums=(0, 1)))(burst(), lower)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradients))


def test_single_precision():
    lower = np.array([0.0, 1.0, 15.0, 20.0, 60.0, 110.0])
    double = everything(burst(), jnp.asarray(lower)), everything(DiffuseSupernovae(YEAR), jnp.asarray(lower))
    with jax.enable_x64(False):
        at = jnp.asarray(lower, dtype=float)
        single = everything(burst(), at), everything(DiffuseSupernovae(YEAR), at)
    for one, two in zip(jax.tree.leaves(single), jax.tree.leaves(double), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, two, rtol=5e-5)


def test_species_without_luminosity(precision):
    """Nothing of them arrives, the others are as before, and no derivative is infinite or missing."""
    some = burst((SPECIES[0], (15.0, 3.7, 0.0), SPECIES[2]))
    fluence, before = (np.asarray(fluence_of(flux)) for flux in (some, burst()))
    np.testing.assert_array_equal(fluence[1], 0.0)
    np.testing.assert_array_equal(np.delete(fluence, 1), np.delete(before, 1))
    for flux in (some, burst([(12.0, 2.5, 0.0)] * 3)):
        gradient = gradient_of_seen(flux)
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
        assert float(gradient.electron_bar.total_energy_1e52_erg) > 0.0


# --- the diffuse background, written out anew


def collapse_rate(z):
    """Horiuchi, Beacom and Dwek, Phys. Rev. D 79, 083013, eq. (2), with its B and C."""
    a, b, c, z1, z2, eta = 3.4, -0.3, -3.5, 1.0, 4.0, -10.0
    big_b = (1 + z1) ** (1 - a / b)
    big_c = (1 + z1) ** ((b - a) / c) * (1 + z2) ** (1 - b / c)
    terms = (1 + z) ** (a * eta) + ((1 + z) / big_b) ** (b * eta) + ((1 + z) / big_c) ** (c * eta)
    return 1.25e-4 * terms ** (1 / eta)


def background(energy, temperature):
    """cm^-2 s^-1 MeV^-1."""
    energy_MeV = 5e52 * 1e-7 / constants.e / 1e6
    hubble = 70e3 / (1e6 * PARSEC_M)  # s^-1
    rate_unit = 1 / (YEAR * (1e6 * PARSEC_M * 100) ** 3)

    def integrand(z):
        x = energy * (1 + z) / temperature
        emitted = energy_MeV * 120 / (7 * np.pi**4) / temperature**2 * x**2 / (np.exp(x) + 1)
        expansion = hubble * np.sqrt(0.3 * (1 + z) ** 3 + 0.7)
        return constants.c * 100 / expansion * collapse_rate(z) * rate_unit * emitted

    return sum(quad(integrand, low, high, epsrel=1e-11)[0] for low, high in ((0, 1), (1, 4), (4, 5)))


def test_diffuse_flux_is_the_integral_over_redshift():
    flux = DiffuseSupernovae(YEAR)
    energies = jnp.array([0.0, 0.5, 4.0, 12.0, 30.0, 80.0])
    found, fluence, density = map(np.asarray, everything(flux, energies))
    for component, temperature in ((0, 3.0), (1, 5.0), (2, 8.0), (5, 8.0)):
        total = quad(lambda e, t=temperature: background(e, t), 0, 40 * temperature, epsrel=1e-9, limit=200)[0]
        np.testing.assert_allclose(fluence[component], total * YEAR, rtol=1e-8)
        for position, energy in enumerate(energies):
            expected = background(float(energy), temperature) / total
            np.testing.assert_allclose(density[component, position], expected, rtol=1e-8, atol=1e-30)
    for index, power in enumerate(POWERS):
        expected = quad(lambda e, p=power: background(e, 5.0) * e**p, 4.0, 200.0, epsrel=1e-9, limit=200)[0]
        np.testing.assert_allclose(found[1, index, 2] * fluence[1] / YEAR, expected, rtol=1e-8)
    assert flux.components == SIX


def test_history_has_its_slopes():
    history = CoreCollapseHistory()
    at = jnp.log1p(jnp.array([0.0, 0.3, 1.0, 2.0, 4.9]))
    np.testing.assert_allclose(rates_of(history, at), [collapse_rate(z) for z in (0.0, 0.3, 1.0, 2.0, 4.9)], rtol=1e-12)
    sharp = CoreCollapseHistory(sharpness=-500.0)
    rates = np.log(np.asarray(rates_of(sharp, jnp.array([0.1, 0.2, 1.0, 1.1, 1.7, 1.8]))))
    np.testing.assert_allclose(np.diff(rates)[::2] / 0.1, [3.4, -0.3, -3.5], rtol=1e-6)


@pytest.mark.slow
def test_gradient_of_every_leaf_of_the_background():
    flux = DiffuseSupernovae(YEAR)
    gradients = check_gradients(flux, seen, rtol=2e-5)
    assert {"history.middle_slope", "matter_density", "other_temperature_MeV", "norm"} <= gradients.keys()
    assert all(value != 0.0 for value in gradients.values())


def test_finite_gradients_at_edges():
    gradient = jax.jit(jax.grad(lambda flux: flux.density(jnp.array([0.0, 10.0])).sum()))
    for path in ("matter_density", "history.middle_slope"):
        leaves = jax.tree.leaves(gradient(set_number(DiffuseSupernovae(YEAR), path, 0.0)))
        assert all(np.all(np.isfinite(leaf)) for leaf in leaves)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PinchedSpectrum(12.0, 1.0, 5.0), "pinching must be larger than 1"),
        (lambda: PinchedSpectrum(-1.0, 2.0, 5.0), "mean_energy_MeV must be positive"),
        (lambda: PinchedSpectrum(12.0, 2.0, -1.0), "total_energy_1e52_erg must be zero or positive"),
        (lambda: burst(distance_kpc=0.0), "distance_kpc must be positive"),
        (lambda: DiffuseSupernovae(0.0), "exposure_s must be positive"),
        (lambda: DiffuseSupernovae(1.0, matter_density=1.5), "matter_density must be between 0 and 1"),
        (lambda: CoreCollapseHistory(first_break=5.0), "must increase from 0"),
        (lambda: CoreCollapseHistory(sharpness=3.0), "sharpness must be negative"),
    ],
)
def test_messages_name_the_argument(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()
