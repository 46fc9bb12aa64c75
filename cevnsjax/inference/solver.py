"""The minimiser: many small fits at once, or one.

All steps are quasi-Newton steps, straight in the coordinates that latents bend (:class:`Coordinates`), shortened where
they lead uphill. The curvature costs as much as twenty gradients, of which it is made: it is computed where a fit
starts from afar; a fit that starts beside solved ones takes theirs, and steps keep it up to date (BFGS).

Only values and gradients are compiled, once for all that is asked of a density. Steps are taken here, by NumPy: small
matrices, and points that are done cost nothing any more.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.coordinates import Coordinates
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Held, Objective
from cevnsjax.program import program

SHORTEST_FRACTION = 1e-7
"""Fraction of a step at which a fit gives up: nothing lowers the objective any more."""

Evaluate = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Called with indices of points and their latents ``[point, latent]``: the objective there, and its derivatives."""

_SEEN = 100.0
"""A curvature over its rounding error, from which on it is one."""

DRAWN, _FAR_TOLERANCE = 12.5, 1e-4
"""Height of an objective over the lowest, five standard deviations, from which on less is asked of a fit, and how much
of the height beyond that is tolerated."""

_MOST_ENDS = 2
"""Ends of priors that one step is led along; at more of them it is shortened."""


class Fits(NamedTuple):
    """Where fits stand, with a leading axis of points or without.

    Attributes
    ----------
    latents
        Latents of the moved parameters, shape ``[latent]``.
    objective
        The objective there.
    gradient
        Its derivatives in the latents, shape ``[latent]``.
    curvature
        Its second derivatives in what latents bend or an estimate of them, positive definite, shape
        ``[latent, latent]``, in units of the latents.
    converged
        Whether the gradient is below the tolerance, and a Newton step would gain next to nothing.
    """

    latents: np.ndarray
    objective: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    converged: np.ndarray


def gradient_tolerance(model: Model) -> float:
    """Largest derivative of a fit that has converged, in a latent times its width: above rounding errors.

    The width is one over the root of the curvature, and at most one.
    """
    return 1e-5 if model.scale.dtype == np.float64 else 3e-2


@program
def objectives(objective: Objective, held: Held, latents, batch_size: int, number) -> Float[Array, " point"]:
    """The objective at the first ``number`` points, held values ``[point]`` each and latents ``[point, latent]``."""
    return map_in_batches(lambda point: objective(*point), (held, latents), batch_size, number)


@program
def objectives_and_gradients(objective: Objective, held: Held, latents, batch_size: int, number):
    """The objective and its derivatives in the latents at the first ``number`` points; see :func:`objectives`."""
    both = jax.value_and_grad(objective, argnums=1)
    return map_in_batches(lambda point: both(*point), (held, latents), batch_size, number)


@program
def constrain(objective: Objective, held: Held, latents) -> dict[str, Array]:
    """Values of all parameters at many points, shape ``[point]`` each."""
    return jax.vmap(objective.values)(held, latents)


@np.errstate(all="ignore")  # where a density overflows there is none
def curvatures(evaluate: Evaluate, coordinates: Coordinates, latents: np.ndarray) -> np.ndarray:
    """Second derivatives in what latents bend, by differences of gradients, made positive definite.

    Parameters
    ----------
    evaluate
        What is minimised.
    coordinates
        What latents bend.
    latents
        Where, shape ``[point, latent]``.

    Returns
    -------
    np.ndarray
        Shape ``[point, latent, latent]``.
    """
    near = coordinates.inside(latents)
    rows = _differences(evaluate, coordinates, np.arange(len(latents)), latents, near)
    deep = near != latents
    if (some := np.flatnonzero(deep.any(axis=1))).size:
        # next to an end they may be rounding, and are those a little further inside, or need not be alike
        there = _differences(evaluate, coordinates, some, latents[some], latents[some])
        seen = np.einsum("pii->pi", there.values) > _SEEN * there.rounding
        rows.values[some] = np.where((deep[some] & seen)[:, :, None], there.values, rows.values[some])
    return _positive(rows.values)


class _Differences(NamedTuple):
    """Second derivatives ``[point, moved, latent]`` from differences of gradients, and rounding errors of them."""

    values: np.ndarray
    rounding: np.ndarray


