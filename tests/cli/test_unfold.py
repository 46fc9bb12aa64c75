"""unfold: what it writes and prints, and what it refuses."""

import json

import numpy as np
import pytest

from cevnsjax.experiment import prospect_hfir
from cevnsjax.inference import unfold

# a made-up detector beside a reactor: few bins, quickly built
DETECTOR = """
name = "small"
source = "A test."
target = "Ge"
mass_kg = 10.0
exposure_days = 365.0

[sources.reactor]
kind = "Reactor"
strength = { kind = "ThermalPower", thermal_power_GW = 4.0, baseline_m = 20.0 }
spectra = "bestiole-2023"

[quenching]
kind = "EnergyScale"

[response]
kind = "GaussianResponse"
resolution = { noise_keV = 0.005 }

[[axes]]
name = "energy_keV"
low = 0.02
high = 2.0
bins = 16
spacing = "log"

[backgrounds.steady_state]
kind = "FlatBackground"
counts_per_keV_kg_day = 10.0

[samples]
reactor_on = ["signal", "steady_state"]
"""
BINS = ("--bins", "1:8:7")
FILES = {"unfolding.json", "unfolding.png"}


@pytest.fixture(autouse=True)
def detector(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(DETECTOR)
    return path.name


def record(folder):
    return json.loads((folder / "unfolding.json").read_text())


def test_unfolding(cevnsjax, tmp_path, detector):
    result = cevnsjax("unfold", detector, *BINS, "--beta", "20", "--seed", "1", "--json")
    assert result.code == 0, result.err
    folder = tmp_path / "unfold-small-sm"
    assert {file.name for file in folder.iterdir()} == FILES
    content, kept = result.json, record(folder)
    assert content["files"] == [f"unfold-small-sm/{name}" for name in ("unfolding.json", "unfolding.png")]
    assert (content["unit"], content["component"], content["beta"]) == (
        "antineutrinos/(fission MeV)",
        "nu_e_bar",
        20.0,
    )
    assert {"versions", "device"} <= set(kept)
    assert (kept["seed"], kept["bins"], kept["criterion"]) == (1, "1:8:7", None)
    assert kept["result"]["bins"] == content["bins"]
    rows = content["bins"]
    assert [(row["energy_low_MeV"], row["energy_high_MeV"]) for row in rows] == [(e, e + 1.0) for e in range(1, 8)]
    names = {"energy_low_MeV", "energy_high_MeV", "flux", "error", "bias", "upper_bound_95", "reference"}
    assert set(rows[0]) == names
    pulls = [(row["flux"] - row["bias"] - row["reference"]) / row["error"] for row in rows]
    assert np.max(np.abs(pulls)) < 5.0
    errors = np.sqrt(np.diag(content["flux_covariance"]))
    np.testing.assert_allclose([row["error"] for row in rows], errors)
    np.testing.assert_allclose([r["upper_bound_95"] for r in rows], [r["flux"] + 1.645 * r["error"] for r in rows])
    assert len(content["expected"]) == content["data_bins"] == 16

    # another one is refused in its folder; with less asked for, as a table
    refused = cevnsjax("unfold", detector, *BINS, "--beta", "20", "--seed", "2")
    assert "another run (seed: 1 then, 2 now)" in refused.sentence
    bare = cevnsjax("unfold", detector, *BINS, "--beta", "1", "--no-covariance", "--force")
    assert bare.code == 0, bare.err
    assert "beta = 1, chi^2 = " in bare.out
    assert "unfolded prediction (Asimov)" in bare.out
    assert "95 % bound" not in bare.out
    assert "flux_covariance" not in record(folder)["result"]


@pytest.mark.parametrize(
    "criterion", ["physical", *(pytest.param(c, marks=pytest.mark.slow) for c in ("bias", "l-curve"))]
)
def test_criteria(cevnsjax, detector, criterion):
    result = cevnsjax("unfold", detector, *BINS, "--criterion", criterion, "--variance", "expected", "--csv")
    assert result.code == 0, result.err
    head, *rows = [line.split(",") for line in result.out.splitlines()]
    assert head[:4] == ["energy_low_MeV", "energy_high_MeV", "flux", "error"]
    assert len(rows) == 7
    if criterion == "physical":
        assert min(float(row[2]) for row in rows) > 0.0


@pytest.mark.slow
def test_sampled_and_default_bins(cevnsjax, tmp_path, detector):
    result = cevnsjax("unfold", detector, "--beta", "20", "--bayesian", "--samples", "200", "--out", "all", "--json")
    assert result.code == 0, result.err
    rows = result.json["bins"]
    assert len(rows) == 20
    assert 0.5 < rows[0]["energy_low_MeV"] < 1.5
    assert 5.0 < rows[-1]["energy_high_MeV"] < 9.0
    assert all(row["sampled_upper_bound_95"] > row["sampled_mean"] > 0.0 for row in rows)
    assert {"effective_size", "r_hat", "divergences"} == set(result.json["sampled"])
    assert {file.name for file in (tmp_path / "all").iterdir()} == FILES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--beta", "1", "--criterion", "bias"), "give one of them"),
        (("--criterion", "bias", "--no-covariance"), "give one of them"),
        (("--criterion", "best"), "Invalid value for '--criterion'"),
        (("--bins", "1:8"), "--bins needs LOW:HIGH:NUMBER in MeV, got '1:8'."),
        (("--bins", "1:8:2"), "needs at least three bins, got 2"),
        (("--bins", "8:1:7"), "needs LOW below HIGH"),
        (("--bins", "one:8:7"), "'one' is not a number"),
        (("--seed", "-1"), "Invalid value for '--seed'"),
    ],
)
def test_options_that_are_refused(cevnsjax, tmp_path, detector, arguments, words):
    assert words in cevnsjax("unfold", detector, *arguments).sentence
    assert [file.name for file in tmp_path.iterdir()] == [detector]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*BINS, "--beta", "-1"), "beta must be zero or positive"),
        ((*BINS, "--source", "sun"), "sun"),
        (("--bins", "0:8:8"), "edges_MeV must be positive"),
    ],
)
def test_what_cannot_be_unfolded(cevnsjax, tmp_path, detector, arguments, words):
    result = cevnsjax("unfold", detector, *arguments)
    assert result.code == 2
    assert words in result.err.splitlines()[-1]
    assert result.err.splitlines()[-1].startswith("error: ")
    assert [file.name for file in tmp_path.iterdir()] == [detector]


