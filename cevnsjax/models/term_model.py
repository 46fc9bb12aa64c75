"""Models that add a term to the amplitude of every interaction that takes it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpyro.distributions as dist

from cevnsjax.cross_section import (
    AbstractAxialTerm,
    AbstractElectronTerm,
    AbstractTerm,
    Coherent,
    ElectronScattering,
    NeutralCurrentExcitation,
)
from cevnsjax.errors import ParameterError
from cevnsjax.models.named_model import NamedModel
from cevnsjax.parameter import Derived, Parameter


@dataclass(frozen=True)
class TermParameter:
    """A parameter of a term, wherever the term stands.

    Attributes
    ----------
    name, prior, unit, description, symbol, standard_model
        As of :class:`cevnsjax.parameter.Parameter`.
    leaves
        Paths of the leaves that it sets, from the term on.
    """

    name: str
    prior: dist.Distribution
    leaves: tuple[str, ...]
    unit: str = ""
    description: str = ""
    symbol: str = ""
    standard_model: float | None = None


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
        return experiment.with_interactions(extended)

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
                p.symbol,
                p.standard_model,
            )
            for p in offered
        )

    return NamedModel(description, prepare, of, default_free, derived=derived)
