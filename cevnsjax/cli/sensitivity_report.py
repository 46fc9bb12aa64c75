"""What ``cevnsjax sensitivity`` tells: tables, files, warnings."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import finite, tables
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.inference import ExposureCurve, Model, Sensitivity

RESULTS = ("sensitivity.json", "sensitivity.png", "asimov.png", "exposure.png")
"""Files of a sensitivity: the first is its record."""

_FAR = 3.0
"""Errors of a median that it may be from the asymptotic one without a word."""


def sensitivity_report(found: "Sensitivity", more: "ExposureCurve | None", model: "Model") -> dict[str, Any]:
    """Expected limits as plain numbers."""
    kinds = {}
    for kind in found.kinds:
        bands, errors, asimov = found.bands(kind), found.errors(kind), found.asimov_bands(kind)
        kinds[kind] = [
            {
                "level": level,
                "median": float(bands[i, 2]),
                "error": float(errors[i, 2]),
                "band_68": bands[i, [1, 3]].tolist(),
                "band_95": bands[i, [0, 4]].tolist(),
                "asimov": float(found.fitted[kind][i]),
                "asimov_band_68": None if asimov is None else asimov[i, [1, 3]].tolist(),
                "asimov_band_95": None if asimov is None else asimov[i, [0, 4]].tolist(),
                "errors_from_asimov": _apart(bands[i, 2], found.fitted[kind][i], errors[i, 2]),
                "observed": None if found.observed is None else float(found.observed[kind][i]),
                "toys_beyond": int(found.beyond(kind)[i]),
                "toys_at_null": int(found.at_null(kind)[i]),
            }
            for i, level in enumerate(found.levels)
        ]
    report: dict[str, Any] = {
        "parameter": found.name,
        "unit": next(p.unit for p in model.parameters if p.name == found.name),
        "null": found.null,
        "limits": kinds,
        "toys": found.toys,
        "not_converged": found.not_converged,
        "last_value": float(found.values[-1]),
        "truth": found.truth,
        "asimov_curve": {"values": found.curve.values.tolist(), "statistic": (found.curve.roots**2).tolist()},
    }
    if more is not None:
        report["exposure"] = {
            "times": more.times.tolist(),
            "signal": more.signal,
            "significance": more.significances.tolist(),
            "limits": {
                more.kind: [
                    {
                        "level": level,
                        "median": more.limits[:, i, 1].tolist(),
                        "band_68": more.limits[:, i, [0, 2]].tolist(),
                    }
                    for i, level in enumerate(more.levels)
                ]
            },
        }
    return report


def _apart(median: float, asimov: float, error: float) -> float | None:
    return float((median - asimov) / error) if error > 0.0 and np.isfinite([median, asimov, error]).all() else None


def warnings(found: "Sensitivity") -> list[str]:
    """Say what is wrong with expected limits, and what to do about it."""
    said = []
    if found.not_converged:
        said.append(f"{found.not_converged} of {found.toys} toys were not fitted, and are in no band.")
    beyond = int(max(found.beyond(kind).max() for kind in found.kinds))
    if beyond:
        said.append(
            f"limits of up to {beyond} of {found.toys} toys lie beyond {found.values[-1]:g}, where the prior of "
            f"{found.name} or what was tested ends; bands count them as larger. Widen the prior with --prior, or hold "
            "what balances it with --fix."
        )
    return said


def notes(found: "Sensitivity", more: "ExposureCurve | None", model: "Model") -> list[str]:
    """Say how far the asymptotic form holds, and what grows with the exposure."""
    from cevnsjax.experiment import GaussianLikelihood

    said = []
    for kind in found.kinds:
        for i, level in enumerate(found.levels):
            median, asimov, error = found.bands(kind)[i, 2], found.fitted[kind][i], found.errors(kind)[i, 2]
            apart = _apart(median, asimov, error)
            if apart is not None and abs(apart) > _FAR:
                said.append(
                    f"note: the median of {kind} limits at {100 * level:g} % is {100 * (median / asimov - 1):+.1f} % "
                    f"({apart:+.1f} errors) from that of the Asimov data: toys are not asymptotic here."
                )
    if more is not None:
        gaussian = any(isinstance(part.likelihood, GaussianLikelihood) for part in model.experiment.parts.values())
        errors = "; errors of the data are taken to be statistical" if gaussian else ""
        said.append(f"note: with the exposure signals and all backgrounds grow, and what priors know stays{errors}.")
    return said


def write_sensitivity(
    folder: Path,
    found: "Sensitivity",
    more: "ExposureCurve | None",
    model: "Model",
    options: dict[str, Any],
    report: dict[str, Any],
) -> list[Path]:
    """Write the record, then the plots, each whole or not at all; without a plot, if that fails."""
    from cevnsjax.inference import sensitivity_plots

    run = options | surroundings() | report
    files = [write_file(folder / RESULTS[0], lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n"))]
    drawings = [
        (RESULTS[1], lambda path: sensitivity_plots.plot_bands(found, model, path)),
        (RESULTS[2], lambda path: sensitivity_plots.plot_asimov_curve(found, model, path)),
    ]
    if more is not None:
        drawings.append((RESULTS[3], lambda path: sensitivity_plots.plot_exposure_curve(more, model, path)))
    for name, plot in drawings:
        with optional(f"{folder / name} is not drawn", f"the limits are in {files[0]}"):
            files.append(write_file(folder / name, plot))
    return files


def rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each kind and level, with all digits."""
    return [
        {
            "limit": kind,
            "level": row["level"],
            "median": row["median"],
            "error": row["error"],
            **{
                f"{band}_{end}": row[band][i]
                for band in ("band_68", "band_95")
                for i, end in enumerate(("low", "high"))
            },
            **{name: row[name] for name in ("asimov", "observed", "toys_beyond", "toys_at_null")},
            "unit": report["unit"],
        }
        for kind, rows in report["limits"].items()
        for row in rows
    ]


