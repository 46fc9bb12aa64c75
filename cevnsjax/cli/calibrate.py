"""``cevnsjax calibrate``: simulation-based calibration of a model and its sampler."""

import json
import time
from dataclasses import asdict
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
    tables,
    warn,
)
from cevnsjax.cli.devices import DevicesOption, dealt_out
from cevnsjax.cli.fitted_model import fitted_model
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.progress import stages
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.cli.run_file import (
    LARGEST_SEED,
    ChainsOption,
    EssOption,
    FitSettings,
    Sampler,
    SamplesOption,
    WarmupOption,
    settings_given,
)
from cevnsjax.cli.run_folder import ForceOption, check_no_other_run, run_folder
from cevnsjax.errors import ParameterError
from cevnsjax.files import check_folder, write_file

if TYPE_CHECKING:
    import jax

    from cevnsjax.inference import Calibration, Model

RESULTS = ("calibration.json", "calibration.png")
"""Files of a calibration: the first is its record."""

DATASETS = 200
_SUSPICIOUS = 0.01

CALIBRATE_EXAMPLES = examples(
    "cevnsjax calibrate coherent-ge-mini",
    "cevnsjax calibrate coherent-csi-2021 --model nsi --free eps_ee_u,eps_mumu_u --datasets 500",
    "cevnsjax calibrate conus --chains 4 --samples 250 --seed 2 --out my-calibration",
    "cevnsjax calibrate conus --chains 4 --samples 250 --seed 2 --out my-calibration --datasets 400 --resume",
)


