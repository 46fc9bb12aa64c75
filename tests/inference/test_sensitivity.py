"""Expected limits: closed forms of a Gaussian, SciPy's likelihood of counts, coverage, and exposures."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from cevnsjax.errors import CevnsjaxError, InterruptedRun, OutputError, ParameterError, UnknownNameError
from cevnsjax.experiment import GaussianLikelihood, Joint, PoissonLikelihood, named_experiment
from cevnsjax.experiment.repeated import RepeatedCounts, repeated
from cevnsjax.host_random import split_key
from cevnsjax.inference import (
    Model,
    build_model,
    draw_toys,
    expected_upper_limit,
    exposure_curve,
    fit_toys,
    sensitivity,
    toy_scan,
    upper_limit,
)
from cevnsjax.inference.asimov_curve import asimov_curve, asimov_toys, expected_root
from cevnsjax.inference.discovery import with_exposure
from cevnsjax.inference.expected_limits import _rows, _tested
from cevnsjax.inference.journal import computed
from cevnsjax.inference.toy_scan import ToyScan
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")
KEY = jax.random.key(4)
LEVELS = (0.68, 0.9, 0.95)
NAME = "signal_norm"


def strength(prior=None):
    return Parameter(NAME, dist.Uniform(0.0, 5.0) if prior is None else prior, NAME)


@pytest.fixture(scope="module")
def ge_mini():
    """A number whose error is a third of the signal; the signal has the strength 1."""
    ge_mini = named_experiment("coherent-ge-mini")
    counts = float(ge_mini.expected().sum())
    return dataclasses.replace(ge_mini, likelihood=GaussianLikelihood(counts / 3.0))


@pytest.fixture(scope="module")
def gaussian(ge_mini):
    return Model(ge_mini, [strength()])


@pytest.fixture(scope="module")
def found(gaussian):
    return sensitivity(gaussian, NAME, KEY, 400)


def estimates(model, found, toys):
    """Where the likelihoods of the toys are highest, below zero too, in units of the error."""
    drawn = draw_toys(model, split_key(KEY)[0], toys, found.truth)
    per_strength = float(model.experiment.expected().sum())
    return np.asarray(drawn.observed).sum(axis=(1, 2, 3)) / per_strength * 3.0


@pytest.fixture(scope="module")
def reactor():
    return named_experiment("conus")


@pytest.fixture(scope="module")
def conus(reactor):
    """Counts in many bins, whose only free number is the strength of the signal."""
    return Model(reactor, [strength(dist.Uniform(0.0, 50.0))])


def templates(model):
    """Counts of the signal and of the rest in each bin."""
    signal, rest = (np.asarray(model.expected({NAME: value})).ravel() for value in (1.0, 0.0))
    return signal - rest, rest


def test_every_toy_in_closed_form(gaussian, found):
    """Of a Gaussian x with the error s: x + s z, at its edge x + s (x^2/s^2 + z^2)^(1/2), and CLs."""
    x = estimates(gaussian, found, 400)
    assert found.curve.is_edge
    assert found.not_converged == 0
    for i, level in enumerate(LEVELS):
        z = norm.isf(0.5 * (1.0 - level))
        two_sided = np.where(x > 0.0, x + z, x + np.hypot(x, z))
        np.testing.assert_allclose(found.limits["two-sided"][i], two_sided / 3.0, rtol=1e-4, atol=1e-5)
        one_sided = np.maximum(x + norm.ppf(level), 0.0)
        np.testing.assert_allclose(found.limits["one-sided"][i], one_sided / 3.0, rtol=1e-4, atol=1e-5)
        cls = x + norm.isf((1.0 - level) * norm.cdf(x))
        np.testing.assert_allclose(found.limits["cls"][i], cls / 3.0, rtol=1e-4, atol=1e-5)
        assert found.at_null("one-sided")[i] == (one_sided == 0.0).sum()
        assert found.at_null("cls")[i] == found.beyond("cls")[i] == 0


def test_bands_in_closed_form(gaussian, found):
    """Quantiles of toys, and of the asymptotic form, are those of a unit normal estimate."""
    steps = np.arange(-2.0, 3.0)
    for i, level in enumerate(LEVELS):
        z = norm.isf(0.5 * (1.0 - level))
        exact = {
            "two-sided": np.where(steps > 0.0, steps + z, steps + np.hypot(steps, z)),
            "one-sided": np.maximum(steps + norm.ppf(level), 0.0),
            "cls": steps + norm.isf((1.0 - level) * norm.cdf(steps)),
        }
        for kind, limits in exact.items():
            np.testing.assert_allclose(found.asimov_bands(kind)[i], limits / 3.0, rtol=1e-4, atol=1e-6)
            assert found.fitted[kind][i] == pytest.approx(limits[2] / 3.0, rel=1e-3)
            pulls = (found.bands(kind)[i] - limits / 3.0) / np.maximum(found.errors(kind)[i], 0.01)
            assert np.abs(pulls).max() < 4.0


@pytest.mark.slow
def test_the_same_without_toys(gaussian, found):
    assert found.asimov_bands("cls")[1, 3] == pytest.approx(expected_upper_limit(gaussian, NAME, 0.9, 1.0), rel=1e-4)
    assert found.observed["one-sided"][1] == pytest.approx(upper_limit(gaussian, NAME, 0.9, cls=False), rel=1e-4)


@pytest.mark.slow
def test_a_null_inside_of_the_prior(ge_mini):
    """Fits go below it: the upper end of a two-sided interval is x + s z for all."""
    model = Model(ge_mini, [strength(dist.Uniform(-5.0, 5.0))])
    found = sensitivity(model, NAME, KEY, 200, levels=[0.9])
    assert found.null == 0.0
    assert not found.curve.is_edge
    x = estimates(model, found, 200)
    limits = np.maximum(x + norm.isf(0.05), 0.0) / 3.0
    np.testing.assert_allclose(found.limits["two-sided"][0], limits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.limits["cls"][0], (x + norm.isf(0.1 * norm.cdf(x))) / 3.0, rtol=1e-4, atol=1e-5)
    exact = np.maximum(np.arange(-2.0, 3.0) + norm.isf(0.05), 0.0) / 3.0
    np.testing.assert_allclose(found.asimov_bands("two-sided")[0], exact, rtol=1e-4)
    # from another null
    found = sensitivity(model, NAME, KEY, 20, levels=[0.9], null=1.0)
    assert found.fitted["two-sided"][0] == pytest.approx(1.0 + 1.645 / 3.0, rel=1e-3)


def test_a_prior_that_ends_before_the_limits(ge_mini):
    """Toys whose limit is beyond are infinite, and counted; quantiles below them are what they were."""
    model = Model(dataclasses.replace(ge_mini, signal_norm=0.5), [strength(dist.Uniform(0.0, 0.6))])
    found = sensitivity(model, NAME, KEY, 100, levels=[0.9])
    limits = (estimates(model, found, 100) / 2.0 + norm.isf(0.05)) / 3.0
    beyond = limits > 0.6
    assert beyond.any()
    assert found.beyond("two-sided")[0] == beyond.sum()
    np.testing.assert_array_equal(np.isinf(found.limits["two-sided"][0]), beyond)
    assert found.values[-1] == pytest.approx(0.6, rel=1e-6)
    bands = found.bands("two-sided")[0]
    assert np.isinf(bands[-1])
    assert bands[2] == pytest.approx(norm.isf(0.05) / 3.0, abs=4.0 * found.errors("two-sided")[0, 2])
    assert np.isinf(found.asimov_bands("two-sided")[0, -1])


def test_counts_in_bins(conus):
    """Limits of toys of 35 Poisson counts, each by SciPy's root of the likelihood ratio."""
    found = sensitivity(conus, NAME, KEY, 60, levels=[0.9], null=0.0)
    assert found.observed is None, "the data are a prediction"
    signal, rest = templates(conus)
    drawn = np.asarray(draw_toys(conus, split_key(KEY)[0], 60, found.truth).observed).reshape(60, -1)

    def log_likelihood(value, counts):
        expected = value * signal + rest
        return (counts * np.log(expected) - expected).sum()

    def slope(value, counts):
        return (signal * (counts / (value * signal + rest) - 1.0)).sum()

    for counts, limit in zip(
        [rest, *drawn], [found.fitted["two-sided"][0], *found.limits["two-sided"][0]], strict=True
    ):
        best = 0.0 if slope(0.0, counts) <= 0.0 else brentq(slope, 0.0, 50.0, args=(counts,))
        highest = log_likelihood(best, counts)
        exact = brentq(
            lambda value, counts=counts, highest=highest: (
                2.0 * (highest - log_likelihood(value, counts)) - norm.isf(0.05) ** 2
            ),
            best,
            50.0,
        )
        assert limit == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("true", [0.2, 1.0])
