"""Pulses made of straight pieces, and arrivals, against nested quadrature."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    ExponentialArrival,
    GaussianPulse,
    HistogramArrival,
    PionDecayArrival,
    PromptArrival,
    RectangularPulse,
    SharpPulse,
    SteadyArrival,
    TriangularPulse,
)

PION, MUON = 0.026033, 2.1969811
TIMES = np.array([-3.0, 0.05, 0.1, 0.22, 0.3, 0.5, 0.61, 1.0, 6.0, 50.0])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)

# the pulse, its density, and where that has a kink
PULSES = {
    "one bunch": (RectangularPulse(0.1, 0.3), lambda u: np.full_like(u, 1 / 0.3), [(0.1, 0.4)]),
    "two bunches": (RectangularPulse([0.05, 0.6], 0.1), lambda u: np.full_like(u, 5.0), [(0.05, 0.15), (0.6, 0.7)]),
    "triangle": (
        TriangularPulse(0.1, 0.29),
        lambda u: (1 - np.abs(u - 0.245) / 0.145) / 0.145,
        [(0.1, 0.245), (0.245, 0.39)],
    ),
    "long": (RectangularPulse(-2.0, 2860.0), lambda u: np.full_like(u, 1 / 2860), [(-2.0, 2858.0)]),
}
cumulative = eqx.filter_jit(lambda arrival, times, rate: arrival.cumulative(times, rate))
decayed = jax.jit(lambda pulse, times, lifetime, rate: pulse.decayed(times, lifetime, rate))


def panel(low, high):
    half = 0.5 * (high - low)
    return low + half * (1 + NODES), half * WEIGHTS


def folded(density, pieces, time, lifetime, rate):
    """Integral over protons at u and decays at v < time of g(u) exp(-(v - u)/lifetime)/lifetime exp(-rate v)."""
    total = 0.0
    for low, high in pieces:
        high = min(high, time)
        if high <= low:
            continue
        # the youngest protons on panels of their own
        edges = np.unique(np.clip([low, high - 40 * lifetime, high - 8 * lifetime, high - lifetime, high], low, high))
        for a, b in itertools.pairwise(edges):
            for u, weight in zip(*panel(a, b), strict=True):
                ends = np.unique(np.minimum(u + lifetime * np.array([0, 1, 4, 10, 20, 40]), time))
                inner = sum(
                    (np.exp(-(v - u) / lifetime - rate * v) / lifetime * w).sum()
                    for v, w in (panel(c, d) for c, d in itertools.pairwise(ends))
                )
                total += weight * density(np.array([u]))[0] * inner
    return total


@pytest.mark.parametrize("name", PULSES)
@pytest.mark.parametrize(("lifetime", "rate"), [(PION, 0.7), (MUON, 0.0), (MUON, 0.0494)])
def test_pulse_folded_with_a_decay(name, lifetime, rate):
    pulse, density, pieces = PULSES[name]
    expected = [folded(density, pieces, time, lifetime, rate) for time in TIMES]
    found = decayed(pulse, jnp.asarray(TIMES), jnp.array(lifetime), jnp.array(rate))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


def test_short_pulses_are_sharp_ones():
    times = jnp.array([0.2, 0.5, 3.0])
    sharp = decayed(SharpPulse(0.3), times, jnp.array(MUON), jnp.array(0.05))
    for pulse in (RectangularPulse(0.3 - 5e-6, 1e-5), TriangularPulse(0.3 - 5e-6, 1e-5)):
        np.testing.assert_allclose(
            decayed(pulse, times, jnp.array(MUON), jnp.array(0.05)), sharp, rtol=1e-8, atol=1e-12
        )


def test_everything_arrives_in_the_end():
    for pulse, _, _ in PULSES.values():
        total = cumulative(PionDecayArrival(pulse), jnp.array([1e5]), jnp.array(0.0))
        np.testing.assert_allclose(total, 1.0, rtol=1e-11)


@pytest.mark.parametrize("name", ["long", "triangle"])
def test_gradients_and_extreme_times(name, precision):
    pulse = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), dtype=float), PULSES[name][0])
    # kinks of the density included
    times = jnp.array([-1e4, 0.0, 0.05, 0.1, 0.15, 0.245, 0.4, 0.6, 0.7, 6.0, 1e4], dtype=float)
    lifetime, rate = jnp.asarray(PION, dtype=float), jnp.asarray(0.0, dtype=float)
    values, gradients = with_derivatives(pulse, times, lifetime, rate)
    assert all(np.all(np.isfinite(leaf)) for leaf in (values, *jax.tree.leaves(gradients)))
    assert values[0] == 0.0
    assert np.all(np.diff(values) >= -1e-6)
    if precision == "float32":
        with jax.enable_x64(True):
            # of the types of the other precision, whose program it shares
            exact = [jnp.asarray(np.asarray(each, dtype=float)) for each in (times, PION, 0.0)]
            double, _ = with_derivatives(PULSES[name][0], *exact)
        np.testing.assert_allclose(values, double, atol=2e-6)


@jax.jit
def with_derivatives(*arguments):
    return decayed(*arguments), jax.jacrev(decayed, argnums=(0, 1, 2, 3))(*arguments)


def test_gradient_of_every_leaf():
    arrival = PionDecayArrival(PULSES["triangle"][0])
    times = jnp.array([0.12, 0.31, 0.66, 2.0])

    def late(arrival):
        return (arrival.cumulative(times, jnp.array(0.05)) * jnp.arange(1.0, 5.0)[None]).sum()

    gradients = check_gradients(arrival, late, rtol=1e-4)
    assert {"pion_lifetime_us", "muon_lifetime_us", "pulse.start_us", "pulse.width_us"} == gradients.keys()


def test_gradients_of_bunches():
    """A later start: minus the slope in time of what the bunch brings. A longer bunch: differences."""

    def brought(pulse):
        return pulse.decayed(jnp.array([0.9]), jnp.array(MUON), jnp.array(0.0))[0]

    bunches = np.array([0.0, 0.5])
    value, slopes = jax.jit(jax.value_and_grad(brought))(RectangularPulse(bunches, 0.1))

    def exact(width):
        elapsed = 0.9 - bunches
        return 1 - MUON * (np.exp(-(elapsed - width) / MUON) - np.exp(-elapsed / MUON)) / width

    np.testing.assert_allclose(value, exact(0.1).mean(), rtol=1e-12)
    np.testing.assert_allclose(slopes.starts_us, -0.5 * (1 - exact(0.1)) / MUON, rtol=1e-10)
    np.testing.assert_allclose(slopes.width_us, (exact(0.1001) - exact(0.0999)).mean() / 2e-4, rtol=1e-6)


EVERY_PULSE = {name: pulse for name, (pulse, _, _) in PULSES.items()}
EVERY_PULSE |= {"gaussian": GaussianPulse(0.3, 0.11), "sharp": SharpPulse(0.27)}


@jax.jit
def beside_decays(pulse, times, lifetime, rate):
    """What has arrived, what has decayed, and their slopes in time."""
    both = [lambda at: pulse.arrived(at, rate), lambda at: pulse.decayed(at, lifetime, rate)]
    return [jax.jvp(each, (times,), (jnp.ones_like(times),)) for each in both]


@pytest.mark.parametrize("name", EVERY_PULSE)
def test_what_arrives_is_what_decays_at_once(name):
    """f_tau + tau f_tau' = f for every lifetime tau, and the limit of a short one."""
    times = jnp.asarray(TIMES)
    for lifetime, rate in ((MUON, 0.0), (MUON, 0.0494), (PION, 0.7)):
        (arrived, _), (decayed, slope) = beside_decays(EVERY_PULSE[name], times, jnp.array(lifetime), jnp.array(rate))
        np.testing.assert_allclose((1.0 + rate * lifetime) * decayed + lifetime * slope, arrived, rtol=1e-9, atol=1e-12)
    times = times + 3e-3  # away from kinks
    (arrived, density), (decayed, _) = beside_decays(EVERY_PULSE[name], times, jnp.array(1e-5), jnp.array(0.0))
    np.testing.assert_allclose(arrived - 1e-5 * density, decayed, atol=1e-8)


