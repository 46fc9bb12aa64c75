"""What is fitted, by ``fit`` and by ``scan``: a model from names and settings, checked before anything is computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cevnsjax.cli.checks import check_start
from cevnsjax.cli.common import say
from cevnsjax.cli.run_file import FitSettings
from cevnsjax.cli.settings import prepare
from cevnsjax.errors import ParameterError
from cevnsjax.prior_texts import parse_prior

if TYPE_CHECKING:
    from numpyro.distributions import Distribution

    from cevnsjax.inference import Model, Offered


@dataclass(frozen=True)
class FittedModel:
    """A model, and how it came about.

    Attributes
    ----------
    model
        The model.
    values
        Value of every path that was set.
    gridded
        Names of the parameters on a grid, in the order in which they were asked for.
    """

    model: "Model"
    values: dict[str, float]
    gridded: tuple[str, ...] = ()


def fitted_model(settings: FitSettings, *, gridded: Iterable[str] = (), allow_code: bool = False) -> FittedModel:
    """Build a model from what a command was told, and say what its settings mean.

    Parameters
    ----------
    settings
        What it was told: experiment and model, what is set, free, fixed and shared, and priors.
    gridded
        Parameters (or paths) that are free beside these, to be put on a grid.
    allow_code
        Whether the description of an experiment may run a Python file beside it.

    Raises
    ------
    CevnsjaxError
        If a name is not known, settings contradict each other, or there is no prediction.
    """
    from cevnsjax.inference import Offered, prepared_model

    priors = {name: _prior(name, text) for name, text in settings.prior.items()}
    prepared, chosen, values = prepare(
        settings.experiment, settings.model, settings.share, settings.set, allow_code=allow_code
    )
    offered = Offered(chosen.parameters(prepared), prepared)
    free, fix = settings.free, settings.fix
    on_grid = _on_grid(offered, gridded, fix)
    held = {offered.name(name) for name in fix}
    both = [name for name in free if offered.name(name) in held]
    if both:
        raise ParameterError(f"The parameter {both[0]!r} is both free and fixed; give it --free or --fix.")
    wanted = free or [name for name in chosen.free_by_default(prepared) if name not in held]
    built = prepared_model(chosen, prepared, free=[*on_grid, *wanted], fixed=fix, priors=priors)
    check_start(built)
    _say_what_is_free(built, values)
    return FittedModel(built, values, on_grid)


def _prior(name: str, text: str) -> "Distribution":
    """The prior of a parameter, from a text."""
    try:
        return parse_prior(text)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None


def _say_what_is_free(model: "Model", values: Mapping[str, float]) -> None:
    """Say of what is set and free at once what that means."""
    from cevnsjax.experiment import asimov_names

    moves = "its true value in the prediction, and" if asimov_names(model.experiment) else "only"
    for p in model.parameters:
        if any(path in values for path in p.paths):
            say(f"note: {p.name} is free, so --set moves {moves} where its prior is checked; --fix {p.name} holds it.")


def _on_grid(offered: "Offered", gridded: Iterable[str], fix: Iterable[str]) -> tuple[str, ...]:
    """Names of the parameters on a grid, each once and none held fixed."""
    names, held = tuple(map(offered.name, gridded)), {offered.name(name) for name in fix}
    for name in names:
        if name in held:
            raise ParameterError(f"The parameter {name!r} is on the grid and cannot be fixed too.")
        if names.count(name) > 1:
            raise ParameterError(f"--grid is given for {name!r} and for its path; give each parameter one grid.")
    return names
