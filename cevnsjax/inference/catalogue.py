"""Named models: how the interaction is built, and which parameters it offers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import equinox as eqx
import numpyro.distributions as dist

from cevnsjax.cross_section import NSI, Coherent
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment
from cevnsjax.inference.model import Model
from cevnsjax.parameter import Parameter


@dataclass(frozen=True)
class NamedModel:
    """A model that can be asked for by name.

    Attributes
    ----------
    description
        One line.
    prepare
        Function from an experiment to the same experiment with the model's interaction; twice does the same as once.
    parameters
        What the model offers to be free.
    default_free
        Names of those that are free unless others are chosen.
    excluded_nuisances
        Nuisance parameters of the experiment that the model leaves fixed by default, because they cannot be told from
        it.
    """

    description: str
    prepare: Callable[[Experiment], Experiment]
    parameters: tuple[Parameter, ...]
    default_free: tuple[str, ...]
    excluded_nuisances: tuple[str, ...] = ()


def _with_nsi(experiment: Experiment) -> Experiment:
    interaction = experiment.interaction
    if not isinstance(interaction, Coherent):
        raise ParameterError(f"The model 'nsi' needs a coherent interaction, {experiment.name!r} has another one.")
    # an experiment that has the term keeps it, with whatever was set in it
    return experiment.with_interaction(
        eqx.tree_at(lambda coherent: coherent.terms, interaction, {"nsi": NSI(), **interaction.terms})
    )


_NSI_ENTRIES = {
    "ee": "ee",
    "mumu": "mumu",
    "tautau": "tautau",
    "emu": "emu_real",
    "emu_imag": "emu_imag",
    "etau": "etau_real",
    "etau_imag": "etau_imag",
    "mutau": "mutau_real",
    "mutau_imag": "mutau_imag",
}

MODELS: dict[str, NamedModel] = {
    "sm": NamedModel(
        "Standard Model with a free signal norm",
        lambda experiment: experiment,
        (
            Parameter(
                "signal_norm", dist.Uniform(0.0, 3.0), "signal_norm", description="CEvNS rate over its prediction"
            ),
        ),
        ("signal_norm",),
        excluded_nuisances=("neutrinos_per_proton",),
    ),
    "sm-sw2": NamedModel(
        "Standard Model with a free weak mixing angle at zero momentum transfer",
        lambda experiment: experiment,
        (
            Parameter(
                "weak_mixing_angle_sin2",
                dist.Uniform(0.0, 0.5),
                "interaction.terms.sm.weak_mixing_angle_sin2",
                description="sin^2 theta_W, MS-bar, Q = 0",
            ),
        ),
        ("weak_mixing_angle_sin2",),
    ),
    "nsi": NamedModel(
        "vector non-standard interactions with up and down quarks",
        _with_nsi,
        tuple(
            Parameter(
                f"eps_{name}_{letter}",
                dist.Uniform(-1.0, 1.0),
                f"interaction.terms.nsi.{quark}.{entry}",
                description=f"vector NSI coupling, {entry.replace('_', ' ')} entry, {quark} quark",
            )
            for quark, letter in (("up", "u"), ("down", "d"))
            for name, entry in _NSI_ENTRIES.items()
        ),
        ("eps_ee_u", "eps_ee_d"),
    ),
}


def named_model(name: str) -> NamedModel:
    """Look up a model.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    return MODELS[name]


def build_model(
    experiment: Experiment,
    model: str = "sm",
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    priors: Mapping[str, dist.Distribution] | None = None,
) -> Model:
    """Build a named model of an experiment with its nuisance parameters.

    Parameters
    ----------
    experiment
        The experiment.
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
    chosen = named_model(model)
    nuisances = {p.name: p for p in experiment.nuisances}
    offered = {p.name: p for p in chosen.parameters} | nuisances
    wanted = list(chosen.default_free if free is None else free)
    fixed, priors = tuple(fixed), dict(priors or {})
    for name in (*wanted, *fixed, *priors):
        if name not in offered:
            raise UnknownNameError("parameter", name, offered)
    default_nuisances = [name for name in nuisances if name not in chosen.excluded_nuisances]
    names = [name for name in dict.fromkeys([*wanted, *default_nuisances]) if name not in fixed]
    for name in priors:
        if name not in names:
            raise ParameterError(f"A prior is given for {name!r}, which is not free; name it with --free.")
    parameters = [
        Parameter(p.name, priors.get(p.name, p.prior), p.where, p.unit, p.description)
        for p in map(offered.__getitem__, names)
    ]
    return Model(chosen.prepare(experiment), parameters)
