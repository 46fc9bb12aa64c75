"""Plots of posteriors, written to files without any global state of matplotlib."""

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevnsjax.errors import CevnsjaxError, number_of
from cevnsjax.experiment.plots import INK, plot_projections
from cevnsjax.experiment.projection import PlotStyle
from cevnsjax.inference.corner_panels import CornerPanels
from cevnsjax.inference.drawn import NUISANCE, Drawn, Quantity, Scale
from cevnsjax.inference.figure_parts import (
    COLOURS,
    common_choice,
    drawn,
    dress_marginal,
    intervals,
    legend_handles,
    shade,
    standard_model_line,
    value_text,
)
from cevnsjax.inference.posterior import Posterior
from cevnsjax.inference.predictions import predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CORNER_PARAMETERS = 12
_FONT_SIZE = 13


def plot_spectrum(posterior: Posterior, path: Path, draws: int = 400, style: PlotStyle | None = None) -> None:
    """Draw data, posterior band and components, projected on each observable.

    Parameters
    ----------
    posterior
        The samples.
    path
        Where to write; the ending decides the format.
    draws
        Number of draws that the band and the means are made of.
    style
        Residuals, ratios, logarithmic axes, counts per unit.
    """
    parts = posterior.model.experiment.parts
    plot_projections(
        [
            (part, components, expected)
            for part, (expected, components) in zip(parts.values(), _predictions(posterior, draws), strict=True)
        ],
        path,
        style,
    )


def _predictions(posterior: Posterior, draws: int):
    """For each experiment the expected counts ``[draw, sample, energy, time]``, and the mean of each component."""
    flat = {name: values.reshape(-1) for name, values in posterior.samples.items()}
    total = next(iter(flat.values())).size
    picks = np.linspace(0, total - 1, min(draws, total)).astype(int)
    at_picks = {name: values[picks] for name, values in flat.items()}
    expected, contributions = predictions(posterior.model, at_picks, lambda at: (at.expected, at.contributions))
    means = {name: {n: each.mean(axis=0) for n, each in of.items()} for name, of in contributions.items()}
    return [(expected[name], means[name]) for name in posterior.model.experiment.parts]


def plot_corner(
    posteriors: Posterior | Drawn | Sequence[Posterior | Drawn], path: Path, parameters: Sequence[str] | None = None
) -> list[str]:
    """Draw all pairs of parameters with contours of 68 % and 90 %, and each with its prior.

    Above each parameter stand its median and central 68 %, or the intervals of highest density with 68 % where it has
    separated bands. Priors that are flat in a logarithm are drawn so.

    Parameters
    ----------
    posteriors
        A posterior, or several over each other; as sampled, or read from files (:meth:`Drawn.read`).
    path
        Where to write; the ending decides the format.
    parameters
        Names of what is drawn, which may be derived too. By default twelve parameters at most, those of the model
        before nuisance parameters; of several posteriors those that all have.

    Returns
    -------
    list of str
        Names of the parameters that are left out, which a sentence in the figure counts.

    Raises
    ------
    CevnsjaxError
        If there is no such parameter, none that all have, or there are fewer draws than parameters.
    """
    each = drawn(posteriors)
    shown, left_out = common_choice(each, parameters, MOST_CORNER_PARAMETERS)
    fewest = min(one.samples[shown[0]].size for one in each)
    if fewest <= len(shown):
        raise CevnsjaxError(f"A corner plot of {len(shown)} parameters needs more draws than these {fewest}.")
    figure = corner_figure(each, shown)
    if left_out:
        below = -0.55 / figure.get_figheight()  # labels may be on two lines
        sentence = _left_out(left_out, 22 * len(shown) + 30)
        figure.text(0.02, below, sentence, fontsize=_FONT_SIZE - 2, va="top", color=INK)
    figure.savefig(path, bbox_inches="tight")
    return left_out


def _left_out(names: Sequence[str], width: int) -> str:
    text = f"{number_of(len(names), 'more parameter')} not drawn: {', '.join(names)}."
    return "\n".join(textwrap.wrap(text, width, max_lines=4, placeholder=" ..."))


