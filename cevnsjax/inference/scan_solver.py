"""Many small fits at once: all parameters but the gridded ones are fitted at every point of a grid.

The objective is the one of :func:`cevnsjax.inference.maximum`, less the priors of the gridded parameters of the model.
All steps are quasi-Newton steps in the model's latents, shortened where they lead uphill. The exact curvature costs as
much as twenty gradients: it is computed where a fit starts from afar; a fit that starts beside solved ones takes
theirs, and steps keep it up to date (BFGS).
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.inference.model import Model

Gridded = Mapping[str, Any]
"""Values of the gridded parameters by name: numbers inside of the solver, shape ``[point]`` outside."""

LONGEST_STEP = 4.0
"""Longest step of a latent: latents are of order one, and a flat prior leads to its edge in a few such steps."""

SHORTEST_FRACTION = 1e-7
"""Fraction of a step at which a fit gives up: nothing lowers the objective any more."""


class Fits(NamedTuple):
    """Where fits stand; inside the solver of one point, outside with a leading axis of points.

    Attributes
    ----------
    latents
        Latents of the profiled parameters, shape ``[nuisance]``.
    objective
        Minus log-likelihood (relative to the saturated model) minus log-priors of the profiled parameters.
    gradient
        Its derivatives in the latents, shape ``[nuisance]``.
    curvature
        Its second derivatives or an estimate of them, positive definite, shape ``[nuisance, nuisance]``.
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


def deepest_start(model: Model) -> float:
    """Largest latent that a fit starts from under a prior with two ends.

    Beyond, an objective that wants inside could have a derivative below the tolerance.
    """
    return 6.0 if model.scale.dtype == np.float64 else 2.5


