"""From text to experiments, values and priors."""

import ast
import difflib
import math
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cevnsjax.errors import ParameterError

if TYPE_CHECKING:
    import numpyro.distributions as dist

    from cevnsjax.experiment import Experiment, Joint
    from cevnsjax.inference import Model, NamedModel
    from cevnsjax.parameter import Parameter

PRIORS = {
    "Normal": (("loc", "scale"), ()),
    "Uniform": (("low", "high"), ()),
    "TruncatedNormal": (("loc", "scale"), ("low", "high")),
    "LogNormal": (("loc", "scale"), ()),
    "LogUniform": (("low", "high"), ()),
    "HalfNormal": (("scale",), ()),
}
"""Priors that can be written on the command line: their arguments, and those that may be left out."""

NOT_SETTABLE = {"frozen", "observed"}
"""Parts of paths that are results or data, and not settings."""


def prepare(experiment: str, model: str, share: Iterable[str] = ()) -> tuple["Experiment | Joint", "NamedModel"]:
    """Build an experiment (or several, from names with commas between) with the interactions of a model.

    Raises
    ------
    UnknownNameError
        If there is no experiment or no model of that name.
    CevnsjaxError
        If what is to be shared is not common to experiments.
    """
    from cevnsjax.experiment import named_experiment
    from cevnsjax.inference import named_model

    built = named_experiment(experiment, share)
    chosen = named_model(model, built)
    return chosen.prepare(built), chosen


def offered_parameters(experiment: Any, model: "NamedModel") -> dict[str, "Parameter"]:
    """Parameters that can be free: those of the model, then the nuisance parameters of the experiment."""
    return {p.name: p for p in (*model.parameters(experiment), *experiment.nuisances)}


def described_parameters(model: "Model") -> list[dict[str, Any]]:
    """Free parameters of a model for files: name, prior, paths and unit."""
    from cevnsjax.parameter import describe_prior

    return [
        {"name": p.name, "prior": describe_prior(p.prior), "paths": list(p.paths), "unit": p.unit}
        for p in model.parameters
    ]


def settable_paths(experiment: Any) -> list[str]:
    """Paths that ``--set`` accepts."""
    from cevnsjax.paths import leaf_paths

    return [path for path, _ in leaf_paths(experiment) if not NOT_SETTABLE.intersection(path.split("."))]


def apply_settings(experiment: Any, model: "NamedModel", given: Mapping[str, float]) -> tuple[Any, dict[str, float]]:
    """Set parameters and paths of an experiment, and check all of its blocks again.

    Parameters
    ----------
    experiment, model
        The experiment (or scattering without a detector), prepared for the model.
    given
        Numbers by parameter or path, like ``{"mass_kg": 15.0}``.

    Returns
    -------
    experiment
        With the values.
    values
        Value of every path that was set.

    Raises
    ------
    CevnsjaxError
        If a name is unknown, or a block refuses its value.
    """
    from cevnsjax.paths import check_tree, set_number

    parameters, paths = offered_parameters(experiment, model), settable_paths(experiment)
    values: dict[str, float] = {}
    for name, value in given.items():
        if name not in parameters and name not in paths:
            raise _unknown(name, {*parameters, *paths})
        for path in parameters[name].paths if name in parameters else (name,):
            values[path] = value
    for path, value in values.items():
        experiment = set_number(experiment, path, value)
    check_tree(experiment)
    return experiment, values


def _unknown(name: str, known: set[str]) -> ParameterError:
    """The error for a name that is no parameter and no path: near matches, or else where to look."""
    near = difflib.get_close_matches(name, sorted(known), n=4, cutoff=0.5)
    near = near or sorted(path for path in known if name in path)[:4]
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else "see `cevnsjax list parameters --paths`."
    return ParameterError(f"There is no parameter or path called {name!r}; {hint}")


def assignments(option: str, given: Iterable[str] | None) -> dict[str, str]:
    """Texts by name, from texts like ``NAME=VALUE`` of a repeated option."""
    found: dict[str, str] = {}
    for text in given or ():
        name, separator, value = (part.strip() for part in text.partition("="))
        if not (name and separator and value):
            raise ParameterError(f"{option} needs NAME=VALUE, got {text!r}.")
        found[name] = value
    return found


def parse_numbers(given: Iterable[str] | None) -> dict[str, float]:
    """Numbers by name, from texts like ``mass_kg=15`` of the option ``--set``."""
    numbers: dict[str, float] = {}
    for name, text in assignments("--set", given).items():
        try:
            numbers[name] = float(text)
        except ValueError:
            raise ParameterError(f"--set '{name}={text}': {text!r} is not a number.") from None
        if not math.isfinite(numbers[name]):
            raise ParameterError(f"--set '{name}={text}': the value must be finite.")
    return numbers


def parse_priors(given: Mapping[str, str]) -> dict[str, "dist.Distribution"]:
    """Priors from texts like ``Normal(0, 1)``, by parameter name."""
    return {name: parse_prior(text) for name, text in given.items()}


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