def test_a_released_spectrum(cevnsjax, tmp_path):
    """PROSPECT's, with its own response and covariance, as from Python; without bins over what it sees."""
    spectrum = prospect_hfir()
    asked = "--beta", "640", "--no-covariance", "--json"
    result = cevnsjax("unfold", "prospect-hfir", "--bins", "2:8:12", *asked)
    assert result.code == 0, result.err
    assert (tmp_path / "unfold-prospect-hfir" / "unfolding.png").exists()
    assert (result.json["unit"], result.json["unit_per_cm2_s_MeV"]) == ("antineutrinos/(fission MeV)", None)
    response, background, _ = spectrum.response(np.linspace(2.0, 8.0, 13))
    found = unfold(response, spectrum.observed, background, 640.0, covariance=spectrum.covariance, with_errors=False)
    np.testing.assert_allclose([row["flux"] for row in result.json["bins"]], found.flux, rtol=1e-9)
    edges = spectrum.visible_edges_MeV
    np.testing.assert_allclose(edges / 0.25, np.round(edges / 0.25))
    events = spectrum.response(edges)[0].sum(axis=0) @ spectrum.response(edges)[2]
    assert 0.96 < events / (spectrum.fine_response.sum(axis=0) @ spectrum.fine_u235) < 0.99


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "sm", "--seed", "1"), "that were released: --model and --seed cannot be given"),
        (("--variance", "expected"), "--variance cannot be given"),
        (("--bins", "2:8:7"), "multiples of 0.05 MeV between 1.75 and 10 MeV"),
    ],
)
def test_what_a_released_spectrum_has_not(cevnsjax, arguments, words):
    assert words in cevnsjax("unfold", "prospect-hfir", *arguments).err.splitlines()[-1]


def test_an_experiment_is_needed(cevnsjax):
    assert "Name an experiment" in cevnsjax("unfold").sentence
