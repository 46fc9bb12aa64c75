"""Where nodes are placed, for detectors of our own: narrow, with a step, with kinks, with a trigger by noise."""

import dataclasses
import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.integrate import quad_vec

from cevnsjax.cross_section import Coherent, ErlerSu, Recoil
from cevnsjax.experiment import NO_TIMES, Axis, Experiment
from cevnsjax.flux import PionDecayAtRest, Source
from cevnsjax.parameter import Parameter
from cevnsjax.paths import set_paths
from cevnsjax.quenching import Lindhard, TabulatedQuenching
from cevnsjax.response import DepositEfficiency, GaussianResponse, Resolution, TabulatedEfficiency, TimeWindow
from cevnsjax.target import compound

EDGES_KEV = np.concatenate([np.linspace(0.3, 1.5, 25), np.linspace(2.0, 12.0, 11)])
NARROW = Resolution(noise_keV=0.02, fano=0.11, pair_energy_keV=0.00296)
KINKED = TabulatedQuenching([0.0, 1.0, 3.0, 7.0, 20.0, 60.0], [0.05, 0.21, 0.17, 0.24, 0.26, 0.3])


def detector(quenching=None, response=None, edges_keV=EDGES_KEV):
    response = response or GaussianResponse(edges_keV, NARROW)
    return Experiment(
        name="own",
        sources={"beam": Source.steady(PionDecayAtRest(0.08, 1e23, 20.0))},
        target=compound("[Ge74]"),
        mass_kg=2.0,
        interactions={"cevns": Coherent({"sm": ErlerSu()})},
        quenching=quenching or Lindhard(0.157, proton_number=32),
        response=response,
        window=TimeWindow((0.0, 1.0)),
        signal_norm=1.0,
        backgrounds={},
        samples={"all": ("signal",)},
        observed=np.zeros((1, len(edges_keV) - 1, 1)),
        axes=(Axis("energy_keV", edges_keV), NO_TIMES),
        nuisances=(Parameter("quenching_k", dist.Normal(0.157, 0.004), "quenching.k"),) if quenching is None else (),
    )


def with_step():
    step = TabulatedEfficiency([1.0, 1.0 + 1e-9], [0.3, 0.9])
    return detector(response=DepositEfficiency(GaussianResponse(EDGES_KEV, NARROW), step))


def with_noise_trigger():
    """Noise of 60 eV reaches the first bins, which begin at 100 eV."""
    edges = np.linspace(0.1, 1.5, 29)
    return detector(response=GaussianResponse(edges, Resolution(noise_keV=0.06)), edges_keV=edges)


DETECTORS = {
    "narrow": detector,
    "step": with_step,
    "kinks": lambda: detector(quenching=KINKED),
    "noise": with_noise_trigger,
}


@eqx.filter_jit
def bins(experiment):
    """Counts, at the nodes that the experiment has."""
    events = experiment.spectrum("cevns", "beam").flat().events.sum(axis=0)
    return jnp.matmul(events, experiment.kernel("cevns", "beam"), precision="highest")


def adaptive(experiment):
    """The same by SciPy, over the logarithm of the recoil energy between kinks."""
    interaction, flux = experiment.interactions["cevns"], experiment.sources["beam"].flux

    @eqx.filter_jit
    def rate(experiment, logarithm):
        recoil_keV = jnp.exp(logarithm)[None]
        density = interaction.recoil_density(recoil_keV, flux, experiment.target).sum(axis=0)
        return (
            experiment.mass_kg
            * recoil_keV[0]
            * density[0]
            * experiment.response.kernel(experiment.quenching(recoil_keV))[0]
        )

    mass_MeV = float(experiment.target.nuclides["Ge74"].mass_MeV)
    ends_MeV = np.asarray(flux.break_points_MeV)
    ends_keV = 2e3 * ends_MeV**2 / (mass_MeV + 2.0 * ends_MeV)
    (panels,) = experiment.panels.values()
    # where nothing is seen below, a good bit lower than what the package takes for that
    edges = np.unique([0.3 * panels.lowest_recoil_keV, *panels.kinks_keV, *ends_keV, *np.geomspace(0.5, 60.0, 12)])
    edges = np.log(edges[(edges >= 0.3 * panels.lowest_recoil_keV) & (edges <= ends_keV[-1])])
    pieces = (
        quad_vec(
            lambda u: np.asarray(rate(experiment, jnp.asarray(u))), a, b, epsrel=1e-10, epsabs=1e-12, quadrature="gk21"
        )[0]
        for a, b in itertools.pairwise(edges)
    )
    return sum(pieces)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_bin(name):
    experiment = DETECTORS[name]()
    found = np.asarray(bins(experiment))
    expected = adaptive(experiment)
    assert np.all(expected > 0.0)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-8 * expected.max())
    np.testing.assert_allclose(found, bins(experiment.placed(4)), rtol=0.0, atol=1e-8 * expected.max())


def test_number_of_nodes():
    """Twice the nodes are twice the nodes, and one kind of recoil has one set for each source."""
    experiment = detector()
    assert set(experiment.panels) == {(Recoil.NUCLEUS, "beam")}
    for refinement in (1, 2, 3):
        (panels,) = experiment.placed(refinement).panels.values()
        assert panels.number == refinement * experiment.panels[Recoil.NUCLEUS, "beam"].number


def test_numbers_within_their_priors():
    """Between the tails of 1e-3 nodes need not move."""
    experiment = detector()
    prior = experiment.nuisances[0].prior
    for tail in (1e-3, 0.1, 0.9, 1.0 - 1e-3):
        moved = set_paths(experiment, ["quenching.k"], [jnp.asarray(prior.icdf(tail))])
        found, expected = np.asarray(bins(moved)), np.asarray(bins(moved.placed(4)))
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-7 * expected.max())


def test_numbers_far_from_nominal():
    """Nodes follow when they are placed anew, and a prediction that is asked for does that itself."""
    experiment = dataclasses.replace(detector(), nuisances=())
    moved = set_paths(experiment, ["quenching.k"], [jnp.asarray(0.4)])
    expected = adaptive(moved.placed())
    np.testing.assert_allclose(bins(moved.placed()), expected, rtol=0.0, atol=1e-8 * expected.max())
    np.testing.assert_allclose(moved.expected()[0, :, 0], expected, rtol=0.0, atol=1e-8 * expected.max())
