"""What a posterior predicts: p-values against SciPy's distributions, and the groups of its file with ArviZ."""

import dataclasses
import warnings

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray
from scipy.stats import chi2, norm, poisson

from cevnsjax.experiment import GaussianLikelihood, Joint, coherent_csi_2021, named_experiment
from cevnsjax.inference import Model, Posterior, laplace, posterior_predictive_p_value
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")

STEADY = Parameter("steady_state_events", dist.Uniform(600.0, 2000.0), "backgrounds.steady_state.events", "events")


@pytest.fixture(scope="module")
def csi():
    return coherent_csi_2021()


@pytest.fixture(scope="module")
def model(csi):
    return Model(csi, [Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm"), STEADY])


def posterior_at(model, values, shape=(4, 500)):
    """A posterior all of whose draws are the same."""
    samples = {name: np.full(shape, value) for name, value in values.items()}
    return Posterior(model, samples, {"diverging": np.zeros(shape, dtype=bool)})


@pytest.fixture(scope="module")
def posterior(model):
    """Draws of the Gaussian that the posterior all but is."""
    found = laplace(model)
    draws = np.random.default_rng(1).multivariate_normal(list(found.values.values()), found.covariance, (4, 500))
    samples = {name: draws[..., i] for i, name in enumerate(found.names)}
    return Posterior(model, samples, {"diverging": np.zeros((4, 500), dtype=bool)})


def within_error(found, expected, draws=1000):
    return abs(found - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / draws) + 1.0 / draws


def test_totals_are_poisson_at_one_point(model, csi):
    values = {"signal_norm": 0.8, "steady_state_events": 1250.0}
    checks = posterior_predictive_p_value(posterior_at(model, values), jax.random.key(1))
    both = ("coincidence", "anticoincidence")
    assert set(checks) == {"deviance", *(f"{what} of {sample}" for what in ("deviance", "total") for sample in both)}
    parts = [checks[f"deviance of {sample}"].observed for sample in both]
    assert checks["deviance"].observed == pytest.approx(sum(parts), rel=1e-12)
    means = np.asarray(model.expected(values)).sum(axis=(1, 2))
    for sample, mean, counts in zip(csi.samples, means, np.asarray(csi.observed).sum(axis=(1, 2)), strict=True):
        check = checks[f"total of {sample}"]
        assert check.observed == counts
        assert within_error(check.p_value, poisson.sf(counts - 1, mean))
        assert abs(check.replicated - mean) < 4.0 * np.sqrt(mean / 1000)
        assert check.replicated_sd == pytest.approx(np.sqrt(mean), rel=0.1)
    assert checks["deviance"].observed == pytest.approx(-2.0 * float(model.log_likelihood(values)), rel=1e-9)


def test_deviance_of_numbers_with_errors_is_chi_squared(csi, model):
    """At one point, with one error or with two of a bin."""
    for error_up in (None, 6.0):
        rates = dataclasses.replace(csi, likelihood=GaussianLikelihood(4.0, error_up))
        data = rates.draw(jax.random.key(3))
        there = Model(rates.with_observed(data), model.parameters)
        check = posterior_predictive_p_value(posterior_at(there, model.reference_values), jax.random.key(2))["deviance"]
        assert within_error(check.p_value, chi2.sf(check.observed, csi.observed.size))
        assert check.replicated == pytest.approx(csi.observed.size, rel=0.02)


def test_a_posterior_describes_its_data_and_not_others(posterior, csi):
    good = posterior_predictive_p_value(posterior, jax.random.key(1))
    assert all(0.02 < good[f"total of {sample}"].p_value < 0.98 for sample in csi.samples)
    assert 0.02 < good["deviance of coincidence"].p_value < 0.98
    # 65 for 100 +- 14: the template of the steady-state background is the spectrum of this sample
    assert good["deviance of anticoincidence"].p_value > 0.98
    bad = np.array(csi.observed)
    bad[0, 2, :] += 15.0
    found = posterior_predictive_p_value(posterior, jax.random.key(1), observed=bad)
    assert found["deviance"].p_value == pytest.approx(1.0 / 1001.0)
    few = posterior_predictive_p_value(posterior, jax.random.key(1), draws=100, observed=bad)
    assert few["deviance"].p_value == pytest.approx(1.0 / 101.0)


def test_predictions_are_not_checked(csi):
    ge_mini = named_experiment("coherent-ge-mini")
    strength = Parameter(
        "norm", dist.Uniform(0.0, 3.0), tuple(f"experiments.{e.name}.signal_norm" for e in (csi, ge_mini))
    )
    joint = Model(Joint.of([csi.asimov(), ge_mini]), [strength])
    checks = posterior_predictive_p_value(posterior_at(joint, {"norm": 0.6}), jax.random.key(1))
    assert list(checks) == ["coherent-ge-mini: deviance", "coherent-ge-mini: total of residual"]
    counts = 0.6 * float(ge_mini.expected().sum())
    assert counts < 20.6, "the data are above: in the half of the density with the error downwards"
    above = 2.0 * 6.3 / (6.3 + 7.1) * norm.sf((20.6 - counts) / 6.3)
    assert within_error(checks["coherent-ge-mini: total of residual"].p_value, above)
    both = Model(Joint.of([csi, ge_mini]), [strength])
    checks = posterior_predictive_p_value(posterior_at(both, {"norm": 0.6}), jax.random.key(1))
    parts = [checks[f"{name}: deviance"].observed for name in both.experiment.parts]
    assert checks["deviance"].observed == pytest.approx(sum(parts), rel=1e-12)


# the file


@pytest.fixture(scope="module")
def file(posterior, tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "posterior.nc"
    posterior.to_netcdf(path)
    return path


def group(file, name):
    return xarray.load_dataset(file, group=name, engine="h5netcdf")


def test_pointwise_log_likelihood(file, posterior, csi):
    stored = group(file, "log_likelihood")["counts"]
    assert stored.dims == ("chain", "draw", "sample", "energy", "time")
    assert stored.shape == (4, 250, *csi.observed.shape)
    assert stored.dtype == np.float32
    chain, draw = 2, 7
    place = int(stored["draw"][draw])
    values = {name: each[chain, place] for name, each in posterior.samples.items()}
    expected, observed = np.asarray(posterior.model.expected(values)), np.asarray(csi.observed)
    exact = poisson.logpmf(observed, expected) - poisson.logpmf(observed, observed)
    np.testing.assert_allclose(stored[chain, draw], exact, rtol=1e-5, atol=1e-6)
    assert file.stat().st_size < 2e6


def test_replicated_data_and_priors(file, posterior, csi):
    replicated = group(file, "posterior_predictive")["counts"]
    np.testing.assert_array_equal(replicated, np.round(replicated))
    means = posterior.expected(1000).mean(axis=0)
    np.testing.assert_allclose(replicated.mean(("chain", "draw")), means, atol=5.0 * np.sqrt(means.max() / 1000.0))
    prior = group(file, "prior")
    assert set(prior) == set(posterior.samples)
    assert prior["signal_norm"].shape == (1, 1000)
    assert 0.0 <= prior["signal_norm"].min() < 0.1 < 2.9 < prior["signal_norm"].max() <= 3.0
    # the same file again
    posterior.to_netcdf(file.with_name("again.nc"))
    assert replicated.equals(group(file.with_name("again.nc"), "posterior_predictive")["counts"])


def test_few_draws_of_many_chains(model):
    many = posterior_at(model, model.reference_values, (30, 3))
    chains, draws = many.thinned_places(40)
    assert (chains.size, list(draws)) == (30, [0])
    chains, draws = many.thinned_places(7)
    assert (list(chains), list(draws)) == ([0, 4, 9, 14, 19, 24, 29], [0])
    assert many.thinned(1000)["signal_norm"].shape == (90,)


def test_arviz(file):
    """Leave-one-out cross-validation finds two parameters; the predictive plot finds its groups."""
    arviz = pytest.importorskip("arviz")
    data = arviz.from_netcdf(str(file), engine="h5netcdf")
    found = arviz.loo(data)
    assert found.n_samples == 1000
    assert found.p_loo == pytest.approx(2.0, abs=0.5)
    total = float(data.log_likelihood["counts"].sum(("sample", "energy", "time")).mean())
    # the mean deviance has the posterior's, whose half is the number of parameters' half above the maximum
    assert found.elpd_loo == pytest.approx(total - 0.5 * found.p_loo, abs=0.3)
    assert arviz.waic(data).elpd_waic == pytest.approx(found.elpd_loo, abs=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what ArviZ asks of Matplotlib is deprecated
        axes = arviz.plot_ppc(data, num_pp_samples=5, random_seed=1)
    assert np.ravel(axes)[0].lines
