"""The oracle and the usual ways of the benchmarks, and that the benchmark script runs."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def baselines():
    specification = importlib.util.spec_from_file_location("cevnsjax_benchmark_baselines", FOLDER / "baselines.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules[specification.name]


@pytest.fixture(scope="module")
def oracle(baselines):
    return baselines.energy_counts_quad(baselines.CsIParameters())


def test_oracle_agrees_with_its_mpmath_bin(baselines, oracle):
    """The prompt component of one bin, in 16 digits and written separately."""
    pe_bin = 2
    (precise,) = baselines.energy_counts_mpmath_bin(
        baselines.CsIParameters(), pe_bin, digits=16, flavours=(0,), pe_degree=5
    )
    assert abs(oracle[0, pe_bin] / float(precise) - 1.0) < 1e-10


# a midpoint rule with a mask, 0.1-PE sub-bins with the efficiency at their centres, default tolerances
def test_usual_ways_agree_with_the_oracle(baselines, oracle):
    ways = {
        "nested quad": baselines.counts_nested_quad(baselines.CsIParameters())[0],
        "NumPy grid": baselines.counts_grid_numpy(baselines.CsIParameters()),
    }
    for name, counts in ways.items():
        assert np.abs(counts - oracle).max() < 1e-4 * oracle.max(), name


@pytest.mark.slow
def test_benchmark_runs(tmp_path):
    output = tmp_path / "figures.json"
    subprocess.run([sys.executable, FOLDER / "csi_likelihood.py", "--quick", "--json", output], check=True)
    report = json.loads(output.read_text())
    assert report["machine"]["cpu"]
    assert set(report["parts"]) == {"likelihood-float64", "likelihood-float32", "sampling", "memory"}
    likelihood = report["parts"]["likelihood-float64"]
    assert likelihood["agreement"]["cevnsjax"] < 1e-8
    assert all(ratio["median"] > 0 for row in likelihood["ratios"].values() for ratio in row.values())
    assert report["parts"]["sampling"]["HMC"]["ess_per_s"] > 0
    for case in report["parts"]["memory"]["cases"].values():
        assert 0 < case["chunked_temporary_MB"] < 500


@pytest.mark.slow
def test_benchmark_of_a_map_runs(tmp_path):
    output = tmp_path / "map.json"
    grids = ("--grid", "eps_ee_u=-0.3:0.5:12", "--grid", "eps_ee_d=-0.3:0.5:12")
    command = [sys.executable, FOLDER / "csi_scan.py", *grids, "--fits", "3", "--repeats", "2", "--json", output]
    subprocess.run(command, check=True)
    report = json.loads(output.read_text())
    result = report["result"]
    assert (result["points"], result["profiled"], len(result["rounds"])) == (144, 10, 2)
    assert all(each["ratio"] > 0 for each in result["rounds"])
    assert result["not_converged"] == 0
    assert result["agreement"]["smallest"] > -1e-3


@pytest.mark.slow
def test_benchmark_of_nuclear_lines_runs(tmp_path):
    """The package's counts are those of quadratures that share no code with it."""
    output = tmp_path / "lines.json"
    cases = ("--case", "long wavelength", "--case", "folding moves")
    command = [sys.executable, FOLDER / "nuclear_lines.py", "--quick", *cases, "--json", output]
    subprocess.run(command, check=True)
    result = json.loads(output.read_text())["result"]
    for case in result["cases"].values():
        assert case["finite"] == 1.0
        assert 0 < case["temporary_MB"] < 100
        assert case["ratio"]["median"] > 1.0
    for usual in result["usual"].values():
        assert usual["largest_relative_difference"] < 1e-9


@pytest.mark.slow
def test_benchmark_of_commands_runs(tmp_path):
    output = tmp_path / "commands.json"
    subprocess.run([sys.executable, FOLDER / "commands.py", "--quick", "--json", output], check=True)
    report = json.loads(output.read_text())
    for each in report["commands"].values():
        assert each["cold"]["cpu_s"] > each["warm"]["cpu_s"] > 0
    assert report["toys"]["converged"] == report["toys"]["toys"]


@pytest.mark.slow
def test_benchmark_of_accelerators_runs(tmp_path):
    output = tmp_path / "gpu.json"
    subprocess.run([sys.executable, FOLDER / "gpu.py", "--quick", "--json", output], check=True)
    report = json.loads(output.read_text())
    for precision in ("float32", "float64"):
        assert all(each["per_s"] > 0 for each in report["evaluations"][precision]["points"].values())
    assert report["map"]["not_converged"] == 0
    assert report["sampling"]["16"]["effective"] > 0
