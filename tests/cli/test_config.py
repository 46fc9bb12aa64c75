"""Settings files: the same as options, overridden by them, and got back from a finished run."""

import dataclasses
import importlib
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray

from cevnsjax.cli.run_file import FitSettings, Sampler, read_settings, settings_given, write_settings
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import coherent_csi_2021

FIT = importlib.import_module("cevnsjax.cli.fit")  # not the command of that name
CSI = "coherent-csi-2021"
BOTH = f"second,{CSI}"
RUN = """
experiment = ["second", "coherent-csi-2021"]
model = "zprime"
free = ["coupling"]
fix = ["second.brn_delay", "coherent-csi-2021.brn_delay"]
share = ["sns_flux_norm"]
precision = "float32"
out = "results"

[prior]
coupling = "LogUniform(1e-5, 1e-3)"
second.nin_events = "Normal(5, 1)"

[set]
mass = 30
experiments.second.mass_kg = 15.5

[sampler]
chains = 4
samples = 40
seed = 7
"""
SETTINGS = FitSettings(
    BOTH,
    "zprime",
    ("coupling",),
    ("second.brn_delay", f"{CSI}.brn_delay"),
    ("sns_flux_norm",),
    {"coupling": "LogUniform(1e-5, 1e-3)", "second.nin_events": "Normal(5, 1)"},
    {"mass": 30.0, "experiments.second.mass_kg": 15.5},
    Sampler(4, None, 40, seed=7),
    "float32",
    "results",
)
FLAGS = (
    *("--model", "zprime", "--free", "coupling", "--fix", f"second.brn_delay,{CSI}.brn_delay"),
    *("--share", "sns_flux_norm", "--precision", "float32", "--out", "results"),
    *("--prior", "coupling=LogUniform(1e-5, 1e-3)", "--prior", "second.nin_events=Normal(5, 1)"),
    *("--set", "mass=30", "--set", "experiments.second.mass_kg=15.5", "--chains", 4, "--samples", 40, "--seed", 7),
)


