"""Plots of saved profile-likelihood maps, several over each other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.errors import CevnsjaxError, OutputError
from cevnsjax.experiment.plots import INK
from cevnsjax.inference.added_points import on_one_lattice
from cevnsjax.inference.figure_parts import COLOURS
from cevnsjax.inference.map_file import ADDED
from cevnsjax.inference.overlay_curves import Curve, draw_curves, each_once
from cevnsjax.inference.scan_plots import HIGHEST, LEVELS, thresholds
from cevnsjax.parameter import label
from cevnsjax.units import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FONT_SIZE, _DPI = 13, 150
_LEGEND_ROW = 0.26
"""Height of a row of the legend, inches."""
_STYLES = {0.68: "-", 0.90: "--", 0.95: ":"}
_SEVERAL = 0.90
"""Confidence level of the contours of several maps."""


@dataclass(frozen=True)
class SavedMap:
    """A profile-likelihood map as its file has it.

    Attributes
    ----------
    title
        Of what it is: experiment and model.
    grid
        Values of the gridded parameters by name, one or two.
    labels
        Labels of their axes, by name.
    logarithmic
        Names of those that are spaced in their logarithm.
    delta_chi2
        Twice the drop of the log-density, with an axis for each of them; NaN where nothing was computed. Of a map with
        added points both are those of a lattice that holds them.
    best
        Where it is largest, by name.
    """

    title: str
    grid: dict[str, np.ndarray]
    labels: dict[str, str]
    logarithmic: frozenset[str]
    delta_chi2: np.ndarray
    best: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> "SavedMap":
        """Read the ``scan.nc`` of a scan.

        Raises
        ------
        OutputError
            If it cannot be read, or is no map.
        """
        import xarray

        try:
            with xarray.open_dataset(path, engine="h5netcdf") as stored:
                stored.load()
            names = [str(name) for name in stored["delta_chi2"].dims]
            best = {name: float(json.loads(stored.attrs["best_fit"])[name]) for name in names}
        except (OSError, ValueError, KeyError) as error:
            raise OutputError(f"The file {path} cannot be read as the map of a scan: {error}.") from None
        attributes = {name: stored[name].attrs for name in names}
        grid, heights = on_one_lattice(
            {name: np.asarray(stored[name], dtype=float) for name in names},
            np.asarray(stored["delta_chi2"], dtype=float),
            {name: np.asarray(stored[ADDED + name]) for name in names if ADDED + name in stored},
            np.asarray(stored.get(f"{ADDED}delta_chi2", np.zeros(0))),
        )
        model = stored.attrs.get("model")
        experiment = str(stored.attrs.get("experiment", path.parent.name)).replace(",", ", ")
        return cls(
            f"{experiment}, model {model}" if model else experiment,
            grid,
            {name: _label(name, attributes[name]) for name in names},
            frozenset(name for name in names if attributes[name].get("spacing") == "logarithmic"),
            heights,
            best,
        )


def _label(name: str, attributes: dict[str, Any]) -> str:
    return axis_label(str(attributes.get("label", label(name))), str(attributes.get("unit", "")))


def plot_contours(maps: Sequence[SavedMap], path: Path, curves: Sequence[Curve] = ()) -> None:
    """Draw the contours of maps of the same parameters over each other; of one parameter, their curves.

    Of one map contours of 68, 90 and 95 %, of several those of 90 %; levels are those of as many parameters as are
    gridded.

    Parameters
    ----------
    maps
        The maps.
    path
        Where to write; the ending decides the format.
    curves
        Overlays in their parameters; one that was drawn over several of the maps is drawn once.

    Raises
    ------
    CevnsjaxError
        If they are of different parameters.
    """
    from matplotlib.figure import Figure

    names = list(maps[0].grid)
    for other in maps[1:]:
        if set(other.grid) != set(names):
            raise CevnsjaxError(
                f"The maps are of different parameters: {' and '.join(names)} of {maps[0].title}, "
                f"{' and '.join(other.grid)} of {other.title}."
            )
    curves = each_once(curves)
    figure = Figure(figsize=(8.0, 6.8 + _LEGEND_ROW * len(curves)), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    cuts = thresholds(len(names))
    levels = LEVELS if len(maps) == 1 or len(names) == 1 else (_SEVERAL,)
    handles = [
        handle
        for one, colour in zip(maps, COLOURS * len(maps), strict=False)
        for handle in _draw(axis, one, names, colour, [cuts[level] for level in levels], 2.4 if curves else 1.5)
    ]
    handles += draw_curves(axis, curves, names)
    _dress(axis, maps, names)
    if len(names) == 1:
        axis.set_ylim(0.0, HIGHEST)
        axis.set_ylabel(r"$\Delta\chi^2$", fontsize=_FONT_SIZE + 1, color=INK)
        for level in levels:
            axis.axhline(cuts[level], color=INK, linestyle=_STYLES[level], linewidth=1.0)
    text = ", ".join(rf"{100 * level:.0f} % ($\Delta\chi^2$ = {cuts[level]:.2f})" for level in levels)
    figure.legend(
        handles=handles,
        title=f"profile likelihood: {text}",
        title_fontsize=_FONT_SIZE - 1,
        fontsize=_FONT_SIZE - 1,
        loc="outside upper left",
        alignment="left",
        frameon=False,
    )
    figure.savefig(path)


def _draw(
    axis: "Axes", one: SavedMap, names: Sequence[str], colour: str, cuts: Sequence[float], width: float = 1.5
) -> list[Any]:
    """Draw one map, with contours of a width; returns what the legend names."""
    from matplotlib.lines import Line2D

    if len(names) == 1:
        (name,) = names
        found = np.isfinite(one.delta_chi2)
        places = np.append(one.grid[name][found], one.best[name])
        order = np.argsort(places)
        axis.plot(places[order], np.append(one.delta_chi2[found], 0.0)[order], color=colour, linewidth=2.0)
    else:
        heights = one.delta_chi2 if list(one.grid) == list(names) else one.delta_chi2.T
        grids = [one.grid[name] for name in names]
        drawn = np.ma.masked_invalid(heights.T)
        axis.contourf(*grids, drawn, levels=[0.0, max(cuts)], colors=[colour], alpha=0.15)
        styles = list(_STYLES.values())[: len(cuts)]
        axis.contour(*grids, drawn, levels=list(cuts), colors=[colour], linestyles=styles, linewidths=width)
        axis.plot(*(one.best[name] for name in names), "*", color=colour, markersize=13, markeredgecolor=INK)
    return [Line2D([], [], color=colour, linewidth=2.0, label=one.title)]


def _dress(axis: "Axes", maps: Sequence[SavedMap], names: Sequence[str]) -> None:
    """Scales, ends and labels of the gridded parameters."""
    for name, set_scale, set_limits, set_label in zip(
        names,
        (axis.set_xscale, axis.set_yscale),
        (axis.set_xlim, axis.set_ylim),
        (axis.set_xlabel, axis.set_ylabel),
        strict=False,
    ):
        if all(name in one.logarithmic for one in maps):
            set_scale("log")
        set_limits(min(one.grid[name].min() for one in maps), max(one.grid[name].max() for one in maps))
        set_label(maps[0].labels[name], fontsize=_FONT_SIZE + 1, color=INK)
    axis.tick_params(labelsize=_FONT_SIZE - 1)
