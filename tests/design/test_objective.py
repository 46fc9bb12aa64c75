"""What designs are judged by: closed forms, SciPy, other ways in the package, and differences."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.optimize import brentq
from scipy.special import ndtri

from cevnsjax.design import (
    AsimovSignificance,
    ExpectedLimit,
    InformationGain,
    PosteriorWidth,
    Variable,
    WorstCase,
    build_study,
    nested_information_gain,
)
from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.experiment import Joint, named_experiment
from cevnsjax.experiment.likelihood import GaussianLikelihood
from cevnsjax.inference import Model, expected_upper_limit
from cevnsjax.inference.degeneracy import check_constrained
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import ConstantQuenching, Lindhard, OneOf, Sarkis
from cevnsjax.target import compound

pytestmark = pytest.mark.usefixtures("standard_promotion")

NORM = ("signal_norm",)
SMALL = str(Path(__file__).parent / "small.toml")
OBJECTIVES = {
    "width": PosteriorWidth(NORM),
    "gain": InformationGain(NORM),
    "gain over the prior": InformationGain(NORM, draws=3),
    "significance": AsimovSignificance(NORM),
    "limit": ExpectedLimit(NORM, null=0.0),
    "worst": WorstCase(PosteriorWidth(NORM), {"quenching.k": [0.14, 0.157, 0.17]}),
    "worst quenching": WorstCase(PosteriorWidth(NORM), {"quenching": (Lindhard(0.157, 32), ConstantQuenching(0.12))}),
}
MASS = Variable(name="mass", where="mass_kg", low=1.0, high=50.0)


@eqx.filter_jit
def judged(study, values):
    return jax.value_and_grad(study.judged)(values)


def counting(small, objective, **options):
    """A study of the two bins with nothing free but the strength."""
    return build_study(small, [MASS], objective, fixed=["steady_state_norm"], **options)


SLOW = (
    "gain over the prior",
    "significance",
    "worst",
    "worst quenching",
)  # what they differentiate is in the others too


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in OBJECTIVES]
)
def test_gradients(name, small, variables):
    """Central differences in every variable, within and at the bounds: thresholds and edges of bins among them."""
    study = build_study(small, variables, OBJECTIVES[name])
    inside = np.array([12.0, 0.52, 1.2, 0.07, 22.0, 0.7])
    for values in (study.nominal, inside):
        _, slopes = judged(study, jnp.asarray(values))
        for i in range(len(variables)):
            step = 1e-5 * values[i] * np.eye(len(values))[i]
            up, down = (float(judged(study, jnp.asarray(values + sign * step))[0]) for sign in (1.0, -1.0))
            difference = (up - down) / (2e-5 * values[i])
            assert float(slopes[i]) == pytest.approx(difference, rel=1e-4, abs=1e-7), study.names[i]
    for ends in ([each.low for each in variables], [each.high for each in variables]):
        value, slopes = judged(study, jnp.asarray(ends))
        assert np.isfinite(float(value))
        assert np.all(np.isfinite(slopes))


def test_width_is_that_of_counting(small):
    """F = sum s^2/(s + b); with a flux known to 10 %, var = 1/F' by the Schur complement."""
    expected = small.contributions()
    signal, background = (np.asarray(expected[name], float).ravel() for name in ("cevns", "steady_state"))
    information = float(np.sum(signal**2 / (signal + background)))
    study = counting(small, PosteriorWidth(NORM))
    assert float(study.judged(jnp.asarray(study.nominal))) == pytest.approx(information**-0.5, rel=1e-8)
    free = {"free": ["signal_norm", "sns_flux_norm"], "fixed": ["steady_state_norm"]}
    with_flux = build_study(small, [MASS], PosteriorWidth(NORM), **free)
    matrix = information * np.ones((2, 2)) + np.diag([0.0, 1.0 / 0.1**2])
    wanted = np.sqrt(np.linalg.inv(matrix)[0, 0])
    assert float(with_flux.judged(jnp.asarray(study.nominal))) == pytest.approx(wanted, rel=1e-7)
    both = build_study(small, [MASS], PosteriorWidth((*NORM, "sns_flux_norm")), **free)
    wanted = np.prod(np.diag(np.linalg.inv(matrix))) ** 0.25
    assert float(both.judged(jnp.asarray(study.nominal))) == pytest.approx(wanted, rel=1e-7)


def test_significance_is_that_of_counting(small):
    """sqrt(2 sum (s + b) ln(1 + s/b) - s): Cowan et al., Eq. 97."""
    expected = small.contributions()
    signal, background = (np.asarray(expected[name], float).ravel() for name in ("cevns", "steady_state"))
    wanted = np.sqrt(2.0 * np.sum((signal + background) * np.log1p(signal / background) - signal))
    study = counting(small, AsimovSignificance(NORM))
    assert float(study.judged(jnp.asarray(study.nominal))) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("with_cls", [True, False])
