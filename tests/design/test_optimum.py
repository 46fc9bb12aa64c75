"""The best design: against a grid, at bounds, within budgets; what matters most; what is refused."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.design import PosteriorWidth, Variable, build_study, elasticities, optimise, pareto_front, plot_study
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.paths import get_path, set_paths

pytestmark = pytest.mark.usefixtures("standard_promotion")

WIDTH = PosteriorWidth(("signal_norm",))


@pytest.fixture(scope="module")
def study(small, variables):
    """Mass, threshold and edge between the two bins, within a budget."""
    return build_study(small, variables[:3], WIDTH, budget=25.0)


@pytest.fixture(scope="module")
def best(study):
    return optimise(study, starts=4)


def test_against_a_grid(study, best):
    """The best of a grid of 24 x 24 x 24 designs within the budget is not better, and no more than 1 % worse."""
    axes = [
        np.asarray([float(each.at(jnp.array(share))) for share in np.linspace(0, 1, 24)]) for each in study.variables
    ]
    designs = np.array(list(itertools.product(*axes)))
    costs = 10.0 * designs[:, 0] / 10.0 + 10.0 * 0.4 / designs[:, 1]
    affordable = designs[costs <= 25.0]
    judged = eqx.filter_jit(lambda study, values: jax.lax.map(study.judged, values, batch_size=64))
    found = np.asarray(judged(study, jnp.asarray(affordable)))
    assert best.objective <= found.min() * (1.0 + 1e-9)
    assert best.objective >= 0.99 * found.min()
    assert best.evaluations / len(best.starts) < len(affordable) / 50
    assert best.cost == pytest.approx(25.0, rel=1e-5)
    assert best.nominal_cost == pytest.approx(20.0)


def test_every_start_arrives_at_the_same(best):
    assert all(each.converged for each in best.starts)
    np.testing.assert_allclose([each.path[-1] for each in best.starts], best.objective, rtol=1e-5)


def test_without_a_budget_the_dearest_is_best(small, variables):
    study = build_study(small, variables, WIDTH)
    found = optimise(study, starts=2)
    assert found.values["mass"] == pytest.approx(50.0)
    assert found.values["baseline"] == pytest.approx(15.0)
    assert found.values["background"] == pytest.approx(0.03)


def test_front_falls(study, best):
    front = pareto_front(study, [15.0, 25.0, 60.0])
    assert [each.cost for each in front] == pytest.approx([15.0, 25.0, 60.0], rel=1e-5)
    assert front[0].objective > front[1].objective > front[2].objective
    assert front[1].objective == pytest.approx(best.objective, rel=1e-5)


@pytest.mark.slow
def test_elasticities_are_differences(study, small):
    """Of leaves and of variables, in experiments built anew."""
    found = elasticities(study)
    assert found.objective == pytest.approx(float(study.judged(jnp.asarray(study.nominal))), rel=1e-7)
    assert list(found.by_path.values()) == sorted(found.by_path.values(), key=lambda each: -abs(each))
    for path in ("quenching.k", "exposure_days"):
        logarithms = []
        for factor in (np.exp(1e-4), np.exp(-1e-4)):
            other = set_paths(small, [path], [get_path(small, path) * factor])
            moved = build_study(other, study.variables, WIDTH)
            logarithms.append(np.log(float(moved.judged(jnp.asarray(study.nominal)))))
        assert found.by_path[path] == pytest.approx((logarithms[0] - logarithms[1]) / 2e-4, rel=1e-4, abs=1e-8)
    assert found.by_variable["mass"] == pytest.approx(found.by_path["mass_kg"], rel=1e-10)
    assert "observed" not in found.by_path


def test_plot(study, best, tmp_path):
    plot_study(study, best, tmp_path / "design.png", pareto_front(study, [20.0, 30.0], starts=1), None)
    plot_study(study, best, tmp_path / "alone.png")
    assert (tmp_path / "design.png").stat().st_size > 20_000


def test_what_is_refused(study, small):
    with pytest.raises(UnknownNameError, match="design variable"):
        optimise(study, begin={"masss": 3.0})
    with pytest.raises(UnknownNameError, match="design variable"):
        elasticities(study, {"masss": 3.0})
    with pytest.raises(CevnsjaxError, match="starts must be"):
        optimise(study, starts=0)
    idle = Variable(name="idle", where="response.resolution.pair_energy_keV", low=0.1, high=0.5)
    with pytest.raises(ParameterError, match="depends on the design variable 'idle'"):
        optimise(build_study(small, [idle], WIDTH), starts=2)
    with pytest.raises(ParameterError, match="at least one budget"):
        pareto_front(study, [])
    with pytest.raises(CevnsjaxError, match="the cheapest one costs"):
        pareto_front(study, [1.0])
