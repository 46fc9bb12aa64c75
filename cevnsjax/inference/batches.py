"""Many points through one function, a batch at a time."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr
from jax.sharding import PartitionSpec

from cevnsjax.inference.devices import POINTS, number_of_devices

_MOST_POINTS, _MOST_BYTES = 64, 2**30
"""Points that suit a processor's cache, and memory that they may take together."""


def map_in_batches(function: Callable, values: Any, batch_size: int, number: Any = None) -> Any:
    """Map like ``jax.lax.map``, with the last batch filled up: one of another size would be compiled on its own.

    Within :func:`~cevnsjax.inference.devices.on_devices` points are dealt out to the devices, one after the other.

    Parameters
    ----------
    function
        Function of one point.
    values
        Arrays with the points along their first axis.
    batch_size
        Points at a time, on each device.
    number
        How many of the points are wanted, all by default; it may be traced, the others then cost nothing, and are
        zero.
    """
    devices, total = number_of_devices(), jax.tree.leaves(values)[0].shape[0]
    if devices == 1 or total < devices:
        return _mapped(function, values, batch_size, number)

    def dealt(array: jax.Array) -> jax.Array:
        """Every device's points beside each other."""
        filled = jnp.concatenate([array, array[: -total % devices]])
        return filled.reshape(-1, devices, *array.shape[1:]).swapaxes(0, 1).reshape(filled.shape)

    def gathered(array: jax.Array) -> jax.Array:
        everywhere = jax.lax.with_sharding_constraint(array, PartitionSpec())
        return everywhere.reshape(devices, -1, *array.shape[1:]).swapaxes(0, 1).reshape(array.shape)[:total]

    def share(values: Any) -> Any:
        wanted = None
        if number is not None:
            wanted = (number - jax.lax.axis_index(POINTS) + devices - 1) // devices
        return _mapped(function, values, batch_size, wanted)

    spec = PartitionSpec(POINTS)
    shared = jax.shard_map(share, in_specs=spec, out_specs=spec, check_vma=False)
    return jax.tree.map(gathered, shared(jax.tree.map(dealt, values)))


def _mapped(function: Callable, values: Any, batch_size: int, number: Any) -> Any:
    """Map on one device."""
    total = jax.tree.leaves(values)[0].shape[0]
    size = max(min(batch_size, total), 1)
    filled = jax.tree.map(lambda array: jnp.concatenate([array, array[: -total % size]]), values)
    if number is None:
        return jax.tree.map(lambda array: array[:total], jax.lax.map(function, filled, batch_size=size))
    batches = jax.tree.map(lambda array: array.reshape(-1, size, *array.shape[1:]), filled)
    mapped = jax.vmap(function)
    one = jax.eval_shape(mapped, jax.tree.map(lambda array: array[0], batches))
    nothing = jax.tree.map(lambda each: _empty(each, -(-total // size)), one)

    def step(i, results):
        found = mapped(jax.tree.map(lambda array: array[i], batches))
        return jax.tree.map(lambda array, new: array.at[i].set(new), results, found)

    results = jax.lax.fori_loop(0, -(-number // size), step, nothing)
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:])[:total], results)


def _empty(each: jax.ShapeDtypeStruct, batches: int) -> jax.Array:
    if jnp.issubdtype(each.dtype, jax.dtypes.prng_key):
        return jax.random.split(jax.random.key(0), (batches, *each.shape))
    return jnp.zeros((batches, *each.shape), each.dtype)


def points_at_a_time(model: Any) -> int:
    """Points of a model's density that are computed side by side: fewer where each takes much memory.

    Nodes that move with a parameter are what may take much of it: an oscillation that is fast, a hundred million bytes.
    """
    largest = 0
    for part in model.experiment.parts.values():
        arrays, rest = eqx.partition(part, eqx.is_array)
        for pair in part.pairs:
            if pair not in part.frozen.nodes:

                def nodes(arrays, rest=rest, pair=pair):
                    return eqx.filter(eqx.combine(arrays, rest).nodes(*pair), eqx.is_array)

                largest = max(largest, _largest(jax.make_jaxpr(nodes)(arrays).jaxpr))
    # what derivatives need of it makes it several times as much
    return int(np.clip(_MOST_BYTES // max(4 * largest, 1), 1, _MOST_POINTS))


def _largest(jaxpr: Jaxpr) -> int:
    """Bytes of the largest array in a computation."""
    sizes = [0]
    for line in jaxpr.eqns:
        sizes += [math.prod(getattr(each.aval, "shape", ())) * 8 for each in line.outvars]
        for value in jax.tree.leaves(line.params, is_leaf=lambda leaf: isinstance(leaf, Jaxpr | ClosedJaxpr)):
            if isinstance(value, Jaxpr | ClosedJaxpr):
                sizes.append(_largest(value.jaxpr if isinstance(value, ClosedJaxpr) else value))
    return max(sizes)
