"""``cevnsjax fit``: sample the posterior of a model and write what comes out."""

import time
from dataclasses import asdict, replace
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
    split_names,
    tables,
    warn,
)
from cevnsjax.cli.devices import DevicesOption, dealt_out
from cevnsjax.cli.fitted_model import fitted_model
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.posterior_warnings import disagreements, warnings
from cevnsjax.cli.progress import stages
from cevnsjax.cli.report import (
    RESULTS,
    Timings,
    asimov_note,
    check_shown,
    draw_plots,
    goodness_of_fit,
    optional,
    print_summary,
    summary_rows,
    summary_texts,
    write_run,
    write_samples,
)
from cevnsjax.cli.run_file import (
    LARGEST_SEED,
    ChainsOption,
    EssOption,
    FitSettings,
    Sampler,
    SamplerKind,
    SamplesOption,
    WarmupOption,
    settings_given,
)
from cevnsjax.cli.run_folder import RUN, ForceOption, check_no_other_run, run_folder
from cevnsjax.errors import InterruptedRun, ParameterError
from cevnsjax.files import check_folder

if TYPE_CHECKING:
    import jax

    from cevnsjax.inference import AbstractSampler, Maximum, Model, Posterior

FIT_EXAMPLES = examples(
    "cevnsjax fit coherent-csi-2021",
    "cevnsjax fit coherent-csi-2021 --model nsi --free eps_ee_u,eps_mumu_u --ess 10000",
    "cevnsjax fit coherent-csi-2021 --sampler nuts --chains 8 --samples 500",
    "cevnsjax fit coherent-csi-2021 --fix nin_delay --prior 'quenching_0=Normal(0, 0.5)' --out my-fit",
    "cevnsjax fit coherent-csi-2021 --out my-fit --resume",
    "cevnsjax fit coherent-csi-2021,coherent-lar --model nsi --share sns_flux_norm",
    "cevnsjax fit conus --model nsi --set eps_ee_u=0.3 --out injected",
    "cevnsjax fit ricochet --free signal_norm,mass_kg --prior 'mass_kg=Normal(0.68, 0.01)'",
    "cevnsjax fit --settings run.toml --chains 256",
    "cevnsjax fit my_detector.toml --model nsi",
)


@reports_errors
def fit(
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    free: FreeOption = None,
    fix: FixOption = None,
    share: ShareOption = None,
    prior: PriorOption = None,
    set_values: SetOption = None,
    sampler: Annotated[
        SamplerKind | None, typer.Option(help="How chains move.", show_default=str(Sampler.kind))
    ] = None,
    chains: ChainsOption = None,
    ess: EssOption = None,
    samples: SamplesOption = None,
    warmup: WarmupOption = None,
    max_tree_depth: Annotated[
        int | None,
        typer.Option(
            help="Largest depth of a trajectory of NUTS (2^depth steps) after the warm-up.",
            show_default="what the sampler needs",
        ),
    ] = None,
    target_acceptance: Annotated[
        float | None,
        typer.Option(
            help="Acceptance probability that the step size is adapted to.",
            show_default="what the sampler needs",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of all random numbers.", min=0, max=LARGEST_SEED, show_default=str(Sampler.seed)),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the results, `fit-EXPERIMENT-MODEL` by default.")
    ] = None,
    corner: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Parameter (or derived quantity) that the corner plot shows in the place of the first twelve; "
            "repeatable, or with commas.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run in the folder of the results.")
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
    """Sample the posterior of a model: a table here, and samples, plots and run.json in a folder.

    A folder with the results of another run is refused. The same run may be done again, and one that was interrupted
    goes on with --resume.
    """
    if force and resume:
        raise ParameterError("--resume goes on with a run, --force replaces it; give one of them.")
    if samples is not None and ess is not None:
        raise ParameterError("--samples says how many draws there are, --ess when they are enough; give one of them.")
    form = chosen_format(as_json, as_csv, as_latex)
    started = time.monotonic()
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
        sampler={
            "kind": sampler and sampler.value,
            "chains": chains,
            "ess": ess,
            "samples": samples,
            "warmup": warmup,
            "max_tree_depth": max_tree_depth,
            "target_acceptance": target_acceptance,
            "seed": seed,
        },
    )
    configure_jax(Precision(settings.precision))
    with dealt_out(devices, settings.folder) as folder:
        _run(settings, folder, split_names(corner) or None, resume, force, allow_code, form, started)


