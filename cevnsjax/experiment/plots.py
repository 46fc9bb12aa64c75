"""Plots of what experiments expect and observe, written to files without any global state of matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.joint import Joint
from cevnsjax.experiment.likelihood import PoissonLikelihood

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGNAL_COLOUR = "#f4a259"
BACKGROUND_COLOURS = (
    *("#5fb3d4", "#2a9d8f", "#c58bb8", "#b5a642", "#8c6bb1", "#a3b86c"),
    *("#d98880", "#7f8fa6", "#e0c068", "#6d9dc5", "#a9746e", "#74b49b"),
)
STEADY_STATE_COLOUR = "#dcdfe3"
BAND_COLOUR = "#1d4e89"
INK = "#1b2733"
LABELS = {
    "cevns": "CEvNS",
    "dipole_portal": "dipole portal",
    "electrons": "neutrino-electron scattering",
    "brn": "beam-related neutrons",
    "nin": "neutrino-induced neutrons",
    "steady_state": "steady state",
    "prompt_brn": "prompt neutrons",
    "delayed_brn": "delayed neutrons",
    "lines": "capture lines",
}
COMMON_LABELS = ("expected", "posterior median", "68 % band", "90 % band", "data", "prediction (Asimov)")
MOST_LABELLED_EDGES, MANY_BINS = 14, 40
_STYLE = {"font_size": 12.0, "dpi": 150}


def plot_prediction(experiment: Experiment | Joint, path: Path) -> None:
    """Draw the prediction of an experiment (or of several) beside the data, projected on each observable.

    Parameters
    ----------
    experiment
        The experiment, or several.
    path
        Where to write; the ending decides the format.
    """
    each = [(part, part.contributions(), None) for part in experiment.parts.values()]
    plot_projections(each, path)


def plot_projections(each: Sequence[tuple[Experiment, Mapping[str, Any], np.ndarray | None]], path: Path) -> None:
    """Draw one row for each sample that holds the signal (the first, where none does), a column for each observable.

    Parameters
    ----------
    each
        Experiments, each with its components ``[energy, time]`` by name, and with draws ``[draw, sample, energy,
        time]`` of what is expected, or none.
    path
        Where to write; the ending decides the format.
    """
    from matplotlib.figure import Figure

    rows = [
        (part, components, expected, index, sample)
        for part, components, expected in each
        for index, sample in enumerate(part.samples)
        if set(part.sample_contributions(sample)) & set(part.interactions) or (not part.interactions and index == 0)
    ]
    columns = max(len(_shown_axes(part)) for part, *_ in rows)
    figure = Figure(figsize=(6.5 * columns, 5.6 * len(rows)), dpi=_STYLE["dpi"], layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    handles: dict[str, Any] = {}
    signal = next((name for part, *_ in rows for name in part.interactions), None)
    colours = _colours([name for part, _, _, _, sample in rows for name in _stacking_order(part, sample)], signal)
    for row, (part, components, expected, index, sample) in enumerate(rows):
        observed = np.asarray(part.observed[index])
        shown = _shown_axes(part)
        for column, number in enumerate(shown):
            axis, edges = grid[row, column], np.asarray(part.axes[number].edges)
            stacked = {name: part.project(components[name], number) for name in _stacking_order(part, sample)}
            band = None if expected is None else part.project(expected[:, index], number)
            data = part.project(observed, number)
            bars = _error_bars(part, index, number)
            _projection(axis, edges, stacked, colours, band, data, bars, part.data_label)
            _dress(axis, part.axes[number].name, edges, part.quantity)
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
        for column in range(len(shown), columns):
            grid[row, column].set_axis_off()
        counted = isinstance(part.likelihood, PoissonLikelihood)
        events = f", {observed.sum():.0f} events" if counted else ""
        grid[row, 0].set_title(f"{part.name}: {sample}{events}", loc="left", color=INK)
    # what all have in common after the components of each
    labels = sorted(handles, key=COMMON_LABELS.__contains__)
    figure.legend(
        [handles[label] for label in labels],
        labels,
        loc="outside lower center",
        ncols=2 * columns,
        frameon=False,
        fontsize=_STYLE["font_size"],
    )
    figure.savefig(path)


def _shown_axes(experiment: Experiment) -> list[int]:
    """Positions of the observables with more than one bin, or of the first."""
    return [number for number, axis in enumerate(experiment.axes) if axis.bins > 1] or [0]


def _error_bars(experiment: Experiment, sample: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of the error bars of the projected data, downwards and upwards."""
    shape = len(experiment.samples), *(each.bins for each in experiment.axes)
    observed = np.asarray(experiment.observed).reshape(shape)
    others = tuple(1 + other for other in range(len(experiment.axes)) if other != axis)
    down, up = experiment.likelihood.error_bars(observed, others)
    return down[sample], up[sample]


