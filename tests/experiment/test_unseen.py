"""What is said of a source of which nothing is seen."""

import shutil
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import pytest

from cevnsjax.experiment import EXPERIMENTS, read_experiment, unseen_sources
from cevnsjax.flux import AlpFlux, TabulatedPhotons, sources_of

FOLDER = Path(__file__).parent / "own_detector"


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """The germanium detector with a flux that ends, but for rows of zeros, at 2.5 MeV."""
    folder = Path(shutil.copytree(FOLDER, tmp_path_factory.mktemp("blind") / "detector"))
    rows = "0.5, 1e13\n1.0, 3e12\n2.0, 1e12\n2.5, 0\n12.0, 0\n"
    (folder / "flux.csv").write_text(f"energy_MeV, nu_e_bar_per_cm2_s_MeV\n{rows}")
    return read_experiment(folder / "detector.toml")


def test_a_flux_that_ends_below_what_is_seen(blind):
    """A hundredth of what is above 0.2 keV is seen at 0.62 keV: E = (M T/2)^(1/2) = 4.5 MeV on the lightest isotope."""
    (sentence,) = unseen_sources(blind)
    assert sentence.startswith("The flux of reactor ends at 2.5")
    assert "below the 4.5" in sentence
    assert "keV of Ge70: it gives no event" in sentence


def test_a_source_that_sends_nothing(blind):
    dark = eqx.tree_at(lambda e: e.sources["reactor"].flux.norm, blind, jnp.zeros(()))
    assert unseen_sources(dark) == ("The source reactor sends nothing: its fluence is zero in every component.",)


def test_bosons():
    """One that no photon of the reactor can make, and a table of photons that begins above what makes another one."""
    experiment = EXPERIMENTS["miner-bosons"]()
    assert unseen_sources(experiment) == ()
    where = lambda e: e.sources["reactor"].flux.boson.mass_MeV  # noqa: E731
    assert unseen_sources(eqx.tree_at(where, experiment, jnp.asarray(12.0))) == (
        "The source reactor sends nothing: its boson of 12 MeV is heavier than what its channels make, 10 MeV at most.",
    )
    photons = TabulatedPhotons([1.0, 3.0, 8.0], [3.0, 0.5, 1e-3])
    table = eqx.tree_at(lambda e: e.sources["reactor"].flux.channels["primakoff"].photons, experiment, photons)
    assert unseen_sources(table) == (
        "The spectrum of reactor.primakoff begins at 1 MeV, above the 0.1 MeV that make a boson of 0.1 MeV: what lower "
        "energies would make is left out.",
    )


def test_lines():
    """An ALP that is heavier than the photons of every transition."""
    experiment = EXPERIMENTS["reactor-alp-csi-1t"]()
    assert unseen_sources(experiment) == ()
    (name,) = sources_of(experiment.sources, AlpFlux)
    where = lambda e: e.sources[name].flux.boson.mass_MeV  # noqa: E731
    assert unseen_sources(eqx.tree_at(where, experiment, jnp.asarray(3.0))) == (
        f"The source {name} sends nothing: its boson of 3 MeV is heavier than all of its lines, 2.223 MeV at most.",
    )
