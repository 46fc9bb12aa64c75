"""``cevnsjax spectrum``: expected counts."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.checks import check_counts
from cevnsjax.cli.common import (
    CodeOption,
    ExperimentArgument,
    JsonOption,
    ModelOption,
    Precision,
    PrecisionOption,
    SetOption,
    SettingsOption,
    check_plot_file,
    configure_jax,
    examples,
    fits,
    print_json,
    reports_errors,
    say,
    tables,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.plot_style import LogAxes, LogOption, PerUnitOption, RatioOption, ResidualOption, plot_style
from cevnsjax.cli.run_file import settings_given
from cevnsjax.cli.settings import prepare
from cevnsjax.errors import ParameterError
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment

SPECTRUM_EXAMPLES = examples(
    "cevnsjax spectrum coherent-csi-2021",
    "cevnsjax spectrum coherent-csi-2021 --set mass_kg=20 --plot spectrum.png",
    "cevnsjax spectrum coherent-csi-2021 --plot spectrum.png --residual --ratio",
    "cevnsjax spectrum coherent-csi-2021 --model nsi --set eps_ee_u=0.1 --json",
)


@reports_errors
def spectrum(
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    set_values: SetOption = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the prediction into a file; a plot there is replaced.")
    ] = None,
    residual: ResidualOption = False,
    ratio: RatioOption = False,
    log: LogOption = LogAxes.automatic,
    per_unit: PerUnitOption = None,
    precision: PrecisionOption = None,
    settings_file: SettingsOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Print the expected counts of every component, in each bin.

    Where the data are a prediction (Asimov data, of the projections), --set makes them anew. --csv has a row for each
    bin of all observables, where tables and --latex have sums over all but the first.
    """
    form = chosen_format(as_json, as_csv, as_latex)
    settings = settings_given(settings_file, experiment, model=model, set_values=set_values, precision=precision)
    configure_jax(Precision(settings.precision))
    style = plot_style(residual, ratio, log, per_unit)
    if plot is not None:
        check_plot_file(plot)
    elif style != plot_style():
        raise ParameterError("How a spectrum is drawn needs a file for it; give --plot FILE.")
    prepared, _, _ = prepare(settings.experiment, settings.model, given=settings.set, allow_code=allow_code)
    each = {name: prediction(part) for name, part in prepared.parts.items()}
    content = {"experiment": settings.experiment, "model": settings.model}
    content |= {"experiments": each} if len(each) > 1 else next(iter(each.values()))
    if plot is not None:
        from cevnsjax.experiment import plot_prediction

        write_file(plot, lambda path: plot_prediction(prepared, path, style))
        say(f"wrote {plot}")
    if form is Format.json:
        print_json(content)
    elif form is Format.csv:
        print_rows(form, [row for name, predicted in each.items() for row in bin_rows(name, predicted)])
    elif form is Format.latex:
        for name, predicted in each.items():
            title, label = f"{name}, model {settings.model}", prepared.parts[name].data_label
            for heading, rows, totals in _tables(title, predicted, label):
                print_rows(form, [*rows, totals], heading)
    else:
        for name, predicted in each.items():
            _print(f"{name}, model {settings.model}", predicted, prepared.parts[name].data_label)


def prediction(experiment: "Experiment") -> dict[str, Any]:
    """Expected and observed counts of an experiment as nested dictionaries, as ``--json`` prints them.

    ``components`` holds every interaction and background by name, with its ``total`` and ``counts`` by bin; of an
    interaction also the total of each component of the source, ``by_component``. ``asimov`` tells whether what is
    ``observed`` is a prediction.

    Raises
    ------
    ParameterError
        If an expected count is negative or not finite.
    """
    signals, contributions = experiment.signals(), experiment.contributions()
    components: dict[str, Any] = {}
    for name, counts in contributions.items():
        counts = np.asarray(counts, dtype=float)
        check_counts(name, counts)
        components[name] = {"total": float(counts.sum()), "counts": counts.tolist()}
    for name, signal in signals.items():
        each = zip(experiment.components(name), np.asarray(signal, dtype=float), strict=True)
        components[name]["by_component"] = {component: float(counts.sum()) for component, counts in each}
    observed = np.asarray(experiment.observed, dtype=float)
    return {
        "components": components,
        "bins": {axis.name: list(axis.edges) for axis in experiment.axes},
        "samples": {sample: list(experiment.sample_contributions(sample)) for sample in experiment.samples},
        "time_ratios": {sample: float(experiment.time_ratios.get(sample, 1.0)) for sample in experiment.samples},
        "asimov": experiment.is_asimov,
        "observed": {sample: counts.tolist() for sample, counts in zip(experiment.samples, observed, strict=True)},
    }


