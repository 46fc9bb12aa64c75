"""``cevnsjax unfold``: the flux that made the data of an experiment."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import typer

from cevnsjax.cli.common import (
    CodeOption,
    ExperimentArgument,
    JsonOption,
    ModelOption,
    SetOption,
    SettingsOption,
    configure_jax,
    examples,
    print_json,
    reports_errors,
    results_folder,
    tables,
    warn,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.grid import parse_grid
from cevnsjax.cli.progress import Stages, stages
from cevnsjax.cli.run_file import LARGEST_SEED, settings_given
from cevnsjax.cli.run_folder import ForceOption, check_results, run_folder
from cevnsjax.cli.settings import prepare
from cevnsjax.cli.unfold_report import RESULTS, Found, print_unfolding, unfolding_report, warnings, write_unfolding
from cevnsjax.errors import ParameterError
from cevnsjax.files import check_folder

if TYPE_CHECKING:
    from cevnsjax.experiment import PromptSpectrum
    from cevnsjax.inference import FluxResponse

BINS = 20

UNFOLD_EXAMPLES = examples(
    "cevnsjax unfold nucleus-3 --bins 0.2:1.8:8 --beta 20",
    "cevnsjax unfold nucleus-1 --bins 0.4:1.8:7 --seed 1 --bayesian",
    "cevnsjax unfold my_detector.toml --criterion l-curve --json",
    "cevnsjax unfold nucleus-3 --bins 0.2:8:1000 --beta 20 --no-covariance",
    "cevnsjax unfold prospect-hfir --bins 2:8:12",
)


class Criterion(StrEnum):
    """How the strength of the penalty is chosen."""

    physical = "physical"
    bias = "bias"
    l_curve = "l-curve"


class Variance(StrEnum):
    """What the variances of counts are."""

    observed = "observed"
    expected = "expected"


class _Data(NamedTuple):
    """What is unfolded: a response, what was observed, its covariance where variances are not the counts, its name."""

    response: "FluxResponse"
    observed: np.ndarray
    covariance: np.ndarray | None
    label: str


@reports_errors
def unfold(
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    set_values: SetOption = None,
    bins: Annotated[
        str | None,
        typer.Option(
            metavar="LOW:HIGH:NUMBER",
            help="Bins of the neutrino energy, MeV.",
            show_default=f"{BINS} over the energies that are seen",
        ),
    ] = None,
    beta: Annotated[float | None, typer.Option(help="Strength of the penalty, in the place of a --criterion.")] = None,
    criterion: Annotated[
        Criterion | None,
        typer.Option(
            help="How it is chosen: `physical`, the smallest with a positive flux; `bias`, where the bias is as large "
            "as its errors; `l-curve`, the corner of roughness against chi^2.",
            show_default=Criterion.physical.value,
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Source, where there are several.")] = None,
    component: Annotated[str | None, typer.Option(help="Kind of neutrino, where there are several.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Unfold data drawn from the prediction with this seed.",
            min=0,
            max=LARGEST_SEED,
            show_default="the experiment's data",
        ),
    ] = None,
    variance: Annotated[
        Variance, typer.Option(help="Whether variances are the observed counts or the expected ones.")
    ] = Variance.observed,
    covariance: Annotated[
        bool, typer.Option("--covariance/--no-covariance", help="Whether errors and bias are computed.")
    ] = True,
    bayesian: Annotated[
        bool, typer.Option("--bayesian", help="Sample the flux too: the penalty as a prior, and no flux below zero.")
    ] = False,
    samples: Annotated[int, typer.Option(help="Draws of each of four chains of --bayesian.", min=10)] = 500,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the results, `unfold-EXPERIMENT-MODEL` by default."),
    ] = None,
    force: ForceOption = False,
    settings_file: SettingsOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Unfold the data of an experiment to the flux that made them: a table, and a plot and unfolding.json in a folder.

    Beside experiments there are spectra that were released with a response and a covariance (`cevnsjax list spectra`).

    The flux in bins of the neutrino energy is that with the smallest chi^2 + beta S, with S the sum of its squared
    second differences. All else, backgrounds and the flux outside of the bins, is what the experiment says. beta is in
    the inverse square of the unit of the flux: antineutrinos per fission and MeV for a reactor of known power, the mean
    of the experiment's own flux otherwise.
    """
    started, form = time.monotonic(), chosen_format(as_json, as_csv, as_latex)
    if beta is not None and criterion is not None:
        raise ParameterError("--beta and --criterion both choose the strength of the penalty; give one of them.")
    if criterion is Criterion.bias and not covariance:
        raise ParameterError("--criterion bias needs what --no-covariance leaves out; give one of them.")
    edges = None if bins is None else _edges(bins)
    settings = settings_given(settings_file, experiment, model=model, set_values=set_values, out=out)
    configure_jax()
    import equinox as eqx

    from cevnsjax.experiment import MEASURED_SPECTRA
    from cevnsjax.inference.identity import digest

    released = MEASURED_SPECTRA.get(settings.experiment)
    options = {
        "experiment": settings.experiment,
        "model": settings.model if released is None else None,
        "set": settings.set,
        "bins": bins,
        "beta": beta,
        "criterion": None if beta is not None else (criterion or Criterion.physical).value,
        "source": source,
        "component": component,
        "seed": seed,
        "variance": variance.value,
        "covariance": covariance,
        "bayesian": bayesian,
        "samples": samples if bayesian else None,
    }
    if released is not None:
        _check_released(options | {"model": model})
    names = (settings.experiment,) if released is not None else (settings.experiment, settings.model)
    folder = Path(settings.out) if settings.out else results_folder("unfold", *names)
    check_folder(folder)
    if released is not None:
        subject: Any = released()
        numbers: Any = subject.observed, subject.covariance, subject.fine_response
    else:
        subject, _, options["set"] = prepare(*names, given=settings.set, allow_code=allow_code)
        numbers = eqx.filter(subject, eqx.is_array)
    options["numbers"] = digest(numbers)
    check_results(folder, RESULTS[0], RESULTS, options, force)
    with run_folder(folder):
        with stages() as shown:
            shown.begin("response", None, "differentiating the prediction in the flux")
            data = _seen(subject, edges, options) if released is None else _released(subject, edges)
            found = _unfold(data, options, shown)
        report = unfolding_report(found)
        title = f"{', model '.join(names)}: unfolded {data.label}"
        files = write_unfolding(folder, found, options, report, title)
    for warning in warnings(found):
        warn(warning)
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
    elif form is not Format.text:
        print_rows(form, report["bins"], title)
    else:
        print_unfolding(report, title, wall_s)
        tables().print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _check_released(options: dict[str, Any]) -> None:
    """Refuse what needs a model of a detector, of a spectrum whose response and covariance are released."""
    given = [f"--{name}" for name in ("model", "set", "source", "component") if options[name]]
    given += ["--seed"] * (options["seed"] is not None) + ["--variance"] * (options["variance"] != Variance.observed)
    if given:
        raise ParameterError(
            f"{options['experiment']} is a measured spectrum with a response and a covariance that were released: "
            f"{' and '.join(given)} cannot be given."
        )


