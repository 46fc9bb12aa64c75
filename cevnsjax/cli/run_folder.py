"""The folder of a run: whose results it holds, made before the work, and gone again if nothing came of it."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cevnsjax.errors import OutputError
from cevnsjax.files import writable_folder

RUN = "run.json"
"""The record of a fit."""

ForceOption = Annotated[bool, typer.Option("--force", help="Replace the results of another run in the folder.")]


def check_results(folder: Path, record: str, files: Iterable[str], now: Mapping[str, Any], force: bool) -> None:
    """Refuse a folder with results of another run, or of what is not known to be this one.

    Results of the same run are the same numbers again: they may be replaced.

    Parameters
    ----------
    folder
        The folder.
    record
        Name of the file in it that says of which run it is.
    files
        Names of all that the run would write.
    now
        What the run is told, as plain values by the names of the record.
    force
        Whether anything may be replaced.

    Raises
    ------
    OutputError
        If so.
    """
    from cevnsjax.inference.identity import first_difference

    held = [name for name in files if (folder / name).exists()]
    if force or not held:
        return
    remedy = "give another --out, or --force to replace it"
    try:
        before = dict(json.loads((folder / record).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise OutputError(f"{folder / held[0]} is there already, of a run that is not known; {remedy}.") from None
    difference = first_difference(before, json.loads(json.dumps(dict(now))))
    if difference is not None:
        raise OutputError(f"The folder {folder} holds the results of another run ({difference}); {remedy}.")


def check_no_other_run(
    folder: Path,
    record: str,
    files: Iterable[str],
    now: Mapping[str, Any],
    kept: dict[str, Any],
    force: bool,
) -> None:
    """Refuse to begin a run where an interrupted one could go on, or where results of another one are.

    Parameters
    ----------
    folder
        The folder.
    record
        Name of the file in it that says of which run it is, and whether that was interrupted.
    files
        Names of all that the run would write.
    now
        What the run is told, as plain values by the names of the record.
    kept
        What must be the same to go on with what is kept there.
    force
        Whether anything may be replaced.

    Raises
    ------
    OutputError
        If so.
    """
    from cevnsjax.inference.journal import interrupted, is_kept

    if not force and is_kept(folder):
        difference = interrupted(folder, kept)
        if difference is not None:
            raise OutputError(
                f"The folder {folder} holds another run ({difference}); give another --out, or --force to replace it."
            )
        if not _is_finished(folder / record):
            raise OutputError(
                f"The folder {folder} holds this run, interrupted; --resume goes on with it, --force begins again."
            )
    check_results(folder, record, files, now, force)


def _is_finished(record: Path) -> bool:
    try:
        return not dict(json.loads(record.read_text(encoding="utf-8"))).get("interrupted", False)
    except (OSError, ValueError, TypeError):
        return False


@contextlib.contextmanager
def run_folder(folder: Path):
    """Make the folder of a run for what is kept of it; leave none behind that is empty.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    new = not folder.exists()
    writable_folder(folder)
    try:
        yield
    finally:
        if new:
            with contextlib.suppress(OSError):  # it holds something
                folder.rmdir()
