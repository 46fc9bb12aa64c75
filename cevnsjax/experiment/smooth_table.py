"""What some leaves move smoothly, as polynomials of these."""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy.polynomial import chebyshev

from cevnsjax.arrays import as_float, is_concrete, tree_as_float
from cevnsjax.chebyshev import chebyshev_array
from cevnsjax.paths import get_path, set_paths
from cevnsjax.program import program
from cevnsjax.reached import reaching

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

Ranges = Mapping[str, tuple[float, float]]
"""Between which values leaves may move, by path."""

TOLERANCE = 1e-9
"""Largest error, in units of the largest value."""

_POINTS = {1: (48, 96, 192, 384, 768, 1536), 2: (20, 32)}
"""Chebyshev points of each leaf that are tried, by the number of leaves: one that goes down to a hundredth of what it
is nominally moves narrow bins over most of what is seen."""

_MOST_TERMS = {1: 1024, 2: 400}
"""By the number of leaves."""

_CHUNK = 20
"""Points at a time."""

_ROUNDING = 1e-6
"""By which a leaf at an end may lie beyond it, in float32 too."""


class Ends(eqx.Module):
    """Between which values some leaves of an experiment are.

    Attributes
    ----------
    paths
        Where the leaves are in their experiment.
    intervals
        Lower and upper end of each leaf.
    """

    paths: tuple[str, ...] = eqx.field(static=True)
    intervals: tuple[tuple[float, float], ...] = eqx.field(static=True)

    @classmethod
    def of(cls, paths: Sequence[str], ranges: Ranges) -> "Ends":
        """The ends of leaves at some paths."""
        return cls(tuple(paths), tuple((float(low), float(high)) for low, high in (ranges[path] for path in paths)))

    def places(self, experiment: Any) -> list[Float[Array, ""]]:
        """Where the leaves are between their ends: -1 at the lower one, 1 at the upper one."""
        leaves = [get_path(experiment, path) for path in self.paths]
        return [
            (2.0 * leaf - (low + high)) / (high - low) for leaf, (low, high) in zip(leaves, self.intervals, strict=True)
        ]

    def at(self, places: np.ndarray) -> np.ndarray:
        """The leaves at places ``[point, leaf]`` between their ends."""
        low, high = np.array(self.intervals).T
        return 0.5 * (low + high) + 0.5 * (high - low) * places

    def hold(self, experiment: Any) -> Bool[Array, ""]:
        """Whether all leaves are between their ends."""
        inside = [jnp.abs(place) <= 1.0 + _ROUNDING for place in self.places(experiment)]
        return functools.reduce(jnp.logical_and, inside, jnp.asarray(True))

    def reach(self, experiment: Any) -> bool:
        """Whether those leaves that can be looked at are between their ends."""
        leaves = [get_path(experiment, path) for path in self.paths]
        return all(
            low <= float(leaf) <= high
            for leaf, (low, high) in zip(leaves, self.intervals, strict=True)
            if is_concrete(leaf)
        )


class SmoothTable(eqx.Module):
    """An array as products of Chebyshev polynomials of some leaves of an experiment, each between two ends.

    Beyond an end it is not a number: nothing is said there.

    Attributes
    ----------
    coefficients
        Of each term, shape ``[term, value]``.
    ends
        Where the leaves are, and between which values.
    degrees
        Degree of each term in each leaf.
    shape
        Shape of the array.
    """

    coefficients: Float[Array, "term value"] = eqx.field(converter=as_float)
    ends: Ends
    degrees: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def of(
        cls,
        function: Callable[[np.ndarray], np.ndarray],
        paths: Sequence[str],
        ranges: Ranges,
        accepted: Callable[[np.ndarray], bool] = lambda values: True,
    ) -> "SmoothTable | None":
        """Tabulate a function of some leaves.

        Parameters
        ----------
        function
            Array at each of some points, which have the shape ``[point, leaf]``: shape ``[point, ...]``.
        paths
            Paths of the leaves, two at most.
        ranges
            Their ends.
        accepted
            Called with its values: whether there is to be a table.

        Returns
        -------
        SmoothTable or None
            None where it is not accepted, or few polynomials are not exact to 1e-9 of the largest value.
        """
        if not paths:
            values = function(np.zeros((1, 0)))
            return cls(values.reshape(1, -1), Ends((), ()), ((),), values.shape[1:]) if accepted(values) else None
        for number in _POINTS[len(paths)]:
            values, series = _interpolated(function, Ends.of(paths, ranges), number)
            if not accepted(values):
                return None
            sizes, largest = np.abs(series).max(axis=-1), np.abs(values).max()
            degrees = np.argwhere(sizes > 1e-2 * TOLERANCE * largest)
            if len(degrees) <= _MOST_TERMS[len(paths)] and not np.any(degrees == number - 1):
                kept = series[tuple(degrees.T)]
                found = cls(kept, Ends.of(paths, ranges), tuple(map(tuple, degrees.tolist())), values.shape[1:])
                return found if found._misses(function, kept) <= TOLERANCE * largest else None
        return None

    def _misses(self, function: Callable[[np.ndarray], np.ndarray], coefficients: np.ndarray) -> float:
        """Largest error at random points and at all corners, with coefficients in double precision."""
        leaves = len(self.ends.paths)
        checks = np.random.default_rng(0).uniform(-1.0, 1.0, (32, leaves))
        checks = np.concatenate([checks, list(itertools.product((-1.0, 1.0), repeat=leaves))])
        expected = function(self.ends.at(checks)).reshape(len(checks), -1)
        return float(np.abs(self._products(checks) @ coefficients - expected).max())

    def _products(self, places: np.ndarray) -> np.ndarray:
        products = np.ones((len(places), len(self.degrees)))
        for place, degree in zip(places.T, np.array(self.degrees).T, strict=True):
            products = products * chebyshev.chebvander(place, max(int(degree.max()), 1))[:, degree]
        return products

    def __call__(self, experiment: Any) -> Float[Array, "..."]:
        """The array where the leaves of an experiment are."""
        products = as_float(1.0)
        for place, degree in zip(self.ends.places(experiment), np.array(self.degrees).T, strict=True):
            products = products * chebyshev_array(place, int(degree.max()) + 1)[degree]
        moves = bool(self.ends.paths)
        values = jnp.matmul(products, self.coefficients, precision="highest") if moves else self.coefficients[0]
        return jnp.where(self.ends.hold(experiment), values, jnp.nan).reshape(self.shape)


