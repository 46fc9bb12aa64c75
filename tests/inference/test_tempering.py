"""Evidence: against integrals of the density, and modes against their shares."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.experiment import GaussianLikelihood, coherent_csi_2021, named_experiment
from cevnsjax.inference import Model, Schedule, build_model, evidence, laplace, sample, tempering
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(scope="module")
def two_bands():
    """One count, ten times better than published, and a coupling: the amplitude, or nearly its reverse."""
    ge_mini = named_experiment("coherent-ge-mini")
    ge_mini = dataclasses.replace(ge_mini, likelihood=GaussianLikelihood(np.full((1, 1, 1), 2.0))).asimov()
    with jax.numpy_dtype_promotion("standard"):
        return build_model(ge_mini, "nsi", free=["eps_mumu_u"], fixed=["lindhard_k", "sns_flux_norm"])


def test_integral_and_shares_of_two_bands(two_bands):
    couplings = jnp.linspace(-1.0, 1.0, 8001)
    density = jax.jit(jax.vmap(lambda value: two_bands.log_density({"eps_mumu_u": value})))
    weights = np.exp(np.asarray(density(couplings)))
    assert weights[np.abs(couplings - 0.25) < 0.02].max() < 1e-8 * weights.max(), "the bands must be separated"
    exact, share = np.log(np.trapezoid(weights, couplings)), weights[couplings > 0.25].sum() / weights.sum()
    seen = []
    found = evidence(two_bands, jax.random.key(1), 1024, progress=seen.append)
    assert 0.01 < found.error < 0.1
    assert abs(found.log_evidence - exact) < 4.0 * found.error
    beyond = np.mean(found.samples["eps_mumu_u"] > 0.25)
    # particles that descend from one are not independent: fewer than half are
    assert abs(beyond - share) < 4.0 * np.sqrt(share * (1.0 - share) / 512)
    assert seen == list(found.powers[1:])
    assert seen[-1] == 1.0
    assert np.all(np.diff(found.powers) > 0.0)
    again = evidence(two_bands, jax.random.key(1), 1024)
    assert again.log_evidence == found.log_evidence


def test_agrees_with_laplace():
    """Of counts and a background, where the posterior is nearly Gaussian."""
    strength = Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")
    steady = Parameter("steady_state_events", dist.Uniform(600.0, 2000.0), "backgrounds.steady_state.events", "events")
    model = Model(coherent_csi_2021(), [strength, steady])
    found = evidence(model, jax.random.key(2), 1024)
    touching = laplace(model)
    assert abs(found.log_evidence - touching.log_evidence) < 4.0 * found.error + 0.01
    for name in model.names:
        sd = touching.sd[name]
        assert abs(found.samples[name].mean() - touching.values[name]) < 4.0 * sd / np.sqrt(512)
        assert found.samples[name].std() == pytest.approx(sd, rel=0.1)


@pytest.mark.slow
def test_shares_of_two_couplings_are_those_of_hmc():
    """NSI of CsI: bands of two couplings, with all nuisances."""
    model = build_model(coherent_csi_2021(), "nsi")
    found = evidence(model, jax.random.key(3), 2048)
    posterior = sample(model, jax.random.key(4), Schedule(chains=128, samples=300))
    for name in ("eps_ee_u", "eps_ee_d"):
        draws, effective = posterior.samples[name], posterior.summary()[name]["ess_bulk"]
        for place in (-0.5, 0.0, 0.25, 0.5):
            shares = [float(np.mean(each < place)) for each in (draws, found.samples[name])]
            sd = np.sqrt(shares[0] * (1.0 - shares[0]) * (1.0 / effective + 1.0 / 1024))
            assert abs(shares[0] - shares[1]) < 4.0 * sd, (name, place)


def test_what_is_refused(two_bands):
    for name, value in (("particles", 4), ("moves", 0), ("moves", 26), ("effective", 1.0)):
        with pytest.raises(ParameterError, match=f"{name} must .*, got {value}"):
            evidence(two_bands, jax.random.key(0), **{name: value})
    nowhere = np.where(np.arange(16) < 3, 0.0, -np.inf)
    with pytest.raises(CevnsjaxError, match="finite at too few draws"):
        tempering._next_power(nowhere, 0.0, 8.0)
    assert tempering._next_power(np.zeros(16), 0.2, 8.0) == 1.0
