"""What an unfolding says: plain numbers, a record and a plot, a table, and warnings."""

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import finite, tables
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.inference import FluxResponse, PenaltyCurve, SampledFlux, Unfolding

RESULTS = ("unfolding.json", "unfolding.png")
"""Files of an unfolding: the first is its record."""

_UPPER_BOUND = 1.645
"""Standard deviations of a one-sided bound of 95 %."""
_BIASED, _MOST_ROWS = 3.0, 100


class Found(NamedTuple):
    """What was found: the response, the unfolding, and what else was asked for."""

    response: "FluxResponse"
    unfolding: "Unfolding"
    curve: "PenaltyCurve | None"
    sampled: "SampledFlux | None"


def unfolding_report(found: Found) -> dict[str, Any]:
    """An unfolding as plain numbers."""
    response, unfolding, _, sampled = found
    columns: dict[str, Any] = {"flux": unfolding.flux}
    errors = unfolding.errors
    if errors is not None:
        bound = unfolding.flux + _UPPER_BOUND * errors.sd
        columns |= {"error": errors.sd, "bias": errors.bias, "upper_bound_95": bound}
    if sampled is not None:
        columns |= {"sampled_mean": sampled.mean, "sampled_sd": np.sqrt(np.diag(sampled.covariance))}
        columns |= {"sampled_upper_bound_95": sampled.quantile(0.95)}
    columns |= {"reference": response.reference}
    rows = [
        {"energy_low_MeV": float(low), "energy_high_MeV": float(high)}
        | {name: float(values[index]) for name, values in columns.items()}
        for index, (low, high) in enumerate(itertools.pairwise(response.edges_MeV))
    ]
    report: dict[str, Any] = {
        "source": response.source,
        "component": response.component,
        "unit": response.unit,
        "unit_per_cm2_s_MeV": response.unit_per_cm2_s_MeV,
        "beta": float(unfolding.beta),
        "chi2": float(unfolding.chi2),
        "data_bins": len(response.background),
        "roughness": float(unfolding.roughness),
        "bins": rows,
        "expected": np.asarray(unfolding.expected).tolist(),
    }
    if errors is not None:
        report["bias_significance"] = float(errors.bias_significance)
        report["flux_covariance"] = np.asarray(errors.covariance).tolist()
    if sampled is not None:
        diagnostics = {"effective_size": sampled.effective_size, "r_hat": sampled.r_hat}
        report["sampled"] = diagnostics | {"divergences": sampled.divergences}
    return report


def warnings(found: Found) -> list[str]:
    """Say what is wrong with an unfolding, and what to do about it."""
    said, sampled, errors = [], found.sampled, found.unfolding.errors
    bins = len(found.unfolding.flux)
    if errors is not None and float(errors.bias_significance) > _BIASED * bins:
        said.append(
            f"the bias is larger than its errors, B = {float(errors.bias_significance):.0f} of {bins} bins: errors do "
            "not hold the difference to the true flux. A smaller --beta, or --criterion bias, avoids that."
        )
    if np.any(np.asarray(found.unfolding.flux) < 0.0):
        said.append("the flux is negative in some bins: a larger --beta, or --criterion physical, avoids that.")
    if sampled is not None and (sampled.r_hat > 1.02 or sampled.divergences):
        numbers = f"R-hat {sampled.r_hat:.3f}, {sampled.divergences} divergent transitions"
        said.append(f"chains of the flux disagree ({numbers}). Raise --samples.")
    return said


def write_unfolding(
    folder: Path, found: Found, options: dict[str, Any], report: dict[str, Any], title: str
) -> list[Path]:
    """Write the record, then the plot, each whole or not at all; without the plot, if that fails."""
    from cevnsjax.inference.unfold_plot import plot_unfolding

    record, plot = (folder / name for name in RESULTS)
    # `bins`, `beta`, `source` and `component` are those that were asked for, and what came of it is the result
    run = options | surroundings() | {"result": report}
    files = [write_file(record, lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n"))]
    response, unfolding, curve, sampled = found
    with optional(f"{plot} is not drawn", f"the flux is in {record}"):
        shown = {"reference": response.reference, "unit": response.unit, "title": title}
        shown |= {"curve": curve, "sampled": sampled}
        files.append(write_file(plot, lambda path: plot_unfolding(unfolding, response.edges_MeV, path, **shown)))
    return files


def print_unfolding(report: dict[str, Any], title: str, wall_s: float) -> None:
    """Print a row for each bin, and what the whole is."""
    names = {"flux": "flux", "error": "error", "bias": "bias", "upper_bound_95": "95 % bound"}
    names |= {"sampled_mean": "sampled", "sampled_sd": "sd", "sampled_upper_bound_95": "95 % bound"}
    names |= {"reference": "reference"}
    shown = [name for name in names if name in report["bins"][0]]
    table = Table()
    table.add_column("energy [MeV]", no_wrap=True)
    for name in shown:
        table.add_column(names[name], justify="right", no_wrap=True)
    for row in report["bins"]:
        table.add_row(
            f"{row['energy_low_MeV']:.4g} to {row['energy_high_MeV']:.4g}", *(f"{row[name]:.3g}" for name in shown)
        )
    console = tables()
    console.print(escape(title), style="bold")  # not as that of the table, which may be narrower
    if len(report["bins"]) <= _MOST_ROWS:
        console.print(table)
    else:
        console.print(f"{len(report['bins'])} bins, which are in {RESULTS[0]}; --csv prints them")
    unit = report["unit_per_cm2_s_MeV"]
    of_area = "" if unit is None else f", {unit:.4g} cm^-2 s^-1 MeV^-1"
    console.print(f"flux of {report['component']} in {report['unit']}{of_area}", markup=False)
    bias = f", B = {report['bias_significance']:.2f}" if "bias_significance" in report else ""
    console.print(
        f"beta = {report['beta']:.4g}, chi^2 = {report['chi2']:.2f} of {report['data_bins']} bins of the data, "
        f"S = {report['roughness']:.3g}{bias}, {wall_s:.1f} s"
    )
