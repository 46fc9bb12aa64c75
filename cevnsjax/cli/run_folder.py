"""The folder of a run: what is in it before, during and after sampling."""

import contextlib
import json
from pathlib import Path
from typing import Any

from cevnsjax.cli.common import writable_folder, write_file
from cevnsjax.errors import OutputError

OPTIONS_FILE = "checkpoint.json"
"""Options of the run that the checkpoint beside it belongs to."""


@contextlib.contextmanager
def run_folder(folder: Path, options: dict[str, Any], resume: bool):
    """Make the folder of a run for its checkpoint; leave none behind if nothing was sampled.

    Raises
    ------
    OutputError
        If it cannot be written, or holds no checkpoint of the same run to resume from.
    """
    from cevnsjax.inference.run import CHECKPOINT

    checkpoint, description = folder / CHECKPOINT, folder / OPTIONS_FILE
    if resume:
        _check_options(folder, options)
        writable_folder(folder)
        yield
        return
    new = not folder.exists()
    writable_folder(folder)
    try:
        checkpoint.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"The old checkpoint {checkpoint} cannot be removed: {error.strerror}.") from error
    write_file(description, lambda path: path.write_text(json.dumps(options, indent=2)))
    try:
        yield
    finally:
        if not checkpoint.exists():
            description.unlink(missing_ok=True)
            if new:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def check_checkpoint(folder: Path) -> None:
    """Refuse to resume where there is nothing to resume from."""
    from cevnsjax.inference.run import CHECKPOINT

    if not (folder / CHECKPOINT).exists():
        raise OutputError(f"There is no checkpoint to resume from in {folder}; run without --resume first.")


def _check_options(folder: Path, options: dict[str, Any]) -> None:
    description = folder / OPTIONS_FILE
    try:
        before = json.loads(description.read_text())
        different = [name for name, value in options.items() if before[name] != value]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"The file {description} is missing or damaged; run without --resume.") from error
    if different:
        example = _difference(before[different[0]], options[different[0]])
        raise OutputError(
            f"The run in {folder} has other options ({', '.join(different)}; {example}); give the same options as "
            "then, or run without --resume."
        )


def _difference(before: Any, now: Any) -> str:
    """The first difference of two options in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in (*now, *before):
            if before.get(name) != now.get(name):
                return f"{name}: {before.get(name)} then, {now.get(name)} now"
    if isinstance(before, list) and isinstance(now, list):
        for old, new in zip(before, now, strict=False):
            if old != new:
                return (
                    _difference(old, new) if old.get("name") == new.get("name") else f"{old['name']} or {new['name']}"
                )
        return f"{len(before)} then, {len(now)} now"
    return f"{before} then, {now} now"
