"""The front door of Python: what is something else than was asked for is refused with one sentence that says so."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from jaxtyping import config

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import Joint, coherent_csi_2021, named_experiment
from cevnsjax.inference import Hmc, Model, Nuts, Schedule, build_model, sample
from cevnsjax.models import named_model
from cevnsjax.parameter import Parameter
from cevnsjax.paths import set_number

pytestmark = pytest.mark.usefixtures("standard_promotion")

UNIFORM = dist.Uniform(0.0, 3.0)
KEY = jax.random.key(1)


@pytest.fixture
def types_unchecked():
    """What users see: tests check every annotation, the package itself does not."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(scope="module")
def csi():
    return coherent_csi_2021()


@pytest.fixture(scope="module")
def model(csi):
    with jax.numpy_dtype_promotion("standard"):
        return Model(csi, [Parameter("signal_norm", UNIFORM, "signal_norm")])


def refused(function, *words):
    with pytest.raises(CevnsjaxError) as caught:
        function()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    assert len(sentence) < 1000
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        # lists of names
        ({"free": "eps_ee_u"}, ("free must be a list of names", "'eps_ee_u'")),
        ({"free": 3}, ("free must be a list of names", "3")),
        ({"free": [1]}, ("free must be a list of names", "[1]")),
        ({"fixed": "brn_events"}, ("fixed must be a list of names", "'brn_events'")),
        ({"fixed": None}, ("fixed must be a list of names", "None")),
        # names
        ({"free": ["signal_nrm"]}, ("no parameter or path called 'signal_nrm'", "'signal_norm'")),
        ({"free": [""]}, ("no parameter or path called ''", "list parameters --paths")),
        ({"fixed": ["brn_event"]}, ("no parameter or path called 'brn_event'", "'brn_events'")),
        ({"fixed": ["mass_kg"]}, ("'mass_kg' is not free", "cannot be fixed")),
        ({"priors": {"signal_nrm": UNIFORM}}, ("no parameter or path called 'signal_nrm'", "'signal_norm'")),
        ({"priors": {"mass_kg": UNIFORM}}, ("'mass_kg', which is not free",)),
        ({"free": ["observed"]}, ("no parameter or path called 'observed'",)),
        ({"free": ["frozen"]}, ("no parameter or path called 'frozen'",)),
        ({"free": ["target"]}, ("no parameter or path called 'target'",)),
        # elements of a row
        (
            {"free": ["response.efficiency.coefficients.9"]},
            ("no parameter or path called 'response.efficiency.coefficients.9'",),
        ),
        ({"free": ["response.efficiency.coefficients.00"]}, ("no parameter or path called",)),
        ({"free": ["mass_kg.0"]}, ("no parameter or path called 'mass_kg.0'", "'mass_kg'")),
        # priors
        ({"free": ["mass_kg"]}, ("'mass_kg' is the path of a number", "--prior 'mass_kg=Uniform(LOW, HIGH)'")),
        ({"priors": {"signal_norm": "Uniform(0, 1)"}}, ("prior of 'signal_norm' must be a distribution", "'Uniform")),
        ({"priors": {"signal_norm": None}}, ("prior of 'signal_norm' must be a distribution", "None")),
        ({"priors": {"signal_norm": (0.0, 1.0)}}, ("prior of 'signal_norm' must be a distribution", "(0.0, 1.0)")),
        (
            {"priors": {"signal_norm": dist.Uniform(np.zeros(2), np.ones(2))}},
            ("prior of 'signal_norm' must be of a single number",),
        ),
        ({"priors": [UNIFORM]}, ("priors must be a dictionary",)),
        ({"priors": "signal_norm=Uniform(0, 1)"}, ("priors must be a dictionary",)),
        ({"priors": {"signal_norm": dist.Uniform(2.0, 3.0)}}, ("no support at its starting value 1",)),
        (
            {"free": ["mass_kg"], "priors": {"mass_kg": dist.Uniform(1.0, 2.0)}},
            ("'mass_kg' has no support at its starting value 14.6",),
        ),
        (
            {
                "free": ["backgrounds.brn.events"],
                "priors": {"brn_events": UNIFORM, "backgrounds.brn.events": UNIFORM},
            },
            ("Two priors are given for 'brn_events'",),
        ),
        ({"model": 3}, ("name of a model must be a text", "3")),
        ({"model": ""}, ("no model called ''",)),
        ({"model": "sm+electron"}, ("no model called 'sm+electron'",)),
        ({"experiment": "coherent-csi-2021"}, ("needs an Experiment", "'coherent-csi-2021'")),
    ],
)
def test_build_model(types_unchecked, csi, keywords, words):
    given = {"experiment": csi} | keywords
    refused(lambda: build_model(**given), *words)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda e: Model(e, ["signal_norm"]), ("list of Parameters", "build_model takes names")),
        (lambda e: Model(e, "signal_norm"), ("list of Parameters", "'signal_norm'")),
        (lambda e: Model("csi", []), ("needs an Experiment", "'csi'")),
        (lambda e: Parameter("x", "Uniform(0, 1)", "mass_kg"), ("prior of 'x' must be a distribution",)),
        (lambda e: Parameter("x", 3.0, "mass_kg"), ("prior of 'x' must be a distribution", "3.0")),
        (lambda e: named_model(None), ("name of a model must be a text", "None")),
        (lambda e: named_experiment(""), ("no experiment called ''",)),
        (lambda e: named_experiment("conus,"), ("no experiment called ''",)),
        (lambda e: named_experiment(3), ("name of an experiment must be a text", "3")),
        (lambda e: named_experiment(["conus"]), ("name of an experiment must be a text", "['conus']")),
        (lambda e: named_experiment("conus,connie", "x"), ("share must be a list of names", "'x'")),
        (lambda e: Joint({"a": e, "b": e}, shared="flux"), ("shared must be a list of names", "'flux'")),
        (lambda e: Joint.of(["conus", "connie"]), ("joint fit is of Experiments", "'conus'")),
        (lambda e: Joint.of("conus"), ("joint fit is of Experiments", "'c'")),
        (lambda e: Joint({"a": e, "b": 3}), ("joint fit is of Experiments", "3")),
        (lambda e: Joint([e, e]), ("joint fit is of Experiments", "[Experiment(")),
        # data
        (lambda e: e.log_likelihood(np.ones((1, 1, 1))), ("must have the shape (2, 9, 11)", "(1, 1, 1)")),
        (lambda e: e.log_likelihood(3.0), ("must have the shape (2, 9, 11)", "()")),
        (lambda e: e.with_observed(None), ("must be an array of real numbers", "None")),
        (lambda e: e.with_observed("1, 2"), ("must be an array of real numbers", "'1, 2'")),
        (lambda e: e.with_observed([[1.0], [1.0, 2.0]]), ("must be an array of real numbers", "[[1.0]")),
        (lambda e: e.with_observed(np.full(e.observed.shape, "3")), ("must be an array of real numbers",)),
        (lambda e: e.with_observed(np.full(e.observed.shape, 3j)), ("must be an array of real numbers",)),
        (lambda e: e.with_observed(3.0), ("must have the shape (2, 9, 11)", "()")),
        (lambda e: e.with_observed(np.ones((1, 1, 1))), ("must have the shape", "(1, 1, 1)")),
    ],
)
def test_building_blocks(types_unchecked, csi, build, words):
    refused(lambda: build(csi), *words)


