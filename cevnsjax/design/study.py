"""A study: an experiment, what may be chosen of it, what it is judged by, and what may be spent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.design.objective import AbstractObjective
from cevnsjax.design.variable import AbstractVariable
from cevnsjax.design.worst_case import WorstCase
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.inference import Model
from cevnsjax.inference.catalogue import prepared_model
from cevnsjax.models import NamedModel, named_model
from cevnsjax.parameter import Parameter
from cevnsjax.paths import get_path, set_paths


class Study(eqx.Module):
    """What a detector might be, and what makes one better than another; :func:`build_study` makes one.

    A design is a value of each variable. Inside, it is the share of the way between the bounds of each, so that all are
    alike.

    Attributes
    ----------
    built
        The nominal experiment, prepared for the model.
    model
        A model of the nominal experiment; what variables and hypotheses set is not frozen in it.
    variables
        What may be chosen.
    objective
        What it is judged by.
    budget
        Most that all variables together may cost; infinite if nothing is said.
    references
        Value of each variable that costs its price.
    """

    built: Experiment | Joint
    model: Model
    variables: tuple[AbstractVariable, ...] = eqx.field(static=True)
    objective: AbstractObjective
    budget: Scalar = eqx.field(converter=as_float)
    references: tuple[float, ...] = eqx.field(static=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(each.name for each in self.variables)

    @property
    def nominal(self) -> Float[np.ndarray, " variable"]:
        """Values of the variables in the nominal experiment."""
        return np.array([each.nominal(self.model.experiment) for each in self.variables])

    def design(self, named: Mapping[str, float] | None = None) -> Float[np.ndarray, " variable"]:
        """Values of all variables, those that are not named nominal.

        Raises
        ------
        UnknownNameError
            If there is no variable of a name.
        """
        for name in named or {}:
            if name not in self.names:
                raise UnknownNameError("design variable", name, self.names)
        nominal = dict(zip(self.names, self.nominal.tolist(), strict=True))
        return np.array(list({**nominal, **(named or {})}.values()))

    def values(self, shares: Float[Array, " variable"]) -> Float[Array, " variable"]:
        """Values of the variables at shares of the ways between their bounds."""
        return jnp.stack([each.at(shares[i]) for i, each in enumerate(self.variables)])

    def shares(self, values: Float[np.ndarray, " variable"]) -> Float[np.ndarray, " variable"]:
        """The shares of values."""
        return np.array([each.share(float(value)) for each, value in zip(self.variables, values, strict=True)])

    def designed(self, values: Float[Array, " variable"]) -> Model:
        """The model of a design."""
        return eqx.tree_at(lambda m: m.experiment, self.model, self.experiment(values, self.model.experiment))

    def experiment(self, values: Float[Array, " variable"], nominal: Any) -> Any:
        """An experiment with the values of a design."""
        for value, variable in zip(values, self.variables, strict=True):
            nominal = set_paths(nominal, variable.paths(nominal), variable.leaves(value, nominal))
        return nominal

    def judged(self, values: Float[Array, " variable"]) -> Scalar:
        """The objective of a design, whatever it costs."""
        return self.objective(self.designed(values))

    def loss(self, shares: Float[Array, " variable"]) -> Scalar:
        """What is made small."""
        return self.objective.loss(self.designed(self.values(shares)))

    def cost(self, values: Float[Array, " variable"]) -> Scalar:
        """What a design costs, in the unit of the budget."""
        each = zip(self.variables, values, self.references, strict=True)
        return jnp.stack([variable.cost(value, reference) for variable, value, reference in each]).sum()

    def excess(self, shares: Float[Array, " variable"]) -> Scalar:
        """Cost over the budget, less one: above zero of what cannot be afforded."""
        return self.cost(self.values(shares)) / self.budget - 1.0

    def with_budget(self, budget: float) -> "Study":
        """Return the same study with another budget.

        Raises
        ------
        CevnsjaxError
            If no design costs as little.
        """
        changed = eqx.tree_at(lambda s: s.budget, self, as_float(budget))
        if not budget >= self.least_cost:
            raise CevnsjaxError(
                f"No design is within the budget of {budget:g}: the cheapest one costs {self.least_cost:g}."
            )
        return changed

    @property
    def least_cost(self) -> float:
        """What the cheapest design costs."""
        return float(self.cost(self.values(as_float([each.cheapest or 0.0 for each in self.variables]))))


def build_study(
    experiment: Experiment | Joint,
    variables: Sequence[AbstractVariable],
    objective: AbstractObjective,
    *,
    budget: float = np.inf,
    model: str = "sm",
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    priors: Mapping[str, dist.Distribution] | None = None,
) -> Study:
    """Put a study together.

    Parameters
    ----------
    experiment
        The nominal experiment, or several; its values are the true ones.
    variables
        What may be chosen.
    objective
        What a design is judged by.
    budget
        Most that all variables together may cost.
    model, free, fixed, priors
        What is fitted: see :func:`cevnsjax.inference.build_model`.

    Raises
    ------
    CevnsjaxError
        If variables share a name or a leaf, set what is free or what is not there, nothing depends on one of them, no
        design can be afforded, or the objective cannot be computed.
    """
    chosen = named_model(model, experiment)
    return study_of(
        chosen, chosen.prepared(experiment), variables, objective, budget=budget, free=free, fixed=fixed, priors=priors
    )


def study_of(
    model: NamedModel,
    prepared: Experiment | Joint,
    variables: Sequence[AbstractVariable],
    objective: AbstractObjective,
    *,
    budget: float = np.inf,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    priors: Mapping[str, dist.Distribution] | None = None,
) -> Study:
    """Do what :func:`build_study` does with an experiment that is prepared for a model."""
    variables = tuple(variables)
    if not variables or not all(isinstance(each, AbstractVariable) for each in variables):
        raise ParameterError("A study needs a list of at least one design variable.")
    names = [each.name for each in variables]
    if len(set(names)) < len(names):
        raise ParameterError(f"Every design variable needs a name of its own, got {', '.join(names)}.")
    if isinstance(objective, WorstCase):
        objective, prepared = objective.in_numbers(prepared)
    fitted = prepared_model(
        model, prepared, free=free, fixed=fixed, priors=priors, moving=_moving(variables, objective, prepared)
    )
    references = tuple(each.cost_reference(prepared) for each in variables)
    study = Study(prepared, fitted, variables, objective, np.inf, references).with_budget(budget)
    return eqx.tree_at(lambda s: s.objective, study, objective.prepared(fitted), is_leaf=lambda x: x is None)


def _moving(
    variables: Sequence[AbstractVariable], objective: AbstractObjective, experiment: Experiment | Joint
) -> list[Parameter]:
    """All leaves that designs and hypotheses set, and between which values, as parameters."""
    ranges: dict[str, tuple[float, float, str]] = {}
    for variable in variables:
        variable.nominal(experiment)  # refuses what is no single number
        for path in variable.paths(experiment):
            if path in ranges:
                raise ParameterError(f"{variable.name!r} and {ranges[path][2]!r} set the same leaf {path}.")
        ends = [variable.leaves(as_float(end), experiment) for end in (variable.low, variable.high)]
        for path, *values in zip(variable.paths(experiment), *ends, strict=True):
            ranges[path] = (*sorted(float(each) for each in values), variable.name)  # pyright: ignore[reportArgumentType]
    if isinstance(objective, WorstCase):
        for path, values in objective.hypotheses.items():
            if path in ranges:
                raise ParameterError(f"A hypothesis sets {path}, and so does the variable {ranges[path][2]!r}.")
            every = [*np.asarray(values, float), float(get_path(experiment, path))]
            ranges[path] = (min(every), max(every), "a hypothesis")
    return [_between(path, low, high, experiment) for path, (low, high, _) in ranges.items()]


def _between(path: str, low: float, high: float, experiment: Experiment | Joint) -> Parameter:
    now = float(get_path(experiment, path))
    low, high = min(low, now), max(high, now)
    return Parameter(
        f"design of {path}", dist.Uniform(low, high if high > low else low + 1e-9 * max(abs(low), 1.0)), path
    )
