"""Tables of what few leaves move smoothly: exact between their ends, not a number beyond."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.arrays import as_float
from cevnsjax.experiment import coherent_csi_2021, describe_frozen, named_experiment, prediction
from cevnsjax.experiment.freeze import tables_reach
from cevnsjax.experiment.smooth_table import SmoothTable
from cevnsjax.inference import build_model, maximum, profile_map
from cevnsjax.paths import set_paths


class Leaves(eqx.Module):
    first: jax.Array
    second: jax.Array


def at(first, second=0.0):
    return Leaves(as_float(first), as_float(second))


ENDS = {"first": (-1.0, 3.0), "second": (10.0, 20.0)}
BUMPS = np.linspace(-2.0, 4.0, 6)


def two(points):
    first, second = points[:, :1, None], points[:, 1:, None]
    return np.exp(-((first - BUMPS) ** 2) / 8.0) * np.sin(second / np.arange(6.0, 8.0)[:, None])


def test_of_two_leaves(precision):
    table = SmoothTable.of(two, ["first", "second"], ENDS)
    assert table is not None
    points = np.random.default_rng(3).uniform([-1.0, 10.0], [3.0, 20.0], (50, 2))
    points = np.concatenate([points, [[-1.0, 10.0], [3.0, 20.0], [-1.0, 20.0]]])
    found = jax.vmap(lambda point: table(Leaves(*point)))(as_float(points))
    atol = 2e-9 if precision == "float64" else 2e-5
    np.testing.assert_allclose(found, two(points), rtol=0, atol=atol)


def test_derivatives_at_the_ends_too():
    table = SmoothTable.of(two, ["first", "second"], ENDS)
    assert table is not None
    for point in ((0.4, 13.0), (-1.0, 10.0), (3.0, 20.0)):
        slopes = jax.jacfwd(lambda leaves: table(Leaves(*leaves)))(jnp.asarray(point))
        for leaf in range(2):
            step = 1e-5 * np.eye(2)[leaf]
            both = two(np.array([point + step, point - step]))
            np.testing.assert_allclose(slopes[..., leaf], (both[0] - both[1]) / 2e-5, rtol=0, atol=2e-7)


def test_one_leaf_and_none():
    table = SmoothTable.of(lambda points: np.exp(points[:, :1]), ["first"], ENDS)
    assert table is not None
    assert float(table(at(2.5))[0]) == pytest.approx(np.exp(2.5), rel=1e-9)
    constant = SmoothTable.of(lambda points: np.full((len(points), 2, 3), 7.0), [], ENDS)
    assert constant is not None
    np.testing.assert_array_equal(constant(at(0.0)), np.full((2, 3), 7.0))


def test_narrow_bins_that_move_far(precision):
    """A bin that one leaf moves past, a hundredth as wide as the way: with as many polynomials as it needs."""

    def passing(points):
        return np.exp(-0.5 * ((points[:, :1] - BUMPS[1:4]) / 0.04) ** 2)

    table = SmoothTable.of(passing, ["first"], ENDS)
    assert table is not None
    points = np.concatenate([np.random.default_rng(4).uniform(-1.0, 3.0, 200), [-1.0, 3.0]])[:, None]
    found, slopes = jax.vmap(lambda x: jax.jvp(lambda x: table(at(x)), (x,), (1.0,)))(as_float(points[:, 0]))
    double = precision == "float64"
    np.testing.assert_allclose(found, passing(points), rtol=0, atol=2e-9 if double else 2e-5)
    # of 15 at most; what is left out of the polynomials is steepest at the ends
    expected = -(points - BUMPS[1:4]) / 0.04**2 * passing(points)
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=3e-6 if double else 1e-2)


@pytest.mark.parametrize("beyond", [(-1.01, 15.0), (3.01, 15.0), (0.0, 9.9), (0.0, 20.1)])
def test_beyond_is_not_a_number(beyond):
    table = SmoothTable.of(two, ["first", "second"], ENDS)
    assert table is not None
    assert not table.ends.reach(at(*beyond))
    assert np.all(np.isnan(table(at(*beyond))))
    assert table.ends.reach(at(0.0, 15.0))


def test_what_is_not_smooth_has_none():
    for function in (np.abs, lambda x: np.maximum(x, 0.1), lambda x: 1.0 / (x**2 + 1e-6), lambda x: np.sin(1e3 * x)):
        assert SmoothTable.of(lambda points, function=function: function(points), ["first"], ENDS) is None
    assert SmoothTable.of(lambda p: np.abs(p[:, :1]) * p[:, 1:], ["first", "second"], ENDS) is None
    assert SmoothTable.of(two, ["first", "second"], ENDS, lambda values: False) is None


# the models that have such tables

CASES = [
    "coherent-csi-2021 nsi",
    *(
        pytest.param(f"{name} sm", marks=pytest.mark.slow)
        for name in (
            "coherent-csi-2021",
            "coherent-lar",
            "cicenns",
            "ccm200",
            "pip2-bd",
            "nuxe",
            "red-100",
            "coherent-ge-50kg",
            "conus",
            "ess-si",
            "nucleus-1",
        )
    ),
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in (
            "coherent-lar nsi",
            "coherent-csi-2021 magnetic-moment+electrons",
            "cicenns generalized",
            "red-100 nsi",
        )
    ),
]


@pytest.fixture(scope="module", params=CASES)
def model(request):
    experiment, name = request.param.split()
    return build_model(named_experiment(experiment), name)


@eqx.filter_jit
def log_likelihoods(model, latents):
    one = jax.value_and_grad(lambda latent: model.log_likelihood(model.from_latent(latent)))
    return jax.lax.map(one, latents, batch_size=16)


def exact(model):
    return eqx.tree_at(lambda m: m.experiment.frozen, model, model.experiment.frozen.without_tables())


def test_a_model_with_tables_is_the_same(model):
    """Draws from the prior, and three sigma out in every direction but the first."""
    assert any("polynomials of quenching" in words for words in describe_frozen(model.experiment).values())
    latents = model.prior_latents(jax.random.key(0), 48)
    far = 3.0 * np.sign(np.random.default_rng(0).normal(size=(8, latents.shape[1])))
    own = len(model.names) - len(model.experiment.nuisances)
    far[:, : max(own, 1)] = 0.0
    latents = jnp.asarray(np.concatenate([latents, far]))
    (heights, slopes), (expected, expected_slopes) = (log_likelihoods(each, latents) for each in (model, exact(model)))
    np.testing.assert_allclose(heights, expected, rtol=1e-8, atol=1e-6)
    largest = np.abs(expected_slopes).max(axis=1, keepdims=True)
    np.testing.assert_array_less(np.abs(slopes - expected_slopes) / largest, 1e-7)


def test_few_nodes_tell_events_on_all(model):
    """Wherever the couplings are between their ends; beyond, nothing is said."""
    for pair, few in model.experiment.frozen.few_nodes.items():
        number, nodes = few.spread.shape
        assert number <= min(12, nodes // 2)
        said = describe_frozen(model.experiment).values()
        assert any(f"on {number} nodes, which tell those on {nodes}" in words for words in said)
        random = np.random.default_rng(5)
        for _ in range(3):
            leaves = [random.uniform(*ends) for ends in few.ends.intervals]
            there = set_paths(model.experiment, few.ends.paths, leaves)
            events = np.asarray(prediction.events(there, *pair))
            found = np.asarray(few.events(there, *pair)) @ np.asarray(few.spread)
            np.testing.assert_allclose(found, events, rtol=0, atol=1e-9 * np.abs(events).max())
        for path, (_, high) in zip(few.ends.paths, few.ends.intervals, strict=True):
            beyond = set_paths(model.experiment, [path], [high + 0.01 * abs(high)])
            assert not tables_reach(beyond)
            assert np.isnan(few.events(beyond, *pair)).all()


BEYOND = {
    "coherent-csi-2021": {"quenching_0": 7.0, "quenching_1": -7.0, "efficiency": 7.5, "arrival_time": 1.7},
    "coherent-lar": {"quenching_0": 7.0},
}


def test_beyond_its_tables_a_model_is_exact(model):
    """Seven sigma out: alone the same digits as without tables, traced not a number."""
    plain = exact(model)
    of_model = {"eps_ee_u": 1.5} if "eps_ee_u" in model.names else {}
    for name, value in (BEYOND.get(model.experiment.name, {}) | of_model).items():
        values = {**model.reference_values, name: as_float(value)}
        expected = float(plain.log_likelihood(values))
        assert float(model.log_likelihood(values)) == pytest.approx(expected, rel=1e-12)
        given = [*values.values()]
        traced = eqx.filter_jit(lambda model, given: model.log_likelihood(dict(zip(model.names, given, strict=True))))
        assert np.isnan(traced(model, given)), name
        wide = model.reaching({name: np.array([0.5, value])})
        assert float(traced(wide, given)) == pytest.approx(expected, rel=1e-9)
    middle = {name: np.asarray(value) for name, value in model.from_latent(jnp.zeros(len(model.names))).items()}
    assert model.reaching(middle) is model


@pytest.mark.slow
@pytest.mark.usefixtures("standard_promotion")
def test_maps_and_fits_reach_beyond():
    model = build_model(coherent_csi_2021(), fixed=["brn_delay", "nin_delay", "efficiency", "nin_events"])
    found = profile_map(model, {"quenching_0": np.linspace(-8.0, 8.0, 5)})
    assert np.all(found.converged)
    assert np.all(np.isfinite(found.delta_chi2))
    held = maximum(model, {"quenching_0": 8.0})
    assert held.log_density == pytest.approx(float(found.log_density[-1]), abs=1e-5)


def test_fits_go_beyond_tables_where_data_lead_them():
    """A prior of 0.157 +- 0.0003 whose tables end six standard deviations away, and many events made at 0.17."""
    experiment = set_paths(named_experiment("coherent-ge-50kg"), ["mass_kg"], [as_float(5e4)])
    made_at = set_paths(experiment, ["quenching.k"], [as_float(0.17)]).placed()
    observed = np.asarray(made_at.expected())
    model = build_model(experiment, "sm", fixed=["signal_norm"], priors={"lindhard_k": dist.Normal(0.157, 3e-4)})
    (ends,) = model.experiment.frozen.ends
    found = maximum(model, observed=observed)
    assert found.values["lindhard_k"] > ends.intervals[0][1] + 1e-3
    expected = maximum(exact(model), observed=observed)
    assert found.log_density == pytest.approx(expected.log_density, abs=1e-6)
    np.testing.assert_allclose(found.values["lindhard_k"], expected.values["lindhard_k"], rtol=1e-7)


def test_no_table_around_a_start_beyond_it():
    """Data may have been made there."""
    experiment = named_experiment("coherent-ge-50kg")
    assert build_model(experiment, "sm").experiment.frozen.ends
    moved = set_paths(experiment, ["quenching.k"], [as_float(0.2)]).placed()
    assert not build_model(moved, "sm").experiment.frozen.ends
