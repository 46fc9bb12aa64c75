"""fit: what it writes, what it refuses, and that an interrupted run ends where an uninterrupted one does."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray

from cevnsjax.cli.posterior_warnings import disagreements, warnings
from cevnsjax.errors import InterruptedRun, OutputError
from cevnsjax.experiment import coherent_csi_2021, named_experiment
from cevnsjax.inference import Posterior, Schedule, build_model, hmc, journal, plots, sample
from cevnsjax.prior_quantiles import prior_quantiles

CSI = "coherent-csi-2021"
FIXED = ("arrival_time", "quenching_0", "quenching_1", "efficiency", "brn_delay", "nin_delay", "nin_events")
FREE = ["signal_norm", "brn_events", "steady_state_events"]
# three parameters behind a constant response: little to compile; with fewer chains, points are looked at one by one
SMALL = ("fit", CSI, "--fix", ",".join(FIXED), "--chains", "8", "--warmup", "50")
FILES = {"posterior.nc", "corner.png", "spectrum.png", "run.json"}


@pytest.fixture
def no_plots(monkeypatch):
    """Empty files in the place of plots, for the tests that are about samples."""
    for name in ("plot_corner", "plot_spectrum"):
        monkeypatch.setattr(plots, name, lambda posterior, path, *_: path.touch() or [])


def posterior_of(folder):
    with xarray.open_dataset(folder / "posterior.nc", group="posterior", engine="h5netcdf") as stored:
        return {str(name): values.to_numpy() for name, values in stored.items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def test_fit_writes_everything(cevnsjax, tmp_path, written):
    # the prior of the second option, and a set value, reach the run and its description
    prior = "signal_norm=TruncatedNormal(1, 0.5, low=0)"
    options = (*SMALL, "--samples", 25, "--prior", prior, "--set", "mass_kg=14.5", "--seed", 3)
    result = cevnsjax(*options, "--json")
    assert result.code == 0, result.err
    content = result.json
    assert list(content["parameters"]) == [*FREE, "cevns_events"]
    for row in content["parameters"].values():
        assert set(row) == {"mean", "sd", "hdi_68", "hdi_90", "bands_68", "bands_90", "ess_bulk", "ess_tail", "r_hat"}
    assert set(content["best_fit"]) == {*FREE, "cevns_events"}
    assert isinstance(content["divergences"], int)
    assert content["wall_s"] > 0
    folder = tmp_path / f"fit-{CSI}-sm"
    assert content["files"] == [
        str(folder.relative_to(tmp_path) / name) for name in ("posterior.nc", "run.json", "corner.png", "spectrum.png")
    ]
    assert written(folder) == FILES
    assert "warning: the effective sample size" in result.err

    run = json.loads((folder / "run.json").read_text())
    assert (run["experiment"], run["model"], run["seed"], run["precision"]) == (CSI, "sm", 3, "float64")
    assert run["set"] == {"mass_kg": 14.5}
    assert [row["name"] for row in run["parameters"]] == FREE
    assert run["parameters"][0]["paths"] == ["signal_norm"]
    assert run["parameters"][0]["prior"].startswith("TruncatedNormal(1, 0.5")
    assert (run["schedule"]["chains"], run["schedule"]["warmup"], run["schedule"]["samples"]) == (8, 50, 25)
    assert set(run["versions"]) == {"python", "cevnsjax", "jax", "jaxlib", "numpyro", "equinox", "numpy"}
    assert set(run["timings_s"]) == {"build", "warm_up", "sampling", "total"}
    assert run["device"]["platform"] == jax.devices()[0].platform
    assert run["summary"] == content["parameters"]
    samples = posterior_of(folder)
    with xarray.open_dataset(folder / "posterior.nc", group="posterior", engine="h5netcdf") as stored:
        described = stored["signal_norm"].attrs
    assert described["label"] == "signal / prediction"
    assert described["prior"].startswith("TruncatedNormal(1, 0.5")
    assert described["standard_model"] == 1.0
    assert samples["signal_norm"].shape == (8, 25)
    assert content["parameters"]["signal_norm"]["mean"] == pytest.approx(samples["signal_norm"].mean())

    # it is drawn again from its files
    drawn = cevnsjax("plot", folder, "--residual", "--ratio", "--parameters", "signal_norm,cevns_events", "--json")
    assert drawn.code == 0, drawn.err
    figures = ("corner", "marginals", "spectrum")
    assert drawn.json["files"] == [str(folder / f"{figure}.png") for figure in figures]
    assert drawn.json["left_out"]["corner"] == FREE[1:]
    assert_same(posterior_of(folder), samples)
    compared = cevnsjax("plot", folder, folder, "--format", "svg", "--out", "compared")
    assert compared.code == 0, compared.err
    assert {file.name for file in (tmp_path / "compared").iterdir()} == {"corner.svg", "marginals.svg"}
    (folder / "marginals.png").unlink()

    # a completed run is not sampled again, only written again
    (folder / "corner.png").unlink()
    again = cevnsjax(*options, "--resume")
    assert again.code == 0, again.err
    assert "sampling:" not in again.err
    assert "90 % HDI" in again.out
    assert "cevns_events" in again.out
    assert (folder / "corner.png").exists()
    assert_same(posterior_of(folder), samples)

    # another run is refused in its folder
    assert "another run (samples: 25 then, 40 now); give another --out, or --force" in (
        cevnsjax(*options, "--samples", 40).sentence
    )
    assert_same(posterior_of(folder), samples)

    # and with other options it is not resumed
    for changed, words in (
        (("--seed", 4), "seed: 3 then, 4 now"),
        (("--warmup", 125), "then, 125 now"),
        ({"mass_kg=14.5": "mass_kg=14.4"}, "mass_kg: 14.5 then, 14.4 now"),
        ({prior: "signal_norm=Normal(1, 1)"}, "prior: TruncatedNormal"),
        (("--fix", "brn_events"), "parameters"),
        (("--precision", "float32"), "float64 then, float32 now"),
    ):
        # what cannot be given twice is replaced
        replaced = isinstance(changed, dict)
        others = [changed.get(each, each) for each in options] if replaced else [*options, *changed]
        sentence = cevnsjax(*others, "--resume").sentence
        assert "other options" in sentence
        assert words in sentence
    assert_same(posterior_of(folder), samples)

    # but it may become longer
    assert cevnsjax(*options, "--samples", 40, "--resume").code == 0
    longer = posterior_of(folder)
    assert longer["signal_norm"].shape == (8, 40)
    assert_same({name: values[:, :25] for name, values in longer.items()}, samples)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("coherent-csi-202",), "no experiment"),
        ((CSI, "--model", "nsy"), "did you mean 'nsi'"),
        ((CSI, "--free", "signal_nrm"), "did you mean 'signal_norm'"),
        ((CSI, "--fix", "brn_event"), "did you mean 'brn_events'"),
        ((CSI, "--prior", "brn_event=Normal(0, 1)"), "no parameter or path called 'brn_event'"),
        ((CSI, "--prior", "sns_flux_norm=Normal(0, 1)"), "not free"),
        ((CSI, "--prior", "signal_norm=Uniform(2, 3)"), "no support at its starting value 1"),
        ((CSI, "--prior", "signal_norm=Gauss(1, 1)"), "allowed are Normal"),
        ((CSI, "--prior", "signal_norm=Normal(1, -1)"), "scale above zero"),
        ((CSI, "--prior", "signal_norm=Uniform(3, 2)"), "low below high"),
        ((CSI, "--prior", "signal_norm"), "NAME=VALUE"),
        ((CSI, "--set", "mass_kg=-3"), "mass_kg must be positive"),
        ((CSI, "--set", "target.nuclides.Cs133.neutron_form_factor.rms_radius_fm=-5"), "must be positive"),
        ((CSI, "--set", "mass=3"), "did you mean"),
        ((CSI, "--chains", "0"), "chains must be a whole number and at least 1, got 0"),
        ((CSI, "--corner", "signal_nrm"), "did you mean 'signal_norm'"),
        ((CSI, "--resume"), "nothing to resume from"),
    ],
)
def test_refused(cevnsjax, tmp_path, arguments, words):
    assert words in cevnsjax("fit", *arguments, "--json").sentence
    assert not list(tmp_path.iterdir())


def test_refused_output(cevnsjax, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert "is a file" in cevnsjax("fit", CSI, "--out", "file").sentence
    assert "is a file" in cevnsjax("fit", CSI, "--out", "file/below").sentence
    assert (tmp_path / "file").read_text() == "mine"


def test_results_before_plots(cevnsjax, monkeypatch, tmp_path, written):
    """What a short fit writes is there when the first plot is drawn, and a plot that is stopped leaves it."""
    found = []

    def press(folder, posterior, shown):
        found.append(written(folder))
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("cevnsjax.cli.fit"), "draw_plots", press)
    result = cevnsjax(*SMALL, "--samples", 2, "--out", "it", "--csv")
    assert found == [{"posterior.nc", "run.json"}]
    assert result.code == 130
    assert result.out.startswith("parameter,mean,sd,")
    assert "samples and run.json are in it" in result.err
    assert "Traceback" not in result.err


def test_what_is_kept_is_damaged(cevnsjax, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "steps-00000.npz").write_bytes(b"PK\x03\x04 nothing")
    assert "steps-00000.npz is damaged" in cevnsjax(*SMALL, "--out", folder, "--resume").sentence
    model = build_model(coherent_csi_2021(), fixed=FIXED)
    with pytest.raises(OutputError, match="damaged"):
        sample(model, jax.random.key(1), Schedule(8, 50, 25), folder=folder, resume=True)


def test_interrupted_from_the_progress_callback(standard_promotion, tmp_path):
    model = build_model(coherent_csi_2021(), fixed=FIXED)
    schedule, key = Schedule(8, 50, 100), jax.random.key(1)

    def press(stage, done, total, note):
        if stage == "sampling" and done == 50:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(InterruptedRun, match="50 of 100 draws"):
        sample(model, key, schedule, folder=tmp_path, progress=press)
    resumed = sample(model, key, schedule, folder=tmp_path, resume=True)
    assert_same(resumed.samples, sample(model, key, schedule).samples)
    for other_key, other_schedule in ((jax.random.key(2), schedule), (key, Schedule(8, 75, 100))):
        with pytest.raises(OutputError, match="other options"):
            sample(model, other_key, other_schedule, folder=tmp_path, resume=True)
    # a run that is finished may become longer
    longer = sample(model, key, Schedule(8, 50, 160), folder=tmp_path, resume=True)
    assert_same(longer.samples, sample(model, key, Schedule(8, 50, 160)).samples)


def test_killed_in_the_warm_up(standard_promotion, tmp_path, monkeypatch):
    """Nothing is said to what is killed: what it had written is gone on with."""
    model = build_model(coherent_csi_2021(), fixed=FIXED)
    schedule, key, seen = Schedule(8, 75, 25), jax.random.key(1), []

    class Killed(Exception):
        pass

    def kill(stage, done, total, note):
        if done >= 40:
            raise Killed

    monkeypatch.setattr(journal, "SAVE_EVERY_S", -1.0)
    with pytest.raises(Killed):
        sample(model, key, schedule, folder=tmp_path, progress=kill)
    monkeypatch.setattr(hmc, "move_chains", lambda *given, run=hmc.move_chains: seen.append(given[6]) or run(*given))
    resumed = sample(model, key, schedule, folder=tmp_path, resume=True)
    assert sum(seen) == 33 + 25  # what was left of the warm-up, and draws
    assert_same(resumed.samples, sample(model, key, schedule).samples)


def interrupt(arguments, cwd, line):
    """Run the command line in a process of its own and press Ctrl-C once its stderr has a line that starts so."""
    command = [sys.executable, "-m", "cevnsjax", *map(str, arguments)]
    with subprocess.Popen(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            said = []
            for text in process.stderr:
                said.append(text)
                if text.startswith(line):
                    time.sleep(0.2)
                    process.send_signal(signal.SIGINT)
            assert process.stdout.read() == ""
            return process.wait(timeout=60), "".join(said)
        finally:
            process.kill()


def test_ctrl_c_and_resume_give_the_same_posterior(cevnsjax, no_plots, tmp_path):
    options = (*SMALL, "--samples", 1000)
    code, said = interrupt((*options, "--out", "stopped", "--json"), tmp_path, "sampling")
    assert code == 130, said
    assert "Run the same command with --resume" in said
    assert "Traceback" not in said
    assert all(file.name.startswith("steps-") for file in (tmp_path / "stopped").iterdir())
    assert cevnsjax(*options, "--out", "stopped", "--resume").code == 0
    assert cevnsjax(*options, "--out", "whole").code == 0
    assert_same(posterior_of(tmp_path / "stopped"), posterior_of(tmp_path / "whole"))


@pytest.mark.slow
def test_ctrl_c_in_the_warm_up(tmp_path, written):
    arguments = ("fit", CSI, "--fix", ",".join(FIXED), "--warmup", 20000, "--out", "stopped")
    code, said = interrupt(arguments, tmp_path, "warm-up")
    assert code == 130, said
    assert "Interrupted during the warm-up; what is done is saved in stopped." in said
    assert (tmp_path / "stopped" / "steps-00000.npz").exists()
    assert not written(tmp_path / "stopped")


@pytest.mark.slow
def test_float32_and_nsi(cevnsjax, no_plots, tmp_path):
    options = ("fit", CSI, "--model", "nsi", "--fix", ",".join(FIXED), "--chains", 4, "--precision", "float32")
    start = ("--set", "eps_mumu_u=0.1", "--set", "eps_ee_u=0.02")
    result = cevnsjax(*options, *start, "--warmup", 100, "--samples", 100, "--out", "run", "--json")
    assert result.code == 0, result.err
    assert "note: eps_ee_u is free" in result.err
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["precision"] == "float32"
    assert run["set"] == {"interactions.cevns.terms.nsi.up.mumu": 0.1, "interactions.cevns.terms.nsi.up.ee": 0.02}
    assert posterior_of(tmp_path / "run")["eps_ee_u"].dtype == np.float32


def test_data_and_prior_that_disagree():
    """Six standard deviations apart; not draws that a prior has itself, nor those at the end of an even one."""
    experiment = named_experiment("coherent-csi-2017")
    model = build_model(experiment, "sm", priors={"acceptance": dist.Uniform(-3.0, 3.0)})
    even = np.linspace(1e-3, 0.999, 1000)
    samples = {p.name: prior_quantiles(p.prior, even).reshape(4, -1) for p in model.parameters}
    samples["acceptance"] = 3.0 - 1e-9 * samples["acceptance"] ** 2

    def said(name, draws):
        return disagreements(Posterior(model, samples | {name: draws}, {}))

    assert said("acceptance", samples["acceptance"]) == []
    (sentence,) = said("quenching_factor", 0.0878 + 0.0166 * (6.0 + even.reshape(4, -1)))
    assert "quenching_factor is at 0.1957" in sentence
    assert "--prior" in sentence


def test_warnings():
    good = {"ess_bulk": 1000.0, "ess_tail": 900.0, "r_hat": 1.001}
    assert warnings({"a": good}, 0) == []
    assert "--chains" in warnings({"a": good | {"r_hat": 1.2}}, 0)[0]
    assert "--samples" in warnings({"a": good | {"ess_bulk": 20.0}}, 0)[0]
    assert "--samples" in warnings({"a": good | {"ess_tail": 20.0}}, 0)[0]
    assert "divergent" in warnings({"a": good}, 3)[0]
    unknown = warnings({"a": dict.fromkeys(good, float("nan")), "b": good}, 1)
    assert len(unknown) == 2
    assert "nothing says whether the chains of a can be trusted" in unknown[0]