def test_one_sided_limits_cover(ge_mini, true):
    """Limits at 90 % are above the true value in 90 % of the toys drawn there; the flux is measured anew in each."""
    flux = Parameter("flux", dist.TruncatedNormal(1.0, 0.05, low=0.0), "sources.sns.flux.norm")
    model = Model(ge_mini, [strength(), flux])
    truth = {NAME: 0.0, "flux": 1.0}
    curve = asimov_curve(model, NAME, truth, 9.0)
    drawn = draw_toys(model, KEY, 1000, {NAME: true, "flux": 1.0})
    scan = ToyScan(model, curve, _rows(model, truth, drawn), computed)
    for value in _tested(curve, 9.0):
        scan.add(float(value))
    scan.finish()
    limits = {kind: each[0, 2:] for kind, each in scan.limits([0.9]).items()}
    assert np.isfinite(limits["one-sided"]).all()
    error = np.sqrt(0.9 * 0.1 / 1000.0)
    assert (limits["one-sided"] >= true).mean() == pytest.approx(0.9, abs=3.5 * error)
    assert (limits["two-sided"] >= true).mean() > 0.95 - 3.5 * error, "or more, next to an edge"
    assert (limits["cls"] >= true).mean() > 0.9


@pytest.fixture(scope="module")
def moments(reactor):
    fixed = [p.name for p in reactor.nuisances]
    return build_model(reactor, "magnetic-moment", fixed=fixed)


