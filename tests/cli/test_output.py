"""Where results go: checked before any work, never another run's, and not lost with a plot that fails."""

import json
import os

import numpy as np
import pytest

from cevnsjax import experiment
from cevnsjax.cli.posterior_warnings import warnings
from cevnsjax.cli.report import CORNER, RESULTS, SPECTRUM, draw_plots, summary_rows, summary_texts
from cevnsjax.cli.run_folder import check_no_other_run, check_results
from cevnsjax.errors import OutputError
from cevnsjax.files import check_file, check_folder
from cevnsjax.inference import plots
from cevnsjax.inference.diagnostics import summarise
from cevnsjax.inference.identity import first_difference, kept_identity
from cevnsjax.inference.journal import Journal

CSI = "coherent-csi-2021"
LONG = "x" * 300
GRID = ("--grid", "signal_norm=0.5:1.5")


@pytest.fixture
def no_work(monkeypatch):
    """No command may get as far as to build an experiment."""

    def build(*given, **options):
        raise AssertionError("work was begun")

    monkeypatch.setattr(experiment, "named_experiment", build)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file", "file is a file, and no folder"),
        ("file/below", "file is a file, and no folder"),
        ("file/below/that", "file is a file, and no folder"),
        (LONG, "File name too long"),
        (f"new/{LONG}/below", "File name too long"),
        ("/proc/nothing", "cannot be written"),
        ("loop/below", "cannot be written"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [("fit", CSI), ("fit", CSI, "--resume"), ("calibrate", CSI), ("scan", CSI, *GRID), ("unfold", "nucleus-1")],
)
def test_folders_are_checked_first(cevnsjax, no_work, tmp_path, command, place, words):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    sentence = cevnsjax(*command, "--out", place).sentence
    assert sentence.startswith(f"error: The folder {place} cannot be written: ")
    assert words in sentence
    assert {each.name for each in tmp_path.iterdir()} == {"file", "loop"}
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere/it.{}", "there is no folder nowhere"),
        ("file/it.{}", "Not a directory"),
        ("folder.{}", "it is a folder"),
        (LONG + ".{}", "File name too long"),
        ("/proc/it.{}", "cannot be written"),
        ("mine.{}", "is there already"),
    ],
)
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("spectrum", CSI), "--plot"),
        (("check", CSI), "--plot"),
        (("config", "conus"), "--out"),
        (("config", "--schema"), "--out"),
    ],
)
def test_files_are_checked_first(cevnsjax, no_work, tmp_path, command, option, place, words):
    ending = "png" if option == "--plot" else "toml"
    (tmp_path / "file").write_text("mine")
    (tmp_path / f"mine.{ending}").write_text("mine")
    (tmp_path / f"folder.{ending}").mkdir()
    before = {each.name for each in tmp_path.iterdir()}
    assert words in cevnsjax(*command, option, place.format(ending)).sentence
    assert {each.name for each in tmp_path.iterdir()} == before
    assert (tmp_path / f"mine.{ending}").read_text() == "mine"


