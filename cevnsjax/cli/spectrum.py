"""``cevnsjax spectrum``: expected counts."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    ExperimentArgument,
    JsonOption,
    ModelOption,
    Precision,
    PrecisionOption,
    SetOption,
    check_plot_file,
    configure_jax,
    examples,
    print_json,
    reports_errors,
    say,
    tables,
    write_file,
)
from cevnsjax.cli.settings import apply_settings, parse_numbers, prepare
from cevnsjax.errors import ParameterError

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment
    from cevnsjax.inference import Model

SPECTRUM_EXAMPLES = examples(
    "cevnsjax spectrum coherent-csi-2021",
    "cevnsjax spectrum coherent-csi-2021 --set mass_kg=20 --plot spectrum.png",
    "cevnsjax spectrum coherent-csi-2021 --model nsi --set eps_ee_u=0.1 --json",
)


@reports_errors
def spectrum(
    experiment: ExperimentArgument,
    model: ModelOption = "sm",
    set_values: SetOption = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the prediction into a file.")] = None,
    precision: PrecisionOption = Precision.float64,
    as_json: JsonOption = False,
) -> None:
    """Print the expected counts of every component, in each bin."""
    configure_jax(precision)
    if plot is not None:
        check_plot_file(plot)
    prepared, chosen = prepare(experiment, model)
    prepared, _ = apply_settings(prepared, chosen, parse_numbers(set_values))
    each = {name: prediction(part) for name, part in prepared.parts.items()}
    content = {"experiment": experiment, "model": model}
    content |= {"experiments": each} if len(each) > 1 else next(iter(each.values()))
    if plot is not None:
        from cevnsjax.inference.plots import plot_prediction

        write_file(plot, lambda path: plot_prediction(prepared, path))
        say(f"wrote {plot}")
    if as_json:
        print_json(content)
        return
    for name, predicted in each.items():
        _print(f"{name}, model {model}", predicted)


def prediction(experiment: "Experiment") -> dict[str, Any]:
    """Expected and observed counts of an experiment as nested dictionaries.

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
        flavours = zip(experiment.flux.components, np.asarray(signal, dtype=float), strict=True)
        components[name]["by_flavour"] = {flavour: float(counts.sum()) for flavour, counts in flavours}
    observed = np.asarray(experiment.observed, dtype=float)
    return {
        "components": components,
        "bins": {axis.name: list(axis.edges) for axis in experiment.axes},
        "samples": {sample: list(experiment.sample_contributions(sample)) for sample in experiment.samples},
        "observed": {sample: counts.tolist() for sample, counts in zip(experiment.samples, observed, strict=True)},
    }


def check_counts(name: str, counts: np.ndarray) -> None:
    """Refuse expected counts that are negative (beyond rounding) or not finite.

    Raises
    ------
    ParameterError
        If there are any.
    """
    # an empty bin may come out at minus the rounding error of what the other bins hold
    rounding = 1e-6 * np.abs(counts).max(initial=1.0)
    if not np.all(np.isfinite(counts)) or np.any(counts < -rounding):
        raise ParameterError(
            f"The expected counts of {name!r} are negative or not finite with these values; change what --set gives."
        )


def check_start(model: "Model") -> None:
    """Refuse settings that give no prediction, before anything is fitted.

    Raises
    ------
    ParameterError
        If expected counts are negative or not finite.
    """
    import equinox as eqx

    parts = eqx.filter_jit(lambda m: [part.expected() for part in m.at(m.reference_values).parts.values()])(model)
    for part, expected in zip(model.experiment.parts.values(), parts, strict=True):
        for name, counts in zip(part.samples, np.asarray(expected), strict=True):
            check_counts(f"{name} sample", counts)


def _print(title: str, content: dict[str, Any]) -> None:
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
        table.add_column("observed", counted(observed.sum()), justify="right")
        rows = {name: values.reshape(bins, -1).sum(axis=1) for name, values in counts.items()}
        for index, (low, high) in enumerate(itertools.pairwise(content["bins"][first])):
            row = [_count(values[index]) for values in rows.values()]
            table.add_row(f"{low:g} to {high:g}", *row, counted(observed.reshape(bins, -1).sum(axis=1)[index]))
        console.print(table)
    for name, component in components.items():
        if "by_flavour" in component:
            flavours = ", ".join(f"{flavour} {_count(value)}" for flavour, value in component["by_flavour"].items())
            console.print(f"{name} by flux component: {flavours}", markup=False)


def _count(value: float) -> str:
    """Two decimals, or two digits where these would say zero of what is not."""
    return f"{value:.1e}" if 0.0 < abs(value) < 5e-3 else f"{value:.2f}"
