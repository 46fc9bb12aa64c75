"""Profile-likelihood maps: the likelihood on a grid of one or two parameters, maximised over all others."""

from collections.abc import Callable, Mapping

import jax
import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import RegularGridInterpolator

from cevnsjax.arrays import as_float
from cevnsjax.errors import InterruptedRun, ParameterError, UnknownNameError
from cevnsjax.inference import scan_solver
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.scan_best_fit import best_in_box
from cevnsjax.parameter import Parameter, describe_prior

Progress = Callable[[int, int], None]
"""Called with the number of points that are done and the number of all points."""

MOST_POINTS = 4_000_000
_STEPS, _ROUNDS, _SWEEPS, _MINIMA, _DRAWS = 8, 40, 8, 4, 7
# a smaller gain than this by starting from a neighbour's solution is the rounding of two fits to the same minimum
_SAME = 1e-6


class InterruptedScan(InterruptedRun):
    """A map that was stopped by Ctrl-C.

    Attributes
    ----------
    partial
        The map with NaN at the points that were not done; ``None`` if none were.
    """

    def __init__(self, message: str, partial: ProfileMap | None):
        super().__init__(message)
        self.partial = partial


def profile_map(
    model: Model,
    grid: Mapping[str, ArrayLike],
    *,
    observed=None,
    batch_size: int | None = None,
    block_size: int | None = None,
    progress: Progress | None = None,
) -> ProfileMap:
    """Maximise the likelihood over all but one or two parameters at every point of a grid.

    The priors of the parameters that are profiled act as penalties (constraint terms), as in :func:`maximum`. The
    priors of the model's own parameters on the grid are left out: a map of the likelihood must not be tilted by a prior
    that is flat in a logarithm. Their support still bounds the grid. A nuisance parameter of the experiment keeps its
    prior on the grid too, since that is a measurement.

    The grid is solved from coarse to fine. The first few points are fitted from several starts each. Fits of a level
    start from the interpolated solutions and curvatures of the level before, so a map does not depend on how points
    are put together for the computer. Fits that do not converge, or do worse than their neighbour's solution would
    (another minimum), are done again from there.

    ``delta_chi2`` is relative to the best fit **within the box of the grid**: found from the lowest points of the grid
    by a bounded minimiser. If the box excludes the global best fit, the map is relative to the best that the box holds.

    Parameters
    ----------
    model
        The model, in which the gridded parameters are free.
    grid
        Increasing values of one or two parameters by name.
    observed
        Data of the shape of the experiment's, in their place.
    batch_size
        Points that are computed at a time: what suits the processor's cache by default.
    block_size
        Points that are done between looks at Ctrl-C and calls of ``progress``.
    progress
        Called after every block.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If there is not one or two of them, or values do not increase or lie outside the support of the prior.
    InterruptedScan
        On Ctrl-C, with what is done.
    """
    axes = check_grid(model, grid)
    on_cpu = jax.default_backend() == "cpu"
    batch = batch_size or (16 if on_cpu else 4096)
    scan = _Scan(model, axes, observed, batch, block_size or (512 if on_cpu else 4096), progress)
    with deferred_interrupt() as interrupted:
        scan.interrupted = interrupted
        try:
            scan.run()
        except _Stopped:
            done = int(scan.done.sum())
            partial = scan.result() if done else None
            raise InterruptedScan(f"Interrupted after {done} of {scan.done.size} points.", partial) from None
    return scan.result()


