"""What must be known of an experiment and of priors before parameters are freed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.inference.prior_groups import unconstrained
from cevnsjax.parameter import Parameter, describe_prior
from cevnsjax.paths import get_path
from cevnsjax.prior_quantiles import is_inside, prior_quantiles, prior_range


def in_place(experiment: Experiment | Joint, free: Sequence[Parameter]) -> Experiment | Joint:
    """The experiment with nodes that are good wherever the free parameters take it."""
    if isinstance(experiment, Experiment):
        return experiment.in_place(free)

    def within(part: Experiment) -> Experiment:
        beginning = f"experiments.{part.name}."
        own = {p: tuple(q.removeprefix(beginning) for q in p.paths if q.startswith(beginning)) for p in free}
        return part.in_place([replace(p, where=paths) for p, paths in own.items() if paths])

    return experiment.map(within)


def ranges_of(parameters: Sequence[Parameter], experiment: Experiment | Joint) -> dict[str, tuple[float, float]]:
    """Between which values priors leave the leaves at the paths of parameters, where that is known.

    Where a leaf is beyond, so may be the posterior: data may have been made there.
    """
    found = {path: prior_range(parameter.prior) for parameter in parameters for path in parameter.paths}
    return {
        path: ends
        for path, ends in found.items()
        if ends is not None and ends[0] <= float(get_path(experiment, path)) <= ends[1]
    }


def check_supports(parameters: Sequence[Parameter], experiment: Experiment | Joint) -> None:
    """Refuse a parameter that is not of a single number, or whose prior excludes the value that the experiment has."""
    for parameter in parameters:
        for path in parameter.paths:
            leaf = get_path(experiment, path)
            if not eqx.is_inexact_array(leaf) or leaf.shape != ():
                raise ParameterError(f"Parameter {parameter.name!r} needs the path of a single number, got {path!r}.")
        value = get_path(experiment, parameter.paths[0])
        if not _has_density(parameter.prior, value):
            raise ParameterError(
                f"The prior {describe_prior(parameter.prior)} of {parameter.name!r} has no support at its starting "
                f"value {float(value):g}; widen the prior, or move the start with --set {parameter.paths[0]}=VALUE."
            )


def _has_density(prior: Any, value: Float[Array, ""]) -> bool:
    """Whether a value is in the support of a prior; at an end of it the density may be none all the same."""
    return is_inside(prior, float(value)) or (bool(prior.support(value)) and bool(np.isfinite(prior.log_prob(value))))


def unconstrained_quantiles(parameters: Sequence[Parameter]) -> np.ndarray:
    """The 16, 50 and 84 % quantiles of every prior in unconstrained values, in their order, shape [parameter, 3]."""
    values = np.stack([prior_quantiles(p.prior, [0.16, 0.5, 0.84]) for p in parameters])
    return np.sort(unconstrained([p.prior for p in parameters], values), axis=1)
