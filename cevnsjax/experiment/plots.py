"""Plots of what experiments expect and observe, written to files without any global state of matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.joint import Joint
from cevnsjax.experiment.projection import STEADY_STATE, PlotStyle, Projection, projections
from cevnsjax.parameter import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    "accidental_sr0": "accidental coincidences, SR0",
    "accidental_sr1": "accidental coincidences, SR1",
    "accidental_sr2": "accidental coincidences, SR2",
    "electronic_recoil": "electronic recoils",
    "neutron": "radiogenic neutrons",
}
COMMON_LABELS = ("expected", "posterior median", "68 % band", "90 % band", "data", "prediction (Asimov)")
MOST_LABELLED_EDGES, MANY_BINS, MOST_COLUMNS = 14, 40, 3
_FONT_SIZE, _DPI = 12.0, 150
_EMPTY = 1e-4
"""What a logarithmic axis leaves out: what is this much smaller than the largest."""


def plot_prediction(experiment: Experiment | Joint, path: Path, style: PlotStyle | None = None) -> None:
    """Draw the prediction of an experiment (or of several) beside the data, projected on each observable.

    Parameters
    ----------
    experiment
        The experiment, or several.
    path
        Where to write; the ending decides the format.
    style
        Residuals, ratios, logarithmic axes, counts per unit.
    """
    each = [(part, part.contributions(), None) for part in experiment.parts.values()]
    plot_projections(each, path, style)


def plot_projections(
    each: Sequence[tuple[Experiment, Mapping[str, Any], np.ndarray | None]],
    path: Path,
    style: PlotStyle | None = None,
) -> None:
    """Draw a panel for each observable of each sample that holds the signal (the first, where none does).

    Parameters
    ----------
    each
        Experiments, each with its components ``[energy, time]`` by name, and with draws ``[draw, sample, energy,
        time]`` of what is expected, or none.
    path
        Where to write; the ending decides the format.
    style
        Residuals, ratios, logarithmic axes, counts per unit.
    """
    rows = [row for part, components, draws in each for row in projections(part, components, draws)]
    spectrum_figure(rows, style or PlotStyle()).savefig(path)


def spectrum_figure(rows: Sequence[Sequence[Projection]], style: PlotStyle) -> "Figure":
    """Draw rows of panels, broken where they are wider than a page.

    Parameters
    ----------
    rows
        Projections of each sample.
    style
        How they are drawn.
    """
    from matplotlib.figure import Figure

    columns = _columns([len(row) for row in rows])
    lines = _lines(rows, columns)
    height = 6.4 if style.ratio else 5.2
    if len(lines) > 1:
        height *= 0.85
    figure = Figure(figsize=(6.5 * columns, height * len(lines) + 0.6), dpi=_DPI, layout="constrained")
    grid = figure.add_gridspec(len(lines), columns)
    panels = [panel for row in rows for panel in row]
    colours = _colours(panels)
    handles: dict[str, Any] = {}
    for number, line in enumerate(lines):
        for column, panel in enumerate(line):
            within = grid[number, column].subgridspec(2, 1, height_ratios=(3, 1), hspace=0.06) if style.ratio else None
            axis = figure.add_subplot(grid[number, column] if within is None else within[0])
            shown = panel.styled(style)
            _projection(axis, shown, colours, panel.log_axes(style))
            lowest = axis
            if within is not None:
                lowest = figure.add_subplot(within[1], sharex=axis)
                _ratio(lowest, panel)
                axis.tick_params(labelbottom=False)
            _dress_observable(axis, lowest, panel, panel.log_axes(style))
            for handle, text in zip(*axis.get_legend_handles_labels(), strict=True):
                handles.setdefault(text, handle)
            if any(panel is row[0] for row in rows):
                axis.set_title(shown.title, loc="left", color=INK)
    # what all have in common after the components of each
    labels = sorted(handles, key=COMMON_LABELS.__contains__)
    figure.legend(
        [handles[text] for text in labels],
        labels,
        loc="outside lower center",
        ncols=2 * columns,
        frameon=False,
        fontsize=_FONT_SIZE,
    )
    return figure


def _columns(panels: Sequence[int]) -> int:
    """Panels beside each other: those of the longest row, or of all that have one each, on as many lines as needed."""
    most = max(panels) if max(panels) > 1 else len(panels)
    return -(-most // -(-most // MOST_COLUMNS))


def _lines(rows: Sequence[Sequence[Projection]], columns: int) -> list[list[Projection]]:
    """Break rows that are too long, and put beside each other what has room there."""
    lines: list[list[Projection]] = []
    for row in rows:
        pieces = [list(row[start : start + columns]) for start in range(0, len(row), columns)]
        if lines and len(pieces) == 1 and len(lines[-1]) + len(row) <= columns:
            lines[-1] += pieces[0]
        else:
            lines += pieces
    return lines


def _colours(panels: Sequence[Projection]) -> dict[str, str]:
    """One colour for each name, the same in all panels; the signal's for the first interaction."""
    names = [name for panel in panels for name in panel.components]
    signal = next((name for panel in panels for name in panel.components if name in panel.signals), None)
    known = ({signal: SIGNAL_COLOUR} if signal else {}) | {STEADY_STATE: STEADY_STATE_COLOUR}
    others = [name for name in dict.fromkeys(names) if name not in known]
    return known | {name: BACKGROUND_COLOURS[i % len(BACKGROUND_COLOURS)] for i, name in enumerate(others)}


