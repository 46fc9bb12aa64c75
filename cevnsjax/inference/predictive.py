"""What a posterior predicts: data drawn again at its draws, and how well each bin of the data fits there."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from cevnsjax.experiment import AbstractLikelihood, Joint
from cevnsjax.host_random import split_key
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.model import Model
from cevnsjax.inference.predictions import predictions
from cevnsjax.program import program

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
    found = {}
    for own, name in zip(split_key(key, len(expected)), model.experiment.parts, strict=True):
        at = likelihoods[name], expected[name]
        replicated = _drawn_at_each(*at, own)
        terms, of_replicated = map(np.asarray, _compared(*at, data[name], replicated))
        found[name] = Predicted(terms, replicated, of_replicated)
    return found


def _drawn_at_each(likelihoods: AbstractLikelihood, expected: np.ndarray, key: Array) -> np.ndarray:
    """Data drawn at each of several expectations, with a likelihood for each; all along their first axis."""
    if not jax.tree.leaves(likelihoods):
        return np.asarray(likelihoods.draw(expected, key))
    keys = split_key(key, len(expected))
    return np.stack([_place(likelihoods, i).draw(expected[i], each) for i, each in enumerate(keys)])


def _place(arrays: Any, place: int) -> Any:
    """What is at one place along the first axis of all arrays."""
    return jax.tree.map(lambda each: jnp.asarray(each[place]), arrays)


def simulated(model: Model, values: Mapping[str, Any], key: Array, number: int) -> Any:
    """Sets of data drawn from one prediction, like :meth:`Model.data` with an axis of sets before all others.

    Parameters
    ----------
    model
        The model.
    values
        Value of each of its parameters.
    key
        Random key.
    number
        Of sets.
    """
    there = {name: np.array([value], model.scale.dtype) for name, value in values.items()}
    at = predictions(model.reaching(values), there, lambda at: (at.likelihoods, at.expected))
    likelihoods, expected = _place(at, 0)
    drawn = {
        name: np.asarray(likelihoods[name].draw(np.broadcast_to(each, (number, *each.shape)), own))
        for own, (name, each) in zip(split_key(key, len(expected)), expected.items(), strict=True)
    }
    return drawn if isinstance(model.experiment, Joint) else drawn[model.experiment.name]


@program
def _compared(likelihoods: AbstractLikelihood, expected, observed, replicated):
    def at(place):
        likelihood, here, drawn = place
        return likelihood.terms(here, observed), likelihood.terms(here, drawn).sum(axis=(1, 2))

    return map_in_batches(at, (likelihoods, expected, replicated), 64)
