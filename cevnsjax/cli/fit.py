"""``cevnsjax fit``: sample the posterior of a model and write what comes out."""

import contextlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining
from rich.table import Table

from cevnsjax.cli.common import (
    ExperimentArgument,
    JsonOption,
    ModelOption,
    Precision,
    PrecisionOption,
    SetOption,
    check_folder,
    configure_jax,
    examples,
    finite,
    messages,
    print_json,
    reports_errors,
    say,
    split_names,
    tables,
    writable_folder,
    write_file,
)
from cevnsjax.cli.settings import apply_settings, parse_priors, prepare
from cevnsjax.cli.spectrum import check_counts
from cevnsjax.errors import CevnsjaxError, OutputError

if TYPE_CHECKING:
    from cevnsjax.inference import Maximum, Model, Posterior, Schedule

FIT_EXAMPLES = examples(
    "cevnsjax fit coherent-csi-2021",
    "cevnsjax fit coherent-csi-2021 --model nsi --free eps_ee_u,eps_mumu_u --chains 64",
    "cevnsjax fit coherent-csi-2021 --fix nin_delay --prior 'quenching_0=Normal(0, 0.5)' --out my-fit",
    "cevnsjax fit coherent-csi-2021 --out my-fit --resume",
)

NARROW = 112
"""Width below which the table is squeezed, in characters."""

LARGEST_R_HAT, SMALLEST_ESS = 1.01, 400.0

OPTIONS_FILE = "checkpoint.json"
"""Options of the run that the checkpoint beside it belongs to."""


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


@reports_errors
def fit(
    experiment: ExperimentArgument,
    model: ModelOption = "sm",
    free: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Parameter of the model to free instead of its default ones; repeatable, or with commas.",
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Nuisance parameter to hold fixed; repeatable, or with commas."),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PRIOR",
            help="Another prior: Normal, Uniform, TruncatedNormal, LogNormal, LogUniform or HalfNormal; repeatable.",
        ),
    ] = None,
    set_values: SetOption = None,
    chains: Annotated[int, typer.Option(help="Number of chains.")] = 8,
    warmup: Annotated[int, typer.Option(help="Draws of the warm-up.")] = 300,
    samples: Annotated[int, typer.Option(help="Draws of each chain that are kept.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.", min=0, max=2**32 - 1)] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the results, `fit-EXPERIMENT-MODEL` by default.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run in the folder of the results.")
    ] = False,
    precision: PrecisionOption = Precision.float64,
    as_json: JsonOption = False,
) -> None:
    """Sample the posterior of a model: a table here, and samples, plots and run.json in a folder."""
    started = time.monotonic()
    priors = parse_priors(prior)
    configure_jax(precision)
    import jax

    from cevnsjax.inference import Schedule, build_model
    from cevnsjax.parameter import describe_prior

    schedule = Schedule(chains, warmup, samples)
    folder = out or Path(f"fit-{experiment}-{model}")
    check_folder(folder)
    if resume:
        _check_checkpoint(folder)
    prepared, chosen = prepare(experiment, model)
    prepared, values = apply_settings(prepared, chosen, set_values)
    wanted = split_names(free) or None
    built = build_model(prepared, model, free=wanted, fixed=split_names(fix), priors=priors)
    _check_start(built)
    timings = Timings(build=time.monotonic() - started)
    options = {
        "experiment": experiment,
        "model": model,
        "parameters": [
            {"name": p.name, "prior": describe_prior(p.prior), "paths": list(p.paths), "unit": p.unit}
            for p in built.parameters
        ],
        "set": values,
        "seed": seed,
        "schedule": asdict(schedule),
        "precision": str(precision),
    }
    for p in built.parameters:
        if any(path in values for path in p.paths):
            say(f"note: {p.name} is free, so --set moves only where its prior is checked; --fix {p.name} holds it.")
    with _run_folder(folder, options, resume):
        posterior = _sample(built, jax.random.key(seed), schedule, folder, resume, timings)
    best = _best_fit(built, posterior)
    summary = _ordered(posterior)
    timings.total = time.monotonic() - started
    report = {
        "parameters": summary,
        "divergences": posterior.divergences,
        "best_fit": best.values if best else None,
        "best_fit_log_density": best.log_density if best else None,
    }
    files = _write(folder, posterior, report, options, timings)
    wall_s = time.monotonic() - started
    for warning in warnings(summary, posterior.divergences):
        say(f"warning: {warning}", "yellow")
    if as_json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
        return
    _print(report, {p.name: p.unit for p in built.parameters}, f"{experiment}, model {model}")
    console = tables()
    console.print(f"{posterior.divergences} divergent transitions, {wall_s:.1f} s (sampling {timings.sampling:.1f} s)")
    console.print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _check_start(model: "Model") -> None:
    """Refuse settings that give no prediction, before anything is sampled."""
    import equinox as eqx

    expected = eqx.filter_jit(lambda m: m.expected(m.reference_values))(model)
    for name, counts in zip(model.experiment.samples, np.asarray(expected), strict=True):
        check_counts(f"{name} sample", counts)


@contextlib.contextmanager
def _run_folder(folder: Path, options: dict[str, Any], resume: bool):
    """Make the folder of a run for its checkpoint; leave none behind if nothing was sampled.

    Raises
    ------
    OutputError
        If it cannot be written, or holds no checkpoint of the same run to resume from.
    """
    from cevnsjax.inference.run import CHECKPOINT

    checkpoint, description = folder / CHECKPOINT, folder / OPTIONS_FILE
    if resume:
        _check_options(folder, options)
        writable_folder(folder)
        yield
        return
    new = not folder.exists()
    writable_folder(folder)
    try:
        checkpoint.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"The old checkpoint {checkpoint} cannot be removed: {error.strerror}.") from error
    write_file(description, lambda path: path.write_text(json.dumps(options, indent=2)))
    try:
        yield
    finally:
        if not checkpoint.exists():
            description.unlink(missing_ok=True)
            if new:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _check_checkpoint(folder: Path) -> None:
    from cevnsjax.inference.run import CHECKPOINT

    if not (folder / CHECKPOINT).exists():
        raise OutputError(f"There is no checkpoint to resume from in {folder}; run without --resume first.")


