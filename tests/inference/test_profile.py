"""Maxima and profile intervals: scales, edges, and what they refuse."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from minimiser import scipy_maximum
from scipy.optimize import brentq, minimize_scalar

from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import coherent_csi_2021, named_experiment
from cevnsjax.experiment.likelihood import AbstractLikelihood
from cevnsjax.inference import Model, build_model, maximum, profile_interval, profile_map, significance
from cevnsjax.inference.profile import check_value
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")

STEADY = Parameter("steady_state_events", dist.Uniform(600.0, 2000.0), "backgrounds.steady_state.events", "events")


def strength(prior):
    return Parameter("signal_norm", prior, "signal_norm")


@pytest.fixture(scope="module")
def experiment():
    return coherent_csi_2021()


@pytest.fixture(scope="module")
def model(experiment):
    return Model(experiment, [strength(dist.Uniform(0.0, 3.0)), STEADY])


def test_maximum_is_that_of_scipy(model):
    best = maximum(model)
    assert best.log_density == pytest.approx(scipy_maximum(model, {}), abs=1e-9)
    for fixed in ({"signal_norm": 0.4}, {"steady_state_events": 1400.0}):
        there = maximum(model, fixed)
        assert there.log_density == pytest.approx(scipy_maximum(model, fixed), abs=1e-9)
        assert there.values | fixed == there.values
    everything = {"signal_norm": 1.1, "steady_state_events": 1300.0}
    direct = model.log_likelihood(everything) + model.log_constraints(everything)
    assert maximum(model, everything).log_density == pytest.approx(float(direct), rel=1e-12)


def test_ends_of_a_prior_are_values_too(model, experiment):
    """Held exactly there, where a latent would be infinite; significances are of strength zero."""
    without = maximum(model, {"signal_norm": 0.0})
    assert without.values["signal_norm"] == 0.0
    direct = model.log_likelihood(without.values) + model.log_constraints(without.values)
    assert without.log_density == pytest.approx(float(direct), rel=1e-12)
    expected = np.sqrt(2.0 * (maximum(model).log_density - without.log_density))
    assert significance(model, "signal_norm") == pytest.approx(expected, rel=1e-9)
    assert maximum(model, start={"signal_norm": 0.0}).log_density == pytest.approx(maximum(model).log_density, abs=1e-9)


@pytest.mark.parametrize("low", [1e-12, pytest.param(1e-30, marks=pytest.mark.slow)])
def test_intervals_of_any_scale(low):
    """A strength that is not seen, with a prior over many decades: from its lower edge to the same upper end."""
    weak = named_experiment("conus")
    decades = profile_interval(Model(weak, [strength(dist.LogUniform(low, 1e3))]), "signal_norm", 0.9)
    assert decades.lower == pytest.approx(low, rel=1e-6)
    assert decades.lower <= decades.best <= decades.upper
    flat = profile_interval(Model(weak, [strength(dist.Uniform(0.0, 1e3))]), "signal_norm", 0.9)
    assert flat.lower == 0.0
    assert decades.upper == pytest.approx(flat.upper, rel=1e-4)


@pytest.mark.parametrize("mass", [0.01, pytest.param(10.0, marks=pytest.mark.slow)])
def test_interval_of_a_dipole_moment(mass):
    """Transition magnetic moments of 1e-12 to 1e-6: an absolute tolerance of 1e-9 ends the search at once."""
    held = ["reactor_flux_norm", "lindhard_k"]
    portal = build_model(named_experiment("conus-plus"), "dipole-portal", fixed=held)
    moment = next(p for p in portal.parameters if p.name == "moment")
    model = Model(portal.at({"mass": mass}), [moment])
    found = profile_interval(model, "moment")

    @jax.jit
    def log_likelihood(moment):
        return model.log_likelihood({"moment": moment})

    def height(log_moment):
        return float(log_likelihood(np.exp(log_moment)))

    ends = np.log(1e-11), np.log(1e-7)
    best = minimize_scalar(lambda log_moment: -height(log_moment), bounds=ends, options={"xatol": 1e-9}).x
    assert found.lower == pytest.approx(1e-12, rel=1e-6)
    assert found.lower <= found.best <= found.upper
    assert found.upper == pytest.approx(
        np.exp(brentq(lambda log_moment: height(best) - height(log_moment) - 0.5, best, np.log(1e-6))), rel=1e-4
    )


@pytest.mark.slow
def test_interval_of_what_is_produced_less_and_less():
    """A heavier state with a larger moment does the same, up to where nothing is produced: there is no upper end."""
    model = build_model(named_experiment("conus-plus"), "dipole-portal")
    best, there = maximum(model), maximum(model, {"moment": 1e-6})
    assert there.log_density == pytest.approx(best.log_density, abs=1e-6)
    assert there.values["mass"] > 10.0 > best.values["mass"]
    assert profile_interval(model, "moment").upper == 1e-6


class Peaks(AbstractLikelihood):
    """Two peaks in what is expected of all bins together: a wide low one, and a narrow high one."""

    nominal: float

    def terms(self, expected, observed):
        strength = expected.sum() / self.nominal
        low, high = -0.5 * ((strength - 1.0) / 0.2) ** 2 - 5.0, -0.5 * ((strength - 3.2) / 0.1) ** 2
        return jnp.full(expected.shape, jnp.logaddexp(low, high) / expected.size)

    def draw(self, expected, key):
        return expected

    def information(self, expected):
        return jnp.ones_like(expected)

    def check(self, observed):
        pass

    def error_bars(self, observed, axes):
        return observed, observed


def test_highest_of_several_maxima():
    weak = named_experiment("coherent-ge-mini")
    peaks = dataclasses.replace(weak, likelihood=Peaks(float(weak.expected().sum() / weak.signal_norm)))
    model = Model(peaks, [strength(dist.Uniform(0.0, 4.0))])
    near = maximum(model, start={"signal_norm": 2.0})
    assert near.values["signal_norm"] == pytest.approx(1.0, abs=1e-6)
    best = maximum(model)
    assert best.values["signal_norm"] == pytest.approx(3.2, abs=1e-6)
    found = profile_interval(model, "signal_norm")
    assert [found.lower, found.upper] == pytest.approx([3.1, 3.3], abs=1e-3)
    assert significance(model, "signal_norm", 1.0) == pytest.approx(np.sqrt(10.0), abs=1e-6)


@pytest.mark.slow
def test_a_strength_that_may_be_negative(experiment):
    """Its best fit and interval are those of positive strengths; impossible ones are not preferred."""
    wide, usual = (Model(experiment, [strength(dist.Uniform(low, 2.0)), STEADY]) for low in (-10.0, 0.0))
    found = profile_map(wide, {"signal_norm": np.linspace(-10.0, 2.0, 13)})
    assert found.converged.all()
    assert np.all(np.diff(found.delta_chi2[:11]) < 0.0)
    best, at_one = maximum(usual), maximum(usual, {"signal_norm": 1.0})
    assert found.delta_chi2[11] == pytest.approx(2.0 * (best.log_density - at_one.log_density), abs=1e-6)
    assert found.best.values["signal_norm"] == pytest.approx(best.values["signal_norm"], abs=1e-5)
    intervals = [profile_interval(model, "signal_norm", 0.9) for model in (wide, usual)]
    assert intervals[0].lower == pytest.approx(intervals[1].lower, abs=1e-5)
    assert intervals[0].upper == pytest.approx(intervals[1].upper, abs=1e-5)
    # even thirteen points so far apart say where the interval is
    ((low, high),) = found.intervals("signal_norm", 0.9)
    assert (low, high) == pytest.approx((intervals[1].lower, intervals[1].upper), abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"fixed": {"signal_norm": np.nan}}, ParameterError, r"fixed value of 'signal_norm' must lie .* got nan"),
        ({"fixed": {"signal_norm": 3.5}}, ParameterError, r"support of its prior Uniform\(0, 3\), got 3.5"),
        ({"fixed": {"steady_state_events": -np.inf}}, ParameterError, "got -inf"),
        ({"start": {"signal_norm": -0.1}}, ParameterError, r"start of 'signal_norm' must lie .* got -0.1"),
        ({"start": {"steady_state_events": np.nan}}, ParameterError, "got nan"),
        ({"fixed": {"signal_nrm": 1.0}}, UnknownNameError, "did you mean 'signal_norm'"),
        ({"start": {"signal_nrm": 1.0}}, UnknownNameError, "did you mean 'signal_norm'"),
    ],
)
def test_messages(model, arguments, error, message):
    with pytest.raises(error, match=message):
        maximum(model, **arguments)


def test_messages_of_intervals(model):
    with pytest.raises(CevnsjaxError, match="level must lie between 0 and 1, got 68"):
        profile_interval(model, "signal_norm", 68.0)
    with pytest.raises(UnknownNameError, match="did you mean 'signal_norm'"):
        profile_interval(model, "signal_nrm")
    with pytest.raises(ParameterError, match="The start of 'steady_state_events' must be a number, got 'many'"):
        check_value(STEADY, "many", "The start")
    with pytest.raises(ParameterError, match=r"'signal_norm' must lie in the support .* got 4"):
        significance(model, "signal_norm", 4.0)
