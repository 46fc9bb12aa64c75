"""Plots of expected limits: their bands, the Asimov curve, and both against the exposure."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.experiment.plots import BAND_COLOUR, INK, SIGNAL_COLOUR
from cevnsjax.inference.asimov_curve import CLS, ONE_SIDED, TWO_SIDED
from cevnsjax.inference.discovery import ExposureCurve
from cevnsjax.inference.expected_limits import FELDMAN_COUSINS, Sensitivity
from cevnsjax.inference.model import Model
from cevnsjax.inference.quantiles import chi_squared_quantile
from cevnsjax.units import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CALLED = {
    TWO_SIDED: "likelihood ratio,\ntwo-sided",
    ONE_SIDED: "one-sided",
    CLS: r"CL$_\mathrm{s}$",
    FELDMAN_COUSINS: "Feldman-\nCousins",
}
_FONT_SIZE, _DPI = 12.0, 150
_HALF_HEIGHT, _BETWEEN = 0.36, 0.6
_DECADE = 10.0
_HIGHEST = 12.0
"""Statistic at which the axis of a curve ends."""


def plot_bands(found: Sensitivity, model: Model, path: Path) -> None:
    """Draw the bands of expected limits of every kind and level, with the asymptotic median and the observed limit.

    Parameters
    ----------
    found, model
        The limits, and the model that they are of.
    path
        Where to write; the ending decides the format.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Rectangle

    rows = [(kind, i) for kind in found.kinds for i in range(len(found.levels))]
    figure = Figure(figsize=(9.0, 1.9 + 0.42 * len(rows) + 0.2 * len(found.kinds)), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    heights: list[float] = []
    last, furthest = found.values[-1], 0.0
    for place, (kind, i) in enumerate(rows):
        height = -(place + _BETWEEN * found.kinds.index(kind))
        heights.append(height)
        bands, asimov = np.minimum(found.bands(kind)[i], last), found.asimov_bands(kind)
        for (low, high), alpha in (((bands[0], bands[4]), 0.25), ((bands[1], bands[3]), 0.55)):
            corner = low, height - _HALF_HEIGHT
            axis.add_patch(Rectangle(corner, high - low, 2 * _HALF_HEIGHT, color=BAND_COLOUR, alpha=alpha, linewidth=0))
        axis.plot([bands[2]] * 2, [height - _HALF_HEIGHT, height + _HALF_HEIGHT], color=INK, linewidth=1.8)
        marked = bands[4]
        if asimov is not None and np.isfinite(asimov[i, 2]):
            axis.plot(asimov[i, 2], height, marker="D", markersize=5, color="white", markeredgecolor=INK, zorder=4)
        if found.observed is not None and np.isfinite(found.observed[kind][i]):
            axis.plot(found.observed[kind][i], height, marker="o", markersize=7, color=SIGNAL_COLOUR, zorder=5)
            marked = max(marked, found.observed[kind][i])
        furthest = max(furthest, marked)
    axis.set_yticks(heights, [f"{100 * found.levels[i]:g} %" for _, i in rows])
    for kind in found.kinds:
        middle = float(np.mean([height for height, (each, _) in zip(heights, rows, strict=True) if each == kind]))
        at: Any = axis.get_yaxis_transform()
        axis.text(-0.09, middle, _CALLED[kind], transform=at, ha="right", va="center", color=INK, fontsize=_FONT_SIZE)
    axis.set_xlim(found.null, found.null + 1.06 * (furthest - found.null))
    axis.set_ylim(heights[-1] - 0.7, 0.7)
    handles: dict[str, Any] = {
        "median": Line2D([], [], color=INK, linewidth=1.8),
        "68 % of toys": Patch(color=BAND_COLOUR, alpha=0.66),
        "95 % of toys": Patch(color=BAND_COLOUR, alpha=0.25),
        "Asimov": Line2D([], [], marker="D", markersize=5, color="white", markeredgecolor=INK, linestyle="none"),
    }
    if found.observed is not None:
        handles["observed"] = Line2D([], [], marker="o", markersize=7, color=SIGNAL_COLOUR, linestyle="none")
    _dress(axis, model, found.name, "upper limit of ")
    title = f"{model.experiment.name}: limits of {found.toys} toys without a signal"
    _finish(figure, axis, title, handles, path)


def plot_asimov_curve(found: Sensitivity, model: Model, path: Path) -> None:
    """Draw the statistic of what the null predicts against the parameter, with the thresholds of two-sided limits.

    Parameters
    ----------
    found, model, path
        See :func:`plot_bands`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.6), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    curve = found.curve
    places, statistics = curve.fine()
    highest = max(1.2 * chi_squared_quantile(max(found.levels)), min(_HIGHEST, float(statistics.max())))
    end = min(int(np.flatnonzero(statistics <= highest)[-1]) + 1, places.size - 1)
    (handle,) = axis.plot(places[: end + 1], statistics[: end + 1], color=BAND_COLOUR, linewidth=2.2)
    handles: dict[str, Any] = {"Asimov data": handle}
    for level, style in zip(found.levels, ("-", "--", ":", "-.") * len(found.levels), strict=False):
        threshold = chi_squared_quantile(level)
        handles[rf"{100 * level:g} % ($\Delta\chi^2$ = {threshold:.2f})"] = axis.axhline(
            threshold, color=INK, linestyle=style, linewidth=1.2
        )
        value = float(curve.limits(TWO_SIDED, level, np.zeros(()))[()])
        if np.isfinite(value):
            axis.plot([value, value], [0.0, threshold], color=INK, linestyle=style, linewidth=0.8)
    axis.set_xlim(curve.null, float(places[end]))
    axis.set_ylim(0.0, highest)
    axis.set_ylabel(r"$\Delta\chi^2$ of what is expected without a signal", fontsize=_FONT_SIZE, color=INK)
    _dress(axis, model, found.name, "")
    _finish(figure, axis, f"{model.experiment.name}: what the expected data exclude", handles, path)


def plot_exposure_curve(found: ExposureCurve, model: Model, path: Path) -> None:
    """Draw the significance of a signal, and expected limits without one, against the exposure.

    Parameters
    ----------
    found, model
        The curve, and the model that it is of.
    path
        Where to write; the ending decides the format.
    """
    from matplotlib.figure import Figure

    parameter = next(each for each in model.parameters if each.name == found.name)
    figure = Figure(figsize=(9.0, 4.6), dpi=_DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    (significance,) = left.plot(found.times, found.significances, color=BAND_COLOUR, linewidth=2.2)
    handles: dict[str, Any] = {"significance": significance}
    for number, style in ((3.0, "--"), (5.0, ":")):
        handles[rf"{number:g} $\sigma$"] = left.axhline(number, color=INK, linestyle=style, linewidth=1.0)
    left.set_ylabel(r"significance / $\sigma$", fontsize=_FONT_SIZE, color=INK)
    value = axis_label(f"{found.signal:.3g}", parameter.unit).replace(" / ", " ")
    left.set_title(f"{parameter.label} = {value}", loc="left", fontsize=_FONT_SIZE, color=INK)
    level = len(found.levels) - 1
    low, middle, high = np.where(np.isfinite(found.limits[:, level]), found.limits[:, level], np.nan).T
    (handles["expected limit"],) = right.plot(found.times, middle, color=INK, linewidth=1.8)
    handles["68 % of expected limits"] = right.fill_between(
        found.times, low, high, color=BAND_COLOUR, alpha=0.35, linewidth=0
    )
    right.set_ylabel(axis_label(parameter.label, parameter.unit), fontsize=_FONT_SIZE, color=INK)
    kind = _CALLED[found.kind].replace("\n", " ")
    title = f"limits without it: {kind}, {100 * found.levels[level]:g} %"
    right.set_title(title, loc="left", fontsize=_FONT_SIZE, color=INK)
    for axis in (left, right):
        axis.set_xscale("log")
        axis.set_xlim(found.times.min(), found.times.max())
        axis.set_xlabel(f"exposure / that of {model.experiment.name}", fontsize=_FONT_SIZE, color=INK)
        axis.tick_params(labelsize=_FONT_SIZE - 1)
        axis.xaxis.set_major_formatter("{x:g}")
        _scale(axis)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    _legend(figure, handles)
    figure.savefig(path)


def _scale(axis: "Axes") -> None:
    """An axis from zero, or a logarithmic one of what spans more than that shows."""
    heights = np.concatenate([np.asarray(line.get_ydata(), float) for line in axis.lines])
    low, high = np.nanmin(heights), np.nanmax(heights)
    if low > 0.0 and high > _DECADE * low:
        axis.set_yscale("log")
        if low > 1e-3 and high < 1e4:
            axis.yaxis.set_major_formatter("{x:g}")
    else:
        axis.set_ylim(bottom=0.0)


def _dress(axis: "Axes", model: Model, name: str, before: str) -> None:
    parameter = next(each for each in model.parameters if each.name == name)
    label = axis_label(parameter.label, parameter.unit)
    axis.set_xlabel(f"{before}{label}", fontsize=_FONT_SIZE + 1, color=INK)
    axis.tick_params(labelsize=_FONT_SIZE - 1)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _finish(figure: "Figure", axis: "Axes", title: str, handles: dict[str, Any], path: Path) -> None:
    axis.set_title(title, loc="left", color=INK, fontsize=_FONT_SIZE + 1)
    _legend(figure, handles)
    figure.savefig(path)


def _legend(figure: "Figure", handles: dict[str, Any]) -> None:
    figure.legend(
        handles=list(handles.values()),
        labels=list(handles),
        loc="outside lower center",
        ncols=len(handles),
        columnspacing=1.4,
        handlelength=1.6,
        frameon=False,
        fontsize=_FONT_SIZE - 1,
    )
