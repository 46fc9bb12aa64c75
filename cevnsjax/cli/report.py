"""What a fit reports: a table, warnings, and files."""

import contextlib
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import finite, say, tables
from cevnsjax.cli.run_folder import RUN
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.inference import Model, Posterior

NARROW = 112
"""Width below which the table is squeezed, in characters."""

SAMPLES, CORNER, SPECTRUM = "posterior.nc", "corner.png", "spectrum.png"
RESULTS = (SAMPLES, RUN, CORNER, SPECTRUM)
"""Files of a fit, in the order in which they are written."""

HDI = {"hdi_68": "68 % HDI", "hdi_90": "90 % HDI"}
LARGEST_R_HAT, SMALLEST_ESS = 1.01, 400.0


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


def warnings(summary: dict[str, dict], divergences: int) -> list[str]:
    """Say what is wrong with a posterior, and what to do about it.

    Parameters
    ----------
    summary
        Summary by parameter name.
    divergences
        Number of divergent transitions.
    """
    found = []
    unknown = [name for name, row in summary.items() if math.isnan(row["r_hat"]) or math.isnan(row["ess_bulk"])]
    if unknown:
        found.append(
            f"nothing says whether the chains of {', '.join(unknown)} can be trusted: fewer than four draws, or draws "
            "that are all the same. Raise --samples and --warmup."
        )
    unmixed = [name for name, row in summary.items() if row["r_hat"] > LARGEST_R_HAT]
    if unmixed:
        found.append(
            f"R-hat is above {LARGEST_R_HAT} for {', '.join(unmixed)}: the chains disagree. Raise --warmup and "
            "--samples; if the posterior has separated bands, raise --chains, so that each band holds several (chains "
            "start dispersed like the prior)."
        )
    small = [name for name, row in summary.items() if row["ess_bulk"] < SMALLEST_ESS]
    if small:
        found.append(
            f"the effective sample size is below {SMALLEST_ESS:.0f} for {', '.join(small)}: raise --samples or "
            "--chains."
        )
    if divergences:
        found.append(
            f"{divergences} divergent transitions: the posterior has corners that the sampler cannot follow. Raise "
            "--warmup, or narrow the priors."
        )
    return found


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
        remedy = f"everything else is in {folder}, and the same command with --resume draws again without sampling"
        with optional(f"{folder / name} is not drawn", remedy):
            drawn.append(write_file(folder / name, plot))
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
        say(f"warning: {failure} ({kind}{reason[:200]}); {remedy}.", "yellow")


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
    import platform
    from importlib.metadata import version

    import jax

    packages = ("cevnsjax", "jax", "jaxlib", "numpyro", "equinox", "numpy")
    device = jax.devices()[0]
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
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
            **{f"{level}_{end}": row[level][i] for level in HDI for i, end in enumerate(("low", "high"))},
            "ess_bulk": row["ess_bulk"],
            "r_hat": row["r_hat"],
            "best_fit": best.get(name),
            "unit": units[name],
        }
        for name, row in report["parameters"].items()
    ]


def summary_texts(report: dict[str, Any], units: dict[str, str], between: str = ", ") -> list[dict[str, str]]:
    """Rows of the table of a posterior, with the digits that its spread allows.

    Parameters
    ----------
    report, units
        Summary, and the unit of each parameter.
    between
        What stands between the ends of an interval; brackets are around them if it is a comma.
    """
    best, rows = report["best_fit"] or {}, []
    frame = "[{}]" if between == ", " else "{}"
    for name, row in report["parameters"].items():
        # decimals of the standard deviation, but significant digits of what ranges over orders of magnitude
        low, high = row["hdi_90"]
        form = ".3g" if 0.0 < 30.0 * low < high else f".{decimals(row['sd'])}f"
        intervals = {
            title: frame.format(between.join(_text(end, form) for end in row[level])) for level, title in HDI.items()
        }
        rows.append(
            {"parameter": name, "mean": _text(row["mean"], form), "sd": _text(row["sd"], form)}
            | intervals
            | {"ESS": _text(row["ess_bulk"], ".0f"), "R-hat": _text(row["r_hat"], ".3f")}
            | {"best fit": _text(best[name], form) if name in best else "-", "unit": units[name]}
        )
    return rows


def print_summary(report: dict[str, Any], units: dict[str, str], title: str) -> None:
    """Print the table of a posterior; on a narrow terminal each parameter has two rows, so that nothing is cut off."""
    console = tables()
    if console.width < NARROW:
        console.print(_narrow_table(report, units, title))
        return
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("parameter", overflow="fold")
    for name in ("mean", "sd", *HDI.values(), "ESS", "R-hat", "best fit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for row in summary_texts(report, units, " .. "):
        table.add_row(*map(escape, row.values()))
    console.print(table)


def _narrow_table(report: dict[str, Any], units: dict[str, str], title: str) -> Table:
    """The table without lines, and with two of its columns above each other in one."""
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    table.add_column("parameter", overflow="fold")
    for head in ("mean\nsd", *HDI.values(), "best fit", "ESS\nR-hat"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in summary_texts(report, units, " ..\n"):
        unit = f"\n  {row['unit']}" if row["unit"] else ""
        cells = [f"{row['parameter']}{unit}", f"{row['mean']}\n{row['sd']}", *(row[name] for name in HDI.values())]
        table.add_row(*map(escape, (*cells, row["best fit"], f"{row['ESS']}\n{row['R-hat']}")))
    return table


def _text(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else "-"


def decimals(spread: float) -> int:
    """Decimals that show two digits of a spread, between 0 and 8."""
    return int(np.clip(1 - np.floor(np.log10(spread)), 0, 8)) if spread > 0 and np.isfinite(spread) else 4
