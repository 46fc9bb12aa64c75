"""The state of a scan: where the fit of every point stands, and the order in which points are fitted."""

from collections.abc import Callable

import jax
import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.spatial import KDTree

from cevnsjax.arrays import as_float
from cevnsjax.inference.added_points import AddedPoints
from cevnsjax.inference.journal import Keep, computed
from cevnsjax.inference.map_axes import positions_of, values_at
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.profile import Maximum
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.quantiles import chi_squared_quantile
from cevnsjax.inference.rounds import FIRST_ROUNDS, ROUNDS, Fitter
from cevnsjax.inference.scan_best_fit import best_in_box
from cevnsjax.inference.scan_levels import corners, in_rows, levels_of, pairs
from cevnsjax.inference.scan_refinement import Refinement, refine
from cevnsjax.inference.scan_starts import between, blended
from cevnsjax.inference.solver import DRAWN, Fits, constrain, slack

_SWEEPS, _MINIMA, _DRAWS = 64, 4, 7
_NEAREST = 4
_FAR = 200.0
"""Above the lowest of the coarsest points, from which on other minima of a point are not looked for."""

_FAR_UP = 1.0
"""Above what lies between the fits around a start, from which on these are of different minima."""

_NEAR = 1e-2
"""Twice what the objective rises by between two fits, below which they are of one minimum."""

_LEVEL = 0.95
"""Highest confidence level at which a map is drawn: what lies above may hide between points."""
# a smaller gain than this by starting from a neighbour's solution is the rounding of two fits to the same minimum
_SAME = 1e-6


class Stopped(Exception):
    """Ctrl-C was pressed."""


