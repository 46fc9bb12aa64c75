"""The project's data files: checked CSV tables, JSON value files and the folder they are packaged in.

A CSV table starts with comment lines ``# key: value`` (at least `title`, `source`, `made_by` and `rows`, the number
of data rows), then one line of comma-separated column names that end in their unit, then the rows. A JSON value file
has `title`, `source`, `made_by` and `values`, which maps a name to its own `value`, `unit` and `source`. Every fault
in a file raises `DataFileError`, whose message names the file, the line or entry, the fault and what is allowed.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from cevnsjax.errors import CevnsjaxError, near_matches

__all__ = ["DataFileError", "Table", "Values", "data_files", "data_folder", "data_path", "read_table", "read_values"]

_HEADER_KEYS = ("title", "source", "made_by", "rows")
_VALUE_FILE_KEYS = ("title", "source", "made_by", "values")
_VALUE_KEYS = ("value", "unit", "source")


class DataFileError(CevnsjaxError):
    """A data file is missing, cut short or malformed, or has no entry of the name asked for."""


def _fail(where: str, fault: str) -> NoReturn:
    """Raise a DataFileError that says where the fault is and what it is."""
    raise DataFileError(f"{where}: {fault}" if fault.endswith(("?", ".")) else f"{where}: {fault}.")


def _frozen(values: Any, dtype: Any = np.float64) -> np.ndarray:
    """Return a new read-only array of `values`."""
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Table:
    """A checked CSV table.

    Attributes
    ----------
    title, source, made_by : str
        What the table is, where its numbers come from and the script that wrote it.
    columns : dict of str to numpy.ndarray
        Read-only columns of shape (rows,), float64 (str for text columns); each name ends in the column's unit.
    metadata : dict of str to str
        Every header key with its text, the required ones included.
    file : str
        Name of the file, for messages.
    """

    title: str
    source: str
    made_by: str
    columns: dict[str, np.ndarray]
    metadata: dict[str, str]
    file: str = ""

    def __getitem__(self, column: str) -> np.ndarray:
        """Return one column.

        Parameters
        ----------
        column : str
            Column name, with its unit.

        Returns
        -------
        numpy.ndarray
            Read-only, shape (rows,), in the unit that ends the name.

        Raises
        ------
        DataFileError
            If there is no such column.
        """
        if column not in self.columns:
            _fail(self.file or self.title, f"no column {column!r}; {near_matches(column, self.columns)}")
        return self.columns[column]


@dataclass(frozen=True, eq=False)
class Values:
    """A checked JSON value file: named numbers, each with its unit and source.

    Attributes
    ----------
    title, file_source, made_by : str
        What the file is, where its numbers come from as a whole and the script that wrote it.
    values : dict of str to float or numpy.ndarray
        Numbers and read-only float64 arrays of shape (n,), in the units of `units`.
    units, sources : dict of str to str
        Unit ("1" for none) and source of each value.
    file : str
        Name of the file, for messages.
    """

    title: str
    file_source: str
    made_by: str
    values: dict[str, float | np.ndarray]
    units: dict[str, str]
    sources: dict[str, str] = field(repr=False)
    file: str = ""

    def _check(self, name: str) -> None:
        if name not in self.values:
            _fail(self.file or self.title, f"no value {name!r}; {near_matches(name, self.values)}")

    def __getitem__(self, name: str) -> Any:
        """Return the number (float) or the read-only array (shape (n,)) called `name`, in ``unit(name)``.

        Raises
        ------
        DataFileError
            If there is no such value.
        """
        self._check(name)
        return self.values[name]

    def unit(self, name: str) -> str:
        """Return the unit of the value called `name` ("1" for none); DataFileError if there is no such value."""
        self._check(name)
        return self.units[name]

    def source(self, name: str) -> str:
        """Return the source of the value called `name`; DataFileError if there is no such value."""
        self._check(name)
        return self.sources[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)


def data_folder() -> Path:
    """Return the data folder: `data` inside the package of a wheel, or next to the package in a checkout."""
    package = Path(__file__).resolve().parent
    inside, beside = package / "data", package.parent / "data"
    return inside if inside.is_dir() else beside


def data_files(folder: str, ending: str) -> dict[str, Path]:
    """Return the packaged files of a folder by name without its ending, in alphabetical order."""
    return {path.stem: path for path in sorted((data_folder() / folder).glob(f"*{ending}"))}


def data_path(relative: str) -> Path:
    """Return the path of a packaged data file.

    Parameters
    ----------
    relative : str
        Path inside the data folder with forward slashes, for example ``"coherent_csi_2021/events.csv"``.

    Returns
    -------
    pathlib.Path
        Path of an existing file.

    Raises
    ------
    DataFileError
        If there is no such file; the message lists the near matches and all files.
    """
    folder = data_folder()
    parts = relative.split("/")
    if "\\" in relative or any(part in ("", ".", "..") for part in parts) or not (folder / relative).is_file():
        found = [path.relative_to(folder).as_posix() for kind in ("*.csv", "*.json") for path in folder.rglob(kind)]
        fault = "no such packaged data file, give a pathlib.Path to read a file of your own;"
        _fail(repr(relative), f"{fault} {near_matches(relative, found)}")
    return folder / relative


def _read_text(name_or_path: str | Path) -> tuple[str, str]:
    """Return the name of a file for messages, and its text."""
    path = name_or_path if isinstance(name_or_path, Path) else data_path(name_or_path)
    try:
        return str(name_or_path), path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        _fail(str(name_or_path), f"byte {error.start} is not UTF-8 text, and only UTF-8 text files are read")
    except OSError as error:
        _fail(str(name_or_path), f"cannot be read ({error.strerror}), an existing readable file is needed")


def _header(file: str, lines: Sequence[str]) -> dict[str, str]:
    """Return the header of a CSV table, key by key."""
    header: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.startswith("#"):
            break
        key, colon, text = (part.strip() for part in line[1:].partition(":"))
        if not (key and colon and text):
            _fail(f"{file}, line {number}", f"{line!r} is no header line, which must read '# key: value'")
        if key in header:
            _fail(f"{file}, line {number}", f"the header key {key!r} is given twice, each key is allowed once")
        header[key] = text
    for key in _HEADER_KEYS:
        if key not in header:
            where, needed = f"{file}, line {len(header) + 1}", ", ".join(_HEADER_KEYS)
            _fail(where, f"the header has no key {key!r}, a table needs '# key: value' lines for {needed}")
    return header


def _column_names(where: str, names: list[str], columns: Sequence[str] | None, text_columns: Sequence[str]) -> None:
    """Refuse empty or repeated column names, and columns other than those asked for."""
    if not all(names) or len(set(names)) != len(names):
        _fail(where, f"an empty or repeated column name in {', '.join(names)!r}, names must be unique")
    for name in [*(columns or ()), *text_columns]:
        if name not in names:
            _fail(where, f"no column {name!r}; {near_matches(name, names)}")
    for name in names:
        if columns is not None and name not in columns:
            _fail(where, f"unknown column {name!r}; {near_matches(name, columns)}")


def _numbers(where: Callable[[int], str], column: str, cells: Sequence[str]) -> np.ndarray:
    """Return the finite numbers written in `cells`; `where` names the place of a row."""
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        numbers = []
    if len(numbers) != len(cells) or "_" in "".join(cells) or not np.all(np.isfinite(numbers)):
        row, text = next((row, text) for row, text in enumerate(cells) if not _is_finite_number(text))
        _fail(where(row), f"column {column!r} has {text!r}, only finite numbers are allowed")
    return _frozen(numbers)


def _is_finite_number(text: str) -> bool:
    """Return whether `text` is a finite number without the underscores that Python allows in one."""
    try:
        return "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def _texts(where: Callable[[int], str], column: str, cells: Sequence[str]) -> np.ndarray:
    """Return the words in `cells`; `where` names the place of a row."""
    if "" in cells:
        _fail(where(cells.index("")), f"the text column {column!r} is empty, some text is needed")
    return _frozen(cells, np.str_)


def read_table(
    name_or_path: str | Path, *, columns: Sequence[str] | None = None, text_columns: Sequence[str] = ()
) -> Table:
    """Read and check a CSV table.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        A str such as ``"nuclides.csv"`` is a packaged file (see `data_path`); a `pathlib.Path` is read as it is.
    columns : sequence of str, optional
        The columns that the file must have, no more and no fewer, in any order.
    text_columns : sequence of str, optional
        Columns that hold text instead of numbers.

    Returns
    -------
    Table
        Columns of shape (rows,), float64 (str for text columns), in the units that end their names.

    Raises
    ------
    DataFileError
        If the file or a header key is missing, if columns are wrong or missing, if a row has the wrong number of
        fields, if a number is not finite, or if the number of rows is not the one in the header (a file cut short).
    """
    file, text = _read_text(name_or_path)
    lines = text.removesuffix("\n").split("\n")
    header = _header(file, lines)
    start = len(header) + 1
    where = f"{file}, line {1 + list(header).index('rows')}"
    if not (header["rows"].isascii() and header["rows"].isdigit()):
        _fail(where, f"rows is {header['rows']!r}, the number of data rows (0, 1, 2, ...) is allowed")
    if len(lines) < start:
        _fail(f"{file}, line {start}", "the file ends before the line of column names, which must follow the header")
    names = [name.strip() for name in lines[start - 1].split(",")]
    _column_names(f"{file}, line {start}", names, columns, text_columns)

    def where_row(row: int) -> str:
        return f"{file}, line {start + 1 + row}"

    cells: list[list[str]] = []
    for row, line in enumerate(lines[start:]):
        try:
            fields = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            _fail(where_row(row), f"no comma-separated row ({error}), {len(names)} fields are allowed")
        if len(fields) != len(names):
            _fail(where_row(row), f"{len(fields)} fields, exactly {len(names)} are allowed ({', '.join(names)})")
        cells.append([cell.strip() for cell in fields])
    if len(cells) != int(header["rows"]):
        fault = f"the file ends after {len(cells)} data rows, the {header['rows']} of its header are needed"
        _fail(f"{file}, line {len(lines)}", fault)
    table = {
        name: (_texts if name in text_columns else _numbers)(where_row, name, [row[column] for row in cells])
        for column, name in enumerate(names)
    }
    return Table(header["title"], header["source"], header["made_by"], table, header, file)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object as a dict; a key given twice is a ValueError."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} is given twice, each key is allowed once")
        result[key] = value
    return result


def _is_number(value: object) -> bool:
    """Return whether a JSON value is a finite number that a float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _json_keys(where: str, content: object, needed: Sequence[str]) -> dict[str, Any]:
    """Return a JSON object that has all `needed` keys, those but `value` and `values` with some text."""
    if not isinstance(content, dict):
        _fail(where, f"{type(content).__name__} found, an object with the keys {', '.join(needed)} is needed")
    for key in needed:
        if key not in content:
            _fail(where, f"no key {key!r}, needed are {', '.join(needed)}; {near_matches(key, content)}")
        if key not in ("value", "values") and not (isinstance(content[key], str) and content[key].strip()):
            _fail(where, f"{key!r} is {content[key]!r}, some text is needed")
    return content