def _check_options(folder: Path, options: dict[str, Any]) -> None:
    description = folder / OPTIONS_FILE
    try:
        before = json.loads(description.read_text())
        different = [name for name, value in options.items() if before[name] != value]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"The file {description} is missing or damaged; run without --resume.") from error
    if different:
        example = _difference(before[different[0]], options[different[0]])
        raise OutputError(
            f"The run in {folder} has other options ({', '.join(different)}; {example}); give the same options as "
            "then, or run without --resume."
        )


def _difference(before: Any, now: Any) -> str:
    """The first difference of two options in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in (*now, *before):
            if before.get(name) != now.get(name):
                return f"{name}: {before.get(name)} then, {now.get(name)} now"
    if isinstance(before, list) and isinstance(now, list):
        for old, new in zip(before, now, strict=False):
            if old != new:
                return (
                    _difference(old, new) if old.get("name") == new.get("name") else f"{old['name']} or {new['name']}"
                )
        return f"{len(before)} then, {len(now)} now"
    return f"{before} then, {now} now"


def _sample(model: "Model", key, schedule: "Schedule", folder: Path, resume: bool, timings: Timings) -> "Posterior":
    """Sample with a progress bar on stderr (lines, where that is no terminal)."""
    from cevnsjax.inference import sample

    started = time.monotonic()
    marks = {"warm-up": started, "sampling": started}
    console = messages()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        Remaining(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {"compiling": bars.add_task("compiling…", total=None)}
        if not console.is_terminal:
            say("compiling…")

        def progress(stage: str, done: int, total: int) -> None:
            marks[stage] = time.monotonic()
            if stage not in tasks:
                for task in tasks.values():
                    bars.stop_task(task)
                bars.update(tasks["compiling"], visible=False)
                tasks[stage] = bars.add_task(stage, total=total)
                if not console.is_terminal:
                    say(f"{stage}: {total} draws in each of {schedule.chains} chains")
            bars.update(tasks[stage], completed=done, total=total)

        posterior = sample(model, key, schedule, folder=folder, resume=resume, progress=progress)
    timings.warm_up = marks["warm-up"] - started
    timings.sampling = time.monotonic() - marks["warm-up"]
    return replace(posterior, attributes={"experiment": model.experiment.name})


def _best_fit(model: "Model", posterior: "Posterior") -> "Maximum | None":
    """Maximum of the density, searched from the best draw; ``None`` (with a message) where the search fails."""
    import equinox as eqx

    from cevnsjax.inference import maximum

    best = np.unravel_index(
        np.argmin(posterior.statistics["potential_energy"]), posterior.statistics["diverging"].shape
    )
    try:
        found = maximum(model, start={name: float(values[best]) for name, values in posterior.samples.items()})
    except CevnsjaxError as error:
        say(f"warning: no best fit: {error}", "yellow")
        return None
    values = {name: found.values[name] for name in model.names}
    events = eqx.filter_jit(lambda m, v: m.at(v).signal().sum())(model, {n: np.asarray(v) for n, v in values.items()})
    return replace(found, values=values | {"cevns_events": float(events)})


def _ordered(posterior: "Posterior") -> dict[str, dict]:
    """Summary in the order of the model's parameters."""
    summary = posterior.summary()
    return {name: summary[name] for name in (*posterior.model.names, "cevns_events")}


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


def _write(
    folder: Path, posterior: "Posterior", report: dict[str, Any], options: dict[str, Any], timings: Timings
) -> list[Path]:
    """Write all results, each whole or not at all."""
    from cevnsjax.inference.plots import plot_corner, plot_spectrum

    summary = {"summary": report["parameters"]} | {
        name: value for name, value in report.items() if name != "parameters"
    }
    run = options | _surroundings() | {"timings_s": asdict(timings)} | summary
    posterior = replace(posterior, attributes={"options": json.dumps(options)})
    return [
        write_file(folder / "posterior.nc", posterior.to_netcdf),
        write_file(folder / "corner.png", lambda path: plot_corner(posterior, path)),
        write_file(folder / "spectrum.png", lambda path: plot_spectrum(posterior, path)),
        write_file(folder / "run.json", lambda path: path.write_text(json.dumps(finite(run), indent=2) + "\n")),
    ]


def _surroundings() -> dict[str, Any]:
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


def _print(report: dict[str, Any], units: dict[str, str], title: str) -> None:
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
        digits = _decimals(row["sd"])
        intervals = [f"{row[level][0]:.{digits}f}{to}{row[level][1]:.{digits}f}" for level in ("hdi_68", "hdi_90")]
        table.add_row(
            escape(name),
            f"{row['mean']:.{digits}f}",
            f"{row['sd']:.{digits}f}",
            *intervals,
            f"{row['ess_bulk']:.0f}",
            f"{row['r_hat']:.3f}",
            f"{best[name]:.{digits}f}" if name in best else "-",
            escape(units.get(name, "events")),
        )
    console.print(table)


def _decimals(spread: float) -> int:
    """Decimals that show two digits of a spread, between 0 and 8."""
    return int(np.clip(1 - np.floor(np.log10(spread)), 0, 8)) if spread > 0 and np.isfinite(spread) else 4