@pytest.fixture
def file(tmp_path):
    def write(text, name="run.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.fixture
def settings_of(cevnsjax, monkeypatch):
    """Settings that reach a fit, which is stopped there."""

    def run(*arguments):
        found = []

        def stop(settings, **others):
            found.append(settings)
            raise CevnsjaxError("stopped")

        def record(*given, **options):
            found.append(settings_given(*given, **options))
            return found[-1]

        monkeypatch.setattr(FIT, "settings_given", record)
        monkeypatch.setattr(FIT, "fitted_model", stop)
        assert cevnsjax("fit", *arguments).err == "error: stopped\n"
        settings, fitted = found
        assert fitted is settings
        return settings

    return run


@pytest.fixture
def second(monkeypatch):
    """A second experiment on the command line."""
    monkeypatch.setattr(
        "cevnsjax.experiment.catalogue.EXPERIMENTS",
        {
            CSI: coherent_csi_2021,
            "second": lambda: dataclasses.replace(coherent_csi_2021(), name="second", mass_kg=20.0),
        },
    )


def test_file_equals_options(settings_of, file):
    assert read_settings(file(RUN)) == SETTINGS
    assert settings_of("--settings", file(RUN)) == settings_of(BOTH, *FLAGS) == SETTINGS
    assert settings_of("--settings", file(f"experiment = '{CSI}'")) == settings_of(CSI) == FitSettings(CSI)


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        # also where an option repeats a default
        (("--model", "sm"), {"model": "sm"}),
        (("--precision", "float64"), {"precision": "float64"}),
        (("--chains", 8), {"sampler": Sampler(8, None, 40, seed=7)}),
        (("--seed", 1, "--warmup", 20), {"sampler": Sampler(4, 20, 40, seed=1)}),
        (
            ("--sampler", "nuts", "--max-tree-depth", 7),
            {"sampler": Sampler(4, None, 40, seed=7, kind="nuts", max_tree_depth=7)},
        ),
        (("--target-acceptance", 0.9), {"sampler": Sampler(4, None, 40, target_acceptance=0.9, seed=7)}),
        (("--free", "mass,coupling"), {"free": ("mass", "coupling")}),
        (("--fix", "second.nin_delay"), {"fix": ("second.nin_delay",)}),
        (("--share", "efficiency"), {"share": ("efficiency",)}),
        (("--out", "elsewhere"), {"out": "elsewhere"}),
        # by name: others of the file stay
        (("--set", "mass=20"), {"set": {"mass": 20.0, "experiments.second.mass_kg": 15.5}}),
        (
            ("--prior", "mass=LogUniform(1, 9)"),
            {"prior": SETTINGS.prior | {"mass": "LogUniform(1, 9)"}},
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_options_take_precedence(settings_of, file, options, changed):
    assert settings_of("--settings", file(RUN), *options) == dataclasses.replace(SETTINGS, **changed)


def test_round_trip(cevnsjax, file, tmp_path):
    """run.json to TOML to settings; keys with dots come back whole."""
    run = file(json.dumps({"experiment": BOTH, "settings": dataclasses.asdict(SETTINGS)}), "run.json")
    printed = cevnsjax("config", run)
    assert (printed.code, printed.err) == (0, "")
    assert read_settings(file(printed.out, "again.toml")) == SETTINGS
    assert tomllib.loads(printed.out)["set"]["experiments.second.mass_kg"] == 15.5
    written = cevnsjax("config", run, "--out", "written.toml")
    assert (written.code, written.out, written.err) == (0, "", "wrote written.toml\n")
    assert (tmp_path / "written.toml").read_text() == printed.out
    # what is empty is left out
    assert set(tomllib.loads(write_settings(FitSettings(CSI)))) == {"experiment", "model", "sampler", "precision"}
    assert read_settings(file(write_settings(FitSettings(CSI)))) == FitSettings(CSI)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modle = 'sm'", "no key in {file} called 'modle'; did you mean 'model'"),
        ("[sampler]\nchain = 3", "called 'sampler.chain'; did you mean 'sampler.chains'"),
        ("model = 3", "{file}: model must be a text, got 3."),
        ("free = 'coupling'", "free must be a list of names, got 'coupling'."),
        ("fix = [3]", "fix must be a list of names, got [3]."),
        ("sampler = 4", "sampler must be a table, got 4."),
        ("[sampler]\nchains = 4.5", "sampler.chains must be a whole number, got 4.5."),
        ("[sampler]\nchains = true", "sampler.chains must be a whole number, got True."),
        ("[sampler]\nchains = 0", "{file}: sampler.chains must be a whole number and at least 1, got 0."),
        (
            "[sampler]\nmax_tree_depth = -1",
            "sampler.max_tree_depth must be a whole number and at least 1, got -1.",
        ),
        (
            "[sampler]\ntarget_acceptance = 1",
            "sampler.target_acceptance must be a number between 0 and 1, got 1.",
        ),
        ("[sampler]\ntarget_acceptance = 'high'", "sampler.target_acceptance must be a number, got 'high'."),
        ("[sampler]\nseed = -1", "sampler.seed must be between 0 and 4294967295, got -1."),
        (f"[sampler]\nseed = {2**70}", "sampler.seed must be between 0 and 4294967295"),
        ("[prior]\nsignal_norm = 1", "prior.signal_norm must be a text like 'Normal(0, 1)', got 1."),
        ("[prior]\nsignal_norm = 'Gauss(1)'", "The prior 'Gauss(1)' is not known"),
        ("[set]\nmass_kg = 'heavy'", "set.mass_kg must be a finite number, got 'heavy'."),
        ("[set]\nflux.norm = inf", "set.flux.norm must be a finite number, got inf."),
        (f"[set]\nmass_kg = {'9' * 400}", "set.mass_kg must be a finite number"),
        ("[set]\nflux = {}", "set.flux must be a finite number, got {{}}."),
        ("precision = 'half'", "precision must be one of float64, float32, got 'half'."),
    ],
)
def test_refused(cevnsjax, file, tmp_path, text, words):
    path = file(f"experiment = '{CSI}'\n{text}")
    assert words.format(file=path) in cevnsjax("fit", "--settings", path).sentence
    assert [each.name for each in tmp_path.iterdir()] == ["run.toml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "run.toml names no experiment; give experiment = 'NAME'."),
        ("experiment = []", "names no experiment"),
        ("experiment = 3", "experiment must be a text, got 3."),
        ("experiment = ['coherent-csi-2021', 'coherent-csi-2021']", "The experiments of a joint fit must differ"),
        ("experiment = 'coherent-csi-202'", "no experiment called 'coherent-csi-202'"),
        ("experiment = ", "run.toml is not valid TOML"),
    ],
)
def test_refused_experiments(cevnsjax, file, text, words):
    assert words in cevnsjax("fit", "--settings", file(text)).sentence


