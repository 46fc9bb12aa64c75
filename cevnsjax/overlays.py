"""Published curves that are drawn over maps: limits, projections, relic lines, and what each of them assumes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.tables import DataFileError, Table, data_files, read_table
from cevnsjax.units import unit_factor

KINDS = ("observed limit", "sensitivity", "projection", "relic line")
"""What a curve may be."""

_QUANTITY = re.compile(r"^(?P<name>[^\s\[\]]+)(?:\s*\[(?P<unit>[^\[\]]+)\])?$")
_KEYS = ("kind", "quantities", "points", "licence")
_FOLDER = "overlays"

_Formula = Callable[..., np.ndarray]
_FOLLOWS: dict[str, tuple[str, tuple[str, ...], _Formula]] = {
    "m_V": ("m_chi", ("mass_ratio",), lambda m_chi, ratio: ratio * m_chi),
    "m_chi": ("m_V", ("mass_ratio",), lambda m_V, ratio: m_V / ratio),
    "Y": ("epsilon", ("alpha_D", "mass_ratio"), lambda epsilon, alpha_D, ratio: epsilon**2 * alpha_D / ratio**4),
    "epsilon": ("Y", ("alpha_D", "mass_ratio"), lambda Y, alpha_D, ratio: ratio**2 * np.sqrt(Y / alpha_D)),
}
"""What follows from another quantity of a curve, and from its assumptions: Y = epsilon^2 alpha_D (m_chi/m_V)^4."""


@dataclass(frozen=True, eq=False)
class Overlay:
    """A published curve in two quantities.

    Attributes
    ----------
    name
        How it is called on the command line.
    title
        What legends call it.
    kind
        One of ``KINDS``.
    units
        Units of both quantities, by names of parameters; empty for a pure number.
    values
        Points along the curve by quantity, read-only, shape ``[point]``.
    assumptions
        Numbers that it was made for by names of leaves, like ``alpha_D`` and ``mass_ratio`` (m_V/m_chi).
    source
        Paper and figure.
    points
        Where its numbers are from.
    licence
        Of these numbers.
    confidence_level
        Of a limit, where it is known.
    dark_matter
        Which particle it is for, in words, where it says so.
    """

    name: str
    title: str
    kind: str
    units: dict[str, str]
    values: dict[str, np.ndarray]
    assumptions: dict[str, float]
    source: str
    points: str
    licence: str
    confidence_level: float | None = None
    dark_matter: str = ""

    def along(self, units: dict[str, str]) -> dict[str, np.ndarray]:
        """The curve in the quantities of a map, which may follow from its own: m_V from m_chi, epsilon from Y.

        Parameters
        ----------
        units
            Units of two quantities, by name.

        Returns
        -------
        values
            Of both, in these units, shape ``[point]``.

        Raises
        ------
        ParameterError
            If it is of other quantities.
        """
        ways = {name: way for name in units if (way := self._way(name)) is not None}
        if {own for own, _ in ways.values()} != set(self.values):  # both axes from one quantity would be no curve
            given = " and ".join(self.values)
            raise ParameterError(
                f"The overlay {self.name!r} is a curve in {given}, and the map is one in {' and '.join(units)}."
            )
        return {name: self._in_unit(name, *way, units[name]) for name, way in ways.items()}

    def _way(self, name: str) -> tuple[str, _Formula] | None:
        """From which own quantity another one follows, and how; none if it does not."""
        if name in self.values:
            return name, lambda values: values
        if name in _FOLLOWS:
            own, needed, formula = _FOLLOWS[name]
            if own in self.values and all(each in self.assumptions for each in needed):
                return own, lambda values: formula(values, *(self.assumptions[each] for each in needed))
        return None

    def _in_unit(self, name: str, own: str, formula: _Formula, wanted: str) -> np.ndarray:
        values, unit = formula(self.values[own]), self.units[own]  # what follows from a mass is one
        if unit == wanted:
            return values
        try:
            return values * unit_factor(unit, wanted)
        except CevnsjaxError as error:
            raise ParameterError(
                f"The overlay {self.name!r} has another unit of {name} than the map: {error}"
            ) from None


def overlay_names() -> list[str]:
    """Names of the packaged overlays."""
    return list(data_files(_FOLDER, ".csv"))


def overlay(name: str) -> Overlay:
    """Read a packaged overlay.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    """
    files = data_files(_FOLDER, ".csv")
    if name not in files:
        raise UnknownNameError("overlay", name, files)
    return read_overlay(files[name])


def read_overlay(path: Path) -> Overlay:
    """Read an overlay from a table in the schema of ``data/README.md``.

    Its header needs ``kind`` (one of ``KINDS``), ``quantities`` (``m_chi [MeV], Y``), ``points`` (where they are from)
    and ``licence`` beside ``title``, ``source`` (the paper), ``made_by`` and ``rows``; it may have ``assumptions``
    (``alpha_D = 0.5, mass_ratio = 3``), ``confidence_level`` and ``dark_matter``. The two columns are the quantities
    with their units: ``m_chi_MeV,Y``.

    Raises
    ------
    DataFileError
        If the file is missing or malformed.
    """
    table = read_table(path)
    for key in _KEYS:
        if key not in table.metadata:
            raise DataFileError(f"{path}: the header has no key {key!r}, which an overlay needs.")
    kind = table.metadata["kind"]
    if kind not in KINDS:
        raise DataFileError(f"{path}: kind is {kind!r}, one of {', '.join(KINDS)} is allowed.")
    units = _quantities(path, table.metadata["quantities"])
    level = table.metadata.get("confidence_level")
    return Overlay(
        path.stem,
        table.title,
        kind,
        units,
        _columns(path, table, units),
        _assumptions(path, table.metadata.get("assumptions", "")),
        table.source,
        table.metadata["points"],
        table.metadata["licence"],
        None if level is None else _number(path, "confidence_level", level),
        table.metadata.get("dark_matter", ""),
    )


def _quantities(path: Path, text: str) -> dict[str, str]:
    found = [_QUANTITY.match(part.strip()) for part in text.split(",")]
    units = {match["name"]: match["unit"] or "" for match in found if match}
    if len(found) != 2 or len(units) != 2:
        raise DataFileError(f"{path}: quantities are {text!r}, two like 'm_chi [MeV], Y' are needed.")
    return units


def _columns(path: Path, table: Table, units: dict[str, str]) -> dict[str, np.ndarray]:
    columns = {name: f"{name}_{unit}" if unit else name for name, unit in units.items()}
    if set(table.columns) != set(columns.values()):
        given, needed = (", ".join(names) for names in (table.columns, columns.values()))
        raise DataFileError(f"{path}: the columns are {given}, those of its quantities ({needed}) are needed.")
    if len(table[next(iter(table.columns))]) < 2:
        raise DataFileError(f"{path}: fewer than two points, which are no curve.")
    return {name: table[column] for name, column in columns.items()}


def _assumptions(path: Path, text: str) -> dict[str, float]:
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(name.strip() and equal for name, equal, _ in parts):
        raise DataFileError(f"{path}: assumptions are {text!r}, some like 'alpha_D = 0.5, mass_ratio = 3' are allowed.")
    return {name.strip(): _number(path, name.strip(), value) for name, _, value in parts}


def _number(path: Path, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise DataFileError(f"{path}: {name} is {text.strip()!r}, a finite number is needed.")
    return value
