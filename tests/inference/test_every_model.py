"""Every model that ``cevnsjax list`` offers for an experiment works on it: none is accepted and then fails.

``CEVNSJAX_PAIRS`` pairs of experiment and model (6 by default) are fitted in a run, drawn with ``CEVNSJAX_PAIRS_SEED``
(the day by default), which a failure names.
"""

import datetime
import functools
import os

import jax
import numpy as np
import pytest

from cevnsjax.cli.fitted_model import fitted_model
from cevnsjax.cli.list_command import offered_models
from cevnsjax.cli.run_file import FitSettings
from cevnsjax.cli.settings import prepare
from cevnsjax.cli.spectrum import prediction
from cevnsjax.experiment import EXPERIMENTS, Experiment, experiment_kind, named_experiment
from cevnsjax.inference import Offered, Schedule, maximum, sample
from cevnsjax.paths import get_path, set_paths
from cevnsjax.reached import depends_on

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("standard_promotion")]

PAIRS = int(os.environ.get("CEVNSJAX_PAIRS", "6"))
SEED = int(os.environ.get("CEVNSJAX_PAIRS_SEED", str(datetime.datetime.now(datetime.UTC).toordinal())))


@pytest.fixture(autouse=True)
def each_built_once(monkeypatch):
    monkeypatch.setattr("cevnsjax.experiment.named_experiment", functools.cache(named_experiment))


def failures(pairs, check):
    """What went wrong, with the pair that it went wrong for."""
    found = []
    for experiment, model in pairs:
        try:
            check(experiment, model)
        except Exception as error:
            found.append(f"{experiment} x {model}: {type(error).__name__}: {error}")
    return found


def can_be_fitted(experiment, model):
    """Parameters are at numbers that their priors allow, and what the model frees moves the prediction.

    Nothing is compiled: it is traced.
    """
    prepared, chosen, _ = prepare(experiment, model)
    offered = Offered(chosen.parameters(prepared), prepared).parameters
    names = dict.fromkeys([*chosen.free_by_default(prepared), *chosen.free_nuisances(prepared)])
    for name, parameter in offered.items():
        values = [get_path(prepared, path) for path in parameter.paths]
        assert values, name
        assert all(value.shape == () for value in values), name
        # of others a fit says that they need another start
        if name in names:
            assert parameter.prior.support(values[0]), f"{name} = {float(values[0])}"
    paths = [path for name in names for path in offered[name].paths]
    assert paths
    assert len(set(paths)) == len(paths)

    def log_likelihood(values):
        return set_paths(prepared, paths, values).log_likelihood()

    starts = [get_path(prepared, path) for path in paths]
    gradient = jax.eval_shape(jax.grad(log_likelihood), starts)
    assert [each.shape for each in gradient] == [()] * len(paths)
    own = [path for name in chosen.free_by_default(prepared) for path in offered[name].paths]
    if own:
        assert depends_on(Experiment.expected, prepared, own), f"{own} move nothing of what is expected"


def finite_prediction(experiment, model):
    prepared, _, _ = prepare(experiment, model)
    content = prediction(prepared)
    assert content["components"]
    assert content["asimov"] == (experiment_kind(experiment) == "projection")
    for component in content["components"].values():
        assert np.all(np.isfinite(component["counts"]))


def fits(experiment, model):
    built = fitted_model(FitSettings(experiment, model)).model
    best = maximum(built)
    assert np.all(np.isfinite([*best.values.values(), best.log_density]))
    posterior = sample(built, jax.random.key(0), Schedule(chains=1, warmup=4, samples=4))
    assert np.all(np.isfinite(posterior.statistics["potential_energy"]))
    for values in (posterior.samples | posterior.derived()).values():
        assert np.all(np.isfinite(values))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_offered_model_can_be_fitted(experiment):
    assert not failures([(experiment, model) for model in offered_models(experiment)], can_be_fitted)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_offered_model_gives_a_prediction(experiment):
    models = offered_models(experiment)
    assert models
    assert not failures([(experiment, model) for model in models], finite_prediction)


def test_offered_models_can_be_fitted():
    generator = np.random.default_rng(SEED)
    names = list(EXPERIMENTS)
    pairs = []
    for experiment in generator.permutation(names)[np.arange(PAIRS) % len(names)]:
        models = offered_models(experiment)
        pairs.append((experiment, models[generator.integers(len(models))]))
    found = failures(pairs, fits)
    assert not found, f"with CEVNSJAX_PAIRS_SEED={SEED}: {found}"
