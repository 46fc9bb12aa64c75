"""Which public names make a block of a type, and what they take."""

import dataclasses
import functools
import importlib
import importlib.util
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import equinox as eqx

from cevnsjax.errors import near_matches
from cevnsjax.experiment.description.where import Where


@dataclass(frozen=True)
class Field:
    """What a block takes: the type of a field, and whether it must be given."""

    annotation: Any
    required: bool


@functools.cache
def fields_of(make: Any) -> dict[str, Field]:
    """Fields of a class, or parameters of a constructor, by name."""
    if inspect.isclass(make):
        hints = typing.get_type_hints(make)
        missing = dataclasses.MISSING
        return {
            each.name: Field(hints[each.name], each.default is missing and each.default_factory is missing)
            for each in dataclasses.fields(typing.cast(Any, make))
            if each.init
        }
    hints = typing.get_type_hints(make)
    return {
        name: Field(hints.get(name, Any), each.default is each.empty)
        for name, each in inspect.signature(make).parameters.items()
    }


@functools.cache
def kinds_of(wanted: type) -> dict[str, Callable]:
    """Public names of a type's room that make it: its classes, their constructors, and functions."""
    room = _room(wanted)
    kinds: dict[str, Callable] = {}
    for name in room.__all__:
        public = getattr(room, name)
        if inspect.isclass(public):
            if issubclass(public, wanted) and not name.startswith("Abstract"):
                kinds[name] = public
                kinds |= {f"{name}.{own}": make for own, make in _constructors(public).items()}
        elif inspect.isfunction(public) and _makes(public, wanted):
            kinds[name] = public
    return kinds


def _room(wanted: type) -> ModuleType:
    return importlib.import_module(".".join(wanted.__module__.split(".")[:2]))


def _constructors(public: type) -> dict[str, Callable]:
    """Public class methods that make the class, but for the reader of a file, which has a key of its own."""
    methods = {name for name, each in vars(public).items() if isinstance(each, classmethod)}
    named = sorted(name for name in methods if not name.startswith("_") and name != "from_file")
    return {name: getattr(public, name) for name in named if _makes(getattr(public, name), public)}


def _makes(make: Callable, wanted: type) -> bool:
    try:
        made = typing.get_type_hints(make).get("return")
    except NameError:  # a type that is imported for checks alone
        return False
    return inspect.isclass(made) and issubclass(made, eqx.Module) and issubclass(made, wanted)


def kind_named(wanted: type, kind: Any, where: Where) -> Callable:
    """What makes a block of a type, by the name that a description gives.

    Raises
    ------
    DescriptionError
        If there is no such kind.
    """
    kinds = kinds_of(wanted)
    name = where.at("kind").text(kind)
    if ":" in name:
        return _own(wanted, name, where.at("kind"))
    if name not in kinds:
        reason = _left_out(wanted, name)
        if reason is not None:
            where.at("kind").fail(reason)
        where.at("kind").fail(f"there is no {_noun(wanted)} {name!r}; {near_matches(name, kinds)}")
    return kinds[name]


def _left_out(wanted: type, name: str) -> str | None:
    """Why there is no such kind, where a room says so: its ``LEFT_OUT`` has parts of names, in small letters alone."""
    plain = "".join(letter for letter in name.casefold() if letter.isalnum())
    reasons = getattr(_room(wanted), "LEFT_OUT", {})
    return next((reason for part, reason in reasons.items() if part in plain), None)


def _own(wanted: type, name: str, where: Where) -> Callable:
    """A class of the user's own, from a Python file beside the description."""
    module, _, attribute = name.partition(":")
    if not where.allow_code:
        where.fail(f"{name!r} is code in {module}.py, which is run only where that is allowed (--allow-code)")
    path = where.folder / f"{module}.py"
    if not module.isidentifier() or not path.is_file():
        where.fail(f"there is no file {module}.py beside the description")
    specification = importlib.util.spec_from_file_location(f"cevnsjax_own_{module}", path)
    assert specification is not None
    assert specification.loader is not None
    loaded = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(loaded)
    except Exception as error:
        where.fail(f"{path.name} cannot be run: {type(error).__name__}: {error}")
    make = getattr(loaded, attribute, None)
    if not (inspect.isclass(make) and issubclass(make, wanted)):
        where.fail(f"{module}.py has no {_noun(wanted)} {attribute!r}, a class made from {wanted.__name__}")
    return make


def _noun(wanted: type) -> str:
    return wanted.__name__.removeprefix("Abstract")
