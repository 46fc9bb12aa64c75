"""Design variables: bounds and costs."""

import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.design import Variable, build_study, unscaled
from cevnsjax.design.objective import PosteriorWidth
from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.experiment import Joint, coherent_csi_2021, named_experiment

pytestmark = pytest.mark.usefixtures("standard_promotion")


def test_shares_are_even_in_what_is_asked_for():
    linear = Variable(name="x", where="x", low=2.0, high=6.0)
    logarithmic = Variable(name="x", where="x", low=1.0, high=100.0, logarithmic=True)
    assert float(linear.at(jnp.array(0.25))) == pytest.approx(3.0)
    assert float(logarithmic.at(jnp.array(0.5))) == pytest.approx(10.0)
    for each in (linear, logarithmic):
        for share in (0.0, 0.3, 1.0):
            assert each.share(float(each.at(jnp.array(share)))) == pytest.approx(share, abs=1e-12)
    assert linear.share(7.0) == 1.0


def test_costs():
    threshold = Variable(name="x", where="x", low=0.1, high=1.0, price=5.0, power=-2.0)
    assert float(threshold.cost(jnp.array(0.1), 0.2)) == pytest.approx(20.0)
    assert threshold.cheapest == 1.0
    assert Variable(name="x", where="x", low=0.1, high=1.0, price=5.0).cheapest == 0.0
    assert Variable(name="x", where="x", low=0.1, high=1.0).cheapest is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"high": np.inf}, "high of 'x' must be a finite number, got inf"),
        ({"low": np.nan}, "low of 'x' must be a finite number"),
        ({"low": 3.0}, "must have low < high"),
        ({"low": 0.0, "logarithmic": True}, "can only be logarithmic with low > 0"),
        ({"price": -1.0}, "price of 'x' must be zero or positive"),
        ({"low": 0.0, "price": 1.0, "power": -1.0}, "so low must be positive"),
        ({"reference": 0.0}, "reference of 'x' must be finite and positive"),
    ],
)
def test_bad_variables(given, sentence):
    with pytest.raises(ParameterError, match=sentence):
        Variable(**{"name": "x", "where": "mass_kg", "low": 1.0, "high": 2.0, **given})


WIDTH = PosteriorWidth(("signal_norm",))
MASS = Variable(name="mass", where="mass_kg", low=1.0, high=50.0, price=10.0)


@pytest.mark.parametrize(
    ("variables", "objective", "options", "sentence"),
    [
        ((), WIDTH, {}, "at least one design variable"),
        ((MASS, MASS), WIDTH, {}, "a name of its own, got mass, mass"),
        ((MASS, Variable(name="m", where="mass_kg", low=1.0, high=2.0)), WIDTH, {}, "'m' and 'mass' set the same leaf"),
        ((Variable(name="m", where="mass", low=1.0, high=2.0),), WIDTH, {}, "mass_kg"),
        (
            (Variable(name="e", where="response.edges_keV", low=1.0, high=2.0),),
            WIDTH,
            {},
            "needs the path of a single number",
        ),
        (
            (Variable(name="n", where="sources.sns.flux.norm", low=0.5, high=2.0),),
            WIDTH,
            {"free": ["sns_flux_norm", "signal_norm"]},
            "free as 'sns_flux_norm'; fix",
        ),
        ((MASS,), WIDTH, {"budget": 0.5}, "the cheapest one costs 1"),
        ((MASS,), PosteriorWidth(()), {}, "at least one parameter"),
        ((MASS,), PosteriorWidth(("signal",)), {}, "signal_norm"),
    ],
)
def test_bad_studies(small, variables, objective, options, sentence):
    with pytest.raises(CevnsjaxError, match=sentence):
        build_study(small, variables, objective, **options)


def test_a_cost_needs_something_to_be_compared_with(small):
    threshold = Variable(name="t", where="response.resolution.fano", low=0.1, high=0.8, price=1.0)
    with pytest.raises(ParameterError, match="'t' is 0 nominally"):
        build_study(small, [threshold], WIDTH)


def test_what_does_not_grow_is_told(small):
    """A background that is a rate grows with the mass; recorded templates and published errors do not."""
    assert unscaled(build_study(small, [MASS], WIDTH)) == []
    csi = build_study(coherent_csi_2021(), [MASS], WIDTH)
    assert unscaled(csi) == [
        "mass moves mass_kg, but recorded backgrounds of coherent-csi-2021 stay as they are (brn, nin, steady_state)."
    ]
    days = Variable(name="days", where="experiments.coherent-ge-mini.mass_kg", low=1.0, high=5.0)
    both = build_study(Joint.of([small, named_experiment("coherent-ge-mini")]), [days], WIDTH)
    (sentence,) = unscaled(both)
    assert sentence.endswith("ge-mini.mass_kg, but the errors of coherent-ge-mini stay as they were published.")
