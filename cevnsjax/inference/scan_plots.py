"""Plots of profile-likelihood maps."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.errors import number_of
from cevnsjax.experiment.plots import BAND_COLOUR, INK, SIGNAL_COLOUR
from cevnsjax.inference.map_axes import axis_coordinate, is_logarithmic
from cevnsjax.inference.overlay_curves import curves_on, draw_curves
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.quantiles import chi_squared_quantile
from cevnsjax.overlays import Overlay
from cevnsjax.units import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVELS = (0.68, 0.90, 0.95)
CONTOUR_COLOURS = (INK, SIGNAL_COLOUR, "#e76f51")
HIGHEST = 12.0
"""Delta chi-squared at which the colours, and the curve's axis, end."""

_FONT_SIZE, _DPI = 13.0, 150
_LINE_WIDTH, _THICK_LINE = 1.3, 2.4
_LEGEND_ROW = 0.21
"""Height of a row of the legend, inches."""
_CURVE = 2001
_STAR: dict[str, Any] = {
    "marker": "*",
    "markersize": 17,
    "color": SIGNAL_COLOUR,
    "markeredgecolor": INK,
    "linestyle": "none",
}


def thresholds(dimensions: int) -> dict[float, float]:
    """Quantiles of chi-squared by confidence level, for one or two parameters."""
    levels = {0.68: 0.6827, 0.90: 0.90, 0.95: 0.95}
    return {level: chi_squared_quantile(levels[level], dimensions) for level in LEVELS}


