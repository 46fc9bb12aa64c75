"""Axes of a map: in what they are even, and what lies between their values."""

from collections.abc import Callable

import numpy as np


def is_logarithmic(values: np.ndarray) -> bool:
    """Whether values are spaced more evenly in their logarithm than in themselves."""
    if values.size < 3 or values[0] <= 0.0:
        return False

    def unevenness(positions: np.ndarray) -> float:
        steps = np.diff(positions)
        return float(steps.std() / steps.mean())

    return unevenness(np.log(values)) < unevenness(values)


def axis_coordinate(values: np.ndarray) -> tuple[Callable, Callable]:
    """The coordinate in which values are evenly spaced, and the way back: the logarithm, or the value itself."""
    return (np.log, np.exp) if is_logarithmic(values) else (_same, _same)


def _same(values):
    return values


def values_at(axis: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Values at positions in steps of an axis: its own at whole numbers, evenly in its coordinate between them."""
    to, back = axis_coordinate(axis)
    numbers = np.arange(axis.size)
    between = np.asarray(back(np.interp(positions, numbers, to(axis))))
    nearest = np.clip(np.rint(positions).astype(int), 0, axis.size - 1)
    return np.where(positions == nearest, axis[nearest], between)


def positions_of(axis: np.ndarray, values) -> np.ndarray:
    """Positions of values in steps of an axis."""
    to, _ = axis_coordinate(axis)
    return np.asarray(np.interp(to(np.asarray(values, dtype=float)), to(axis), np.arange(axis.size)))
