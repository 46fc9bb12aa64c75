"""Fits in rounds of a few steps: what has not converged begins again with its exact curvature."""

from collections.abc import Callable, Iterator

import numpy as np

from cevnsjax.inference import solver
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
        Points that step together.
    block
        Points that are handed over at a time.
    look
        Called after every block.
    keep
        How the results of a block are come by (:class:`Journal`).
    """

    def __init__(
        self,
        objective: Objective,
        batch: int = 1,
        block: int = 1,
        look: Callable[[], None] = lambda: None,
        keep: Keep = computed,
    ):
        self.objective, self.batch, self.block, self.look, self.kept = objective, batch, block, look, keep
        self.tolerance = solver.gradient_tolerance(objective.model)
        self.deepest = np.full(objective.size, np.inf)
        self.deepest[np.array(objective.coordinates.ends) == 2] = _deepest_start(objective)

    def fit(
        self,
        held: HeldArrays,
        latents: np.ndarray,
        curvature: np.ndarray | None = None,
        keep: Callable[[np.ndarray, Fits, np.ndarray], None] = lambda points, fits, over: None,
    ) -> None:
        """Fit points from their starts.

        Parameters
        ----------
        held
            Values of the held parameters.
        latents
            Where the latents start, shape ``[point, latent]``.
        curvature
            Estimates of the curvature there; the exact one by default.
        keep
            Called after every block with the indices of its points, their fits, and which of them are over.
        """
        latents = self.inside(latents).astype(latents.dtype)
        exact = curvature is None
        curvature = np.zeros((*latents.shape, latents.shape[1]), latents.dtype) if exact else curvature.copy()
        todo = np.arange(len(latents))
        for turn in range(ROUNDS):
            unfinished = [todo[:0]]
            for some in _blocks(todo, self.block):
                if exact or turn:
                    curvature[some] = self.curvatures(_rows(held, some), latents[some])
                fits = self._solve(_rows(held, some), latents[some], curvature[some], STEPS, self.tolerance)
                # where there is no density there is no way out of it: begin again from the middle of the priors
                latents[some] = np.where(np.isfinite(fits.objective)[:, None], fits.latents, 0.0)
                curvature[some] = fits.curvature
                over = fits.converged | (turn == ROUNDS - 1)
                keep(some, fits, over)
                unfinished.append(some[~over])
                self.look()
            todo = np.concatenate(unfinished)
            if not todo.size:
                return

    def inside(self, latents: np.ndarray) -> np.ndarray:
        """Latents moved to where a fit may start."""
        return np.clip(latents, -self.deepest, self.deepest)

    def polish(self, held: HeldArrays, latents: np.ndarray, curvature: np.ndarray) -> Fits:
        """Take a few more steps from where fits have converged, to the bottom as far as it can be seen."""
        return self._solve(held, latents, curvature, STEPS, 0.0)

    def _solve(self, held: HeldArrays, latents, curvature, steps: int, tolerance: float) -> Fits:
        """Fit some points, not more than a block."""
        number = len(latents)
        full = np.resize(np.arange(number), self.block)
        steps_of = np.where(np.arange(self.block) < number, steps, 0)

        def solved():
            fits = solver.solve(
                self.objective, _rows(held, full), latents[full], curvature[full], steps_of, tolerance, self.batch
            )
            return [np.asarray(array)[:number] for array in fits]

        return Fits(*self.kept(solved, *held.values(), latents, curvature))

    def objectives(self, held: HeldArrays, latents: np.ndarray) -> np.ndarray:
        """The objective at points, shape ``[point]``."""
        return self._map(solver.objectives, held, latents, self.block, ())

    def curvatures(self, held: HeldArrays, latents: np.ndarray) -> np.ndarray:
        """Exact curvatures at points, shape ``[point, latent, latent]``."""
        # dear enough that filling up must be little
        small = max(self.batch, self.block // 16)
        return self._map(solver.curvatures, held, latents, small, latents.shape[1:] * 2)

    def _map(self, function: Callable, held: HeldArrays, latents: np.ndarray, size: int, shape: tuple) -> np.ndarray:
        parts = [np.zeros((0, *shape), latents.dtype)]
        for some in _blocks(np.arange(len(latents)), size):
            full = np.resize(some, size)

            def mapped(full=full, some=some):
                found = function(self.objective, _rows(held, full), latents[full], self.batch)
                return [np.asarray(found)[: len(some)]]

            parts += self.kept(mapped, *_rows(held, some).values(), latents[some])
            self.look()
        return np.concatenate(parts)


def _deepest_start(objective: Objective) -> float:
    """Largest latent that a fit starts from between two ends.

    Beyond, an objective that wants inside could have a derivative below the tolerance.
    """
    return 6.0 if objective.model.scale.dtype == np.float64 else 2.5


def fit_one(objective: Objective, held: dict[str, float], latents: np.ndarray, curvature=None) -> Fits:
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
        Estimate of the curvature there; the exact one by default.

    Returns
    -------
    Fits
        Without an axis of points.
    """
    kind = np.dtype(objective.model.scale.dtype)
    fitter, found = Fitter(objective), []
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
