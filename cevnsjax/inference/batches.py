"""Many points through one function, a batch at a time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def map_in_batches(function: Callable, values: Any, batch_size: int) -> Any:
    """Map like ``jax.lax.map``, with the last batch filled up: one of another size would be compiled on its own.

    Parameters
    ----------
    function
        Function of one point.
    values
        Arrays with the points along their first axis.
    batch_size
        Points at a time.
    """
    number = jax.tree.leaves(values)[0].shape[0]
    size = max(min(batch_size, number), 1)
    filled = jax.tree.map(lambda array: jnp.concatenate([array, array[: -number % size]]), values)
    return jax.tree.map(lambda array: array[:number], jax.lax.map(function, filled, batch_size=size))
