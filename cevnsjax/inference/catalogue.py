"""Models by name, and how a fit is built from one."""

from collections.abc import Iterable, Mapping

import numpyro.distributions as dist

from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.inference.model import Model
from cevnsjax.inference.models import MODELS
from cevnsjax.inference.named_model import NamedModel, jointly, with_electrons
from cevnsjax.parameter import Parameter

WITH_ELECTRONS = "+electrons"
"""Ending of a model's name that adds neutrino-electron scattering, with the same new physics where it acts there."""


def named_model(name: str, experiment: Experiment | Joint | None = None) -> NamedModel:
    """Look up a model; ``NAME+electrons`` is the same with neutrino-electron scattering.

    Parameters
    ----------
    name
        Name of the model.
    experiment
        What it is for: several experiments together have its parameters in common.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    ParameterError
        If it is for another kind of source than the experiment has.
    """
    base = name.removesuffix(WITH_ELECTRONS)
    if base not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    model = MODELS[base] if base == name else with_electrons(MODELS[base])
    if experiment is not None:
        model.check_source(experiment)
    return jointly(model) if isinstance(experiment, Joint) else model


def build_model(
    experiment: Experiment | Joint,
    model: str = "sm",
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    priors: Mapping[str, dist.Distribution] | None = None,
) -> Model:
    """Build a named model of an experiment (or of several together) with its nuisance parameters.

    Parameters
    ----------
    experiment
        The experiment, or several.
    model
        Name of the model.
    free
        Names of the model's parameters that are free, instead of its default ones; a nuisance parameter that the
        model leaves fixed can be named too.
    fixed
        Names of nuisance parameters that stay fixed.
    priors
        Other priors, by parameter name.

    Raises
    ------
    UnknownNameError
        If a name is not known; the message lists near matches.
    """
    chosen = named_model(model, experiment)
    prepared = chosen.prepare(experiment)
    nuisances = {p.name: p for p in prepared.nuisances}
    offered = {p.name: p for p in chosen.parameters(prepared)} | nuisances
    wanted = list(chosen.free_by_default(prepared) if free is None else free)
    fixed, priors = tuple(fixed), dict(priors or {})
    for name in (*wanted, *fixed, *priors):
        if name not in offered:
            raise UnknownNameError("parameter", name, offered)
    names = [name for name in dict.fromkeys([*wanted, *chosen.free_nuisances(prepared)]) if name not in fixed]
    for name in priors:
        if name not in names:
            raise ParameterError(f"A prior is given for {name!r}, which is not free; name it with --free.")
    parameters = [
        Parameter(p.name, priors.get(p.name, p.prior), p.where, p.unit, p.description)
        for p in map(offered.__getitem__, names)
    ]
    return Model(prepared, parameters, chosen.derived)
