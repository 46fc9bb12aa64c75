"""plot: figures of finished fits from their files, and what is refused."""

import json

import numpy as np
import pytest
import xarray
from matplotlib.figure import Figure

from cevnsjax.cli.report import folded, number_form, print_summary
from cevnsjax.inference.contours import SavedMap, _draw
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


def mapped(folder, *names):
    """Folder of a scan that was not made: a parabola."""
    folder.mkdir()
    grid = np.linspace(-3.0, 3.0, 31)
    heights = np.sum(np.stack(np.meshgrid(*[grid] * len(names), indexing="ij")) ** 2, axis=0)
    dataset = xarray.Dataset({"delta_chi2": (names, heights)}, {name: grid for name in names})
    best = json.dumps(dict.fromkeys(names, 0.0))
    dataset.attrs = {"experiment": "conus", "model": "nsi", "best_fit": best}
    dataset.to_netcdf(folder / "scan.nc", engine="h5netcdf")


def test_scans(cevnsjax, tmp_path):
    mapped(tmp_path / "one", "x", "y")
    mapped(tmp_path / "two", "y", "x")
    result = cevnsjax("plot", "one", "two", "--json")
    assert result.code == 0, result.err
    assert result.json == {"files": ["plot-one+two/contours.png"], "left_out": {"contours": []}}
    mapped(tmp_path / "curve", "x")
    assert cevnsjax("plot", "curve").code == 0
    assert (tmp_path / "curve" / "contours.png").exists()


def test_contours_of_a_map(tmp_path):
    mapped(tmp_path / "one", "x", "y")
    figure = Figure()
    axis = figure.subplots()
    _draw(axis, SavedMap.read(tmp_path / "one" / "scan.nc"), ["x", "y"], "red", [1.0, 4.0])
    (lines,) = (each for each in axis.collections if len(each.get_paths()) == 2)
    radii = [np.hypot(*path.vertices.T) for path in lines.get_paths()]
    for radius, cut in zip(radii, (1.0, 2.0), strict=True):
        np.testing.assert_allclose(radius, cut, atol=0.02)


def test_added_points_of_a_map(tmp_path):
    """A valley that only they see."""
    mapped(tmp_path / "one", "x", "y")
    with xarray.open_dataset(tmp_path / "one" / "scan.nc", engine="h5netcdf") as stored:
        stored.load()
    stored["delta_chi2"] = stored["delta_chi2"] * 0.0 + 9.0
    places = np.arange(-2.9, 3.0, 0.1)
    for name, values in (("x", places), ("y", places), ("delta_chi2", 0.0 * places)):
        stored[f"added_{name}"] = ("added_point", values)
    stored.to_netcdf(tmp_path / "one" / "scan.nc", engine="h5netcdf")
    read = SavedMap.read(tmp_path / "one" / "scan.nc")
    assert read.grid["x"].size > 61
    assert read.delta_chi2[np.ix_(*[np.abs(read.grid[name] - 0.3) < 1e-9 for name in ("x", "y")])] == 0.0
    assert read.delta_chi2[0, -1] == 9.0


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
        (("empty",), "neither posterior.nc nor scan.nc"),
        (("broken",), "cannot be read as the map of a scan"),
        (("map", "other"), "different parameters: x and y of map, x of other"),
        (("one", "map"), "not drawn over each other"),
        (("map", "--figure", "corner"), "no figure corner of 1 scan; one of contours"),
        (("one", "two", "--figure", "spectrum"), "no figure spectrum of 2 fits; one of corner, marginals"),
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
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "scan.nc").touch()
    mapped(tmp_path / "map", "x", "y")
    mapped(tmp_path / "other", "x")
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