class Scan:
    """The state of a scan: where the fit of every point stands, points in one row.

    The points of the grid come first, then those that are added between them. ``latents`` and ``curvature`` are those
    of the best fit of a point so far; ``done`` are points that are not going to be fitted any more, but for repairs.
    """

    def __init__(
        self,
        model: Model,
        axes: dict[str, np.ndarray],
        observed,
        batch: int,
        block: int,
        progress,
        keep: Keep = computed,
    ):
        self.axes, self.shape = axes, tuple(values.size for values in axes.values())
        data = jax.tree.map(as_float, model.experiment.observed if observed is None else observed)
        # nuisances of the experiment are measured: their priors stay
        without = frozenset(axes) - {parameter.name for parameter in model.experiment.nuisances}
        self.names = tuple(name for name in model.names if name not in axes)
        self.objective_of = Objective(model, data, self.names, without)
        self.fitter = Fitter(self.objective_of, batch, block, self.look, keep)
        self.report = progress or (lambda done, total: None)
        self.interrupted: Callable[[], bool] = lambda: False
        self.best: Maximum | None = None
        self.refinement = Refinement()
        self.kind = np.dtype(model.scale.dtype)
        self.positions = np.zeros((0, len(axes)))
        self.points = {name: np.zeros(0, self.kind) for name in axes}
        size = self.objective_of.size
        self.latents = np.zeros((0, size), self.kind)
        self.objective, self.gradient = np.zeros(0, self.kind), np.zeros(0, self.kind)
        self.curvature = np.zeros((0, size, size), self.kind)
        self.converged, self.done = np.zeros(0, bool), np.zeros(0, bool)
        self._append(np.stack(np.meshgrid(*map(np.arange, self.shape), indexing="ij"), axis=-1).reshape(-1, len(axes)))

    def _append(self, positions: np.ndarray) -> np.ndarray:
        """Append points at positions in steps of the grid, that are not fitted yet; their rows."""
        number, rows = len(positions), self.done.size + np.arange(len(positions))
        self.positions = np.concatenate([self.positions, positions])
        for column, (name, axis) in enumerate(self.axes.items()):
            values = values_at(axis, positions[:, column]).astype(self.kind)
            self.points[name] = np.concatenate([self.points[name], values])
        for name, value in (
            *(("latents", 0.0), ("objective", np.inf), ("gradient", np.nan), ("curvature", 0.0)),
            *(("converged", False), ("done", False)),
        ):
            array = getattr(self, name)
            new = np.full((number, *array.shape[1:]), value, array.dtype)
            setattr(self, name, np.concatenate([array, new]) if len(array) else new)
        return rows

    def run(self, add_points: bool) -> None:
        """Solve all points, from coarse to fine, then see whether they show all valleys, and add points if not."""
        self._run_grid()
        self.best = best_in_box(self.objective_of, self.axes, self._starts())
        highest = chi_squared_quantile(_LEVEL, len(self.shape))
        place = np.array([float(positions_of(axis, self.best.values[name])) for name, axis in self.axes.items()])
        solve = self._solve_added if add_points else None
        self.refinement = refine(self._heights().reshape(self.shape), place, highest, solve)
        lowest = int(np.argmin(self.objective))
        if lowest >= self.grid_size and -float(self.objective[lowest]) > self.best.log_density:
            self.best = best_in_box(self.objective_of, self.axes, [self._start(lowest)])

    @property
    def grid_size(self) -> int:
        """Number of points of the grid."""
        return int(np.prod(self.shape))

    def _heights(self) -> np.ndarray:
        assert self.best is not None
        return np.maximum(2.0 * (self.objective.astype(float) + self.best.log_density), 0.0)

    def _solve_added(self, positions: np.ndarray, lattice: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Fit points between those that are solved, from the nearest of them; the heights of all points."""
        solved = np.flatnonzero(self.done)
        distances, nearest = KDTree(self.positions[solved]).query(positions, k=min(_NEAREST, solved.size))
        shares = 1.0 / distances**2
        shares /= shares.sum(axis=1, keepdims=True)
        rows = self._append(positions)
        # should this be interrupted
        self.refinement = Refinement(int(np.log2((lattice.shape[0] - 1) // (self.shape[0] - 1))))
        sources = solved[nearest]
        fits = self.latents[sources], self.curvature[sources]
        self._fit(rows, *blended(self.fitter.coordinates, *fits, shares.astype(self.kind)))
        self._repair(lattice, new)
        return self._heights()

    def _run_grid(self) -> None:
        before: list[np.ndarray] = []
        for level in levels_of(self.shape):
            every = self._rows(level)
            new = every.ravel()[~self.done[every.ravel()]]
            if before:
                self._fit(new, *self._between(before, new))
            else:
                self._fit_from_everywhere(every)
            self._repair(every, np.ones(every.shape, bool))
            # what fits have learnt of the curvature is rough, and a few points are where many start from
            if 40 * every.size < self.done.size:
                self.curvature[new] = self.fitter.curvatures(self._values(new), self.latents[new])
            before = level

    def _rows(self, level: list[np.ndarray]) -> np.ndarray:
        return np.ravel_multi_index(np.meshgrid(*level, indexing="ij"), self.shape)

    def _fit_from_everywhere(self, every: np.ndarray) -> None:
        """Fit points from the middle of the priors, and a few of them from draws: neighbours pass minima on.

        From each start a few rounds; what has not converged then is far from what was seen, and is led there.
        """
        new = every.ravel()
        few = np.unique(every[np.ix_(*([0, size // 2, size - 1] for size in every.shape))])
        starts = np.zeros((1 + _DRAWS, self.latents.shape[1]), self.latents.dtype)
        draws = np.asarray(self.objective_of.model.prior_latents(jax.random.key(0), _DRAWS))
        for column, name in enumerate(self.names):
            starts[1:, column] = np.clip(draws[:, self.objective_of.model.names.index(name)], -2.0, 2.0)
        starts = starts if self.names else starts[:1]
        self._fit(new, np.tile(starts[0], (len(new), 1)), rounds=FIRST_ROUNDS)
        near, drawn = self._near(few), starts[1:]
        self._fit(np.repeat(near, len(drawn)), np.tile(drawn, (len(near), 1)), rounds=FIRST_ROUNDS)
        self._lead(every)
        for start in (None, *starts):
            if (lost := self._near(new[~self.converged[new]])).size:
                self._fit(lost, self.latents[lost] if start is None else np.tile(start, (len(lost), 1)))

    def _near(self, points: np.ndarray) -> np.ndarray:
        """Those of some points that are not far above the lowest of all."""
        return points[~(self.objective[points] > np.min(self.objective) + _FAR)]

    def _lead(self, every: np.ndarray) -> None:
        """Fit points that have not converged from where the solutions beside them lead, the nearest first."""
        tried = np.zeros(self.done.size, bool)
        while True:
            best, start = np.full(self.done.size, np.inf, self.kind), np.zeros_like(self.latents)
            for rows in in_rows(every):
                here, beside, beyond = (each[~self.converged[rows[0]] & self.converged[rows[1]]] for each in rows)
                there = self.latents[beside]
                on = np.where(self.converged[beyond][:, None], there - self.latents[beyond], 0.0).astype(self.kind)
                for latents in (there, there + on):
                    found = self.fitter.objectives(self._values(here), latents)
                    lower = found < best[here]
                    best[here[lower]], start[here[lower]] = found[lower], latents[lower]
            todo = np.flatnonzero(np.isfinite(best) & ~tried)
            if not todo.size:
                return
            tried[todo] = True
            self._fit(todo, start[todo], rounds=FIRST_ROUNDS)

    def _between(self, level: list[np.ndarray], new: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Latents, curvatures and objectives where new points start: linearly between a solved level's.

        Where that leads far up, solutions around it are of different minima: the one that is lowest there then.
        """
        where, solved = np.stack(np.unravel_index(new, self.shape), axis=1), self._rows(level)
        fits = self.latents[solved], self.curvature[solved]
        latents, curvature = between(self.fitter.coordinates, level, where, *fits)
        lowest = self.fitter.objectives(self._values(new), latents)
        expected = RegularGridInterpolator(level, self.objective[solved])(where)
        far = np.flatnonzero(~(lowest < expected + _FAR_UP))
        for corner in corners(level, where[far]):
            around = np.asarray(np.ravel_multi_index(tuple(corner.T), self.shape))
            found = self.fitter.objectives(self._values(new[far]), self.latents[around])
            lower = np.flatnonzero(found < lowest[far])
            to, of = far[lower], around[lower]
            lowest[to], latents[to], curvature[to] = found[lower], self.latents[of], self.curvature[of]
        return latents, curvature, lowest

    def _fit(
        self,
        points: np.ndarray,
        latents: np.ndarray,
        curvature: np.ndarray | None = None,
        heights: np.ndarray | None = None,
        rounds: int = ROUNDS,
    ) -> None:
        """Fit points, and keep what is better.

        Fits begin inside, but where objectives at the starts are given, and higher than anything that is looked at:
        solutions there may have gone to the end of a prior for good.
        """
        lowest = float(np.min(self.objective))
        inside = self.fitter.coordinates.inside(latents)
        starts = inside if heights is None else np.where(heights[:, None] > lowest + DRAWN, latents, inside)

        def keep(some: np.ndarray, fits: Fits, over: np.ndarray) -> None:
            self._keep(points[some], fits)
            self.done[points[some[over]]] = True

        self.fitter.fit(self._values(points), starts, curvature, keep, rounds, lowest + _FAR, lowest)

    def _keep(self, points: np.ndarray, fits: Fits) -> None:
        """Keep fits that are better than what is kept, or as good and converged; of several of a point the lowest."""
        rounding = 16.0 * np.finfo(self.objective.dtype).eps * (1.0 + np.abs(fits.objective))
        improved = fits.objective <= self.objective[points]
        improved |= fits.converged & ~self.converged[points] & (fits.objective <= self.objective[points] + rounding)
        # of what is assigned to a point the last stays
        last = np.flatnonzero(improved)[np.argsort(-fits.objective[improved], kind="stable")]
        for name in ("latents", "objective", "curvature", "converged"):
            getattr(self, name)[points[last]] = getattr(fits, name)[last]
        self.gradient[points[last]] = np.abs(fits.gradient[last]).max(axis=1, initial=0.0)

    def _repair(self, every: np.ndarray, suspects: np.ndarray) -> None:
        """Fit points of a level again from where a neighbour ended, if that is better or their own fit has failed.

        ``every`` has their rows, -1 where a lattice has no point; ``suspects`` are points to begin with.
        """
        for sweep in range(_SWEEPS if self.names else 0):
            best, start, curvature = self._beside(every, suspects)
            rows = every.ravel()
            height = np.where(np.isfinite(self.objective[rows]), np.abs(self.objective[rows]), 0.0)
            same = _SAME * (1.0 + 1e-3 * height) + slack(self.objective[rows], float(np.min(self.objective)))
            better = best < self.objective[rows] - same
            # a fit that has failed beside others that have failed begins again from the middle of the priors
            lost = ~self.converged[rows] & ~better & suspects.ravel() & (sweep == 0)
            start[lost] = 0.0
            again = better | lost
            if not again.any():
                return
            old = self.objective[rows]
            self._fit(rows[lost], start[lost])
            self._fit(rows[better], start[better], curvature[better], best[better])
            changed = (self.objective[rows] < old).reshape(every.shape)
            suspects = changed.copy()
            for axis in range(every.ndim):
                ahead, behind = pairs(axis, every.ndim)
                suspects[ahead] |= changed[behind]
                suspects[behind] |= changed[ahead]

    def _beside(self, every: np.ndarray, suspects: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lowest objective of each point at the solutions of its neighbours, and that solution with its curvature."""
        best = np.full(every.size, np.inf, self.objective.dtype)
        start = np.zeros((every.size, len(self.names)), self.latents.dtype)
        curvature = np.zeros((every.size, *self.curvature.shape[1:]), self.curvature.dtype)
        places = np.arange(every.size).reshape(every.shape)
        for axis in range(every.ndim):
            for here, there in (pair := pairs(axis, every.ndim), pair[::-1]):
                asked = suspects[here] & (every[here] >= 0) & (every[there] >= 0)
                place, neighbour = places[here][asked], every[there][asked]
                other = ~self._same_minimum(every.ravel()[place], neighbour)
                place, neighbour = place[other], neighbour[other]
                found = self.fitter.objectives(self._values(every.ravel()[place]), self.latents[neighbour])
                lower = found < best[place]
                best[place[lower]] = found[lower]
                start[place[lower]] = self.latents[neighbour[lower]]
                curvature[place[lower]] = self.curvature[neighbour[lower]]
        return best, start, curvature

    def _same_minimum(self, points: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Whether fits ended so near each other that neither is worth starting from for the other."""
        apart = self.latents[points] - self.latents[others]
        up = [np.einsum("pi,pij,pj->p", apart, self.curvature[each], apart) for each in (points, others)]
        return self.converged[points] & self.converged[others] & (np.maximum(*up) < _NEAR)

    def _values(self, points: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values[points] for name, values in self.points.items()}

    def look(self) -> None:
        """Report, and stop if Ctrl-C was pressed."""
        self.report(int(self.done.sum()), self.done.size)
        if self.interrupted():
            raise Stopped

    def result(self) -> ProfileMap:
        """The map of what is done: NaN elsewhere on the grid, and of added points those that are done."""
        best = self.best or best_in_box(self.objective_of, self.axes, self._starts())
        constrained = constrain(self.objective_of, self._values(np.arange(self.done.size)), self.latents)
        density = np.where(self.done, -self.objective, np.nan).astype(float)
        gradient = np.where(self.done, self.gradient, np.nan).astype(float)
        nuisances = {
            name: np.where(self.done, np.asarray(constrained[name], dtype=float), np.nan) for name in self.names
        }
        grid, added = np.arange(self.grid_size), self.grid_size + np.flatnonzero(self.done[self.grid_size :])
        places = self.positions[added].T
        return ProfileMap(
            model=self.objective_of.model,
            grid=self.axes,
            log_density=density[grid].reshape(self.shape),
            nuisances={name: values[grid].reshape(self.shape) for name, values in nuisances.items()},
            gradient=gradient[grid].reshape(self.shape),
            converged=(self.done & self.converged)[grid].reshape(self.shape),
            best=best,
            added=AddedPoints(
                {name: values_at(axis, at) for (name, axis), at in zip(self.axes.items(), places, strict=True)},
                density[added],
                gradient[added],
                self.converged[added],
                {name: values[added] for name, values in nuisances.items()},
                self.refinement.halvings,
                self.refinement.unresolved,
            ),
        )

    def _starts(self) -> list[tuple[dict[str, float], Fits]]:
        """Values and fits of the lowest minima of the grid, the lowest first."""
        objective = np.where(self.done, self.objective, np.inf)[: self.grid_size].reshape(self.shape)
        padded = np.pad(objective, 1, constant_values=np.inf)
        lowest = np.isfinite(objective)
        for axis in range(objective.ndim):
            for step in (-1, 1):
                around = np.roll(padded, step, axis)[(slice(1, -1),) * objective.ndim]
                lowest &= objective <= around
        rows = np.flatnonzero(lowest)
        return [self._start(int(row)) for row in rows[np.argsort(objective.ravel()[rows])][:_MINIMA]]

    def _start(self, row: int) -> tuple[dict[str, float], Fits]:
        arrays = (self.latents, self.objective, self.gradient, self.curvature, self.converged)
        return {name: float(v[row]) for name, v in self.points.items()}, Fits(*(array[row] for array in arrays))
