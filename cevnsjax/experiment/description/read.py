"""From a file to an experiment."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.cross_section import AbstractInteraction, Coherent, ErlerSu
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.axis import NO_TIMES, UNITS_OF_AXES, Axis
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.description.block import block, convert
from cevnsjax.experiment.description.data import Data, read_data
from cevnsjax.experiment.description.special import nuisance, source, target
from cevnsjax.experiment.description.where import DescriptionError, Where
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.likelihood import GaussianLikelihood, PoissonLikelihood
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.target import Material

KEYS = {
    "name": "the name, for files and tables",
    "source": "who measured or proposed it, and which numbers are assumed",
    "target": 'a formula like "CsI", or a table: formula, form_factor, form_factors, levels',
    "mass_kg": "mass of the target",
    "exposure_days": "days of data taking; sources are those of one day",
    "exposure_kg_days": "mass times days, in the place of exposure_days",
    "sources": "what arrives, by name",
    "interactions": "what happens, by name; coherent scattering of the Standard Model unless given",
    "quenching": "how much is seen of a recoil",
    "response": "resolution and efficiency; its bins are those of the axes",
    "axes": "name (with unit) and bins of what is measured",
    "times": "bins in time; none where data have no times",
    "signal_norm": "ratio of the signal to its prediction, 1 nominally",
    "backgrounds": "backgrounds by name",
    "samples": 'for each data sample what contributes: "signal" and backgrounds; all in one unless given',
    "time_ratios": "time of a data sample over exposure_days, by sample, 1 unless given: of data with the source off",
    "data": "what was observed; the prediction itself unless given",
    "quantity": "what the observed numbers are, for plots",
    "unit": "unit of their sum over bins",
    "nuisances": "nuisance parameters by name: prior, where, unit, description, symbol",
}
"""Keys of a description, with what they are."""

NEEDED = ("name", "target", "mass_kg", "sources", "quenching", "response", "axes")
"""Those that cannot be left out."""

_AXIS = ("name", "edges", "low", "high", "bins", "spacing")


def read_experiment(path: Path | str, *, allow_code: bool = False) -> Experiment:
    """Read an experiment from a file.

    Parameters
    ----------
    path
        A TOML file; paths of tables in it are relative to its folder.
    allow_code
        Whether a ``kind`` like ``"my_module:MyQuenching"`` may run the file ``my_module.py`` beside it.

    Raises
    ------
    DescriptionError
        If it cannot be read; the message names the file, the key and what is allowed.
    """
    path = Path(path)
    where = Where(str(path), path.parent, allow_code=allow_code)
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except IsADirectoryError:
        where.fail("this is a folder; the description of an experiment is a TOML file")
    except OSError as error:
        where.fail(f"it cannot be read ({error.strerror or error})")
    except UnicodeDecodeError as error:
        where.fail(f"byte {error.start} is not UTF-8 text; save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        where.fail(f"it is not valid TOML: {error}")
    return described_experiment(content, where)


def described_experiment(content: Mapping[str, Any], where: Where) -> Experiment:
    """Build the experiment of a description.

    Parameters
    ----------
    content
        Tables and values, as TOML has them.
    where
        The file and its folder.
    """
    if "experiment" in content:
        where.fail("this is a file of settings; give it as --settings FILE")
    where.only(content, KEYS)
    for key in NEEDED:
        if key not in content:
            where.fail(f"{key!r} is missing: {KEYS[key]}")
    axes = _axes(content["axes"], where.at("axes"))
    material = target(content["target"], where.at("target"))
    where = where.given(exposure_s=SECONDS_PER_DAY, target=material, **_edges(axes), **_of_element(material))
    window, times = _times(content.get("times"), where.at("times"))
    backgrounds = _named(content, "backgrounds", where, lambda each, at: block(each, AbstractBackground, at))
    interactions = _named(content, "interactions", where, lambda each, at: block(each, AbstractInteraction, at))
    samples = _samples(content.get("samples"), backgrounds, where.at("samples"))
    data = read_data(content.get("data"), tuple(samples), (*axes, times), where.at("data"))
    try:
        return _with(
            data,
            Experiment(
                name=where.at("name").text(content["name"]),
                sources=_named(content, "sources", where, source),
                target=material,
                mass_kg=convert(content["mass_kg"], float, where.at("mass_kg")),
                exposure_days=_days(content, where),
                interactions=interactions or {"cevns": Coherent({"sm": ErlerSu()})},
                quenching=block(content["quenching"], AbstractQuenching, where.at("quenching")),
                response=block(content["response"], AbstractResponse, where.at("response")),
                window=window,
                signal_norm=convert(content.get("signal_norm", 1.0), float, where.at("signal_norm")),
                backgrounds=backgrounds,
                samples=samples,
                time_ratios=convert(content.get("time_ratios", {}), dict[str, float], where.at("time_ratios")),
                observed=data.counts,
                axes=(*axes, times),
                nuisances=tuple(
                    nuisance(name, each, where.at("nuisances").at(name))
                    for name, each in where.at("nuisances").table(content.get("nuisances", {}), "parameters").items()
                ),
                quantity=str(content.get("quantity", "counts per bin")),
                unit=str(content.get("unit", "events")),
                likelihood=PoissonLikelihood() if data.error is None else GaussianLikelihood(data.error, data.error_up),
            ),
        )
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))


def _days(content: Mapping[str, Any], where: Where) -> float:
    if "exposure_kg_days" not in content:
        return convert(content.get("exposure_days", 1.0), float, where.at("exposure_days"))
    if "exposure_days" in content:
        where.fail("either 'exposure_days' or 'exposure_kg_days' can be given")
    mass_kg = convert(content["mass_kg"], float, where.at("mass_kg"))
    kg_days = convert(content["exposure_kg_days"], float, where.at("exposure_kg_days"))
    if not (mass_kg > 0.0 and kg_days > 0.0):
        where.fail("mass_kg and exposure_kg_days must be positive")
    return kg_days / mass_kg


def _with(data: Data, experiment: Experiment) -> Experiment:
    return experiment.asimov() if data.is_prediction else experiment


def _named(content: Mapping[str, Any], key: str, where: Where, read) -> dict[str, Any]:
    place = where.at(key)
    return {name: read(each, place.at(name)) for name, each in place.table(content.get(key, {}), "names").items()}


def _axes(value: Any, where: Where) -> tuple[Axis, ...]:
    """Axes from edges, or from two ends and a number of bins."""
    if not isinstance(value, list) or not value:
        where.fail("axes are a list of tables, [[axes]], each with a name and edges")
    return tuple(_axis(each, where.at(i)) for i, each in enumerate(value))


def _axis(value: Any, where: Where) -> Axis:
    table = where.table(value, "name, and edges or low, high and bins")
    where.only(table, _AXIS)
    name = where.at("name").text(table.get("name"))
    if "edges" in table:
        where.only(table, ("name", "edges"), "key beside edges")
        edges = convert(table["edges"], tuple[float, ...], where.at("edges"))
    else:
        for key in ("low", "high", "bins"):
            if key not in table:
                where.fail(f"{key!r} is missing; an axis has edges, or low, high and bins")
        low, high = (convert(table[key], float, where.at(key)) for key in ("low", "high"))
        bins, spacing = convert(table["bins"], int, where.at("bins")), table.get("spacing", "linear")
        if not 1 <= bins <= 100_000:
            where.at("bins").fail(f"from 1 to 100000 bins are possible, got {bins}")
        if spacing not in ("linear", "log"):
            where.at("spacing").fail(f"'linear' or 'log' is needed, got {spacing!r}")
        if not low < high or (spacing == "log" and low <= 0.0):
            positive = ", and above zero" if spacing == "log" else ""
            where.fail(f"low must be below high{positive}, got {low:g} and {high:g}")
        edges = tuple((np.geomspace if spacing == "log" else np.linspace)(low, high, bins + 1).tolist())
    if len(edges) < 2 or not np.all(np.diff(edges) > 0.0):
        where.at("edges").fail("at least two edges are needed, and they must increase")
    return Axis(name, edges)


def _edges(axes: tuple[Axis, ...]) -> dict[str, Any]:
    """Edges for a response, which has one axis, in its unit."""
    first, *others = axes
    unit = first.name.rpartition("_")[2]
    if others or unit not in UNITS_OF_AXES:
        return {}
    name, factor = UNITS_OF_AXES[unit]
    return {f"edges_{name}": factor * np.array(first.edges)}


def _of_element(material: Material) -> dict[str, int]:
    """Number of protons, where the target has only one."""
    protons = {each.proton_number for each in material.nuclides.values()}
    return {"proton_number": protons.pop()} if len(protons) == 1 else {}


def _times(value: Any, where: Where) -> tuple[TimeWindow, Axis]:
    if value is None:
        return TimeWindow(NO_TIMES.edges), NO_TIMES
    window = block(value, TimeWindow, where)
    return window, Axis("time_us", np.asarray(window.edges_us).tolist())


def _samples(value: Any, backgrounds: Mapping[str, Any], where: Where) -> dict[str, tuple[str, ...]]:
    if value is None:
        return {"counts": ("signal", *backgrounds)}
    return {name: tuple(each) for name, each in convert(value, dict[str, tuple[str, ...]], where).items()}