def plot_profile_map(
    scan: ProfileMap, path: Path, levels: tuple[float, ...] = LEVELS, overlays: Iterable[Overlay] = ()
) -> None:
    """Draw a map with contours of confidence levels and its best fit; of one parameter, the curve of its profile.

    Axes are logarithmic where the grid is. Levels are those of as many parameters as are gridded.

    Parameters
    ----------
    scan
        The map. Points that were not computed are left out.
    path
        Where to write; the ending decides the format.
    levels
        Confidence levels, some of 0.68, 0.90 and 0.95.
    overlays
        Published curves to be drawn over the map; the legend says what one assumes that the map does not.

    Raises
    ------
    ParameterError
        If an overlay is of other quantities than the map.
    """
    from matplotlib.figure import Figure

    curves = curves_on(scan.model, scan.grid, overlays)

    height = (7.2 if len(scan.grid) == 2 else 6.0) + _LEGEND_ROW * len(curves)
    figure = Figure(figsize=(9.0, height), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    cuts = {level: value for level, value in thresholds(len(scan.grid)).items() if level in levels}
    width = _THICK_LINE if curves else _LINE_WIDTH
    handles = _draw_map(figure, axis, scan, cuts, width) if len(scan.grid) == 2 else _draw_curve(axis, scan, cuts)
    lines = draw_curves(axis, curves, list(scan.grid))
    axis.set_title(
        f"{scan.model.experiment.name}: profile likelihood, {number_of(len(scan.nuisances), 'parameter')} profiled",
        loc="left",
        color=INK,
        fontsize=_FONT_SIZE,
    )
    axis.tick_params(labelsize=_FONT_SIZE - 1, direction="out")
    own = list(handles.items())
    entries = _side_by_side(own, [(str(line.get_label()), line) for line in lines]) if lines else own
    figure.legend(
        handles=[handle for _, handle in entries],
        labels=[label for label, _ in entries],
        loc="outside lower center",
        ncols=2 if lines else len(entries),
        columnspacing=1.2,
        handlelength=2.4 if lines else 1.6,
        frameon=False,
        fontsize=_FONT_SIZE - 2,
    )
    figure.savefig(path)


def _side_by_side(left: list[tuple[str, Any]], right: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Entries of a legend that fill one column each."""
    from matplotlib.lines import Line2D

    rows, empty = max(len(left), len(right)), (" ", Line2D([], [], linestyle="none"))
    return [*left, *[empty] * (rows - len(left)), *right, *[empty] * (rows - len(right))]


def _draw_map(figure, axis: "Axes", scan: ProfileMap, cuts: dict[float, float], width: float) -> dict[str, Any]:
    """Fill the map, draw contours of a width and the best fit; returns what the legend names."""
    from matplotlib.lines import Line2D

    first, second = scan.grid
    grid, height = scan.drawn()
    if not scan.computed.all():
        # an interrupted map is whole on its coarser levels, which rows and columns with little in them would tear apart
        rows, columns = _mostly(scan.computed, 1), _mostly(scan.computed, 0)
        grid, height = {first: grid[first][rows], second: grid[second][columns]}, height[np.ix_(rows, columns)]
    x, y = grid.values()
    height = np.ma.masked_invalid(height.T)
    colours = axis.contourf(
        x, y, np.ma.minimum(height, HIGHEST), levels=np.linspace(0.0, HIGHEST, 49), cmap="Blues_r", extend="max"
    )
    colours.set_edgecolor("face")  # or thin white lines show between the steps
    bar = figure.colorbar(colours, ax=axis, ticks=np.arange(0.0, HIGHEST + 1.0, 2.0), pad=0.02)
    bar.set_label(r"$\Delta\chi^2$", fontsize=_FONT_SIZE + 1, color=INK)
    bar.ax.tick_params(labelsize=_FONT_SIZE - 1)
    handles: dict[str, Any] = {}
    for (level, cut), colour, style in zip(cuts.items(), CONTOUR_COLOURS, ("-", "--", "-"), strict=False):
        axis.contour(x, y, height, levels=[cut], linewidths=width, linestyles=style, colors=[colour])
        handle = Line2D([], [], color=colour, linestyle=style, linewidth=width)
        handles[rf"{100 * level:.0f} % ($\Delta\chi^2$ = {cut:.2f})"] = handle
    (handles["best fit in the grid"],) = axis.plot(
        scan.best.values[first], scan.best.values[second], clip_on=False, zorder=5, **_STAR
    )
    _dress(axis.xaxis, scan, first, x, axis.set_xscale, axis.set_xlim)
    _dress(axis.yaxis, scan, second, y, axis.set_yscale, axis.set_ylim)
    return handles


def _mostly(computed: np.ndarray, axis: int) -> np.ndarray:
    share = computed.mean(axis=axis)
    return share >= 0.5 * share.max()


def _draw_curve(axis: "Axes", scan: ProfileMap, cuts: dict[float, float]) -> dict[str, Any]:
    """Draw the profile of one parameter with its thresholds; returns what the legend names."""
    ((name, x),) = scan.grid.items()
    root, (to, back) = scan.curve(name), axis_coordinate(x)
    # a point that is computed alone, of an interrupted map, is no curve
    places = np.full(1, to(scan.best.values[name])) if root is None else np.linspace(root.x[0], root.x[-1], _CURVE)
    heights = np.zeros(1) if root is None else root(places) ** 2
    (curve,) = axis.plot(back(places), heights, color=BAND_COLOUR, linewidth=2.2)
    handles: dict[str, Any] = {"profile": curve}
    for (level, cut), style in zip(cuts.items(), ("-", "--", ":"), strict=False):
        line = axis.axhline(cut, color=INK, linestyle=style, linewidth=1.2)
        handles[rf"{100 * level:.0f} % ($\Delta\chi^2$ = {cut:.2f})"] = line
    (handles["best fit in the grid"],) = axis.plot(scan.best.values[name], 0.0, clip_on=False, zorder=5, **_STAR)
    axis.set_ylim(0.0, float(np.clip(1.05 * heights[np.isfinite(heights)].max(initial=0.0), 1.0, HIGHEST)))
    axis.set_ylabel(r"$\Delta\chi^2$", fontsize=_FONT_SIZE + 1, color=INK)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    _dress(axis.xaxis, scan, name, x, axis.set_xscale, axis.set_xlim)
    return handles


def _dress(side, scan: ProfileMap, name: str, values: np.ndarray, set_scale, set_limits) -> None:
    if is_logarithmic(scan.grid[name]):
        set_scale("log")
        if values[-1] < 100.0 * values[0]:  # powers of ten are too few to read such an axis by
            from matplotlib.ticker import LogLocator, NullFormatter

            side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            side.set_major_formatter("{x:g}")
            side.set_minor_formatter(NullFormatter())
    set_limits(values[0], values[-1])
    parameter = next(each for each in scan.model.parameters if each.name == name)
    side.set_label_text(axis_label(parameter.label, parameter.unit), fontsize=_FONT_SIZE + 1, color=INK)
