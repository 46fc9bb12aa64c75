"""What matters most: by how many per cent the objective changes if a number of the experiment changes by one."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.design.objective import AbstractObjective
from cevnsjax.design.study import Study
from cevnsjax.design.variable import AbstractVariable
from cevnsjax.experiment.settable import settable_leaves
from cevnsjax.inference import Model
from cevnsjax.inference.freeing import in_place
from cevnsjax.paths import get_path
from cevnsjax.program import program


@dataclass(frozen=True)
class Elasticities:
    """Elasticities of an objective at a design.

    Attributes
    ----------
    objective
        The objective, computed without anything beforehand and on nodes placed for this design: by how much it differs
        from that of the study is an error of the latter.
    by_path
        d ln(objective)/d ln(leaf) of every leaf that moves it, largest first; of a leaf with several numbers that of
        all of them scaled together. Of an objective that is a logarithm d(objective)/d ln(leaf).
    by_variable
        The same of every design variable.
    """

    objective: float
    by_path: dict[str, float]
    by_variable: dict[str, float]


def elasticities(study: Study, values: dict[str, float] | None = None) -> Elasticities:
    """Differentiate the objective in the logarithm of every number of the experiment at once.

    Parameters
    ----------
    study
        The study.
    values
        The design, by variable name; those that are not named are nominal.

    Raises
    ------
    UnknownNameError
        If there is no variable of a name.
    """
    here = as_float(study.design(values))
    experiment = in_place(study.experiment(here, study.built), study.model.parameters)
    objective, slopes = _differentiated(study.objective, study.model, experiment)
    scale = 1.0 if study.objective.is_logarithm else float(objective)
    leaves = settable_leaves(experiment)
    found = {path: float(np.sum(leaves[path] * slope)) / scale for path, slope in settable_leaves(slopes).items()}
    moving = {path: value for path, value in found.items() if value != 0.0}
    by_variable = {
        each.name: float(value * _along(each, value, slopes, experiment)) / scale
        for each, value in zip(study.variables, here, strict=True)
    }
    by_path = dict(sorted(moving.items(), key=lambda pair: -abs(pair[1])))
    return Elasticities(float(objective), by_path, by_variable)


def _along(variable: AbstractVariable, value: Float[Array, ""], slopes: Any, experiment: Any) -> Float[Array, ""]:
    """Slope of the objective in a variable, by the leaves that it sets."""
    moved = jax.jacfwd(lambda each: jnp.stack(variable.leaves(each, experiment)))(value)
    return jnp.stack([get_path(slopes, path) for path in variable.paths(experiment)]) @ moved


@program
def _differentiated(objective: AbstractObjective, model: Model, experiment: Any) -> tuple[Float[Array, ""], Any]:
    """The objective, and its slope in every leaf."""

    def judged(there: Any) -> Float[Array, ""]:
        return objective(eqx.tree_at(lambda m: m.experiment, model, there))

    return eqx.filter_value_and_grad(judged)(experiment)
