"""From text to priors: ``NAME(number, number, key=number)``; nothing is evaluated."""

import ast
import math
import sys
from typing import TYPE_CHECKING

from cevnsjax.errors import ParameterError

if TYPE_CHECKING:
    import numpyro.distributions as dist

PRIORS = {
    "Normal": (("loc", "scale"), ()),
    "Uniform": (("low", "high"), ()),
    "TruncatedNormal": (("loc", "scale"), ("low", "high")),
    "LogNormal": (("loc", "scale"), ()),
    "LogUniform": (("low", "high"), ()),
    "HalfNormal": (("scale",), ()),
}
"""Priors that can be written on the command line: their arguments, and those that may be left out."""


def parse_prior(text: str) -> "dist.Distribution":
    """Read a prior such as ``TruncatedNormal(1, 0.1, low=0)``; nothing is evaluated.

    Raises
    ------
    ParameterError
        If it is not one of ``PRIORS`` with numbers that make a distribution.
    """
    name, positional, keywords = _call(text)
    required, optional = PRIORS[name]
    if len(positional) > len(required) + len(optional):
        raise ParameterError(f"The prior {text!r} has too many numbers; {_allowed()}.")
    arguments = dict(zip((*required, *optional), positional, strict=False))
    for key, value in keywords:
        if key not in (*required, *optional) or key in arguments:
            raise ParameterError(f"The prior {text!r} has no argument {key!r}, or has it twice; {_allowed()}.")
        arguments[key] = value
    missing = [key for key in required if key not in arguments]
    if missing:
        raise ParameterError(f"The prior {text!r} lacks {' and '.join(missing)}; {_allowed()}.")
    _check_numbers(text, name, arguments)

    import numpyro.distributions as dist

    return getattr(dist, name)(**arguments)


def _call(text: str) -> tuple[str, list[float], list[tuple[str, float]]]:
    """Name, numbers and named numbers of a text that looks like a call."""
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        node = None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in PRIORS:
        raise ParameterError(f"The prior {text!r} is not known; {_allowed()}.")
    numbers = [_literal(text, argument) for argument in node.args]
    return node.func.id, numbers, [(str(k.arg), _literal(text, k.value)) for k in node.keywords]


def _literal(text: str, node: ast.expr) -> float:
    sign = 1.0
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        sign, node = (-sign if isinstance(node.op, ast.USub) else sign), node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise ParameterError(f"The prior {text!r} may hold finite numbers only; {_allowed()}.")
    return sign * float(value)


def _check_numbers(text: str, name: str, arguments: dict[str, float]) -> None:
    if arguments.get("scale", 1.0) <= 0.0:
        raise ParameterError(f"The prior {text!r} needs a scale above zero, got {arguments['scale']:g}.")
    low, high = arguments.get("low", -math.inf), arguments.get("high", math.inf)
    if not low < high:
        raise ParameterError(f"The prior {text!r} needs low below high, got {low:g} and {high:g}.")
    if name == "LogUniform" and low <= 0.0:
        raise ParameterError(f"The prior {text!r} needs low above zero, got {low:g}.")


def _allowed() -> str:
    forms = [f"{name}({', '.join([*must, *(f'{key}=' for key in may)])})" for name, (must, may) in PRIORS.items()]
    return f"allowed are {', '.join(forms)}"
