"""Results of computations in their order, kept on disk: what was killed says them again, and goes on.

A calculation whose every step follows from the results of those before it needs no other state: begun again, it is
given the results that are kept in the place of computing them, and ends with the same digits as if nothing had been.
"""

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cevnsjax.errors import OutputError
from cevnsjax.files import write_file
from cevnsjax.inference.identity import first_difference, versions

SAVE_EVERY_S = 10.0
"""Work that is lost when a process is killed, in seconds."""

_NAME = "steps-{:05d}.npz"


Keep = Callable[..., list[np.ndarray]]
"""Called with a function that computes the results of a step, and the arrays that they follow from; the results."""


def computed(compute: Callable[[], Sequence[Any]], *inputs: np.ndarray) -> list[np.ndarray]:
    """The results of a step, computed: what keeps nothing."""
    return [np.asarray(each) for each in compute()]


class Journal:
    """Results of steps in their order, in files of some seconds of work each.

    Parameters
    ----------
    folder
        Where: a folder that is there.
    identity
        What is computed, as plain values: kept in every file, with the versions of what computes, and must be the same
        to go on.
    resume
        Whether to begin with what is kept; if not, that is removed.

    Attributes
    ----------
    replays
        Whether the last step was one that is kept.

    Raises
    ------
    OutputError
        If there is nothing to resume from, what is kept is of another calculation, or the folder cannot be written.
    """

    replays = False

    def __init__(self, folder: Path, identity: dict[str, Any], resume: bool = False):
        self.folder, self.identity = folder, identity
        self._files, self._new, self._saved = 0, [], time.monotonic()
        if resume:
            check_kept(folder, identity)
        else:
            forget(folder)
        self._kept = self._read() if resume else iter(())

    def __call__(self, compute: Callable[[], Sequence[Any]], *inputs: np.ndarray) -> list[np.ndarray]:
        """The results of a step: those that are kept of it, or computed ones.

        Parameters
        ----------
        compute
            Function without arguments that returns arrays.
        inputs
            Arrays that they follow from: what is kept of others is of another version of the program.

        Raises
        ------
        OutputError
            If so, or a file cannot be written.
        """
        asked = _digest(inputs)
        found = next(self._kept, None)
        self.replays = found is not None
        if found is not None:
            before, results = found
            if before != asked:
                raise OutputError(
                    f"What is kept in {self.folder} was computed by another version or on another machine; give "
                    "--force in the place of --resume, which begins again."
                )
            return results
        results = computed(compute)
        self._new.append((asked, results))
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            self.save()
        return results

    def save(self) -> None:
        """Write what is not yet on disk.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self._new:
            arrays = {f"{step}_{i}": each for step, (_, some) in enumerate(self._new) for i, each in enumerate(some)}
            arrays["inputs"] = np.array([asked for asked, _ in self._new])
            arrays["identity"] = np.array(json.dumps(_with_versions(self.identity)))
            file = self.folder / _NAME.format(self._files)
            write_file(file, lambda path: np.savez(path, allow_pickle=False, **arrays))
            self._files, self._new = self._files + 1, []
        self._saved = time.monotonic()

    def _read(self) -> Iterator[tuple[str, list[np.ndarray]]]:
        """Steps of all files that can be read, up to the first that cannot."""
        while (arrays := _arrays(self.folder / _NAME.format(self._files))) is not None:
            self._files += 1
            for step, asked in enumerate(arrays["inputs"]):
                number = sum(name.startswith(f"{step}_") for name in arrays)
                yield str(asked), [arrays[f"{step}_{i}"] for i in range(number)]
        for later in _files(self.folder)[self._files :]:  # which begin with other steps than what is written next
            later.unlink()


def interrupted(folder: Path, identity: dict[str, Any]) -> str | None:
    """How the calculation that is kept in a folder differs from one; ``None`` where in nothing.

    Raises
    ------
    OutputError
        If nothing is kept there, or it is damaged.
    """
    first = folder / _NAME.format(0)
    if not first.exists():
        raise OutputError(f"There is nothing to resume from in {folder}; run without --resume first.")
    arrays = _arrays(first)
    if arrays is None:
        raise OutputError(f"The file {first} is damaged; give --force, and not --resume, to begin again.")
    before, now = dict(json.loads(str(arrays["identity"]))), json.loads(json.dumps(_with_versions(identity)))
    return first_difference(before, {name: now.get(name) for name in (*now, *before)})


def check_kept(folder: Path, identity: dict[str, Any]) -> None:
    """Refuse to go on from a folder where nothing is kept, or another calculation.

    Raises
    ------
    OutputError
        If so.
    """
    difference = interrupted(folder, identity)
    if difference is not None:
        raise OutputError(
            f"What is kept in {folder} is of other options ({difference}); give the same options as then, or --force "
            "in the place of --resume, which replaces it."
        )


def forget(folder: Path) -> None:
    """Remove what is kept: the calculation is at its end, or begins anew.

    Raises
    ------
    OutputError
        If that cannot be.
    """
    try:
        for file in _files(folder):
            file.unlink()
    except OSError as error:
        raise OutputError(f"What is kept in {folder} cannot be removed: {error.strerror}.") from error


def _files(folder: Path) -> list[Path]:
    """Files of a calculation in their order, then what is left of one that was being written."""
    return [*sorted(folder.glob("steps-*.npz")), *folder.glob(".steps-*.npz")]


def is_kept(folder: Path) -> bool:
    """Whether a folder has something to go on from, or what is damaged of it."""
    return (folder / _NAME.format(0)).exists()


def _arrays(file: Path) -> dict[str, np.ndarray] | None:
    try:
        with file.open("rb") as stream, np.load(stream) as stored:
            arrays = dict(stored)
            return arrays if {"identity", "inputs"} <= arrays.keys() else None  # somebody's own file
    except (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def _with_versions(identity: dict[str, Any]) -> dict[str, Any]:
    return identity | {"versions": versions()}


def _digest(arrays: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