def _projection(axis: "Axes", panel: Projection, colours: Mapping[str, str], log_axes: str) -> None:
    """Draw one projection: components stacked, what is expected with its bands, and data."""
    edges, bottom, crowded = panel.edges, np.zeros(len(panel.edges) - 1), len(panel.edges) > MANY_BINS
    for name, counts in panel.components.items():
        called = LABELS.get(name, label(name))
        axis.stairs(bottom + counts, edges, baseline=bottom, fill=True, color=colours[name], label=called)
        bottom = bottom + counts
    line = {"linewidth": 1.6, "baseline": None}
    if panel.draws is None:
        axis.stairs(panel.expected, edges, color=INK, label="expected", **line)
        top = panel.expected
    else:
        axis.stairs(panel.expected, edges, color=BAND_COLOUR, label="posterior median", **line)
        _bands(axis, panel.draws, edges)
        top = np.quantile(panel.draws, 0.95, axis=0)
    errors = panel.error_down, panel.error_up
    _points(axis, panel, panel.observed, errors, crowded)
    largest = max(float((panel.observed + panel.error_up).max()), float(top.max()))
    if "y" in log_axes:
        axis.set_yscale("log")
        filled = np.concatenate([panel.expected, panel.observed - panel.error_down])
        axis.set_ylim(0.5 * filled[filled > _EMPTY * largest].min(initial=largest), 2.0 * largest)
    else:
        lowest = float((panel.observed - panel.error_down).min())
        axis.set_ylim(min(0.0, 1.08 * lowest), 1.08 * largest)
        if lowest < 0.0:
            axis.axhline(0.0, color=INK, linewidth=0.8)
    _dress(axis, panel.quantity)


def _ratio(axis: "Axes", panel: Projection) -> None:
    """Draw data over what is expected, of bins where anything is, with the bands of the latter."""
    expected = panel.expected
    over = np.where(expected > 0.0, expected, np.nan)
    if panel.draws is not None:
        _bands(axis, panel.draws / over, panel.edges)
    axis.axhline(1.0, color=INK, linewidth=1.0)
    errors = panel.error_down / over, panel.error_up / over
    _points(axis, panel, panel.observed / over, errors, len(panel.edges) > MANY_BINS)
    ends = np.concatenate([panel.observed / over - errors[0], panel.observed / over + errors[1]])
    far = float(np.clip(np.nanquantile(np.abs(ends - 1.0), 0.95), 0.05, 1.0)) if np.isfinite(ends).any() else 1.0
    low, high = 1.0 - 1.15 * far, 1.0 + 1.15 * far
    axis.set_ylim(low, high)
    for outside, end, marker in ((panel.observed > high * over, high, "^"), (panel.observed < low * over, low, "v")):
        if outside.any():  # an empty line that is not clipped has no place in a layout
            axis.plot(
                panel.places[outside], np.full(outside.sum(), end), marker, color="black", clip_on=False, zorder=6
            )
    _dress(axis, f"{panel.data_label.split()[0]} / exp.")


def _bands(axis: "Axes", draws: np.ndarray, edges: np.ndarray) -> None:
    """Draw the central 68 and 90 % of draws ``[draw, bin]``."""
    for level, strength in ((0.68, 0.45), (0.90, 0.25)):
        low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        shade = {"color": BAND_COLOUR, "alpha": strength, "linewidth": 0}
        axis.stairs(high, edges, baseline=low, fill=True, label=f"{100 * level:.0f} % band", **shade)


def _points(axis: "Axes", panel: Projection, values: np.ndarray, errors, crowded: bool) -> None:
    axis.errorbar(
        panel.places,
        values,
        yerr=errors,
        fmt="o",
        color="black",
        markersize=2.5 if crowded else 4.5,
        elinewidth=0.7 if crowded else 1.3,
        capsize=0,
        label=panel.data_label,
        zorder=5,
    )


def _dress(axis: "Axes", quantity: str) -> None:
    axis.set_ylabel(quantity, fontsize=_FONT_SIZE + 1, color=INK)
    axis.tick_params(labelsize=_FONT_SIZE - 1, direction="out")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _dress_observable(axis: "Axes", lowest: "Axes", panel: Projection, log_axes: str) -> None:
    """Scale, ends, ticks and name of the observable."""
    edges = panel.edges
    quantity, _, unit = panel.observable.rpartition("_")
    text = f"{quantity.replace('_', ' ')} / {panel.unit}" if quantity else unit
    left = edges[0] if edges[0] > 0.0 or "x" not in log_axes else 0.5 * edges[1]
    if "x" in log_axes and left > 0.0:
        axis.set_xscale("log")
    axis.set_xlim(left, edges[-1])
    if panel.is_numbered:
        lowest.set_xticks(panel.places)
    elif "x" not in log_axes and len(edges) <= MOST_LABELLED_EDGES and np.diff(edges).min() > 0.06 * np.ptp(edges):
        # at edges, where these leave room for numbers
        lowest.set_xticks(edges, [f"{edge:.3g}" if edge < 1e3 else f"{edge:g}" for edge in edges])
    lowest.set_xlabel(text, fontsize=_FONT_SIZE + 1, color=INK)
