"""Panels against integrals of polynomials, with jumps at break points and kinks and a table of many knots."""

import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from scipy.integrate import quad

from cevnsjax.cross_section import Panels
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import POWERS, AbstractFlux, MonoEnergetic, TabulatedFlux

MASS = 2e4  # MeV
BREAKS = (3.0, 5.0)
KINK_KEV, LOWEST_KEV = 0.4, 0.02
NODES = ((1.0, 4),)


class Steps(AbstractFlux):
    """Moments 1, y and y^2 up to the first break point, -2 times that up to the second."""

    components: tuple[str, ...] = eqx.field(static=True, default=("nu_e",), init=False)
    break_points: Float[Array, " panel"]

    @property
    def break_points_MeV(self):
        return self.break_points

    @property
    def fluence_per_cm2(self):
        return jnp.ones(1)

    @property
    def lines(self):
        return jnp.zeros(0), jnp.zeros((1, 0))

    def density(self, energy_MeV):
        return jnp.zeros_like(energy_MeV)[None]

    def moments(self, minimum_energy_MeV):
        y = minimum_energy_MeV
        step = jnp.where(y < self.break_points[0], 1.0, -2.0)
        return (step[None] * jnp.stack([jnp.ones_like(y), y, y**2]))[None]


STEPS = Steps(jnp.asarray(BREAKS))


@eqx.filter_jit
def nodes_of(panels, source, mass=MASS):
    """Nodes and weighted moments: one program for each way of placing them."""
    return panels.nodes(source, jnp.asarray(mass))


def smallest_energy(recoil_keV, mass=MASS):
    """y of a recoil, MeV."""
    recoil = 1e-3 * recoil_keV
    return 0.5 * (recoil + np.sqrt(recoil * (recoil + 2.0 * mass)))


def integral_of_power(degree, low, high):
    return (high ** (degree + 1) - low ** (degree + 1)) / (degree + 1)


