"""Upper limits: closed forms of a Gaussian, SciPy's profile likelihood of counts, and published numbers."""

import dataclasses

import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.stats import norm

from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import GaussianLikelihood, coherent_csi_2021, named_experiment
from cevnsjax.inference import Model, OneSidedTest, expected_upper_limit, one_sided_test, upper_limit
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")


def strength(prior=None):
    return Parameter("signal_norm", prior or dist.Uniform(0.0, 5.0), "signal_norm")


@pytest.fixture(scope="module")
def gaussian():
    """A number with one error and a strength that is proportional to it: everything is known in closed form."""
    ge_mini = named_experiment("coherent-ge-mini")
    return Model(dataclasses.replace(ge_mini, likelihood=GaussianLikelihood(6.3)), [strength()])


@pytest.mark.parametrize("counts", [20.6, 3.0, -9.0])
def test_closed_form(gaussian, counts):
    """x + sigma z(1 - alpha), and x + sigma z(1 - alpha Phi(x/sigma)); below zero too."""
    per_strength = float(gaussian.experiment.expected().sum())
    data = np.full((1, 1, 1), counts)
    for level in (0.9, 0.95):
        found = upper_limit(gaussian, "signal_norm", level, cls=False, observed=data)
        explicit = counts + 6.3 * norm.ppf(level)
        assert found == pytest.approx(max(explicit, 0.0) / per_strength, rel=1e-5, abs=1e-12)
        found = upper_limit(gaussian, "signal_norm", level, observed=data)
        explicit = counts + 6.3 * norm.isf((1.0 - level) * norm.cdf(counts / 6.3))
        assert found == pytest.approx(explicit / per_strength, rel=1e-5)
    test = one_sided_test(gaussian, "signal_norm", 1.0, observed=data)
    assert test.p_value == pytest.approx(norm.cdf((counts - per_strength) / 6.3), rel=1e-5)
    assert test.null_p_value == pytest.approx(norm.cdf(counts / 6.3), rel=1e-5)


@pytest.mark.parametrize("deviations", [-1.0, 0.0, 2.0])
def test_expected_limits_in_closed_form(gaussian, deviations):
    per_strength = float(gaussian.experiment.expected().sum())
    found = expected_upper_limit(gaussian, "signal_norm", 0.95, deviations)
    explicit = 6.3 * (deviations + norm.isf(0.05 * norm.cdf(deviations)))
    assert found == pytest.approx(explicit / per_strength, rel=1e-5)
    found = expected_upper_limit(gaussian, "signal_norm", 0.95, deviations, cls=False)
    assert found == pytest.approx(6.3 * (deviations + norm.isf(0.05)) / per_strength, rel=1e-5)
    # what the null predicts, in the place of data, has the median
    if deviations == 0.0:
        nothing = upper_limit(gaussian, "signal_norm", 0.95, observed=np.zeros((1, 1, 1)))
        assert nothing == pytest.approx(expected_upper_limit(gaussian, "signal_norm", 0.95), rel=1e-5)


def test_from_another_null(gaussian):
    """A null inside of the prior; below it the best fit is the null."""
    data = np.full((1, 1, 1), 10.0)
    per_strength = float(gaussian.experiment.expected().sum())
    found = upper_limit(gaussian, "signal_norm", null=0.5, observed=data)
    below = 10.0 - 0.5 * per_strength
    assert found == pytest.approx(0.5 + (below + 6.3 * norm.isf(0.1 * norm.cdf(below / 6.3))) / per_strength, rel=1e-5)


def test_counts_with_a_background_that_floats():
    """CsI with a fifth of its signal: SciPy's profile, and its Asimov data at the background that it fits."""
    csi = coherent_csi_2021()
    steady = Parameter("steady_state_events", dist.Uniform(200.0, 4000.0), "backgrounds.steady_state.events", "events")
    model = Model(csi, [strength(), steady])
    at = {name: float(value) for name, value in model.reference_values.items()}
    full, without, less = (
        np.asarray(model.expected(at | change), dtype=float)
        for change in ({}, {"signal_norm": 0.0}, {"signal_norm": 0.0, "steady_state_events": 200.0})
    )
    signal = full - without
    size = at["steady_state_events"] - 200.0
    per_event = (without - less) / size
    # other backgrounds are in the floating one's place: they are left out of both
    constant = less - 200.0 * per_event
    floating = at["steady_state_events"] * per_event
    data = np.random.default_rng(3).poisson(0.2 * signal + without)

    def statistic(observed, value):
        def minus_two_log(mu, scale):
            expected = mu * signal + scale * floating + constant
            return -2.0 * (observed * np.log(expected) - expected).sum()

        def profiled(mu):
            found = minimize_scalar(
                lambda scale: minus_two_log(mu, scale), bounds=(0.5, 2.0), method="bounded", options={"xatol": 1e-9}
            )
            return found.fun, found.x

        best = minimize_scalar(lambda mu: profiled(mu)[0], bounds=(0.0, 3.0), method="bounded", options={"xatol": 1e-7})
        lowest = min((best.fun, best.x), (profiled(0.0)[0], 0.0))
        return (0.0 if lowest[1] > value else profiled(value)[0] - lowest[0]), profiled(0.0)[1]

    for value in (0.3, 0.6):
        found = one_sided_test(model, "signal_norm", value, observed=data)
        explicit, scale = statistic(data, value)
        assert found.statistic == pytest.approx(explicit, abs=1e-5)
        asimov = scale * floating + constant
        assert found.asimov_statistic == pytest.approx(statistic(asimov, value)[0], abs=1e-4)
    limit = upper_limit(model, "signal_norm", observed=data)
    assert one_sided_test(model, "signal_norm", limit, observed=data).cls == pytest.approx(0.1, rel=1e-4)


