"""Pictures of a study: the way to the optimum, the optimum itself, what a budget buys, and what matters."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevnsjax.design.elasticity import Elasticities
from cevnsjax.design.optimum import Optimum
from cevnsjax.design.study import Study
from cevnsjax.experiment.plots import BAND_COLOUR, INK, SIGNAL_COLOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FONT_SIZE, _DPI, _MOST = 10.0, 150, 14


def plot_study(
    study: Study, best: Optimum, path: Path, front: Sequence[Optimum] = (), matters: Elasticities | None = None
) -> None:
    """Draw a study into a file.

    Parameters
    ----------
    study
        The study.
    best
        Its optimum.
    path
        Where to write; the ending decides the format.
    front
        Optima of several budgets.
    matters
        Elasticities at the optimum.
    """
    from matplotlib.figure import Figure

    rows = 1 + bool(len(front) or matters is not None)
    tall = max(len(study.variables), 8)
    figure = Figure(figsize=(11.0, 0.5 + rows * (1.6 + 0.22 * min(tall, 30))), dpi=_DPI, layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False)
    _draw_path(axes[0, 0], study, best)
    _draw_design(axes[0, 1], study, best)
    if rows > 1:
        _draw_front(axes[1, 0], study, best, front)
        _draw_elasticities(axes[1, 1], study, matters)
    names = ", ".join(study.built.parts)
    figure.suptitle(f"{names}: {study.objective.label}", x=0.01, ha="left", color=INK, fontsize=_FONT_SIZE + 1)
    figure.savefig(path)


def _titled(axis: "Axes", title: str) -> None:
    axis.set_title(title, loc="left", color=INK, fontsize=_FONT_SIZE)
    axis.tick_params(labelsize=_FONT_SIZE - 1)


def _draw_path(axis: "Axes", study: Study, best: Optimum) -> None:
    for number, each in enumerate(start.path for start in best.starts):
        label = {0: "from the nominal design", 1: "from random designs"}.get(number)
        colour = SIGNAL_COLOUR if number == 0 else BAND_COLOUR
        axis.plot(each, color=colour, alpha=1.0 if number == 0 else 0.6, linewidth=1.4, label=label)
    if not study.objective.is_logarithm:
        axis.set_yscale("log")
    axis.axhline(best.objective, color=INK, linestyle=":", linewidth=1.0)
    limited = np.isfinite(float(study.budget))
    axis.set_xlabel("step (on the way it may cost more than the budget)" if limited else "step")
    axis.set_ylabel(study.objective.label)
    axis.legend(frameon=False, fontsize=_FONT_SIZE - 1)
    _titled(axis, f"{len(best.starts)} starts, {best.evaluations} gradients")


def _draw_design(axis: "Axes", study: Study, best: Optimum) -> None:
    """Where between its bounds each variable is."""
    nominal = study.shares(study.nominal)
    chosen = study.shares(np.array(list(best.values.values())))
    places = np.arange(len(study.variables))[::-1]
    axis.hlines(places, 0.0, 1.0, color=INK, alpha=0.2, linewidth=4)
    axis.plot(nominal, places, "o", color=INK, fillstyle="none", label="nominal")
    axis.plot(chosen, places, "o", color=SIGNAL_COLOUR, label="best")
    for place, each, value in zip(places, study.variables, best.values.values(), strict=True):
        unit = f" {each.unit}" if each.unit else ""
        axis.annotate(f"{value:.4g}{unit}", (1.04, place), va="center", fontsize=_FONT_SIZE - 1, color=INK)
        axis.annotate(f"{each.low:g}", (-0.03, place), va="center", ha="right", fontsize=_FONT_SIZE - 3, color=INK)
    axis.set_yticks(places, study.names)
    axis.set_xticks([0.0, 1.0], ["lower bound", "upper bound"])
    axis.set_xlim(-0.22, 1.55)
    axis.set_ylim(-0.6, len(places) + 0.2)
    axis.legend(frameon=False, fontsize=_FONT_SIZE - 1, loc="upper right")
    cost = "" if not np.isfinite(float(study.budget)) else f", cost {best.cost:.4g} of {float(study.budget):.4g}"
    _titled(axis, f"best {best.objective:.4g}{cost}")


def _draw_front(axis: "Axes", study: Study, best: Optimum, front: Sequence[Optimum]) -> None:
    if not front:
        axis.set_visible(False)
        return
    axis.plot([each.cost for each in front], [each.objective for each in front], "o-", color=BAND_COLOUR, label="best")
    axis.plot(best.nominal_cost, best.nominal, "o", color=INK, fillstyle="none", label="nominal")
    if not study.objective.is_logarithm:
        axis.set_yscale("log")
    axis.set_xlabel("cost")
    axis.set_ylabel(study.objective.label)
    axis.legend(frameon=False, fontsize=_FONT_SIZE - 1)
    _titled(axis, "what a budget buys")


def _draw_elasticities(axis: "Axes", study: Study, matters: Elasticities | None) -> None:
    if matters is None:
        axis.set_visible(False)
        return
    shown = list(matters.by_path.items())[:_MOST][::-1]
    colours = [SIGNAL_COLOUR if value < 0.0 else BAND_COLOUR for _, value in shown]
    axis.barh([path for path, _ in shown], [value for _, value in shown], color=colours)
    axis.axvline(0.0, color=INK, linewidth=0.8)
    of = "objective" if study.objective.is_logarithm else "ln objective"
    axis.set_xlabel(f"d {of} / d ln number")
    axis.tick_params(axis="y", labelsize=_FONT_SIZE - 3)
    _titled(axis, "what matters most at the optimum")
    axis.tick_params(axis="y", labelsize=_FONT_SIZE - 3)
