"""The minimiser: many small fits at once, or one.

All steps are quasi-Newton steps, straight in the coordinates that latents bend (:class:`Coordinates`), shortened where
they lead uphill. The exact curvature costs as much as twenty gradients: it is computed where a fit starts from afar; a
fit that starts beside solved ones takes theirs, and steps keep it up to date (BFGS).
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.coordinates import Coordinates
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Held, Objective

SHORTEST_FRACTION = 1e-7
"""Fraction of a step at which a fit gives up: nothing lowers the objective any more."""


_MOST_ENDS = 2
"""Ends of priors that one step is led along; at more of them it is shortened."""


class Fits(NamedTuple):
    """Where fits stand; inside the solver of one point, outside with a leading axis of points.

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

    latents: Any
    objective: Any
    gradient: Any
    curvature: Any
    converged: Any


def gradient_tolerance(model: Model) -> float:
    """Largest derivative of a fit that has converged, in a latent times its width: above rounding errors.

    The width is one over the root of the curvature, and at most one.
    """
    return 1e-5 if model.scale.dtype == np.float64 else 3e-2


@eqx.filter_jit
def objectives(objective: Objective, held: Held, latents, batch_size: int) -> Float[Array, " point"]:
    """The objective at many points, held values of shape ``[point]`` each and latents ``[point, latent]``."""
    return map_in_batches(lambda point: objective(*point), (held, latents), batch_size)


@eqx.filter_jit
def constrain(objective: Objective, held: Held, latents) -> dict[str, Array]:
    """Values of all parameters at many points, shape ``[point]`` each."""
    return jax.vmap(objective.values)(held, latents)


@eqx.filter_jit
def curvatures(objective: Objective, held: Held, latents, batch_size: int) -> Float[Array, "point n n"]:
    """Exact second derivatives in what latents bend at many points, made positive definite."""
    coordinates = objective.coordinates

    def point(given):
        values, at = given
        return _positive(jax.hessian(lambda step: objective(values, coordinates.move(at, step)[0]))(jnp.zeros_like(at)))

    return map_in_batches(point, (held, latents), batch_size)


@eqx.filter_jit
def solve(objective: Objective, held: Held, latents, curvature, steps, tolerance, batch_size: int) -> Fits:
    """Fit many points, each from its own start.

    Parameters
    ----------
    objective
        What is minimised.
    held
        Values of the held parameters, shape ``[point]`` each.
    latents
        Where the latents of the others start, shape ``[point, latent]``.
    curvature
        Positive definite estimates of the second derivatives there, shape ``[point, latent, latent]``.
    steps
        Most steps of each point, shape ``[point]``; a point of none costs nothing beside others of none.
    tolerance
        Largest derivative of a fit that has converged, in a latent times its width; none converges to zero.
    batch_size
        Points at a time, which step together until all of them are done.
    """
    tolerance = as_float(tolerance)
    return map_in_batches(
        lambda point: _solve(objective, tolerance, *point), (held, latents, curvature, steps), batch_size
    )


class _State(NamedTuple):
    latents: Float[Array, " latent"]
    objective: Float[Array, ""]
    gradient: Float[Array, " latent"]
    curvature: Float[Array, "latent latent"]
    direction: Float[Array, " latent"]
    converged: Array
    fraction: Float[Array, ""]
    steps: Array


