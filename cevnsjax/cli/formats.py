"""Tables for other programs: comma-separated values with all digits, and LaTeX with those that one prints."""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from cevnsjax.errors import CevnsjaxError

CsvOption = Annotated[
    bool, typer.Option("--csv", help="Print one table of comma-separated values, all digits, and nothing else.")
]
LatexOption = Annotated[bool, typer.Option("--latex", help="Print one LaTeX table and nothing else.")]
Row = Mapping[str, Any]
"""A row of a table: texts, numbers, lists of texts or ``None`` by the name of the column."""

_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SPECIAL |= {"<": "$<$", ">": "$>$"}  # which the oldest of LaTeX's fonts lack
_SPECIAL |= {character: f"\\{character}" for character in "&%$#_{}"}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}|\[{_NUMBER}, {_NUMBER}\]")


class Format(StrEnum):
    """How results are printed."""

    text = "text"
    json = "json"
    csv = "csv"
    latex = "latex"


def chosen_format(as_json: bool, as_csv: bool, as_latex: bool) -> Format:
    """The format that the options ask for.

    Raises
    ------
    CevnsjaxError
        If they ask for several.
    """
    asked = [form for form, wanted in zip(list(Format)[1:], (as_json, as_csv, as_latex), strict=True) if wanted]
    if len(asked) > 1:
        raise CevnsjaxError(f"Give one of {' and '.join(f'--{form}' for form in asked)}.")
    return asked[0] if asked else Format.text


def print_rows(form: Format, rows: Sequence[Row], caption: str = "") -> None:
    """Print a table as comma-separated values or as LaTeX."""
    typer.echo(latex_table(rows, caption) if form is Format.latex else csv_table(rows), nl=False)


def csv_table(rows: Sequence[Row]) -> str:
    """A table with a line of names; what a row lacks, and numbers that are not finite, are empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _names(rows), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _csv_cell(value) for name, value in row.items()})
    return stream.getvalue()


def latex_table(rows: Sequence[Row], caption: str = "") -> str:
    """A table in a ``tabular``, which needs no package of LaTeX's; numbers have four digits, as texts those they have.

    The caption is a comment above it.
    """
    names = _names(rows)
    cells = [[_latex_cell(row.get(name)) for name in names] for row in rows]
    sides = ["r" if any(_is_number(row.get(name)) for row in rows) else "l" for name in names]
    lines = [f"% {line}" for line in caption.splitlines()]
    lines += [f"\\begin{{tabular}}{{{''.join(sides)}}}", r"\hline"]
    lines += [_line(map(_escaped, names)), r"\hline", *map(_line, cells), r"\hline", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _line(cells) -> str:
    return f"{' & '.join(cells)} \\\\"


def _csv_cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(float(value))
    return "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBERS.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _latex_cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "--"
    if isinstance(value, float):
        value = f"{value:.4g}"
    if _is_number(value):
        powers = re.sub(r"(\d\.?)[eE]([-+]?\d+)", lambda m: f"{m[1]}\\times10^{{{int(m[2])}}}", str(value))
        return f"${powers}$"
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return _escaped(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in text)
