"""``cevnsjax sensitivity``: limits that an experiment is expected to set, with bands from toys."""

import json
import time
from dataclasses import asdict, dataclass
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
    tables,
    warn,
)
from cevnsjax.cli.devices import DevicesOption, dealt_out
from cevnsjax.cli.fitted_model import fitted_model
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.grid import parse_values
from cevnsjax.cli.progress import Stages, stages
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.cli.run_file import LARGEST_SEED, FitSettings, Sampler, settings_given
from cevnsjax.cli.run_folder import ForceOption, check_no_other_run, run_folder
from cevnsjax.errors import ParameterError
from cevnsjax.files import check_folder, write_file

if TYPE_CHECKING:
    import jax

    from cevnsjax.inference import ExposureCurve, Model, Sensitivity

RESULTS = ("sensitivity.json", "sensitivity.png", "asimov.png", "exposure.png")
"""Files of a sensitivity: the first is its record."""

TOYS, LEVELS, EXPOSURES = 1000, (0.68, 0.9, 0.95), 13
_FAR = 3.0
"""Errors of a median that it may be from the asymptotic one without a word."""

SENSITIVITY_EXAMPLES = examples(
    "cevnsjax sensitivity dresden-ii --model magnetic-moment",
    "cevnsjax sensitivity conus --model magnetic-moment --toys 4000 --level 0.9 --exposure 0.1:100",
    "cevnsjax sensitivity coherent-ge-50kg --parameter signal_norm --exposure 0.01:1:9 --json",
    "cevnsjax sensitivity conus-plus --model magnetic-moment --feldman-cousins 1000 --out my-limits",
)


@dataclass(frozen=True)
class _Asked:
    """What is asked of a model: options of the command."""

    parameter: str | None
    null: float | None
    toys: int
    levels: tuple[float, ...]
    feldman_cousins: int
    exposures: np.ndarray | None
    signal: float | None