@reports_errors
def calibrate(
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    free: FreeOption = None,
    fix: FixOption = None,
    share: ShareOption = None,
    prior: PriorOption = None,
    set_values: SetOption = None,
    datasets: Annotated[int, typer.Option(help="Number of sets of data.", min=1)] = DATASETS,
    chains: ChainsOption = None,
    ess: EssOption = None,
    samples: SamplesOption = None,
    warmup: WarmupOption = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of all random numbers.", min=0, max=LARGEST_SEED, show_default=str(Sampler.seed)),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the results, `calibrate-EXPERIMENT-MODEL` by default."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the calibration in the folder, or to more data sets.")
    ] = False,
    force: ForceOption = False,
    devices: DevicesOption = None,
    precision: PrecisionOption = None,
    settings_file: SettingsOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Test whether posteriors hold what they say: a table here, and a plot and calibration.json in a folder.

    True values are drawn from the priors, data from the prediction there, and each posterior is sampled as `fit` would:
    the ranks of true values among its draws must be uniform. A p-value says so for each parameter, and for the
    log-likelihood, which notices posteriors that ignore their data. It takes as long as so many fits.
    """
    if force and resume:
        raise ParameterError("--resume goes on with a calibration, --force replaces it; give one of them.")
    started, form = time.monotonic(), chosen_format(as_json, as_csv, as_latex)
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
        sampler={"chains": chains, "ess": ess, "samples": samples, "warmup": warmup, "seed": seed},
    )
    configure_jax(Precision(settings.precision))
    folder = Path(settings.out) if settings.out else results_folder("calibrate", settings.experiment, settings.model)
    with dealt_out(devices, folder) as own:
        _run(settings, own, datasets, resume, force, allow_code, form, started)


def _run(
    settings: FitSettings,
    folder: Path,
    datasets: int,
    resume: bool,
    force: bool,
    allow_code: bool,
    form: Format,
    started: float,
) -> None:
    """Build, calibrate, write and print."""
    import jax

    from cevnsjax.inference.calibration import calibration_identity, check_calibration
    from cevnsjax.inference.journal import check_kept

    check_folder(folder)
    check_calibration(datasets, settings.sampler)
    fitted = fitted_model(settings, allow_code=allow_code)
    key = jax.random.key(settings.sampler.seed)
    options = {"model": settings.model, "set": fitted.values, "seed": settings.sampler.seed}
    identity = calibration_identity(fitted.model, key, settings.sampler, settings.sampler.algorithm, options=options)
    described = {"datasets": datasets, **identity}
    if resume:
        check_kept(folder, identity)
    else:
        check_no_other_run(folder, RESULTS[0], RESULTS, described, identity, force)
    with run_folder(folder):
        found = _calibrate(fitted.model, key, settings.sampler, datasets, folder, resume, options)
        report = _report(found)
        files = _write(folder, found, fitted.model, described | {"settings": asdict(settings)}, report)
    for warning in _warnings(found):
        warn(warning)
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
        return
    title = f"{settings.experiment}, model {settings.model}: ranks of {datasets} true values among {found.draws} draws"
    if form is not Format.text:
        print_rows(form, _rows(report), title)
        return
    _print(report, title)
    console = tables()
    console.print(
        f"smallest p-value of {len(report['quantities'])}, corrected for their number: "
        f"{found.smallest_p_value:.2g}; {report['divergences']} divergent transitions, {wall_s:.1f} s"
    )
    console.print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _calibrate(
    model: "Model",
    key: "jax.Array",
    schedule: Sampler,
    datasets: int,
    folder: Path,
    resume: bool,
    options: dict[str, Any],
) -> "Calibration":
    """Calibrate, with progress on stderr."""
    from cevnsjax.inference import calibrate

    with stages() as shown:
        shown.begin("calibrating", datasets, f"calibrating: {datasets} data sets, {schedule.chains} chains for each")

        def progress(done: int, of: int) -> None:
            shown.update("calibrating", done, of)

        return calibrate(
            model,
            key,
            datasets,
            schedule,
            sampler=schedule.algorithm,
            folder=folder,
            resume=resume,
            progress=progress,
            options=options,
        )


def _report(found: "Calibration") -> dict[str, Any]:
    """A calibration as plain numbers."""
    quantities = {
        name: {
            "p_value": found.p_value(name),
            "mean_rank": found.mean_rank(name),
            "smallest_ess": float(np.min(found.effective[name])) if name in found.effective else None,
            "counts": found.counts(name).tolist(),
            "ranks": ranks.tolist(),
        }
        for name, ranks in found.ranks.items()
    }
    return {
        "quantities": quantities,
        "smallest_p_value": found.smallest_p_value,
        "ranked_draws": found.draws,
        "bins": found.bins,
        "band_99": list(found.band),
        "divergences": int(found.divergences.sum()),
    }


def _warnings(found: "Calibration") -> list[str]:
    """Say what is wrong with a calibration, and what to do about it."""
    said = []
    if not found.smallest_p_value >= _SUSPICIOUS and found.bins > 1:
        names = [name for name in found.ranks if len(found.ranks) * found.p_value(name) < _SUSPICIOUS]
        said.append(
            f"ranks of {', '.join(names)} are not uniform: posteriors do not hold what they say. Raise --warmup and "
            "--samples; if that does not help, calibrate with another --seed."
        )
    if found.bins == 1:
        said.append("fewer than ten data sets say nothing about ranks. Raise --datasets.")
    few = [name for name, sizes in found.effective.items() if not np.min(sizes) >= found.draws]
    if few:
        said.append(
            f"the effective sample size is below the {found.draws} draws that ranks are among, for {', '.join(few)} in "
            "some of the posteriors: these ranks are not exact. Raise --samples or --chains."
        )
    return said


def _write(folder: Path, found: "Calibration", model: "Model", options: dict[str, Any], report: dict[str, Any]):
    """Write the record, then the plot, each whole or not at all; without the plot, if that fails."""
    from cevnsjax.inference.calibration_plot import plot_calibration

    record, plot = (folder / name for name in RESULTS)
    run = options | surroundings() | report
    files = [write_file(record, lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n"))]
    with optional(f"{plot} is not drawn", f"the ranks are in {record}"):
        files.append(write_file(plot, lambda path: plot_calibration(found, model, path)))
    return files


def _rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    shown = ("p_value", "mean_rank", "smallest_ess")
    return [{"quantity": name} | {each: row[each] for each in shown} for name, row in report["quantities"].items()]


def _print(report: dict[str, Any], title: str) -> None:
    """Print a row for each quantity."""
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("quantity", overflow="fold")
    for name in ("p-value", "mean rank", "smallest ESS"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in _rows(report):
        size = "" if row["smallest_ess"] is None else f"{row['smallest_ess']:.0f}"
        table.add_row(escape(row["quantity"]), f"{row['p_value']:.2g}", f"{row['mean_rank']:.3f}", size)
    tables().print(table)
