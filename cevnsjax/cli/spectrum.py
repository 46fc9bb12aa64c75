"""``cevnsjax spectrum``: expected counts."""

import itertools
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
    print_json,
    reports_errors,
    say,
    tables,
)
from cevnsjax.cli.run_file import settings_given
from cevnsjax.cli.settings import prepare
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment

SPECTRUM_EXAMPLES = examples(
    "cevnsjax spectrum coherent-csi-2021",
    "cevnsjax spectrum coherent-csi-2021 --set mass_kg=20 --plot spectrum.png",
    "cevnsjax spectrum coherent-csi-2021 --model nsi --set eps_ee_u=0.1 --json",
)


@reports_errors
def spectrum(
    experiment: ExperimentArgument = None,
    model: ModelOption = None,
    set_values: SetOption = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the prediction into a file.")] = None,
    precision: PrecisionOption = None,
    settings_file: SettingsOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print the expected counts of every component, in each bin.

    Where the data are a prediction (Asimov data, of the projections), --set makes them anew.
    """
    settings = settings_given(settings_file, experiment, model=model, set_values=set_values, precision=precision)
    configure_jax(Precision(settings.precision))
    if plot is not None:
        check_plot_file(plot)
    prepared, _, _ = prepare(settings.experiment, settings.model, given=settings.set, allow_code=allow_code)
    each = {name: prediction(part) for name, part in prepared.parts.items()}
    content = {"experiment": settings.experiment, "model": settings.model}
    content |= {"experiments": each} if len(each) > 1 else next(iter(each.values()))
    if plot is not None:
        from cevnsjax.experiment import plot_prediction

        write_file(plot, lambda path: plot_prediction(prepared, path))
        say(f"wrote {plot}")
    if as_json:
        print_json(content)
        return
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
        "asimov": experiment.is_asimov,
        "observed": {sample: counts.tolist() for sample, counts in zip(experiment.samples, observed, strict=True)},
    }


def _print(title: str, content: dict[str, Any], data_label: str) -> None:
    """One table for each sample, over the bins of the first observable."""
    console = tables()
    first, *others = content["bins"]
    bins = len(content["bins"][first]) - 1
    others = [name for name in others if len(content["bins"][name]) > 2]
    summed = f", summed over {' and '.join(others)}" if others else ""
    components = content["components"]
    for sample, names in content["samples"].items():
        table = Table(
            title=escape(f"{title}: {sample} sample{summed}"),
            title_justify="left",
            title_style="bold",
            show_footer=True,
        )
        observed = np.asarray(content["observed"][sample])
        counted = "{:.0f}".format if np.all(observed == np.round(observed)) else _count
        counts = {name: np.asarray(components[name]["counts"]) for name in names}
        counts["expected"] = np.sum([counts[name] for name in names], axis=0)
        table.add_column(first, "total")
        for name, values in counts.items():
            table.add_column(name, _count(values.sum()), justify="right")
        table.add_column(data_label, counted(observed.sum()), justify="right")
        rows = {name: values.reshape(bins, -1).sum(axis=1) for name, values in counts.items()}
        for index, (low, high) in enumerate(itertools.pairwise(content["bins"][first])):
            row = [_count(values[index]) for values in rows.values()]
            table.add_row(f"{low:g} to {high:g}", *row, counted(observed.reshape(bins, -1).sum(axis=1)[index]))
        console.print(table)
    for name, component in components.items():
        if "by_component" in component:
            each = ", ".join(f"{of} {_count(value)}" for of, value in component["by_component"].items())
            console.print(f"{name} by flux component: {each}", markup=False)


def _count(value: float) -> str:
    """Two decimals, or two digits where these would say zero of what is not."""
    return f"{value:.1e}" if 0.0 < abs(value) < 5e-3 else f"{value:.2f}"