def test_published_numbers():
    """The two-bin example that pyhf prints: CLs of 0.05251497, and of 0.06445321 as expected."""
    signal, background = np.array([12.0, 11.0]), np.array([50.0, 52.0])
    errors, data = np.array([3.0, 7.0]), np.array([51.0, 48.0])
    auxiliary = (background / errors) ** 2

    def fit(mu, counts, measured):
        def minus_two_log(gammas):
            expected = mu * signal + gammas * background
            main = counts * np.log(expected) - expected
            return -2.0 * (main + measured * np.log(gammas * auxiliary) - gammas * auxiliary).sum()

        return minimize(minus_two_log, np.ones(2), bounds=[(0.1, 3.0)] * 2, tol=1e-12)

    def statistic(mu, counts, measured):
        best = minimize_scalar(lambda m: fit(m, counts, measured).fun, bounds=(0.0, 5.0), method="bounded")
        lowest = min(best.fun, fit(0.0, counts, measured).fun)
        return fit(mu, counts, measured).fun - lowest

    null = fit(0.0, data, auxiliary).x
    of_null = statistic(1.0, null * background, null * auxiliary)
    test = OneSidedTest(statistic(1.0, data, auxiliary), of_null)
    assert test.cls == pytest.approx(0.05251497, rel=2e-4)
    assert OneSidedTest(of_null, of_null).cls == pytest.approx(0.06445321, rel=2e-4)


def test_a_nuisance_with_a_prior():
    """Product of a strength and a flux that is known to 10 %, by SciPy; the null has the flux of its prior's centre."""
    ge_mini = named_experiment("coherent-ge-mini")
    flux = Parameter("sns_flux_norm", dist.TruncatedNormal(1.0, 0.1, low=0.0), "sources.sns.flux.norm")
    model = Model(dataclasses.replace(ge_mini, likelihood=GaussianLikelihood(6.3)), [strength(), flux])
    per_strength = float(ge_mini.expected().sum())

    def height(value, counts):
        return minimize_scalar(
            lambda norm: ((counts - value * norm * per_strength) / 6.3) ** 2 + ((norm - 1.0) / 0.1) ** 2,
            bounds=(0.5, 1.5),
            method="bounded",
            options={"xatol": 1e-10},
        ).fun

    def cls(value):
        return OneSidedTest(height(value, 5.0), height(value, 0.0)).cls  # both best fits have a height of zero

    found = upper_limit(model, "signal_norm", 0.95, observed=np.full((1, 1, 1), 5.0))
    assert found == pytest.approx(brentq(lambda value: cls(value) - 0.05, 0.2, 2.0), rel=1e-5)


def test_what_is_refused(gaussian):
    with pytest.raises(UnknownNameError, match="did you mean 'signal_norm'"):
        upper_limit(gaussian, "signal_nrm")
    with pytest.raises(CevnsjaxError, match="level must lie between 0 and 1, got 90"):
        upper_limit(gaussian, "signal_norm", 90.0)
    with pytest.raises(ParameterError, match=r"must lie above the null 0\.5, got 0\.2"):
        one_sided_test(gaussian, "signal_norm", 0.2, null=0.5)
    with pytest.raises(CevnsjaxError, match="beyond the end of its prior at 5; widen"):
        upper_limit(gaussian, "signal_norm", observed=np.full((1, 1, 1), 200.0))
    endless = Model(gaussian.experiment, [strength(dist.Normal(1.0, 10.0))])
    with pytest.raises(ParameterError, match="has no lower end; give the null"):
        upper_limit(endless, "signal_norm")
