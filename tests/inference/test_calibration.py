"""Simulation-based calibration: of what is right, of what is wrong, and of ranks that are known."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import chisquare, norm

from cevnsjax.errors import InterruptedRun, OutputError, ParameterError
from cevnsjax.experiment import GaussianLikelihood, coherent_csi_2021, named_experiment
from cevnsjax.experiment.likelihood import AbstractLikelihood
from cevnsjax.inference import Calibration, Model, Posterior, Schedule, calibrate, calibration, journal
from cevnsjax.inference.calibration import LOG_LIKELIHOOD
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")

QUICK = Schedule(chains=4, warmup=100, samples=100)
SHORT = Schedule(chains=2, warmup=10, samples=50)
STRENGTH = Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")


class Unlike(AbstractLikelihood):
    """Data are drawn wider than the likelihood says."""

    likelihood: GaussianLikelihood
    factor: float

    def terms(self, expected, observed):
        return self.likelihood.terms(expected, observed)

    def draw(self, expected, key):
        return expected + self.factor * (self.likelihood.draw(expected, key) - expected)

    def information(self, expected):
        return self.likelihood.information(expected)

    def check(self, observed):
        self.likelihood.check(observed)

    def error_bars(self, observed, axes):
        return self.likelihood.error_bars(observed, axes)


@pytest.fixture(scope="module")
def ge_mini():
    return named_experiment("coherent-ge-mini")


def ranks_of(ranks, draws=99):
    return Calibration({"a": np.asarray(ranks)}, draws, {}, np.zeros(len(ranks), dtype=int))


def test_uniform_ranks():
    uniform = ranks_of(np.arange(100).repeat(2))
    assert (uniform.datasets, uniform.bins) == (200, 20)
    np.testing.assert_array_equal(uniform.counts("a"), np.full(20, 10))
    assert uniform.p_value("a") == pytest.approx(1.0)
    assert uniform.mean_rank("a") == pytest.approx(0.5)
    low, high = uniform.band
    assert low < 10.0 < high
    # by Poisson's law nearly, 99 % of the bins are between these
    generator = np.random.default_rng(1)
    counts = generator.multinomial(200, np.full(20, 0.05), 2000)
    assert 0.985 < np.mean((counts >= low) & (counts <= high)) < 0.998


def test_ranks_in_few_bins():
    assert [ranks_of(np.zeros(number, dtype=int)).bins for number in (3, 10, 24, 60, 10000)] == [1, 2, 4, 10, 20]
    assert np.isnan(ranks_of(np.zeros(3, dtype=int)).p_value("a"))
    piled = ranks_of(np.zeros(50, dtype=int))
    assert piled.p_value("a") == pytest.approx(chisquare([50] + [0] * 9).pvalue)
    assert piled.smallest_p_value < 1e-20


@pytest.fixture
def exact(monkeypatch):
    """Posteriors are drawn from what they are, a Gaussian that the prior hardly cuts: nothing is sampled."""

    def drawn(model, key, schedule, sampler, observed):
        shape = schedule.chains, SHORT.samples
        uniform = np.asarray(jax.random.uniform(key, shape))
        low, high = norm.cdf(np.array([-5.0, 5.0]), float(np.asarray(observed).sum()), 0.5)
        samples = {"signal_norm": norm.ppf(low + uniform * (high - low), float(np.asarray(observed).sum()), 0.5)}
        return Posterior(model, samples, {"diverging": np.zeros(shape, dtype=bool)})

    monkeypatch.setattr(calibration, "sample", drawn)


@pytest.fixture
def simple(ge_mini, exact):
    """The expectation is the parameter itself, with an error of a half."""
    per_strength = float(ge_mini.expected().sum())
    experiment = eqx.tree_at(lambda e: e.mass_kg, ge_mini, ge_mini.mass_kg / per_strength)
    experiment = dataclasses.replace(experiment, likelihood=GaussianLikelihood(0.5))
    return Model(experiment, [Parameter("signal_norm", dist.Uniform(-5.0, 5.0), "signal_norm")])


def test_what_is_right_and_what_is_wrong(simple):
    """The same posteriors, of data as their likelihood says, and of data that are wider."""
    right = calibrate(simple, jax.random.key(1), 300, SHORT)
    assert list(right.ranks) == ["signal_norm", LOG_LIKELIHOOD]
    assert right.smallest_p_value > 0.01
    assert abs(right.mean_rank("signal_norm") - 0.5) < 3.0 * 0.29 / np.sqrt(300)
    wider = dataclasses.replace(simple.experiment, likelihood=Unlike(GaussianLikelihood(0.5), 1.6))
    wrong = calibrate(Model(wider, simple.parameters), jax.random.key(1), 300, SHORT)
    assert wrong.smallest_p_value < 1e-6
    counts = wrong.counts("signal_norm")
    assert min(counts[0], counts[-1]) > wrong.band[1], "posteriors are too narrow"


@pytest.mark.slow
def test_hmc_is_calibrated(ge_mini):
    """With two errors; and not, if data are more than twice as wide."""
    right = calibrate(Model(ge_mini, [STRENGTH]), jax.random.key(1), 200, QUICK)
    assert right.smallest_p_value > 1e-3  # one key in a hundred gives less than 0.01
    assert np.median(right.effective["signal_norm"]) > 99.0
    wrong = dataclasses.replace(ge_mini, likelihood=Unlike(ge_mini.likelihood, 2.5))
    wrong = calibrate(Model(wrong, [STRENGTH]), jax.random.key(1), 100, QUICK)
    assert wrong.smallest_p_value < 1e-6


@pytest.mark.slow
def test_hmc_is_calibrated_with_counts():
    """Counts of two samples, and a background in both."""
    steady = Parameter("steady_state_events", dist.Uniform(600.0, 2000.0), "backgrounds.steady_state.events", "events")
    found = calibrate(Model(coherent_csi_2021(), [STRENGTH, steady]), jax.random.key(1), 100, QUICK)
    assert found.smallest_p_value > 0.01


def test_a_posterior_that_ignores_its_data(simple, monkeypatch):
    """Ranks of its parameters are uniform; those of the log-likelihood are not."""

    def prior(model, key, schedule, sampler, observed):
        shape = schedule.chains, SHORT.samples
        samples = {"signal_norm": np.asarray(jax.random.uniform(key, shape, minval=-5.0, maxval=5.0))}
        return Posterior(model, samples, {"diverging": np.zeros(shape, dtype=bool)})

    monkeypatch.setattr(calibration, "sample", prior)
    found = calibrate(simple, jax.random.key(2), 200, SHORT)
    assert found.p_value("signal_norm") > 0.01
    assert found.p_value(LOG_LIKELIHOOD) < 1e-6


def test_goes_on_and_becomes_longer(simple, tmp_path, monkeypatch):
    whole = calibrate(simple, jax.random.key(3), 30, SHORT)
    assert whole.p_value("signal_norm") > 0.01
    monkeypatch.setattr(journal, "SAVE_EVERY_S", -1.0)
    draw, seen = calibration.sample, []

    def interrupted(*given, **named):
        if len(seen) == 12:
            raise InterruptedRun("Interrupted")
        seen.append(given)
        return draw(*given, **named)

    monkeypatch.setattr(calibration, "sample", interrupted)
    with pytest.raises(InterruptedRun, match=r"after 12 of 30 data sets; what is done is saved in .* --resume"):
        calibrate(simple, jax.random.key(3), 30, SHORT, folder=tmp_path)
    monkeypatch.setattr(calibration, "sample", draw)
    progress = []
    found = calibrate(
        simple,
        jax.random.key(3),
        30,
        SHORT,
        folder=tmp_path,
        resume=True,
        progress=lambda *given: progress.append(given),
    )
    assert progress == [(done, 30) for done in range(13, 31)]
    np.testing.assert_array_equal(found.ranks["signal_norm"], whole.ranks["signal_norm"])
    longer = calibrate(simple, jax.random.key(3), 40, SHORT, folder=tmp_path, resume=True)
    np.testing.assert_array_equal(longer.ranks[LOG_LIKELIHOOD][:30], whole.ranks[LOG_LIKELIHOOD])
    with pytest.raises(OutputError, match="other options"):
        calibrate(simple, jax.random.key(4), 40, SHORT, folder=tmp_path, resume=True)


def test_what_is_refused(simple, tmp_path):
    with pytest.raises(ParameterError, match="datasets must be at least 1, got 0"):
        calibrate(simple, jax.random.key(1), 0)
    with pytest.raises(ParameterError, match="need as many of each posterior, which has 50 draws"):
        calibrate(simple, jax.random.key(1), 10, Schedule(chains=1, samples=50))
    with pytest.raises(OutputError, match="Resuming needs the folder"):
        calibrate(simple, jax.random.key(1), 10, resume=True)
    with pytest.raises(OutputError, match="nothing to resume from"):
        calibrate(simple, jax.random.key(1), 10, folder=tmp_path, resume=True)
