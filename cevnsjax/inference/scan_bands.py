"""Valleys of a map that its grid does not resolve, and the lattice of halved steps that resolves them.

A map is drawn from its points, linearly between them. A valley that is narrower than a few steps, such as the band in
which an amplitude is that of the Standard Model reversed, then looks like a row of islands, where it happens to pass
near points. Here is what is seen of that in the heights alone, without another fit.
"""

from itertools import product

import numpy as np

RISE = 2.0
"""Rise of delta chi-squared within a step beside the bottom of a valley, on both sides, above which it is too narrow.

Heights are drawn as :func:`halved` interpolates them. Those of a parabola that rises by less are nowhere more than a
quarter of it above its bottom along a valley, whether that passes beside points or from one to the next across a cell.
"""

Edges = list[np.ndarray]
"""By axis, which pairs of neighbours on that axis: one entry less along it than there are points."""


def narrow_valleys(heights: np.ndarray, known: np.ndarray, highest: float) -> Edges:
    """Pairs of neighbours that hold the bottom of a valley that is too narrow for the steps.

    The bottom is between two points if heights fall towards the first and rise behind the second. Outside of the grid
    they are taken to go straight on.

    Parameters
    ----------
    heights
        Delta chi-squared at every point of a lattice of one or two axes.
    known
        Where it is a fit's; elsewhere it is interpolated, and pairs with such a point are left out.
    highest
        Height that a bottom must not be above: of a valley that bends upwards, the lines through the two points on
        either side meet below the bottom.
    """
    edges = []
    for axis in range(heights.ndim):
        row = np.moveaxis(heights, axis, -1)
        both = np.moveaxis(known, axis, -1)
        before, first, second, behind = (_continued(row)[..., start : start + row.shape[-1] - 1] for start in range(4))
        with np.errstate(all="ignore"):
            fall, rise = before - first, behind - second
            place = np.clip((first - second + rise) / (fall + rise), 0.0, 1.0)
            bottom = np.minimum(first - fall * place, np.minimum(first, second))
            # of a parabola the sum is four times its rise within a step, wherever the bottom lies between the points
            narrow = (np.minimum(fall, rise) > RISE) & (fall + rise > 4.0 * RISE) & (bottom < highest)
        edges.append(np.moveaxis(narrow & both[..., 1:] & both[..., :-1], -1, axis))
    return edges


def cells_beside(edges: Edges) -> np.ndarray:
    """Cells of a lattice that have one of the pairs as a side, shape one less than the lattice's on every axis."""
    dimensions = len(edges)
    shape = tuple(edges[axis].shape[axis] for axis in range(dimensions))
    cells = np.zeros(shape, bool)
    for axis, chosen in enumerate(edges):
        for other in range(dimensions):
            if other != axis:
                chosen = _either(chosen, other)
        cells |= chosen
    return cells


def _either(chosen: np.ndarray, axis: int) -> np.ndarray:
    """Of each two neighbours on an axis, whether one is chosen."""
    size = chosen.shape[axis]
    return chosen.take(range(size - 1), axis) | chosen.take(range(1, size), axis)


def corners_of(cells: np.ndarray) -> np.ndarray:
    """Points of a lattice that are a corner of a cell."""
    corners = np.zeros(tuple(size + 1 for size in cells.shape), bool)
    for steps in product((0, 1), repeat=cells.ndim):
        corners[tuple(slice(step, step + size) for step, size in zip(steps, cells.shape, strict=True))] |= cells
    return corners


def inside_and_around(cells: np.ndarray) -> np.ndarray:
    """Points of the lattice of half the steps that are in a cell or at its rim."""
    halves = np.zeros(tuple(2 * size for size in cells.shape), bool)
    for steps in product((0, 1), repeat=cells.ndim):
        halves[tuple(slice(step, None, 2) for step in steps)] = cells
    return corners_of(halves)


def halved(values: np.ndarray) -> np.ndarray:
    """Values on a lattice of half the steps, from four neighbours in a row each, along one axis after the other.

    What is between two neighbours stays between their values: a steep wall makes no valley beside it.
    """
    for axis in range(values.ndim):
        row = np.moveaxis(values, axis, -1)
        finer = np.empty((*row.shape[:-1], 2 * row.shape[-1] - 1), values.dtype)
        finer[..., ::2], finer[..., 1::2] = row, _middles(row)
        values = np.moveaxis(finer, -1, axis)
    return values


def _middles(row: np.ndarray) -> np.ndarray:
    """Values in the middle of neighbours on the last axis, of the cubic through four; straight on beyond the ends."""
    first, second = row[..., :-1], row[..., 1:]
    linear = 0.5 * (first + second)
    continued = _continued(row)
    with np.errstate(all="ignore"):
        cubic = (9.0 * (first + second) - continued[..., :-3] - continued[..., 3:]) / 16.0
    inside = np.clip(cubic, np.minimum(first, second), np.maximum(first, second))
    return np.where(np.isfinite(cubic), inside, linear)


def _continued(row: np.ndarray) -> np.ndarray:
    """Values on the last axis with one more at either end, straight on."""
    with np.errstate(all="ignore"):
        before, behind = 2.0 * row[..., :1] - row[..., 1:2], 2.0 * row[..., -1:] - row[..., -2:-1]
    return np.concatenate([before, row, behind], axis=-1)


def spread(rows: np.ndarray) -> np.ndarray:
    """Numbers of points on a lattice of half the steps, -1 between them."""
    finer = np.full(tuple(2 * size - 1 for size in rows.shape), -1, rows.dtype)
    finer[(slice(None, None, 2),) * rows.ndim] = rows
    return finer
