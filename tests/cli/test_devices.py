"""``--devices``: cores of one process, and several processes that write one result."""

import json
import os
import socket
import subprocess
import sys

import pytest

SCAN = ("scan", "conus-plus", "--grid", "signal_norm=0:3:9", "--fix", "reactor_flux_norm", "--json")


def started(folder, *options, **environment):
    """A scan in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "cevnsjax", *SCAN, "--out", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "XLA_FLAGS"} | environment,
    )


@pytest.mark.parametrize(
    ("devices", "words"),
    [("some", "must be a number of devices or all, got 'some'"), ("0", "got '0'"), ("4096", "and there are")],
)
def test_refused(cevnsjax, tmp_path, devices, words):
    result = cevnsjax(*SCAN, "--devices", devices, "--out", tmp_path / "scan")
    assert result.code == 2
    assert words in " ".join(result.err.split())
    assert not (tmp_path / "scan").exists()


def test_processes_that_do_not_say_which(tmp_path):
    there = started(tmp_path / "scan", "--devices", "1", JAX_NUM_PROCESSES="2")
    _, err = there.communicate()
    assert there.returncode == 2
    assert "JAX_PROCESS_ID" in err


@pytest.mark.slow
def test_two_processes(tmp_path):
    """Connected by the loopback: both compute, one writes and speaks."""
    alone = started(tmp_path / "alone")
    out, err = alone.communicate()
    assert alone.returncode == 0, err
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    around = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
    both = [started(tmp_path / "both", "--devices", "2", JAX_PROCESS_ID=str(i), **around) for i in range(2)]
    (first, _), (second, _) = (each.communicate() for each in both)
    assert [each.returncode for each in both] == [0, 0]
    assert second == ""
    found, expected = json.loads(first), json.loads(out)
    assert found["best_fit"] == pytest.approx(expected["best_fit"], rel=1e-9)
    assert found["intervals_90"]["signal_norm"][0] == pytest.approx(
        expected["intervals_90"]["signal_norm"][0], rel=1e-9
    )
    assert sorted(file.name for file in (tmp_path / "both").iterdir()) == ["scan.json", "scan.nc", "scan.png"]
