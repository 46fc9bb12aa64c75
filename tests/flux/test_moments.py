"""Moments that every source has unless it knows better: from density and lines, with and without a mass."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from mpmath import mp

from cevnsjax.arrays import as_float
from cevnsjax.flux import AbstractSource, MonoEnergetic, PionDecayAtRest, TabulatedFlux, energy_powers

LOW, HIGH = 2.0, 10.0


class Flat(AbstractSource):
    """Particles with a mass: three quarters evenly between two energies, the rest in a line."""

    particles = "toys"
    components: tuple[str, ...] = eqx.field(static=True, default=("toy",), init=False)
    mass: Float[Array, ""] | None
    line_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=7.0)

    @property
    def mass_MeV(self):
        return self.mass

    @property
    def lowest_energy_MeV(self):
        return as_float(LOW)

    @property
    def break_points_MeV(self):
        return as_float([HIGH])

    @property
    def fluence_per_cm2(self):
        return jnp.ones(1)

    @property
    def lines(self):
        return self.line_MeV[None], jnp.full((1, 1), 0.25)

    def density(self, energy_MeV):
        return jnp.where(energy_MeV <= HIGH, 0.75 / (HIGH - LOW), 0.0)[None]


def flat(mass):
    return Flat(None if mass is None else as_float(mass))


moments_of = eqx.filter_jit(lambda source, lower_MeV: source.moments(lower_MeV))


def antiderivatives(energy, mass):
    """Of E^2/p^2, E/p^2 and 1/p^2."""
    hyperbolic = np.arctanh(mass / energy)
    return np.array([energy - mass * hyperbolic, 0.5 * np.log(energy**2 - mass**2), -hyperbolic / mass])


@pytest.mark.parametrize("mass", [1e-3, 1.0, 1.9])
def test_closed_forms_of_a_massive_particle(mass):
    with mp.workdps(30):
        for k, found in zip((2, 1, 0), antiderivatives(HIGH, mass) - antiderivatives(LOW, mass), strict=True):
            expected = mp.quad(lambda e, k=k: e**k / (e**2 - mp.mpf(mass) ** 2), mp.linspace(LOW, HIGH, 9))
            assert found == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("mass", [1e-3, 0.5, 1.0, 1.5])
def test_moments_of_a_massive_particle(mass):
    """From below the spectrum, from inside on both sides of the line, at the line (it counts whole), and at the end."""
    lower = np.array([0.0, LOW, 4.1, 7.0, 7.0 + 1e-12, 9.7, HIGH, 12.0])
    found = np.asarray(moments_of(flat(mass), jnp.asarray(lower)))
    assert found.shape == (1, 3, lower.size)
    start = np.clip(lower, LOW, HIGH)
    ends = antiderivatives(HIGH, mass)[:, None] - np.stack([antiderivatives(s, mass) for s in start], axis=1)
    line = 0.25 * 7.0 ** np.array([[2.0], [1.0], [0.0]]) / (7.0**2 - mass**2) * (lower <= 7.0)
    expected = 0.75 / (HIGH - LOW) * ends + line
    np.testing.assert_allclose(found[0], expected, rtol=1e-11, atol=1e-15)
    np.testing.assert_array_equal(found[0, :, lower >= HIGH], 0.0)


def test_no_mass_is_the_limit_of_a_small_one():
    lower = jnp.array([[0.5, 3.0], [7.0, 9.0]])
    massless = moments_of(flat(None), lower)
    assert massless.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(moments_of(flat(0.0), lower), massless, rtol=1e-15)
    np.testing.assert_allclose(moments_of(flat(1e-9), lower), massless, rtol=1e-14)
    np.testing.assert_allclose(eqx.filter_jit(energy_powers)(lower, as_float(1e-9)), energy_powers(lower), rtol=1e-14)


def test_derivative_in_the_mass():
    """d/dm of E^k/p^2 is 2 m E^k/p^4."""
    lower = jnp.array([3.0])
    slopes = jax.jit(jax.jacfwd(lambda mass: Flat(mass).moments(lower)))(as_float(1.2))
    step = 1e-4
    difference = (moments_of(flat(1.2 + step), lower) - moments_of(flat(1.2 - step), lower)) / (2.0 * step)
    np.testing.assert_allclose(slopes, difference, rtol=1e-6)
    assert np.all(np.asarray(slopes) > 0.0)


def test_default_is_what_a_source_knows_better():
    """Pions at rest: the density through the default, and the closed forms of the class."""
    pions = PionDecayAtRest(0.08, 1e23, 20.0)
    line, end = float(pions.line_energy_MeV), 0.5 * float(pions.muon_mass_MeV)
    lower = jnp.array([1e-3, 1.0, 12.0, line * (1 - 1e-12), line, line * (1 + 1e-12), 31.0, 45.0, 52.0, end, 60.0])
    found, expected = eqx.filter_jit(AbstractSource.moments)(pions, lower), np.asarray(moments_of(pions, lower))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(np.asarray(expected)[0, 0], np.where(np.asarray(lower) <= line, 1.0, 0.0))


@pytest.mark.parametrize("number", [1, 3])
def test_batches(precision, number):
    """Of one as well."""
    masses, lower = jnp.array([0.5, 1.0, 1.5][:number], dtype=float), jnp.array([0.0, 4.1, 9.7], dtype=float)
    batch = jax.jit(jax.vmap(lambda mass: Flat(mass).moments(lower)))(masses)
    for mass, found in zip(masses, batch, strict=True):
        tolerance = {"float64": 1e-13, "float32": 3e-6}[precision]
        np.testing.assert_allclose(found, moments_of(Flat(mass), lower), rtol=tolerance)


def test_batch_of_a_table(precision):
    """A spectrum on knots, seen from limits that move with the batch."""
    flux = TabulatedFlux.from_columns([1.0, 2.0, 4.0, 9.0], {"nu_e": np.array([0.0, 3.0, 1.0, 0.5])}, 1.0)
    lower = jnp.array([0.3, 1.7, 5.0], dtype=float)
    batch = jax.jit(jax.vmap(lambda scale: flux.moments(scale * lower)))(jnp.ones(1, dtype=float))
    tolerance = {"float64": 1e-13, "float32": 3e-6}[precision]
    np.testing.assert_allclose(batch[0], moments_of(flux, lower), rtol=tolerance)


def test_line_counts_at_its_energy(precision):
    energy = np.asarray(0.747, dtype=precision)
    line = MonoEnergetic("nu_e", 0.747)
    lower = jnp.asarray([energy, np.nextafter(energy, energy + 1)], dtype=precision)
    moments = np.asarray(moments_of(line, lower))
    assert moments.dtype == np.dtype(precision)
    np.testing.assert_allclose(moments[0, :, 0], energy ** np.array([0, -1, -2], dtype=precision), rtol=1e-6)
    np.testing.assert_array_equal(moments[0, :, 1], 0.0)
