"""--set and data that are a prediction: they follow, it is said, and they are called what they are."""

import json

import numpy as np
import pytest
import xarray

from cevnsjax.experiment import named_experiment
from cevnsjax.models import named_model
from cevnsjax.paths import set_number

CONUS = "conus"
SCAN = ("scan", CONUS, "--fix", "reactor_flux_norm,lindhard_k")


def expected_and_observed(content):
    """By bin, of an experiment with one sample."""
    (observed,) = content["observed"].values()
    return sum(np.ravel(each["counts"]) for each in content["components"].values()), np.ravel(observed)


@pytest.mark.parametrize(
    "given",
    [
        ("mass_kg=37.3",),
        ("quenching.k=0.2",),
        ("lindhard_k=0.2",),
        ("reactor_flux_norm=1.3",),
        ("signal_norm=2",),
        ("steady_state_norm=0.5", "mass_kg=5"),
        ("sources.reactor.flux.spectra.fission.energy_MeV.300=7.42", "exposure_days=50"),
    ],
)
def test_spectrum_follows(cevnsjax, given):
    nominal = expected_and_observed(cevnsjax("spectrum", CONUS, "--json").json)
    options = [word for each in given for word in ("--set", each)]
    result = cevnsjax("spectrum", CONUS, *options, "--json")
    assert result.err == f"note: conus: the data are a prediction (Asimov), made anew with {', '.join(given)}.\n"
    assert result.json["asimov"]
    expected, observed = expected_and_observed(result.json)
    assert observed == pytest.approx(expected, rel=1e-12)
    assert not np.allclose(observed, nominal[1], rtol=1e-4)


def test_nothing_is_said_of_what_was_not_touched(cevnsjax):
    result = cevnsjax("spectrum", CONUS, "--json")
    assert result.err == ""
    expected, observed = expected_and_observed(result.json)
    assert observed == pytest.approx(expected, rel=1e-12)
    measured = cevnsjax("spectrum", "conus-plus", "--set", "mass_kg=5", "--json")
    assert measured.err == ""
    assert not measured.json["asimov"]
    assert measured.json["observed"] == cevnsjax("spectrum", "conus-plus", "--json").json["observed"]


def test_true_values_of_a_model(cevnsjax):
    """What the model adds is in the data where a number of it is set, and only there."""
    injected = cevnsjax("spectrum", CONUS, "--model", "nsi", "--set", "eps_ee_u=0.3", "--json")
    assert "made anew with eps_ee_u=0.3, the model nsi in it with its other numbers as they are." in injected.err
    expected, observed = expected_and_observed(injected.json)
    assert observed == pytest.approx(expected, rel=1e-12)
    conus = named_experiment(CONUS)
    by_hand = set_number(named_model("nsi").prepare(conus), "interactions.cevns.terms.nsi.up.ee", 0.3)
    assert observed == pytest.approx(np.ravel(by_hand.expected()), rel=1e-12)
    # the nominal coupling of a boson is no true value
    heavier = cevnsjax("spectrum", CONUS, "--model", "zprime", "--set", "mass_kg=37.3", "--json")
    assert heavier.err == "note: conus: the data are a prediction (Asimov), made anew with mass_kg=37.3.\n"
    expected, observed = expected_and_observed(heavier.json)
    assert observed == pytest.approx(np.ravel(set_number(conus, "mass_kg", 37.3).expected()), rel=1e-12)
    assert not np.allclose(expected, observed, rtol=1e-4)


def test_of_several_each_by_itself(cevnsjax):
    both = f"{CONUS},conus-plus"
    before = cevnsjax("spectrum", both, "--json").json["experiments"]
    result = cevnsjax("spectrum", both, "--set", "signal_norm=2", "--json")
    assert result.err.startswith("note: conus: the data are a prediction (Asimov), made anew with signal_norm=2.")
    after = result.json["experiments"]
    expected, observed = expected_and_observed(after[CONUS])
    assert observed == pytest.approx(expected, rel=1e-12)
    assert after["conus-plus"]["observed"] == before["conus-plus"]["observed"]


def test_tables_call_it_a_prediction(cevnsjax):
    table = cevnsjax("spectrum", CONUS).out
    assert "prediction (Asimov)" in table
    assert "data" not in table
    table = cevnsjax("spectrum", "conus-plus").out
    assert "prediction" not in table
    assert "data" in table


@pytest.mark.parametrize("experiment", [CONUS, "conus-plus", f"{CONUS},conus-plus"])
def test_plots_call_it_a_prediction(cevnsjax, tmp_path, monkeypatch, experiment):
    monkeypatch.setattr("matplotlib.rcParams", {**__import__("matplotlib").rcParams, "svg.fonttype": "none"})
    assert cevnsjax("spectrum", experiment, "--plot", "plot.svg").code == 0
    drawn = (tmp_path / "plot.svg").read_text()
    assert (">prediction (Asimov)<" in drawn) == (CONUS in experiment.split(","))
    assert (">data<" in drawn) == ("conus-plus" in experiment)


def test_scan_follows(cevnsjax, tmp_path):
    result = cevnsjax(*SCAN, "--set", "mass_kg=37.3", "--grid", "signal_norm=0:3:31", "--out", "here", "--json")
    assert result.code == 0, result.err
    assert "made anew with mass_kg=37.3" in result.err
    assert result.json["best_fit"]["signal_norm"] == pytest.approx(1.0, abs=1e-4)
    ((low, high),) = result.json["intervals_90"]["signal_norm"]
    assert low < 1.0 < high
    run = json.loads((tmp_path / "here" / "scan.json").read_text())
    assert run["asimov"] == [CONUS]
    assert run["set"] == {"mass_kg": 37.3}


def test_scan_finds_the_true_value(cevnsjax):
    """A coupling that is set is the true one, and what a free parameter finds."""
    grid = ("--model", "nsi", "--free", "eps_ee_u", "--grid", "eps_ee_u=0:0.5:11", "--set", "eps_ee_u=0.1")
    result = cevnsjax(*SCAN[:3], "lindhard_k", *grid, "--json")
    assert result.code == 0, result.err
    assert "eps_ee_u is free, so --set moves its true value in the prediction" in result.err
    assert result.json["best_fit"]["eps_ee_u"] == pytest.approx(0.1, abs=1e-4)


def test_fit_keeps_what_the_data_are(cevnsjax, tmp_path):
    options = ("fit", CONUS, "--fix", "lindhard_k,steady_state_norm", "--chains", 1, "--warmup", 25, "--samples", 25)
    result = cevnsjax(*options, "--set", "mass_kg=37.3", "--out", "run")
    assert result.code == 0, result.err
    assert "fitted to the prediction (Asimov)" in result.out
    assert json.loads((tmp_path / "run" / "run.json").read_text())["asimov"] == [CONUS]
    with np.load(tmp_path / "run" / "steps-00000.npz") as kept:
        assert json.loads(str(kept["identity"]))["asimov"] == [CONUS]
    with xarray.open_dataset(tmp_path / "run" / "posterior.nc", group="observed_data", engine="h5netcdf") as stored:
        assert stored["counts"].attrs["what"] == "prediction (Asimov)"
        assert float(stored["counts"].sum()) == pytest.approx(10.0 * 1761.249, abs=0.01)
