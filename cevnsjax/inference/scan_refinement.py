"""Points between those of a grid, where it does not resolve a band."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cevnsjax.inference.scan_bands import (
    RISE,
    cells_beside,
    corners_of,
    halved,
    inside_and_around,
    narrow_valleys,
    spread,
)

DEEPEST = 5
"""How often steps are halved at most."""

_MOST_PER_AXIS = 4097
_ALLOWED_TO_ANY = 512

Solve = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Fits points. Given are their positions in steps of the grid, shape ``[point, axis]``, a lattice of the numbers of all
points (-1 where there is none), and which of these are the new ones; returned the heights of all points by number."""


@dataclass(frozen=True)
class Refinement:
    """What was added to a grid.

    Attributes
    ----------
    halvings
        How often steps were halved at most.
    unresolved
        Pairs of neighbouring points that hold the bottom of a valley which is too narrow still.
    """

    halvings: int = 0
    unresolved: int = 0


def most_added(number: int) -> int:
    """Most points that are added to a grid of some number of points."""
    return max(2 * number, _ALLOWED_TO_ANY)


def refine(heights: np.ndarray, best: np.ndarray, highest: float, solve: Solve | None) -> Refinement:
    """Add points where a grid does not resolve a valley, in halves of its steps, until it is resolved.

    Cells on both sides of a pair of neighbours that hold the bottom of a narrow valley are quartered. Where the valley
    goes on into a cell that had not shown it, that one is too: a band is followed from where it was seen.

    Parameters
    ----------
    heights
        Delta chi-squared on the grid, of one or two axes; points are numbered in its order, then as they are added.
    best
        Position of the best fit in steps of the grid, shape ``[axis]``: the cell that holds it is resolved too.
    highest
        Height of the bottom of a valley above which it is left as it is.
    solve
        Fits points; ``None`` if nothing must be added, and valleys are only counted.
    """
    rows = np.arange(heights.size).reshape(heights.shape)
    left = most_added(heights.size)
    by_number = heights.ravel()
    for level in range(DEEPEST + 1):
        # a valley may go on at this level into cells whose corners are not known yet
        while True:
            heights = np.where(rows >= 0, by_number[rows], heights)
            edges = narrow_valleys(heights, rows >= 0, highest)
            cells = cells_beside(edges) | _hidden(heights, best * 2**level)
            unresolved = sum(int(chosen.sum()) for chosen in edges)
            missing = corners_of(cells) & (rows < 0)
            if not missing.any():
                break
            if solve is None or missing.sum() > left:
                return Refinement(level, unresolved)
            left -= int(missing.sum())
            by_number = _added(missing, rows, level, by_number, solve)
        if not cells.any():
            return Refinement(level, 0)
        new = inside_and_around(cells)
        if solve is None or level == DEEPEST or max(new.shape) > _MOST_PER_AXIS:
            return Refinement(level, max(unresolved, 1))
        finer = spread(rows)
        new &= finer < 0
        if new.sum() > left:
            return Refinement(level, max(unresolved, 1))
        rows, heights = finer, halved(heights)
        left -= int(new.sum())
        by_number = _added(new, rows, level + 1, by_number, solve)
    raise AssertionError  # the last level returns


def _hidden(heights: np.ndarray, best: np.ndarray) -> np.ndarray:
    """The cell around the best fit, if none of its corners shows that."""
    cells = np.zeros(tuple(size - 1 for size in heights.shape), bool)
    place = tuple(int(np.clip(at, 0, size - 1)) for at, size in zip(best, cells.shape, strict=True))
    around = heights[tuple(slice(at, at + 2) for at in place)]
    cells[place] = around.min() > RISE
    return cells


def _added(new: np.ndarray, rows: np.ndarray, level: int, by_number: np.ndarray, solve: Solve) -> np.ndarray:
    """Fit points of a lattice, whose numbers are written into it; the heights of all points."""
    rows[new] = by_number.size + np.arange(int(new.sum()))
    return solve(np.argwhere(new) / 2**level, rows, new)
