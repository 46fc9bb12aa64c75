"""A second source: its events are added, whatever it is called, through jit and through freezing."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import EXPERIMENTS, freeze
from cevnsjax.flux import AbstractAlpSource
from cevnsjax.paths import set_paths

signals = eqx.filter_jit(lambda experiment: experiment.signals())
# a pulsed source, one at a reactor, one under the sun; the rest takes longer
NAMES = [
    "coherent-csi-2021",
    "coherent-ge-mini",
    pytest.param("conus-plus", marks=pytest.mark.slow),
    pytest.param("xenonnt-8b-2024", marks=pytest.mark.slow),
    pytest.param("reactor-alp-csi-1t", marks=pytest.mark.slow),
]


def built(name):
    """An experiment; ALPs with couplings."""
    experiment = EXPERIMENTS[name]()
    (source,) = experiment.sources
    if isinstance(experiment.sources[source].flux, AbstractAlpSource):
        values = {"mass_MeV": 0.1, "isovector_coupling_per_GeV": 1e-4, "photon_coupling_per_GeV": 1e-5}
        paths = [f"sources.{source}.flux.boson.{leaf}" for leaf in values]
        experiment = set_paths(experiment, paths, [jnp.asarray(value) for value in values.values()])
    return experiment


def with_sources(experiment, sources):
    """Others in the place of what an experiment has; its nuisances speak of those."""
    return dataclasses.replace(experiment, sources=sources, nuisances=())


def summed(experiment):
    return {name: np.asarray(each).sum(axis=0) for name, each in signals(experiment).items()}


@pytest.mark.parametrize("name", NAMES)
def test_sum_of_both_alone(name):
    """Another distance and norm: neither in proportion to the first one in any component, nor with its times."""
    experiment = built(name)
    (key,) = experiment.sources
    first = experiment.sources[key]
    others = {"norm": 0.37} if hasattr(first.flux, "norm") else {"boson.isovector_coupling_per_GeV": 2e-4}
    if name == "coherent-csi-2021":
        others |= {"arrival.pulse.mean_us": 0.9}
    paths = [leaf if leaf.startswith("arrival") else f"flux.{leaf}" for leaf in others]
    second = set_paths(first, paths, [jnp.asarray(value) for value in others.values()])
    alone = {each: summed(with_sources(experiment, {each: one})) for each, one in (("a", first), ("z", second))}
    # in any order, and with the names the other way round
    for sources, names in (({"a": first, "z": second}, "az"), ({"z": second, "a": first}, "az")):
        both = with_sources(experiment, sources)
        found = summed(both)
        frozen = freeze(both, ["signal_norm"])
        assert set(frozen.frozen.nodes) == {(i, s) for i in experiment.interactions for s in names}
        through_freezing = summed(frozen)
        for interaction, counts in found.items():
            expected = alone["a"][interaction] + alone["z"][interaction]
            assert len(both.components(interaction)) == 2 * len(experiment.components(interaction))
            for each in (counts, through_freezing[interaction]):
                np.testing.assert_allclose(each, expected, rtol=1e-12, atol=1e-13 * expected.max())
    swapped = summed(with_sources(experiment, {"z": first, "a": second}))
    for interaction, counts in found.items():
        np.testing.assert_allclose(swapped[interaction], counts, rtol=1e-12, atol=1e-13 * counts.max())


@pytest.mark.slow
def test_neutrinos_and_alps_in_one_experiment():
    """Each interaction sees its own source."""
    alps, neutrinos = built("reactor-alp-csi-1t"), EXPERIMENTS["conus-plus"]()
    both = dataclasses.replace(
        alps,
        sources={"zz_neutrinos": neutrinos.sources["reactor"], **alps.sources},
        interactions={"cevns": neutrinos.interactions["cevns"], **alps.interactions},
        nuisances=(),
    )
    assert both.seen_by("cevns") == ("zz_neutrinos",)
    assert both.seen_by("decay") == ("reactor",)
    only = dataclasses.replace(
        alps,
        sources={"zz_neutrinos": neutrinos.sources["reactor"]},
        interactions={"cevns": neutrinos.interactions["cevns"]},
        nuisances=(),
    )
    expected = summed(alps) | summed(only)
    for experiment in (both, freeze(both, ["sources.reactor.flux.boson.isovector_coupling_per_GeV"])):
        found = summed(experiment)
        assert found.keys() == expected.keys()
        for name, counts in found.items():
            np.testing.assert_allclose(counts, expected[name], rtol=1e-12, atol=1e-300)
    with pytest.raises(CevnsjaxError, match="The interactions see different sources"):
        both.signal()


def test_an_interaction_needs_its_source(csi):
    with pytest.raises(CevnsjaxError, match="The interaction 'cevns' needs a source of neutrinos, got none"):
        dataclasses.replace(csi, sources={})
