"""Points that a map has between those of its grid, and the map on a lattice that holds both."""

from dataclasses import dataclass, field

import numpy as np

from cevnsjax.inference.map_axes import positions_of, values_at
from cevnsjax.inference.scan_bands import halved

_SAME_PLACE = 1e-6
"""Distance in steps below which a point is on a lattice: more than rounding, less than any lattice's step."""

_MOST_PER_AXIS = 1100


def _none() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True)
class AddedPoints:
    """Points of a map that are not on its grid, added where that does not resolve a valley.

    They lie on the grid's lines and between them, at halves of its steps, quarters and so on.

    Attributes
    ----------
    values
        Values of the gridded parameters by name, shape ``[point]`` each.
    log_density, gradient, converged
        As of the map, shape ``[point]``.
    nuisances
        Values of the profiled parameters by name, shape ``[point]`` each.
    halvings
        How often the steps of the grid were halved at most.
    unresolved
        Pairs of neighbouring points that hold the bottom of a valley which is too narrow still for their distance.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    log_density: np.ndarray = field(default_factory=_none)
    gradient: np.ndarray = field(default_factory=_none)
    converged: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    nuisances: dict[str, np.ndarray] = field(default_factory=dict)
    halvings: int = 0
    unresolved: int = 0

    @property
    def number(self) -> int:
        """Number of added points."""
        return self.log_density.size


def on_one_lattice(
    grid: dict[str, np.ndarray], heights: np.ndarray, values: dict[str, np.ndarray], added: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Heights of a grid and of added points on a lattice of halved steps, half of those that hold all of them.

    Where no point was added, heights are interpolated. Without any added points, the grid and its heights as they are.
    It has at most about as many points along an axis as a picture, or twice those of the grid; added points that are
    not among these are left out.

    Parameters
    ----------
    grid
        The grid.
    heights
        Heights on the grid.
    values
        Values of the gridded parameters at the added points.
    added
        Heights of the added points.
    """
    if not added.size:
        return grid, heights
    positions = np.stack([positions_of(axis, values[name]) for name, axis in grid.items()], axis=1)
    most = max(_MOST_PER_AXIS, 2 * max(heights.shape))
    placed, level, heights = np.zeros(added.size, bool), 0, heights.copy()
    while not placed.all() and 2 * max(heights.shape) - 1 <= most:
        level, heights = level + 1, halved(heights)
        steps = positions * 2**level
        nodes = np.rint(steps).astype(int)
        placed = np.abs(steps - nodes).max(axis=1) < _SAME_PLACE * 2**level
        heights[tuple(nodes[placed].T)] = added[placed]
    if 2 * max(heights.shape) - 1 <= most:
        level, heights = level + 1, halved(heights)
    axes = {name: values_at(axis, np.arange((axis.size - 1) * 2**level + 1) / 2**level) for name, axis in grid.items()}
    return axes, heights
