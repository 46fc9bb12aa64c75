"""Results that are kept on disk: said again in their order, whatever has ended the process."""

import json
import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
import xarray

from cevnsjax.errors import OutputError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import Model, journal, profile_map
from cevnsjax.inference.catalogue import build_model
from cevnsjax.inference.journal import Journal, check_kept, forget, is_kept
from cevnsjax.inference.scan_state import Scan

KILLS = int(os.environ.get("CEVNSJAX_KILLS", "8"))
"""How often a command is killed at most; a quarter of them by SIGTERM."""

IDENTITY = {"what": "powers", "of": 2.0}


class Killed(Exception):
    """What ends a calculation in the middle of it, with no time to say anything."""


def powers(keep, number, killed_at=None):
    """A calculation whose every step follows from the one before, and how many of its steps were computed."""
    computed, value = [], np.array([1.0, 3.0], np.float32)
    for step in range(number):

        def compute(value=value, step=step):
            if step == killed_at:
                raise Killed
            computed.append(step)
            return value * np.float32(1.1), np.array(step), np.array([True, False])

        value, at, flags = keep(compute, value)
        assert int(at) == step
        assert flags.dtype == bool
    return value, computed


@pytest.fixture
def at_once(monkeypatch):
    """Every step is written as soon as it is done."""
    monkeypatch.setattr(journal, "SAVE_EVERY_S", -1.0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("killed_at", [1, 4, 9])
def test_goes_on_to_the_same_digits(tmp_path, killed_at):
    whole, _ = powers(Journal(tmp_path, IDENTITY), 10)
    with pytest.raises(Killed):
        powers(Journal(tmp_path, IDENTITY), 10, killed_at)
    found, computed = powers(Journal(tmp_path, IDENTITY, resume=True), 10)
    assert computed == list(range(killed_at, 10))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, whole)
    # at the end everything is there
    again, computed = powers(Journal(tmp_path, IDENTITY, resume=True), 10)
    assert not computed
    np.testing.assert_array_equal(again, whole)
    # and it may be killed again, and be longer
    longer, computed = powers(Journal(tmp_path, IDENTITY, resume=True), 12)
    assert computed == [10, 11]
    np.testing.assert_allclose(longer, whole * 1.1**2, rtol=1e-6)


def test_steps_are_written_together(tmp_path, monkeypatch):
    keep = Journal(tmp_path, IDENTITY)
    powers(keep, 5)
    assert not list(tmp_path.iterdir())
    keep.save()
    keep.save()
    assert len(list(tmp_path.iterdir())) == 1
    assert not powers(Journal(tmp_path, IDENTITY, resume=True), 5)[1]


@pytest.mark.usefixtures("at_once")
def test_a_damaged_file_is_computed_again(tmp_path, monkeypatch):
    whole, _ = powers(Journal(tmp_path, IDENTITY), 6)
    (tmp_path / "steps-00003.npz").write_bytes(b"PK cut short")
    found, computed = powers(Journal(tmp_path, IDENTITY, resume=True), 6)
    assert computed == [3, 4, 5]
    np.testing.assert_array_equal(found, whole)
    # files after it are of steps that are now in others
    (tmp_path / "steps-00002.npz").unlink()
    (tmp_path / ".steps-00002.partial.npz").touch()
    monkeypatch.setattr(journal, "SAVE_EVERY_S", 10.0)
    keep = Journal(tmp_path, IDENTITY, resume=True)
    assert powers(keep, 6)[1] == [2, 3, 4, 5]
    keep.save()
    assert len(list(tmp_path.iterdir())) == 3
    found, computed = powers(Journal(tmp_path, IDENTITY, resume=True), 6)
    assert not computed
    np.testing.assert_array_equal(found, whole)


@pytest.mark.usefixtures("at_once")
def test_refused(tmp_path):
    with pytest.raises(OutputError, match="nothing to resume from"):
        Journal(tmp_path, IDENTITY, resume=True)
    powers(Journal(tmp_path, IDENTITY), 3)
    assert is_kept(tmp_path)
    with pytest.raises(OutputError, match=r"other options \(of: 2.0 then, 3.0 now\)"):
        check_kept(tmp_path, IDENTITY | {"of": 3.0})
    keep = Journal(tmp_path, IDENTITY, resume=True)
    with pytest.raises(OutputError, match="by another version or on another machine"):
        keep(lambda: pytest.fail("computed"), np.array([1.0, 2.9], np.float32))
    forget(tmp_path)
    assert not list(tmp_path.iterdir())


def test_somebodys_own_file_is_no_journal(tmp_path):
    np.savez(tmp_path / "steps-00000.npz", mine=np.zeros(3))
    with pytest.raises(OutputError, match="is damaged; give --force"):
        check_kept(tmp_path, IDENTITY)


