"""The response of an experiment to its flux in bins, and what NUCLEUS can say of reactors below 1.8 MeV."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.arrays import gauss_legendre
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import Joint, named_experiment
from cevnsjax.flux import POWERS, MonoEnergetic, Source, reactor_spectra
from cevnsjax.inference import choose_beta, flux_response, sample_flux, unfold
from cevnsjax.inference.unfold_response import PER_FISSION
from cevnsjax.models import named_model

LOWEST_MEV = {"nucleus-1": 0.4, "nucleus-2": 0.4, "nucleus-3": 0.2}


@pytest.fixture(scope="module")
def scenario():
    """Experiment and response by name, each built once: bins of 0.1 MeV from the threshold to that of IBD."""
    known = {}

    def build(name):
        if name not in known:
            experiment, low = named_experiment(name), LOWEST_MEV[name]
            known[name] = experiment, flux_response(experiment, np.linspace(low, 1.8, round((1.8 - low) / 0.1) + 1))
        return known[name]

    return build


def captures(response):
    """The flux of captures in the bins."""
    spectra = reactor_spectra("texono").capture
    above = np.asarray(spectra.moments(jnp.asarray(response.edges_MeV)))[:, POWERS.index(0)].sum(axis=0)
    return 0.6 * (above[:-1] - above[1:]) / np.diff(response.edges_MeV)


def test_own_flux_gives_the_prediction(scenario):
    experiment, found = scenario("nucleus-3")
    np.testing.assert_allclose(found.expected, np.ravel(experiment.expected()), rtol=1e-12)
    assert found.unit == PER_FISSION
    # 2 x 4.25 GW at 72 and 102 m, as computed for arXiv:2302.10460
    assert found.unit_per_cm2_s_MeV == pytest.approx(2.96e11, rel=2e-3)


@pytest.mark.slow
def test_prediction_is_linear_in_the_flux(scenario):
    """R nu + b is the prediction of a flux without captures, too."""
    experiment, found = scenario("nucleus-3")
    without = eqx.tree_at(lambda e: e.sources["reactor"].flux.captures_per_fission, experiment, 0.0).placed()
    # what varies inside of bins is in b, so it is that of a flux with captures: a per mille
    np.testing.assert_allclose(
        found.response @ (found.reference - captures(found)) + found.background, np.ravel(without.expected()), rtol=5e-3
    )


def apart(response, beta):
    """Distance of the estimates with and without captures over the sum of their errors, in each bin."""
    data = response.expected, response.expected - response.response @ captures(response)
    one, other = (unfold(response.response, observed, response.background, beta) for observed in data)
    return np.asarray((one.flux - other.flux) / (one.errors.sd + other.errors.sd))


@pytest.mark.slow
def test_response_against_single_energies(scenario):
    """The mean of the counts of single energies in a bin."""
    experiment, found = scenario("nucleus-3")
    low, high = found.edges_MeV[3:5]
    nodes, weights = gauss_legendre(12)
    counts = np.zeros(len(found.expected))
    flux = experiment.sources["reactor"].flux
    for node, weight in zip(nodes, weights, strict=True):
        energy = 0.5 * (low + high) + 0.5 * (high - low) * node
        fluence = found.unit_per_cm2_s_MeV * (high - low) * float(flux.exposure_s)
        single = Source.steady(MonoEnergetic(("nu_e_bar",), energy, fluence))
        there = experiment.with_sources({"reactor": single}, nuisances=())
        counts += 0.5 * weight * np.ravel(there.signal().sum(axis=0))
    np.testing.assert_allclose(found.response[:, 3], counts, rtol=1e-4, atol=1e-4 * counts.max())


@pytest.mark.slow
def test_a_component_of_a_pulsed_source():
    """Counts of one of three components; what is left in the background is that of the others."""
    experiment = named_experiment("coherent-ge-mini")
    found = flux_response(experiment, np.linspace(0.5, 52.5, 53), component="nu_e")
    assert found.unit == "its mean in these bins"
    row = experiment.sources[found.source].flux.components.index("nu_e")
    counts = np.ravel(experiment.signal()[row])
    np.testing.assert_allclose(found.response @ found.reference, counts, rtol=2e-2, atol=1e-3 * counts.max())
    np.testing.assert_allclose(found.expected, np.ravel(experiment.expected()), rtol=1e-12)
    oscillating = named_model("sterile", experiment).prepared(experiment)
    with pytest.raises(CevnsjaxError, match="has the arrival times of nu_mu"):
        flux_response(oscillating, [1.0, 2.0, 3.0, 4.0], component="nu_mu_to_nu_e")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nucleus-1", "nucleus-2"])
def test_upper_bound_on_the_low_energy_flux(scenario, name, standard_promotion):
    """Simulated data of one seed: the flux near threshold is not measured, but bounded within a factor of a few."""
    experiment, found = scenario(name)
    observed = np.ravel(experiment.draw(jax.random.key(1)))
    linear = unfold(found.response, observed, found.background, 20.0)
    bound = np.asarray(linear.flux + 1.645 * linear.errors.sd)
    assert np.all(bound[:3] > found.reference[:3])
    assert np.all(bound[:3] < 3.0 * found.reference[:3])
    assert np.all(apart(found, 20.0) < 2.0)  # captures are not separated
    if name == "nucleus-1":
        sampled = sample_flux(found.response, observed, found.background, 20.0, jax.random.key(1))
        np.testing.assert_allclose(sampled.quantile(0.95)[:3], bound[:3], rtol=0.25)


def test_captures_are_separated_in_the_third_scenario(scenario):
    """beta = 20 tells a flux with captures from one without; a physical beta is far smaller, and its bands overlap."""
    experiment, found = scenario("nucleus-3")
    observed = np.ravel(experiment.draw(jax.random.key(1)))
    physical = choose_beta("physical", found.response, observed, found.background)
    assert 0.0 < physical < 20.0 / 100.0

    below_end_points = found.edges_MeV[1:] < 1.25
    assert np.all(apart(found, 20.0)[below_end_points] > 2.5)
    assert np.all(apart(found, physical) < 1.0)


def test_what_is_refused(scenario):
    experiment, _ = scenario("nucleus-3")
    for edges, words in (
        ([1.0, 2.0, 3.0], "at least three bins"),
        ([0.0, 1.0, 2.0, 3.0], "edges_MeV must be positive"),
        ([1.0, 3.0, 2.0, 4.0], "edges_MeV must be finite and increase"),
        ([20.0, 21.0, 22.0, 23.0], "There is no nu_e_bar between 20 and 23 MeV"),
    ):
        with pytest.raises(CevnsjaxError, match=words):
            flux_response(experiment, edges)
    with pytest.raises(UnknownNameError, match="source"):
        flux_response(experiment, [1.0, 2.0, 3.0, 4.0], source="sun")
    with pytest.raises(UnknownNameError, match="component of the flux"):
        flux_response(experiment, [1.0, 2.0, 3.0, 4.0], component="nu_mu")
    with pytest.raises(CevnsjaxError, match="needs a single experiment"):
        flux_response(Joint.of([experiment, named_experiment("coherent-ge-mini")]), [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(CevnsjaxError, match="not one component of the flux but 3"):
        flux_response(named_experiment("coherent-ge-mini"), [1.0, 2.0, 3.0, 4.0])