def nuisance_names(model: Model, gridded: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the parameters that are not gridded, in the order of the model."""
    return tuple(name for name in model.names if name not in gridded)


def values_at(model: Model, gridded: Gridded, latents: Float[Array, " nuisance"]) -> dict[str, Array]:
    """Values of all parameters: gridded ones as given, even at the edge of their prior, the others from latents.

    Where nothing is profiled there is one latent all the same, which moves nothing.
    """
    places = np.array([model.names.index(name) for name in nuisance_names(model, tuple(gridded))], dtype=int)
    return {**model.from_latent(jnp.zeros_like(model.location).at[places].set(latents[: len(places)])), **gridded}


def without_prior(model: Model, gridded: Iterable[str]) -> set[str]:
    """Gridded parameters whose priors are left out: all but nuisances of the experiment, which are measured."""
    return set(gridded) - {parameter.name for parameter in model.experiment.nuisances}


def minus_log_density(model: Model, observed, gridded: Gridded, latents: Float[Array, " nuisance"]) -> Float[Array, ""]:
    """Minus log-likelihood minus the log-priors that constrain; infinite where it is undefined."""
    values, left_out = values_at(model, gridded, latents), without_prior(model, gridded)
    constraints = {name: value for name, value in values.items() if name not in left_out}
    objective = -model.log_likelihood(values, observed) - model.log_constraints(constraints)
    return jnp.where(jnp.isfinite(objective), objective, jnp.inf)


@eqx.filter_jit
def objectives(model: Model, observed, gridded: Gridded, latents, batch_size: int) -> Float[Array, " point"]:
    """The objective at many points, shape ``[point]`` each and latents ``[point, nuisance]``."""
    return jax.lax.map(
        lambda point: minus_log_density(model, observed, *point), (gridded, latents), batch_size=batch_size
    )


@eqx.filter_jit
def objective_and_gradient(model: Model, observed, gridded: Gridded, latents):
    """The objective at one point, and its derivatives in the gridded values and in the latents."""
    return jax.value_and_grad(lambda at: minus_log_density(model, observed, *at))((gridded, latents))


@eqx.filter_jit
def constrain(model: Model, gridded: Gridded, latents) -> dict[str, Array]:
    """Values of all parameters at many points, shape ``[point]`` each."""
    return jax.vmap(lambda values, at: values_at(model, values, at))(gridded, latents)


@eqx.filter_jit
def curvatures(model: Model, observed, gridded: Gridded, latents, batch_size: int) -> Float[Array, "point n n"]:
    """Exact second derivatives of the objective in the latents at many points, made positive definite."""

    def point(given):
        values, at = given
        return _positive(jax.hessian(lambda z: minus_log_density(model, observed, values, z))(at))

    return jax.lax.map(point, (gridded, latents), batch_size=batch_size)


@eqx.filter_jit
def solve(model: Model, observed, gridded: Gridded, latents, curvature, steps, batch_size: int) -> Fits:
    """Fit many points, each from its own start.

    Parameters
    ----------
    model
        The model.
    observed
        Data of the shape of the experiment's.
    gridded
        Values of the gridded parameters, shape ``[point]`` each.
    latents
        Where the latents of the others start, shape ``[point, nuisance]``.
    curvature
        Positive definite estimates of the second derivatives there, shape ``[point, nuisance, nuisance]``.
    steps
        Most steps of each point, shape ``[point]``; a point of none costs nothing beside others of none.
    batch_size
        Points at a time, which step together until all of them are done.
    """
    return jax.lax.map(
        lambda point: _solve(model, observed, *point), (gridded, latents, curvature, steps), batch_size=batch_size
    )


class _State(NamedTuple):
    latents: Float[Array, " nuisance"]
    objective: Float[Array, ""]
    gradient: Float[Array, " nuisance"]
    curvature: Float[Array, "nuisance nuisance"]
    fraction: Float[Array, ""]
    steps: Array


def _solve(model: Model, observed, gridded: Gridded, start, curvature, steps) -> Fits:
    tolerance = gradient_tolerance(model)
    function = jax.value_and_grad(lambda latents: minus_log_density(model, observed, gridded, latents))

    def step(state: _State) -> _State:
        latents = state.latents + state.fraction * _newton_step(state)
        objective, gradient = function(latents)
        # equal up to rounding counts as better, or fits would not get to the bottom
        slack = 8.0 * jnp.finfo(latents.dtype).eps * (1.0 + jnp.abs(objective))
        better = jnp.isfinite(objective) & (objective - slack <= state.objective) & jnp.all(jnp.isfinite(gradient))
        longer = jnp.minimum(4.0 * state.fraction, 1.0)
        moved = state._replace(latents=latents, objective=objective, gradient=gradient, fraction=longer)
        moved = moved._replace(curvature=_bfgs(state, moved))
        stayed = state._replace(fraction=0.2 * state.fraction)
        chosen = jax.tree.map(lambda new, old: jnp.where(better, new, old), moved, stayed)
        return chosen._replace(steps=state.steps + 1)

    def unfinished(state: _State):
        return (state.steps < steps) & ~_converged(state, tolerance) & (state.fraction > SHORTEST_FRACTION)

    # nothing is known at the start: the first step is of no length, and ends wherever the density is above zero
    state = _State(start, as_float(jnp.inf), jnp.zeros_like(start), curvature, as_float(1.0), jnp.asarray(0))
    state = jax.lax.while_loop(unfinished, step, state)
    return Fits(state.latents, state.objective, state.gradient, state.curvature, _converged(state, tolerance))


def _solved(state: _State):
    """The gradient over the curvature."""
    diagonal = jnp.diagonal(state.curvature)
    floor = 100.0 * jnp.finfo(diagonal.dtype).eps * diagonal + jnp.finfo(diagonal.dtype).tiny
    return jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(state.curvature + jnp.diag(floor)), state.gradient)


def _newton_step(state: _State):
    """Newton step, cut to the longest step."""
    step = -_solved(state)
    return step * jnp.minimum(1.0, LONGEST_STEP / jnp.maximum(jnp.abs(step).max(), LONGEST_STEP))


def _positive(curvature):
    """The curvature with the absolute values of its eigenvalues: Newton steps then lead downhill everywhere."""
    finite = jnp.where(jnp.all(jnp.isfinite(curvature)), curvature, jnp.eye(curvature.shape[0]))
    sizes, axes = jnp.linalg.eigh(finite)
    return axes @ jnp.diag(jnp.abs(sizes)) @ axes.T


def _bfgs(before: _State, after: _State):
    """Update of the curvature from what the gradient did on the last step; none where that was not convex."""
    step, change = after.latents - before.latents, after.gradient - before.gradient
    known = before.curvature @ step
    along, expected = step @ change, step @ known
    convex = (along > 1e-3 * expected) & (expected > 0.0)
    along, expected = jnp.where(convex, along, 1.0), jnp.where(convex, expected, 1.0)
    updated = before.curvature + jnp.outer(change, change) / along - jnp.outer(known, known) / expected
    return jnp.where(convex, updated, before.curvature)


def _converged(state: _State, tolerance: float):
    """Whether the gradient is small and a Newton step would gain next to nothing."""
    widest = jnp.sqrt(jnp.maximum(jnp.diagonal(state.curvature), 1.0))
    small = jnp.all(jnp.abs(state.gradient) < tolerance * widest)
    return jnp.isfinite(state.objective) & small & (state.gradient @ _solved(state) < 1e-2 * tolerance)
