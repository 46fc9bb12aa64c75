"""From tables to blocks: every value becomes what the field that it is for is declared to be."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from cevnsjax.arrays import short
from cevnsjax.columns import Column, read_columns
from cevnsjax.errors import CevnsjaxError, near_matches
from cevnsjax.experiment.description.kinds import Field, fields_of, kind_named, kinds_of
from cevnsjax.experiment.description.where import DescriptionError, Where

Special = Callable[[Any, Where], Any]
SPECIAL: dict[type, Special] = {}
"""Types whose tables are more than their fields, with what reads them."""


def convert(value: Any, annotation: Any, where: Where) -> Any:
    """Convert a value of a description to what a field is declared to be.

    Parameters
    ----------
    value
        As TOML has it.
    annotation
        The type of the field.
    where
        The place, for messages.

    Raises
    ------
    DescriptionError
        If it cannot be that.
    """
    origin = typing.get_origin(annotation)
    if annotation is Any:
        return value
    if annotation in SPECIAL:
        return SPECIAL[annotation](value, where)
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, [each for each in typing.get_args(annotation) if each is not type(None)], where)
    if annotation is jax.Array:
        return numbers(value, None, where)
    if hasattr(annotation, "dim_str"):
        return numbers(value, _rank(annotation.dim_str), where)
    if inspect.isclass(annotation) and issubclass(annotation, eqx.Module):
        return block(value, annotation, where)
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        _, inner = typing.get_args(annotation)
        table = where.table(value, "names and what they stand for")
        return {name: convert(each, inner, where.at(name)) for name, each in table.items()}
    if inspect.isclass(origin) and issubclass(origin, Sequence):
        if not isinstance(value, list):
            where.fail(f"a list is needed, got {short(value)}")
        inner = typing.get_args(annotation)[0]
        return tuple(convert(each, inner, where.at(i)) for i, each in enumerate(value))
    return _plain(value, annotation, where)


def _one_of(value: Any, options: list[Any], where: Where) -> Any:
    """The first of several types that the value is in the form of."""
    if isinstance(value, str):
        options = sorted(options, key=lambda each: each is not str)
    elif isinstance(value, dict):
        options = sorted(options, key=lambda each: not (inspect.isclass(each) and issubclass(each, eqx.Module)))
    elif len(options) > 1:
        options = sorted(options, key=lambda each: inspect.isclass(each) and issubclass(each, eqx.Module))
    return convert(value, options[0], where)


def _plain(value: Any, annotation: Any, where: Where) -> Any:
    """Text, a whole number, yes or no, or a number."""
    if annotation is str:
        return where.text(value)
    if annotation is float:
        return float(numbers(value, 0, where))
    names = {bool: "true or false", int: "a whole number"}
    if annotation not in names:
        where.fail("this cannot be written in a description; build the experiment in Python")
    if type(value) is not annotation:  # true is no whole number
        where.fail(f"{names[annotation]} is needed, got {short(value)}")
    return value


def _rank(dimensions: str) -> int | None:
    """How many axes an array has; none if any number of them."""
    names = dimensions.split()
    return None if any(name == "..." or name.startswith(("*", "#*", "*#")) for name in names) else len(names)


def numbers(value: Any, rank: int | None, where: Where) -> np.ndarray:
    """Finite numbers: one, a list, or a column of a file.

    Parameters
    ----------
    value
        A number, (nested) lists of them, or a table ``{file, column, unit}``.
    rank
        How many axes; none if any number of them.
    where
        The place: its last key is the name of the field, which ends in its unit.
    """
    if isinstance(value, dict):
        value = _column(value, where)
    shape = {None: "a number or a list of numbers", 0: "a number", 1: "a list of numbers"}.get(rank, "a list of lists")
    if _has(value, str):
        where.fail(f"{shape} without quotes is needed, got {short(value)}")
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):  # dates, lists of different lengths
        array = np.zeros(0)
    if _has(value, bool) or not array.size or (rank is not None and array.ndim != rank):
        where.fail(f"{shape} is needed, got {short(value)}")
    if not np.all(np.isfinite(array)):
        where.fail(f"numbers must be finite, got {short(value)}")
    return array


def _has(value: Any, kind: type) -> bool:
    return any(_has(each, kind) for each in value) if isinstance(value, list) else isinstance(value, kind)


def _column(table: dict[str, Any], where: Where) -> np.ndarray:
    where.only(table, ("file", "column"))
    for key in ("file", "column"):
        if key not in table:
            where.fail(f'a column of a file is {{ file = "...", column = "..." }}, got no {key!r}')
    _, unit = split_unit(where.keys[-1])
    column = Column(where.at("column").text(table["column"]), unit)
    try:
        return read_columns(where.path(table["file"]), [column]).get(column, 0)
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))


_UNITS = ("keV", "MeV", "GeV", "us", "s", "m", "cm", "kg", "fm", "days", "PE")


def split_unit(name: str) -> tuple[str, str]:
    """Name and unit of a field: ``knots_keV``, ``counts_per_keV_kg_day``; no unit where its end is none."""
    stem, per, below = name.partition("_per_")
    if per:
        return stem, f"1/({'*'.join(below.replace('cm2', 'cm**2').split('_'))})"
    stem, _, unit = name.rpartition("_")
    return (stem, unit) if stem and unit in _UNITS else (name, "")


def block(value: Any, wanted: type, where: Where) -> Any:
    """Build a block of a type from its table.

    Parameters
    ----------
    value
        The table: ``kind`` (which may be left out where only the type itself is possible) and fields.
    wanted
        The type.
    where
        The place.

    Raises
    ------
    DescriptionError
        If there is no such kind or field, one is missing, or the block refuses its values.
    """
    table = dict(where.table(value, f"kind = one of {', '.join(kinds_of(wanted))}"))
    kind = table.pop("kind", None)
    if kind is None:
        if wanted.__name__.startswith("Abstract"):
            where.fail(f"'kind' is missing; one of {', '.join(kinds_of(wanted))}")
        kind = wanted.__name__
        make: Any = wanted
    else:
        make = kind_named(wanted, kind, where)
    reader = getattr(make, "from_file", None)
    if "file" in table and reader is not None:
        make = reader
        table["path"] = str(where.at("file").path(table.pop("file")))
    return call(make, table, where, str(kind))


def call(make: Callable, table: Mapping[str, Any], where: Where, kind: str) -> Any:
    """Call what makes a block with the values of its table."""
    fields = fields_of(make)
    for key in table:
        if key not in fields:
            where.fail(f"there is no field of {kind} called {key!r}; {near_matches(key, fields)}")
    arguments = {key: _field(make, key, each, fields[key], where.at(key)) for key, each in table.items()}
    for name, each in fields.items():
        if each.required and name not in arguments:
            if name not in where.follows:
                hint = ": give the axis a name with its unit, like energy_keVee" if name.startswith("edges_") else ""
                where.fail(f"{kind} needs {name!r}{hint}")
            arguments[name] = where.follows[name]
    try:
        return make(**arguments)
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))


def _field(make: Any, key: str, value: Any, declared: Field, where: Where) -> Any:
    """A value of a field; a text in the place of a block is a name that the field's own converter knows."""
    if isinstance(value, str) and inspect.isclass(declared.annotation) and issubclass(declared.annotation, eqx.Module):
        if inspect.isclass(make) and declared.annotation not in SPECIAL:
            converter = typing.cast(Any, make).__dataclass_fields__[key].metadata.get("converter")
            if converter is not None:
                try:
                    return converter(value)
                except CevnsjaxError as error:
                    where.fail(str(error))
        elif declared.annotation not in SPECIAL:
            where.fail(f"a table is needed, got {short(value)}")
    if key == "path" and isinstance(value, str):
        return value
    return convert(value, declared.annotation, where)
