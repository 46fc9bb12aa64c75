"""Single events from a file, counted in bins: read piece by piece, so that their number does not matter."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cevnsjax.arrays import short
from cevnsjax.columns import name_and_unit
from cevnsjax.errors import CevnsjaxError, near_matches
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.description.where import Where
from cevnsjax.patience import Patience
from cevnsjax.units import unit_factor

_ROWS = 100_000
_COMPRESSED = (".gz", ".bz2", ".zip", ".xz", ".zst", ".tar")
_KEYS = ("file", "columns", "cuts", "weight")


def binned_events(value: Any, axes: Sequence[Axis], where: Where) -> np.ndarray:
    """Count the events of a file in the bins of the data.

    Parameters
    ----------
    value
        Name of a CSV file (or a Parquet one, where pyarrow is installed) with a line of names, or a table: ``file``;
        ``columns``, the name of the column of each axis where it is not that of the axis; ``cuts``, for columns by name
        the two ends of what is kept; ``weight``, a column. Columns with a unit in their name are converted.
    axes
        Axes, the time last; data without times need no column for it.
    where
        The place.

    Returns
    -------
    Array
        Shape ``[energy, time]``, several observables with the first slowest.
    """
    given: Any = {"file": value} if isinstance(value, str) else value
    table = where.table(given, "file, columns, cuts, weight")
    where.only(table, _KEYS)
    if "file" not in table:
        where.fail("'file' is missing")
    binned = [axis for axis in axes if not (axis.name == "exposure" and axis.bins == 1)]
    named = where.at("columns").table(table.get("columns", {}), "names of columns by axis")
    where.at("columns").only(named, [axis.name for axis in binned], "axis")
    wanted = {axis.name: where.at("columns").text(named.get(axis.name, axis.name)) for axis in binned}
    place = where.at("cuts")
    cuts = {name: _range(each, place.at(name)) for name, each in place.table(table.get("cuts", {}), "columns").items()}
    weight = table.get("weight")
    path = where.at("file").path(table["file"])
    edges = [np.asarray(axis.edges) for axis in binned]
    counts, seen = np.zeros([len(each) - 1 for each in edges]), 0
    patience = Patience(f"counting the events of {path.name}")
    try:
        for piece, how_far in _pieces(path):
            rows = {name: _column(path, piece, wanted[name], name) for name in wanted}
            kept = np.ones(len(next(iter(piece.values()))), dtype=bool)
            for name, (low, high) in cuts.items():
                values = _column(path, piece, name, name)
                kept &= (values >= low) & (values <= high)
            weights = None if weight is None else _column(path, piece, str(weight), str(weight))[kept]
            found, _ = np.histogramdd([values[kept] for values in rows.values()], edges, weights=weights)
            counts += found
            seen += len(kept)
            patience.log(*how_far)
    except CevnsjaxError as error:
        where.fail(str(error))
    if not counts.any():
        where.fail(f"none of the {seen} events of {path.name} lies in the bins; are the units those of the axes?")
    return counts.reshape(-1, axes[-1].bins)


def _range(value: Any, where: Where) -> tuple[float, float]:
    numbers = isinstance(value, list) and len(value) == 2 and all(type(each) in (int, float) for each in value)
    if not numbers or not value[0] < value[1]:
        where.fail(f"a cut is the two ends of what is kept, [low, high], got {short(value)}")
    return float(value[0]), float(value[1])


def _pieces(path: Path) -> Iterator[tuple[Mapping[str, np.ndarray], tuple[int | float, int | float | None, str]]]:
    """Columns of the file by name, a hundred thousand rows at a time, and how much of how much is read."""
    import pandas

    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet  # pyright: ignore[reportMissingImports]

            table, rows = pyarrow.parquet.ParquetFile(path), 0
            for batch in table.iter_batches(_ROWS):
                rows += batch.num_rows
                columns = {name: batch[name].to_numpy(zero_copy_only=False) for name in batch.schema.names}
                yield columns, (rows, table.metadata.num_rows, "events")
            return
        size, separator = path.stat().st_size, "," if path.suffix == ".csv" else None
        # of a compressed file, which has to be given by its name, nobody knows the length
        with (
            path.open("rb") as stream,
            pandas.read_csv(
                path if path.suffix in _COMPRESSED else stream,
                comment="#",
                chunksize=_ROWS,
                sep=separator,
                skipinitialspace=True,
            ) as reader,
        ):
            rows = 0
            for piece in reader:
                rows += len(piece)
                how_far = (rows, None, "events")
                if path.suffix not in _COMPRESSED:
                    how_far = (1e-6 * stream.tell(), 1e-6 * size, "MB")
                yield {str(name).strip(): piece[name].to_numpy() for name in piece.columns}, how_far
    except ImportError:
        raise CevnsjaxError(f"{path.name}: Parquet files need pyarrow; install it, or write CSV.") from None
    except OSError as error:
        raise CevnsjaxError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise CevnsjaxError(f"{path.name} is no table of events: {str(error).strip().rstrip('.')}.") from None


def _column(path: Path, piece: Mapping[str, np.ndarray], name: str, axis: str) -> np.ndarray:
    """A column in the unit of an axis, by its whole name or by that without its unit."""
    by_name = {each: each for each in piece} | {name_and_unit(each)[0]: each for each in piece}
    wanted = name_and_unit(axis)[1]
    found = by_name.get(name) or by_name.get(name_and_unit(name)[0] if name == axis else name)
    if found is None:
        raise CevnsjaxError(f"{path.name} has no column {name!r}; {near_matches(name, piece)}")
    values = piece[found]
    if values.dtype.kind not in "biuf":
        raise CevnsjaxError(f"{path.name}: the column {found!r} must hold numbers only.")
    if not np.all(np.isfinite(values)):
        raise CevnsjaxError(f"{path.name}: the column {found!r} has a number that is missing or not finite.")
    unit = name_and_unit(found)[1]
    if unit is None or wanted is None:
        return values.astype(float)
    try:
        return values * unit_factor(unit, wanted)
    except CevnsjaxError as error:
        raise CevnsjaxError(f"{path.name}: the column {found!r}: {error}") from None
