"""Answers that are kept: given again as they were, and found anew as soon as anything is another."""

import json
import os
import subprocess
import sys

import pytest

from cevnsjax.cli.kept import kept

DESCRIPTION = """
[quenching]
file = "curve.csv"
[[levels]]
file = "more.csv"
[data]
text = "a text\\u0000 that cannot be the name of a file"
"""
QUESTION = {"command": "test", "number": 1}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Ask a question about a description with files beside it; a number counts how often the answer was found."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "kept"))
    for name in ("curve.csv", "more.csv", "other.csv"):
        (tmp_path / name).write_text(name)
    (tmp_path / "detector.toml").write_text(DESCRIPTION)
    found = []

    def find():
        found.append(None)
        return {"times": len(found), "pair": (0.1, None)}

    def ask(question=QUESTION, experiment=str(tmp_path / "detector.toml")):
        return kept(question, experiment, find)["times"]

    assert kept(QUESTION, "name", lambda: {"pair": (0.1, None)}) == {"pair": [0.1, None]}
    assert ask() == 1
    assert ask() == 1
    return ask


@pytest.mark.parametrize("name", ["detector.toml", "curve.csv", "more.csv"])
def test_a_file_that_changes_is_read_again(asked, tmp_path, name):
    """Even if neither its length nor its time has changed."""
    file = tmp_path / name
    before, content = file.stat(), file.read_text()
    file.write_text(content.replace("e", "f"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert asked() == 2
    file.write_text(content)
    assert asked() == 1


def test_what_it_does_not_depend_on(asked, tmp_path):
    (tmp_path / "other.csv").write_text("changed")
    (tmp_path / "curve.csv").touch()
    assert asked() == 1


def test_questions_are_told_apart(asked, tmp_path):
    assert asked(QUESTION | {"number": 2}) == 2
    assert asked(experiment="conus") == 3
    assert asked(experiment=f"conus,{tmp_path / 'detector.toml'}") == 4
    assert asked() == 1


def test_another_library_or_setting(asked, monkeypatch):
    monkeypatch.setattr("cevnsjax.cli.kept.version", lambda name: "999")
    assert asked() == 2
    monkeypatch.setenv("JAX_DEFAULT_MATMUL_PRECISION", "highest")
    assert asked() == 3


def test_another_version_of_the_package(asked, tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    module = tmp_path / "package" / "module.py"
    module.write_text("one")
    monkeypatch.setattr("cevnsjax.__file__", str(tmp_path / "package" / "__init__.py"))
    assert asked() == 2
    (tmp_path / "package" / "module.pyc").touch()
    assert asked() == 2
    module.write_text("other")
    assert asked() == 3


@pytest.mark.parametrize("spoiled", ["", "{", "\u0000"])
def test_what_is_spoiled_is_found_again(asked, tmp_path, spoiled):
    for file in (tmp_path / "kept" / "answers").iterdir():
        file.write_text(spoiled)
    assert asked() == 2
    assert asked() == 2


def test_nothing_can_be_kept(asked, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "file"))
    assert asked() == 2
    assert asked() == 3


@pytest.mark.parametrize("content", [None, "not TOML", b"\xff"])
def test_a_description_that_cannot_be_read(asked, tmp_path, content):
    """Whoever finds the answer says why."""
    file = tmp_path / "detector.toml"
    file.unlink()
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert asked() == 2
    assert asked() == 3


def test_a_file_that_changes_meanwhile(asked, tmp_path):
    """What was found is not the answer to what was asked."""

    def find():
        (tmp_path / "curve.csv").write_text("meanwhile")
        return "found"

    file = str(tmp_path / "detector.toml")
    assert kept({}, file, find) == "found"
    assert kept({}, file, lambda: "again") == "again"


def test_the_latest_are_kept(asked, tmp_path, monkeypatch):
    monkeypatch.setattr("cevnsjax.cli.kept._MOST", 3)
    for number in range(2, 7):
        asked(QUESTION | {"number": number})
    assert len(list((tmp_path / "kept" / "answers").iterdir())) == 3
    assert asked(QUESTION | {"number": 6}) == 6


@pytest.mark.parametrize("command", ["list", "check"])
def test_what_is_kept_needs_no_jax(tmp_path, command):
    """And is what was said before, with what was said on stderr and the picture."""
    program = (
        "import sys\nfrom cevnsjax.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "except SystemExit as stopped:\n    assert not stopped.code\n"
        "print(bool({'jax', 'equinox', 'scipy', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    arguments = {"list": ("list", "parameters", "--paths", "--json"), "check": ("check", "conus", "--json")}[command]

    def run():
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env=os.environ | {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "kept")},
        )
        pictures = {file.name: file.read_bytes() for file in tmp_path.glob("*.png")}
        for file in tmp_path.glob("*.png"):
            file.unlink()
        return done.stdout, done.stderr, pictures

    out, err, pictures = run()
    assert json.loads(out)
    assert err.endswith("True\n")
    assert len(pictures) == (command == "check")
    assert run() == (out, err.replace("True", "False"), pictures)