def check_grid(model: Model, grid: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Return a grid as arrays; refuse what cannot be mapped.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If there is not one or two of them, or values do not increase or lie outside the support of the prior.
    """
    if not 1 <= len(grid) <= 2:
        raise ParameterError(f"A map needs a grid of one or two parameters, got {len(grid)}: {', '.join(grid)}.")
    parameters = {parameter.name: parameter for parameter in model.parameters}
    axes = {}
    for name, given in grid.items():
        if name not in parameters:
            raise UnknownNameError("parameter", name, parameters)
        values = np.asarray(given, dtype=float)
        if values.ndim != 1 or values.size < 2:
            raise ParameterError(f"The grid of {name!r} needs at least 2 values in a row, got shape {values.shape}.")
        if not np.all(np.isfinite(values)) or not np.all(np.diff(values) > 0.0):
            raise ParameterError(f"The values of the grid of {name!r} must be finite and increase strictly.")
        _check_support(parameters[name], values)
        axes[name] = values
    number = int(np.prod([values.size for values in axes.values()]))
    if number > MOST_POINTS:
        raise ParameterError(f"The grid has {number} points, allowed are at most {MOST_POINTS}.")
    return axes


def _check_support(parameter: Parameter, values: np.ndarray) -> None:
    inside = np.asarray(parameter.prior.support(as_float(values)))  # pyright: ignore[reportOptionalCall]
    if not inside.all():
        raise ParameterError(
            f"The grid of {parameter.name!r} reaches {values[~inside][0]:g}, outside the support of its prior "
            f"{describe_prior(parameter.prior)}; narrow the grid, or give another prior."
        )


class _Stopped(Exception):
    pass


class _Scan:
    """The state of a scan: where the fit of every point stands, points in one row.

    ``latents`` and ``curvature`` are those of the best fit of a point so far; ``done`` are points that are not going
    to be fitted any more, but for repairs.
    """

    def __init__(self, model: Model, axes: dict[str, np.ndarray], observed, batch: int, block: int, progress):
        self.model, self.axes, self.shape = model, axes, tuple(values.size for values in axes.values())
        self.observed = jax.tree.map(as_float, model.experiment.observed if observed is None else observed)
        self.batch, self.block = batch, block
        self.report = progress or (lambda done, total: None)
        self.interrupted: Callable[[], bool] = lambda: False
        self.names = scan_solver.nuisance_names(model, tuple(axes))
        meshes = np.meshgrid(*axes.values(), indexing="ij")
        kind = np.dtype(model.scale.dtype)
        self.points = {name: mesh.ravel().astype(kind) for name, mesh in zip(axes, meshes, strict=True)}
        number, size = meshes[0].size, max(len(self.names), 1)  # arrays without any latent cannot be mapped over
        self.latents = np.zeros((number, size), kind)
        self.deepest = np.full(size, np.inf, kind)
        supports = {parameter.name: parameter.prior.support for parameter in model.parameters}
        for column, name in enumerate(self.names):
            if all(hasattr(supports[name], end) for end in ("lower_bound", "upper_bound")):
                self.deepest[column] = scan_solver.deepest_start(model)
        self.objective = np.full(number, np.inf, kind)
        self.gradient = np.full(number, np.nan, kind)
        self.curvature = np.zeros((number, size, size), kind)
        self.converged = np.zeros(number, bool)
        self.done = np.zeros(number, bool)

    def run(self) -> None:
        """Solve all points, from coarse to fine."""
        before: list[np.ndarray] = []
        for level in _levels(self.shape):
            every = self._rows(level)
            new = every.ravel()[~self.done[every.ravel()]]
            if before:
                self._fit(new, *self._between(before, new))
            else:
                self._fit_from_everywhere(new)
            self._repair(every)
            # what fits have learnt of the curvature is rough, and a few points are where many start from
            if 8 * every.size < self.done.size:
                self.curvature[new] = self._exact_curvature(new, self.latents[new])
            before = level

    def _rows(self, level: list[np.ndarray]) -> np.ndarray:
        return np.ravel_multi_index(np.meshgrid(*level, indexing="ij"), self.shape)

    def _fit_from_everywhere(self, new: np.ndarray) -> None:
        """Fit points from the middle of the priors and from draws: what minima there are, neighbours pass them on."""
        starts = np.zeros((1 + _DRAWS, self.latents.shape[1]), self.latents.dtype)
        draws = np.asarray(self.model.prior_latents(jax.random.key(0), _DRAWS))
        for column, name in enumerate(self.names):
            starts[1:, column] = np.clip(draws[:, self.model.names.index(name)], -2.0, 2.0)
        for start in starts if self.names else starts[:1]:
            latents = np.tile(start, (len(new), 1))
            self._fit(new, latents, self._exact_curvature(new, latents))

    def _between(self, level: list[np.ndarray], new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Latents and curvatures of new points, linearly between those of a solved level."""
        where = np.stack(np.unravel_index(new, self.shape), axis=1)
        solved = self._rows(level)
        between = (RegularGridInterpolator(level, array[solved])(where) for array in (self.latents, self.curvature))
        latents, curvature = (array.astype(self.latents.dtype) for array in between)
        return latents, curvature

    def _fit(self, points: np.ndarray, latents: np.ndarray, curvature: np.ndarray) -> None:
        """Fit points in rounds of a few steps; those that need another round get their exact curvature first."""
        latents, curvature = np.clip(latents, -self.deepest, self.deepest), curvature.copy()
        todo = np.arange(len(points))
        for turn in range(_ROUNDS):
            unfinished = []
            for some in _blocks(todo, self.block):
                if turn:
                    curvature[some] = self._exact_curvature(points[some], latents[some])
                padded = np.resize(some, self.block)
                steps = np.where(np.arange(self.block) < len(some), _STEPS, 0)
                fits = scan_solver.solve(
                    self.model,
                    self.observed,
                    self._values(points[padded]),
                    latents[padded],
                    curvature[padded],
                    steps,
                    self.batch,
                )
                fits = scan_solver.Fits(*(np.asarray(array)[: len(some)] for array in fits))
                latents[some], curvature[some] = fits.latents, fits.curvature
                self._keep(points[some], fits)
                over = fits.converged | (turn == _ROUNDS - 1)
                self.done[points[some[over]]] = True
                unfinished.append(some[~over])
                self._look()
            todo = np.concatenate(unfinished) if unfinished else todo[:0]
            if not todo.size:
                return

    def _keep(self, points: np.ndarray, fits: scan_solver.Fits) -> None:
        """Keep fits that are better than what is kept, or as good and converged."""
        rounding = 16.0 * np.finfo(self.objective.dtype).eps * (1.0 + np.abs(fits.objective))
        improved = fits.objective <= self.objective[points]
        improved |= fits.converged & ~self.converged[points] & (fits.objective <= self.objective[points] + rounding)
        kept = points[improved]
        for name in ("latents", "objective", "curvature", "converged"):
            getattr(self, name)[kept] = getattr(fits, name)[improved]
        self.gradient[kept] = np.abs(fits.gradient[improved]).max(axis=1, initial=0.0)

    def _repair(self, every: np.ndarray) -> None:
        """Fit points of a level again from where a neighbour ended, if that is better or their own fit has failed."""
        suspects = np.ones(every.shape, bool)
        for sweep in range(_SWEEPS if self.names else 0):
            best, start = self._beside(every, suspects)
            rows = every.ravel()
            height = np.where(np.isfinite(self.objective[rows]), np.abs(self.objective[rows]), 0.0)
            better = best < self.objective[rows] - _SAME * (1.0 + 1e-3 * height)
            # a fit that has failed beside others that have failed begins again from the middle of the priors
            lost = ~self.converged[rows] & ~better & (sweep == 0)
            start[lost] = 0.0
            again = better | lost
            if not again.any():
                return
            old = self.objective[rows]
            self._fit(rows[again], start[again], self._exact_curvature(rows[again], start[again]))
            changed = (self.objective[rows] < old).reshape(every.shape)
            suspects = changed.copy()
            for axis in range(every.ndim):
                ahead, behind = _pairs(axis, every.ndim)
                suspects[ahead] |= changed[behind]
                suspects[behind] |= changed[ahead]

    def _beside(self, every: np.ndarray, suspects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest objective of each point at the solutions of its neighbours, and that solution."""
        best = np.full(every.size, np.inf, self.objective.dtype)
        start = np.zeros((every.size, len(self.names)), self.latents.dtype)
        places = np.arange(every.size).reshape(every.shape)
        for axis in range(every.ndim):
            for here, there in (pair := _pairs(axis, every.ndim), pair[::-1]):
                asked = suspects[here]
                place, neighbour = places[here][asked], every[there][asked]
                found = self._objectives(every.ravel()[place], self.latents[neighbour])
                lower = found < best[place]
                best[place[lower]] = found[lower]
                start[place[lower]] = self.latents[neighbour[lower]]
        return best, start

    def _objectives(self, points: np.ndarray, latents: np.ndarray) -> np.ndarray:
        parts = [np.zeros(0, self.objective.dtype)]
        for some in _blocks(np.arange(len(points)), self.block):
            padded = np.resize(some, self.block)
            found = scan_solver.objectives(
                self.model, self.observed, self._values(points[padded]), latents[padded], self.batch
            )
            parts.append(np.asarray(found)[: len(some)])
            self._look()
        return np.concatenate(parts)

    def _exact_curvature(self, points: np.ndarray, latents: np.ndarray) -> np.ndarray:
        size = latents.shape[1]
        parts = [np.zeros((0, size, size), latents.dtype)]
        small = max(self.batch, self.block // 16)  # dear enough that padding must be little
        for some in _blocks(np.arange(len(points)), small):
            padded = np.resize(some, small)
            found = scan_solver.curvatures(
                self.model, self.observed, self._values(points[padded]), latents[padded], self.batch
            )
            parts.append(np.asarray(found)[: len(some)])
            self._look()
        return np.concatenate(parts)

    def _values(self, points: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values[points] for name, values in self.points.items()}

    def _look(self) -> None:
        """Report, and stop if Ctrl-C was pressed."""
        self.report(int(self.done.sum()), self.done.size)
        if self.interrupted():
            raise _Stopped

    def result(self) -> ProfileMap:
        """The map of what is done, NaN elsewhere."""
        best = best_in_box(self.model, self.axes, self.observed, self._starts())
        density = np.where(self.done, -self.objective, np.nan).astype(float)
        constrained = scan_solver.constrain(self.model, self._values(np.arange(self.done.size)), self.latents)
        return ProfileMap(
            model=self.model,
            grid=self.axes,
            log_density=density.reshape(self.shape),
            nuisances={
                name: np.where(self.done, np.asarray(constrained[name], dtype=float), np.nan).reshape(self.shape)
                for name in self.names
            },
            gradient=np.where(self.done, self.gradient, np.nan).astype(float).reshape(self.shape),
            converged=(self.done & self.converged).reshape(self.shape),
            best=best,
        )

    def _starts(self) -> list[tuple[dict[str, float], np.ndarray]]:
        """Values and latents of the lowest minima of the map, the lowest first."""
        objective = np.where(self.done, self.objective, np.inf).reshape(self.shape)
        padded = np.pad(objective, 1, constant_values=np.inf)
        lowest = np.isfinite(objective)
        for axis in range(objective.ndim):
            for step in (-1, 1):
                around = np.roll(padded, step, axis)[(slice(1, -1),) * objective.ndim]
                lowest &= objective <= around
        rows = np.flatnonzero(lowest)
        rows = rows[np.argsort(objective.ravel()[rows])][:_MINIMA]
        return [({name: float(v[row]) for name, v in self.points.items()}, self.latents[row]) for row in rows]


def _levels(shape: tuple[int, ...]) -> list[list[np.ndarray]]:
    """Indices along each axis, from every 2^k-th to all of them; the ends are in all levels."""
    stride = 1
    while max(shape) > 8 * stride:
        stride *= 2
    levels = []
    while stride:
        levels.append([np.union1d(np.arange(0, size, stride), size - 1) for size in shape])
        stride //= 2
    return levels


def _pairs(axis: int, dimensions: int):
    """Slices of all points that have a neighbour behind them on an axis, and of those neighbours."""
    ahead, behind = ([slice(None)] * dimensions for _ in range(2))
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    return tuple(ahead), tuple(behind)


def _blocks(indices: np.ndarray, size: int) -> list[np.ndarray]:
    return [indices[i : i + size] for i in range(0, len(indices), size)]
