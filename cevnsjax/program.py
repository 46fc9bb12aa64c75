"""Functions that are programs of their own: compiled once, and quickly."""

import functools
import os
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer

_QUICKLY = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
"""Halves what XLA needs to make a processor's code; that is about as fast (``benchmarks/compiling.py``)."""


def program(function: Callable) -> Callable:
    """Compile a function that Python calls; where its calls are traced it is compiled with what calls it.

    Otherwise as ``eqx.filter_jit``.

    Parameters
    ----------
    function
        The function.
    """
    return _Program(function)


class _Program:
    """A compiled function; how it is compiled is found when it is called first, as nothing starts on import."""

    def __init__(self, function: Callable):
        functools.update_wrapper(self, function)
        self._function = function
        self._part = eqx.filter_jit(function)

    @functools.cached_property
    def _whole(self) -> Callable:
        # which filter_jit passes on, though its types do not say so
        return eqx.filter_jit(self._function, compiler_options=compiler_options())  # pyright: ignore[reportCallIssue]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        # options belong to a whole program, and JAX refuses them in a part; inside of jit even a new zero is traced
        leaves = jnp.asarray(0.0), *jax.tree.leaves((arguments, named))
        traced = any(isinstance(leaf, Tracer) for leaf in leaves)
        return (self._part if traced else self._whole)(*arguments, **named)


@functools.cache
def compiler_options() -> dict[str, Any]:
    """Those that programs are compiled with: none but on processors, and none that this version of XLA lacks.

    Nor any that ``XLA_FLAGS`` sets: that is the user's choice.
    """
    chosen = os.environ.get("XLA_FLAGS", "")

    def is_known(name: str) -> bool:
        try:
            jax.jit(lambda: 0.0).lower().compile(compiler_options={name: _QUICKLY[name]})
        except jax.errors.JaxRuntimeError:
            return False
        return True

    ours = [name for name in _QUICKLY if f"--{name}=" not in chosen]
    return {name: _QUICKLY[name] for name in ours if jax.default_backend() == "cpu" and is_known(name)}
