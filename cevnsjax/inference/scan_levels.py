"""The order of a grid: from coarse to fine, and who is beside whom."""

import itertools
from collections.abc import Iterator

import numpy as np


def levels_of(shape: tuple[int, ...]) -> list[list[np.ndarray]]:
    """Indices along each axis, from every 2^k-th to all of them; the ends are in all levels."""
    stride = 1
    while max(shape) > 4 * stride + 1:
        stride *= 2
    levels = []
    while stride:
        levels.append([np.union1d(np.arange(0, size, stride), size - 1) for size in shape])
        stride //= 2
    return levels


def pairs(axis: int, dimensions: int):
    """Slices of all points that have a neighbour behind them on an axis, and of those neighbours."""
    ahead, behind = ([slice(None)] * dimensions for _ in range(2))
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    return tuple(ahead), tuple(behind)


def in_rows(every: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Points, those beside them, and those beyond these (at an end the same again), in each direction of a grid."""
    for axis in range(every.ndim):
        for order in (slice(None), slice(None, None, -1)):
            along = np.moveaxis(every, axis, 0)[order]
            beyond = np.concatenate([along[:1], along[:-2]])
            yield along[1:].ravel(), along[:-1].ravel(), beyond.ravel()


def corners(level: list[np.ndarray], where: np.ndarray) -> Iterator[np.ndarray]:
    """Points of a level around others, which are at indices ``[point, axis]``: one corner of each after the other."""
    below = [axis[np.searchsorted(axis, at, side="right") - 1] for axis, at in zip(level, where.T, strict=True)]
    above = [axis[np.searchsorted(axis, at)] for axis, at in zip(level, where.T, strict=True)]
    for ends in itertools.product(*zip(below, above, strict=True)):
        yield np.stack(ends, axis=1)
