"""``cevnsjax scan``: a profile-likelihood map on a grid of one or two parameters."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    CodeOption,
    ExperimentArgument,
    FixOption,
    FreeOption,
    JsonOption,
    ModelOption,
    Precision,
    PrecisionOption,
    PriorOption,
    SetOption,
    SettingsOption,
    ShareOption,
    configure_jax,
    examples,
    finite,
    print_json,
    reports_errors,
    results_folder,
    say,
    split_names,
    tables,
    warn,
)
from cevnsjax.cli.devices import DevicesOption, dealt_out
from cevnsjax.cli.fitted_model import fitted_model
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.grid import parse_grids
from cevnsjax.cli.overlays import OverlayOption, read_overlays
from cevnsjax.cli.progress import stages
from cevnsjax.cli.report import asimov_note, optional, surroundings
from cevnsjax.cli.run_file import FitSettings, settings_given
from cevnsjax.cli.run_folder import ForceOption, check_no_other_run, run_folder
from cevnsjax.errors import InterruptedRun, ParameterError, number_of
from cevnsjax.files import check_folder, writable_folder, write_file

if TYPE_CHECKING:
    from cevnsjax.inference import Model, Overlay, ProfileMap

RESULTS = ("scan.json", "scan.nc", "scan.png")
"""Files of a map: the first is its record."""

SCAN_EXAMPLES = examples(
    "cevnsjax scan coherent-csi-2021 --model nsi --grid eps_ee_u=-1:1:41 --grid eps_ee_d=-1:1:41",
    "cevnsjax scan coherent-csi-2021 --grid signal_norm=0.5:1.5 --json",
    "cevnsjax scan coherent-csi-2021 --model zprime-b-l --grid mass=1:1000:log --grid coupling=1e-6:1e-2:log "
    "--overlay texono-b-l,mine.csv",
    "cevnsjax scan coherent-csi-2021 --grid brn_events=5:50:128:log --fix efficiency --out my-scan",
    "cevnsjax scan coherent-csi-2021 --grid brn_events=5:50:128:log --fix efficiency --out my-scan --resume",
)


@reports_errors
def scan(
    grid: Annotated[
        list[str],
        typer.Option(
            "--grid",
            "-g",
            metavar="NAME=LOW:HIGH[:NUMBER][:log]",
            help="Values of a parameter (or a path with a --prior), 64 evenly spaced ones by default; once or twice.",
        ),
    ],
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    free: FreeOption = None,
    fix: FixOption = None,
    share: ShareOption = None,
    prior: PriorOption = None,
    set_values: SetOption = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the results, `scan-EXPERIMENT-MODEL` by default."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted scan in the folder.")] = False,
    force: ForceOption = False,
    devices: DevicesOption = None,
    precision: PrecisionOption = None,
    settings_file: SettingsOption = None,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine/--no-refine",
            help="Whether points are added where the grid does not resolve a band, in halves of its steps: at most "
            "twice as many as the grid has.",
        ),
    ] = True,
    overlay: OverlayOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Map the profile likelihood of one or two parameters: a table here, and map, plot and scan.json in a folder.

    Everything else that is free is fitted at every point, its priors as constraints. The priors of the gridded
    parameters are left out, but for nuisances of the experiment; the grid must lie in their support. A band that is too
    narrow for the grid, which would show as islands, is found and resolved.
    """
    if force and resume:
        raise ParameterError("--resume goes on with a scan, --force replaces it; give one of them.")
    started, form = time.monotonic(), chosen_format(as_json, as_csv, as_latex)
    grids, overlays = parse_grids(grid), split_names(overlay)
    settings = settings_given(
        settings_file,
        experiment,
        model=model,
        free=free,
        fix=fix,
        share=share,
        prior=prior,
        set_values=set_values,
        precision=precision,
        out=out,
    )
    configure_jax(Precision(settings.precision))
    folder = Path(settings.out) if settings.out else results_folder("scan", settings.experiment, settings.model)
    with dealt_out(devices, folder) as own:
        _run(settings, own, grids, overlays, refine, resume, force, allow_code, form, started)


def _run(
    settings: FitSettings,
    folder: Path,
    grids: dict[str, np.ndarray],
    overlays: list[str],
    refine: bool,
    resume: bool,
    force: bool,
    allow_code: bool,
    form: Format,
    started: float,
) -> None:
    """Build, map, write and print."""
    from cevnsjax.inference.identity import model_identity
    from cevnsjax.inference.journal import check_kept, forget
    from cevnsjax.inference.map_words import resolution_text
    from cevnsjax.inference.overlay_curves import curves_on, reaches
    from cevnsjax.inference.scan import check_grid, map_identity

    check_folder(folder)
    drawn = read_overlays(overlays)
    fitted = fitted_model(settings, gridded=grids, allow_code=allow_code)
    built = fitted.model
    grids = dict(zip(fitted.gridded, grids.values(), strict=True))
    check_grid(built, grids)
    for curve in curves_on(built, grids, drawn):  # which refuses those of other quantities
        if not reaches(curve, grids):
            warn(f"the overlay {curve.name!r} lies outside of the map.")
    options = {
        "model": settings.model,
        "grid": {name: [float(v[0]), float(v[-1]), len(v), _spacing(v)] for name, v in grids.items()},
        "set": fitted.values,
        "refine": refine,
        **model_identity(built),
    }
    identity = map_identity(built, grids, None, refine, options)
    if resume:
        check_kept(folder, identity)
    else:
        check_no_other_run(folder, RESULTS[0], RESULTS, options, identity, force)
    with run_folder(folder):
        found, interruption = _scan(built, grids, refine, folder, resume, options)
    scan_s = time.monotonic() - started
    report = _report(found) | {"interrupted": interruption is not None, "scan_s": scan_s}
    files = _write(folder, found, options, report, drawn)
    if interruption is not None:
        others = "" if found.computed.all() else ", with NaN at the others"
        raise InterruptedRun(f"{interruption} They are written in {folder}{others}; --resume goes on.")
    forget(folder)
    if (unresolved := resolution_text(found)) is not None:
        say(unresolved, "yellow" if found.added.unresolved else None)
    if report["not_converged"]:
        warn(f"{report['not_converged']} points have not converged; see `converged` in scan.nc.")
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
        return
    title = f"{settings.experiment}, model {settings.model}{asimov_note(built)}"
    if form is not Format.text:
        print_rows(form, _rows(report, found), title)
        return
    _print(report, found, title)
    console = tables()
    added = f" and {found.added.number} added" if found.added.number else ""
    console.print(f"{report['points']} points{added}, {report['not_converged']} of them not converged, {wall_s:.1f} s")
    console.print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _spacing(values: np.ndarray) -> str:
    from cevnsjax.inference.map_axes import is_logarithmic

    return "log" if is_logarithmic(values) else "lin"