def print_limits(report: dict[str, Any], title: str) -> None:
    """Print a row for each kind and level."""
    is_data = any(row["observed"] is not None for rows in report["limits"].values() for row in rows)
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("limit", no_wrap=True)
    heads = ("level", "median", "error", "68 % of toys", "95 % of toys", "Asimov", *(["observed"] if is_data else []))
    for head in heads:
        table.add_column(head, justify="right", overflow="fold")
    table.add_column("unit", no_wrap=True)

    def text(value: float) -> str:
        return f"{value:.4g}" if np.isfinite(value) else f"> {report['last_value']:.3g}"

    for kind, rows in report["limits"].items():
        for row in rows:
            error = f"{row['error']:.2g}" if np.isfinite(row["error"]) else "-"
            bands = [" .. ".join(map(text, row[band])) for band in ("band_68", "band_95")]
            observed = [text(row["observed"])] if is_data else []
            level = f"{100 * row['level']:g} %"
            numbers = (level, text(row["median"]), error, *bands, text(row["asimov"]), *observed)
            table.add_row(escape(kind), *numbers, escape(report["unit"]))
    tables().print(table)


def print_exposures(report: dict[str, Any], name: str) -> None:
    """Print a row for each exposure."""
    ((kind, levels),) = report["limits"].items()
    title = f"{escape(name)} = {report['signal']:.4g} with more or less exposure"
    table = Table(title=title, title_justify="left", title_style="bold")
    heads = ("exposure", "significance", *(f"{kind} {100 * each['level']:g} %" for each in levels))
    for head in heads:
        table.add_column(head, justify="right")
    for i, times in enumerate(report["times"]):
        limits = [each["median"][i] for each in levels]
        texts = [f"{limit:.4g}" if np.isfinite(limit) else "beyond the prior" for limit in limits]
        table.add_row(f"{times:.3g}", f"{report['significance'][i]:.3g}", *texts)
    tables().print(table)