def _stacking_order(experiment: Experiment, sample: str) -> list[str]:
    """The steady-state background at the bottom, other backgrounds, and the signal on top."""
    names = experiment.sample_contributions(sample)
    return sorted(names, key=lambda name: (name in experiment.interactions, name != "steady_state", name))


def _colours(names: Sequence[str], signal: str | None) -> dict[str, str]:
    """One colour for each name, the same in all panels; the signal's for the first interaction."""
    known = ({signal: SIGNAL_COLOUR} if signal else {}) | {"steady_state": STEADY_STATE_COLOUR}
    others = [name for name in dict.fromkeys(names) if name not in known]
    return known | {name: BACKGROUND_COLOURS[i % len(BACKGROUND_COLOURS)] for i, name in enumerate(others)}


def _projection(
    axis: "Axes",
    edges: np.ndarray,
    stacked: dict[str, np.ndarray],
    colours: dict[str, str],
    band: np.ndarray | None,
    observed: np.ndarray,
    error_bars: tuple[np.ndarray, np.ndarray],
    data_label: str,
) -> None:
    """Draw one projection: components ``[bin]`` stacked, band of draws ``[draw, bin]``, data ``[bin]``."""
    bottom, crowded = np.zeros(len(edges) - 1), len(edges) > MANY_BINS
    for name, counts in stacked.items():
        label = LABELS.get(name, name.replace("_", " "))
        axis.stairs(bottom + counts, edges, baseline=bottom, fill=True, color=colours[name], label=label)
        bottom = bottom + counts
    if band is None:
        axis.stairs(bottom, edges, color=INK, linewidth=1.6, baseline=None, label="expected")
        top = bottom
    else:
        axis.stairs(
            np.median(band, axis=0), edges, color=BAND_COLOUR, linewidth=1.6, baseline=None, label="posterior median"
        )
        for level, strength in ((0.68, 0.45), (0.90, 0.25)):
            low, high = np.quantile(band, [0.5 - level / 2, 0.5 + level / 2], axis=0)
            shade = {"color": BAND_COLOUR, "alpha": strength, "linewidth": 0}
            axis.stairs(high, edges, baseline=low, fill=True, label=f"{100 * level:.0f} % band", **shade)
        top = np.quantile(band, 0.95, axis=0)
    axis.errorbar(
        0.5 * (edges[1:] + edges[:-1]),
        observed,
        yerr=error_bars,
        fmt="o",
        color="black",
        markersize=2.5 if crowded else 4.5,
        elinewidth=0.7 if crowded else 1.3,
        capsize=0,
        label=data_label,
        zorder=5,
    )
    lowest = float((observed - error_bars[0]).min())
    axis.set_ylim(min(0.0, 1.08 * lowest), 1.08 * max(float((observed + error_bars[1]).max()), float(top.max())))
    if lowest < 0.0:
        axis.axhline(0.0, color=INK, linewidth=0.8)


def _drawn_equally_wide(edges: np.ndarray) -> bool:
    """Whether the widths differ so much that bins are drawn equally wide, with their edges as ticks."""
    widths = np.diff(edges)
    return bool(widths.max() > 5.0 * widths.min())


def _dress(axis: "Axes", name: str, edges: np.ndarray, quantity_shown: str) -> None:
    size = _STYLE["font_size"]
    quantity, _, unit = name.rpartition("_")
    text = f"{quantity.replace('_', ' ')} / {unit.replace('us', 'µs')}" if quantity else name
    if _drawn_equally_wide(edges):
        places = np.arange(len(edges), dtype=float)
        axis.set_xscale(
            "function",
            functions=(lambda x: np.interp(x, edges, places), lambda place: np.interp(place, places, edges)),
        )
        text += "  (bins drawn equally wide)"
    axis.set_xlim(edges[0], edges[-1])
    if len(edges) <= MOST_LABELLED_EDGES or _drawn_equally_wide(edges):
        labelled = edges[:: -(-len(edges) // MOST_LABELLED_EDGES)]
        axis.set_xticks(labelled, [f"{edge:.3g}" if edge < 1e3 else f"{edge:g}" for edge in labelled])
        axis.minorticks_off()
    axis.set_xlabel(text, fontsize=size + 1, color=INK)
    axis.set_ylabel(quantity_shown, fontsize=size + 1, color=INK)
    axis.tick_params(labelsize=size - 1, direction="out")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