def test_data_of_several(types_unchecked):
    joint = named_experiment("conus,connie")
    refused(lambda: joint.with_observed(np.ones(3)), "must be a dictionary by name of experiment")
    refused(lambda: joint.with_observed({"conus": 1}), "must have the names ['conus', 'connie']", "['conus']")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1,), ("key must be a random key like jax.random.key(1)", "got 1.")),
        ((None,), ("key must be a random key", "None")),
        ((np.array([0, 1], dtype=np.uint32),), ("key must be a random key", "uint32")),
        ((jax.random.split(KEY, 2),), ("key must be a random key",)),
        ((KEY, 8), ("schedule must be a Schedule, got 8",)),
        ((KEY, {"chains": 8}), ("schedule must be a Schedule",)),
    ],
)
def test_sample(types_unchecked, model, arguments, words):
    refused(lambda: sample(model, *arguments), *words)


def test_sample_something_else(types_unchecked, csi, model):
    refused(lambda: sample(csi, KEY), "must be a Model", "build_model")
    refused(lambda: sample(model, KEY, observed=np.ones((2, 1, 1))), "must have the shape (2, 9, 11)")
    refused(lambda: sample(model, KEY, observed=-np.ones(csi.observed.shape)), "negative")
    refused(lambda: sample(model, KEY, resume=True), "needs the folder")


