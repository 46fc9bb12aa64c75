"""scan: what it writes, what it refuses, and what Ctrl-C leaves."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import xarray

from cevnsjax.cli.grid import parse_grid
from cevnsjax.errors import ParameterError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import build_model, contours, overlay_curves, profile_interval, scan_state

CSI = "coherent-csi-2021"
FIXED = ("arrival_time", "quenching_0", "quenching_1", "efficiency", "brn_delay", "nin_delay", "nin_events")
# two parameters to profile behind a constant response: little to compile
SMALL = ("scan", CSI, "--fix", ",".join(FIXED))
NORM = "signal_norm=0.5:1.5:21"
FILES = {"scan.nc", "scan.png", "scan.json"}


def stored(folder):
    with xarray.open_dataset(folder / "scan.nc", engine="h5netcdf") as opened:
        return opened.load()


def test_scan_of_one_parameter(cevnsjax, tmp_path):
    result = cevnsjax(*SMALL, "--grid", NORM, "--set", "mass_kg=14.5", "--json")
    assert result.code == 0, result.err
    content = result.json
    folder = tmp_path / f"scan-{CSI}-sm"
    assert {file.name for file in folder.iterdir()} == FILES
    assert content["files"] == [
        str(folder.relative_to(tmp_path) / name) for name in ("scan.nc", "scan.json", "scan.png")
    ]
    assert (content["points"], content["computed"], content["not_converged"]) == (21, 21, 0)
    assert not content["interrupted"]
    assert content["wall_s"] > content["scan_s"] > 0
    run = json.loads((folder / "scan.json").read_text())
    assert (run["experiment"], run["model"], run["precision"]) == (CSI, "sm", "float64")
    assert run["grid"] == {"signal_norm": [0.5, 1.5, 21, "lin"]}
    assert run["set"] == {"mass_kg": 14.5}
    assert [row["name"] for row in run["parameters"]] == ["signal_norm", "brn_events", "steady_state_events"]
    assert set(run["versions"]) >= {"cevnsjax", "jax", "numpy"}
    assert run["best_fit"] == content["best_fit"]
    map_ = stored(folder)
    assert map_["delta_chi2"].dims == ("signal_norm",)
    assert set(map_.data_vars) == {
        *("delta_chi2", "log_density", "gradient", "converged"),
        *("brn_events", "steady_state_events"),
    }
    assert (map_.attrs["model"], map_.attrs["experiment"]) == ("sm", CSI)
    assert json.loads(map_.attrs["options"])["grid"] == run["grid"]
    # a set value reaches the map, and the interval is that of the other way to it
    model = build_model(coherent_csi_2021(), fixed=FIXED)
    interval = profile_interval(model, "signal_norm", 0.9)
    ((low, high),) = content["intervals_90"]["signal_norm"]
    assert content["limits"]["signal_norm"][1] == f"90 %: {low:.4g} < signal_norm < {high:.4g}"
    assert map_["signal_norm"].attrs["limits"].split("\n") == run["limits"]["signal_norm"]
    assert (content["points_added"], content["unresolved_pairs_of_points"]) == (0, 0)
    assert (low, high) == pytest.approx((interval.lower * 14.6 / 14.5, interval.upper * 14.6 / 14.5), abs=1e-3)
    assert content["best_fit"]["signal_norm"] == pytest.approx(interval.best * 14.6 / 14.5, abs=1e-4)
    # the same map may be made again, and as a table; another one is refused in its folder
    again = cevnsjax(*SMALL, "--grid", NORM, "--set", "mass_kg=14.5", "--csv")
    assert again.code == 0, again.err
    header, row, *others = again.out.splitlines()
    assert header == "parameter,best_fit,unit,lower_90,upper_90"
    assert row.split(",")[3:] == [repr(low), repr(high)]
    assert [each.split(",")[0] for each in others] == ["brn_events", "steady_state_events"]
    refused = cevnsjax(*SMALL, "--grid", "signal_norm=0.5:1.5:11", "--set", "mass_kg=14.5").sentence
    assert "another run (signal_norm: 0.5, 1.5, 21, lin then, 0.5, 1.5, 11, lin now)" in refused
    assert "--force" in refused


def test_minimum_that_the_grid_does_not_resolve(cevnsjax, tmp_path):
    """Points are added and that is said, or only what the grid hides."""
    grid = ("--grid", "signal_norm=0:3:6")
    result = cevnsjax(*SMALL, *grid, "--out", "refined")
    assert result.code == 0, result.err
    map_ = stored(tmp_path / "refined")
    number = map_.sizes["added_point"]
    assert map_.sizes["signal_norm"] == 6
    assert f"does not resolve a minimum of the map: {number} points were added there, down to 1/" in result.err
    assert f"6 points and {number} added, 0 of them not converged" in result.out
    lines = [line for line in result.out.splitlines() if " %: " in line]
    assert [line.split(" %")[0] for line in lines] == ["68", "90", "95"]
    result = cevnsjax(*SMALL, *grid, "--no-refine", "--out", "plain", "--json")
    assert (result.json["points_added"], result.json["unresolved_pairs_of_points"] > 0) == (0, True)
    assert "does not resolve a minimum" in result.err
    assert "added_point" not in stored(tmp_path / "plain").sizes
    assert not json.loads((tmp_path / "plain" / "scan.json").read_text())["refine"]


@pytest.mark.slow
def test_scan_of_two_parameters(cevnsjax, tmp_path):
    """Gridded parameters become free: one that the model leaves fixed, and a nuisance; the others are profiled."""
    grids = ("--grid", "eps_mumu_u=-0.3:0.4:6", "-g", "sns_flux_norm=0.6:1.8:log:5")
    result = cevnsjax(*SMALL, "--model", "nsi", *grids, "--out", "here")
    assert result.code == 0, result.err
    assert "scanning: 30 points, 4 parameters profiled" in result.err
    assert "90 % interval" in result.out
    assert "0 of them not converged" in result.out
    map_ = stored(tmp_path / "here")
    assert map_["delta_chi2"].dims == ("eps_mumu_u", "sns_flux_norm")
    np.testing.assert_allclose(map_["sns_flux_norm"], np.geomspace(0.6, 1.8, 5), rtol=1e-12)
    assert map_["sns_flux_norm"].attrs["spacing"] == "logarithmic"
    assert {"eps_ee_u", "eps_ee_d", "brn_events", "steady_state_events"} <= set(map_.data_vars)
    # asked for by name, the model's own parameters are free no more
    result = cevnsjax(
        *SMALL, "--model", "nsi", "--free", "eps_ee_u", "--grid", "eps_mumu_u=-0.3:0.4:3", "--out", "there", "--json"
    )
    assert list(result.json["best_fit"]) == [
        *("eps_mumu_u", "eps_ee_u", "sns_flux_norm", "brn_events", "steady_state_events")
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--grid", "signal_nrm=0:1"), "did you mean 'signal_norm'"),
        (("--grid", NORM, "--grid", "brn_events=1:9", "--grid", "nin_events=1:9"), "at most two parameters"),
        (("--grid", NORM, "--grid", NORM), "twice for 'signal_norm'"),
        (("--grid", "brn_events=20:10"), "LOW below HIGH, got 20 and 10"),
        (("--grid", "brn_events=20:20"), "LOW below HIGH"),
        (("--grid", "brn_events=0:10:log"), "LOW above zero, got 0"),
        (("--grid", "brn_events=1:10:1"), "between 2 and 100000 points, got 1"),
        (("--grid", "brn_events=1:10:999999999"), "between 2 and 100000 points"),
        (("--grid", "brn_events=1:10:5:6"), "'6' is not understood"),
        (("--grid", "brn_events=1:10:log:lin"), "'lin' is not understood"),
        (("--grid", "brn_events=1:10:4.5"), "'4.5' is not understood"),
        (("--grid", "brn_events=1"), "needs NAME=LOW:HIGH"),
        (("--grid", "brn_events"), "needs NAME=LOW:HIGH"),
        (("--grid", "=1:2"), "needs NAME=LOW:HIGH"),
        (("--grid", "brn_events=one:10"), "'one' is not a number"),
        (("--grid", "brn_events=1:inf"), "must be finite"),
        (("--grid", "brn_events=1:10", "--fix", "brn_events"), "'brn_events' is on the grid and cannot be fixed"),
        (("--grid", "signal_norm=0.5:4"), "outside the support of its prior Uniform(0, 3)"),
        (("--grid", "signal_norm=0.5:2", "--prior", "signal_norm=Uniform(0.4, 1.5)"), "Uniform(0.4, 1.5)"),
        (("--grid", NORM, "--prior", "signal_norm=Gauss(1, 1)"), "allowed are Normal"),
        (("--grid", NORM, "--set", "mass_kg=-3"), "mass_kg must be positive"),
        (("--grid", NORM, "--fix", "brn_event"), "did you mean 'brn_events'"),
        (("--grid", NORM, "--model", "smm"), "did you mean 'sm'"),
        (("--grid", "signal_norm=0.5:1.5:9999", "--grid", "brn_events=1:9:9999"), "at most 4000000"),
    ],
)
def test_refused(cevnsjax, tmp_path, arguments, words):
    assert words in cevnsjax("scan", CSI, *arguments, "--json").sentence
    assert not list(tmp_path.iterdir())


def test_refused_output(cevnsjax, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert "is a file" in cevnsjax("scan", CSI, "--grid", NORM, "--out", "file").sentence
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("mass=1:1000:log", "mass", np.geomspace(1.0, 1000.0, 64)),
        ("mass=1:1000:256:log", "mass", np.geomspace(1.0, 1000.0, 256)),
        ("mass=1:1000:log:256", "mass", np.geomspace(1.0, 1000.0, 256)),
        ("mass = 1 : 1e3 : 3", "mass", np.array([1.0, 500.5, 1000.0])),
        ("eps=-1:1:lin:5", "eps", np.linspace(-1.0, 1.0, 5)),
        ("eps=-1:1", "eps", np.linspace(-1.0, 1.0, 64)),
    ],
)
def test_grids(text, name, values):
    found = parse_grid(text)
    assert found[0] == name
    np.testing.assert_array_equal(found[1], values)


def test_grid_of_numbers_too_close():
    with pytest.raises(ParameterError, match="more points than there are numbers"):
        parse_grid("x=1:1.000000000000001:64")


@pytest.mark.slow
def test_float32(cevnsjax, tmp_path):
    result = cevnsjax(*SMALL, "--grid", "signal_norm=0.5:1.5:5", "--precision", "float32", "--out", "low", "--json")
    assert result.code == 0, result.err
    assert json.loads((tmp_path / "low" / "scan.json").read_text())["precision"] == "float32"
    low = stored(tmp_path / "low")
    cevnsjax(*SMALL, "--grid", "signal_norm=0.5:1.5:5", "--out", "high")
    np.testing.assert_allclose(low["delta_chi2"], stored(tmp_path / "high")["delta_chi2"], rtol=0, atol=0.01)


def test_ctrl_c_writes_what_is_done(tmp_path, written):
    """In a process of its own, on a grid that takes long enough; the fits of its coarse points are in the file."""
    program = (
        "import os, signal, sys\n"
        "from cevnsjax.inference import scan_state\n"
        "look = scan_state.Scan.look\n"
        "def press(self):\n"
        "    if self.done.sum() > 200 and not getattr(self, 'pressed', False):\n"
        "        self.pressed = True\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    look(self)\n"
        "scan_state.Scan.look = press\n"
        "from cevnsjax.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    grids = ("--grid", "signal_norm=0.5:1.5:100", "--grid", "brn_events=1:40:100")
    run = subprocess.run(
        [sys.executable, "-c", program, *SMALL, *grids, "--out", "stopped", "--json"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
    )
    assert run.returncode == 130, run.stderr
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    assert "of 10000 points. They are written in stopped, with NaN at the others; --resume goes on." in run.stderr
    assert written(tmp_path / "stopped") == FILES
    assert (tmp_path / "stopped" / "steps-00000.npz").exists()
    map_ = stored(tmp_path / "stopped")["delta_chi2"].to_numpy()
    done = np.isfinite(map_)
    assert 200 < done.sum() < 10000
    assert json.loads((tmp_path / "stopped" / "scan.json").read_text())["interrupted"]
    # the coarse points span the whole box
    assert done[0, 0]
    assert done[-1, -1]


def test_resume(cevnsjax, tmp_path, monkeypatch):
    """What was interrupted is gone on with if asked for, to the same digits, and not begun again unasked."""
    grid = (*SMALL, "--grid", "signal_norm=0.5:1.5:9", "--json", "--out")
    whole = cevnsjax(*grid, "whole").json
    look = scan_state.Scan.look

    def press(self):
        if self.done.any():
            os.kill(os.getpid(), signal.SIGINT)
        look(self)

    monkeypatch.setattr(scan_state.Scan, "look", press)
    assert cevnsjax(*grid, "stopped").code == 130
    monkeypatch.setattr(scan_state.Scan, "look", look)
    assert "holds this run, interrupted; --resume goes on with it" in cevnsjax(*grid, "stopped").sentence
    other = (*SMALL, "--grid", "signal_norm=0.5:1.4:9", "--out", "stopped")
    for file in FILES:  # as where it was killed before they were written
        (tmp_path / "stopped" / file).unlink()
    assert "holds another run (signal_norm: " in cevnsjax(*other).sentence
    assert "other options (signal_norm: " in cevnsjax(*other, "--resume").sentence
    assert "give one of them" in cevnsjax(*grid, "stopped", "--resume", "--force").sentence
    assert "nothing to resume from in nowhere" in cevnsjax(*grid, "nowhere", "--resume").sentence
    found = cevnsjax(*grid, "stopped", "--resume").json
    assert {file.name for file in (tmp_path / "stopped").iterdir()} == FILES
    assert stored(tmp_path / "stopped").equals(stored(tmp_path / "whole"))
    assert found["best_fit"] == whole["best_fit"]
    assert not (tmp_path / "nowhere").exists()


def test_ctrl_c_before_anything_is_done(cevnsjax, tmp_path, monkeypatch):
    run = scan_state.Scan.run

    def press(self, *given):
        os.kill(os.getpid(), signal.SIGINT)
        run(self, *given)

    monkeypatch.setattr(scan_state.Scan, "run", press)
    result = cevnsjax(*SMALL, "--grid", "signal_norm=0.5:1.5:20000", "--out", "stopped")
    assert (result.code, result.out) == (130, "")
    assert "scanning" in result.err
    assert "Interrupted" in result.err
    assert "Traceback" not in result.err
    assert not list(tmp_path.iterdir())


def test_overlays(cevnsjax, tmp_path):
    """Drawn over the map and kept in its record, from where they are drawn again; those that cannot be are refused."""
    table = (
        "# title: Elsewhere\n# source: here\n# points: made up\n# kind: projection\n# licence: none needed\n"
        "# quantities: {}, signal_norm\n# assumptions: mass_kg = 20\n# made_by: a test\n# rows: 2\n{},signal_norm\n"
        "5,0.8\n15,1.2\n"
    )
    (tmp_path / "own.csv").write_text(table.format("brn_events [events]", "brn_events_events"))
    (tmp_path / "other.csv").write_text(table.format("nin_events [events]", "nin_events_events"))
    grids = ("--grid", "signal_norm=0.5:1.5:4", "--grid", "brn_events=1:40:4", "--no-refine", "--out", "here")
    refusals = {
        "miniboone-electron": "no overlay called 'miniboone-electron'; did you mean 'miniboone-electrons'",
        "nowhere.csv": "nowhere.csv: cannot be read",
        "own.csv,other.csv": "'other' is a curve in nin_events and signal_norm, and the map is one in signal_norm and",
    }
    for given, words in refusals.items():
        assert words in cevnsjax(*SMALL, *grids, "--overlay", given).sentence
        assert not (tmp_path / "here").exists()
    result = cevnsjax(*SMALL, *grids, "--overlay", "own.csv", "--overlay", "own.csv")
    assert result.code == 0, result.err
    assert "outside" not in result.err
    (record,) = json.loads((tmp_path / "here" / "scan.json").read_text())["overlays"]
    assert (record["label"], record["source"]) == ("Elsewhere (projection, mass_kg = 20)", "here")
    assert record["values"] == {"signal_norm": [0.8, 1.2], "brn_events": [5.0, 15.0]}
    (tmp_path / "own.csv").unlink()
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlay_curves.Curve, "from_record", lambda each: drawn.append(each))
        patch.setattr(contours, "plot_contours", lambda maps, path, curves: path.write_text(str(len(curves))))
        assert cevnsjax("plot", "here").code == 0
    assert drawn == [record]
    assert cevnsjax("plot", "here").code == 0
    assert (tmp_path / "here" / "contours.png").read_bytes().startswith(b"\x89PNG")