@pytest.mark.usefixtures("at_once")
def test_one_that_begins_anew_leaves_nothing_of_another(tmp_path):
    powers(Journal(tmp_path, IDENTITY), 6)
    powers(Journal(tmp_path, IDENTITY | {"of": 3.0}), 2)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.fixture(scope="module")
def small():
    with jax.numpy_dtype_promotion("standard"):
        experiment = coherent_csi_2021()
        held = [p.name for p in experiment.nuisances if p.name != "steady_state_events"]
        return build_model(experiment, "sm", fixed=held)


@pytest.mark.usefixtures("at_once", "standard_promotion")
def test_a_map_goes_on_to_the_same_digits(small: Model, tmp_path, monkeypatch):
    """Killed twice: among the points of the grid, and while points are added."""
    grid, looks = {"signal_norm": np.linspace(0.1, 2.9, 8)}, []
    whole = profile_map(small, grid, block_size=4)
    look = Scan.look

    def kill(at):
        def killing(self):
            looks.append(None)
            if len(looks) == at:
                raise Killed
            look(self)

        looks.clear()
        monkeypatch.setattr(Scan, "look", killing)

    kill(0)
    profile_map(small, grid, block_size=4, folder=tmp_path)
    steps = len(looks)
    assert steps > 20
    for resume, at in ((False, steps // 3), (True, steps - 2)):
        kill(at)
        with pytest.raises(Killed):
            profile_map(small, grid, block_size=4, folder=tmp_path, resume=resume)
        assert 0 < len(list(tmp_path.glob("steps-*.npz"))) < steps
    kill(0)
    found = profile_map(small, grid, block_size=4, folder=tmp_path, resume=True)
    assert found.best == whole.best
    assert found.added.number == whole.added.number > 0
    for one, other in ((found, whole), (found.added, whole.added)):
        np.testing.assert_array_equal(one.log_density, other.log_density)
        np.testing.assert_array_equal(one.gradient, other.gradient)
        np.testing.assert_array_equal(one.nuisances["steady_state_events"], other.nuisances["steady_state_events"])
    with pytest.raises(OutputError, match="other options"):
        profile_map(small, {"signal_norm": np.linspace(0.1, 2.8, 8)}, folder=tmp_path, resume=True)
    with pytest.raises(OutputError, match="Resuming needs the folder"):
        profile_map(small, grid, resume=True)


def written(path, group):
    """What a command has written, but for how long it took."""
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        return {name: content[name] for name in ("quantities", "divergences")}
    with xarray.open_dataset(path, engine="h5netcdf", group=group) as dataset:
        return dataset.load()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "file", "group"),
    [
        (
            ("scan", "coherent-csi-2021", "--grid", "signal_norm=0.5:1.5:60", "--grid", "brn_events=5:40:60"),
            "scan.nc",
            None,
        ),
        (("fit", "coherent-csi-2021", "--warmup", "1000", "--samples", "1500"), "posterior.nc", "posterior"),
        (
            ("calibrate", "coherent-ge-mini", "--chains", "8", "--samples", "100", "--datasets", "40"),
            "calibration.json",
            None,
        ),
    ],
    ids=["scan", "fit", "calibrate"],
)
def test_killed_again_and_again(tmp_path, command, file, group):
    """SIGKILL at any moment, and SIGTERM as batch systems send it; what is written at the end is the same."""
    program = (
        "from cevnsjax.cli import main\nfrom cevnsjax.inference import journal\n"
        "journal.SAVE_EVERY_S = 0.5\nmain()"  # or little would be kept of what is so short
    )

    def run(*more: str, killed=None, after_s=None):
        process = subprocess.Popen(
            (sys.executable, "-c", program, *command, "--json", *more),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, err = process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, killed)
            process.communicate()
            return False
        assert process.returncode == 0, err
        return True

    assert run("--out", "compiled")
    begun = time.monotonic()
    assert run("--out", "whole")
    whole_s = time.monotonic() - begun
    random, kills, resume = np.random.default_rng(5), 0, ()
    for each in [signal.SIGKILL] * (KILLS - KILLS // 4) + [signal.SIGTERM] * (KILLS // 4):
        if run("--out", "killed", *resume, killed=each, after_s=random.uniform(0.2, 0.5) * whole_s):
            break
        kills += 1
        resume = ("--resume",) if is_kept(tmp_path / "killed") else ()
    else:
        assert run("--out", "killed", *resume)
    assert kills
    whole, found = (written(tmp_path / folder / file, group) for folder in ("whole", "killed"))
    assert whole.equals(found) if isinstance(whole, xarray.Dataset) else whole == found
