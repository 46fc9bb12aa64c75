"""Functions that are programs of their own: compiled once, and quickly."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax

_QUICKLY = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
"""Halves what XLA needs to make a processor's code; that is about as fast (``benchmarks/compiling.py``)."""


def program(function: Callable) -> Callable:
    """Compile a function that Python calls and no other compiled function does; otherwise as ``eqx.filter_jit``.

    JAX refuses calls of it that are traced: options belong to a whole program.

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

    @functools.cached_property
    def _compiled(self) -> Callable:
        # which filter_jit passes on, though its types do not say so
        return eqx.filter_jit(self._function, compiler_options=compiler_options())  # pyright: ignore[reportCallIssue]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._compiled(*arguments, **named)


@functools.cache
def compiler_options() -> dict[str, Any]:
    """Those that programs are compiled with: none but on processors, and none that this version of XLA lacks."""

    def is_known(name: str) -> bool:
        try:
            jax.jit(lambda: 0.0).lower().compile(compiler_options={name: _QUICKLY[name]})
        except jax.errors.JaxRuntimeError:
            return False
        return True

    return {name: _QUICKLY[name] for name in _QUICKLY if jax.default_backend() == "cpu" and is_known(name)}
