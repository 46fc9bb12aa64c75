"""What a posterior predicts: data drawn again at its draws, and how well each bin of the data fits there."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from cevnsjax.experiment import AbstractLikelihood, Joint
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.model import Model
from cevnsjax.inference.predictions import predictions

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
    replicated_terms
        What each sample of these adds to their log-likelihood, shape ``[draw, sample]``.
    """

    terms: Any
    replicated: Any
    replicated_terms: Any


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
    data = model.data(observed)
    data = data if isinstance(model.experiment, Joint) else {model.experiment.name: data}
    likelihoods, expected = predictions(model, values, lambda at: (at.likelihoods, at.expected))
    keys = jax.random.split(key, len(expected))
    found = {}
    for each, name in zip(keys, model.experiment.parts, strict=True):
        found[name] = jax.tree.map(np.asarray, _compared(likelihoods[name], expected[name], data[name], each))
    return found


# a program of its own, shared by all models of data of the same shape: drawing takes longer to compile than a signal
@eqx.filter_jit
def _compared(likelihoods: AbstractLikelihood, expected, observed, key: Array) -> Predicted:
    def at(place) -> Predicted:
        draw, likelihood, here = place
        replicated = likelihood.draw(here, jax.random.fold_in(key, draw))
        of_replicated = likelihood.terms(here, replicated).sum(axis=(1, 2))
        return Predicted(likelihood.terms(here, observed), replicated, of_replicated)

    return map_in_batches(at, (jnp.arange(expected.shape[0]), likelihoods, expected), 64)