def tabulated_stage(
    stage: Callable[..., Array],
    experiment: "Experiment",
    name: tuple[str, ...],
    free_paths: Sequence[str],
    ranges: Ranges,
    accepted: Callable[[np.ndarray], bool] = lambda values: True,
) -> SmoothTable | None:
    """Tabulate a stage of the signal of an experiment in what moves it.

    Parameters
    ----------
    stage
        Called with an experiment and what of it is meant.
    experiment, name
        These.
    free_paths
        Paths of the leaves that are going to change.
    ranges
        Between which ends, where that is known.
    accepted
        Called with the values that the table is made of: whether there is to be one.

    Returns
    -------
    SmoothTable or None
        None where it is not accepted, more than two leaves move it, or not smoothly, or it is not known how far.
    """
    moving = reaching(lambda e: stage(e, *name), experiment, free_paths)
    if not may_be_tabulated(moving, ranges):
        return None

    return SmoothTable.of(lambda points: at_points(stage, experiment, name, moving, points), moving, ranges, accepted)


def may_be_tabulated(paths: Sequence[str], ranges: Ranges) -> bool:
    """Whether leaves are few enough for a table, and it is known how far they go."""
    return len(paths) <= max(_POINTS) and all(path in ranges for path in paths)


def at_points(
    stage: Callable[..., Array], experiment: "Experiment", name: tuple[str, ...], paths: Sequence[str], points
) -> np.ndarray:
    """A stage at points ``[point, leaf]``, shape ``[point, ...]``, in double precision.

    Parameters
    ----------
    stage, experiment, name
        See :func:`tabulated_stage`.
    paths
        Where the leaves are.
    points
        Their values.
    """
    with jax.enable_x64(True):  # a table of rounding errors has a noisy derivative
        double = tree_as_float(experiment)
        # one program for any number of points
        chunks = [np.resize(points[i : i + _CHUNK], (_CHUNK, len(paths))) for i in range(0, len(points), _CHUNK)]
        values = [np.asarray(_at_points(stage, double, name, tuple(paths), as_float(chunk))) for chunk in chunks]
    return np.concatenate(values)[: len(points)]


@program
def _at_points(stage: Callable[..., Array], experiment: "Experiment", name, paths, points):
    return jax.vmap(lambda point: stage(set_paths(experiment, paths, list(point)), *name))(points)


def _interpolated(
    function: Callable[[np.ndarray], np.ndarray], ends: Ends, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Values of a function on Chebyshev points, and coefficients of polynomials ``[degree of each leaf, value]``."""
    leaves, points = len(ends.paths), chebyshev.chebpts1(number)
    values = function(ends.at(np.array(list(itertools.product(points, repeat=leaves)))))
    series = values.reshape(*(number for _ in range(leaves)), -1)
    # polynomials are orthogonal on these points
    to_series = chebyshev.chebvander(points, number - 1).T * (2.0 / number)
    to_series[0] *= 0.5
    for leaf in range(leaves):
        series = np.moveaxis(np.tensordot(to_series, np.moveaxis(series, leaf, 0), 1), 0, leaf)
    return values, series
