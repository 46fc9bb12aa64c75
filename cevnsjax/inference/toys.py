"""Toys: many sets of data drawn from a prediction, all fitted side by side.

What a prior says that is a measurement (a Gaussian, of the parameter or of its logarithm) is data too: its centre is
measured anew with each toy. Priors that are flat stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.host_random import host_generator, split_key
from cevnsjax.inference import solver
from cevnsjax.inference.batches import map_in_batches, points_at_a_time
from cevnsjax.inference.centres import draw_centres
from cevnsjax.inference.devices import number_of_devices
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.predictive import simulated
from cevnsjax.inference.profile import check_value
from cevnsjax.inference.rounds import Fitter, in_blocks
from cevnsjax.program import program

_BLOCK, _BATCHES = 4096, 8
"""Toys that are fitted at a time, and batches of them that are computed at a time."""


@dataclass(frozen=True)
class Toys:
    """Sets of data that were drawn from a prediction.

    Attributes
    ----------
    values
        True values of all parameters.
    observed
        Data, with an axis of toys before those of the experiment's; by name for several experiments.
    centres
        What the measurements gave that priors stand for, by parameter name, shape ``[toy]`` each: in the unit of the
        parameter, or of its logarithm.
    """

    values: dict[str, float]
    observed: Any
    centres: dict[str, np.ndarray]

    @property
    def number(self) -> int:
        """How many there are."""
        return jax.tree.leaves(self.observed)[0].shape[0]


@dataclass(frozen=True)
class ToyFits:
    """Maxima of the densities of toys.

    Attributes
    ----------
    values
        Values of all parameters at the maxima, shape ``[toy]`` each.
    log_density
        Log-likelihood (relative to the saturated model) plus constraints there, shape ``[toy]``.
    converged
        Which fits have converged, shape ``[toy]``.
    latents
        The values as latent vectors, shape ``[toy, parameter]``.
    """

    values: dict[str, np.ndarray]
    log_density: np.ndarray
    converged: np.ndarray
    latents: np.ndarray


def draw_toys(
    model: Model, key: jax.Array, number: int, values: Mapping[str, float] | None = None, *, centres: bool = True
) -> Toys:
    """Draw sets of data from a prediction.

    Parameters
    ----------
    model
        The model; of its data only the shape matters.
    key
        Random key.
    number
        Number of toys.
    values
        True values by parameter name; those that are not named have the values of the experiment.
    centres
        Whether measurements that priors stand for are repeated too.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If a value is not in the support of its prior, or there is not one toy.
    """
    if number < 1:
        raise ParameterError(f"number must be at least 1, got {number}.")
    true = {name: float(value) for name, value in model.reference_values.items()} | _checked(model, values)
    for_data, for_centres = split_key(key)
    observed = simulated(model, true, for_data, number)
    generator = host_generator(for_centres)
    drawn = draw_centres(model, true, generator, number) if centres else {}
    return Toys(true, observed, drawn)


def _checked(model: Model, values: Mapping[str, float] | None) -> dict[str, float]:
    parameters = {parameter.name: parameter for parameter in model.parameters}
    for name in values or {}:
        if name not in parameters:
            raise UnknownNameError("parameter", name, parameters)
    return {name: check_value(parameters[name], value, "The value") for name, value in (values or {}).items()}


def fit_toys(
    model: Model, toys: Toys, fixed: Mapping[str, float | np.ndarray] | None = None, *, start: np.ndarray | None = None
) -> ToyFits:
    """Fit all toys, side by side.

    Parameters
    ----------
    model
        The model; its priors are penalties (:meth:`Model.log_constraints`), with the centres of each toy.
    toys
        The data.
    fixed
        Values of the parameters that are held, a number or one for each toy.
    start
        Latent vectors to start from, shape ``[toy, parameter]``; those of the true values by default.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    """
    for name in fixed or {}:
        if name not in model.names:
            raise UnknownNameError("parameter", name, model.names)
    model = model.reaching(fixed or {})
    number, kind = toys.number, np.dtype(model.scale.dtype)
    objective = Objective(model, model.data(), model.names)
    held = {name: np.full(number, np.nan, kind) for name in model.names}
    held |= {name: np.broadcast_to(np.asarray(value, kind), number).copy() for name, value in (fixed or {}).items()}
    centres = {name: each.astype(kind) for name, each in toys.centres.items()}
    rows = {"held": held, "observed": toys.observed, "centres": centres}
    if start is None:
        start = np.tile(np.asarray(latents_of(model, toys.values), kind), (number, 1))
    latents, heights = np.array(start, kind), np.full(number, np.inf)
    converged = np.zeros(number, bool)

    def keep(points: np.ndarray, fits: solver.Fits, over: np.ndarray) -> None:
        latents[points], heights[points], converged[points] = fits.latents, fits.objective, fits.converged

    batch = points_at_a_time(model)
    # the objective that the fitter has then: data far from a prior take it to one without tables
    fitter = Fitter(objective, block=_BLOCK, evaluator=lambda rows: _evaluator(fitter.objective, batch, rows))
    # toys are much alike: steps learn what is different
    inside = fitter.coordinates.inside(latents)
    curvature = fitter.curvatures(jax.tree.map(lambda array: array[:1], rows), inside[:1])
    fitter.fit(rows, inside, np.repeat(curvature, number, axis=0), keep)
    values = solver.constrain(objective, held, latents)
    return ToyFits({name: np.asarray(each) for name, each in values.items()}, -heights, converged, latents)


def latents_of(model: Model, values: Mapping[str, float]) -> np.ndarray:
    """Latent vector of values, finite at the ends of priors."""
    return np.clip(np.nan_to_num(np.asarray(model.to_latent(values)), posinf=20.0, neginf=-20.0), -20.0, 20.0)


def _evaluator(objective: Objective, batch: int, rows: dict[str, Any]) -> solver.Evaluate:
    """The objective of toys and its gradient."""

    def found(rows: dict[str, Any], latents: np.ndarray, number: np.ndarray):
        return _objectives_and_gradients(objective, rows, latents, number, batch)

    return in_blocks(found, rows, _BATCHES * batch * number_of_devices())


@program
def _objectives_and_gradients(objective: Objective, rows: dict[str, Any], latents, number, batch_size: int):
    def one(point):
        at, latent = point
        own = replace(objective, observed=at["observed"], centres=at["centres"])
        return jax.value_and_grad(own, argnums=1)(at["held"], latent)

    return map_in_batches(one, (rows, latents), batch_size, number)


def profile_statistics(model: Model, toys: Toys, fixed: Mapping[str, float | np.ndarray]) -> np.ndarray:
    """Twice the drop of the profiled log-density from its maximum to held values, for each toy; NaN of failed fits.

    Parameters
    ----------
    model, toys, fixed
        See :func:`fit_toys`.
    """
    there = fit_toys(model, toys, fixed)
    best = fit_toys(model, toys)
    # a maximum must not be lower than what is seen of the same data
    again = fit_toys(model, toys, start=there.latents) if np.any(best.log_density < there.log_density) else best
    highest = np.maximum(best.log_density, again.log_density)
    found = np.maximum(2.0 * (highest - there.log_density), 0.0)
    return np.where(there.converged & (best.converged | again.converged), found, np.nan)
