"""``cevnsjax unfold``: the flux that made the data of an experiment."""

import itertools
import json
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    CodeOption,
    ExperimentArgument,
    JsonOption,
    ModelOption,
    SetOption,
    SettingsOption,
    configure_jax,
    examples,
    finite,
    print_json,
    reports_errors,
    results_folder,
    tables,
    warn,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.grid import parse_grid
from cevnsjax.cli.progress import Stages, stages
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.cli.run_file import LARGEST_SEED, settings_given
from cevnsjax.cli.run_folder import ForceOption, check_results, run_folder
from cevnsjax.cli.settings import prepare
from cevnsjax.errors import ParameterError
from cevnsjax.files import check_folder, write_file

if TYPE_CHECKING:
    from cevnsjax.inference import FluxResponse, PenaltyCurve, SampledFlux, Unfolding

RESULTS = ("unfolding.json", "unfolding.png")
"""Files of an unfolding: the first is its record."""

BINS = 20
_UPPER_BOUND = 1.645
"""Standard deviations of a one-sided bound of 95 %."""
_BIASED, _MOST_ROWS = 3.0, 100

UNFOLD_EXAMPLES = examples(
    "cevnsjax unfold nucleus-3 --bins 0.2:1.8:8 --beta 20",
    "cevnsjax unfold nucleus-1 --bins 0.4:1.8:7 --seed 1 --bayesian",
    "cevnsjax unfold my_detector.toml --criterion l-curve --json",
    "cevnsjax unfold nucleus-3 --bins 0.2:8:1000 --beta 20 --no-covariance",
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


class _Found(NamedTuple):
    response: "FluxResponse"
    unfolding: "Unfolding"
    curve: "PenaltyCurve | None"
    sampled: "SampledFlux | None"


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

    from cevnsjax.inference.identity import digest

    folder = Path(settings.out) if settings.out else results_folder("unfold", settings.experiment, settings.model)
    check_folder(folder)
    prepared, _, values = prepare(settings.experiment, settings.model, given=settings.set, allow_code=allow_code)
    options = {
        "experiment": settings.experiment,
        "model": settings.model,
        "set": values,
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
        "numbers": digest(eqx.filter(prepared, eqx.is_array)),
    }
    check_results(folder, RESULTS[0], RESULTS, options, force)
    with run_folder(folder):
        with stages() as shown:
            found = _unfold(prepared, edges, options, shown)
        report = _report(found)
        title = _title(settings.experiment, options, prepared)
        files = _write(folder, found, options, report, title)
    for warning in _warnings(found):
        warn(warning)
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
    elif form is not Format.text:
        print_rows(form, report["bins"], title)
    else:
        _print(report, title, wall_s)
        tables().print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


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


def _unfold(prepared: Any, edges: np.ndarray | None, options: dict[str, Any], shown: Stages) -> _Found:
    """Differentiate, choose, unfold and sample, with progress on stderr."""
    import jax

    from cevnsjax.experiment import PoissonLikelihood
    from cevnsjax.inference import choose_beta, flux_response, penalty_curve, sample_flux
    from cevnsjax.inference import unfold as unfolded
    from cevnsjax.inference.unfold_response import visible_edges_MeV

    which = {"source": options["source"], "component": options["component"]}
    shown.begin("response", None, "differentiating the prediction in the flux")
    if edges is None:
        edges = visible_edges_MeV(prepared, BINS, **which)
    response = flux_response(prepared, edges, **which)
    key = None if options["seed"] is None else jax.random.key(options["seed"])
    observed = np.ravel(prepared.observed if key is None else prepared.draw(key))
    given: dict[str, Any] = {"response": response.response, "observed": observed, "background": response.background}
    if options["variance"] == Variance.expected or not isinstance(prepared.likelihood, PoissonLikelihood):
        information = prepared.likelihood.information(prepared.expected())
        given["covariance"] = np.diag(1.0 / np.ravel(information))
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
    return _Found(response, unfolding, curve, sampled)


def _report(found: _Found) -> dict[str, Any]:
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


def _warnings(found: _Found) -> list[str]:
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


def _title(experiment: str, options: dict[str, Any], prepared: Any) -> str:
    data = prepared.data_label if options["seed"] is None else f"simulated data, seed {options['seed']}"
    return f"{experiment}, model {options['model']}: unfolded {data}"


def _write(folder: Path, found: _Found, options: dict[str, Any], report: dict[str, Any], title: str) -> list[Path]:
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


def _print(report: dict[str, Any], title: str, wall_s: float) -> None:
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
    console.print(
        f"flux of {report['component']} in {report['unit']}, {report['unit_per_cm2_s_MeV']:.4g} cm^-2 s^-1 MeV^-1",
        markup=False,
    )
    bias = f", B = {report['bias_significance']:.2f}" if "bias_significance" in report else ""
    console.print(
        f"beta = {report['beta']:.4g}, chi^2 = {report['chi2']:.2f} of {report['data_bins']} bins of the data, "
        f"S = {report['roughness']:.3g}{bias}, {wall_s:.1f} s"
    )
