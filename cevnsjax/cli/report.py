"""What a fit reports: a table and files."""

import contextlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import finite, say, tables, warn
from cevnsjax.cli.run_folder import RUN
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.inference import Model, Posterior

NARROW = 120
"""Width below which the table is squeezed, in characters."""

SAMPLES, CORNER, SPECTRUM = "posterior.nc", "corner.png", "spectrum.png"
RESULTS = (SAMPLES, RUN, CORNER, SPECTRUM)
"""Files of a fit, in the order in which they are written."""

HDI = {"bands_68": "68 % HDI", "bands_90": "90 % HDI"}
_SMALLEST, _LARGEST = 1e-6, 1e8
"""Numbers that are written without an exponent of ten."""


@dataclass
class Timings:
    """Wall time of the parts of a run, s.

    Attributes
    ----------
    build, warm_up, sampling, total
        Building the model, warm-up with its compilation, sampling until the posterior is there, everything.
    """

    build: float = 0.0
    warm_up: float = 0.0
    sampling: float = 0.0
    total: float = 0.0


def write_samples(folder: Path, posterior: "Posterior", options: dict[str, Any]) -> Path:
    """Write the samples, whole or not at all."""
    described = replace(posterior, attributes={"options": json.dumps(options)})
    return write_file(folder / SAMPLES, described.to_netcdf)


