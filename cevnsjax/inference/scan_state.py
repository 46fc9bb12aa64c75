"""The state of a scan: where the fit of every point stands, and the order in which points are fitted."""

from collections.abc import Callable

import jax
import numpy as np
from scipy.interpolate import RegularGridInterpolator

from cevnsjax.arrays import as_float
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.rounds import Fitter
from cevnsjax.inference.scan_best_fit import best_in_box
from cevnsjax.inference.scan_levels import levels_of, pairs
from cevnsjax.inference.solver import Fits, constrain

_SWEEPS, _MINIMA, _DRAWS = 8, 4, 7
# a smaller gain than this by starting from a neighbour's solution is the rounding of two fits to the same minimum
_SAME = 1e-6


class Stopped(Exception):
    """Ctrl-C was pressed."""


class Scan:
    """The state of a scan: where the fit of every point stands, points in one row.

    ``latents`` and ``curvature`` are those of the best fit of a point so far; ``done`` are points that are not going
    to be fitted any more, but for repairs.
    """

    def __init__(self, model: Model, axes: dict[str, np.ndarray], observed, batch: int, block: int, progress):
        self.axes, self.shape = axes, tuple(values.size for values in axes.values())
        data = jax.tree.map(as_float, model.experiment.observed if observed is None else observed)
        # nuisances of the experiment are measured: their priors stay
        without = frozenset(axes) - {parameter.name for parameter in model.experiment.nuisances}
        self.names = tuple(name for name in model.names if name not in axes)
        self.objective_of = Objective(model, data, self.names, without)
        self.fitter = Fitter(self.objective_of, batch, block, self.look)
        self.report = progress or (lambda done, total: None)
        self.interrupted: Callable[[], bool] = lambda: False
        meshes = np.meshgrid(*axes.values(), indexing="ij")
        kind = np.dtype(model.scale.dtype)
        self.points = {name: mesh.ravel().astype(kind) for name, mesh in zip(axes, meshes, strict=True)}
        number, size = meshes[0].size, self.objective_of.size
        self.latents = np.zeros((number, size), kind)
        self.objective = np.full(number, np.inf, kind)
        self.gradient = np.full(number, np.nan, kind)
        self.curvature = np.zeros((number, size, size), kind)
        self.converged = np.zeros(number, bool)
        self.done = np.zeros(number, bool)

    def run(self) -> None:
        """Solve all points, from coarse to fine."""
        before: list[np.ndarray] = []
        for level in levels_of(self.shape):
            every = self._rows(level)
            new = every.ravel()[~self.done[every.ravel()]]
            if before:
                self._fit(new, *self._between(before, new))
            else:
                self._fit_from_everywhere(new)
            self._repair(every)
            # what fits have learnt of the curvature is rough, and a few points are where many start from
            if 8 * every.size < self.done.size:
                self.curvature[new] = self.fitter.curvatures(self._values(new), self.latents[new])
            before = level

    def _rows(self, level: list[np.ndarray]) -> np.ndarray:
        return np.ravel_multi_index(np.meshgrid(*level, indexing="ij"), self.shape)

    def _fit_from_everywhere(self, new: np.ndarray) -> None:
        """Fit points from the middle of the priors and from draws: what minima there are, neighbours pass them on."""
        starts = np.zeros((1 + _DRAWS, self.latents.shape[1]), self.latents.dtype)
        draws = np.asarray(self.objective_of.model.prior_latents(jax.random.key(0), _DRAWS))
        for column, name in enumerate(self.names):
            starts[1:, column] = np.clip(draws[:, self.objective_of.model.names.index(name)], -2.0, 2.0)
        for start in starts if self.names else starts[:1]:
            latents = np.tile(start, (len(new), 1))
            self._fit(new, latents)

    def _between(self, level: list[np.ndarray], new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Latents and curvatures of new points, linearly between those of a solved level."""
        where = np.stack(np.unravel_index(new, self.shape), axis=1)
        solved = self._rows(level)
        slopes = jax.vmap(self.objective_of.coordinates.slope)
        # curvatures are those of straight coordinates, whose units change from point to point
        units = np.asarray(slopes(as_float(self.latents)))[solved]
        straight = self.curvature[solved] / (units[..., :, None] * units[..., None, :])
        latents = self.fitter.inside(RegularGridInterpolator(level, self.latents[solved])(where))
        units = np.asarray(slopes(as_float(latents)))
        curvature = RegularGridInterpolator(level, straight)(where) * (units[:, :, None] * units[:, None, :])
        return latents.astype(self.latents.dtype), curvature.astype(self.latents.dtype)

    def _fit(self, points: np.ndarray, latents: np.ndarray, curvature: np.ndarray | None = None) -> None:
        """Fit points, and keep what is better."""

        def keep(some: np.ndarray, fits: Fits, over: np.ndarray) -> None:
            self._keep(points[some], fits)
            self.done[points[some[over]]] = True

        self.fitter.fit(self._values(points), latents, curvature, keep)

    def _keep(self, points: np.ndarray, fits: Fits) -> None:
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
            self._fit(rows[again], start[again])
            changed = (self.objective[rows] < old).reshape(every.shape)
            suspects = changed.copy()
            for axis in range(every.ndim):
                ahead, behind = pairs(axis, every.ndim)
                suspects[ahead] |= changed[behind]
                suspects[behind] |= changed[ahead]

    def _beside(self, every: np.ndarray, suspects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest objective of each point at the solutions of its neighbours, and that solution."""
        best = np.full(every.size, np.inf, self.objective.dtype)
        start = np.zeros((every.size, len(self.names)), self.latents.dtype)
        places = np.arange(every.size).reshape(every.shape)
        for axis in range(every.ndim):
            for here, there in (pair := pairs(axis, every.ndim), pair[::-1]):
                asked = suspects[here]
                place, neighbour = places[here][asked], every[there][asked]
                found = self.fitter.objectives(self._values(every.ravel()[place]), self.latents[neighbour])
                lower = found < best[place]
                best[place[lower]] = found[lower]
                start[place[lower]] = self.latents[neighbour[lower]]
        return best, start

    def _values(self, points: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values[points] for name, values in self.points.items()}

    def look(self) -> None:
        """Report, and stop if Ctrl-C was pressed."""
        self.report(int(self.done.sum()), self.done.size)
        if self.interrupted():
            raise Stopped

    def result(self) -> ProfileMap:
        """The map of what is done, NaN elsewhere."""
        best = best_in_box(self.objective_of, self.axes, self._starts())
        density = np.where(self.done, -self.objective, np.nan).astype(float)
        constrained = constrain(self.objective_of, self._values(np.arange(self.done.size)), self.latents)
        return ProfileMap(
            model=self.objective_of.model,
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

    def _starts(self) -> list[tuple[dict[str, float], Fits]]:
        """Values and fits of the lowest minima of the map, the lowest first."""
        objective = np.where(self.done, self.objective, np.inf).reshape(self.shape)
        padded = np.pad(objective, 1, constant_values=np.inf)
        lowest = np.isfinite(objective)
        for axis in range(objective.ndim):
            for step in (-1, 1):
                around = np.roll(padded, step, axis)[(slice(1, -1),) * objective.ndim]
                lowest &= objective <= around
        rows = np.flatnonzero(lowest)
        rows = rows[np.argsort(objective.ravel()[rows])][:_MINIMA]
        return [({name: float(v[row]) for name, v in self.points.items()}, self._fit_of(int(row))) for row in rows]

    def _fit_of(self, row: int) -> Fits:
        arrays = (self.latents, self.objective, self.gradient, self.curvature, self.converged)
        return Fits(*(array[row] for array in arrays))
