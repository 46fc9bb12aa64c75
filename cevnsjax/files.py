"""Files that are there whole or not at all, and whether they can be there, asked before the work for them is done."""

import contextlib
import tempfile
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
    partial = _partial(path)
    try:
        write(partial)
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"The file {path} cannot be written: {_reason(error)}.") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return path


def check_file(path: Path) -> None:
    """Refuse a file that could not be written, and leave nothing behind.

    Raises
    ------
    OutputError
        If its folder is missing or cannot be written, a folder is in its place, or its name is none.
    """
    try:
        if path.is_dir():
            raise OutputError(f"The file {path} cannot be written: it is a folder.")
        partial = _partial(path)
        partial.touch()  # what write_file will do
        partial.unlink()
    except FileNotFoundError:
        raise OutputError(
            f"The file {path} cannot be written: there is no folder {path.parent}; make it first."
        ) from None
    except (OSError, ValueError) as error:
        raise OutputError(f"The file {path} cannot be written: {_reason(error)}.") from None


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written, and leave nothing behind.

    Raises
    ------
    OutputError
        If so.
    """
    made: list[Path] = []
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not _is_there(path)]):
            missing.mkdir()
            made.append(missing)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        in_the_way = next((path for path in (folder, *folder.parents) if _is_file(path)), None)
        reason = f"{in_the_way} is a file, and no folder" if in_the_way else _reason(error)
        raise OutputError(f"The folder {folder} cannot be written: {reason}.") from None
    finally:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()


def writable_folder(folder: Path) -> None:
    """Make a folder and make sure that files can be written there.

    Raises
    ------
    OutputError
        If not.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be written: {_reason(error)}.") from error


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.stem}.partial{path.suffix}")


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _is_file(path: Path) -> bool:
    try:
        return _is_there(path) and not path.is_dir()
    except (OSError, ValueError):
        return False


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
