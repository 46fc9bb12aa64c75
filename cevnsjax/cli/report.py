"""What a fit reports: a table, warnings, and files."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import finite, tables
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.inference import Model, Posterior

NARROW = 112
"""Width below which the table is squeezed, in characters."""

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
    # the comparisons are written such that NaN (too few draws) is a reason to warn
    unmixed = [name for name, row in summary.items() if not row["r_hat"] <= LARGEST_R_HAT]
    if unmixed:
        found.append(
            f"R-hat is above {LARGEST_R_HAT} for {', '.join(unmixed)}: the chains disagree. Raise --warmup and "
            "--samples; if the posterior has separated bands, raise --chains, so that each band holds several (chains "
            "start dispersed like the prior)."
        )
    small = [name for name, row in summary.items() if not row["ess_bulk"] >= SMALLEST_ESS]
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


def write_results(
    folder: Path, posterior: "Posterior", report: dict[str, Any], options: dict[str, Any], timings: Timings
) -> list[Path]:
    """Write all results, each whole or not at all."""
    from cevnsjax.inference.plots import plot_corner, plot_spectrum

    summary = {"summary": report["parameters"]} | {
        name: value for name, value in report.items() if name != "parameters"
    }
    run = options | surroundings() | {"timings_s": asdict(timings)} | summary
    posterior = replace(posterior, attributes={"options": json.dumps(options)})
    return [
        write_file(folder / "posterior.nc", posterior.to_netcdf),
        write_file(folder / "corner.png", lambda path: plot_corner(posterior, path)),
        write_file(folder / "spectrum.png", lambda path: plot_spectrum(posterior, path)),
        write_file(folder / "run.json", lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n")),
    ]


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


def print_summary(report: dict[str, Any], units: dict[str, str], title: str) -> None:
    """Print the table of a posterior."""
    console = tables()
    # on a narrow terminal without lines, and with intervals in two rows, so that nothing is cut off
    narrow = console.width < NARROW
    frame = {"box": None, "padding": (0, 1, 0, 0)} if narrow else {}
    to = " ..\n" if narrow else " .. "
    table = Table(title=escape(title), title_justify="left", title_style="bold", **frame)
    table.add_column("parameter", overflow="fold")
    for name in ("mean", "sd", "68 % HDI", "90 % HDI", "ESS", "R-hat", "best fit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    best = report["best_fit"] or {}
    for name, row in report["parameters"].items():
        # decimals of the standard deviation, but significant digits of what ranges over orders of magnitude
        low, high = row["hdi_90"]
        form = ".3g" if 0.0 < 30.0 * low < high else f".{decimals(row['sd'])}f"
        intervals = [f"{row[level][0]:{form}}{to}{row[level][1]:{form}}" for level in ("hdi_68", "hdi_90")]
        table.add_row(
            escape(name),
            f"{row['mean']:{form}}",
            f"{row['sd']:{form}}",
            *intervals,
            f"{row['ess_bulk']:.0f}",
            f"{row['r_hat']:.3f}",
            f"{best[name]:{form}}" if name in best else "-",
            escape(units[name]),
        )
    console.print(table)


def decimals(spread: float) -> int:
    """Decimals that show two digits of a spread, between 0 and 8."""
    return int(np.clip(1 - np.floor(np.log10(spread)), 0, 8)) if spread > 0 and np.isfinite(spread) else 4