def test_limit_is_that_of_counting(small, with_cls):
    expected = small.contributions()
    signal, background = (np.asarray(expected[name], float).ravel() for name in ("cevns", "steady_state"))

    def statistic(strength):
        return 2.0 * np.sum(strength * signal - background * np.log1p(strength * signal / background))

    wanted = ndtri(0.1 * (0.5 if with_cls else 1.0)) ** 2
    limit = brentq(lambda strength: statistic(strength) - wanted, 1e-6, 3.0)
    study = counting(small, ExpectedLimit(NORM, null=0.0, with_cls=with_cls))
    assert float(study.judged(jnp.asarray(study.nominal))) == pytest.approx(limit, rel=1e-8)


def test_limit_with_nuisance_parameters_is_that_of_the_minimiser(small):
    study = build_study(small, [MASS], ExpectedLimit(NORM, level=0.95))
    found = float(study.judged(jnp.asarray(study.nominal)))
    assert found == pytest.approx(expected_upper_limit(study.model, "signal_norm", 0.95), rel=1e-5)


@pytest.mark.slow
def test_worst_of_hypotheses(small):
    """Each hypothesis alone, in an experiment of its own."""
    objective = WorstCase(PosteriorWidth(NORM), {"quenching.k": [0.13, 0.157, 0.18]})
    study = build_study(small, [MASS], objective)
    alone = []
    for k in (0.13, 0.157, 0.18):
        other = eqx.tree_at(lambda e: e.quenching.k, small, jnp.asarray(k))
        alone.append(float(build_study(other, [MASS], PosteriorWidth(NORM)).judged(jnp.asarray([10.0]))))
    found = float(study.judged(jnp.asarray([10.0])))
    assert max(alone) <= found <= max(alone) * np.exp(np.log(3.0) / 1e3)


def test_worst_of_quenchings(small):
    """Of other classes: each as in an experiment that has it, by the closed form of counting."""
    models = (Lindhard(0.157, 32), Sarkis.germanium(), ConstantQuenching(0.12))
    study = counting(small, WorstCase(PosteriorWidth(NORM), {"quenching": models}))
    alone = []
    for model in models:
        counts = dataclasses.replace(small, quenching=model).contributions()
        signal, background = (np.asarray(counts[name], float).ravel() for name in ("cevns", "steady_state"))
        alone.append(np.sum(signal**2 / (signal + background)) ** -0.5)
    assert np.ptp(np.log(alone)) > 0.05

    @eqx.filter_jit
    def both(study, values):
        return study.objective.losses(study.designed(values)), study.judged(values)

    losses, value = both(study, jnp.array([10.0]))
    np.testing.assert_allclose(losses, np.log(alone), rtol=0, atol=1e-7)
    assert max(alone) <= float(value) <= max(alone) * np.exp(np.log(3.0) / 1e3)


def test_bad_quenchings(small):
    models = (Lindhard(0.157, 32), Sarkis.germanium())
    with pytest.raises(ParameterError, match="one value each"):
        WorstCase(PosteriorWidth(NORM), {"quenching": models, "mass_kg": [1.0]})
    with pytest.raises(ParameterError, match="'quenching' must be all numbers, or all quenchings"):
        WorstCase(PosteriorWidth(NORM), {"quenching": [models[0], 1.0]})
    with pytest.raises(ParameterError, match="Hypotheses at 'response' must be numbers"):
        build_study(small, [MASS], WorstCase(PosteriorWidth(NORM), {"response": models}))


def test_quenching_of_several(small):
    """In one of two experiments; nuisance parameters of what was there go with it."""
    own = Parameter("k", dist.Normal(0.157, 0.004), "quenching.k")
    part = dataclasses.replace(small, nuisances=(*small.nuisances, own))
    both = Joint.of([part, dataclasses.replace(part, name="other")])
    models = (Lindhard(0.157, 32), ConstantQuenching(0.12))
    objective = WorstCase(PosteriorWidth(NORM), {"experiments.other.quenching": models})
    numbers, changed = objective.in_numbers(both)
    np.testing.assert_array_equal(numbers.hypotheses["experiments.other.quenching.choice"], [0.0, 1.0])
    assert isinstance(changed.parts["other"].quenching, OneOf)
    assert isinstance(changed.parts["small"].quenching, Lindhard)
    names = {parameter.name for parameter in changed.nuisances}
    assert "small.k" in names
    assert "other.k" not in names


@pytest.fixture(scope="module")
def linear(small):
    """Data with errors that do not depend on a strength with a normal prior: everything is Gaussian."""
    likelihood = GaussianLikelihood(np.full(small.observed.shape, 30.0))
    gaussian = dataclasses.replace(small, likelihood=likelihood)
    parameters = [Parameter("signal_norm", dist.Normal(1.0, 0.5), "signal_norm")]
    signal = np.asarray(small.contributions()["cevns"], float)
    return Model(gaussian, parameters), 0.5 * np.log1p(0.5**2 * float(np.sum(signal**2)) / 30.0**2)