def test_files_that_are_something_else(cevnsjax, file, tmp_path):
    assert (
        "missing.toml cannot be read: No such file or directory."
        in cevnsjax("fit", "--settings", "missing.toml").sentence
    )
    assert "missing.json cannot be read" in cevnsjax("config", "missing.json").sentence
    (tmp_path / "latin.toml").write_bytes("experiment = 'é'".encode("latin-1"))
    assert "latin.toml cannot be read" in cevnsjax("fit", "--settings", "latin.toml").sentence
    for content in (
        "{",
        "[1, 2]",
        "3",
        '{"grid": {}}',
        '{"settings": "sm"}',
        '{"settings": [1]}',
        '{"settings": null}',
    ):
        assert "is not the run.json of a fit" in cevnsjax("config", file(content, "run.json")).sentence
    file('{"settings": {"experiment": "a", "modle": "sm"}}', "run.json")
    assert "did you mean 'model'" in cevnsjax("config", "run.json").sentence
    good = json.dumps({"settings": dataclasses.asdict(FitSettings(CSI))})
    assert "cannot be written" in cevnsjax("config", file(good, "run.json"), "--out", "no/run.toml").sentence
    assert "cannot be written" in cevnsjax("config", "run.json", "--out", tmp_path).sentence


@pytest.mark.slow
def test_joint_fit(cevnsjax, second, file, tmp_path, written):
    """From a file to results, and from these to the same settings."""
    names = [p.name for p in coherent_csi_2021().nuisances if p.name != "brn_events"]
    fixed = [f"{each}.{name}" for each in ("second", CSI) for name in names]
    text = f"experiment = {BOTH.split(',')}\nfix = {fixed}\nshare = ['brn_events']\nout = 'both'\n[sampler]\n"
    path = file(text + "chains = 2\nwarmup = 25\nsamples = 25\n")
    result = cevnsjax("fit", "--settings", path, "--set", f"experiments.{CSI}.mass_kg=14.5", "--json")
    assert result.code == 0, result.err
    events = [f"{each}.cevns_events" for each in ("second", CSI)]
    assert list(result.json["parameters"]) == ["signal_norm", "brn_events", *events]
    assert written(tmp_path / "both") == {"posterior.nc", "corner.png", "spectrum.png", "run.json"}
    posterior = xarray.load_dataset(tmp_path / "both" / "posterior.nc", group="posterior", engine="h5netcdf")
    assert posterior["brn_events"].shape == (2, 25)
    np.testing.assert_allclose(posterior[events[0]] / posterior[events[1]], 20.0 / 14.5, rtol=1e-9)
    # the settings of the run: those of the file and the option
    again = cevnsjax("config", Path("both") / "run.json")
    given = read_settings(path)
    assert read_settings(file(again.out, "again.toml")) == dataclasses.replace(
        given, set={f"experiments.{CSI}.mass_kg": 14.5}
    )


@pytest.mark.slow
def test_spectrum_of_two_experiments(cevnsjax, second, tmp_path):
    result = cevnsjax("spectrum", BOTH, "--set", f"experiments.{CSI}.mass_kg=10", "--plot", "both.svg", "--json")
    assert result.code == 0, result.err
    totals = {name: each["components"]["cevns"]["total"] for name, each in result.json["experiments"].items()}
    assert totals["second"] / totals[CSI] == pytest.approx(2.0, rel=1e-12)
    assert (tmp_path / "both.svg").stat().st_size > 10_000


@pytest.mark.slow
def test_two_experiments_on_the_command_line(cevnsjax, second):
    content = cevnsjax("list", "parameters", "--experiment", BOTH, "--json").json
    rows = {row["name"]: row for row in content["parameters"]}
    assert rows["signal_norm"]["paths"] == [f"experiments.{each}.signal_norm" for each in ("second", CSI)]
    assert rows["second.sns_flux_norm"]["free"]
    assert "brn_events" not in rows
    models = {row["name"]: row for row in cevnsjax("list", "models", "--experiment", BOTH, "--json").json["models"]}
    assert models["zprime"]["default_free"] == ["mass", "coupling"]
    sentence = cevnsjax("fit", BOTH, "--share", "brn_event").sentence
    assert "no nuisance parameter to share called 'brn_event'; did you mean 'brn_events'" in sentence