def _scan(
    model: "Model", grids: dict[str, np.ndarray], refine: bool, folder: Path, resume: bool, options: dict[str, Any]
) -> "tuple[ProfileMap, str | None]":
    """The map, and what is said of one that was interrupted; progress on stderr."""
    from cevnsjax.inference import InterruptedScan, profile_map

    total = int(np.prod([len(values) for values in grids.values()]))
    profiled = number_of(len(model.names) - len(grids), "parameter")
    with stages() as shown:
        shown.begin("scanning", total, f"scanning: {total} points, {profiled} profiled at each")
        try:
            found = profile_map(
                model,
                grids,
                progress=lambda done, of: shown.update("scanning", done, of),
                refine=refine,
                folder=folder,
                resume=resume,
                options=options,
            )
            return found, None
        except InterruptedScan as error:
            if error.partial is None:
                raise
            return error.partial, str(error)


def _report(found: "ProfileMap") -> dict[str, Any]:
    """Summary of a map as plain numbers."""
    from cevnsjax.inference.map_words import LEVELS, limit_text

    return {
        "best_fit": {name: found.best.values[name] for name in found.model.names},
        "best_fit_log_density": found.best.log_density,
        "intervals_90": {name: [list(pair) for pair in found.intervals(name, 0.9)] for name in found.grid},
        "limits": {name: [limit_text(found, name, level) for level in LEVELS] for name in found.grid},
        "points": int(found.converged.size),
        "computed": int(found.computed.sum()),
        "points_added": found.added.number,
        "halvings_of_steps": found.added.halvings,
        "unresolved_pairs_of_points": found.added.unresolved,
        "not_converged": found.not_converged,
    }


def _write(
    folder: Path, found: "ProfileMap", options: dict[str, Any], report: dict[str, Any], overlays: "list[Overlay]"
) -> list[Path]:
    """Write all results, each whole or not at all; without the plot, if that fails."""
    from cevnsjax.inference import plot_profile_map
    from cevnsjax.inference.overlay_curves import curves_on

    writable_folder(folder)
    around = surroundings()
    attributes = {"model": options["model"], "options": json.dumps(options), "versions": json.dumps(around["versions"])}
    described = replace(found, attributes=attributes)
    curves = [each.to_record() for each in curves_on(found.model, found.grid, overlays)]
    run = options | around | report | {"overlays": curves}
    files = [
        write_file(folder / "scan.nc", described.to_netcdf),
        write_file(folder / "scan.json", lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n")),
    ]
    with optional(f"{folder / 'scan.png'} is not drawn", f"the map is in {folder}"):
        files.append(write_file(folder / "scan.png", lambda path: plot_profile_map(found, path, overlays=overlays)))
    return files


def _rows(report: dict[str, Any], found: "ProfileMap") -> list[dict[str, Any]]:
    """A row for each parameter, one for each interval of those on the grid; an end may be that of the grid."""
    units, rows = {p.name: p.unit for p in found.model.parameters}, []
    for name in (*found.grid, *found.nuisances):
        for low, high in report["intervals_90"].get(name, [(None, None)]):
            of = {"parameter": name, "best_fit": report["best_fit"][name], "unit": units[name]}
            rows.append(of | {"lower_90": low, "upper_90": high})
    return rows


def _print(report: dict[str, Any], found: "ProfileMap", title: str) -> None:
    """Print best fit and intervals of the gridded parameters, then the fit of the others there."""
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("parameter", overflow="fold")
    for name in ("best fit in the grid", "90 % interval, from the map"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("unit", no_wrap=True)
    units, reached = {p.name: p.unit for p in found.model.parameters}, False
    for name in (*found.grid, *found.nuisances):
        pairs = report["intervals_90"].get(name, [])
        ends = [[_end(found.grid[name], end) for end in pair] for pair in pairs]
        intervals = ", ".join(f"{low} .. {high}" for low, high in ends)
        reached |= "(" in intervals
        value = report["best_fit"][name]
        table.add_row(escape(name), f"{value:.4g}", intervals or "profiled", escape(units[name]))
    console = tables()
    console.print(table)
    if reached:
        console.print("An end in brackets is the end of the grid: the interval may go on.")
    if len(found.grid) == 1:
        for text in report["limits"][next(iter(found.grid))]:
            console.print(text, markup=False)


def _end(values: np.ndarray, value: float) -> str:
    from cevnsjax.inference.map_words import at_end

    return f"({value:.4g})" if at_end(values, value) else f"{value:.4g}"
