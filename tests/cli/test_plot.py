"""plot: figures of finished fits from their files, and what is refused."""

import json

import numpy as np
import pytest
import xarray

from cevnsjax.cli.report import folded, number_form, print_summary
from cevnsjax.inference.diagnostics import summarise
from cevnsjax.inference.drawn import Quantity


def fitted(folder, title, *names):
    """Folder of a fit that was not made: samples with their description."""
    folder.mkdir()
    generator = np.random.default_rng(1)
    samples = {name: (("chain", "draw"), generator.normal(size=(2, 50))) for name in names}
    posterior = xarray.Dataset(samples, attrs={"options": json.dumps({"experiment": title, "model": "nsi"})})
    for name in names:
        posterior[name].attrs.update(Quantity(name, name).to_attributes())
    posterior.to_netcdf(folder / "posterior.nc", group="posterior", engine="h5netcdf")


def test_several_fits(cevnsjax, tmp_path):
    fitted(tmp_path / "one", "conus", "x", "y")
    fitted(tmp_path / "two", "conus", "x", "z")
    result = cevnsjax("plot", "one", "two", "--figure", "corner")
    assert result.code == 0, result.err
    assert [file.name for file in (tmp_path / "plot-one+two").iterdir()] == ["corner.png"]
    assert "corner.png leaves out y, z;" in result.err
    assert "wrote corner.png in plot-one+two" in result.err
    assert cevnsjax("plot", "one", "--figure", "corner", "--figure", "marginals").code == 0
    assert {file.name for file in (tmp_path / "one").iterdir()} == {"posterior.nc", "corner.png", "marginals.png"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing",), "no folder nothing"),
        (("empty",), "no posterior.nc"),
        (("map",), "map of a scan"),
        (("one", "two", "--figure", "spectrum"), "spectrum is drawn of one fit"),
        (("one", "two", "--residual"), "of a spectrum"),
        (("one", "two", "--parameters", "y", "--out", "new"), "parameter of this posterior"),
        (("one", "--figure", "corner", "--parameters", "xx"), "did you mean 'x'"),
        (("one", "two", "--format", "docx"), "endings"),
        (("one",), "run.json cannot be read"),
        (("one", "two", "--out", "one/posterior.nc"), "is a file"),
    ],
)
def test_refused(cevnsjax, tmp_path, arguments, words):
    fitted(tmp_path / "one", "conus", "x", "y")
    fitted(tmp_path / "two", "conus", "x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "map").mkdir()
    (tmp_path / "map" / "scan.nc").touch()
    before = sorted(tmp_path.rglob("*"))
    assert words in cevnsjax("plot", *arguments, "--json").sentence
    assert sorted(tmp_path.rglob("*")) == before


def summary(generator):
    bands = np.where(np.arange(500) % 2, 0.0, 0.4) + generator.normal(0.0, 0.03, (2, 500))
    return {"coherent-csi-2021.steady_state_events": summarise(generator.normal(1277.0, 28.0, (2, 500)))} | {
        "eps_ee_u": summarise(bands),
        "moment_ee": summarise(generator.normal(0.0, 2e-9, (2, 500))),
        "quenching_0": summarise(generator.normal(0.0, 0.997, (2, 500))),
    }


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_table_is_whole_at_every_width(capsys, monkeypatch, width):
    from rich.console import Console

    from cevnsjax.cli import report

    monkeypatch.setattr(report, "tables", lambda: Console(width=width, highlight=False))
    rows = summary(np.random.default_rng(1))
    print_summary({"parameters": rows, "best_fit": {"eps_ee_u": 0.0}}, dict.fromkeys(rows, "events"), "a fit")
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= width
    assert "…" not in printed
    assert printed.replace(" ", "").count("or") >= 2
    for word in ("coherent", "2021", ".steady_", "eps_ee_u", "R-hat"):
        assert word in printed


def test_numbers_of_a_row():
    def form(mean, sd, hdi_90):
        return number_form({"mean": mean, "sd": sd, "hdi_90": hdi_90})

    assert f"{0.07:{form(0.07, 0.997, [-1.0, 1.0])}}" == "0.1"  # as of a spread of 1.0
    assert f"{-0.001:{form(0.0, 1.0, [-1.0, 1.0])}}" == "0.0"  # no zero below zero
    assert f"{1.23456e-10:{form(0.0, 2e-9, [-4e-9, 4e-9])}}" == "1.2e-10"
    assert f"{1234.5:{form(1e3, 1e3, [1.0, 1e5])}}" == "1.23e+03"
    assert folded("coherent-csi-2021.steady_state_events", 17) == "coherent-csi-2021\n.steady_state_\nevents"
    assert folded("eps_ee_u", 17) == "eps_ee_u"
