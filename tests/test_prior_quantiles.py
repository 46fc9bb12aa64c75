"""Quantiles of priors: against SciPy's distributions, far out in the tails too, and against samples."""

import jax.monitoring
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

from cevnsjax.prior_quantiles import is_inside, prior_quantiles

PROBABILITIES = [1e-12, 1e-5, 0.16, 0.5, 0.84, 1.0 - 1e-5, 1.0 - 1e-8]


@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        (dist.Normal(1.4, 0.2), stats.norm(1.4, 0.2)),
        (dist.Uniform(-2.0, 3.0), stats.uniform(-2.0, 5.0)),
        (dist.LogNormal(0.3, 0.5), stats.lognorm(0.5, scale=np.exp(0.3))),
        (dist.LogUniform(1e-6, 1e-2), stats.loguniform(1e-6, 1e-2)),
        (dist.HalfNormal(3.0), stats.halfnorm(scale=3.0)),
        (dist.TruncatedNormal(18.4, 4.6, low=0.0), stats.truncnorm(-4.0, np.inf, 18.4, 4.6)),
        (dist.TruncatedNormal(1.0, 0.5, high=0.0), stats.truncnorm(-np.inf, -2.0, 1.0, 0.5)),
        (dist.TruncatedNormal(1.0, 0.5, low=0.5, high=1.2), stats.truncnorm(-1.0, 0.4, 1.0, 0.5)),
        (dist.TruncatedNormal(0.0, 1.0, low=30.0), stats.truncnorm(30.0, np.inf)),
        (dist.TruncatedNormal(0.0, 1.0, low=-31.0, high=-30.0), stats.truncnorm(-31.0, -30.0)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_closed_forms(prior, expected):
    found = prior_quantiles(prior, PROBABILITIES)
    np.testing.assert_allclose(found, expected.ppf(PROBABILITIES), rtol=1e-8, atol=1e-12)
    assert np.all(np.diff(found) > 0.0)


def test_other_kinds_are_sampled():
    found = prior_quantiles(dist.Gamma(2.0, 3.0), [0.16, 0.5, 0.84])
    np.testing.assert_allclose(found, stats.gamma(2.0, scale=1 / 3).ppf([0.16, 0.5, 0.84]), rtol=0.05)


def test_nothing_is_compiled():
    found = []

    def listen(event, duration_s, **_):
        found.append(event)

    prior = dist.TruncatedNormal(18.4, 4.6, low=0.0)
    jax.monitoring.register_event_duration_secs_listener(listen)
    prior_quantiles(prior, [0.3])
    jax.monitoring.unregister_event_duration_listener(listen)
    assert not found


@pytest.mark.parametrize(
    ("prior", "inside", "not_inside"),
    [
        (dist.Normal(0.0, 1.0), (-1e9, 0.0, 1e9), (np.inf, np.nan)),
        (dist.Uniform(-1.0, 2.0), (-0.999, 1.999), (-1.0, 2.0, 3.0, np.nan)),
        (dist.HalfNormal(1.0), (1e-30, 5.0), (0.0, -1.0)),
        (dist.LogUniform(1e-3, 1.0), (0.5,), (1e-3, 1.0, 0.0)),
        (dist.TruncatedNormal(1.0, 1.0, low=0.0), (0.1, 50.0), (0.0, -0.1)),
        (dist.Poisson(3.0), (1.0, 2.0), (0.5, -1.0)),
    ],
)
def test_inside_of_a_support(prior, inside, not_inside):
    assert all(is_inside(prior, value) for value in inside)
    assert not any(is_inside(prior, value) for value in not_inside)
