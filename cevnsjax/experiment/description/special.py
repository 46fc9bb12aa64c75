"""What is more than its fields: targets, sources, nuisance parameters."""

from pathlib import Path
from typing import Any

from cevnsjax.errors import CevnsjaxError, near_matches
from cevnsjax.experiment.description.block import SPECIAL, block, call, convert
from cevnsjax.experiment.description.kinds import fields_of, kind_named, kinds_of
from cevnsjax.experiment.description.where import DescriptionError, Where
from cevnsjax.flux import AbstractArrival, AbstractSource, Source
from cevnsjax.parameter import Parameter
from cevnsjax.prior_texts import parse_prior
from cevnsjax.target import (
    FORM_FACTORS,
    AbstractFormFactor,
    Material,
    NuclearLevels,
    compound,
    nuclear_levels,
    read_kshell_levels,
    read_levels,
)

_TARGET = ("formula", "form_factor", "form_factors", "levels")


def target(value: Any, where: Where) -> Material:
    """Read a target: a formula, or a table of a formula, form factors and levels."""
    table = {"formula": value} if isinstance(value, str) else where.table(value, "formula, form_factor, levels")
    where.only(table, _TARGET)
    name = table.get("form_factor", "klein-nystrand")
    if name not in FORM_FACTORS:
        where.at("form_factor").fail(f"there is no form factor {name!r}; {near_matches(str(name), FORM_FACTORS)}")
    try:
        material = compound(where.at("formula").text(table.get("formula")), FORM_FACTORS[name])
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))
    place = where.at("form_factors")
    for nuclide, pair in place.table(table.get("form_factors", {}), "nuclides").items():
        material = _with_form_factors(material, nuclide, pair, place.at(nuclide))
    place = where.at("levels")
    levels = place.table(table.get("levels", {}), "nuclides")
    return _with_levels(material, {name: _levels(name, each, place.at(name)) for name, each in levels.items()}, place)


def _with_form_factors(material: Material, nuclide: str, pair: Any, where: Where) -> Material:
    table = where.table(pair, "proton and neutron")
    where.only(table, ("proton", "neutron"))
    if nuclide not in material.nuclides:
        where.fail(f"the target has no such nuclide; {near_matches(nuclide, material.nuclides)}")
    old = material.nuclides[nuclide]
    made = {key: block(each, AbstractFormFactor, where.at(key)) for key, each in table.items()}
    return material.with_form_factors(
        nuclide,
        proton=made.get("proton", old.proton_form_factor),
        neutron=made.get("neutron", old.neutron_form_factor),
    )


def _levels(nuclide: str, value: Any, where: Where) -> NuclearLevels:
    """Levels of a packaged table, or of a file (``layout = "kshell"``); ``quenching`` multiplies their strengths."""
    table = where.table(value, "quenching, file, layout")
    where.only(table, ("quenching", "file", "layout"))
    layout = table.get("layout")
    if layout is not None and (layout != "kshell" or "file" not in table):
        where.at("layout").fail(f"this is 'kshell', beside a file, or left out, got {layout!r}")
    try:
        if "file" not in table:
            levels = nuclear_levels(nuclide)
        elif layout is None:
            levels = read_levels(where.at("file").path(table["file"]))
        else:
            levels = read_kshell_levels(where.at("file").path(table["file"]), nuclide)
        return levels.quenched(float(convert(table.get("quenching", 1.0), float, where.at("quenching"))))
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))


def _with_levels(material: Material, levels: dict[str, NuclearLevels], where: Where) -> Material:
    try:
        return material.with_levels(*levels.values())
    except CevnsjaxError as error:
        where.fail(str(error))


def source(value: Any, where: Where) -> Source:
    """Read a source: a flux with its fields, and when it arrives; steady where nothing says so."""
    table = dict(where.table(value, f"kind = one of {', '.join(source_kinds())}"))
    kind = table.get("kind")
    if kind is None:
        where.fail(f"'kind' is missing; one of {', '.join(source_kinds())}")
    kind = where.at("kind").text(kind)
    if kind in kinds_of(Source):  # flux and times at once
        del table["kind"]
        return call(kinds_of(Source)[kind], table, where, kind)
    arrival = table.pop("arrival", None)
    if ":" not in kind and kind not in kinds_of(AbstractSource):
        where.at("kind").fail(f"there is no source {kind!r}; {near_matches(kind, source_kinds())}")
    flux = block(table, AbstractSource, where)
    if arrival is None:
        return Source.steady(flux)
    make = kind_named(AbstractArrival, where.at("arrival").table(arrival, "kind").get("kind"), where.at("arrival"))
    follows = {"components": flux.origins} if "components" in fields_of(make) else {}
    times = block(arrival, AbstractArrival, where.at("arrival").given(**follows))
    try:
        return Source(flux, times)
    except CevnsjaxError as error:
        where.fail(str(error))


def source_kinds() -> list[str]:
    """Names of all that can be a source."""
    return sorted({*kinds_of(Source), *kinds_of(AbstractSource)} - {"Source", "Source.steady"})


_NUISANCE_TEXTS = ("unit", "description", "symbol")


def nuisance(name: str, value: Any, where: Where) -> Parameter:
    """Read a nuisance parameter, in the words of the command line."""
    table = where.table(value, "prior and where")
    where.only(table, ("prior", "where", *_NUISANCE_TEXTS))
    for key in ("prior", "where"):
        if key not in table:
            where.fail(f"a nuisance parameter needs {key!r}")
    paths = table["where"]
    paths = tuple(map(where.at("where").text, paths)) if isinstance(paths, list) else where.at("where").text(paths)
    try:
        prior = parse_prior(where.at("prior").text(table["prior"]))
        texts = {key: where.at(key).text(table[key]) if key in table else "" for key in _NUISANCE_TEXTS}
        unit, description, symbol = (texts[key] for key in _NUISANCE_TEXTS)
        return Parameter(name, prior, paths, unit, description, symbol)
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))


SPECIAL[Material] = target
SPECIAL[Source] = source
SPECIAL[Path] = lambda value, where: where.path(value)
