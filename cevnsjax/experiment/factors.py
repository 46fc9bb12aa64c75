"""Which numbers multiply an outcome, read off the computation itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from jax.extend.core import Jaxpr, Literal

from cevnsjax.arrays import is_concrete
from cevnsjax.experiment.frozen_stages import Powers
from cevnsjax.paths import get_path, set_paths

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

_Degrees = tuple[float, ...]
"""Powers with which an array grows with each of some numbers."""

_ZERO = "zero"
"""What is zero everywhere grows with any power."""

_SAME = frozenset(
    (
        *("broadcast_in_dim", "expand_dims", "reshape", "rev", "slice", "squeeze", "transpose"),
        *("convert_element_type", "copy", "cumsum", "neg", "reduce_sum", "stop_gradient"),
    )
)
"""Primitives of one array that leave its degree alone."""

_CALLS = {"pjit": "jaxpr", "jit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr"}
"""Primitives that are programs, and where these are."""


class _NoFactor(Exception):
    """An outcome is not proportional to powers of the numbers."""


def common_factor(function: Callable[[Experiment], Any], experiment: Experiment, paths: Iterable[str]) -> Powers | None:
    """Powers of the leaves at some paths that the outcome of a function is proportional to.

    Read off the computation (its jaxpr), so a new block needs to declare nothing: products and sums of what is
    proportional are followed, everything else is taken to be none.

    Returns
    -------
    tuple or None
        Path and power of each leaf on which the outcome depends; ``None`` where it is no product of powers and of
        something constant.
    """
    paths = tuple(paths)
    leaves = [get_path(experiment, path) for path in paths]
    closed = jax.make_jaxpr(lambda values: eqx.filter(function(set_paths(experiment, paths, values)), eqx.is_array))(
        leaves
    )
    constants = [_degree_of_constant(value, len(paths)) for value in closed.consts]
    units = [tuple(float(row == column) for column in range(len(paths))) for row in range(len(paths))]
    try:
        degrees = _common(_followed(closed.jaxpr, constants, units, len(paths)), len(paths))
    except _NoFactor:
        return None
    return tuple((path, degree) for path, degree in zip(paths, degrees, strict=True) if degree)


def _degree_of_constant(value: Any, number: int) -> _Degrees | str:
    if is_concrete(value) and not np.any(np.asarray(value)):
        return _ZERO
    return (0.0,) * number


def _followed(jaxpr: Jaxpr, constants: Sequence, inputs: Sequence, number: int) -> list:
    """Degrees of what a program returns."""
    known = dict(zip(jaxpr.constvars, constants, strict=True)) | dict(zip(jaxpr.invars, inputs, strict=True))

    def degree(variable: Any) -> _Degrees | str:
        return _degree_of_constant(variable.val, number) if isinstance(variable, Literal) else known[variable]

    for equation in jaxpr.eqns:
        found = _of_equation(equation, [degree(variable) for variable in equation.invars], number)
        known.update(zip(equation.outvars, found, strict=True))
    return [degree(variable) for variable in jaxpr.outvars]


def _of_equation(equation: Any, inputs: list, number: int) -> list:
    name = equation.primitive.name
    constant = (0.0,) * number
    outputs = len(equation.outvars)
    if name in _SAME:
        return [inputs[0]]
    if name in ("mul", "dot_general"):
        first, second = inputs
        return [_ZERO if _ZERO in inputs else _sum(first, second)]
    if name == "div":
        first, second = inputs
        return [_ZERO if first is _ZERO else _sum(first, _times(_common([second], number), -1.0))]
    if name in ("add", "add_any", "sub", "concatenate", "pad"):
        return [_same(inputs, number)]
    if name == "select_n" and inputs[0] in (constant, _ZERO):
        return [_same(inputs[1:], number)]
    if name == "gather" and inputs[1] in (constant, _ZERO):
        return [inputs[0]]
    if name == "integer_pow":
        return [_times(_common(inputs, number), float(equation.params["y"]))]
    if name == "square":
        return [_times(_common(inputs, number), 2.0)]
    if name in _CALLS:
        program = equation.params[_CALLS[name]]
        constants = [_degree_of_constant(value, number) for value in program.consts]
        return _followed(program.jaxpr, constants, inputs, number)
    if all(each in (constant, _ZERO) for each in inputs):
        return [constant] * outputs
    raise _NoFactor


def _same(degrees: list, number: int) -> _Degrees | str:
    return _ZERO if all(each is _ZERO for each in degrees) else _common(degrees, number)


def _common(degrees: list, number: int) -> _Degrees:
    """The degree that all have which are not zero."""
    found = {each for each in degrees if each is not _ZERO} or {(0.0,) * number}
    if len(found) > 1:
        raise _NoFactor
    return found.pop()


def _sum(first: _Degrees, second: _Degrees) -> _Degrees:
    return tuple(one + other for one, other in zip(first, second, strict=True))


def _times(degrees: _Degrees, power: float) -> _Degrees:
    return tuple(power * each for each in degrees)