@pytest.mark.slow
def test_a_moment_enters_squared(moments):
    """Signs are alike, so zero is an edge; limits are those of the square, and toys agree with the Asimov data."""
    found = sensitivity(moments, "moment_ee", KEY, 200, levels=[0.9])
    assert (found.null, found.curve.is_edge) == (0.0, True)
    expected = [np.asarray(moments.expected({"moment_ee": value})).ravel() for value in (0.0, 1e-9)]
    signal, rest = expected[1] - expected[0], expected[0]
    excluded = brentq(
        lambda square: 2.0 * (square * signal - rest * np.log1p(square * signal / rest)).sum() - norm.isf(0.05) ** 2,
        1e-3,
        10.0,
    )
    assert found.fitted["two-sided"][0] == pytest.approx(1e-9 * np.sqrt(excluded), rel=1e-3)
    for kind in found.kinds:
        apart = found.bands(kind)[0, 2] - found.fitted[kind][0]
        assert abs(apart) < 4.0 * found.errors(kind)[0, 2]


def test_feldman_and_cousins_own_limit(ge_mini):
    """Of a Gaussian that may not be negative, and is measured to be zero: 1.64 at 90 % (their table X)."""
    model = Model(ge_mini, [strength()])
    found = sensitivity(model, NAME, KEY, 20, levels=[0.9], feldman_cousins_toys=400)
    assert found.fitted["feldman-cousins"][0] == pytest.approx(1.64 / 3.0, rel=0.06)
    assert found.asimov_bands("feldman-cousins") is None
    x = estimates(model, found, 20)
    higher = found.limits["feldman-cousins"][0][np.argsort(x)]
    assert (np.diff(higher) > 0.0).all()


def test_exposures_of_counts(conus):
    """Without nuisance parameters both follow the root of the exposure, and the statistic of counts exactly."""
    signal, rest = templates(conus)
    times = np.array([0.25, 1.0, 30.0])
    found = exposure_curve(conus, NAME, {NAME: 0.0}, times, 2.0, kind="two-sided", levels=[0.9])
    statistic = 2.0 * ((2.0 * signal + rest) * np.log1p(2.0 * signal / rest) - 2.0 * signal).sum()
    np.testing.assert_allclose(found.significances, np.sqrt(times * statistic), rtol=1e-6)
    for each, limits in zip(times, found.limits[:, 0, 1], strict=True):
        exact = brentq(
            lambda value, t=each: 2.0 * t * (value * signal - rest * np.log1p(value * signal / rest)).sum() - 2.70554,
            1e-3,
            100.0,
        )
        assert limits == pytest.approx(exact, rel=1e-4)
    # small signals above much background
    assert found.limits[2, 0, 1] / found.limits[1, 0, 1] == pytest.approx(30.0**-0.5, rel=0.1)