def _solve(objective: Objective, tolerance, held: Held, start, curvature, steps) -> Fits:
    coordinates = objective.coordinates
    function = jax.value_and_grad(lambda latents: objective(held, latents))

    def step(state: _State) -> _State:
        taken = state.fraction * state.direction
        latents, stretch = coordinates.move(state.latents, taken)
        value, gradient = function(latents)
        # equal up to rounding counts as better, or fits would not get to the bottom
        better = jnp.isfinite(value) & (value - 4.0 * _rounding(value) <= state.objective)
        better &= jnp.all(jnp.isfinite(gradient))
        curvature = _bfgs(state.curvature, taken, gradient / stretch - state.gradient) * jnp.outer(stretch, stretch)
        newton = _newton_step(coordinates, latents, gradient, curvature)
        moved = _State(
            latents=latents,
            objective=value,
            gradient=gradient,
            curvature=curvature,
            direction=newton,
            converged=_is_bottom(coordinates, latents, value, gradient, curvature, newton, tolerance),
            fraction=jnp.minimum(4.0 * state.fraction, 1.0),
            steps=state.steps,
        )
        stayed = state._replace(fraction=0.2 * state.fraction)
        chosen = jax.tree.map(lambda new, old: jnp.where(better, new, old), moved, stayed)
        return chosen._replace(steps=state.steps + 1)

    def unfinished(state: _State):
        return (state.steps < steps) & (state.fraction > SHORTEST_FRACTION) & ~state.converged

    # nothing is known at the start: the first step is of no length, and ends wherever the density is above zero
    nothing = jnp.zeros_like(start)
    state = _State(
        start, as_float(jnp.inf), nothing, curvature, nothing, jnp.asarray(False), as_float(1.0), jnp.asarray(0)
    )
    state = jax.lax.while_loop(unfinished, step, state)
    return Fits(state.latents, state.objective, state.gradient, state.curvature, state.converged)


def _rounding(value):
    """Rounding error of an objective."""
    return 2.0 * jnp.finfo(value.dtype).eps * (1.0 + jnp.abs(value))


def _newton_step(coordinates: Coordinates, latents, gradient, curvature):
    """Newton step within the ends: one that leads beyond is cut, and the others go with that."""
    diagonal = jnp.diagonal(curvature)
    floor = 100.0 * jnp.finfo(diagonal.dtype).eps * diagonal + jnp.finfo(diagonal.dtype).tiny
    whole = curvature + jnp.diag(floor + coordinates.towards_ends(latents, gradient))
    plain = step = coordinates.shorten(latents, -_solved(whole, gradient))
    places, known = jnp.arange(len(step)), jnp.full_like(step, jnp.nan)
    for _ in range(_MOST_ENDS):
        beyond = coordinates.beyond(latents, step)
        first = (places == jnp.argmax(beyond)) & (beyond > 1.0)
        known = jnp.where(first, step / jnp.maximum(beyond, 1.0), known)
        free = jnp.isnan(known)
        stopped = jnp.where(free, 0.0, known)
        matrix = jnp.where(free[:, None] & free[None, :], whole, jnp.eye(len(step)))
        step = -_solved(matrix, jnp.where(free, gradient + _product(whole, stopped), -known))
        step = coordinates.shorten(latents, step)
    step = jnp.where(_product(gradient, step) < 0.0, step, plain)
    return step / jnp.maximum(coordinates.beyond(latents, step).max(), 1.0)


def _solved(matrix, vector):
    return jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(matrix), vector)


def _product(left, right):
    """Product of matrices and vectors in full precision, which accelerators round by default."""
    return jnp.matmul(left, right, precision="highest")


def _positive(curvature):
    """The curvature with the absolute values of its eigenvalues: Newton steps then lead downhill everywhere."""
    finite = jnp.where(jnp.all(jnp.isfinite(curvature)), curvature, jnp.eye(curvature.shape[0]))
    sizes, axes = jnp.linalg.eigh(finite)
    return _product(axes * jnp.abs(sizes)[None, :], axes.T)


def _bfgs(curvature, step, change):
    """Update of the curvature from what the gradient did on the last step; none where that was not convex."""
    known = _product(curvature, step)
    along, expected = _product(step, change), _product(step, known)
    convex = (along > 1e-3 * expected) & (expected > 0.0)
    along, expected = jnp.where(convex, along, 1.0), jnp.where(convex, expected, 1.0)
    updated = curvature + jnp.outer(change, change) / along - jnp.outer(known, known) / expected
    return jnp.where(convex, updated, curvature)


def _is_bottom(coordinates: Coordinates, latents, value, gradient, curvature, newton_step, tolerance):
    """Whether the gradient is small and a Newton step would gain next to nothing, or less than can be seen."""
    whole = jnp.diagonal(curvature) + coordinates.towards_ends(latents, gradient)
    small = jnp.all(jnp.abs(gradient) < tolerance * jnp.sqrt(jnp.maximum(whole, 1.0)))
    gain = -_product(gradient, newton_step)
    return jnp.isfinite(value) & small & (gain < jnp.maximum(1e-2 * tolerance, _rounding(value)))
