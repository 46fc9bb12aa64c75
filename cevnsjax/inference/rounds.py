"""Fits in rounds of a few steps: what has not converged begins again with the curvature where it is."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np

from cevnsjax.experiment import without_tables
from cevnsjax.inference import solver
from cevnsjax.inference.devices import number_of_devices
from cevnsjax.inference.journal import Keep, computed
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.solver import Fits

STEPS, ROUNDS = 8, 40

PATIENCE = 8
"""Rounds after which a fit that is next to the end of a prior begins again inside."""

_TABLED_ROUNDS = 12
"""Rounds after which what has not converged is computed without tables: most have after three."""

STARTS = 8
"""Starts of a fit of a single point, side by side: there may be several minima."""

FIRST_ROUNDS = 5
"""Rounds until it shows which start ends lowest."""

Rows = Any
"""Arrays with the points along their first axis: values of held parameters by name, or what else differs."""


class Fitter:
    """Fits of many points of one objective, in blocks of one size, so that nothing is compiled twice.

    Parameters
    ----------
    objective
        What is minimised.
    batch
        Points that are computed together, on each device.
    block
        Points that are handed over at a time.
    look
        Called after every block.
    keep
        How the results of a block are come by (:class:`Journal`).
    evaluator
        What computes the objective and its gradient where held values (or whatever else rows are) are given; a program
        of its own by default.
    """

    def __init__(
        self,
        objective: Objective,
        batch: int = 1,
        block: int = 1,
        look: Callable[[], None] = lambda: None,
        keep: Keep = computed,
        evaluator: Callable[[Rows], solver.Evaluate] | None = None,
    ):
        self.evaluator = evaluator or self._evaluator
        self.objective, self.batch, self.block, self.look, self.kept = objective, batch, block, look, keep
        self.tolerance = solver.gradient_tolerance(objective.model)
        self.coordinates = objective.coordinates

    def fit(
        self,
        held: Rows,
        latents: np.ndarray,
        curvature: np.ndarray | None = None,
        keep: Callable[[np.ndarray, Fits, np.ndarray], None] = lambda points, fits, over: None,
        rounds: int = ROUNDS,
        highest: float = np.inf,
        lowest: float = np.inf,
    ) -> None:
        """Fit points from their starts.

        Parameters
        ----------
        held
            Values of the held parameters.
        latents
            Where the latents start, shape ``[point, latent]``; inside (:meth:`Coordinates.inside`), or what ends at the
            end of a prior cannot come back from there.
        curvature
            Estimates of the curvature there; that of differences by default.
        keep
            Called after every block with the indices of its points, their fits, and which of them are over.
        rounds
            After how many rounds those that have not converged are over.
        highest
            Objective above which they are over after twice ``FIRST_ROUNDS``.
        lowest
            Lowest objective of all points, where it is known: of one far above it little is asked.
        """
        unknown, latents = curvature is None, latents.copy()
        curvature = (
            np.zeros((*latents.shape, latents.shape[1]), latents.dtype) if curvature is None else curvature.copy()
        )
        todo = np.arange(len(latents))
        for turn in range(rounds):
            if turn == _TABLED_ROUNDS:
                self._go_without_tables()
            unfinished = [todo[:0]]
            for some in _blocks(todo, self.block):
                if unknown or turn:
                    curvature[some] = self.curvatures(_rows(held, some), latents[some])
                # a curvature costs as much as many steps: what is given is good for more of them
                steps = STEPS if unknown or turn else 3 * STEPS
                fits = self._solve(_rows(held, some), latents[some], curvature[some], steps, self.tolerance, lowest)
                # next to the end of a prior, where another parameter must balance it, steps can be too short to be
                # seen, or lead along it for ever
                stuck = np.all(fits.latents == latents[some], axis=1) | (turn % PATIENCE == PATIENCE - 1)
                stuck &= ~fits.converged
                following = np.where(stuck[:, None], self.coordinates.inside(fits.latents), fits.latents)
                # where there is no density there is no way out of it: begin again from the middle of the priors
                latents[some] = np.where(np.isfinite(fits.objective)[:, None], following, 0.0)
                curvature[some] = fits.curvature
                given_up = (fits.objective > highest) & (turn >= 2 * FIRST_ROUNDS - 1)
                over = fits.converged | given_up | (turn == rounds - 1)
                keep(some, fits, over)
                unfinished.append(some[~over])
                self.look()
            todo = np.concatenate(unfinished)
            if not todo.size:
                return

    def _go_without_tables(self) -> None:
        """Data far from a prior can take a parameter to where its tables end, and a fit no further."""
        experiment = self.objective.model.experiment
        if any(part.frozen.ends for part in experiment.parts.values()):
            exact = eqx.tree_at(lambda model: model.experiment, self.objective.model, without_tables(experiment))
            self.objective = dataclasses.replace(self.objective, model=exact)

    def polish(self, held: Rows, latents: np.ndarray, curvature: np.ndarray) -> Fits:
        """Take a few more steps from where fits have converged, to the bottom as far as it can be seen."""
        return self._solve(held, latents, curvature, STEPS, 0.0)

    def _solve(self, held: Rows, latents, curvature, steps: int, tolerance: float, lowest: float = np.inf) -> Fits:
        """Fit some points, not more than a block."""

        def solved():
            return solver.solve(self.evaluator(held), self.coordinates, latents, curvature, steps, tolerance, lowest)

        return Fits(*self.kept(solved, *jax.tree.leaves(held), latents, curvature))

    def objectives(self, held: Rows, latents: np.ndarray) -> np.ndarray:
        """The objective at points, shape ``[point]``."""

        def mapped(held: Rows, latents: np.ndarray):
            full, number = np.resize(np.arange(len(latents)), self.block), np.asarray(len(latents))
            return np.asarray(solver.objectives(self.objective, _rows(held, full), latents[full], self.batch, number))

        return self._map(mapped, held, latents, ())

    def curvatures(self, held: Rows, latents: np.ndarray) -> np.ndarray:
        """Curvatures at points, shape ``[point, latent, latent]``."""

        def mapped(held: Rows, latents: np.ndarray):
            return solver.curvatures(self.evaluator(held), self.coordinates, latents)

        return self._map(mapped, held, latents, latents.shape[1:] * 2)

    def _map(self, function: Callable, held: Rows, latents: np.ndarray, shape: tuple) -> np.ndarray:
        parts = [np.zeros((0, *shape), latents.dtype)]
        for some in _blocks(np.arange(len(latents)), self.block):
            at = _rows(held, some)
            parts += self.kept(
                lambda at=at, some=some: [function(at, latents[some])[: len(some)]], *jax.tree.leaves(at), latents[some]
            )
            self.look()
        return np.concatenate(parts)

    def _evaluator(self, held: Rows) -> solver.Evaluate:
        """The objective and its gradient at points of which the held values are given."""

        def found(rows: Rows, latents: np.ndarray, number: np.ndarray):
            return solver.objectives_and_gradients(self.objective, rows, latents, self.batch, number)

        return in_blocks(found, held, max(self.block, self.batch * number_of_devices()))


def in_blocks(function: Callable, rows: Rows, size: int) -> solver.Evaluate:
    """Evaluate blocks of points of one size, so that nothing is compiled twice.

    Batches follow each other within the program of a block: each call asks the system for memory anew, which may take
    as long as what is computed in it.

    Parameters
    ----------
    function
        Called with rows of a block, latents, and how many of them are wanted: the objective there, and its derivatives.
    rows
        What differs from point to point.
    size
        Points of a block.
    """

    def evaluate(points: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradients = np.empty(len(points), latents.dtype), np.empty_like(latents)
        for some in _blocks(np.arange(len(points)), size):
            full = np.resize(some, size)
            found = function(_rows(rows, points[full]), latents[full], np.asarray(len(some)))
            values[some], gradients[some] = (np.asarray(each)[: len(some)] for each in found)
        return values, gradients

    return evaluate


def fit_lowest(
    objective: Objective,
    held: dict[str, float],
    latents: np.ndarray,
    curvature=None,
    evaluator: Callable[[Rows], solver.Evaluate] | None = None,
) -> Fits:
    """Fit a single point from several starts, the lowest to the bottom.

    Parameters
    ----------
    objective
        What is minimised.
    held
        Values of the held parameters.
    latents
        Where the latents start, shape ``[start, latent]``.
    curvature
        Estimates of the curvature there, shape ``[start, latent, latent]``; that of differences by default.
    evaluator
        What computes the objective; see :class:`Fitter`.

    Returns
    -------
    Fits
        Without an axis of points.
    """
    kind = np.dtype(objective.model.scale.dtype)
    number, size = latents.shape
    fitter = Fitter(objective, STARTS, number, evaluator=evaluator)
    at = {name: np.full(number, value, kind) for name, value in held.items()}
    last = Fits(*(np.zeros((number, *shape), kind) for shape in ((size,), (), (size,), (size, size), ())))

    def keep(points: np.ndarray, fits: Fits, over: np.ndarray) -> None:
        for array, new in zip(last, fits, strict=True):
            array[points] = new

    given = None if curvature is None else np.asarray(curvature, kind)
    latents = fitter.coordinates.inside(np.asarray(latents, kind))
    fitter.fit(at, latents, given, keep, FIRST_ROUNDS if number > 1 else ROUNDS)
    best = int(np.argmin(np.where(np.isfinite(last.objective), last.objective, np.inf)))
    lowest, at = Fits(*(array[[best]] for array in last)), _rows(at, np.array([best]))
    if number > 1 and not lowest.converged[0]:
        return fit_lowest(objective, held, lowest.latents, lowest.curvature, evaluator)
    if lowest.converged[0]:
        lowest = fitter.polish(at, lowest.latents, lowest.curvature)._replace(converged=lowest.converged)
    return Fits(*(array[0] for array in lowest))


def _rows(held: Rows, points: np.ndarray) -> Rows:
    return jax.tree.map(lambda values: values[points], held)


def _blocks(indices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (indices[i : i + size] for i in range(0, len(indices), size))
