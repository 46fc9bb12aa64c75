"""The minimiser: straight steps, and that it gets to the bottom from anywhere."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.special import expit

from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import Model, build_model
from cevnsjax.inference.coordinates import Coordinates
from cevnsjax.inference.objective import Box, Objective
from cevnsjax.inference.prior_groups import unconstraining
from cevnsjax.inference.rounds import Fitter, fit_lowest
from cevnsjax.inference.solver import curvatures, solve
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")

FIXED = ("arrival_time", "quenching_0", "quenching_1", "efficiency", "brn_delay", "nin_delay", "nin_events")
NORM = Parameter("signal_norm", dist.Uniform(-10.0, 3.0), "signal_norm")
STEADY = Parameter(
    "steady_state_events", dist.TruncatedNormal(1286.0, 300.0, low=0.0), "backgrounds.steady_state.events"
)
BRN = Parameter("brn_events", dist.LogUniform(1e-3, 1e3), "backgrounds.brn.events")

PRIORS = {
    "none": (0, dist.Normal(3.0, 2.0)),
    "from below": (1, dist.TruncatedNormal(5.0, 2.0, low=0.0)),
    "from above": (1, dist.TruncatedNormal(5.0, 2.0, high=9.0)),
    "between": (2, dist.Uniform(-3.0, 4.0)),
}


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("latent", [-9.0, -1.0, 0.0, 0.6, 8.0])
def test_steps_are_straight_in_values(prior, latent):
    """By the transformation of the prior itself, and its derivatives by automatic differentiation."""
    ends, prior = PRIORS[prior]
    location, scale = jnp.array([0.3]), jnp.array([0.7])
    coordinates, at = Coordinates(np.array([ends]), np.array([0.3]), np.array([0.7])), np.array([latent])

    def value(z):
        return unconstraining(prior)(location + scale * z)[0]

    slope = jax.jit(jax.grad(value))
    for size in (-0.4, 1e-6, 0.4):
        step = np.array([size])
        step = step / max(coordinates.beyond(at, step).max(), 1.0)
        arrived, stretch = coordinates.move(at, step)
        assert float(value(arrived)) == pytest.approx(float(value(at) + slope(at) @ step), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(stretch, slope(arrived) / slope(at), rtol=1e-6)
    bend = jax.grad(lambda z: slope(z)[0])(at) / slope(at)
    np.testing.assert_allclose(coordinates.bend(at), bend, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("ends", [1, 2])
def test_steps_end_before_the_end(ends):
    """However long they are, a fiftieth of the way to it is left."""
    coordinates = Coordinates(np.array([ends, ends]), np.zeros(2), np.ones(2))
    at = np.array([-8.0, 2.0])
    for direction in ([-1e9, 1.0], [1e-3, -1e9], [-3.0, -3.0], [1e9, -1e9]):
        step = np.array(direction)
        step = step / max(coordinates.beyond(at, step).max(), 1.0)
        arrived, stretch = coordinates.move(at, step)
        assert np.isfinite(arrived).all()
        assert (np.asarray(stretch) > 0.0).all()
        ways = [jnp.exp] if ends == 1 else [jax.nn.sigmoid, lambda z: jax.nn.sigmoid(-z)]
        for way in ways:
            assert np.asarray(way(arrived) / way(at)).min() >= 0.018


@pytest.mark.parametrize("place", [0.0, -3.0, 5.0, -12.0, 12.0])
def test_curvatures_of_a_parabola(place):
    """Of what is one in v, known in closed form: also so near an end that differences there would be rounding."""
    coordinates = Coordinates(np.arange(3), np.array([0.2, -0.3, 0.4]), np.array([0.7, 0.8, 0.9]))
    matrix = np.array([[2.0, 0.5, 0.3], [0.5, 3.0, -0.4], [0.3, -0.4, 5.0]])
    latents = np.array([[place, place, place]])

    def v_and_slope(latents):
        share = expit(0.4 + 0.9 * latents[:, 2])
        v = [0.2 + 0.7 * latents[:, 0], np.exp(0.8 * latents[:, 1]), share]
        return np.stack(v, 1), np.stack([np.full(len(latents), 0.7), 0.8 * v[1], 0.9 * share * (1.0 - share)], 1)

    def evaluate(points, latents):
        v, slope = v_and_slope(latents)
        return 0.5 * np.einsum("pi,ij,pj->p", v, matrix, v), slope * (v @ matrix)

    (slope,) = v_and_slope(latents)[1]
    found = curvatures(evaluate, coordinates, latents)[0]
    # at 12 the first derivative is 6e3, whose rounding over the step is 3e-5
    np.testing.assert_allclose(found / np.outer(slope, slope), matrix, rtol=0, atol=1e-4)


def test_what_moves_nothing_stays():
    """A parabola of four latents among twelve, the others held: none of their zeros is inverted as if it were one."""
    seen, nothing = [1, 9, 10, 11], [0, 2, 3, 4, 5, 6, 7, 8]
    rng = np.random.default_rng(3)
    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    matrix = np.zeros((12, 12))
    matrix[np.ix_(seen, seen)] = axes @ np.diag([1e-2, 1.0, 30.0, 3e4]) @ axes.T
    coordinates = Coordinates(np.zeros(12, int), np.zeros(12), np.ones(12))

    def evaluate(points, latents):
        return 0.5 * np.einsum("pi,ij,pj->p", latents, matrix, latents), latents @ matrix

    latents = rng.normal(size=(3, 12))
    curvature = curvatures(evaluate, coordinates, latents)
    np.testing.assert_allclose(curvature[0], matrix + np.diag(np.isin(range(12), nothing)), atol=1e-4)
    found = solve(evaluate, coordinates, latents, curvature, 8, 1e-5)
    assert found.converged.all()
    np.testing.assert_allclose(found.latents[:, nothing], latents[:, nothing], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.latents[:, seen], 0.0, atol=1e-3)


def starts(number, size):
    """From the middle of the priors to their edges."""
    rng = np.random.default_rng(12)
    return rng.normal(size=(number, size)) * rng.choice([0.1, 1.0, 2.0, 4.0], (number, 1))


def fits(objective, held, latents):
    """Fits of all starts, and in how many rounds."""
    lowest, converged, rounds = np.full(len(latents), np.inf), np.zeros(len(latents), bool), [0]

    def keep(points, found, over):
        lowest[points], converged[points] = found.objective, found.converged
        rounds[0] += 1

    Fitter(objective, 16, len(latents)).fit(held, latents, keep=keep)
    return lowest, converged, rounds[0]


@pytest.mark.parametrize("name", ["nsi", pytest.param("zprime", marks=pytest.mark.slow)])
def test_every_start_ends_at_a_minimum(name):
    """Couplings of which only a sum is seen: a valley that is long, narrow and, in latents, bent."""
    extra = ["eps_ee_u", "eps_ee_d", "eps_mumu_u"] if name == "nsi" else None
    model = build_model(coherent_csi_2021(), name, free=extra, fixed=FIXED)
    held_name = model.names[0]
    objective = Objective(model, model.experiment.observed, model.names[1:], frozenset([held_name]))
    latents = starts(160, objective.size)
    prior: Any = model.parameters[0].prior
    held = {held_name: np.array(prior.sample(jax.random.key(1), (160,)))}
    held[held_name][:2] = float(prior.low), float(prior.high)  # at the edges too
    lowest, converged, rounds = fits(objective, held, latents)
    assert converged.all()
    assert np.isfinite(lowest).all()
    # a start in a bent valley took hundreds of steps; there is room left before the last of forty rounds
    assert rounds <= 30
    # the last digit of a start changes nothing, but where it leads along an end and is begun again inside
    again, same, _ = fits(objective, held, np.nextafter(latents, np.inf))
    assert same.all()
    assert np.sum(np.abs(again - lowest) > 2e-2) <= 2
    assert np.median(np.abs(again - lowest)) < 1e-8


def test_every_start_ends_at_the_minimum():
    """One minimum, ends of all kinds, strengths that are impossible on the way: all starts find it."""
    model = Model(coherent_csi_2021(), [NORM, STEADY, BRN])
    objective = Objective(model, model.experiment.observed, model.names)
    latents = starts(64, objective.size)
    lowest, converged, _ = fits(objective, {name: np.full(64, np.nan) for name in model.names}, latents)
    assert converged.all()
    assert np.ptp(lowest) < 1e-5


def test_a_box_is_a_range_of_its_own():
    """Its latents are even in the value or its logarithm, and the minimum in it is at its edge or inside."""
    assert float(Box(1.0, 100.0, True).value(jnp.array(0.0))) == pytest.approx(10.0, rel=1e-12)
    assert float(Box(1.0, 100.0, False).value(jnp.array(0.0))) == pytest.approx(50.5, rel=1e-12)
    for logarithmic in (True, False):
        box = Box(1.0, 100.0, logarithmic)
        assert float(box.value(jnp.array(box.latent(30.0)))) == pytest.approx(30.0, rel=1e-12)
        assert np.isfinite([box.latent(1.0), box.latent(100.0)]).all()
        assert 1.0 <= float(box.value(jnp.array(-800.0))) <= float(box.value(jnp.array(800.0))) <= 100.0
    model = Model(coherent_csi_2021(), [NORM, STEADY])
    for low, high, expected in ((0.1, 3.0, None), (1.5, 2.5, 1.5), (-9.0, 0.5, 0.5)):
        boxes = {"signal_norm": Box(low, high, False)}
        objective = Objective(model, model.experiment.observed, model.names, frozenset(["signal_norm"]), boxes)
        found = fit_lowest(objective, {}, np.zeros((1, 2)))
        assert found.converged
        strength = float(objective.values({}, jnp.asarray(found.latents))["signal_norm"])
        assert strength == pytest.approx(expected, abs=1e-4) if expected else 0.8 < strength < 1.1