def _differences(
    evaluate: Evaluate, coordinates: Coordinates, points: np.ndarray, latents: np.ndarray, near: np.ndarray
) -> _Differences:
    """Differences at each latent's place in ``near``, the others where they are; in units of ``latents``."""
    number, size = latents.shape
    each = np.eye(size, dtype=bool)
    places = np.where(each, near[:, None, :], latents[:, None, :])
    # errors of the difference, of the second order, and of rounding are alike: far below what an estimate needs
    kind = np.finfo(latents.dtype)
    apart = float(kind.eps) ** 0.2

    def gradients(step: float) -> np.ndarray:
        moved, stretch = coordinates.move(places, step * np.eye(size, dtype=latents.dtype))
        found = evaluate(np.repeat(points, size), moved.reshape(-1, size))[1]
        return found.reshape(number, size, size) / stretch

    ahead, behind = gradients(apart), gradients(-apart)
    units = coordinates.slope(latents) / coordinates.slope(near)
    values = (ahead - behind) / (2.0 * apart) * units[:, :, None] * np.where(each, units[:, None, :], 1.0)
    rounding = coordinates.rounding(near) * np.abs(np.einsum("pii->pi", ahead)) / apart
    return _Differences(values, rounding)


def solve(
    evaluate: Evaluate,
    coordinates: Coordinates,
    latents: np.ndarray,
    curvature: np.ndarray,
    steps: int,
    tolerance: float,
    lowest: float = np.inf,
) -> Fits:
    """Fit many points, each from its own start.

    Parameters
    ----------
    evaluate
        What is minimised.
    coordinates
        What latents bend.
    latents
        Where latents start, shape ``[point, latent]``.
    curvature
        Positive definite estimates of the second derivatives there, shape ``[point, latent, latent]``.
    steps
        Most steps of each point.
    tolerance
        Largest derivative of a fit that has converged, in a latent times its width; none converges to zero.
    lowest
        Lowest objective of all points, where it is known: of one far above it little is asked (:func:`slack`).
    """
    number = len(latents)
    nothing = np.zeros_like(latents)
    fits = Fits(
        latents.copy(), np.full(number, np.inf, latents.dtype), nothing, curvature.copy(), np.zeros(number, bool)
    )
    # nothing is known at the start: the first step is of no length, and ends wherever the density is above zero
    direction, fraction = nothing.copy(), np.ones(number, latents.dtype)
    unfinished = np.arange(number)
    # where a density overflows there is none
    with np.errstate(all="ignore"):
        for _ in range(steps):
            taken = fraction[unfinished, None] * direction[unfinished]
            arrived, stretch = coordinates.move(fits.latents[unfinished], taken)
            values, gradients = evaluate(unfinished, arrived)
            # equal up to rounding counts as better, or fits would not get to the bottom
            better = np.isfinite(values) & (values - 4.0 * _rounding(values) <= fits.objective[unfinished])
            better &= np.isfinite(gradients).all(axis=1)
            fraction[unfinished] = np.where(
                better, np.minimum(4.0 * fraction[unfinished], 1.0), 0.2 * fraction[unfinished]
            )
            moved, value, gradient = unfinished[better], values[better], gradients[better]
            stretch = stretch[better]
            updated = _bfgs(fits.curvature[moved], taken[better], gradient / stretch - fits.gradient[moved])
            updated *= stretch[:, :, None] * stretch[:, None, :]
            newton = _newton_steps(coordinates, arrived[better], gradient, updated)
            direction[moved] = newton
            enough = tolerance + slack(value, lowest)
            bottom = _is_bottom(coordinates, arrived[better], value, gradient, updated, newton, enough)
            for array, new in zip(fits, (arrived[better], value, gradient, updated, bottom), strict=True):
                array[moved] = new
            unfinished = unfinished[~fits.converged[unfinished] & (fraction[unfinished] > SHORTEST_FRACTION)]
            if not unfinished.size:
                break
    return fits


def slack(objectives: np.ndarray, lowest: float) -> np.ndarray:
    """What is tolerated in derivatives of fits that end higher than anything that is looked at."""
    return _FAR_TOLERANCE * np.maximum(objectives - lowest - DRAWN, 0.0)


def _rounding(values: np.ndarray) -> np.ndarray:
    """Rounding errors of objectives."""
    return 2.0 * np.finfo(values.dtype).eps * (1.0 + np.abs(values))