@pytest.mark.parametrize("highest_keV", [math.inf, 1.1])
@pytest.mark.parametrize("degree", range(6))
def test_polynomials_between_break_points_and_kinks(degree, highest_keV):
    """Four nodes in each slot integrate degree 7, with a jump at a break point and one at a kink."""
    panels = Panels(LOWEST_KEV, highest_keV, (KINK_KEV,), (NODES, NODES, NODES))
    y, weighted = map(np.asarray, nodes_of(panels, STEPS))
    assert panels.number == 12
    assert y.shape == (12,)
    assert weighted.shape == (1, 3, 12)
    low, kink = smallest_energy(LOWEST_KEV), smallest_energy(KINK_KEV)
    high = min(5.0, smallest_energy(highest_keV)) if np.isfinite(highest_keV) else 5.0
    assert low < kink < 3.0 < high
    assert np.all(np.diff(y) > 0.0)
    assert low < y[0]
    assert y[-1] < high
    found = (weighted[0] * np.where(y < kink, 1.0, 0.3) * y**degree).sum(axis=-1)
    expected = [
        integral_of_power(degree + k, low, kink)
        + 0.3 * integral_of_power(degree + k, kink, 3.0)
        - 2.0 * 0.3 * integral_of_power(degree + k, 3.0, high)
        for k in range(3)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_several_panels_in_a_slot():
    """They end at fractions of the slot in ln(y), and fill it: no gap, no overlap."""
    slots = (((0.5, 3), (1.0, 5)), ((1.0, 2),))
    y, weighted = map(np.asarray, nodes_of(Panels(LOWEST_KEV, math.inf, (), slots), STEPS))
    middle = np.sqrt(smallest_energy(LOWEST_KEV) * 3.0)
    assert [int((y < edge).sum()) for edge in (middle, 3.0, 5.0)] == [3, 8, 10]
    np.testing.assert_allclose(weighted[0, 0, :3].sum(), middle - smallest_energy(LOWEST_KEV), rtol=1e-13)
    np.testing.assert_allclose(weighted[0, 0].sum(), 3.0 - smallest_energy(LOWEST_KEV) - 4.0, rtol=1e-13)


def test_derivatives_in_break_points_and_mass():
    """d/d(break) of an integral is the jump there times the integrand, d/dM moves the lowest y."""
    panels = Panels(LOWEST_KEV, math.inf, (KINK_KEV,), (NODES, NODES, NODES))

    def integral(breaks, mass):
        y, weighted = panels.nodes(Steps(breaks), mass)
        return (weighted[0, 1] * y**2).sum()

    of_breaks, of_mass = jax.jit(jax.grad(integral, argnums=(0, 1)))(jnp.asarray(BREAKS), jnp.asarray(MASS))
    np.testing.assert_allclose(of_breaks, [(1.0 + 2.0) * 3.0**3, -2.0 * 5.0**3], rtol=1e-12)
    low = smallest_energy(LOWEST_KEV)
    slope = 0.5 * 2e-3 * LOWEST_KEV / (2.0 * np.sqrt(1e-3 * LOWEST_KEV * (1e-3 * LOWEST_KEV + 2.0 * MASS)))
    np.testing.assert_allclose(of_mass, -(low**3) * slope, rtol=1e-9)


@pytest.fixture(scope="module")
def table():
    """A spectrum of 200 random knots: a kink at each of them."""
    generator = np.random.default_rng(11)
    energy = np.sort(generator.uniform(0.5, 12.0, 200))
    return TabulatedFlux.from_columns(energy, {"nu_e_bar": generator.uniform(0.1, 1.0, 200)}, 1.0, panels=3)


COEFFICIENTS = (0.7, -0.3, 0.11, -0.02, 0.004, -2e-4)


def polynomial(y):
    return np.polynomial.polynomial.polyval(y, COEFFICIENTS)


def folded_exactly(flux, low, high):
    """Integrals of moments times the polynomial, as folds of the density with its antiderivative, knot by knot."""
    knots, values = np.asarray(flux.spectra.energy_MeV), np.asarray(flux.spectra.values_per_MeV)[0]
    total = (0.5 * (values[1:] + values[:-1]) * np.diff(knots)).sum()
    antiderivative = np.polynomial.polynomial.polyint(COEFFICIENTS)

    def integral(energy):
        above = np.polynomial.polynomial.polyval(min(energy, high), antiderivative)
        return above - np.polynomial.polynomial.polyval(low, antiderivative)

    edges = np.union1d(np.clip(knots, low, knots[-1]), [low, high])
    return [
        sum(
            quad(lambda e, p=power: np.interp(e, knots, values) * e**p * integral(e), a, b, epsabs=0, epsrel=1e-13)[0]
            for a, b in itertools.pairwise(edges)
        )
        / total
        for power in POWERS
    ]


@pytest.mark.parametrize("highest_keV", [math.inf, 4.0])
def test_many_knots_need_few_nodes(table, highest_keV):
    """Six nodes a slot fold a polynomial of degree 5 with 200 kinks; without folding between knots they do not."""
    slots = (((1.0, 6),),) * table.break_points_MeV.shape[0]
    low = smallest_energy(0.1)
    high = min(float(np.asarray(table.break_points_MeV)[-1]), smallest_energy(min(highest_keV, 1e6)))
    assert 0.5 < low < high
    expected = folded_exactly(table, low, high)

    @eqx.filter_jit
    def fold(panels):
        y, weighted = panels.nodes(table, jnp.asarray(MASS))
        return (weighted[0] * jnp.polyval(jnp.asarray(COEFFICIENTS[::-1]), y)[None]).sum(axis=-1)

    panels = Panels(0.1, highest_keV, (), slots, between_knots=4)
    assert panels.number <= 18
    np.testing.assert_allclose(fold(panels), expected, rtol=1e-10)
    plain = fold(Panels(0.1, highest_keV, (), slots))
    assert np.abs(np.asarray(plain) / expected - 1.0).max() > 1e-6


def test_knots_move_with_the_mass(table):
    """The derivative in the mass is that of the lowest y, kinks or not."""
    panels = Panels(0.1, math.inf, (), (((1.0, 6),),) * table.break_points_MeV.shape[0], between_knots=4)

    def integral(mass):
        y, weighted = panels.nodes(table, mass)
        return (weighted[0, 0] * jnp.polyval(jnp.asarray(COEFFICIENTS[::-1]), y)).sum()

    low = smallest_energy(0.1)
    slope = 0.5 * 2e-4 / (2.0 * np.sqrt(1e-4 * (1e-4 + 2.0 * MASS)))
    expected = -float(eqx.filter_jit(table.moments)(jnp.asarray([low]))[0, 0, 0]) * polynomial(low) * slope
    np.testing.assert_allclose(jax.jit(jax.grad(integral))(jnp.asarray(MASS)), expected, rtol=1e-9)


def test_refined():
    panels = Panels(LOWEST_KEV, 2.0, (KINK_KEV,), (NODES, ((0.5, 1), (1.0, 3)), ()), between_knots=4)
    finer = panels.refined(3)
    assert (finer.lowest_recoil_keV, finer.highest_recoil_keV, finer.kinks_keV) == (LOWEST_KEV, 2.0, (KINK_KEV,))
    assert finer.slots == (((1.0, 12),), ((0.5, 3), (1.0, 9)), ())
    assert (finer.between_knots, finer.number) == (12, 3 * panels.number)


@pytest.mark.parametrize(
    "panels",
    [
        Panels(LOWEST_KEV, 1.0, (), ((), ())),
        Panels(1e6, math.inf, (), (NODES, NODES)),
        Panels(LOWEST_KEV, LOWEST_KEV, (), (NODES, NODES)),
    ],
    ids=["no nodes", "above the end point", "no width"],
)
# optimised, products and sums are rounded together, and derivatives are 1e-22 where they cancel
def test_nothing_seen(panels):
    """Zeros, finite ones, with finite derivatives of zero."""

    def integral(breaks, mass):
        y, weighted = panels.nodes(Steps(breaks), mass)
        return (weighted * (y**2)[None, None]).sum(), y

    value_and_slopes = jax.jit(jax.value_and_grad(integral, argnums=(0, 1), has_aux=True))
    (value, y), slopes = value_and_slopes(jnp.asarray(BREAKS), jnp.asarray(MASS))
    assert np.all(np.isfinite(y))
    assert float(value) == 0.0
    assert all(np.all(np.asarray(slope) == 0.0) for slope in slopes)


def test_all_recoils():
    """What ends below the lowest recoil is no kink; the whole range is covered, from there to the end of the flux."""
    line = MonoEnergetic("nu_e", 5.0)
    panels = Panels.of_all_recoils(line, 1e-3, [1e-4, 0.1, 0.2])
    assert panels.kinks_keV == (0.1, 0.2)
    assert len(panels.slots) == 3
    weighted = np.asarray(nodes_of(panels, line)[1])
    np.testing.assert_allclose(weighted[0, 0].sum(), 5.0 - smallest_energy(1e-3), rtol=1e-13)
    # a light mediator may set a scale in any decade: the smaller the lowest recoil, the more panels
    assert Panels.of_all_recoils(line, 1e-60).number > 3 * Panels.of_all_recoils(line, 1e-12).number


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0, (), (NODES,)), "lowest_recoil_keV must be positive"),
        ((math.nan, 1.0, (), (NODES,)), "lowest_recoil_keV must be positive"),
        ((2.0, 1.0, (), (NODES,)), "not above highest_recoil_keV, got 2 and 1 keV"),
        ((1.0, 2.0, (), (((1.0, 0),),)), "slots must hold panels of at least one node each"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(CevnsjaxError, match=message):
        Panels(*arguments)


def test_panels_of_another_flux():
    with pytest.raises(CevnsjaxError, match="These panels are for a flux with 1 break points, got one with 2"):
        nodes_of(Panels(LOWEST_KEV, 1.0, (KINK_KEV,), (NODES, NODES)), STEPS)
