"""What a posterior predicts: data drawn again at its draws, and how well each bin of the data fits there."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from cevnsjax.experiment import Joint
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.model import Model

PREDICTIVE_DRAWS = 1000
"""Draws of a posterior that are looked at one by one, bin by bin."""


class Predicted(NamedTuple):
    """What is predicted of one experiment at each draw of a posterior.

    Attributes
    ----------
    terms
        What each bin of the data adds to the log-likelihood, shape ``[draw, sample, energy, time]``.
    replicated
        Data drawn from the expectation at the draw, of the same shape.
    replicated_log_likelihood
        Log-likelihood of these, shape ``[draw]``.
    """

    terms: Any
    replicated: Any
    replicated_log_likelihood: Any


def predicted(model: Model, values: dict[str, np.ndarray], key: Array, observed: Any = None) -> dict[str, Predicted]:
    """Compare data with what is expected at each draw, and draw others there, by experiment.

    Parameters
    ----------
    model
        The model.
    values
        Values of its parameters at the draws, shape ``[draw]`` each.
    key
        Random key.
    observed
        Data of the shape of the experiment's, in their place.
    """
    found = _predicted(model, {name: np.asarray(each) for name, each in values.items()}, key, model.data(observed))
    return {name: jax.tree.map(np.asarray, found[name]) for name in model.experiment.parts}


@eqx.filter_jit
def _predicted(model: Model, values, key: Array, observed) -> dict[str, Predicted]:
    data = observed if isinstance(model.experiment, Joint) else {model.experiment.name: observed}

    def at(place) -> dict[str, Predicted]:
        draw, here = place
        parts = model.at(here).parts
        keys = jax.random.split(jax.random.fold_in(key, draw), len(parts))
        found = {}
        for each, (name, part) in zip(keys, parts.items(), strict=True):
            expected = part.expected()
            replicated = part.likelihood.draw(expected, each)
            terms = part.likelihood.terms(expected, data[name])
            found[name] = Predicted(terms, replicated, part.likelihood(expected, replicated))
        return found

    number = next(iter(values.values())).shape[0]
    return map_in_batches(at, (jnp.arange(number), values), 64)
