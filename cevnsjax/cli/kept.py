"""Answers that are kept on disk: what was asked before is answered again without JAX and without an experiment.

An answer holds as long as all that it depends on is the same: the question, the description of the experiment and
every file that it names, the package's code and data, and the libraries that compute and draw it.
"""

import contextlib
import hashlib
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

import cevnsjax
from cevnsjax.errors import OutputError
from cevnsjax.files import write_file
from cevnsjax.tables import data_folder

_LIBRARIES = ("equinox", "jax", "jaxlib", "matplotlib", "numpy", "numpyro", "scipy")
_MOST = 100  # that are kept: the latest


def kept(question: dict[str, Any], experiment: str, find: Callable[[], Any]) -> Any:
    """Answer a question about experiments from what is kept, or else find the answer and keep it.

    Parameters
    ----------
    question
        What is asked: texts, numbers and truth values by name.
    experiment
        Names or files of experiments, with commas between.
    find
        Function that finds the answer, which JSON can hold.

    Returns
    -------
    Any
        The answer as JSON has it: lists in place of tuples.
    """
    key = _key(question, experiment)
    file = answers_folder() / f"{key}.json"
    if key is not None:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(file.read_text(encoding="utf-8"))
    text = json.dumps(find())
    # a file that was edited meanwhile has given an answer to another question
    if key is not None and key == _key(question, experiment):
        with contextlib.suppress(OSError, OutputError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_file(file, lambda path: path.write_text(text, encoding="utf-8"))
            for old in sorted(file.parent.glob("*.json"), key=lambda each: each.stat().st_mtime)[:-_MOST]:
                old.unlink()
    return json.loads(text)


def answers_folder() -> Path:
    """Where answers are kept: beside compiled programs, unless these are on another machine."""
    given = os.environ.get("JAX_COMPILATION_CACHE_DIR", "")
    return Path(given if given and "://" not in given else user_cache_dir("cevnsjax")) / "answers"


def _key(question: dict[str, Any], experiment: str) -> str | None:
    """Name of an answer, by everything that it depends on; none where a description cannot be read."""
    digest = hashlib.sha256(json.dumps([question, experiment, sys.version, *map(version, _LIBRARIES)]).encode())
    digest.update(repr(sorted(each for each in os.environ.items() if each[0].startswith(("JAX_", "MPL")))).encode())
    for folder in (Path(cevnsjax.__file__).parent, data_folder()):
        for file in sorted(folder.rglob("*.*")):
            if file.suffix != ".pyc":  # which Python writes of the others
                status = file.stat()
                digest.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
    try:
        for each in experiment.split(","):
            for file in _files(Path(each.strip())) if each.strip().endswith(".toml") else ():
                digest.update(f"{file} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    except (OSError, ValueError):
        return None
    return digest.hexdigest()


def _files(description: Path) -> Iterator[Path]:
    """A description, and every file that a text in it names."""
    yield description
    for text in _texts(tomllib.loads(description.read_text(encoding="utf-8-sig"))):
        file = description.parent / text
        with contextlib.suppress(OSError, ValueError):  # texts that cannot be names
            if file.is_file():
                yield file


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, (dict, list)):
        for each in content.values() if isinstance(content, dict) else content:
            yield from _texts(each)
