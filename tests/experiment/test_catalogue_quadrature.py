"""Twice the nodes, every experiment of the catalogue: no bin moves by more than 1e-8 of the largest."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import NeutralCurrentExcitation, allowed, boson_detection, inclusive
from cevnsjax.experiment import EXPERIMENTS
from cevnsjax.flux import AbstractAlpSource
from cevnsjax.paths import set_paths

# a pulsed source, a reactor's table, what deposits at once; the others are built of the same blocks
QUICK = ("coherent-csi-2021", "conus-plus", "karmen-c12")
ALLOWED = ("argon_to_potassium", "carbon_to_nitrogen", "gallium_to_germanium")
NO_SIGNAL = ("coherent-lar-templates",)
# tables of cosmic rays have kinks: test_boosted_experiments.py has what they are good for
BOOSTED = tuple(name for name in EXPERIMENTS if "-boosted" in name)
# what leaves its energy at once has no panels
LINES = tuple(name for name in EXPERIMENTS if name.endswith("-lines") and name not in BOOSTED)
DEPOSITS = ("karmen-c12", "coherent-d2o", "reactor-alp-csi-1t", "reactor-alp-csi-10t", *LINES)
RECOILS = tuple(name for name in EXPERIMENTS if name not in (*DEPOSITS, *NO_SIGNAL, *BOOSTED))


def each(names):
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


def bins(experiment):
    """Counts in each energy bin of each interaction and source, summed over components, and the number of nodes."""

    @eqx.filter_jit
    def compute(experiment):
        spectra = {pair: experiment.spectrum(*pair).flat() for pair in experiment.pairs}
        return {
            pair: (spectrum.events.sum(axis=0) @ experiment.kernel(*pair), jnp.asarray(spectrum.energy_keV.size))
            for pair, spectrum in spectra.items()
        }

    return {pair: (np.asarray(counts), int(number)) for pair, (counts, number) in compute(experiment).items()}


def assert_converged(found, fine):
    for pair, (counts, number) in found.items():
        finer, more = fine[pair]
        assert counts.max() > 0.0, pair
        np.testing.assert_allclose(counts, finer, rtol=0.0, atol=1e-8 * finer.max(), err_msg=f"{pair}")
        assert more >= number, pair


@pytest.mark.slow
def test_the_catalogue_is_covered():
    for name in (*DEPOSITS, *NO_SIGNAL):
        assert not EXPERIMENTS[name]().panels, name


@pytest.mark.parametrize("name", each(RECOILS))
def test_recoils(name):
    experiment = EXPERIMENTS[name]()
    finer = experiment.placed(2)
    assert experiment.panels.keys() == finer.panels.keys() == set(finer.panels)
    assert all(finer.panels[key].number == 2 * panels.number > 0 for key, panels in experiment.panels.items())
    assert_converged(bins(experiment), bins(finer))


def with_couplings(experiment, mass_MeV=0.1):
    """Where ALPs are looked for, some to be seen."""
    sources = [name for name, source in experiment.sources.items() if isinstance(source.flux, AbstractAlpSource)]
    values = {"mass_MeV": mass_MeV, "isovector_coupling_per_GeV": 1e-4}
    values |= {"photon_coupling_per_GeV": 1e-5, "electron_coupling": 1e-7}
    paths = {f"sources.{source}.flux.boson.{leaf}": value for source in sources for leaf, value in values.items()}
    return set_paths(experiment, list(paths), [jnp.asarray(value) for value in paths.values()])


def twice(experiment, monkeypatch):
    """The same with twice the nodes between the break points of the flux, for all that is folded with it."""
    for module in (allowed, inclusive, boson_detection):
        monkeypatch.setattr(module, "_ORDER", 2 * module._ORDER)
    doubled = {
        name: dataclasses.replace(one, order=2 * one.order)
        for name, one in experiment.interactions.items()
        if isinstance(one, NeutralCurrentExcitation)
    }
    return dataclasses.replace(experiment, interactions={**experiment.interactions, **doubled})


@pytest.mark.parametrize("name", each(DEPOSITS))
def test_deposits(name, monkeypatch):
    experiment = with_couplings(EXPERIMENTS[name]())
    found = bins(experiment)
    assert_converged(found, bins(twice(experiment, monkeypatch)))
