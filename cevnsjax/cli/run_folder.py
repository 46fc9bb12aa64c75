"""The folder of a run: whose results it holds, made before the work, and gone again if nothing came of it."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevnsjax.errors import OutputError
from cevnsjax.files import writable_folder

if TYPE_CHECKING:
    from cevnsjax.inference.checkpoint import Checkpoint

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
    from cevnsjax.inference.checkpoint import first_difference

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


def check_no_other_run(checkpoint: "Checkpoint", files: Iterable[str], force: bool) -> None:
    """Refuse to begin a fit where an interrupted one could go on, or where results of another one are.

    Parameters
    ----------
    checkpoint
        Where the fit keeps its own, and what it is told.
    files
        Names of all that it would write beside it.
    force
        Whether anything may be replaced.

    Raises
    ------
    OutputError
        If so.
    """
    from cevnsjax.inference.checkpoint import CHECKPOINT

    folder, wanted = checkpoint.folder, checkpoint.identity["schedule"]["samples"]
    if not force and (folder / CHECKPOINT).exists():
        difference, done = checkpoint.state()
        if difference is not None:
            raise OutputError(
                f"The folder {folder} holds another run ({difference}); give another --out, or --force to replace it."
            )
        if done < wanted:
            raise OutputError(
                f"The folder {folder} holds this run, interrupted after {done} of {wanted} draws; --resume goes on "
                "with it, --force begins again."
            )
    check_results(folder, RUN, files, checkpoint.identity, force)


def check_no_other_scan(folder: Path, identity: dict[str, Any], force: bool) -> None:
    """Refuse to begin a map where an interrupted one could go on.

    Parameters
    ----------
    folder
        Where the map keeps what is done.
    identity
        What it is told.
    force
        Whether anything may be replaced.

    Raises
    ------
    OutputError
        If so.
    """
    from cevnsjax.inference.journal import interrupted, is_kept

    if force or not is_kept(folder):
        return
    difference = interrupted(folder, identity)
    if difference is not None:
        raise OutputError(
            f"The folder {folder} holds another scan, interrupted ({difference}); give another --out, or --force to "
            "replace it."
        )
    raise OutputError(
        f"The folder {folder} holds this scan, interrupted; --resume goes on with it, --force begins again."
    )


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoint of another run.

    Raises
    ------
    OutputError
        If that cannot be.
    """
    from cevnsjax.inference.checkpoint import CHECKPOINT

    try:
        (folder / CHECKPOINT).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"The old checkpoint in {folder} cannot be removed: {error.strerror}.") from error


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
