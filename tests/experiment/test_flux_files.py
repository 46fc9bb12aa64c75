"""A detector whose flux is a file that counts neutrinos per bin."""

import shutil
from pathlib import Path

import equinox as eqx
import numpy as np
import pytest

from cevnsjax.experiment import read_experiment
from cevnsjax.flux import TabulatedFlux

FOLDER = Path(__file__).parent / "own_detector"


@pytest.mark.slow
def test_events_of_a_flux_per_bin(tmp_path):
    """The same events as from columns in MeV, converted by hand; jumps of the flux do not cost any accuracy."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "detector"))
    edges = np.linspace(1.0, 10.0, 19)
    per_cm2_s = 5e12 * np.exp(-0.6 * 0.5 * (edges[1:] + edges[:-1]))
    rows = "".join(
        f"{1e3 * a:.17g}; {1e3 * b:.17g}; {1e4 * c:.17g}\n"
        for a, b, c in zip(edges, edges[1:], per_cm2_s, strict=False)
    )
    (folder / "flux.csv").write_text("E_low [keV]; E_high [keV]; anue [m^-2 s^-1]\n" + rows)
    experiment = read_experiment(folder / "detector.toml")
    by_hand = TabulatedFlux.from_columns(edges, {"nu_e_bar": per_cm2_s / 0.5}, 86400.0, histogram=True)
    signal = np.asarray(experiment.signal())
    converted = eqx.tree_at(lambda e: e.sources["reactor"].flux, experiment, by_hand)
    np.testing.assert_allclose(signal, converted.signal(), rtol=1e-10)
    fine = np.asarray(experiment.placed(2).signal())
    assert np.abs(fine - signal).max() < 1e-8 * fine.max()
