"""A model that can be asked for by name."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import numpyro.distributions as dist

from cevnsjax.cross_section import (
    AbstractAxialTerm,
    AbstractElectronTerm,
    AbstractTerm,
    Coherent,
    ElectronScattering,
    NeutralCurrentExcitation,
)
from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.experiment import Experiment, Joint, merge_parameter
from cevnsjax.flux import AbstractFlux, AbstractSource
from cevnsjax.inference.model import Derived
from cevnsjax.parameter import Parameter


@dataclass(frozen=True)
class NamedModel:
    """A model that can be asked for by name.

    Functions of an experiment take anything with ``flux``, ``target`` and ``interactions``.

    Attributes
    ----------
    description
        One line.
    prepare
        Function from an experiment to the same experiment with the model's interactions; twice does the same as once.
    parameters
        Function from the prepared experiment to what the model offers to be free.
    default_free
        Names of those that are free unless others are chosen, or a function from the prepared experiment to them;
        ``None`` for all.
    fixes_flux
        Whether the model leaves the norm of the flux fixed by default, because it cannot be told from its own.
    derived
        What a fit reports beside its parameters, where they move it.
    source
        What the experiments that it is for have as ``flux``: neutrinos unless something else is said.
    """

    description: str
    prepare: Callable[[Any], Any]
    parameters: Callable[[Any], tuple[Parameter, ...]]
    default_free: tuple[str, ...] | Callable[[Any], tuple[str, ...]] | None = None
    fixes_flux: bool = False
    derived: tuple[Derived, ...] = ()
    source: type[AbstractSource] = AbstractFlux

    def accepts(self, experiment: Any) -> bool:
        """Tell whether the model is for what arrives in an experiment, or in every one of several."""
        parts = experiment.parts.values() if isinstance(experiment, Joint) else (experiment,)
        return all(isinstance(part.flux, self.source) for part in parts)

    def check_source(self, experiment: Any) -> None:
        """Refuse an experiment that sees something else.

        Raises
        ------
        ParameterError
            If so.
        """
        if not self.accepts(experiment):
            raise ParameterError(
                f"This model ({self.description}) needs a source of {self.source.particles}, which this is not."
            )

    def free_by_default(self, experiment: Experiment | Joint) -> tuple[str, ...]:
        """Names of the model's parameters that are free unless others are chosen."""
        if callable(self.default_free):
            return self.default_free(experiment)
        if self.default_free is not None:
            return self.default_free
        return tuple(parameter.name for parameter in self.parameters(experiment))

    def free_nuisances(self, experiment: Experiment | Joint) -> tuple[str, ...]:
        """Names of the nuisance parameters of an experiment that are free unless they are fixed."""
        return tuple(p.name for p in experiment.nuisances if not (self.fixes_flux and _moves_every_flux(p, experiment)))


def _moves_every_flux(parameter: Parameter, experiment: Experiment | Joint) -> bool:
    """Whether a parameter is the norm of the flux in all experiments; that of one of them is not a norm of all data."""
    return len(parameter.paths) == len(experiment.parts) and all(p.endswith("flux.norm") for p in parameter.paths)


@dataclass(frozen=True)
class _OfFirst:
    """A derived number of the first of several experiments."""

    function: Callable[[Any], Any]

    def __call__(self, experiment: Joint):
        return self.function(next(iter(experiment.parts.values())))


def jointly(model: NamedModel) -> NamedModel:
    """Build the same model of several experiments: what it offers to be free is common to all of them."""

    def prepare(joint: Joint) -> Joint:
        def each(part: Experiment) -> Experiment:
            try:
                return model.prepare(part)
            except CevnsjaxError as error:
                raise ParameterError(f"The model cannot be used for {part.name}: {error}") from error

        return joint.map(each)

    def parameters(joint: Joint) -> tuple[Parameter, ...]:
        found: dict[str, Parameter] = {}
        for name, part in joint.parts.items():
            for parameter in model.parameters(part):
                merge_parameter(found, parameter, name)
        return tuple(found.values())

    def free(joint: Joint) -> tuple[str, ...]:
        each = (model.free_by_default(part) for part in joint.parts.values())
        return tuple(dict.fromkeys(itertools.chain.from_iterable(each)))

    return dataclasses.replace(
        model,
        prepare=prepare,
        parameters=parameters,
        default_free=free,
        derived=tuple(Derived(one.name, _OfFirst(one.function), one.unit) for one in model.derived),
    )


