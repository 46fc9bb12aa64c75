"""A model that can be asked for by name."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cevnsjax.cross_section import ElectronScattering
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment, Joint, Scattering, merge_parameter
from cevnsjax.flux import AbstractFlux, AbstractSource, SterileOscillation, sources_of
from cevnsjax.parameter import Derived, Parameter
from cevnsjax.paths import get_path


@dataclass(frozen=True)
class NamedModel:
    """A model that can be asked for by name.

    Attributes
    ----------
    description
        One line.
    prepare
        Function from an experiment (or anything that is a ``Setup``) to the same with the model's interactions.
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
        What the experiments that it is for have among their sources: neutrinos unless something else is said.
    on_electrons
        Whether it adds neutrino-electron scattering.
    """

    description: str
    prepare: Callable[[Any], Any]
    parameters: Callable[[Any], tuple[Parameter, ...]]
    default_free: tuple[str, ...] | Callable[[Any], tuple[str, ...]] | None = None
    fixes_flux: bool = False
    derived: tuple[Derived, ...] = ()
    source: type[AbstractSource] = AbstractFlux
    on_electrons: bool = False

    def prepared(self, experiment: Any) -> Any:
        """The experiment with the model's interactions, or a reason why there is nothing for the model to act on.

        Raises
        ------
        ParameterError
            If the experiment has another kind of source, or not what the model's parameters are parameters of.
        """
        for part in experiment.parts.values() if isinstance(experiment, Joint) else (experiment,):
            if not sources_of(part.sources, self.source):
                raise ParameterError(
                    f"This model ({self.description}) needs a source of {self.source.particles}, which this is not."
                )
        prepared = self.prepare(experiment)
        for parameter in self.parameters(prepared):
            try:
                found = [get_path(prepared, path) for path in parameter.paths]
            except UnknownNameError:
                found = []
            # scattering without a detector counts nothing that could have a norm
            without_norm = isinstance(prepared, Scattering) and parameter.paths == ("signal_norm",)
            if not found and not without_norm:
                raise ParameterError(
                    f"This model ({self.description}) has nothing to act on here: no interaction or nucleus has a "
                    f"{parameter.name}."
                )
        return prepared

    def accepts(self, experiment: Any) -> bool:
        """Tell whether the model can act on an experiment, or on every one of several."""
        try:
            self.prepared(experiment)
        except CevnsjaxError:
            return False
        return True

    def free_by_default(self, experiment: Experiment | Joint) -> tuple[str, ...]:
        """Names of the model's parameters that are free unless others are chosen."""
        if callable(self.default_free):
            return self.default_free(experiment)
        if self.default_free is not None:
            return self.default_free
        return tuple(parameter.name for parameter in self.parameters(experiment))

    def free_nuisances(self, experiment: Experiment | Joint) -> tuple[str, ...]:
        """Names of the nuisance parameters of an experiment that are free unless they are fixed."""
        norms = set(_flux_norms(experiment)) if self.fixes_flux else set()
        return tuple(p.name for p in experiment.nuisances if not norms or set(p.paths) != norms)


def _flux_norms(experiment: Experiment | Joint) -> Iterator[str]:
    """Paths of the norms of all sources: what moves them all cannot be told from the norm of the signal."""
    for part, each in experiment.parts.items():
        within = f"experiments.{part}." if isinstance(experiment, Joint) else ""
        for name, source in each.sources.items():
            inner = "source." if isinstance(source.flux, SterileOscillation) else ""
            yield f"{within}sources.{name}.flux.{inner}norm"


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
                return model.prepared(part)
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
        derived=tuple(dataclasses.replace(one, function=_OfFirst(one.function)) for one in model.derived),
    )


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


def together(models: Mapping[str, NamedModel]) -> NamedModel:
    """Build a model of several, by name: what they add is added, and what they offer is offered, in their order.

    Electrons are added first of all, so that all of them act there.
    """
    first_electrons = sorted(models, key=lambda name: not models[name].on_electrons)

    def prepare(experiment):
        for name in first_electrons:
            try:
                experiment = models[name].prepared(experiment)
            except CevnsjaxError as error:
                beside = " and ".join(repr(other) for other in models if other != name)
                raise ParameterError(f"The model {name!r} cannot be used beside {beside}: {error}") from error
        return experiment

    def parameters(experiment) -> tuple[Parameter, ...]:
        found: dict[str, str] = {}
        for name, model in models.items():
            for each in (*model.parameters(experiment), *model.derived):
                if each.name in found:
                    raise ParameterError(
                        f"The models {found[each.name]!r} and {name!r} cannot be taken together: both have a parameter "
                        f"{each.name!r}."
                    )
                found[each.name] = name
        return tuple(parameter for model in models.values() for parameter in model.parameters(experiment))

    def free(experiment) -> tuple[str, ...]:
        return tuple(name for model in models.values() for name in model.free_by_default(experiment))

    return NamedModel(
        "; ".join(model.description for model in models.values()),
        prepare,
        parameters,
        free,
        any(model.fixes_flux for model in models.values()),
        tuple(each for model in models.values() for each in model.derived),
        AbstractSource,
    )


def with_electrons(model: NamedModel) -> NamedModel:
    """Build the same model with neutrino-electron scattering, and its new physics there where it acts on electrons."""

    def prepare(experiment):
        if not any(isinstance(each, ElectronScattering) for each in experiment.interactions.values()):
            experiment = experiment.with_interactions({"electrons": ElectronScattering.on(experiment.target)})
        return model.prepare(experiment)

    return dataclasses.replace(
        model,
        description=f"{model.description}; with neutrino-electron scattering",
        prepare=prepare,
        source=AbstractFlux,
        on_electrons=True,
    )
