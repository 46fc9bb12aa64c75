"""Which leaves reach an outcome, read off the computation itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx
import jax
from jax.extend.core import Literal

from cevnsjax.paths import get_path, set_paths


def reaching(function: Callable[[Any], object], module: Any, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of some paths whose leaves the outcome of a function depends on.

    The answer is read off the computation itself (its jaxpr), so a new block needs to declare nothing.
    """
    paths = tuple(paths)
    if not paths:
        return ()
    leaves = [get_path(module, path) for path in paths]
    closed = jax.make_jaxpr(lambda values: eqx.filter(function(set_paths(module, paths, values)), eqx.is_array))(leaves)
    reached = {variable: {path} for variable, path in zip(closed.jaxpr.invars, paths, strict=True)}

    def behind(variables: Iterable[object]) -> set[str]:
        return set().union(*(reached.get(each, ()) for each in variables if not isinstance(each, Literal)))

    for equation in closed.jaxpr.eqns:
        if sources := behind(equation.invars):
            reached.update((variable, sources) for variable in equation.outvars)
    found = behind(closed.jaxpr.outvars)
    return tuple(path for path in paths if path in found)


def depends_on(function: Callable[[Any], object], module: Any, paths: Iterable[str]) -> bool:
    """Tell whether the outcome of a function depends on any of the leaves at the given paths: see :func:`reaching`."""
    return bool(reaching(function, module, paths))