def test_information_gain_of_a_gaussian(linear):
    """(1/2) ln(1 + prior variance times information), by the Fisher information and by nested Monte Carlo."""
    model, known = linear
    for draws in (0, 5):
        objective = InformationGain(NORM, draws=draws).prepared(model)
        assert float(objective(model)) == pytest.approx(known, rel=1e-6)
    nested = nested_information_gain(model, NORM, jax.random.key(2), outer=500, inner=2000)
    assert nested.error < 0.2 * known
    assert abs(nested.gain - known) < 3.0 * nested.error


@pytest.mark.slow
def test_nested_gain_with_nuisance_parameters(small):
    """All is linear and Gaussian: the gain about one of two is that of its marginal."""
    likelihood = GaussianLikelihood(np.full(small.observed.shape, 30.0))
    gaussian = dataclasses.replace(small, likelihood=likelihood)
    parameters = [
        Parameter("signal_norm", dist.Normal(1.0, 0.5), "signal_norm"),
        Parameter("background", dist.Normal(1.0, 0.1), "backgrounds.steady_state.norm"),
    ]
    model = Model(gaussian, parameters)
    found = small.contributions()
    slopes = np.stack([np.asarray(found[name], float).ravel() for name in ("cevns", "steady_state")])
    matrix = slopes @ slopes.T / 30.0**2 + np.diag([0.5**-2.0, 0.1**-2.0])
    known = 0.5 * np.log(0.5**2 / np.linalg.inv(matrix)[0, 0])
    assert float(InformationGain(NORM).prepared(model)(model)) == pytest.approx(known, rel=1e-6)
    nested = nested_information_gain(model, NORM, jax.random.key(3), outer=200, inner=1000)
    # a thousand inner draws of all others leave a bias of a few per cent
    assert abs(nested.gain - known) < 3.0 * nested.error + 0.04 * known


def test_single_precision(small, variables):
    with jax.enable_x64(False):
        study = build_study(named_experiment(SMALL), variables, PosteriorWidth(NORM))
        value, slopes = judged(study, jnp.asarray(study.nominal, dtype=jnp.float32))
    assert value.dtype == jnp.float32
    study = build_study(small, variables, PosteriorWidth(NORM))
    exact, exact_slopes = judged(study, jnp.asarray(study.nominal))
    np.testing.assert_allclose(value, exact, rtol=1e-4)
    np.testing.assert_allclose(slopes, exact_slopes, rtol=2e-3, atol=1e-5)


def test_degenerate_parameters_are_named(small):
    """Two couplings that give one number, on a nucleus: their ratio is that of what they are multiplied by."""
    one_isotope = dataclasses.replace(small, target=compound("Ge76"))
    # Z = 32 and N = 44: 2 Z + N = 108 to Z + 2 N = 120
    with pytest.raises(CevnsjaxError, match=r"gains of eps_ee_u and eps_ee_d in the ratio 1 : -0\.9;"):
        build_study(one_isotope, [MASS], PosteriorWidth(("eps_ee_u",)), model="nsi", free=["eps_ee_u", "eps_ee_d"])


def test_directions_in_words():
    with pytest.raises(CevnsjaxError, match="Nothing expected moves with b where it is, to first order"):
        check_constrained(np.diag([1.0, 0.0]), ("a", "b"))
    with pytest.raises(CevnsjaxError, match="information about b is not finite"):
        check_constrained(np.array([[1.0, 0.0], [0.0, np.inf]]), ("a", "b"))
    # what only the sum of a and half of c moves: gains of a and c in the ratio 1 : -2
    both = np.outer([1.0, 0.0, 0.5], [1.0, 0.0, 0.5]) + np.diag([0.0, 3.0, 0.0])
    with pytest.raises(CevnsjaxError, match="gains of a and c in the ratio 1 : -2;"):
        check_constrained(both, ("a", "b", "c"))
    check_constrained(np.diag([1e-20, 1e20]), ("a", "b"))


def test_bad_objectives(small):
    with pytest.raises(ParameterError, match="level must lie between 0 and 1"):
        ExpectedLimit(NORM, level=1.0)
    with pytest.raises(ParameterError, match="are of one parameter"):
        build_study(small, [MASS], ExpectedLimit((*NORM, "steady_state_norm")))
    with pytest.raises(ParameterError, match="needs a true value beside the null 1"):
        build_study(small, [MASS], AsimovSignificance(NORM, null=1.0))
    with pytest.raises(ParameterError, match="draws must be zero or more"):
        InformationGain(NORM, draws=-1)
    with pytest.raises(ParameterError, match="one value each"):
        WorstCase(PosteriorWidth(NORM), {"quenching.k": [0.1, 0.2], "mass_kg": [1.0]})
    with pytest.raises(ParameterError, match="A hypothesis sets mass_kg, and so does"):
        build_study(small, [MASS], WorstCase(PosteriorWidth(NORM), {"mass_kg": [1.0, 2.0]}))
    priors = {"signal_norm": dist.Uniform(0.0, 1e-3)}
    tiny = eqx.tree_at(lambda e: e.signal_norm, small, jnp.asarray(5e-4))
    with pytest.raises(CevnsjaxError, match="lies beyond the end of its prior"):
        build_study(tiny, [MASS], ExpectedLimit(NORM, null=0.0), priors=priors)