@pytest.mark.parametrize("name", [*PULSES, "gaussian"])
def test_current_of_what_arrives(name):
    """Its slope is the current of protons, of which there is one in the end."""
    pulse, rate = EVERY_PULSE[name], 0.0494
    if name == "gaussian":
        pieces = [(-0.8, 0.3), (0.3, 1.4)]

        def density(u):
            return np.exp(-0.5 * ((u - 0.3) / 0.11) ** 2) / (0.11 * np.sqrt(2.0 * np.pi))
    else:
        _, density, pieces = PULSES[name]
    nodes = [panel(*piece) for piece in pieces]
    times, weights = (np.concatenate(each) for each in zip(*nodes, strict=True))
    (_, slope), _ = beside_decays(pulse, jnp.asarray(times), jnp.array(MUON), jnp.array(0.0))
    np.testing.assert_allclose(slope, density(times), rtol=1e-9)
    assert np.sum(weights * np.asarray(slope)) == pytest.approx(1.0, rel=1e-10)
    (weighted, _), _ = beside_decays(pulse, jnp.full(len(times), 1e5), jnp.array(MUON), jnp.array(rate))
    expected = np.sum(weights * density(times) * np.exp(-rate * times))
    np.testing.assert_allclose(weighted, expected, rtol=1e-9)


