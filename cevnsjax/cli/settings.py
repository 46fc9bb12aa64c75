"""From text to experiments and values: what ``--set`` gives, and data that follow it."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cevnsjax.cli.common import say, warn
from cevnsjax.errors import CevnsjaxError, ParameterError

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment, Joint
    from cevnsjax.models import NamedModel


def prepare(
    experiment: str,
    model: str,
    share: Iterable[str] = (),
    given: Mapping[str, float] | None = None,
    *,
    allow_code: bool = False,
) -> tuple["Experiment | Joint", "NamedModel", dict[str, float]]:
    """Build an experiment with the interactions of a model and with what is set, and say which data were made anew.

    Parameters
    ----------
    experiment, model, share
        Name of the experiment (or names with commas between), name of the model, nuisances in common.
    given
        Numbers by parameter or path, like ``{"mass_kg": 15.0}``.
    allow_code
        Whether the description of an experiment may run a Python file beside it.

    Returns
    -------
    experiment, model
        Both.
    values
        Value of every path that was set.

    Raises
    ------
    UnknownNameError
        If a name is unknown.
    CevnsjaxError
        If what is to be shared is not common to experiments, or a block refuses its value.
    """
    from cevnsjax.experiment import asimov_names, named_experiment
    from cevnsjax.models import named_model

    built = named_experiment(experiment, share, allow_code=allow_code)
    chosen = named_model(model, built)
    prepared, values = apply_settings(chosen.prepared(built), chosen, given or {})
    if given and asimov_names(built):
        prepared = _with_data_anew(built, prepared, chosen, given, model)
    for sentence in what_is_unseen(prepared):
        warn(sentence)
    return prepared, chosen, values


def what_is_unseen(experiment: "Experiment | Joint") -> list[str]:
    """Sentences on sources that give no event: a fit of them would only return its priors."""
    from cevnsjax.experiment import unseen_sources

    several = len(experiment.parts) > 1
    return [
        f"{name}: {sentence}" if several else sentence
        for name, part in experiment.parts.items()
        for sentence in unseen_sources(part)
    ]


def _with_data_anew(
    built: "Experiment | Joint",
    prepared: "Experiment | Joint",
    chosen: "NamedModel",
    given: Mapping[str, float],
    name: str,
) -> "Experiment | Joint":
    """Make data anew that are a prediction, with everything that is set as the true values.

    What the model adds is in the prediction if a number of it is set: then it is asked what is seen where the model
    holds. Otherwise it is asked what is seen where it does not, and its nominal couplings must not leak into the data.
    """
    import equinox as eqx

    from cevnsjax.experiment import asimov_names
    from cevnsjax.inference import Offered

    offered, own = Offered(chosen.parameters(prepared), prepared), Offered((), built)
    where = {each: own.paths(each) if each in own.parameters else offered.paths(each) for each in given}
    of_the_model = [each for each, paths in where.items() if not all(map(own.has, paths))]
    truth = prepared if of_the_model else _set({p: given[each] for each in given for p in where[each]}, built)
    renewed = [part.observed for part in truth.renewed().parts.values()]
    numbers = ", ".join(f"{each}={value:g}" for each, value in given.items())
    what = f", the model {name} in it with its other numbers as they are" if of_the_model else ""
    names = " and ".join(asimov_names(built))
    say(f"note: {names}: the data are a prediction (Asimov), made anew with {numbers}{what}.")
    return eqx.tree_at(lambda e: [part.observed for part in e.parts.values()], prepared, renewed)


def apply_settings(experiment: Any, model: "NamedModel", given: Mapping[str, float]) -> tuple[Any, dict[str, float]]:
    """Set parameters and paths of an experiment, and check all of its blocks again.

    Parameters
    ----------
    experiment, model
        The experiment (or scattering without a detector), prepared for the model.
    given
        Numbers by parameter or path, like ``{"mass_kg": 15.0}``.

    Returns
    -------
    experiment
        With the values.
    values
        Value of every path that was set.

    Raises
    ------
    CevnsjaxError
        If a name is unknown, or a block refuses its value.
    """
    if not given:
        return experiment, {}
    from cevnsjax.inference import Offered

    offered = Offered(model.parameters(experiment), experiment)
    typed: dict[str, str] = {}
    for name in given:
        for path in offered.paths(name):
            if path in typed:
                both = " and as ".join(map(repr, sorted((typed[path], name))))
                raise ParameterError(f"--set gives one number twice, as {both}; give it once.")
            typed[path] = name
    values = {path: given[name] for path, name in typed.items()}
    try:
        return _set(values, experiment), values
    except CevnsjaxError as error:
        raise CevnsjaxError(f"{_culprit(experiment, given, typed)} cannot be: {error}") from None


def _culprit(experiment: Any, given: Mapping[str, float], typed: Mapping[str, str]) -> str:
    """What was typed that a block refuses: the one that is refused alone too, or else all together."""
    for name, value in given.items():
        try:
            _set({path: value for path, of in typed.items() if of == name}, experiment)
        except CevnsjaxError:
            return f"{name}={value:g}"
    return ", ".join(f"{name}={value:g}" for name, value in given.items())


def _set(values: Mapping[str, float], experiment: Any) -> Any:
    """The experiment with numbers at paths; all of its blocks are checked again."""
    from cevnsjax.paths import check_tree, set_number

    for path, value in values.items():
        experiment = set_number(experiment, path, value)
    check_tree(experiment)
    return experiment


def assignments(option: str, given: Iterable[str] | None) -> dict[str, str]:
    """Texts by name, from texts like ``NAME=VALUE`` of a repeated option."""
    found: dict[str, str] = {}
    for text in given or ():
        name, separator, value = (part.strip() for part in text.partition("="))
        if not (name and separator and value):
            raise ParameterError(f"{option} needs NAME=VALUE, got {text!r}.")
        if name in found:
            raise ParameterError(f"{option} is given twice for {name!r}; give it once.")
        found[name] = value
    return found


def parse_numbers(given: Iterable[str] | None, option: str = "--set") -> dict[str, float]:
    """Numbers by name, from texts like ``mass_kg=15`` of the option ``--set``, or of another one."""
    numbers: dict[str, float] = {}
    for name, text in assignments(option, given).items():
        try:
            numbers[name] = float(text)
        except ValueError:
            raise ParameterError(f"{option} '{name}={text}': {text!r} is not a number.") from None
        if not math.isfinite(numbers[name]):
            raise ParameterError(f"{option} '{name}={text}': the value must be finite.")
    return numbers
