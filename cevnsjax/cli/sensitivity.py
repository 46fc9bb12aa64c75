"""``cevnsjax sensitivity``: limits that an experiment is expected to set, with bands from toys."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

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
from cevnsjax.cli.run_file import LARGEST_SEED, FitSettings, Sampler, settings_given
from cevnsjax.cli.run_folder import ForceOption, check_no_other_run, run_folder
from cevnsjax.cli.sensitivity_report import (
    RESULTS,
    notes,
    print_exposures,
    print_limits,
    rows,
    sensitivity_report,
    warnings,
    write_sensitivity,
)
from cevnsjax.errors import ParameterError
from cevnsjax.files import check_folder

if TYPE_CHECKING:
    import jax

    from cevnsjax.inference import ExposureCurve, Model, Sensitivity

TOYS, LEVELS, EXPOSURES = 1000, (0.68, 0.9, 0.95), 13

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
        report = sensitivity_report(found, more, model)
        files = write_sensitivity(folder, found, more, model, described | {"settings": asdict(settings)}, report)
        forget(folder)
    for warning in warnings(found):
        warn(warning)
    for note in notes(found, more, model):
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
        print_rows(form, rows(report), title)
        return
    print_limits(report, title)
    if more is not None:
        print_exposures(report["exposure"], report["parameter"])
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
