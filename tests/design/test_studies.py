"""Worked studies: CICENNS' precision, Fisher against HMC, thirty variables at once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.design import PosteriorWidth, Variable, build_study, optimise
from cevnsjax.experiment import coherent_csi_2021, named_experiment
from cevnsjax.experiment.axis import NO_TIMES, Axis
from cevnsjax.inference import Schedule, build_model, fisher_information, sample
from cevnsjax.program import program

pytestmark = pytest.mark.usefixtures("standard_promotion")

information = program(fisher_information)


def sds(model):
    return dict(zip(model.names, np.sqrt(np.diag(np.linalg.inv(np.asarray(information(model))))), strict=True))


def test_precision_of_cicenns_with_the_error_of_the_flux():
    """A talk's 6.5 % needs a flux known to 5 % with quenching and efficiency known, and to 3 % with the errors of both.

    The flux multiplies as the strength does: its error adds in quadrature.
    """
    cicenns = named_experiment("cicenns")
    needed = {}
    for label, fixed in (("known", ["quenching_0", "quenching_1", "efficiency"]), ("fitted", [])):
        alone = sds(build_model(cicenns, "sm", fixed=fixed))["signal_norm"]
        needed[label] = np.sqrt(0.065**2 - alone**2)
        priors = {"csns_flux_norm": dist.Normal(1.0, float(needed[label]))}
        free = ["signal_norm", "csns_flux_norm"]
        both = sds(build_model(cicenns, "sm", free=free, fixed=fixed, priors=priors))["signal_norm"]
        assert both == pytest.approx(0.065, rel=1e-6)
    assert 0.05 < needed["known"] < 0.065
    assert 0.025 < needed["fitted"] < 0.035


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coherent-csi-2021", "cicenns"])
def test_fisher_is_what_hmc_finds(name):
    """Four parameters of Asimov data, which are Gaussian: 5 %, and what Monte Carlo leaves."""
    experiment = (coherent_csi_2021() if name == "coherent-csi-2021" else named_experiment(name)).asimov()
    others = {"coherent-csi-2021": ("brn_events", "nin_events"), "cicenns": ("steady_state_norm",)}[name]
    kept = {"signal_norm", "quenching_0", *others} | ({"efficiency"} if name == "cicenns" else set())
    offered = build_model(experiment, "sm").names
    model = build_model(experiment, "sm", fixed=[each for each in offered if each not in kept])
    assert len(model.names) == 4
    expected = sds(model)
    posterior = sample(model, jax.random.key(1), Schedule(ess=4000))
    for each, wanted in expected.items():
        assert np.std(posterior.samples[each]) == pytest.approx(wanted, rel=0.05), each


@pytest.mark.slow
def test_thirty_variables(small):
    """Edges of 24 bins among them; the gradient costs as much as for three. Neither start is below the other."""
    edges = np.geomspace(0.4, 3.0, 26)
    axes = (Axis("energy_keVee", tuple(edges)), NO_TIMES)
    response = dataclasses.replace(small.response, edges_keV=edges)
    fine = dataclasses.replace(
        small, response=response, axes=axes, observed=np.zeros((1, 25, 1)), is_asimov=True
    ).asimov()
    variables = [
        Variable(name="mass", where="mass_kg", low=1.0, high=50.0, logarithmic=True, price=10.0),
        Variable(name="threshold", where="response.threshold_keV", low=0.3, high=0.6, price=10.0, power=-1.0),
        Variable(name="noise", where="response.resolution.noise_keV", low=0.02, high=0.2, price=3.0, power=-1.0),
        Variable(name="baseline", where="sources.sns.flux.baseline_m", low=15.0, high=30.0, price=5.0, power=-1.0),
        Variable(
            name="background",
            where="backgrounds.steady_state.counts_per_keV_kg_day",
            low=0.03,
            high=1.0,
            price=5.0,
            power=-0.5,
        ),
        Variable(name="days", where="exposure_days", low=10.0, high=1000.0, logarithmic=True, price=10.0),
    ]
    bounds = edges[:-1] + 0.48 * np.diff(edges), edges[:-1] + 0.52 * np.diff(edges)
    variables += [
        Variable(
            name=f"edge {i}", where=f"response.edges_keV.{i}", low=float(bounds[1][i - 1]), high=float(bounds[0][i])
        )
        for i in range(1, 25)
    ]
    study = build_study(fine, variables, PosteriorWidth(("signal_norm",)), budget=40.0)
    assert len(study.variables) == 30
    best = optimise(study, starts=2)
    assert best.objective < 0.95 * best.nominal
    assert all(each.converged for each in best.starts)
    np.testing.assert_allclose([each.path[-1] for each in best.starts], best.objective, rtol=1e-3)
    assert np.all(np.isfinite(jax.grad(study.judged)(jnp.asarray(study.nominal))))