def _run(
    settings: FitSettings,
    folder: Path,
    shown: list[str] | None,
    resume: bool,
    force: bool,
    allow_code: bool,
    form: Format,
    started: float,
) -> None:
    """Build, sample, write and print: samples and record first, then the table, then what can be done without."""
    import jax

    from cevnsjax.inference.identity import kept_identity, run_identity
    from cevnsjax.inference.journal import check_kept
    from cevnsjax.inference.memory import check_sampling_memory

    key, algorithm = jax.random.key(settings.sampler.seed), settings.sampler.algorithm
    check_folder(folder)
    fitted = fitted_model(settings, allow_code=allow_code)
    check_shown(fitted.model, shown)
    options = {"model": settings.model, "set": fitted.values, "seed": settings.sampler.seed}
    identity = run_identity(fitted.model, key, settings.sampler, options=options, sampler=algorithm)
    kept = kept_identity(identity)
    if resume:
        check_kept(folder, kept)
    else:
        check_no_other_run(folder, RUN, RESULTS, identity, kept, force)
    check_sampling_memory(fitted.model, settings.sampler)
    timings = Timings(build=time.monotonic() - started)
    described = identity | {"settings": asdict(settings)}
    with run_folder(folder):
        posterior = _sample(fitted.model, key, settings.sampler, folder, resume, options, timings)
        files = [write_samples(folder, posterior, described)]
    report = _report(posterior, algorithm)
    timings.total = time.monotonic() - started
    files.append(write_run(folder, report, described, timings))
    for warning in (*warnings(report["parameters"], posterior.divergences), *disagreements(posterior)):
        warn(warning)
    units = {each.name: each.unit for each in (*fitted.model.parameters, *fitted.model.derived)}
    title = f"{settings.experiment}, model {settings.model}{asimov_note(fitted.model)}"
    if form is Format.csv:
        print_rows(form, summary_rows(report, units))
    elif form is Format.latex:
        print_rows(form, summary_texts(report, units), title)
    elif form is Format.text:
        print_summary(report, units, title)
    try:
        files += draw_plots(folder, posterior, shown)
    except KeyboardInterrupt:
        raise InterruptedRun(
            f"Interrupted while drawing; samples and run.json are in {folder}, and `cevnsjax plot {folder}` draws "
            "again without sampling."
        ) from None
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
    elif form is Format.text:
        console = tables()
        console.print(
            f"{posterior.divergences} divergent transitions, {wall_s:.1f} s (sampling {timings.sampling:.1f} s)"
        )
        console.print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _sample(
    model: "Model",
    key: "jax.Array",
    schedule: Sampler,
    folder: Path,
    resume: bool,
    options: dict[str, Any],
    timings: Timings,
) -> "Posterior":
    """Sample, with progress on stderr."""
    from cevnsjax.inference import sample

    started = time.monotonic()
    marks = {"warm-up": started, "sampling": started}
    with stages() as shown:
        shown.begin("compiling", sentence="compiling…")

        def progress(stage: str, done: int, total: int, note: str) -> None:
            marks[stage] = time.monotonic()
            if not shown.begun(stage):
                wanted = f"{total} draws in each of {schedule.chains} chains"
                if stage == "sampling" and schedule.samples is None:
                    wanted = f"until each parameter has {total} effective draws, in {schedule.chains} chains"
                shown.begin(stage, total, f"{stage}: {wanted}")
            shown.update(stage, done, total, f"{stage}, {note}" if note else "")

        posterior = sample(
            model,
            key,
            schedule,
            sampler=schedule.algorithm,
            folder=folder,
            resume=resume,
            progress=progress,
            options=options,
        )
    timings.warm_up = marks["warm-up"] - started
    timings.sampling = time.monotonic() - marks["warm-up"]
    return replace(posterior, attributes={"experiment": model.experiment.name})


def _report(posterior: "Posterior", algorithm: "AbstractSampler") -> dict[str, Any]:
    """Summary of a posterior and its best fit as plain numbers."""
    best, parameters = _best_fit(posterior.model, posterior, algorithm), {}
    with optional("there is no summary", "the samples are written"):
        parameters = _ordered(posterior)
    return {
        "parameters": parameters,
        "divergences": posterior.divergences,
        "best_fit": best.values if best else None,
        "best_fit_log_density": best.log_density if best else None,
        "goodness_of_fit": goodness_of_fit(posterior),
    }


def _best_fit(model: "Model", posterior: "Posterior", algorithm: "AbstractSampler") -> "Maximum | None":
    """Maximum of the density, searched from the best draw; ``None`` (with a message) where the search fails."""
    from cevnsjax.inference import maximum
    from cevnsjax.inference.predictions import predictions

    with optional("there is no best fit", "the samples do not need one"):
        best = np.unravel_index(
            np.nanargmin(posterior.statistics["potential_energy"]), posterior.statistics["diverging"].shape
        )
        start = {name: float(values[best]) for name, values in posterior.samples.items()}
        # by the program that has sampled, if that can: compiling another one takes longer than the fit
        chains = posterior.statistics["diverging"].shape[0]
        found = maximum(model, start=start, evaluate=algorithm.objective(model, model.data(), chains))
        values = {name: found.values[name] for name in model.names}
        at = {name: np.array([value], model.scale.dtype) for name, value in values.items()}
        derived = predictions(model, at, lambda there: there.derived)
        return replace(found, values=values | {name: float(value[0]) for name, value in derived.items()})
    return None


def _ordered(posterior: "Posterior") -> dict[str, dict]:
    """Summary in the order of the model's parameters."""
    summary = posterior.summary()
    return {name: summary[name] for name in (*posterior.model.names, *(d.name for d in posterior.model.derived))}