def test_prompt_arrival():
    """What protons make at once, and what their pions make."""
    pulse, times, rate = PULSES["triangle"][0], jnp.asarray(TIMES), jnp.array(0.05)
    found = cumulative(PromptArrival(pulse), times, rate)
    (arrived, _), (from_pions, _) = beside_decays(pulse, times, jnp.array(PION), rate)
    np.testing.assert_allclose(found, np.stack([arrived, from_pions]), rtol=1e-12)
    np.testing.assert_allclose(found[1], cumulative(PionDecayArrival(pulse), times, rate)[0], rtol=1e-12)
    assert PromptArrival(pulse).components == ("prompt", "stopped_pion")
    with pytest.raises(CevnsjaxError, match="pion_lifetime_us must be positive"):
        PromptArrival(pulse, 0.0)


def test_steady_arrival():
    arrival = SteadyArrival(("nu_e", "nu_mu"))
    times = jnp.array([-1.0, 0.0, 0.25, 1.0, 7.0])
    np.testing.assert_allclose(cumulative(arrival, times, jnp.array(0.0)), [[0.0, 0.0, 0.25, 1.0, 1.0]] * 2, rtol=1e-15)
    expected = -np.expm1(-0.3 * np.array([0.0, 0.0, 0.25, 1.0, 1.0])) / 0.3
    np.testing.assert_allclose(cumulative(arrival, times, jnp.array(0.3)), [expected] * 2, rtol=1e-14)


def test_exponential_arrival():
    arrival = ExponentialArrival(("nu_e", "nu_e_bar"), [2e6, 5e6], 1e5)
    times = np.array([0.0, 1e5, 1e6, 1e8])
    elapsed = np.maximum(times - 1e5, 0.0)
    expected = [-np.expm1(-elapsed / lifetime) for lifetime in (2e6, 5e6)]
    np.testing.assert_allclose(cumulative(arrival, jnp.asarray(times), jnp.array(0.0)), expected, rtol=1e-13)


def test_histogram_arrival():
    edges, fractions = np.array([0.0, 0.5, 2.0, 3.0]), np.array([[0.5, 0.3, 0.2], [0.1, 0.0, 0.6]])
    arrival = HistogramArrival(("nu_e", "nu_mu"), edges, fractions)
    times = np.array([-1.0, 0.25, 0.5, 1.7, 3.0, 9.0])
    plain = [np.interp(times, edges, np.append(0.0, np.cumsum(row))) for row in fractions]
    np.testing.assert_allclose(cumulative(arrival, jnp.asarray(times), jnp.array(0.0)), plain, atol=1e-15)
    fine = np.linspace(0.0, 1.7, 170001)
    density = np.array(
        [row[np.minimum(np.searchsorted(edges, fine, side="right") - 1, 2)] for row in fractions / np.diff(edges)]
    )
    weighted = np.trapezoid(density * np.exp(-0.4 * fine), fine, axis=1)
    np.testing.assert_allclose(cumulative(arrival, jnp.array([1.7]), jnp.array(0.4))[:, 0], weighted, rtol=2e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RectangularPulse(0.0, 0.0), "width_us must be positive"),
        (lambda: TriangularPulse(0.0, -1.0), "width_us must be positive"),
        (lambda: ExponentialArrival(("nu_e",), [0.0]), "lifetimes_us must be positive"),
        (lambda: ExponentialArrival(("nu_e",), [1.0, 2.0]), "lifetimes_us must have one entry"),
        (lambda: HistogramArrival(("nu_e",), [0.0, 1.0], [[0.5, 0.5]]), "fractions must have a row"),
        (lambda: HistogramArrival(("nu_e",), [1.0, 0.0], [[0.5]]), "edges_us must be finite and increase"),
        (
            lambda: HistogramArrival(("nu_e",), [0.0, 1.0], [[1.5]]),
            "the sum of fractions of each component must be between 0 and 1",
        ),
    ],
)
def test_messages_name_the_argument(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()
