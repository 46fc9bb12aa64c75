"""``cevnsjax validate``: published numbers against this package."""

import fnmatch
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    JsonOption,
    PrecisionOption,
    configure_jax,
    examples,
    print_json,
    reports_errors,
    tables,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.progress import stages
from cevnsjax.errors import UnknownNameError

DISAGREEMENT = 1

VALIDATE_EXAMPLES = examples(
    "cevnsjax validate",
    "cevnsjax validate --only 'csi-2021-count*'",
    "cevnsjax validate --json",
)


COLOURS = {"holds": "green", "fails": "bold red"}


@reports_errors
def validate(
    only: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only the numbers whose id matches, like 'csi-*'.")
    ] = "*",
    precision: PrecisionOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Compute every published number again and print both; exit with 1 if one does not hold."""
    form = chosen_format(as_json, as_csv, as_latex)
    configure_jax(precision)
    from cevnsjax.validation import PUBLISHED, compare

    chosen = [entry for entry in PUBLISHED if fnmatch.fnmatchcase(entry.id.casefold(), only.casefold())]
    if not chosen:
        raise UnknownNameError("published number", only, [entry.id for entry in PUBLISHED])
    rows: list[dict[str, Any]] = []
    with stages(transient=True) as shown:
        shown.begin("validating", len(chosen))
        for entry in chosen:
            shown.update("validating", len(rows), len(chosen), entry.id + (" (slow)" if entry.slow else ""))
            comparison = compare(entry)
            rows.append(
                {
                    name: getattr(entry, name)
                    for name in ("id", "source", "convention", "published", "tolerance", "unit")
                }
                | {"computed": comparison.computed, "verdict": "holds" if comparison.holds else "fails"}
            )
    holds = all(row["verdict"] == "holds" for row in rows)
    if form is Format.json:
        print_json({"holds": holds, "numbers": rows})
    elif form is Format.text:
        _print(rows)
    else:
        print_rows(form, rows)
    if not holds:
        raise typer.Exit(DISAGREEMENT)


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table(show_lines=True, expand=True)
    for name, ratio in (("id", 3), ("source", 4), ("convention", 6)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for name in ("published", "computed", "tolerance"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unit")
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        texts = [escape(row[name]) for name in ("id", "source", "convention")]
        numbers = [f"{row[name]:.6g}" for name in ("published", "computed", "tolerance")]
        table.add_row(*texts, *numbers, escape(row["unit"]), f"[{COLOURS[row['verdict']]}]{row['verdict']}[/]")
    console = tables()
    console.print(table)
    console.print(f"{sum(row['verdict'] == 'holds' for row in rows)} of {len(rows)} hold")
