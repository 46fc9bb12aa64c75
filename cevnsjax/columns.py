"""Tables of other people: a few columns of numbers in a text file, whatever program wrote them.

What is taken as it comes: commas, semicolons, tabs or blanks between numbers; comments after ``#``, ``!``, ``%`` or
``//``; a byte-order mark, Windows line ends, blank lines, a comma at the end of a line; 1.5D-3 of Fortran; 1,5 where
semicolons or blanks stand between the numbers; a line of names with units, like
``energy_MeV, nu_e [cm^-2 s^-1 MeV^-1]``. Without such a line columns are those that are asked for, in their order and
units. Everything else is refused, with the file and the line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cevnsjax.errors import CevnsjaxError, near_matches
from cevnsjax.units import unit_factor

# a per cent sign within a line is no comment: 0.5% is not 0.5
_COMMENT = re.compile(r"^\s*%.*$|\s*(?:[#!]|//).*$")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?$")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eEdD][-+]?\d+)?$")
_BRACKETS = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\[\]]*)[\])]\s*$")
_LARGEST_BYTES = 200_000_000


@dataclass(frozen=True)
class Column:
    """A column that is needed, or may be there.

    Attributes
    ----------
    name
        What it is called, without a unit: ``"energy"``.
    unit
        The unit that its numbers are wanted in; empty for pure numbers.
    also
        Other names that it goes by.
    fraction
        Whether its numbers lie between 0 and 1.
    """

    name: str
    unit: str
    also: tuple[str, ...] = ()
    fraction: bool = False

    @property
    def title(self) -> str:
        """How its head is written: ``energy_keV``."""
        per = self.unit.replace("**", "").removeprefix("1/").strip("()").replace("*", "_")
        return "_".join(filter(None, (self.name, f"per_{per}" if self.unit.startswith("1/") else per)))


@dataclass(frozen=True)
class Columns:
    """What was read.

    Attributes
    ----------
    file
        The file, for messages.
    names
        Names of the columns, without units; empty where the file names none.
    units
        Their units, as they are written; ``None`` where a head has none.
    lines
        Number of the line of each row.
    numbers
        Shape ``[row, column]``.
    """

    file: str
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    lines: tuple[int, ...]
    numbers: np.ndarray

    def get(self, column: Column, place: int) -> np.ndarray:
        """One column in the unit that is wanted.

        Parameters
        ----------
        column
            Which.
        place
            Where it stands if the file names no columns.

        Raises
        ------
        CevnsjaxError
            If there is none, or its unit is missing or of another quantity.
        """
        if not self.names:
            return self._checked(column, self.numbers[:, place])
        known = {_plain(name) for name in (column.name, *column.also)}
        found = [i for i, name in enumerate(self.names) if _plain(name) in known]
        if len(found) != 1:
            have = near_matches(column.name, self.names, f"it has {', '.join(self.names)}.")
            fault = "two columns" if found else "no column"
            raise CevnsjaxError(f"{self.file}: {fault} {column.title!r}; {have}")
        unit = self.units[found[0]]
        if unit is None and column.unit:
            name = self.names[found[0]]
            raise CevnsjaxError(
                f"{self.file}: the column {name!r} has no unit; name it with one, like {column.title!r}."
            )
        try:
            factor = unit_factor(unit or "", column.unit)
        except CevnsjaxError as error:
            raise CevnsjaxError(f"{self.file}: the column {self.names[found[0]]!r}: {error}") from None
        return self._checked(column, factor * self.numbers[:, found[0]])

    def unit_of(self, column: Column) -> str | None:
        """Unit of a column as it is written in the file; ``None`` where there is none."""
        known = {_plain(name) for name in (column.name, *column.also)}
        return next((unit for name, unit in zip(self.names, self.units, strict=True) if _plain(name) in known), None)

    def has(self, column: Column) -> bool:
        """Whether the file names a column."""
        known = {_plain(name) for name in (column.name, *column.also)}
        return any(_plain(name) in known for name in self.names)

    def others(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """Names of the columns that are none of these."""
        known = {_plain(name) for column in columns for name in (column.name, *column.also)}
        return tuple(name for name in self.names if _plain(name) not in known)

    def _checked(self, column: Column, values: np.ndarray) -> np.ndarray:
        bad = np.flatnonzero(values > 1.0 + 1e-6) if column.fraction else np.zeros(0, dtype=int)
        if bad.size:
            remedy = f"if it is in percent, name the column {column.name}_percent"
            raise self.fault(int(bad[0]), f"{column.name} must be between 0 and 1, got {values[bad[0]]:g}; {remedy}")
        return values

    def fault(self, row: int, text: str) -> CevnsjaxError:
        """An error that names the line of a row."""
        return CevnsjaxError(f"{self.file}, line {self.lines[row]}: {text}.")


def ascending(columns: Columns, values: np.ndarray, name: str) -> np.ndarray:
    """Order of the rows in which a column increases, which it does from above or from below in the file.

    Raises
    ------
    CevnsjaxError
        If it does neither.
    """
    order = np.arange(len(values))
    if len(values) > 1 and np.all(np.diff(values) < 0.0):
        return order[::-1]
    stuck = np.flatnonzero(np.diff(values) <= 0.0)
    if stuck.size:
        row = int(stuck[0]) + 1
        raise columns.fault(row, f"{name} must increase from row to row, got {values[row]:g} after {values[row - 1]:g}")
    return order


def read_columns(path: Path | str, wanted: Sequence[Column], *, named: bool = True, remedy: str = "") -> Columns:
    """Read the numbers of a text file.

    Parameters
    ----------
    path
        The file.
    wanted
        Columns that a file without names has, in order; one with names may have others beside them.
    named
        Whether names are looked for; otherwise columns are those that are wanted, whatever a line above them says.
    remedy
        What else can be done where columns without names are more or fewer than those that are wanted.

    Raises
    ------
    CevnsjaxError
        If it cannot be read, or is no such table; the message names the line.
    """
    file, lines = str(path), read_text(Path(path)).splitlines()
    rows: list[list[float]] = []
    numbers: list[int] = []
    head: list[str] = []
    comment: list[str] = []
    for number, line in enumerate(lines, start=1):
        content = _COMMENT.sub("", line).strip()
        if not content:
            comment = _cells(re.sub(r"^\s*(?:[#!%]+|//)", "", line)) if not rows and line.strip() else comment
            continue
        cells = _split(content)
        if not rows and not head and not any(_NUMBER.match(cell) for cell in cells):
            head = _cells(line)
            continue
        rows.append([_number(file, number, line, cell) for cell in cells])
        numbers.append(number)
        if len(rows[-1]) != len(rows[0]):
            raise CevnsjaxError(
                f"{file}, line {number}: {len(rows[-1])} numbers where the rows above have {len(rows[0])}; put a point "
                "for the decimal comma, and a blank, a comma or a semicolon between columns."
            )
    head, comment = (head, comment) if named else ([], [])
    titles = ", ".join(column.title for column in wanted)
    if not rows:
        raise CevnsjaxError(f"{file}: no row of numbers; a table with the columns {titles} is needed.")
    if not head and len(comment) == len(rows[0]) and any(name_and_unit(cell)[1] is not None for cell in comment):
        head = comment
    if head and len(head) != len(rows[0]):
        raise CevnsjaxError(f"{file}: {len(head)} names ({', '.join(head)}) for {len(rows[0])} columns of numbers.")
    if not head and len(rows[0]) != len(wanted):
        raise CevnsjaxError(
            f"{file}, line {numbers[0]}: {len(rows[0])} columns without names, {len(wanted)} are needed ({titles}); "
            f"put a line of names with units above them{remedy}."
        )
    heads = [name_and_unit(cell) for cell in head]
    array = np.array(rows)
    array.setflags(write=False)
    return Columns(file, tuple(name for name, _ in heads), tuple(unit for _, unit in heads), tuple(numbers), array)


def read_text(path: Path) -> str:
    """Text of a file, in UTF-8, UTF-16 with its mark, or else Latin-1; refuses folders and what is no text."""
    try:
        if path.is_dir():
            raise CevnsjaxError(f"{path} is a folder; a file with a table is needed.")
        if path.stat().st_size > _LARGEST_BYTES:
            raise CevnsjaxError(f"{path} is larger than {_LARGEST_BYTES // 1_000_000} MB; no table is.")
        content = path.read_bytes()
    except OSError as error:
        raise CevnsjaxError(f"{path} cannot be read: {error.strerror or error}.") from None
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CevnsjaxError(f"{path} is no text file; a table in plain text (CSV) is needed.")
    for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CevnsjaxError(f"{path} is no text file that can be decoded; save it as UTF-8.")


def _split(content: str) -> list[str]:
    """Cells of a line: between semicolons or tabs if there are any, else between blanks or commas."""
    if ";" in content:
        cells = [cell.strip() for cell in content.rstrip("; ").split(";")]
        return [cell.replace(",", ".") if _DECIMAL_COMMA.match(cell) else cell for cell in cells]
    blanks = content.rstrip(", \t").split()
    if len(blanks) > 1 and all(_DECIMAL_COMMA.match(cell) for cell in blanks):
        return [cell.replace(",", ".") for cell in blanks]
    if "," in content:
        return [cell.strip() for cell in content.rstrip(", \t").split(",")]
    return blanks


def _cells(line: str) -> list[str]:
    """Names of a line of names: units may have blanks in their brackets."""
    line = re.sub(r"^\s*(?:[#!%]+|//)?", "", line).strip().rstrip(";,")
    for separator in (";", ",", "\t"):
        if separator in line:
            return [cell.strip().strip('"').strip("'") for cell in line.split(separator)]
    return [cell.strip('"') for cell in re.findall(r"[^\s\[(]+(?:\s*[\[(][^\])]*[\])])?", line)]


def _number(file: str, number: int, line: str, cell: str) -> float:
    if not _NUMBER.match(cell):
        what = "an empty cell" if not cell else repr(cell)
        raise CevnsjaxError(f"{file}, line {number}: {what} in {line.strip()!r} where a finite number is needed.")
    value = float(cell.replace("D", "E").replace("d", "e"))
    if not np.isfinite(value):
        raise CevnsjaxError(f"{file}, line {number}: {cell!r} is larger than any number.")
    return value


def name_and_unit(cell: str) -> tuple[str, str | None]:
    """Name and unit of a head: ``energy [MeV]``, ``flux_per_cm2_s_MeV``, ``energy_MeV``, ``efficiency_%``."""
    if brackets := _BRACKETS.match(cell):
        return brackets["name"].strip(), brackets["unit"].strip()
    for separator in ("_per_", "/", " "):
        name, found, unit = cell.partition(separator)
        if found and name and unit:
            return name, f"per_{unit}" if separator != " " else unit
    name, found, unit = cell.rpartition("_")
    if found and name and _is_unit(unit):
        return name, unit
    return cell, None


def _is_unit(text: str) -> bool:
    for wanted in ("keV", "s", "m", "kg", "", "PE"):
        try:
            unit_factor(text, wanted)
        except CevnsjaxError:
            continue
        return True
    return False


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
