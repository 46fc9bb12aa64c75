"""The panels of a corner plot: a triangle of axes, marginal distributions, and contours of highest density."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BEFORE, _BEHIND, _BETWEEN = 0.5, 0.2, 0.05
"""Margins of the triangle and distances in it, in sides of a panel."""

_LABELS = 0.35
"""Distance of labels from their panels, in sides."""

_TICKS = 3
_SMOOTHED_BINS = 1.0
_FLAT = 0.05
"""Variance of a density over the square of its mean, below which it is even."""

Bins = Sequence[np.ndarray]
"""Edges of the bins of each parameter."""


class CornerPanels:
    """A triangle of axes; ``axes[row, column]`` is empty above the diagonal."""

    def __init__(self, figure: "Figure", labels: Sequence[str], spans: Sequence[tuple[float, float]], **text: Any):
        from matplotlib.ticker import MaxNLocator

        size = len(labels)
        total = size + (size - 1) * _BETWEEN + _BEFORE + _BEHIND
        low, high = _BEFORE / total, 1.0 - _BEHIND / total
        grid = figure.add_gridspec(
            size, size, left=low, bottom=low, right=high, top=high, wspace=_BETWEEN, hspace=_BETWEEN
        )
        self.axes = np.full((size, size), None, dtype=object)
        for row, column in _triangle(size):
            axis = self.axes[row, column] = figure.add_subplot(grid[row, column])
            axis.set_xlim(spans[column])
            axis.xaxis.set_major_locator(MaxNLocator(_TICKS, prune="lower"))
            axis.tick_params(labelbottom=row == size - 1, labelleft=column == 0, labelrotation=45)
            if row == column:
                axis.set_yticks([])
            else:
                axis.set_ylim(spans[row])
                axis.yaxis.set_major_locator(MaxNLocator(_TICKS, prune="lower"))
            if row == size - 1:
                axis.set_xlabel(labels[column], **text)
                axis.xaxis.set_label_coords(0.5, -_LABELS)
            if column == 0 and row > 0:
                axis.set_ylabel(labels[row], **text)
                axis.yaxis.set_label_coords(-_LABELS, 0.5)

    def draw(self, values: np.ndarray, bins: Bins, levels: Sequence[float], colour: str, fills: Sequence[Any]) -> None:
        """Draw a posterior into all panels: an even one where it is even in both parameters.

        Parameters
        ----------
        values
            Draws, shape ``[draw, parameter]``.
        bins
            Edges of the bins of each parameter.
        levels
            Shares of the draws in the regions that are drawn, increasing.
        colour, fills
            Of lines, and of the regions from the largest one to the smallest.
        """
        for row, column in _triangle(len(bins)):
            axis: Axes = self.axes[row, column]
            if row == column:
                axis.hist(
                    values[:, row], bins[row].tolist(), density=True, histtype="step", color=colour, linewidth=1.4
                )
                continue
            pairs, of_pairs = values[:, [column, row]], (bins[column], bins[row])
            if is_flat(pairs, of_pairs):
                axis.set_facecolor(fills[0])
                continue
            places, density = smooth_density(pairs, of_pairs)
            heights = region_heights(density, levels)
            drawn = axis.contourf(*places, density.T, [*heights[::-1], 2.0 * density.max()], colors=list(fills))
            drawn.set(edgecolor=colour, linewidth=1.0)


def _triangle(size: int) -> list[tuple[int, int]]:
    """Rows and columns on and below the diagonal."""
    return [(row, column) for row in range(size) for column in range(row + 1)]


def is_flat(values: np.ndarray, bins: Bins) -> bool:
    """Whether pairs ``[draw, 2]`` fill their bins evenly: regions of highest density are nothing but noise then."""
    counts = np.histogram2d(*values.T, bins=list(bins))[0]
    mean = float(counts.mean())
    return mean >= 1.0 and float(counts.var()) - mean < _FLAT * mean**2  # of what is even it is that of Poisson


def smooth_density(values: np.ndarray, bins: Bins) -> tuple[list[np.ndarray], np.ndarray]:
    """Smoothed histogram of pairs ``[draw, 2]`` in the middle of its bins, and at the ends of what they cover."""
    counts, *edges = np.histogram2d(*values.T, bins=list(bins))
    smooth = np.pad(gaussian_filter(counts, _SMOOTHED_BINS), 1, mode="edge")
    return [np.concatenate([each[:1], 0.5 * (each[1:] + each[:-1]), each[-1:]]) for each in edges], smooth


def region_heights(density: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Heights of a binned density (with its ends) above which there are given shares of it, each below the one before.

    Parameters
    ----------
    density
        What :func:`smooth_density` has found.
    levels
        Shares, increasing.
    """
    heights = np.sort(density[1:-1, 1:-1], axis=None)[::-1]
    within = np.cumsum(heights) / heights.sum()
    found = heights[np.minimum(np.searchsorted(within, levels), heights.size - 1)]
    # of a few draws alone regions may be the same
    return found * (1.0 - 1e-4 * np.arange(1, len(levels) + 1))
