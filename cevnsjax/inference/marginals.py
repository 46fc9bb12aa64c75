"""Plots of posteriors parameter by parameter, several over each other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cevnsjax.experiment.plots import INK
from cevnsjax.inference.diagnostics import highest_density_bands, smoothed_density
from cevnsjax.inference.drawn import Drawn, Scale
from cevnsjax.inference.figure_parts import COLOURS, common_choice, drawn, dress_marginal, legend_handles
from cevnsjax.inference.posterior import Posterior

_COLUMNS, _FONT_SIZE, _MOST = 4, 12, 60
_BAR = 0.06
"""Height of the row of an interval, over that of the panel."""


def plot_marginals(
    posteriors: Posterior | Drawn | Sequence[Posterior | Drawn], path: Path, parameters: Sequence[str] | None = None
) -> list[str]:
    """Draw the density of every parameter, its prior, and below it the 68 % of highest density of each posterior.

    Parameters
    ----------
    posteriors
        A posterior, or several over each other; as sampled, or read from files (:meth:`Drawn.read`).
    path
        Where to write; the ending decides the format.
    parameters
        Names of what is drawn, which may be derived too; by default all parameters that all of them have.

    Returns
    -------
    list of str
        Names of the parameters that are left out.

    Raises
    ------
    CevnsjaxError
        If there is no such parameter, or none that all have.
    """
    from matplotlib.figure import Figure

    each = drawn(posteriors)
    shown, left_out = common_choice(each, parameters, _MOST)
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(3.3 * columns + 1.0, 2.7 * rows + 1.2), dpi=120, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axis, name in zip(grid.flat, shown, strict=False):
        quantity = each[0].quantities[name]
        scale = Scale.of(quantity, np.concatenate([one.samples[name] for one in each]))
        values = [scale.values(one.samples[name]) for one in each]
        for of, colour in zip(values, COLOURS * len(each), strict=False):
            if np.ptp(of) > 0.0:
                edges, density = smoothed_density(of, 512)
                axis.stairs(density, edges, color=colour, fill=True, alpha=0.25)
                axis.stairs(density, edges, color=colour, linewidth=1.6)
        everything = np.concatenate(values)
        low, high = np.quantile(everything, [0.0005, 0.9995])
        axis.set_xlim(low, high if high > low else low + 1e-6 * max(1.0, abs(low)))
        dress_marginal(axis, quantity, scale)
        top = axis.get_ylim()[1]
        for row, (of, colour) in enumerate(zip(values, COLOURS * len(each), strict=False)):
            for begin, end in highest_density_bands(of, 0.68):
                axis.plot([begin, end], [-(row + 0.7) * _BAR * top] * 2, color=colour, linewidth=3.0)
        axis.set_ylim(-(len(each) + 0.4) * _BAR * top, top)
        axis.axhline(0.0, color=INK, linewidth=0.6)
        axis.set_yticks([])
        axis.set_xlabel(scale.label(quantity), fontsize=_FONT_SIZE, color=INK)
        axis.tick_params(labelsize=_FONT_SIZE - 2)
        axis.locator_params(axis="x", nbins=5)
        for side in ("top", "right", "left"):
            axis.spines[side].set_visible(False)
    for axis in grid.flat[len(shown) :]:
        axis.set_axis_off()
    quantities = [each[0].quantities[name] for name in shown]
    handles = legend_handles(each, quantities, each[0].title)
    figure.legend(
        list(handles.values()),
        list(handles),
        title="densities, and bars of 68 % of highest density",
        title_fontsize=_FONT_SIZE,
        fontsize=_FONT_SIZE - 1,
        frameon=False,
        loc="outside upper left",
        alignment="left",
        ncols=columns,
    )
    figure.savefig(path)
    return left_out