def test_a_name_that_cannot_be_one(cevnsjax, no_work, tmp_path):
    (tmp_path / "run.toml").write_text(f'experiment = "{CSI}"\nout = "a\\u0000b"\n')
    assert (
        r"The folder a\x00b cannot be written: embedded null byte" in cevnsjax("fit", "--settings", "run.toml").sentence
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_no_permission(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    for check, name in ((check_folder, "new"), (check_file, "new.png"), (check_folder, "")):
        with pytest.raises(OutputError, match="Permission denied"):
            check(tmp_path / "locked" / name)


def test_nothing_is_left_behind(tmp_path):
    check_folder(tmp_path / "a" / "b" / "c")
    check_file(tmp_path / "file.txt")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    check_folder(tmp_path / "a" / "b")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert not list((tmp_path / "a").iterdir())


def test_description_is_replaced_by_force_only(cevnsjax, tmp_path):
    assert cevnsjax("config", "conus", "--out", "mine.toml").code == 0
    (tmp_path / "mine.toml").write_text("edited")
    assert "--force" in cevnsjax("config", "conus", "--out", "mine.toml").sentence
    assert (tmp_path / "mine.toml").read_text() == "edited"
    assert cevnsjax("config", "conus", "--out", "mine.toml", "--force").code == 0
    assert "conus" in (tmp_path / "mine.toml").read_text()


def test_results_of_another_run(tmp_path):
    run = {"model": "sm", "set": {}, "parameters": [{"name": "a", "prior": "Normal(0, 1)"}], "numbers": "1"}
    check_results(tmp_path, "run.json", RESULTS, run, force=False)  # an empty folder
    (tmp_path / "notes.txt").write_text("mine")
    check_results(tmp_path, "run.json", RESULTS, run, force=False)
    (tmp_path / "corner.png").write_text("somebody's")
    with pytest.raises(OutputError, match=r"corner\.png is there already.*--force"):
        check_results(tmp_path, "run.json", RESULTS, run, force=False)
    check_results(tmp_path, "run.json", RESULTS, run, force=True)
    (tmp_path / "run.json").write_text(json.dumps(run | {"summary": {}, "timings_s": 3.0}))
    check_results(tmp_path, "run.json", RESULTS, run, force=False)  # the same run
    for changed, words in (
        ({"model": "nsi"}, "model: sm then, nsi now"),
        ({"set": {"mass_kg": 3.0}}, "mass_kg: none then, 3.0 now"),
        ({"parameters": [{"name": "b", "prior": "Normal(0, 1)"}]}, "parameters: a then, b now"),
        ({"parameters": [{"name": "a", "prior": "Normal(0, 2)"}]}, "prior: Normal"),
        ({"numbers": "2"}, "other numbers in its data"),
    ):
        with pytest.raises(OutputError, match=words) as refused:
            check_results(tmp_path, "run.json", RESULTS, run | changed, force=False)
        assert "--force" in str(refused.value)
        check_results(tmp_path, "run.json", RESULTS, run | changed, force=True)
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(OutputError, match="not known"):
        check_results(tmp_path, "run.json", RESULTS, run, force=False)


def test_interrupted_runs(tmp_path):
    identity = {"seed": 1, "schedule": {"samples": 100}}
    kept = kept_identity(identity)

    def begin(folder=tmp_path, now=identity, force=False):
        check_no_other_run(folder, "run.json", RESULTS, now, kept_identity(now), force)

    begin()
    journal = Journal(tmp_path, kept)
    journal(lambda: [np.zeros(3)])
    journal.save()
    with pytest.raises(OutputError, match="holds this run, interrupted; --resume goes on with it, --force begins"):
        begin()
    begin(force=True)
    with pytest.raises(OutputError, match=r"another run \(seed: 1 then, 2 now\).*--force"):
        begin(now=identity | {"seed": 2})
    (tmp_path / "run.json").write_text(json.dumps(identity | {"interrupted": True}))
    with pytest.raises(OutputError, match="--resume goes on"):
        begin()
    (tmp_path / "run.json").write_text(json.dumps(identity))
    begin()  # done: it may be done again
    with pytest.raises(OutputError, match=r"results of another run \(samples: 100 then, 200 now\)"):
        begin(now={"seed": 1, "schedule": {"samples": 200}})
    (tmp_path / "steps-00000.npz").write_bytes(b"nothing")
    with pytest.raises(OutputError, match=r"damaged; give --force"):
        begin()


def test_first_difference():
    assert first_difference({"a": 1, "b": 2}, {"a": 1}) is None
    assert first_difference({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}) == "y: 2 then, none now"
    assert first_difference({"a": [1, 2]}, {"a": []}) == "a: 1, 2 then, none now"
    two = [{"name": "a"}, {"name": "b"}]
    assert first_difference({"p": two[:1]}, {"p": two}) == "p: a then, a, b now"


def test_force_and_resume_contradict(cevnsjax, no_work):
    assert "give one of them" in cevnsjax("fit", CSI, "--force", "--resume").sentence


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (AssertionError("more dimensions\nthan samples"), "(AssertionError: more dimensions than samples)"),
        (ValueError(), "(ValueError: no reason given)"),
        (OutputError("The disk is full."), "(The disk is full)"),
        (MemoryError("too much"), "MemoryError"),
    ],
)
def test_a_plot_that_fails_takes_nothing_down(monkeypatch, capsys, tmp_path, fault, words):
    def fail(posterior, path, corner):
        path.write_text("half")
        raise fault

    monkeypatch.setattr(plots, "plot_corner", fail)
    monkeypatch.setattr(plots, "plot_spectrum", lambda posterior, path: path.write_text("whole"))
    assert draw_plots(tmp_path, None) == [tmp_path / SPECTRUM]
    assert [each.name for each in tmp_path.iterdir()] == [SPECTRUM]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(tmp_path / CORNER) in said
    assert words in said
    assert f"`cevnsjax plot {tmp_path}` draws again without sampling" in said


@pytest.mark.parametrize(
    "draws",
    [np.ones((1, 1)), np.zeros((2, 2)), np.full((4, 100), 3.0), np.full((2, 9), np.nan), np.arange(3.0)[None]],
    ids=["one", "two", "constant", "nan", "three"],
)
def test_tables_of_draws_that_say_nothing(draws):
    report = {"parameters": {"a": summarise(draws)}, "best_fit": None}
    (row,) = summary_texts(report, {"a": "keV"})
    assert (row["ESS"], row["R-hat"], row["best fit"], row["unit"]) == ("-", "-", "-", "keV")
    assert "nan" not in " ".join(row.values())
    (raw,) = summary_rows(report, {"a": "keV"})
    assert raw["best_fit"] is None
    (warning,) = warnings(report["parameters"], 0)
    assert "nothing says whether the chains of a can be trusted" in warning
