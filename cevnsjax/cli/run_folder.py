"""The folder of a run: made before sampling, and gone again if nothing was sampled."""

import contextlib
from pathlib import Path

from cevnsjax.cli.common import writable_folder
from cevnsjax.errors import OutputError


@contextlib.contextmanager
def run_folder(folder: Path, resume: bool):
    """Make the folder of a run for its checkpoint, without that of another run; leave none behind that is empty.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from cevnsjax.inference.checkpoint import CHECKPOINT

    new = not folder.exists()
    writable_folder(folder)
    if not resume:
        try:
            (folder / CHECKPOINT).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"The old checkpoint in {folder} cannot be removed: {error.strerror}.") from error
    try:
        yield
    finally:
        if new:
            with contextlib.suppress(OSError):  # it holds something
                folder.rmdir()