def read_values(name_or_path: str | Path) -> Values:
    """Read and check a JSON value file.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        A str such as ``"coherent_csi_2021/parameters.json"`` is a packaged file (see `data_path`); a `pathlib.Path`
        is read as it is.

    Returns
    -------
    Values
        Floats and float64 arrays of shape (n,) by name, each with its unit and source.

    Raises
    ------
    DataFileError
        If the file is missing, is not valid JSON, lacks a key or repeats one, or has a value that is neither a finite
        number nor a non-empty list of finite numbers.
    """
    file, text = _read_text(name_or_path)
    try:
        parsed = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        _fail(f"{file}, line {error.lineno}", f"invalid JSON ({error.msg}), a JSON object is needed")
    except ValueError as error:
        _fail(file, str(error))
    content = _json_keys(file, parsed, _VALUE_FILE_KEYS)
    if not isinstance(content["values"], dict):
        _fail(f"{file}, entry 'values'", "an object {name: {value, unit, source}} is needed")
    values: dict[str, float | np.ndarray] = {}
    units: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name, given in content["values"].items():
        where = f"{file}, entry {name!r}"
        entry = _json_keys(where, given, _VALUE_KEYS)
        value = entry["value"]
        if _is_number(value):
            values[name] = float(value)
        elif isinstance(value, list) and value and all(map(_is_number, value)):
            values[name] = _frozen(value)
        else:
            fault = f"value is {json.dumps(value)}, a finite number or a list of finite numbers is allowed"
            _fail(where, fault)
        units[name], sources[name] = entry["unit"], entry["source"]
    return Values(content["title"], content["source"], content["made_by"], values, units, sources, file)
