"""Discovery limits and opacities: against closed forms, SciPy, and differences."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from cevnsjax.design import Fog, discovery_limits, fog_line
from cevnsjax.errors import CevnsjaxError

BINS = 12
EXPOSURES = jnp.geomspace(1e-3, 1e6, 19)


def shapes():
    """Two masses over three sources that are like them, unlike them, and everywhere."""
    x = np.linspace(0.0, 1.0, BINS)
    signal = np.stack([30.0 * np.exp(-8.0 * x), 5.0 * np.exp(-2.0 * x)])
    background = np.stack([40.0 * np.exp(-8.4 * x), 3.0 * np.exp(-1.5 * x**2), 0.1 + 0.0 * x])
    return signal, background


@pytest.fixture(scope="module")
def fog():
    return Fog([6e3, 30e3], *shapes(), [0.05, 0.2, 0.5])


def of_shape(signal, background, uncertainty):
    """A fog of the shapes of the other one, so that nothing is compiled anew: two masses alike, other bins empty."""
    signals, backgrounds, uncertainties = np.zeros((2, BINS)), np.zeros((3, BINS)), np.zeros(3)
    signals[:, : len(signal)] = signal
    backgrounds[0, : len(background)], uncertainties[0] = background, uncertainty
    return Fog([1e3, 1e3], signals, backgrounds, uncertainties)


def statistic(exposure, sigma, signal, background, uncertainty):
    """Twice the difference of log-likelihoods of Asimov data, with the fluxes minimised by SciPy."""
    data = exposure * (sigma * signal + background.sum(axis=0))

    def lost(pulls):
        expected = exposure * ((1.0 + uncertainty * pulls) @ background)
        if np.any(expected <= 0.0):
            return 1e30, np.zeros_like(pulls)
        slope = (1.0 - data / expected) @ (exposure * uncertainty[:, None] * background).T
        value = np.sum(expected - data + data * np.log(data / expected)) + 0.5 * np.sum(pulls**2)
        return value, slope + pulls

    found = minimize(lost, np.zeros(len(uncertainty)), jac=True, method="BFGS", options={"gtol": 1e-10})
    return 2.0 * found.fun


def test_one_bin_without_errors_is_the_closed_form():
    limits = discovery_limits(of_shape([2.0], [5.0], 0.0), EXPOSURES)
    for exposure, sigma, opacity in zip(EXPOSURES, limits.cross_section_1e45cm2[0], limits.opacity[0], strict=True):
        b = 5.0 * float(exposure)

        def short_of(log_s, b=b):
            s = np.exp(log_s)
            return 2.0 * ((b + s) * np.log1p(s / b) - s) - 9.0

        s = np.exp(brentq(short_of, -5.0, 20.0, xtol=1e-13))
        np.testing.assert_allclose(sigma, s / (2.0 * float(exposure)), rtol=1e-6)
        excess = np.log1p(s / b)
        np.testing.assert_allclose(opacity, s * excess / ((b + s) * excess - s), rtol=1e-5)
    # without a background the limit falls like 1/N, above a known one like its root
    assert limits.opacity[0, 0] < 1.3
    np.testing.assert_allclose(limits.opacity[0, -1], 2.0, atol=1e-3)


@pytest.mark.parametrize("mass", [0, 1])
def test_limits_are_those_of_scipy(fog, mass):
    limits = discovery_limits(fog, EXPOSURES)
    signal, background = shapes()
    for place in (2, 7, 11):
        sigma = float(limits.cross_section_1e45cm2[mass, place])
        uncertainty = np.asarray(fog.uncertainty)
        found = statistic(float(EXPOSURES[place]), sigma, signal[mass], background, uncertainty)
        np.testing.assert_allclose(found, 9.0, rtol=1e-6)


def test_opacity_is_the_derivative(fog):
    step = 1e-3
    up, down = (np.log(discovery_limits(fog, EXPOSURES * np.exp(each)).cross_section_1e45cm2) for each in (step, -step))
    limits = discovery_limits(fog, EXPOSURES)
    np.testing.assert_allclose(limits.opacity, -2.0 * step / (up - down), rtol=1e-5)
    assert np.asarray(limits.opacity).max() > 3.0


@pytest.mark.slow
def test_opacity_is_what_autodiff_says(fog):
    def log_sigma(shift):
        return jnp.log(discovery_limits(fog, EXPOSURES * jnp.exp(shift)).cross_section_1e45cm2)

    slope = jax.jvp(log_sigma, (jnp.asarray(0.0),), (jnp.asarray(1.0),))[1]
    np.testing.assert_allclose(discovery_limits(fog, EXPOSURES).opacity, -1.0 / slope, rtol=1e-6)


def test_norms_hide_the_wimp(fog):
    limits = discovery_limits(fog, EXPOSURES)
    assert limits.norms.shape == (2, 19, 3)
    # the first mass looks like the first source: its flux seems to be larger, more so with every WIMP
    assert np.all(np.asarray(limits.norms)[0, :, 0] > 1.0)


def test_a_single_unknown_background_hides_everything():
    limits = discovery_limits(of_shape([1.0, 2.0], [3.0, 6.0], 0.1), EXPOSURES)
    # the same shape: sigma is three standard deviations of the flux in the end
    np.testing.assert_allclose(limits.cross_section_1e45cm2[0, -1], 3.0 * 0.1 * 3.0, rtol=1e-3)
    assert limits.opacity[0, -1] > 100.0


def test_line_is_where_the_opacity_is_two(fog):
    line = fog_line(fog)
    for mass in (0, 1):
        factors = jnp.concatenate([jnp.geomspace(1e-3, 0.99, 17), jnp.asarray([1.0, 1.01])])
        limits = discovery_limits(fog, float(line.exposure_t_yr[mass]) * factors)
        np.testing.assert_allclose(limits.opacity[mass, 17], 2.0, rtol=1e-9)
        sigma = limits.cross_section_1e45cm2[mass, 17]
        np.testing.assert_allclose(sigma, line.cross_section_1e45cm2[mass], rtol=1e-9)
        assert np.all(np.asarray(limits.opacity)[mass, :17] < 2.0)
        assert limits.opacity[mass, 18] > 2.0
    assert np.all(np.asarray(fog_line(fog, 2.5).cross_section_1e45cm2) < np.asarray(line.cross_section_1e45cm2))


def test_line_can_be_differentiated(fog):
    leaves = (fog.signal_per_t_yr, fog.background_per_t_yr, fog.uncertainty)
    random = np.random.default_rng(1)
    directions = [jnp.asarray(random.normal(size=leaf.shape)) for leaf in leaves]

    def log_line(step):
        moved = tuple(leaf * jnp.exp(step * each) for leaf, each in zip(leaves, directions, strict=True))
        line = fog_line(eqx.tree_at(lambda f: (f.signal_per_t_yr, f.background_per_t_yr, f.uncertainty), fog, moved))
        return jnp.log(jnp.stack(line))

    slope = jax.jvp(log_line, (jnp.asarray(0.0),), (jnp.asarray(1.0),))[1]
    differences = (log_line(1e-4) - log_line(-1e-4)) / 2e-4
    np.testing.assert_allclose(slope, differences, rtol=1e-5)


def test_no_fog_is_not_a_number():
    known = of_shape([1.0, 2.0], [3.0, 1.0], 0.0)
    # a known background, and a WIMP that nobody sees
    line = fog_line(eqx.tree_at(lambda f: f.signal_per_t_yr, known, known.signal_per_t_yr.at[1].set(0.0)))
    assert np.all(np.isnan(line.cross_section_1e45cm2))
    assert np.all(np.isnan(line.exposure_t_yr))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Fog([1.0, 2.0], [[1.0]], [[1.0]], [0.1]), r"must have shapes \[mass\]"),
        (lambda: Fog([1.0], [[1.0, 1.0]], [[1.0]], [0.1]), r"must have shapes \[mass\]"),
        (lambda: Fog([-1.0], [[1.0]], [[1.0]], [0.1]), r"mass_MeV must be positive and in MeV, got \[-1\]"),
        (lambda: Fog([1.0], [[-1.0]], [[1.0]], [0.1]), "signal_per_t_yr must be zero or positive"),
        (lambda: Fog([1.0], [[1.0]], [[np.nan]], [0.1]), "background_per_t_yr must be zero or positive"),
        (lambda: Fog([1.0], [[1.0]], [[1.0]], [-0.1]), "uncertainty must be zero or positive"),
        (lambda: discovery_limits(Fog([1.0], [[1.0]], [[1.0]], [0.1]), jnp.zeros(1)), "exposure_t_yr must be positive"),
        (lambda: discovery_limits(Fog([1.0], [[1.0]], [[1.0]], [0.1]), jnp.ones(2)), "exposure_t_yr must increase"),
        (lambda: fog_line(Fog([1.0], [[1.0]], [[1.0]], [0.1]), 1.0), "opacity must be above 1, .* got 1"),
    ],
)
def test_bad_input(build, sentence):
    with pytest.raises(CevnsjaxError, match=sentence):
        build()


def test_single_precision_is_refused():
    with jax.enable_x64(False), pytest.raises(CevnsjaxError, match="needs double precision"):
        Fog([1.0], [[1.0]], [[1.0]], [0.1])
