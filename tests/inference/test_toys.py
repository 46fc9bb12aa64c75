"""Toys: fits of many sets of data, coverage, and the intervals of Feldman and Cousins' own table."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import GaussianLikelihood, Joint, PoissonLikelihood, named_experiment
from cevnsjax.experiment.likelihood import AbstractLikelihood
from cevnsjax.inference import (
    Coverage,
    FeldmanCousins,
    Model,
    build_model,
    coverage,
    draw_toys,
    feldman_cousins,
    fit_toys,
    maximum,
    profile_statistics,
)
from cevnsjax.inference.centres import measured
from cevnsjax.inference.toys import Toys
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")
LEVELS = 0.6827, 0.9545


class OneCount(AbstractLikelihood):
    """A count of a signal that is the strength itself, above a background of three."""

    nominal: float
    poisson: PoissonLikelihood = dataclasses.field(default_factory=PoissonLikelihood)

    def mean(self, expected):
        return expected.sum(axis=(-3, -2, -1)) / self.nominal + 3.0

    def terms(self, expected, observed):
        term = self.poisson.terms(self.mean(expected), observed.reshape(-1)[0])
        return jnp.zeros_like(expected).reshape(-1).at[0].set(term).reshape(expected.shape)

    def draw(self, expected, key):
        data = np.zeros(expected.shape)
        data[..., 0, 0, 0] = self.poisson.draw(self.mean(expected), key)
        return data

    def information(self, expected):
        return jnp.ones_like(expected)

    def check(self, observed):
        pass

    def error_bars(self, observed, axes):
        return observed, observed


@pytest.fixture(scope="module")
def ge_mini():
    return named_experiment("coherent-ge-mini")


@pytest.fixture(scope="module")
def gaussian(ge_mini):
    """One number that is the strength times the norm of the flux, error 0.1; the norm is known to 5 %."""
    per_strength = float(ge_mini.expected().sum())
    experiment = eqx.tree_at(lambda e: e.mass_kg, ge_mini, ge_mini.mass_kg / per_strength)
    experiment = dataclasses.replace(experiment, likelihood=GaussianLikelihood(0.1))
    strength = Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")
    norm = Parameter("norm", dist.TruncatedNormal(1.0, 0.05, low=0.0), "sources.sns.flux.norm")
    return Model(experiment, [strength, norm])


def test_maxima_in_closed_form(gaussian):
    """The norm is what was measured, and the strength what is left of the data."""
    toys = draw_toys(gaussian, jax.random.key(1), 500, {"signal_norm": 1.2})
    assert toys.number == 500
    assert toys.values == {"signal_norm": 1.2, "norm": 1.0}
    data = toys.observed.reshape(500)
    assert data.mean() == pytest.approx(1.2, abs=4.0 * 0.1 / np.sqrt(500))
    assert data.std() == pytest.approx(0.1, rel=0.15)
    assert toys.centres.keys() == {"norm"}
    assert toys.centres["norm"].std() == pytest.approx(0.05, rel=0.15)
    found = fit_toys(gaussian, toys)
    assert found.converged.all()
    np.testing.assert_allclose(found.values["norm"], toys.centres["norm"], atol=1e-5)
    np.testing.assert_allclose(found.values["signal_norm"], data / toys.centres["norm"], rtol=1e-4)
    held = fit_toys(gaussian, toys, {"norm": np.linspace(0.9, 1.1, 500)})
    np.testing.assert_allclose(held.values["norm"], np.linspace(0.9, 1.1, 500), rtol=1e-12)
    np.testing.assert_allclose(held.values["signal_norm"], data / held.values["norm"], rtol=1e-4)


def test_maxima_are_those_of_single_fits(ge_mini):
    model = build_model(Joint({"coherent-ge-mini": ge_mini, "conus-plus": named_experiment("conus-plus")}), "sm")
    toys = draw_toys(model, jax.random.key(2), 3, centres=False)
    assert toys.centres == {}
    found = fit_toys(model, toys)
    for i in range(3):
        alone = maximum(model, observed=jax.tree.map(lambda array, i=i: array[i], toys.observed))
        assert found.log_density[i] == pytest.approx(alone.log_density, abs=1e-6)


def test_coverage(gaussian):
    """That of a Gaussian, with priors measured anew; less is covered where data are wider than is said."""
    right = coverage(gaussian, "signal_norm", jax.random.key(3), 2000)
    assert right.toys == 2000
    assert np.all(np.abs(right.shares - LEVELS) < 4.0 * right.errors)
    assert right.errors == pytest.approx(np.sqrt(np.array(LEVELS) * (1.0 - np.array(LEVELS)) / 2000))
    toys = draw_toys(gaussian, jax.random.key(4), 2000)
    wide = Toys(toys.values, 1.0 + 1.5 * (toys.observed - 1.0), toys.centres)
    assert np.mean(profile_statistics(gaussian, wide, {"signal_norm": 1.0}) < 1.0) < 0.6


# 90 % intervals of a Poisson signal above a background of 3: Phys. Rev. D 57, 3873, table IV
@pytest.mark.parametrize(("count", "low", "high"), [(6, 0.15, 8.47), (8, 1.51, 10.99), (10, 2.63, 13.50)])
def test_feldman_cousins(ge_mini, count, low, high):
    experiment = dataclasses.replace(ge_mini, likelihood=OneCount(float(ge_mini.expected().sum())))
    model = Model(experiment, [Parameter("signal_norm", dist.Uniform(0.0, 50.0), "signal_norm")])
    observed = np.zeros(ge_mini.observed.shape)
    observed.flat[0] = count
    around = [low - 0.12, low + 0.12, high - 0.12, high + 0.12]
    seen = []
    found = feldman_cousins(
        model,
        "signal_norm",
        around,
        jax.random.key(5),
        toys=20_000,
        observed=observed,
        progress=lambda *given: seen.append(given),
    )
    assert list(found.accepted) == [low < value < high for value in around]
    assert seen[-1] == (len(around), len(around))
    assert np.all(found.error >= 0.0)


def test_ends_of_what_is_accepted():
    values, nothing = np.arange(6.0), np.zeros(6)
    found = FeldmanCousins("a", 0.9, values, np.array([3.0, 1.0, 0.0, 1.0, 3.0, 5.0]), nothing + 2.0, nothing)
    assert found.intervals() == [(pytest.approx(0.5, abs=1e-4), pytest.approx(3.5, abs=1e-4))]
    two = FeldmanCousins("a", 0.9, values, np.array([0.0, 1.0, 3.0, 3.0, 1.0, 0.0]), nothing + 2.0, nothing)
    ends = np.array(two.intervals())
    np.testing.assert_allclose(ends, [[0.0, 1.5], [3.5, 5.0]], atol=1e-4)


def test_what_priors_measure():
    assert measured(dist.Normal(1.0, 2.0)) == (1.0, 2.0, False)
    assert measured(dist.TruncatedNormal(1.0, 2.0, low=0.0)) == (1.0, 2.0, False)
    assert measured(dist.TruncatedNormal(1.0, 2.0, low=0.0, high=3.0)) == (1.0, 2.0, False)
    assert measured(dist.LogNormal(0.5, 0.1)) == (0.5, pytest.approx(0.1), True)
    for flat in (dist.Uniform(0.0, 1.0), dist.LogUniform(1.0, 2.0), dist.HalfNormal(1.0)):
        assert measured(flat) is None
    moved = measured(dist.LogNormal(0.5, 0.1))
    assert moved is not None
    for value in (1.0, 2.0):
        expected = dist.LogNormal(0.7, 0.1).log_prob(value) - dist.LogNormal(0.5, 0.1).log_prob(value)
        assert float(moved.moved(jnp.asarray(value), jnp.asarray(0.7))) == pytest.approx(float(expected), rel=1e-9)


def test_what_is_refused(gaussian):
    key = jax.random.key(0)
    with pytest.raises(UnknownNameError, match="strength"):
        draw_toys(gaussian, key, 3, {"strength": 1.0})
    with pytest.raises(ParameterError, match="must lie in the support"):
        draw_toys(gaussian, key, 3, {"signal_norm": -1.0})
    with pytest.raises(ParameterError, match="number must be at least 1, got 0"):
        draw_toys(gaussian, key, 0)
    with pytest.raises(UnknownNameError, match="strength"):
        fit_toys(gaussian, draw_toys(gaussian, key, 3), {"strength": 1.0})
    with pytest.raises(UnknownNameError, match="strength"):
        coverage(gaussian, "strength", key)
    with pytest.raises(ParameterError, match="level must lie between 0 and 1, got 68"):
        coverage(gaussian, "signal_norm", key, levels=[68.0])
    with pytest.raises(ParameterError, match="must increase strictly"):
        feldman_cousins(gaussian, "signal_norm", [1.0, 0.5], key)


def test_shares():
    found = Coverage("a", 0.0, LEVELS, (683, 950), 1000)
    assert list(found.shares) == [0.683, 0.95]