def corner_figure(each: Sequence[Drawn], shown: Sequence[str]) -> "Figure":
    """Draw the pairs of chosen quantities of several posteriors over each other.

    Parameters
    ----------
    each
        The posteriors.
    shown
        Names of what is drawn, of all of them.
    """
    from matplotlib.figure import Figure

    quantities = [each[0].quantities[name] for name in shown]
    scales = [
        Scale.of(quantity, np.concatenate([one.samples[quantity.name] for one in each])) for quantity in quantities
    ]
    columns = [
        np.stack([scale.values(one.samples[name]) for name, scale in zip(shown, scales, strict=True)], axis=1)
        for one in each
    ]
    spans = [_span(np.concatenate([of[:, index] for of in columns])) for index in range(len(shown))]
    size = len(shown)
    side = 1.9 if size > 3 else 2.6
    figure = Figure(figsize=(side * size + 1.6, side * size + 1.6), dpi=100)
    labels = [_on_lines(scale.label(quantity)) for quantity, scale in zip(quantities, scales, strict=True)]
    font_size = _fitting(labels, side)
    panels = CornerPanels(figure, labels, spans, fontsize=font_size, color=INK)
    grid = panels.axes
    for flat, colour in zip(columns, COLOURS * len(columns), strict=False):
        # finer for the model's own parameters, which may have separated bands
        numbers = [25 if quantity.role == NUISANCE else _bins(len(flat)) for quantity in quantities]
        bins = [np.linspace(*span, number + 1) for span, number in zip(spans, numbers, strict=True)]
        panels.draw(flat, bins, (0.68, 0.90), colour, _shades(colour, 1.0 if len(columns) == 1 else 0.6))
    for axis in figure.axes:
        axis.tick_params(labelsize=_FONT_SIZE - 2)
    for index, (quantity, scale) in enumerate(zip(quantities, scales, strict=True)):
        dress_marginal(grid[index, index], quantity, scale)
        grid[index, index].set_title(labels[index], fontsize=font_size, color=INK)
        if len(columns) == 1:
            bands = intervals(columns[0][:, index])
            shade(grid[index, index], bands)
            grid[index, index].set_title(
                f"{labels[index]}\n{value_text(columns[0][:, index], bands)}",
                fontsize=font_size,
                color=INK,
            )
        if quantity.standard_model is not None:
            at = float(scale.values(quantity.standard_model))
            for axis in grid[index + 1 :, index]:
                axis.axvline(at, **standard_model_line())
            for axis in grid[index, :index]:
                axis.axhline(at, **standard_model_line())
    _legend(figure, each, quantities, outside=size == 1)
    return figure


def _fitting(labels: Sequence[str], side: float) -> float:
    """Font size at which every line of labels is as wide as a panel, at most; symbols are short."""
    longest = max(len(re.sub(r"\$[^$]*\$", "x", line)) for label in labels for line in label.split("\n"))
    return _FONT_SIZE * min(1.0, 10.0 * side / longest)


def _bins(draws: int) -> int:
    """Bins of a parameter of the model: sixty, or fewer where there are few draws."""
    return int(np.clip(0.8 * np.sqrt(draws), 25, 60))


def _shades(colour: str, strongest: float) -> list[tuple[float, float, float, float]]:
    """Colours between the contours, and within both."""
    from matplotlib.colors import to_rgba

    return [to_rgba(colour, share * strongest) for share in (0.35, 1.0)]


def _on_lines(label: str) -> str:
    """A label with what it is of, in brackets, on a line of its own."""
    return label.replace(" (", "\n(") if len(label) > 16 else label


def _legend(figure: "Figure", each: Sequence[Drawn], quantities: Sequence[Quantity], outside: bool) -> None:
    """Name what is drawn in the empty corner, or beside a single panel."""
    credible = "68 and 90 % credible" if len(quantities) > 1 else "68 % credible"
    handles = legend_handles(each, quantities, credible)
    figure.legend(
        list(handles.values()),
        list(handles),
        title="\n".join(textwrap.wrap(each[0].title, 34)) if len(each) == 1 else f"contours: {credible}",
        title_fontsize=_FONT_SIZE,
        fontsize=_FONT_SIZE - 1,
        frameon=False,
        alignment="left",
        loc="upper left" if outside else "upper right",
        bbox_to_anchor=(0.98, 0.9) if outside else (0.98, 0.98),
    )


def _span(values: np.ndarray) -> tuple[float, float]:
    """Range of all but the outermost draws, of a width above zero."""
    low, high = np.quantile(values, [0.0005, 0.9995])
    padding = 0.0 if high > low else 1e-6 * max(1.0, abs(float(high)))
    return float(low - padding), float(high + padding)
