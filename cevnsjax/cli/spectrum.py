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
from cevnsjax.cli.settings import apply_settings, prepare
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
    prepared, _ = apply_settings(prepared, chosen, set_values)
    content = {"experiment": experiment, "model": model} | prediction(prepared)
    if plot is not None:
        from cevnsjax.inference.plots import plot_prediction

        write_file(plot, lambda path: plot_prediction(prepared, path))
        say(f"wrote {plot}")
    if as_json:
        print_json(content)
    else:
        _print(content)


def prediction(experiment: "Experiment") -> dict[str, Any]:
    """Expected and observed counts of an experiment as nested dictionaries.

    Raises
    ------
    ParameterError
        If an expected count is negative or not finite.
    """
    import equinox as eqx

    signals, contributions = eqx.filter_jit(lambda e: (e.signals(), e.contributions()))(experiment)
    components: dict[str, Any] = {}
    for name, counts in contributions.items():
        counts = np.asarray(counts, dtype=float)
        check_counts(name, counts)
        components[name] = {"total": float(counts.sum()), "counts": counts.tolist()}
    for name, signal in signals.items():
        flavours = zip(experiment.flux.components, np.asarray(signal, dtype=float), strict=True)
        components[name]["by_flavour"] = {flavour: float(counts.sum()) for flavour, counts in flavours}
    axes = experiment.axes
    observed = np.asarray(experiment.observed, dtype=float)
    return {
        "components": components,
        "bins": {axes.energy_name: list(axes.energy_edges), axes.time_name: list(axes.time_edges)},
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

    expected = eqx.filter_jit(lambda m: m.expected(m.reference_values))(model)
    for name, counts in zip(model.experiment.samples, np.asarray(expected), strict=True):
        check_counts(f"{name} sample", counts)


def _print(content: dict[str, Any]) -> None:
    console = tables()
    energy, time = content["bins"]
    components = content["components"]
    for sample, names in content["samples"].items():
        table = Table(
            title=escape(
                f"{content['experiment']}, model {content['model']}: {sample} sample, counts summed over {time}"
            ),
            title_justify="left",
            title_style="bold",
            show_footer=True,
        )
        observed = np.asarray(content["observed"][sample])
        counts = {name: np.asarray(components[name]["counts"]) for name in names}
        counts["expected"] = np.sum([counts[name] for name in names], axis=0)
        table.add_column(energy, "total")
        for name, values in counts.items():
            table.add_column(name, _count(values.sum()), justify="right")
        table.add_column("observed", f"{observed.sum():.0f}", justify="right")
        edges = content["bins"][energy]
        for index, (low, high) in enumerate(itertools.pairwise(edges)):
            row = [_count(values[index].sum()) for values in counts.values()]
            table.add_row(f"{low:g} to {high:g}", *row, f"{observed[index].sum():.0f}")
        console.print(table)
    for name, component in components.items():
        if "by_flavour" in component:
            flavours = ", ".join(f"{flavour} {_count(value)}" for flavour, value in component["by_flavour"].items())
            console.print(f"{name} by flux component: {flavours}", markup=False)


def _count(value: float) -> str:
    """Two decimals, or two digits where these would say zero of what is not."""
    return f"{value:.1e}" if 0.0 < abs(value) < 5e-3 else f"{value:.2f}"