def bin_rows(name: str, content: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each bin of each sample of an experiment: edges of all observables, counts of every contribution.

    Parameters
    ----------
    name
        Name of the experiment.
    content
        What :func:`prediction` gives.
    """
    rows = []
    for sample, names in content["samples"].items():
        observed, ratio = np.ravel(content["observed"][sample]), content["time_ratios"][sample]
        counts = {each: ratio * np.ravel(content["components"][each]["counts"]) for each in names}
        bins = [list(itertools.pairwise(edges)) for edges in content["bins"].values()]
        for index, edges in enumerate(itertools.product(*bins)):
            row: dict[str, Any] = {"experiment": name, "sample": sample}
            for axis, (low, high) in zip(content["bins"], edges, strict=True):
                row |= {f"{axis}_low": float(low), f"{axis}_high": float(high)}
            row |= {each: float(values[index]) for each, values in counts.items()}
            row |= {"expected": float(sum(values[index] for values in counts.values()))}
            rows.append(row | {"prediction" if content["asimov"] else "observed": float(observed[index])})
    return rows


def _tables(
    title: str, content: dict[str, Any], data_label: str
) -> Iterator[tuple[str, list[dict[str, str]], dict[str, str]]]:
    """For each sample its title, and rows and totals as texts, over the bins of the first observable."""
    first, *others = content["bins"]
    edges = content["bins"][first]
    others = [name for name in others if len(content["bins"][name]) > 2]
    summed = f", summed over {' and '.join(others)}" if others else ""
    for sample, names in content["samples"].items():
        observed, ratio = np.asarray(content["observed"][sample]), content["time_ratios"][sample]
        counts = {name: ratio * np.asarray(content["components"][name]["counts"]) for name in names}
        counts |= {"expected": np.sum(list(counts.values()), axis=0), data_label: observed}
        forms: dict[str, Callable[[float], str]] = dict.fromkeys(counts, _count)
        if np.all(observed == np.round(observed)):
            forms[data_label] = "{:.0f}".format
        sums = {name: values.reshape(len(edges) - 1, -1).sum(axis=1) for name, values in counts.items()}
        rows = [
            {first: f"{low:g} to {high:g}"} | {name: forms[name](values[index]) for name, values in sums.items()}
            for index, (low, high) in enumerate(itertools.pairwise(edges))
        ]
        totals = {first: "total"} | {name: forms[name](values.sum()) for name, values in sums.items()}
        yield f"{title}: {sample} sample{summed}", rows, totals


def _print(title: str, content: dict[str, Any], data_label: str) -> None:
    """One table for each sample, over the bins of the first observable."""
    console = tables()
    for heading, rows, totals in _tables(title, content, data_label):
        # without lines where these would break numbers
        narrow = not fits(console, [list(totals), *(list(row.values()) for row in (*rows, totals))])
        frame = {"box": None, "padding": (0, 1, 0, 0)} if narrow else {}
        table = Table(title=escape(heading), title_justify="left", title_style="bold", show_footer=True, **frame)
        for index, (name, total) in enumerate(totals.items()):
            table.add_column(
                escape(name), escape(total), justify="right" if index else "left", no_wrap=not index, overflow="fold"
            )
        for row in rows:
            table.add_row(*map(escape, row.values()))
        console.print(table)
    for name, component in content["components"].items():
        if "by_component" in component:
            each = ", ".join(f"{of} {_count(value)}" for of, value in component["by_component"].items())
            console.print(f"{name} by flux component: {each}", markup=False)


def _count(value: float) -> str:
    """Two decimals, or two digits where these would say zero of what is not."""
    return f"{value:.1e}" if 0.0 < abs(value) < 5e-3 else f"{value:.2f}"
