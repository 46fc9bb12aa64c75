"""What a model predicts at draws of its parameters: one program for all that is asked of a posterior."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.model import Model
from cevnsjax.program import program

_CHUNK, _BATCH = 256, 64
"""Draws of a call, and how many of them side by side."""


class Predictions(NamedTuple):
    """What is predicted at each draw, arrays with the draws along their first axis.

    Attributes
    ----------
    likelihoods
        How each experiment compares its data, by its name.
    expected
        Expected counts of each experiment, ``[draw, sample, energy, time]``.
    contributions
        Expected counts ``[draw, energy, time]`` of every interaction and background of each experiment.
    derived
        What follows from the parameters, ``[draw]``, by name.
    """

    likelihoods: dict[str, Any]
    expected: dict[str, Any]
    contributions: dict[str, dict[str, Any]]
    derived: dict[str, Any]


def predictions(model: Model, values: Mapping[str, np.ndarray], of: Callable[[Predictions], Any]) -> Any:
    """Compute what is predicted at draws, a chunk at a time: their number compiles nothing anew.

    Parameters
    ----------
    model
        The model.
    values
        Values of its parameters, shape ``[draw]`` each.
    of
        Picks what is wanted of it; nothing else is kept.

    Returns
    -------
    Any
        What is picked, of all draws, as NumPy's arrays.
    """
    total = len(next(iter(values.values())))
    found = []
    for first in range(0, total, _CHUNK):
        some = np.arange(first, min(first + _CHUNK, total))
        filled = {name: np.asarray(each)[np.resize(some, _CHUNK)] for name, each in values.items()}
        chunk = of(_predictions(model, filled, np.asarray(len(some))))
        found.append(jax.tree.map(lambda array, some=some: np.asarray(array)[: len(some)], chunk))
    return jax.tree.map(lambda *arrays: np.concatenate(arrays), *found)


@program
def _predictions(model: Model, values, number) -> Predictions:
    def at(here) -> Predictions:
        parts = model.at(here).parts
        return Predictions(
            {name: part.likelihood for name, part in parts.items()},
            {name: part.expected() for name, part in parts.items()},
            {name: part.contributions() for name, part in parts.items()},
            model.derived_values(here),
        )

    return map_in_batches(at, values, _BATCH, number)
