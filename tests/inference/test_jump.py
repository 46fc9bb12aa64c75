"""Jumps between separated bands: their shares against quadrature."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from cevnsjax.experiment import GaussianLikelihood, named_experiment
from cevnsjax.inference import Hmc, Nuts, Schedule, build_model, sample
from cevnsjax.inference.diagnostics import rank_r_hat, smallest_effective_sample_size
from cevnsjax.inference.hmc import _far_from_normal
from cevnsjax.inference.jump import own_parameters

pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(scope="module")
def model():
    """One count, ten times better than published, and a coupling: the amplitude, or nearly its reverse."""
    ge_mini = named_experiment("coherent-ge-mini")
    ge_mini = dataclasses.replace(ge_mini, likelihood=GaussianLikelihood(np.full((1, 1, 1), 2.0))).asimov()
    with jax.numpy_dtype_promotion("standard"):
        return build_model(ge_mini, "nsi", free=["eps_mumu_u"], fixed=["lindhard_k", "sns_flux_norm"])


@pytest.mark.parametrize(("sampler", "warmup"), [(Hmc(), 60), (Nuts(), 100)])
def test_shares_of_two_bands(model, sampler, warmup):
    couplings = np.linspace(-1.0, 1.0, 4001)
    density = jax.jit(jax.vmap(lambda value: jnp.exp(model.log_density({"eps_mumu_u": value}))))
    weights = np.asarray(density(jnp.asarray(couplings)))
    middle = 0.25
    valley = weights[np.abs(couplings - middle) < 0.02].max()
    assert valley < 1e-8 * weights.max(), "the bands must be separated"
    share = weights[couplings > middle].sum() / weights.sum()
    assert 0.2 < share < 0.8
    posterior = sample(model, jax.random.key(2), Schedule(8, warmup, 400), sampler=sampler)
    beyond = posterior.samples["eps_mumu_u"] > middle
    crossings = np.abs(np.diff(beyond.astype(int), axis=1)).sum(axis=1)
    # of 400 draws, seventeen in the mean: none stays where it began
    assert crossings.min() > 2
    assert crossings.mean() > 10.0
    # crossings are the independent looks: what chance gives of that many, in all but one of ten thousand
    assert rank_r_hat(posterior.samples["eps_mumu_u"]) < 1.0 + 0.5 * chi2.ppf(0.9999, 7) / crossings.sum()
    assert abs(beyond.mean() - share) < 4.0 * np.sqrt(share * (1.0 - share) / crossings.sum())


def test_nuisances_stay_where_they_are():
    ge_mini = named_experiment("coherent-ge-mini")
    with jax.numpy_dtype_promotion("standard"):
        model = build_model(ge_mini, "nsi", free=["eps_ee_u", "eps_mumu_u"])
        nuisances_alone = build_model(ge_mini, "nuisances")
    assert [model.names[index] for index in own_parameters(model)] == ["eps_ee_u", "eps_mumu_u"]
    assert not len(own_parameters(nuisances_alone))
    posterior = sample(nuisances_alone, jax.random.key(3), Schedule(4, 40, 50))
    assert posterior.divergences == 0
    assert all(rank_r_hat(posterior.samples[name]) < 1.2 for name in nuisances_alone.names)


def test_when_jumps_are_needed():
    """Of what is no normal distribution, and where too little is known: without a warning from what is all alike."""
    generator = np.random.default_rng(1)
    normal = generator.normal(size=(8, 100, 2))
    assert not _far_from_normal(normal)
    assert _far_from_normal(np.exp(normal))
    assert _far_from_normal(np.concatenate([normal[:, :, :1], generator.standard_t(3, size=(8, 100, 1))], axis=2))
    assert _far_from_normal(normal[:1, :4])
    assert _far_from_normal(np.ones((8, 100, 2)))


def test_beside_a_cliff():
    """A coupling too weak to be seen, or hardly: jumps alone move it, against quadrature."""
    with jax.numpy_dtype_promotion("standard"):
        model = build_model(named_experiment("coherent-ge-mini"), "scalar", free=["coupling"], fixed=["lindhard_k"])
    posterior = sample(model, jax.random.key(2), Schedule(8, 60, 400))
    assert posterior.divergences == 0
    assert posterior.statistics["steps"].mean() < 4.0
    found = np.log(posterior.samples["coupling"])
    prior: Any = model.parameters[0].prior
    logarithms = np.linspace(np.log(float(prior.low)), np.log(float(prior.high)), 802)[1:-1]
    norms = np.linspace(0.5, 1.5, 61)

    def density(logarithm, norm):
        return model.log_density({"coupling": jnp.exp(logarithm), "sns_flux_norm": norm}) + logarithm

    heights = np.asarray(jax.jit(jax.vmap(jax.vmap(density, (None, 0)), (0, None)))(logarithms, norms))
    weights = np.exp(heights - heights.max()).sum(axis=1)
    weights /= weights.sum()
    mean, below = weights @ logarithms, np.cumsum(weights)
    effective = smallest_effective_sample_size(found)
    assert effective > 800
    assert abs(found.mean() - mean) < 4.0 * found.std() / np.sqrt(effective)
    for share in (0.5, 0.9, 0.97):
        quantile = np.interp(share, below, logarithms)
        assert abs((found < quantile).mean() - share) < 4.0 * np.sqrt(share * (1.0 - share) / effective)