@pytest.mark.slow
def test_exposure_is_that_of_an_experiment(reactor):
    """More days, in a model of their own: signals and rates of backgrounds have grown, and priors have not."""
    flux = next(p for p in reactor.nuisances if p.name == "reactor_flux_norm")
    model = Model(reactor, [strength(dist.Uniform(0.0, 200.0)), flux])
    truth = {name: float(value) for name, value in model.reference_values.items()} | {NAME: 0.0}
    found = exposure_curve(model, NAME, truth, [5.0], 3.0, levels=[0.9])
    longer = eqx.tree_at(lambda e: e.exposure_days, reactor, 5.0 * reactor.exposure_days)
    longer = dataclasses.replace(longer, signal_norm=3.0).asimov()
    other = exposure_curve(Model(longer, model.parameters), NAME, truth, [1.0], 3.0, levels=[0.9])
    assert found.significances[0] == pytest.approx(other.significances[0], rel=1e-6)
    np.testing.assert_allclose(found.limits, other.limits, rtol=1e-4)


def test_exposure_of_published_errors(gaussian):
    """Errors fall with the root."""
    found = exposure_curve(gaussian, NAME, {NAME: 0.0}, [1.0, 4.0], 1.0, kind="one-sided")
    np.testing.assert_allclose(found.significances, [3.0, 6.0], rtol=1e-5)
    np.testing.assert_allclose(found.limits[:, 0, 1], norm.isf(0.1) / np.array([3.0, 6.0]), rtol=1e-4)


@pytest.mark.slow
def test_more_exposure_than_priors_allow_for(reactor):
    """A hundred times the exposure takes the quenching factor out of where it has a table: the fit goes on without."""
    model = build_model(reactor, "magnetic-moment")
    truth = {name: float(value) for name, value in model.reference_values.items()}
    data = asimov_toys(with_exposure(model, 100.0), truth | {"moment_ee": 8e-10}, 1)
    fits = fit_toys(with_exposure(model, 100.0), data, {"moment_ee": 0.0})
    assert fits.converged.all()
    assert fits.values["lindhard_k"][0] > 0.19


def test_exposure_of_several_experiments(conus, gaussian):
    several = Joint.of([conus.experiment, gaussian.experiment])
    both = [Parameter(NAME, dist.Uniform(0.0, 50.0), tuple(f"experiments.{name}.{NAME}" for name in several.names))]
    model = Model(several, both)
    alone = [exposure_curve(each, NAME, {NAME: 0.0}, [3.0], 1.0).significances[0] for each in (conus, gaussian)]
    together = exposure_curve(model, NAME, {NAME: 0.0}, [3.0], 1.0).significances[0]
    assert together == pytest.approx(np.hypot(*alone), rel=1e-5)


def test_repeated_counts():
    """The likelihood of so many times the counts, up to what does not depend on the expectation; data have its mean."""
    expected, data = jnp.array([3.0, 0.5, 7.0]), jnp.array([2.0, 0.0, 9.0])
    four, one = RepeatedCounts(4.0), PoissonLikelihood()
    np.testing.assert_allclose(four.terms(expected, data), one.terms(4.0 * expected, 4.0 * data), rtol=1e-12)
    np.testing.assert_allclose(four.information(expected), 4.0 / expected)
    drawn = np.asarray(four.draw(np.full((4000, 1), 2.0), KEY))
    assert drawn.mean() == pytest.approx(2.0, abs=4.0 * np.sqrt(0.5 / 4000.0))
    assert drawn.var() == pytest.approx(0.5, rel=0.1)
    low, high = four.error_bars(np.array([25.0]), ())
    wide = one.error_bars(np.array([100.0]), ())
    assert (low[0], high[0]) == pytest.approx((wide[0][0] / 4.0, wide[1][0] / 4.0))
    with pytest.raises(CevnsjaxError, match="finite and not negative"):
        four.check(np.array([-1.0]))
    with pytest.raises(CevnsjaxError, match="RepeatedCounts depends on the exposure is not known"):
        repeated(four, 2.0)
    halved = repeated(GaussianLikelihood(2.0, 4.0), 4.0)
    assert (float(halved.error), float(halved.error_up)) == (1.0, 2.0)


