"""Several experiments, fitted together."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from cevnsjax.arrays import short
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.host_random import split_key
from cevnsjax.parameter import Parameter, describe_prior, name_tuple


class Joint(eqx.Module):
    """Several experiments; their log-likelihoods add up.

    Leaves of an experiment are at paths like ``experiments.coherent-lar.mass_kg``, its nuisance parameters have names
    like ``coherent-lar.brn_events``. Shared nuisance parameters keep their own name and set the leaves of all
    experiments that have them.

    Attributes
    ----------
    experiments
        The experiments by name.
    shared
        Names of nuisance parameters that are one and the same wherever they occur.
    names
        Names of the experiments in the order in which they were given.
    """

    experiments: dict[str, Experiment]
    shared: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)  # transformations sort dictionaries

    def __init__(self, experiments: Mapping[str, Experiment], shared: Iterable[str] = ()):
        _check_experiments(experiments.values() if isinstance(experiments, Mapping) else (experiments,))
        self.experiments = dict(experiments)
        self.shared = name_tuple("shared", shared)
        self.names = tuple(experiments)

    def __check_init__(self):
        if len(self.experiments) < 2:
            raise CevnsjaxError(f"A joint fit needs at least two experiments, got {list(self.experiments)}.")
        names = [experiment.name for experiment in self.experiments.values()]
        if list(self.experiments) != names:
            raise CevnsjaxError(
                f"experiments must have their own names as keys, got {list(self.experiments)} for {names}."
            )
        known = [p.name for experiment in self.experiments.values() for p in experiment.nuisances]
        for name in self.shared:
            if name not in known:
                raise UnknownNameError("nuisance parameter to share", name, set(known))
            if known.count(name) < 2:
                raise ParameterError(f"Only one of the experiments has the nuisance parameter {name!r} to share.")
        _ = self.nuisances  # refuses different priors

    @classmethod
    def of(cls, experiments: Iterable[Experiment], shared: Iterable[str] = ()) -> "Joint":
        """Join experiments of different names."""
        experiments = tuple(experiments)
        _check_experiments(experiments)
        names = [experiment.name for experiment in experiments]
        if len(set(names)) != len(names):
            raise CevnsjaxError(f"The experiments of a joint fit must differ, got {', '.join(names)}.")
        return cls(dict(zip(names, experiments, strict=True)), shared)

    @property
    def name(self) -> str:
        """Names of the experiments, with commas between."""
        return ",".join(self.names)

    @property
    def parts(self) -> dict[str, Experiment]:
        """The experiments by name, in the order in which they were given."""
        return {name: self.experiments[name] for name in self.names}

    def map(self, function: Callable[[Experiment], Experiment]) -> "Joint":
        """Apply a function to each experiment."""
        return Joint({name: function(part) for name, part in self.parts.items()}, self.shared)

    @property
    def nuisances(self) -> tuple[Parameter, ...]:
        """Nuisance parameters of all experiments."""
        found: dict[str, Parameter] = {}
        for experiment, part in self.parts.items():
            for parameter in part.nuisances:
                name = parameter.name if parameter.name in self.shared else f"{experiment}.{parameter.name}"
                merge_parameter(found, dataclasses.replace(parameter, name=name), experiment)
        return tuple(found.values())

    @property
    def observed(self) -> dict:
        """What was observed, by experiment."""
        return {name: part.observed for name, part in self.parts.items()}

    def expected(self) -> dict:
        """What is expected, by experiment."""
        return {name: part.expected() for name, part in self.parts.items()}

    def log_likelihood(self, observed: dict | None = None):
        """Log-likelihood of the data, or of others of their shapes, by experiment."""
        data = self.observed if observed is None else observed
        return functools.reduce(jnp.add, (part.log_likelihood(data[name]) for name, part in self.parts.items()))

    def draw(self, key: Array) -> dict:
        """Data drawn at random from the predictions, by experiment: what they have in common moves all of them."""
        keys = split_key(key, len(self.names))
        return {name: part.draw(each) for each, (name, part) in zip(keys, self.parts.items(), strict=True)}

    def asimov(self) -> "Joint":
        """Return the same experiments with their own predictions in the place of data."""
        return self.map(Experiment.asimov)

    def renewed(self) -> "Joint":
        """Return the same experiments, the data made anew of those whose data are their own prediction."""
        return self.map(Experiment.renewed)

    def unplaced(self) -> "Joint":
        """Return the same experiments for who asks about their blocks alone."""
        return self.map(Experiment.unplaced)

    def with_observed(self, observed: Mapping) -> "Joint":
        """Return the same experiments with other data, by name."""
        if not isinstance(observed, Mapping):
            raise CevnsjaxError(f"observed must be a dictionary by name of experiment, got {short(observed)}.")
        if observed.keys() != self.experiments.keys():
            raise CevnsjaxError(f"observed must have the names {list(self.names)}, got {list(observed)}.")
        parts = {name: part.with_observed(observed[name]) for name, part in self.parts.items()}
        return Joint(parts, self.shared)


def _check_experiments(experiments: Iterable[Experiment]) -> None:
    for experiment in experiments:
        if not isinstance(experiment, Experiment):
            raise CevnsjaxError(f"A joint fit is of Experiments, got {short(experiment)}; named_experiment makes them.")


def asimov_names(experiment: Experiment | Joint) -> list[str]:
    """Names of the experiments (of one or of several) whose data are their own prediction."""
    return [name for name, part in experiment.parts.items() if part.is_asimov]


def merge_parameter(found: dict[str, Parameter], parameter: Parameter, experiment: str) -> None:
    """Add a parameter of one experiment to those of a joint fit; what has the same name is the same parameter.

    Raises
    ------
    ParameterError
        If one of the same name has another prior or unit.
    """
    paths = tuple(f"experiments.{experiment}.{path}" for path in parameter.paths)
    before = found.get(parameter.name)
    if before is None:
        found[parameter.name] = dataclasses.replace(parameter, where=paths)
        return
    if dataclasses.replace(parameter, where=before.where) != before:
        theirs, ours = (f"{describe_prior(p.prior)} {p.unit}".rstrip() for p in (before, parameter))
        raise ParameterError(f"{parameter.name!r} cannot be shared: its priors are {theirs} and {ours} ({experiment}).")
    found[parameter.name] = dataclasses.replace(before, where=(*before.paths, *paths))