def _newton_steps(coordinates: Coordinates, latents, gradient, curvature) -> np.ndarray:
    """Newton steps within the ends: one that leads beyond is cut, and the others go with that."""
    size = latents.shape[-1]
    kind = np.finfo(curvature.dtype)
    diagonal = np.einsum("pii->pi", curvature)
    towards = coordinates.towards_ends(latents, gradient)
    whole = (
        curvature + np.eye(size, dtype=latents.dtype) * (100.0 * kind.eps * diagonal + kind.tiny + towards)[:, None, :]
    )
    plain = steps = coordinates.shorten(latents, -_solved(whole, gradient))
    known = np.full_like(steps, np.nan)
    for _ in range(_MOST_ENDS):
        beyond = coordinates.beyond(latents, steps)
        first = (np.arange(size) == np.argmax(beyond, axis=1)[:, None]) & (beyond > 1.0)
        if not first.any():
            break
        known = np.where(first, steps / np.maximum(beyond, 1.0), known)
        free = np.isnan(known)
        stopped = np.where(free, 0.0, known).astype(latents.dtype)
        matrix = np.where(free[:, :, None] & free[:, None, :], whole, np.eye(size, dtype=latents.dtype))
        wanted = np.where(free, gradient + np.einsum("pij,pj->pi", whole, stopped), -known)
        led = coordinates.shorten(latents, -_solved(matrix, wanted))
        steps = np.where(free.all(axis=1, keepdims=True), steps, led)
    downhill = _products(gradient, steps) < 0.0
    steps = np.where(downhill[:, None], steps, plain)
    return steps / np.maximum(coordinates.beyond(latents, steps).max(axis=1, keepdims=True), 1.0)


def _solved(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Solutions of sets of linear equations; NaN where there is none."""
    try:
        return np.linalg.solve(matrices, vectors[..., None])[..., 0]
    except np.linalg.LinAlgError:  # one of them is singular
        if len(matrices) == 1:
            return np.full_like(vectors, np.nan)
        return np.concatenate([_solved(matrices[[i]], vectors[[i]]) for i in range(len(matrices))])


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Scalar products of vectors, one for each point."""
    return np.einsum("pi,pi->p", left, right)


def _positive(curvature: np.ndarray) -> np.ndarray:
    """The curvatures with the absolute values of their eigenvalues: Newton steps then lead downhill everywhere."""
    finite = np.isfinite(curvature).all(axis=(1, 2), keepdims=True)
    each = np.eye(curvature.shape[-1], dtype=bool)
    symmetric = np.where(finite, 0.5 * (curvature + curvature.transpose(0, 2, 1)), each)
    # what moves nothing stays where it is: in the place of its zeros rounding would be inverted
    symmetric = np.where(each & ~symmetric.any(axis=-1, keepdims=True), 1.0, symmetric)
    sizes, axes = np.linalg.eigh(symmetric.astype(curvature.dtype))
    return np.einsum("pij,pj,pkj->pik", axes, np.abs(sizes), axes)


def _bfgs(curvature: np.ndarray, steps: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Update of curvatures from what gradients did on the last steps; none where that was not convex."""
    known = np.einsum("pij,pj->pi", curvature, steps)
    along, expected = _products(steps, change), _products(steps, known)
    convex = np.asarray((along > 1e-3 * expected) & (expected > 0.0))
    along, expected = (np.where(convex, each, 1.0)[:, None, None] for each in (along, expected))
    updated = (
        curvature + change[:, :, None] * change[:, None, :] / along - known[:, :, None] * known[:, None, :] / expected
    )
    return np.where(convex[:, None, None], updated, curvature).astype(curvature.dtype)


def _is_bottom(coordinates: Coordinates, latents, values, gradient, curvature, newton_steps, tolerance) -> np.ndarray:
    """Whether gradients are small and Newton steps would gain next to nothing, or less than can be seen."""
    whole = np.einsum("pii->pi", curvature) + coordinates.towards_ends(latents, gradient)
    small = np.all(np.abs(gradient) < tolerance[:, None] * np.sqrt(np.maximum(whole, 1.0)), axis=1)
    gain = -_products(gradient, newton_steps)
    return np.isfinite(values) & small & (gain < np.maximum(1e-2 * tolerance, _rounding(values)))