@reports_errors
def sensitivity(
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    parameter: Annotated[
        str | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME",
            help="Parameter of which limits are (or a path with a --prior); the first free one of the model by "
            "default.",
        ),
    ] = None,
    null: Annotated[
        float | None,
        typer.Option(
            help="Its value that stands for no effect: toys are drawn there.",
            show_default="0, or the lower end of its prior",
        ),
    ] = None,
    toys: Annotated[int, typer.Option(help="Number of toys.", min=1)] = TOYS,
    level: Annotated[
        list[float] | None,
        typer.Option(help="Confidence level; repeatable.", show_default="0.68, 0.9, 0.95"),
    ] = None,
    feldman_cousins: Annotated[
        int,
        typer.Option(
            help="Number of toys at each value for the intervals of Feldman and Cousins; none without.", min=0
        ),
    ] = 0,
    exposure: Annotated[
        str | None,
        typer.Option(
            metavar="LOW:HIGH[:NUMBER][:lin]",
            help=f"Multiples of the exposure, {EXPOSURES} unless it says otherwise: significance of a signal, and "
            "limits without one.",
        ),
    ] = None,
    signal: Annotated[
        float | None,
        typer.Option(
            help="Value of the parameter that is to be discovered.",
            show_default="that of the experiment, or the largest expected limit",
        ),
    ] = None,
    free: FreeOption = None,
    fix: FixOption = None,
    share: ShareOption = None,
    prior: PriorOption = None,
    set_values: SetOption = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of all random numbers.", min=0, max=LARGEST_SEED, show_default=str(Sampler.seed)),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the results, `sensitivity-EXPERIMENT-MODEL` by default."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what was interrupted in the folder.")] = False,
    force: ForceOption = False,
    devices: DevicesOption = None,
    precision: PrecisionOption = None,
    settings_file: SettingsOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Expected upper limits of a parameter: a table here, and plots and sensitivity.json in a folder.

    Toys are drawn where the parameter has no effect, with all other parameters as fitted to the data or where their
    priors are highest, and each is fitted: median and bands of two-sided, one-sided and CLs limits, beside those of the
    asymptotic form and the observed one.
    """
    if force and resume:
        raise ParameterError("--resume goes on with a sensitivity, --force replaces it; give one of them.")
    if signal is not None and exposure is None:
        raise ParameterError("--signal is what is discovered with an exposure; give --exposure too.")
    started, form = time.monotonic(), chosen_format(as_json, as_csv, as_latex)
    exposures = None if exposure is None else parse_values("--exposure", exposure, EXPOSURES)
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
        sampler={"seed": seed},
    )
    if parameter is not None and parameter in settings.fix:
        raise ParameterError(f"The parameter {parameter!r} is both asked for and fixed; give it --parameter or --fix.")
    asked = _Asked(parameter, null, toys, tuple(level or LEVELS), feldman_cousins, exposures, signal)
    configure_jax(Precision(settings.precision))
    folder = Path(settings.out) if settings.out else results_folder("sensitivity", settings.experiment, settings.model)
    with dealt_out(devices, folder) as own:
        _run(settings, own, asked, resume, force, allow_code, form, started)


def _run(
    settings: FitSettings,
    folder: Path,
    asked: _Asked,
    resume: bool,
    force: bool,
    allow_code: bool,
    form: Format,
    started: float,
) -> None:
    """Build, fit toys, write and print."""
    import jax

    from cevnsjax.inference.discovery import check_signal, with_exposure
    from cevnsjax.inference.expected_limits import check_sensitivity, sensitivity_identity
    from cevnsjax.inference.journal import check_kept, forget

    check_folder(folder)
    fitted = fitted_model(settings, gridded=[asked.parameter] if asked.parameter else [], allow_code=allow_code)
    model = fitted.model
    name = fitted.gridded[0] if fitted.gridded else model.names[0]
    null = check_sensitivity(model, name, asked.toys, asked.levels, asked.null)
    if asked.signal is not None:
        check_signal(model.parameters[model.names.index(name)], asked.signal, null)
    if asked.exposures is not None:
        with_exposure(model, 1.0)  # refuses what does not say how it grows
    key = jax.random.key(settings.sampler.seed)
    options = {"model": settings.model, "set": fitted.values, "seed": settings.sampler.seed}
    identity = sensitivity_identity(
        model, name, key, asked.toys, asked.levels, null, asked.feldman_cousins, options=options
    )
    exposures = None if asked.exposures is None else asked.exposures.tolist()
    described = {"exposures": exposures, "signal": asked.signal, **identity}
    if resume:
        check_kept(folder, identity)
    else:
        check_no_other_run(folder, RESULTS[0], RESULTS, described, identity, force)
    with run_folder(folder):
        with stages() as shown:
            found = _limits(model, name, null, key, asked, folder, resume, options, shown)
            more = None if asked.exposures is None else _exposures(model, found, asked, shown)
        report = _report(found, more, model)
        files = _write(folder, found, more, model, described | {"settings": asdict(settings)}, report)
        forget(folder)
    for warning in _warnings(found):
        warn(warning)
    for note in _notes(found, more, model):
        say(note)
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
        return
    title = (
        f"{settings.experiment}, model {settings.model}: upper limits of {name} from {found.toys} toys of "
        f"{name} = {found.null:g}"
    )
    if form is not Format.text:
        print_rows(form, _rows(report), title)
        return
    _print(report, title)
    if more is not None:
        _print_exposures(report["exposure"], report["parameter"])
    console = tables()
    console.print(f"{found.toys} toys at {len(found.values)} values, {wall_s:.1f} s")
    console.print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _limits(
    model: "Model",
    name: str,
    null: float,
    key: "jax.Array",
    asked: _Asked,
    folder: Path,
    resume: bool,
    options: dict[str, Any],
    shown: Stages,
) -> "Sensitivity":
    """Limits of toys, with progress on stderr."""
    from cevnsjax.inference import sensitivity

    shown.begin("toys", None, f"fitting {asked.toys} toys at values of {name}")
    return sensitivity(
        model,
        name,
        key,
        asked.toys,
        levels=asked.levels,
        null=null,
        feldman_cousins_toys=asked.feldman_cousins,
        folder=folder,
        resume=resume,
        progress=lambda done, of: shown.update("toys", done, of),
        options=options,
    )


def _exposures(model: "Model", found: "Sensitivity", asked: _Asked, shown: Stages) -> "ExposureCurve":
    """Significance and limits against the exposure, with progress on stderr."""
    from cevnsjax.inference import exposure_curve

    assert asked.exposures is not None
    signal = _signal(model, found) if asked.signal is None else asked.signal
    shown.begin("exposures", len(asked.exposures), f"{len(asked.exposures)} exposures")
    return exposure_curve(
        model,
        found.name,
        found.truth,
        asked.exposures,
        signal,
        levels=found.levels,
        progress=lambda done, of: shown.update("exposures", done, of),
    )


def _signal(model: "Model", found: "Sensitivity") -> float:
    """What is to be discovered: the value of the experiment, or the largest limit where that is the null.

    Raises
    ------
    ParameterError
        If that is beyond the end of the prior.
    """
    value = float(model.reference_values[found.name])
    if value != found.null:
        return value
    limit = float(found.fitted["cls"].max())
    if not np.isfinite(limit):
        raise ParameterError(f"No signal follows from limits beyond the prior of {found.name!r}; give --signal.")
    return limit


def _report(found: "Sensitivity", more: "ExposureCurve | None", model: "Model") -> dict[str, Any]:
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


def _warnings(found: "Sensitivity") -> list[str]:
    """Say what is wrong with expected limits, and what to do about it."""
    said = []
    if found.not_converged:
        said.append(f"{found.not_converged} of {found.toys} toys were not fitted, and are in no band.")
    beyond = int(max(found.beyond(kind).max() for kind in found.kinds))
    if beyond:
        said.append(
            f"limits of up to {beyond} of {found.toys} toys lie beyond {found.values[-1]:g}, where the prior of "
            f"{found.name} or what was tested ends; bands count them as larger. Widen the prior with --prior."
        )
    return said


def _notes(found: "Sensitivity", more: "ExposureCurve | None", model: "Model") -> list[str]:
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


def _write(
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


def _rows(report: dict[str, Any]) -> list[dict[str, Any]]:
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


def _print(report: dict[str, Any], title: str) -> None:
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


def _print_exposures(report: dict[str, Any], name: str) -> None:
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
