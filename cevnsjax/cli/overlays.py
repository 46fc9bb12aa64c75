"""Overlays on the command line: packaged ones by name and others by file, and those that a run's record holds."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevnsjax.errors import OutputError
from cevnsjax.overlays import Overlay, overlay, read_overlay

if TYPE_CHECKING:
    from cevnsjax.inference.overlay_curves import Curve

OverlayOption = Annotated[
    list[str] | None,
    typer.Option(
        "--overlay",
        metavar="NAME",
        help="Published curve to be drawn over the map, as `cevnsjax list overlays` shows it, or a file ending in .csv "
        "of the same schema; repeatable, or with commas.",
    ),
]


def read_overlays(given: Iterable[str]) -> list[Overlay]:
    """Read overlays by name or by file, each once.

    Raises
    ------
    UnknownNameError
        If a name is not known.
    DataFileError
        If a file is missing or malformed.
    """
    return [read_overlay(Path(text)) if text.endswith(".csv") else overlay(text) for text in dict.fromkeys(given)]


def curves_of_run(record: Path) -> "list[Curve]":
    """Read what was drawn over a map from the record of its scan; nothing if there is no record.

    Raises
    ------
    OutputError
        If it is no record of a scan.
    """
    from cevnsjax.inference.overlay_curves import Curve

    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        return [Curve.from_record(each) for each in content.get("overlays", ())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"The file {record} cannot be read as the record of a scan: {error}.") from None
