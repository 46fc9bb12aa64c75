"""A design study from a TOML file: what a fit is told, and variables, an objective, a budget and hypotheses."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cevnsjax.cli.run_file import FitSettings, read_toml, settings_from
from cevnsjax.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from cevnsjax.design import AbstractObjective, AbstractVariable

_OWN = "variables", "objective", "budget", "hypotheses"
_FOUND = {"entropy", "points", "start"}
"""Fields of objectives that are computed, and not told."""


@dataclass(frozen=True)
class StudyFile:
    """What a file says.

    Attributes
    ----------
    settings
        What is fitted.
    variables, objective
        What may be chosen, and what it is judged by.
    budget
        Most that it may cost; infinite if nothing is said.
    """

    settings: FitSettings
    variables: tuple["AbstractVariable", ...]
    objective: "AbstractObjective"
    budget: float


def read_study(path: Path) -> StudyFile:
    """Read a study.

    Raises
    ------
    OutputError
        If it cannot be read.
    CevnsjaxError
        If it is no TOML, or a key or the type of a value is wrong; the message names the key.
    """
    from cevnsjax.design import WorstCase

    content = read_toml(path)
    file = str(path)
    own = {name: content.pop(name) for name in _OWN if name in content}
    known = {each.name for each in fields(FitSettings)} | set(_OWN)
    for name in content:
        if name not in known:
            raise UnknownNameError(f"key in {file}", name, known)
    settings = settings_from(content, file)
    objective = _objective(own.get("objective"), file)
    if hypotheses := own.get("hypotheses"):
        objective = WorstCase(objective, _hypotheses(hypotheses, file))
    budget = own.get("budget", float("inf"))
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not budget > 0.0:
        raise ParameterError(f"{file}: budget must be a positive number, got {budget!r}.")
    return StudyFile(settings, _variables(own.get("variables"), file), objective, float(budget))


def _variables(tables: Any, file: str) -> tuple["AbstractVariable", ...]:
    from cevnsjax.design import Enrichment, MassFraction, SourceOff, Variable

    if not isinstance(tables, dict) or not tables or not all(isinstance(each, dict) for each in tables.values()):
        raise ParameterError(f"{file} needs design variables; give tables like [variables.mass].")
    kinds = {each.__name__: each for each in (Variable, Enrichment, MassFraction, SourceOff)}
    return tuple(
        _made(kinds, {"kind": "Variable", "name": name, **table}, file, f"variables.{name}")
        for name, table in tables.items()
    )


def _objective(table: Any, file: str) -> "AbstractObjective":
    from cevnsjax.design import AsimovSignificance, ExpectedLimit, InformationGain, PosteriorWidth

    if not isinstance(table, dict):
        raise ParameterError(f"{file} needs a table [objective], like kind = 'PosteriorWidth'.")
    kinds = {each.__name__: each for each in (PosteriorWidth, InformationGain, AsimovSignificance, ExpectedLimit)}
    return _made(kinds, table, file, "objective")


def _made(kinds: Mapping[str, type], table: dict[str, Any], file: str, where: str) -> Any:
    """An object of the kind that a table names, from its other keys."""
    kind = table.get("kind", "none")
    if kind not in kinds:
        raise UnknownNameError(f"kind of {where} in {file}", str(kind), kinds)
    known: dict[str, Any] = {each.name: each for each in fields(kinds[kind]) if each.name not in _FOUND}
    given = {name: value for name, value in table.items() if name != "kind"}
    for name, value in given.items():
        if name not in known:
            raise UnknownNameError(f"key of {where} in {file}", name, known)
        _check(f"{file}: {where}.{name}", value, known[name])
    missing = [
        name
        for name, each in known.items()
        if name not in given and each.default is MISSING and each.default_factory is MISSING
    ]
    if missing:
        raise ParameterError(f"{file}: {where} needs {' and '.join(missing)}.")
    told = {
        name: tuple(value)
        if isinstance(value, list)
        else float(value)
        if isinstance(value, int) and not isinstance(value, bool) and known[name].type is not int
        else value
        for name, value in given.items()
    }
    try:
        return kinds[kind](**told)
    except ParameterError as error:
        raise ParameterError(f"{file}: {where}: {error}") from None


def _check(what: str, value: Any, known: Any) -> None:
    """Refuse a value that is not of the type of its field."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if known.type is str:
        wanted, good = "a text", isinstance(value, str)
    elif known.type == tuple[str, ...]:
        wanted, good = "a list of names", texts
    elif known.type == str | tuple[str, ...]:
        wanted, good = "a path, or a list of paths", texts or isinstance(value, str)
    elif known.type is bool:
        wanted, good = "true or false", isinstance(value, bool)
    elif known.type is int:
        wanted, good = "a whole number", is_number and isinstance(value, int)
    else:
        wanted, good = "a number", is_number
    if not good:
        raise ParameterError(f"{what} must be {wanted}, got {value!r}.")


def _hypotheses(tables: Any, file: str) -> dict[str, list[Any]]:
    """Numbers or quenchings by path, one for each hypothesis."""
    from cevnsjax.experiment.description.block import block
    from cevnsjax.experiment.description.where import Where
    from cevnsjax.quenching import AbstractQuenching

    def read(number: int, path: str, value: Any) -> Any:
        if isinstance(value, dict):
            return block(value, AbstractQuenching, Where(file, Path(file).parent, ("hypotheses", str(number), path)))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ParameterError(
                f'{file}: hypotheses need "PATH" = NUMBER, or a quenching like quenching = {{ kind = ... }}, got '
                f"{path} = {value!r}."
            )
        return float(value)

    if not isinstance(tables, list) or not all(isinstance(each, dict) and each for each in tables):
        raise ParameterError(f"{file}: hypotheses must be tables [[hypotheses]] of numbers or quenchings by path.")
    paths = list(tables[0])
    for each in tables:
        if list(each) != paths:
            raise ParameterError(f"{file}: every one of the hypotheses must have values for {', '.join(paths)}.")
    return {path: [read(number, path, each[path]) for number, each in enumerate(tables)] for path in paths}