def _edges(text: str) -> np.ndarray:
    """Edges of bins from LOW:HIGH:NUMBER."""
    parts = text.split(":")
    if len(parts) != 3 or not parts[2].strip().isdecimal():
        raise ParameterError(f"--bins needs LOW:HIGH:NUMBER in MeV, got {text!r}.")
    number = int(parts[2])
    if number < 3:
        raise ParameterError(f"--bins {text!r} needs at least three bins, got {number}.")
    try:
        return parse_grid(f"bins={parts[0]}:{parts[1]}:{number + 1}")[1]
    except ParameterError as error:
        raise ParameterError(str(error).replace("--grid", "--bins").replace("bins=", "")) from None


def _seen(prepared: Any, edges: np.ndarray | None, options: dict[str, Any]) -> _Data:
    """What an experiment sees of a flux."""
    import jax

    from cevnsjax.experiment import PoissonLikelihood
    from cevnsjax.inference import flux_response
    from cevnsjax.inference.unfold_response import visible_edges_MeV

    which = {"source": options["source"], "component": options["component"]}
    if edges is None:
        edges = visible_edges_MeV(prepared, BINS, **which)
    response = flux_response(prepared, edges, **which)
    key = None if options["seed"] is None else jax.random.key(options["seed"])
    observed = np.ravel(prepared.observed if key is None else prepared.draw(key))
    covariance = None
    if options["variance"] == Variance.expected or not isinstance(prepared.likelihood, PoissonLikelihood):
        covariance = np.diag(1.0 / np.ravel(prepared.likelihood.information(prepared.expected())))
    label = prepared.data_label if key is None else f"simulated data, seed {options['seed']}"
    return _Data(response, observed, covariance, label)


def _released(spectrum: "PromptSpectrum", edges: np.ndarray | None) -> _Data:
    """What a release says of a spectrum."""
    from cevnsjax.inference.unfold_response import released_response

    response = released_response(spectrum, spectrum.visible_edges_MeV if edges is None else edges)
    return _Data(response, spectrum.observed, spectrum.covariance, "data")


def _unfold(data: _Data, options: dict[str, Any], shown: Stages) -> Found:
    """Choose, unfold and sample, with progress on stderr."""
    import jax

    from cevnsjax.inference import choose_beta, penalty_curve, sample_flux
    from cevnsjax.inference import unfold as unfolded

    response = data.response
    given: dict[str, Any] = {"response": response.response, "observed": data.observed}
    given |= {"background": response.background, "covariance": data.covariance}
    beta, errors, curve = options["beta"], options["covariance"], None
    if beta is None or errors:  # many bins with a given beta are a matter of one solution
        shown.begin("penalties", None, "unfolding with many strengths of the penalty")
        curve = penalty_curve(**given, with_errors=errors)
    if beta is None:
        beta = choose_beta(options["criterion"], **given, curve=curve)
    unfolding = unfolded(**given, beta=beta, with_errors=errors)
    sampled = None
    if options["bayesian"]:
        shown.begin("sampling", None, "sampling the flux")
        draws = options["samples"]
        sampled = sample_flux(**given, beta=beta, key=jax.random.key(options["seed"] or 0), samples=draws, warmup=draws)
    return Found(response, unfolding, curve, sampled)