def write_run(folder: Path, report: dict[str, Any], options: dict[str, Any], timings: Timings) -> Path:
    """Write the record of a run: options, surroundings and summary, whole or not at all."""
    summary = {"summary": report["parameters"]} | {
        name: value for name, value in report.items() if name != "parameters"
    }
    run = options | surroundings() | {"timings_s": asdict(timings)} | summary
    return write_file(folder / RUN, lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n"))


def draw_plots(folder: Path, posterior: "Posterior", corner: list[str] | None = None) -> list[Path]:
    """Draw one plot after the other, in the corner what is chosen; what fails is said, and takes nothing else down."""
    from cevnsjax.inference import plots

    left_out: list[str] = []
    drawings = {
        CORNER: lambda path: left_out.extend(plots.plot_corner(posterior, path, corner)),
        SPECTRUM: lambda path: plots.plot_spectrum(posterior, path),
    }
    drawn = []
    for name, plot in drawings.items():
        remedy = f"everything else is in {folder}, and `cevnsjax plot {folder}` draws again without sampling"
        with optional(f"{folder / name} is not drawn", remedy):
            drawn.append(write_file(folder / name, plot))
    if not corner:
        say_left_out(CORNER, left_out, folder)
    return drawn


@contextlib.contextmanager
def optional(failure: str, remedy: str) -> Iterator[None]:
    """Do inside what a result can do without: if it fails, one sentence says that it has, why, and what to do.

    Parameters
    ----------
    failure
        What is not there then, as the beginning of the sentence.
    remedy
        Its end.
    """
    try:
        yield
    except Exception as error:  # whatever it is, the result must be reported
        reason = " ".join(str(error).split()).rstrip(".") or "no reason given"
        kind = "" if isinstance(error, CevnsjaxError) else f"{type(error).__name__}: "
        warn(f"{failure} ({kind}{reason[:200]}); {remedy}.")


def check_shown(model: "Model", names: list[str] | None) -> None:
    """Refuse what cannot be drawn, before anything is sampled.

    Raises
    ------
    UnknownNameError
        If the posterior will have no parameter of a name.
    """
    from cevnsjax.inference.drawn import described

    known = described(model)
    for name in names or ():
        if name not in known:
            raise UnknownNameError("parameter of this posterior", name, known)


def say_left_out(figure: str, names: list[str], folder: Path) -> None:
    """Say which parameters a figure does not show, and how to see them."""
    if names:
        say(f"note: {figure} leaves out {', '.join(names)}; `cevnsjax plot {folder} --parameters NAME` draws others.")


def surroundings() -> dict[str, Any]:
    """Versions and device of this process."""
    import jax

    from cevnsjax.inference.identity import versions

    device = jax.devices()[0]
    return {
        "versions": versions(),
        "device": {"platform": device.platform, "kind": device.device_kind, "count": jax.device_count()},
    }


def asimov_note(model: "Model") -> str:
    """What a title says of data that are a prediction."""
    from cevnsjax.experiment import asimov_names

    names = asimov_names(model.experiment)
    each = f" of {' and '.join(names)}" if len(model.experiment.parts) > len(names) else ""
    return f", fitted to the prediction (Asimov){each}" if names else ""


def summary_rows(report: dict[str, Any], units: dict[str, str]) -> list[dict[str, Any]]:
    """Rows of the table of a posterior, with all digits."""
    best = report["best_fit"] or {}
    return [
        {
            "parameter": name,
            "mean": row["mean"],
            "sd": row["sd"],
            **{
                f"hdi_{level}_{end}": row[f"hdi_{level}"][i]
                for level in (68, 90)
                for i, end in enumerate(("low", "high"))
            },
            **{level: interval_text(row[level], ".17g") for level in HDI},
            "ess_bulk": row["ess_bulk"],
            "ess_tail": row["ess_tail"],
            "r_hat": row["r_hat"],
            "best_fit": best.get(name),
            "unit": units[name],
        }
        for name, row in report["parameters"].items()
    ]


def summary_texts(
    report: dict[str, Any], units: dict[str, str], to: str = ", ", between: str = " or "
) -> list[dict[str, str]]:
    """Rows of the table of a posterior, with the digits that its spread allows.

    Parameters
    ----------
    report, units
        Summary, and the unit of each parameter.
    to, between
        What stands between the ends of an interval (brackets are around them if it is a comma), and between the
        intervals of separated bands.
    """
    best, rows = report["best_fit"] or {}, []
    for name, row in report["parameters"].items():
        form = number_form(row)
        rows.append(
            {"parameter": name, "mean": _text(row["mean"], form), "sd": _text(row["sd"], form)}
            | {title: interval_text(row[level], form, to, between) for level, title in HDI.items()}
            | {"best fit": _text(best[name], form) if name in best else "-"}
            | {"ESS": _text(row["ess_bulk"], ".0f"), "tails": _text(row["ess_tail"], ".0f")}
            | {"R-hat": _text(row["r_hat"], ".3f"), "unit": units[name]}
        )
    return rows


def goodness_of_fit(posterior: "Posterior") -> dict[str, dict[str, float]]:
    """Posterior predictive checks as plain numbers, by quantity; none of data that are a prediction."""
    import jax

    from cevnsjax.inference import posterior_predictive_p_value

    with optional("there is no goodness of fit", "the samples do not need one"):
        checks = posterior_predictive_p_value(posterior, jax.random.key(0))
        return {quantity: asdict(check) for quantity, check in checks.items()}
    return {}


def goodness_text(checks: dict[str, dict[str, float]]) -> str | None:
    """Posterior predictive p-values as a line; ``None`` where there is none."""
    each = [f"{check['p_value']:.3f} ({quantity})" for quantity, check in checks.items()]
    return f"posterior predictive p-values: {', '.join(each)}" if each else None


def print_summary(report: dict[str, Any], units: dict[str, str], title: str) -> None:
    """Print the table of a posterior, and how well the model describes the data where the report says so."""
    _print_table(report, units, title)
    if (text := goodness_text(report.get("goodness_of_fit", {}))) is not None:
        tables().print(text, markup=False)


def _print_table(report: dict[str, Any], units: dict[str, str], title: str) -> None:
    """Print the table of a posterior; on a narrow terminal two numbers below each other, so that nothing is cut off."""
    console = tables()
    if console.width < NARROW:
        console.print(_narrow_table(report, units, title, console.width))
        return
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("parameter", overflow="fold")
    for name in ("mean", "sd", *HDI.values(), "best fit", "ESS", "tails", "R-hat"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for row in summary_texts(report, units, " .. "):
        table.add_row(*map(escape, row.values()))
    console.print(table)


def _narrow_table(report: dict[str, Any], units: dict[str, str], title: str, width: int) -> Table:
    """A table without lines, two numbers below each other, with names on as many lines as they need."""
    heads = ("mean\nsd", *(name.replace("% ", "%\n") for name in HDI.values()), "best\nfit", "ESS\ntails", "R-hat")
    texts = summary_texts(report, units, " ..\n", " or\n")
    numbers = []
    for row in texts:
        pairs = f"{row['mean']}\n{row['sd']}", f"{row['ESS']}\n{row['tails']}"
        numbers.append((pairs[0], *(row[name] for name in HDI.values()), row["best fit"], pairs[1], row["R-hat"]))
    columns = zip(heads, *numbers, strict=True)
    left = width - sum(1 + max(len(line) for text in column for line in text.split("\n")) for column in columns) - 1
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    table.add_column("parameter\nunit", overflow="fold")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row, each in zip(texts, numbers, strict=True):
        called = folded(row["parameter"], max(left, 8)) + (f"\n  {row['unit']}" if row["unit"] else "")
        table.add_row(escape(called), *each)
    return table


def _text(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else "-"


def folded(name: str, width: int) -> str:
    """A long name on lines that end where one of its words does."""
    lines = [""]
    for word in re.findall(r"\.?[^._-]*[_-]?", name):
        if lines[-1] and word and (word[0] == "." or len(lines[-1] + word) > width):
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def number_form(row: dict[str, Any]) -> str:
    """Format of the numbers of a row: two digits of the spread; three of what ranges over orders of magnitude.

    Numbers that are not written without an exponent of ten have two digits each.
    """
    low, high = row["hdi_90"]
    if 0.0 < 30.0 * low < high:
        return "z.3g"
    largest = max(abs(row["mean"]), row["sd"])
    return f"z.{decimals(row['sd'])}f" if row["sd"] == 0.0 or _SMALLEST <= largest < _LARGEST else "z.2g"


def interval_text(bands: list[list[float]], form: str, to: str = " .. ", between: str = " or ") -> str:
    """Intervals of a region, of separated bands one after the other; in brackets if a comma is between their ends."""
    frame = "[{}]" if to == ", " else "{}"
    return between.join(frame.format(to.join(_text(end, form) for end in band)) for band in bands)


def decimals(spread: float) -> int:
    """Decimals that show two digits of a spread, between 0 and 8."""
    if not (spread > 0 and np.isfinite(spread)):
        return 4
    return int(np.clip(1 - np.floor(np.log10(float(f"{spread:.1e}"))), 0, 8))  # of 0.997, which is 1.0, one