@pytest.mark.parametrize("is_edge", [True, False])
def test_expected_roots_at_no_deviation(is_edge):
    """Medians of one-sided and CLs limits at a level are those of two-sided ones, of twice the size and of the same."""
    assert expected_root("one-sided", 0.95, 0.0, is_edge) == pytest.approx(norm.isf(0.05))
    assert expected_root("cls", 0.9, 0.0, is_edge) == pytest.approx(norm.isf(0.05))
    assert expected_root("two-sided", 0.9, 0.0, is_edge) == pytest.approx(norm.isf(0.05))


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"name": "coupling"}, UnknownNameError, "no free parameter called 'coupling'"),
        ({"levels": [1.0]}, ParameterError, "levels must lie between 0 and 1, one or more, got 1.0"),
        ({"levels": []}, ParameterError, "one or more, got None"),
        ({"toys": -3}, ParameterError, "toys must be at least 1, got -3"),
        ({"null": -1.0}, ParameterError, "The null of 'signal_norm' must lie in the support"),
        ({"null": 5.0}, ParameterError, "must lie below the end of its prior at 5"),
        ({"resume": True}, OutputError, "needs the folder"),
    ],
)
def test_bad_input(gaussian, options, kind, words):
    given = {"name": NAME, "toys": 10} | options
    name, toys = given.pop("name"), given.pop("toys")
    with pytest.raises(kind, match=words):
        sensitivity(gaussian, name, KEY, toys, **given)


def test_exposures_that_cannot_be(gaussian):
    for times in (0.0, -1.0, np.inf):
        with pytest.raises(ParameterError, match="times must be a positive number"):
            with_exposure(gaussian, times)
    with pytest.raises(ParameterError, match="must differ from the null 0"):
        exposure_curve(gaussian, NAME, {NAME: 0.0}, [1.0], 0.0)
    with pytest.raises(ParameterError, match="The signal of 'signal_norm' must lie in the support"):
        exposure_curve(gaussian, NAME, {NAME: 0.0}, [1.0], 7.0)


def test_a_parameter_that_nothing_depends_on(moments):
    """A moment of muon neutrinos at a reactor."""
    with pytest.raises(CevnsjaxError, match="Nothing that is expected depends on 'moment_mumu'"):
        sensitivity(moments, "moment_mumu", KEY, 10)


def test_goes_on(gaussian, found, tmp_path, monkeypatch):
    """Interrupted after some values and gone on with, the limits are the same; nothing is fitted twice."""
    fit, calls = toy_scan.fit_toys, []

    def counted(*arguments, **named):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return fit(*arguments, **named)

    monkeypatch.setattr(toy_scan, "fit_toys", counted)
    with pytest.raises(KeyboardInterrupt):
        sensitivity(gaussian, NAME, KEY, 400, folder=tmp_path)

    # a first Ctrl-C ends after a value
    class Pressed:
        def __enter__(self):
            return lambda: len(calls) >= 9

        def __exit__(self, *error):
            return False

    monkeypatch.setattr("cevnsjax.inference.expected_limits.deferred_interrupt", Pressed)
    with pytest.raises(InterruptedRun, match=r"Interrupted after 3 of .* saved in"):
        sensitivity(gaussian, NAME, KEY, 400, folder=tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(toy_scan, "fit_toys", counted)
    done = len(calls)
    again = sensitivity(gaussian, NAME, KEY, 400, folder=tmp_path, resume=True)
    assert len(calls) - done == len(found.values) + 1 - 3
    for kind in found.kinds:
        np.testing.assert_array_equal(again.limits[kind], found.limits[kind])


def test_float32(ge_mini, found):
    with jax.enable_x64(False):
        named = named_experiment("coherent-ge-mini")
        counts = float(named.expected().sum())
        low = dataclasses.replace(named, likelihood=GaussianLikelihood(counts / 3.0))
        model = Model(low, [strength()])
        small = sensitivity(model, NAME, KEY, 100, levels=LEVELS)
        assert model.scale.dtype == np.float32
        more = exposure_curve(model, NAME, small.truth, [4.0], 1.0)
    assert small.not_converged == 0
    for kind in found.kinds:
        np.testing.assert_allclose(small.asimov_bands(kind), found.asimov_bands(kind), rtol=5e-3, atol=5e-3)
        assert small.fitted[kind] == pytest.approx(found.fitted[kind], rel=1e-2)
    assert more.significances[0] == pytest.approx(6.0, rel=1e-3)


def test_fits_that_end_nowhere_begin_again(gaussian, found, monkeypatch):
    fit = toy_scan.fit_toys

    def lost(model, toys, fixed, start=None):
        fits = fit(model, toys, fixed, start=start)
        if start is None:
            return fits
        converged = fits.converged.copy()
        converged[3:6] = False
        return dataclasses.replace(fits, converged=converged, log_density=np.where(converged, fits.log_density, -9e9))

    monkeypatch.setattr(toy_scan, "fit_toys", lost)
    again = sensitivity(gaussian, NAME, KEY, 400, levels=[0.9])
    assert again.not_converged == 0
    np.testing.assert_allclose(again.limits["cls"][0], found.limits["cls"][1], rtol=1e-4)
