"""check and config: what a description was understood to say, and one to start from; own detectors in all commands."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from cevnsjax.experiment import named_experiment
from cevnsjax.experiment.catalogue import DESCRIPTIONS

FOLDER = Path(__file__).parents[1] / "experiment" / "own_detector"


@pytest.fixture
def detector(tmp_path):
    """The files of an own detector in the folder where commands run."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    return "detector.toml"


def test_check(cevnsjax, detector, tmp_path):
    content = cevnsjax("check", detector, "--json").json
    found = content["experiments"]["own-germanium"]
    assert found["blocks"]["target"].startswith("Ge70 0.20")
    assert found["blocks"]["quenching"].startswith("TabulatedQuenching(knots_keV=[6 from 0.3 to 8]")
    assert 0.0 < found["quadrature_error"] < 1e-8
    assert found["blocks"]["sources.reactor.fluence_per_cm2"].startswith("nu_e_bar 1.8")
    assert list(found["nuisances"]) == ["reactor_flux_norm", "background_norm"]
    experiment = named_experiment(str(FOLDER / detector))
    signal = found["counts"]["components"]["cevns"]
    assert signal["total"] == pytest.approx(float(experiment.signal().sum()), rel=1e-12)
    assert list(signal["by_component"]) == ["nu_e_bar"]
    assert imread(tmp_path / content["plot"]).std() > 0.01
    assert content["plot"] == "check-own-germanium.png"
    printed = cevnsjax("check", detector, "--plot", "mine.png")
    assert "TabulatedFlux" in printed.out
    assert "no bin of the signal moves by more than" in printed.out
    assert (tmp_path / "mine.png").exists()


def test_commands_take_a_file(cevnsjax, detector, tmp_path):
    content = cevnsjax("spectrum", detector, "--json").json
    assert content["components"]["cevns"]["total"] > 100.0
    assert content["asimov"] is False
    scan = cevnsjax("scan", detector, "--grid", "signal_norm=0:2:5", "--json")
    assert scan.code == 0, scan.err
    assert (tmp_path / "scan-detector-sm" / "scan.png").exists()
    (tmp_path / "run.toml").write_text("experiment = 'detector.toml'\nfix = ['background_norm']\nout = 'there'\n")
    held = cevnsjax("scan", "--settings", "run.toml", "--grid", "signal_norm=0:2:5", "--json").json
    assert "background_norm" not in held["best_fit"]
    assert (tmp_path / "there" / "scan.json").exists()
    names = [row["name"] for row in cevnsjax("list", "parameters", "-e", detector, "--json").json["parameters"]]
    assert "background_norm" in names


@pytest.mark.slow
def test_fits_of_a_file(cevnsjax, detector, tmp_path):
    """Alone, and together with an experiment of the catalogue."""
    short = ("--chains", 2, "--warmup", 25, "--samples", 25, "--json")
    alone = cevnsjax("fit", detector, *short)
    assert alone.code == 0, alone.err
    assert list(alone.json["parameters"]) == ["signal_norm", "background_norm", "cevns_events"]
    assert (tmp_path / "fit-detector-sm" / "run.json").exists()
    both = cevnsjax("fit", f"{detector},dresden-ii", *short)
    assert both.code == 0, both.err
    assert "own-germanium.background_norm" in both.json["parameters"]


def test_config_prints_a_description(cevnsjax, tmp_path):
    text = cevnsjax("config", "conus").out
    assert tomllib.loads(text)["name"] == "conus"
    assert text == DESCRIPTIONS["conus"].read_text()
    assert cevnsjax("config", "conus", "--out", "mine.toml").err == "wrote mine.toml\n"
    assert (tmp_path / "mine.toml").read_text() == text
    mine = named_experiment(str(tmp_path / "mine.toml"))
    np.testing.assert_array_equal(mine.observed, named_experiment("conus").observed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("config",), "or --schema"),
        (("config", "conus", "--schema"), "or --schema"),
        (("config", "conux"), "did you mean 'conus'"),
        (("config", "dresden-ii"), "built by code with logic of its own"),
        (("check", "none.toml"), "none.toml: it cannot be read (No such file or directory)"),
        (("check", "conux"), "no experiment called 'conux'"),
        (("check", "detector.toml", "--plot", "x.xyz"), "needs one of the endings"),
        (("fit",), "Name an experiment, or give --settings FILE"),
        (("fit", "run.toml"), "this is a file of settings; give it as --settings FILE"),
        (("fit", "--settings", "detector.toml"), "no key in detector.toml called 'name'"),
        (("spectrum", "detector.toml,conux"), "no experiment called 'conux'"),
    ],
)
def test_refused(cevnsjax, detector, tmp_path, arguments, words):
    (tmp_path / "run.toml").write_text("experiment = 'conus'\n")
    assert words in cevnsjax(*arguments).sentence


def test_schema(cevnsjax):
    assert "TabulatedFlux" in str(cevnsjax("config", "--schema").json["properties"]["sources"])


def test_what_is_not_seen_is_said_every_time(cevnsjax, detector, tmp_path):
    """Also where the answer is one that was kept."""
    rows = "0.5, 1e13\n1.0, 3e12\n2.0, 1e12\n2.5, 0\n12.0, 0\n"
    (tmp_path / "flux.csv").write_text(f"energy_MeV, nu_e_bar_per_cm2_s_MeV\n{rows}")
    first, again = (cevnsjax("check", detector) for _ in range(2))
    assert first.err.count("warning: The flux of reactor ends at 2.5") == 1
    assert (again.out, again.err) == (first.out, first.err)
