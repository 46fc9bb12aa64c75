"""Fits in rounds of a few steps: what has not converged begins again with the curvature where it is."""

from collections.abc import Callable, Iterator

import numpy as np

from cevnsjax.inference import solver
from cevnsjax.inference.devices import number_of_devices
from cevnsjax.inference.journal import Keep, computed
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.solver import Fits

STEPS, ROUNDS = 8, 40

HeldArrays = dict[str, np.ndarray]
"""Values of held parameters by name, shape ``[point]`` each."""


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
        What computes the objective and its gradient where held values are given; a program of its own by default.
    """

    def __init__(
        self,
        objective: Objective,
        batch: int = 1,
        block: int = 1,
        look: Callable[[], None] = lambda: None,
        keep: Keep = computed,
        evaluator: Callable[[HeldArrays], solver.Evaluate] | None = None,
    ):
        self.evaluator = evaluator or self._evaluator
        self.objective, self.batch, self.block, self.look, self.kept = objective, batch, block, look, keep
        self.tolerance = solver.gradient_tolerance(objective.model)
        self.coordinates = objective.coordinates

    def fit(
        self,
        held: HeldArrays,
        latents: np.ndarray,
        curvature: np.ndarray | None = None,
        keep: Callable[[np.ndarray, Fits, np.ndarray], None] = lambda points, fits, over: None,
        rounds: int = ROUNDS,
    ) -> None:
        """Fit points from their starts.

        Parameters
        ----------
        held
            Values of the held parameters.
        latents
            Where the latents start, shape ``[point, latent]``.
        curvature
            Estimates of the curvature there; that of differences by default.
        keep
            Called after every block with the indices of its points, their fits, and which of them are over.
        rounds
            After how many rounds those that have not converged are over.
        """
        latents = self.coordinates.inside(latents)
        unknown = curvature is None
        curvature = np.zeros((*latents.shape, latents.shape[1]), latents.dtype) if unknown else curvature.copy()
        todo = np.arange(len(latents))
        for turn in range(rounds):
            unfinished = [todo[:0]]
            for some in _blocks(todo, self.block):
                if unknown or turn:
                    curvature[some] = self.curvatures(_rows(held, some), latents[some])
                fits = self._solve(_rows(held, some), latents[some], curvature[some], STEPS, self.tolerance)
                # where there is no density there is no way out of it: begin again from the middle of the priors
                latents[some] = np.where(np.isfinite(fits.objective)[:, None], fits.latents, 0.0)
                curvature[some] = fits.curvature
                over = fits.converged | (turn == rounds - 1)
                keep(some, fits, over)
                unfinished.append(some[~over])
                self.look()
            todo = np.concatenate(unfinished)
            if not todo.size:
                return

    def polish(self, held: HeldArrays, latents: np.ndarray, curvature: np.ndarray) -> Fits:
        """Take a few more steps from where fits have converged, to the bottom as far as it can be seen."""
        return self._solve(held, latents, curvature, STEPS, 0.0)

    def _solve(self, held: HeldArrays, latents, curvature, steps: int, tolerance: float) -> Fits:
        """Fit some points, not more than a block."""

        def solved():
            return solver.solve(self.evaluator(held), self.coordinates, latents, curvature, steps, tolerance)

        return Fits(*self.kept(solved, *held.values(), latents, curvature))

    def objectives(self, held: HeldArrays, latents: np.ndarray) -> np.ndarray:
        """The objective at points, shape ``[point]``."""

        def mapped(held: HeldArrays, latents: np.ndarray):
            full = np.resize(np.arange(len(latents)), self.block)
            return np.asarray(solver.objectives(self.objective, _rows(held, full), latents[full], self.batch))

        return self._map(mapped, held, latents, ())

    def curvatures(self, held: HeldArrays, latents: np.ndarray) -> np.ndarray:
        """Curvatures at points, shape ``[point, latent, latent]``."""

        def mapped(held: HeldArrays, latents: np.ndarray):
            return solver.curvatures(self.evaluator(held), self.coordinates, latents)

        return self._map(mapped, held, latents, latents.shape[1:] * 2)

    def _map(self, function: Callable, held: HeldArrays, latents: np.ndarray, shape: tuple) -> np.ndarray:
        parts = [np.zeros((0, *shape), latents.dtype)]
        for some in _blocks(np.arange(len(latents)), self.block):
            at = _rows(held, some)
            parts += self.kept(
                lambda at=at, some=some: [function(at, latents[some])[: len(some)]], *at.values(), latents[some]
            )
            self.look()
        return np.concatenate(parts)

    def _evaluator(self, held: HeldArrays) -> solver.Evaluate:
        """The objective and its gradient at points of which the held values are given, a batch at a time."""

        def evaluate(points: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            values, gradients = np.empty(len(points), latents.dtype), np.empty_like(latents)
            together = self.batch * number_of_devices()
            for some in _blocks(np.arange(len(points)), together):
                full = np.resize(some, together)
                at = _rows(held, points[full]), latents[full]
                found = solver.objectives_and_gradients(self.objective, *at, self.batch)
                values[some], gradients[some] = (np.asarray(each)[: len(some)] for each in found)
            return values, gradients

        return evaluate


def fit_one(
    objective: Objective,
    held: dict[str, float],
    latents: np.ndarray,
    curvature=None,
    evaluator: Callable[[HeldArrays], solver.Evaluate] | None = None,
) -> Fits:
    """Fit a single point, to the bottom.

    Parameters
    ----------
    objective
        What is minimised.
    held
        Values of the held parameters.
    latents
        Where the latents start, shape ``[latent]``.
    curvature
        Estimate of the curvature there; that of differences by default.
    evaluator
        What computes the objective; see :class:`Fitter`.

    Returns
    -------
    Fits
        Without an axis of points.
    """
    kind = np.dtype(objective.model.scale.dtype)
    fitter, found = Fitter(objective, evaluator=evaluator), []
    at = {name: np.array([value], kind) for name, value in held.items()}
    start = None if curvature is None else np.asarray(curvature, kind)[None]
    fitter.fit(at, np.asarray(latents, kind)[None], start, lambda points, fits, over: found.append(fits))
    last = found[-1]
    if last.converged[0]:
        bottom = fitter.polish(at, last.latents, last.curvature)
        last = bottom._replace(converged=last.converged)
    return Fits(*(array[0] for array in last))


def _rows(held: HeldArrays, points: np.ndarray) -> HeldArrays:
    return {name: values[points] for name, values in held.items()}


def _blocks(indices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (indices[i : i + size] for i in range(0, len(indices), size))
