"""A JSON schema of descriptions, made from the fields of the blocks: editors complete and check files with it."""

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx

from cevnsjax.cross_section import AbstractInteraction
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.description.kinds import fields_of, kinds_of
from cevnsjax.experiment.description.read import KEYS, NEEDED
from cevnsjax.flux import AbstractArrival, AbstractSource, Source
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.target import FORM_FACTORS, AbstractFormFactor, Material

_FOLLOWS = ("exposure_s", "edges_keV", "edges_PE", "proton_number", "target", "components")
_COLUMN = {
    "type": "object",
    "properties": {"file": {"type": "string"}, "column": {"type": "string"}},
    "required": ["file", "column"],
    "additionalProperties": False,
}
_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}


def description_schema() -> dict[str, Any]:
    """The schema, as nested dictionaries (JSON schema, draft 2020-12)."""
    definitions: dict[str, Any] = {}
    named = {
        "sources": _sources(definitions),
        "interactions": _of(AbstractInteraction, definitions),
        "backgrounds": _of(AbstractBackground, definitions),
        "nuisances": _table(
            {
                "prior": _TEXT,
                "where": {"type": ["string", "array"]},
                "unit": _TEXT,
                "description": _TEXT,
                "symbol": _TEXT,
            },
            ("prior", "where"),
        ),
        "samples": {"type": "array", "items": _TEXT},
        "time_ratios": dict(_NUMBER),
    }
    single = {
        "target": _target(definitions),
        "quenching": _of(AbstractQuenching, definitions),
        "response": _of(AbstractResponse, definitions),
        "times": _of(TimeWindow, definitions),
        "axes": {"type": "array", "items": _axis(), "minItems": 1},
        "data": {"type": "object"},
    }
    numbers = ("mass_kg", "exposure_days", "exposure_kg_days", "signal_norm")
    properties = {
        key: single.get(key) or (_map(named[key]) if key in named else dict(_NUMBER if key in numbers else _TEXT))
        for key in KEYS
    }
    for key, what in KEYS.items():
        properties[key] = {**properties[key], "description": what}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An experiment of cevnsjax",
        **_table(properties, NEEDED),
        "$defs": dict(sorted(definitions.items())),
    }


def _table(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _map(inner: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": inner}


def _axis() -> dict[str, Any]:
    edges = {"type": "array", "items": _NUMBER, "minItems": 2}
    spacing = {"enum": ["linear", "log"]}
    bins = {"type": "integer", "minimum": 1}
    return {
        "anyOf": [
            _table({"name": _TEXT, "edges": edges}, ("name", "edges")),
            _table(
                {"name": _TEXT, "low": _NUMBER, "high": _NUMBER, "bins": bins, "spacing": spacing},
                ("name", "low", "high", "bins"),
            ),
        ]
    }


def _target(definitions: dict[str, Any]) -> dict[str, Any]:
    factor = _of(AbstractFormFactor, definitions)
    table = {
        "formula": _TEXT,
        "form_factor": {"enum": list(FORM_FACTORS)},
        "form_factors": _map(_table({"proton": factor, "neutron": factor}, ())),
        "levels": _map(_table({"quenching": _NUMBER, "file": _TEXT, "layout": _TEXT}, ())),
    }
    return {"anyOf": [_TEXT, _table(table, ("formula",))]}


def _sources(definitions: dict[str, Any]) -> dict[str, Any]:
    arrival = {"arrival": _of(AbstractArrival, definitions)}
    fluxes = [_kind(name, make, definitions, arrival) for name, make in kinds_of(AbstractSource).items()]
    both = [
        _kind(name, make, definitions)
        for name, make in kinds_of(Source).items()
        if name not in ("Source", "Source.steady")
    ]
    return {"anyOf": [*fluxes, *both]}


def _kind(
    name: str, make: Any, definitions: dict[str, Any], also: Mapping[str, Any] | None = None, *, needed: bool = True
) -> dict[str, Any]:
    """Schema of the table of one kind."""
    fields = {key: each for key, each in fields_of(make).items() if key != "path"}
    properties = {key: _value(each.annotation, definitions) for key, each in fields.items()}
    required = [key for key, each in fields.items() if each.required and key not in _FOLLOWS]
    kind = {"kind": {"const": name}}
    if not hasattr(make, "from_file"):
        return _table({**kind, **properties, **(also or {})}, [*(["kind"] if needed else []), *required])
    reader = {key: each for key, each in fields_of(make.from_file).items() if key != "path"}
    of_file = {key: _value(each.annotation, definitions) for key, each in reader.items()}
    whole = _table({**kind, **properties, **(also or {})}, [*(["kind"] if needed else []), *required])
    file = _table({**kind, "file": _TEXT, **of_file, **(also or {})}, [*(["kind"] if needed else []), "file"])
    return {"anyOf": [whole, file]}


def _of(wanted: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Reference to the schema of all that can be a block of a type."""
    name = wanted.__name__
    if name not in definitions:
        definitions[name] = {}  # a block may hold others of its type
        needed = name.startswith("Abstract")
        definitions[name] = {
            "anyOf": [_kind(kind, make, definitions, needed=needed) for kind, make in kinds_of(wanted).items()]
        }
    return {"$ref": f"#/$defs/{name}"}


def _value(annotation: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = typing.get_origin(annotation)
    if annotation is Material:
        return _target(definitions)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_value(each, definitions) for each in typing.get_args(annotation) if each is not type(None)]}
    if hasattr(annotation, "dim_str"):
        return dict(_NUMBER) if annotation.dim_str == "" else {"anyOf": [_NUMBER, {"type": "array"}, _COLUMN]}
    if inspect.isclass(annotation) and issubclass(annotation, eqx.Module):
        return {"anyOf": [_of(annotation, definitions), _TEXT]}
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return _map(_value(typing.get_args(annotation)[1], definitions))
    if inspect.isclass(origin) and issubclass(origin, Sequence):
        return {"type": "array", "items": _value(typing.get_args(annotation)[0], definitions)}
    plain = {str: "string", Path: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": plain[annotation]} if annotation in plain else {}
