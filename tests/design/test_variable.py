"""Design variables: bounds, costs, and fractions of isotopes."""

import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.design import Enrichment, Variable, build_study, unscaled
from cevnsjax.design.objective import PosteriorWidth
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import Joint, coherent_csi_2021, named_experiment
from cevnsjax.target.nuclide import nuclide_table

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


def test_enrichment_keeps_the_ratios_of_the_others(small):
    """Counts, and the molar mass from the atomic masses of the table."""
    variable = Enrichment(name="e", nuclide="Ge76", low=0.01, high=0.95)
    before = {name: float(count) for name, count in small.target.nuclei_per_formula_unit.items()}
    assert variable.nominal(small) == pytest.approx(before["Ge76"], rel=1e-6)
    paths, values = variable.paths(small), [float(each) for each in variable.leaves(jnp.array(0.87), small)]
    counts = {path.rpartition(".")[2]: value for path, value in zip(paths[:-1], values[:-1], strict=True)}
    assert counts["Ge76"] == pytest.approx(0.87, rel=1e-6)
    assert sum(counts.values()) == pytest.approx(1.0)
    assert counts["Ge70"] / counts["Ge74"] == pytest.approx(before["Ge70"] / before["Ge74"])
    table = nuclide_table()
    masses = dict(zip(table["name"].tolist(), table["atomic_mass_u"].tolist(), strict=True))
    assert values[-1] == pytest.approx(sum(counts[name] * masses[name] for name in counts), rel=1e-7)


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


def test_bad_enrichment(small):
    with pytest.raises(ParameterError, match="a fraction, whose bounds"):
        Enrichment(name="e", nuclide="Ge76", low=0.0, high=0.9)
    with pytest.raises(UnknownNameError, match="Ge75"):
        Enrichment(name="e", nuclide="Ge75", low=0.1, high=0.9).paths(small)


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
