"""Files that are there whole or not at all."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cevnsjax.errors import OutputError


def write_file(path: Path, write: Callable[[Path], Any]) -> Path:
    """Write a file under a temporary name beside it, then move it into place: it is there whole or not at all.

    Parameters
    ----------
    path
        Where.
    write
        Function that writes the file whose path it is given.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(partial)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"The file {path} cannot be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return path
