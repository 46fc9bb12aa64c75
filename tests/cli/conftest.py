import json
from dataclasses import dataclass

import jax
import pytest

from cevnsjax.cli import main

CONFIGURED = (
    "jax_enable_x64",
    "jax_compilation_cache_dir",
    "jax_enable_compilation_cache",
    "jax_persistent_cache_min_compile_time_secs",
)


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def sentence(self):
        """The only line on stderr of a command that was refused."""
        assert self.code == 2, self
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err


@pytest.fixture
def cevnsjax(capsys, monkeypatch, tmp_path, tmp_path_factory, standard_promotion):
    """Run the command line in this process, in an empty folder, with no answers kept; then put back how JAX was."""
    before = {name: getattr(jax.config, name) for name in CONFIGURED}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    answers = tmp_path_factory.mktemp("answers")
    monkeypatch.setattr("cevnsjax.cli.kept.answers_folder", lambda: answers)

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(stopped.value.code or 0, captured.out, captured.err)

    yield run
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture
def written():
    """Names of files in a folder but for what a run has kept on its way, which is more where it takes longer."""

    def names(folder):
        return {file.name for file in folder.iterdir() if not file.name.startswith("steps-")}

    return names