@dataclass(frozen=True)
class TermParameter:
    """A parameter of a term, wherever the term stands.

    Attributes
    ----------
    name, prior, unit, description
        As of :class:`cevnsjax.parameter.Parameter`.
    leaves
        Paths of the leaves that it sets, from the term on.
    """

    name: str
    prior: dist.Distribution
    leaves: tuple[str, ...]
    unit: str = ""
    description: str = ""


_ACCEPTED: dict[type[Any], type] = {
    Coherent: AbstractTerm,
    NeutralCurrentExcitation: AbstractAxialTerm,
    ElectronScattering: AbstractElectronTerm,
}
"""Which terms an interaction takes."""


def term_model(
    description: str,
    name: str,
    build: Callable[[], AbstractTerm | AbstractElectronTerm],
    parameters: Iterable[TermParameter],
    default_free: tuple[str, ...] | None = None,
    derived: tuple[Derived, ...] = (),
) -> NamedModel:
    """Build a model that adds one term to the amplitude: on nuclei, and on electrons where it acts on them.

    Parameters
    ----------
    description
        One line.
    name
        Name of the term among the terms of an interaction.
    build
        Function that makes the term with its nominal values.
    parameters, default_free, derived
        What is offered to be free, what is free by default, and what is reported beside it.
    """
    offered = tuple(parameters)

    def prepare(experiment):
        term = build()
        kinds = tuple(kind for kind, accepted in _ACCEPTED.items() if isinstance(term, accepted))
        needed = tuple(kind for kind in kinds if kind is not ElectronScattering) or kinds
        chosen = {key: value for key, value in experiment.interactions.items() if isinstance(value, kinds)}
        if not any(isinstance(interaction, needed) for interaction in chosen.values()):
            raise ParameterError(
                f"The term {name!r} needs an interaction of the kind {' or '.join(each.__name__ for each in needed)}, "
                "this experiment has "
                f"{', '.join(f'{key!r} ({type(value).__name__})' for key, value in experiment.interactions.items())}."
            )
        # an experiment that has the term keeps it, with whatever was set in it
        extended = {
            key: value if name in value.terms else value.with_terms({name: term}) for key, value in chosen.items()
        }
        return eqx.tree_at(lambda e: e.interactions, experiment, {**experiment.interactions, **extended})

    def paths(experiment, leaf: str) -> tuple[str, ...]:
        holders = (key for key, value in experiment.interactions.items() if name in getattr(value, "terms", {}))
        return tuple(f"interactions.{key}.terms.{name}.{leaf}" for key in holders)

    def of(experiment) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(
                p.name,
                p.prior,
                tuple(path for leaf in p.leaves for path in paths(experiment, leaf)),
                p.unit,
                p.description,
            )
            for p in offered
        )

    return NamedModel(description, prepare, of, default_free, derived=derived)


def combine(description: str, *models: NamedModel, default_free: tuple[str, ...] | None = None) -> NamedModel:
    """Build a model that adds what several models add.

    Parameters
    ----------
    description
        One line.
    models
        The models, none of which changes what another one adds.
    default_free
        What is free by default.
    """

    def prepare(experiment):
        for model in models:
            experiment = model.prepare(experiment)
        return experiment

    def parameters(experiment) -> tuple[Parameter, ...]:
        return tuple(parameter for model in models for parameter in model.parameters(experiment))

    return NamedModel(description, prepare, parameters, default_free)


def with_electrons(model: NamedModel) -> NamedModel:
    """Build the same model with neutrino-electron scattering, and its new physics there where it acts on electrons."""

    def prepare(experiment):
        if "electrons" not in experiment.interactions:
            interactions = {**experiment.interactions, "electrons": ElectronScattering.on(experiment.target)}
            experiment = eqx.tree_at(lambda e: e.interactions, experiment, interactions)
        return model.prepare(experiment)

    return dataclasses.replace(
        model,
        description=f"{model.description}; with neutrino-electron scattering",
        prepare=prepare,
        source=AbstractFlux,
    )
