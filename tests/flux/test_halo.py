"""WIMPs of the halo: speeds against adaptive integrals over the velocity distribution."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import HaloWimps, Source, StandardHalo
from cevnsjax.flux.flux import AbstractSource
from cevnsjax.particle import Wimp
from tests.leaf_gradients import check_gradients

LIGHT_KM_S = 299792.458
HALOS = {
    "default": StandardHalo(),
    "slow Earth": StandardHalo(220.0, 544.0, 30.0),
    "slow particles": StandardHalo(100.0, 150.0, 240.0),  # the Earth is faster than all of them
}


def distribution(halo):
    """Distribution of speeds in the frame of the Earth, an adaptive integral over angles, norm by integration too."""
    v0, escape, earth = map(float, (halo.most_probable_speed_km_s, halo.escape_speed_km_s, halo.earth_speed_km_s))
    norm = quad(lambda v: 4.0 * np.pi * v**2 * np.exp(-((v / v0) ** 2)), 0.0, escape, epsabs=0.0, epsrel=1e-12)[0]

    def at(speed):
        # cos(theta) up to where the speed in the Galaxy is that of escape
        end = np.clip((escape**2 - speed**2 - earth**2) / (2.0 * speed * earth), -1.0, 1.0)
        inner = quad(
            lambda c: np.exp(-(speed**2 + earth**2 + 2.0 * speed * earth * c) / v0**2), -1.0, end, epsrel=1e-12
        )
        return 2.0 * np.pi * speed**2 * inner[0] / norm

    return at, np.array([abs(escape - earth), escape + earth])


def integral(function, low, high, breaks):
    edges = np.concatenate([[low], breaks[(breaks > low) & (breaks < high)], [high]])
    return sum(quad(function, a, b, epsabs=0.0, epsrel=1e-11, limit=200)[0] for a, b in itertools.pairwise(edges))


@pytest.mark.parametrize("name", HALOS)
def test_speeds_are_those_of_the_distribution(name):
    halo = HALOS[name]
    density, kinks = distribution(halo)
    speeds = np.linspace(0.02, 0.98, 9) * kinks[-1]
    mine = halo.mean_inverse_speed_s_per_km(jnp.asarray(speeds))
    exact = [integral(lambda v: density(v) / v, speed, kinks[-1], kinks) for speed in speeds]
    np.testing.assert_allclose(mine, exact, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(
        halo.mean_speed_km_s, integral(lambda v: v * density(v), 1e-3, kinks[-1], kinks), rtol=1e-9
    )
    np.testing.assert_allclose(halo.density_s_per_km(jnp.asarray(speeds)), [density(v) for v in speeds], rtol=1e-9)
    assert float(halo.mean_inverse_speed_s_per_km(jnp.asarray(1.001 * kinks[-1]))) == 0.0


@pytest.mark.parametrize("name", HALOS)
def test_gradients_of_the_halo(name):
    halo = HALOS[name]
    ends = np.asarray(halo.kinks_km_s)
    for speed in (0.4 * ends[0], 0.5 * (ends[0] + ends[1])):
        gradient = check_gradients(halo, lambda each, v=speed: each.mean_inverse_speed_s_per_km(jnp.asarray(v)))
        assert np.all(np.isfinite(list(gradient.values())))
    check_gradients(halo, lambda each: each.mean_speed_km_s)


@pytest.mark.parametrize("at", [0, 1])
def test_gradients_are_finite_where_the_closed_form_changes(at):
    def value(halo):
        return halo.mean_inverse_speed_s_per_km(HALOS["default"].kinks_km_s[at])

    gradient = jax.grad(value)(HALOS["default"])
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(gradient))


def test_moments_are_those_of_the_density():
    source = HaloWimps(Wimp(5e3), 86400.0)
    energy = 5e3 * (1.0 + 0.5 * (jnp.asarray([0.0, 100.0, 300.0, 600.0]) / LIGHT_KM_S) ** 2)
    # energies below the next order in v^2
    default = jax.jit(lambda lower: AbstractSource.moments(source, lower))
    np.testing.assert_allclose(source.moments(energy), default(energy), rtol=1e-5)
    assert source.moments(energy[-1:] * 1.1)[0, 0, 0] == 0.0


def test_fluence_is_density_times_speed():
    source = HaloWimps(Wimp(50e3), 10.0, 0.4, norm=1.5)
    # eight thousandths of a particle in a cubic centimetre
    expected = 1.5 * (0.4 / 50.0) * float(source.halo.mean_speed_km_s) * 1e5 * 10.0
    np.testing.assert_allclose(source.fluence_per_cm2, [expected], rtol=1e-12)
    assert Source.steady(source).flux.particles == "WIMPs"


def test_single_precision():
    speeds = jnp.linspace(1.0, 770.0, 50)
    exact = np.asarray(StandardHalo().mean_inverse_speed_s_per_km(speeds))
    with jax.enable_x64(False):
        single = StandardHalo().mean_inverse_speed_s_per_km(jnp.asarray(np.asarray(speeds), dtype=float))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, exact, rtol=0.0, atol=1e-6 * exact.max())


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: StandardHalo(0.0), "most_probable_speed_km_s must be positive and in km/s, got 0"),
        (lambda: StandardHalo(earth_speed_km_s=0.0), "earth_speed_km_s must be positive and in km/s, got 0"),
        (lambda: StandardHalo(escape_speed_km_s=np.inf), "escape_speed_km_s must be positive"),
        (lambda: Wimp(-1.0), "mass_MeV must be positive and in MeV, got -1"),
        (lambda: Wimp(1.0, 0.0), "proton_cross_section_1e45cm2 must be positive"),
        (lambda: Wimp(1.0, 1.0, np.nan), "neutron_to_proton must be finite"),
        (lambda: HaloWimps(Wimp(1.0), 0.0), "exposure_s must be positive and in s, got 0"),
        (lambda: HaloWimps(Wimp(1.0), 1.0, -0.3), "density_GeV_per_cm3 must be positive"),
        (lambda: HaloWimps(Wimp(1.0), 1.0, norm=0.0), "norm must be positive"),
    ],
)
def test_bad_input(build, sentence):
    with pytest.raises(CevnsjaxError, match=sentence.replace("^", r"\^")):
        build()