@pytest.mark.parametrize("value", [0, -3, 2.5, 4.0, True, "8", None, float("nan")])
@pytest.mark.parametrize("name", ["chains", "warmup", "samples", "ess"])
def test_numbers_of_a_schedule(types_unchecked, name, value):
    if value is None and name in ("warmup", "samples"):
        assert getattr(Schedule(**{name: value}), name) is None
        return
    refused(lambda: Schedule(**{name: value}), f"{name} must be a whole number and at least 1, got {value!r}.")


@pytest.mark.parametrize("value", [0, 1, 1.0, 0.0, -0.5, 85, True, "0.85", None, float("nan")])
@pytest.mark.parametrize("sampler", [Hmc, Nuts])
def test_acceptance_of_a_sampler(types_unchecked, sampler, value):
    message = f"target_acceptance must be a number between 0 and 1, got {value!r}."
    refused(lambda: sampler(target_acceptance=value), message)
    assert sampler(target_acceptance=np.float64(0.5)).target_acceptance == 0.5


def test_numbers_of_numpy_are_numbers(types_unchecked):
    assert Schedule(chains=np.int64(3)).chains == 3
    assert Nuts(max_tree_depth=np.int64(3)).max_tree_depth == 3
    refused(lambda: Nuts(max_tree_depth=0), "max_tree_depth must be a whole number and at least 1, got 0.")


def test_values(types_unchecked, model):
    for function in (model.at, model.log_prior, model.log_likelihood, model.log_density, model.expected):
        refused(lambda function=function: function({"signal_nrm": 1.0}), "no parameter called 'signal_nrm'")
        refused(lambda function=function: function(1.0), "Values must be a dictionary by parameter name, got 1.0.")


@pytest.mark.parametrize(
    "prior",
    [
        dist.Uniform(0.0, 3.0),
        dist.LogUniform(0.1, 3.0),
        dist.TruncatedNormal(1.0, 0.5, low=0.0, high=3.0),
        dist.TruncatedNormal(1.0, 0.5, low=0.0),
        dist.HalfNormal(1.0),
        dist.LogNormal(0.0, 1.0),
        dist.Normal(1.0, 1.0),
    ],
    ids=lambda prior: type(prior).__name__,
)
def test_outside_of_the_support_a_prior_is_zero(csi, prior):
    """The prediction is what it is; the density is not a continued one."""
    model = Model(csi, [Parameter("signal_norm", prior, "signal_norm")])
    inside = 0.7
    np.testing.assert_allclose(model.log_prior({"signal_norm": inside}), prior.log_prob(inside), rtol=1e-12)
    for value in (-0.5, 3.5):
        supported = bool(prior.support(value))
        assert np.isfinite(float(model.log_prior({"signal_norm": value}))) == supported
        if not supported:
            assert float(model.log_density({"signal_norm": value})) == -np.inf
    events = model.derived_values({"signal_norm": -0.5})["cevns_events"]
    np.testing.assert_allclose(events, -0.5 * float(csi.signal().sum()), rtol=1e-12)


def test_a_path_is_a_parameter(csi):
    """Under its own name, with its prior, and the same as a parameter built by hand."""
    row = "response.efficiency.coefficients.1"
    priors = {"mass_kg": dist.Normal(14.6, 0.2), row: dist.Normal(0.0, 1.0)}
    start = float(csi.response.efficiency.coefficients[1])
    built = build_model(csi, free=["signal_norm", *priors], priors=priors, fixed=["efficiency"])
    assert built.names[:3] == ("signal_norm", "mass_kg", row)
    assert float(built.reference_values[row]) == start
    by_hand = set_number(set_number(csi, "mass_kg", 15.0), row, start + 0.1)
    # other numbers have other nodes
    np.testing.assert_allclose(built.expected({"mass_kg": 15.0, row: start + 0.1}), by_hand.expected(), rtol=1e-8)
    assert float(built.log_prior({"mass_kg": 14.6})) == pytest.approx(-np.log(0.2 * np.sqrt(2.0 * np.pi)), rel=1e-12)


def test_the_only_path_of_a_parameter_stands_for_it(csi):
    prior = dist.Uniform(1.0, 90.0)
    built = build_model(csi, free=["signal_norm"], priors={"backgrounds.brn.events": prior})
    (brn,) = (p for p in built.parameters if p.name == "brn_events")
    assert brn.prior is prior
    assert brn.unit
    fixed = build_model(csi, free=["signal_norm"], fixed=["backgrounds.brn.events"])
    assert "brn_events" not in fixed.names
    flux = build_model(csi, free=["signal_norm", "sns_flux_norm"])
    assert "sns_flux_norm" in flux.names
