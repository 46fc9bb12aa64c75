"""How a fit is built from a model's name."""

from collections.abc import Iterable, Mapping

import numpyro.distributions as dist

from cevnsjax.arrays import short
from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.inference.model import Model
from cevnsjax.inference.offered import Offered
from cevnsjax.models import NamedModel, named_model
from cevnsjax.parameter import Parameter, check_prior, name_tuple


def build_model(
    experiment: Experiment | Joint,
    model: str = "sm",
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    priors: Mapping[str, dist.Distribution] | None = None,
) -> Model:
    """Build a named model of an experiment (or of several together) with its nuisance parameters.

    Data that are the experiment's own prediction (:meth:`Experiment.asimov`) are made anew first: the true values are
    those that the experiment has when it comes here, and the model is in the prediction if it is in the experiment.

    Parameters
    ----------
    experiment
        The experiment, or several.
    model
        Name of the model.
    free
        Names of the model's parameters that are free, instead of its default ones; a nuisance parameter that the
        model leaves fixed can be named too, and so can the path of any number of the experiment, which is then its
        name and needs a prior. The only path of a parameter stands for its name, here and below.
    fixed
        Names of nuisance parameters that stay fixed.
    priors
        Other priors, by parameter name.

    Raises
    ------
    UnknownNameError
        If a name is not known; the message lists near matches.
    ParameterError
        If a path has no prior, a prior is for what is not free, or names or priors are something else.
    """
    if not isinstance(experiment, Experiment | Joint):
        raise ParameterError(f"A model needs an Experiment or a Joint of several, got {short(experiment)}.")
    chosen = named_model(model, experiment)
    return prepared_model(chosen, chosen.prepared(experiment.renewed()), free=free, fixed=fixed, priors=priors)


def prepared_model(
    model: NamedModel,
    prepared: Experiment | Joint,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    priors: Mapping[str, dist.Distribution] | None = None,
    moving: Iterable[Parameter] = (),
) -> Model:
    """Do what :func:`build_model` does with an experiment that is prepared for a model, and with its data as they are.

    Parameters
    ----------
    model, prepared
        The model, and the experiment with its interactions.
    free, fixed, priors
        See :func:`build_model`.
    moving
        Parameters that are not fitted, but whose leaves may be replaced: see :class:`Model`.
    """
    if priors is not None and not isinstance(priors, Mapping):
        raise ParameterError(f"priors must be a dictionary of distributions by parameter name, got {short(priors)}.")
    offered = Offered(model.parameters(prepared), prepared)
    wanted = model.free_by_default(prepared) if free is None else map(offered.name, name_tuple("free", free))
    held = {offered.name(name) for name in name_tuple("fixed", fixed)}
    for name in held - offered.parameters.keys():
        raise ParameterError(f"{name!r} is not free, so it cannot be fixed; --set gives it another value.")
    names = [name for name in dict.fromkeys([*wanted, *model.free_nuisances(prepared)]) if name not in held]
    others: dict[str, dist.Distribution] = {}
    for given, prior in (priors or {}).items():
        name = offered.name(given)
        if name not in names:
            raise ParameterError(f"A prior is given for {given!r}, which is not free; name it with --free.")
        if name in others:
            raise ParameterError(f"Two priors are given for {name!r}, one of them by its path; give one.")
        check_prior(name, prior)
        others[name] = prior
    found = [offered.parameter(name, others.get(name)) for name in names]
    return Model(prepared, found, model.derived, moving=tuple(moving))
