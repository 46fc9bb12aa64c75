"""Functions that tests call again and again with the same numbers, computed once in each process."""

import functools
from collections import OrderedDict

import jax
import numpy as np

MOST = 96


def content(given):
    """What a pytree is, as something that can be compared; None where it is traced or cannot be."""
    leaves, structure = jax.tree.flatten(given)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
        return None
    key = structure, tuple(map(_content, leaves)), jax.config.jax_enable_x64
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _content(leaf):
    if isinstance(leaf, jax.Array | np.ndarray | np.generic):
        return type(leaf), leaf.dtype, leaf.shape, np.asarray(leaf).tobytes()
    return type(leaf), leaf


def remembered(function, what=lambda *arguments: arguments):
    """The same function, which computes nothing twice: ``what`` of its arguments its result depends on."""
    known = OrderedDict()

    @functools.wraps(function)
    def once(*arguments):
        key = content(what(*arguments))
        if key is None:
            return function(*arguments)
        if key not in known:
            known[key] = function(*arguments)
        known.move_to_end(key)
        if len(known) > MOST:
            known.popitem(last=False)
        return known[key]

    once.forget = known.clear
    return once
