"""What was observed: counts in a list or in a file, with errors or without, or single events to be counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cevnsjax.columns import Column, read_columns
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.description.block import numbers
from cevnsjax.experiment.description.events import binned_events
from cevnsjax.experiment.description.where import DescriptionError, Where

_KEYS = ("counts", "errors", "errors_up")


@dataclass(frozen=True)
class Data:
    """Observed numbers, shape ``[sample, energy, time]``, and their errors if they are not counts.

    Attributes
    ----------
    counts
        The numbers; zeros in the place of a prediction.
    error, error_up
        Standard deviations, and others for expectations above the data.
    is_prediction
        Whether there are none.
    """

    counts: np.ndarray
    error: np.ndarray | None = None
    error_up: np.ndarray | None = None
    is_prediction: bool = False


def read_data(value: Any, samples: tuple[str, ...], axes: tuple[Axis, ...], where: Where) -> Data:
    """Read the table of the data.

    Parameters
    ----------
    value
        The table: ``counts`` (a list, or a table of them by sample), with ``errors`` and ``errors_up`` of the same form
        where they are no counts; or ``file``, with a column for each sample; or ``events``, single ones that are
        counted here (:func:`binned_events`), of several samples by name. None for a prediction.
    samples, axes
        Names of the samples, and the axes, the time last.
    where
        The place.
    """
    *observables, times = axes
    shape = (int(np.prod([axis.bins for axis in observables])), times.bins)
    if value is None:
        return Data(np.zeros((len(samples), *shape)), is_prediction=True)
    table = where.table(value, "counts or file")
    where.only(table, ("file", "events", *_KEYS))
    if sum(key in table for key in ("file", "counts", "events")) != 1:
        where.fail("either 'counts' or 'file' or 'events' is needed")
    if "file" in table:
        where.only(table, ("file",), "key beside file")
        return _from_file(table["file"], samples, shape, where.at("file"))
    if "events" in table:
        where.only(table, ("events",), "key beside events")
        return Data(_of_events(table["events"], samples, axes, where.at("events")))
    found = {key: _by_sample(table[key], samples, shape, where.at(key)) for key in _KEYS if key in table}
    return Data(found["counts"], found.get("errors"), found.get("errors_up"))


def _by_sample(value: Any, samples: tuple[str, ...], shape: tuple[int, int], where: Where) -> np.ndarray:
    """Numbers of all bins of each sample: one after the other, or energies by times."""
    if not isinstance(value, dict):
        if len(samples) > 1:
            where.fail(f"a table with a list for each sample is needed: {', '.join(samples)}")
        value = dict.fromkeys(samples, value)
    where.only(value, samples, "sample")
    for name in samples:
        if name not in value:
            where.fail(f"the sample {name!r} is missing")
    return np.stack([_bins(numbers(value[name], None, where.at(name)), shape, where.at(name)) for name in samples])


def _of_events(value: Any, samples: tuple[str, ...], axes: tuple[Axis, ...], where: Where) -> np.ndarray:
    if len(samples) == 1 and not (isinstance(value, dict) and samples[0] in value):
        value = {samples[0]: value}
    table = where.table(value, f"a file of events for each of {', '.join(samples)}")
    where.only(table, samples, "sample")
    for name in samples:
        if name not in table:
            where.fail(f"the sample {name!r} is missing")
    return np.stack([binned_events(table[name], axes, where.at(name)) for name in samples])


def _bins(array: np.ndarray, shape: tuple[int, int], where: Where) -> np.ndarray:
    if array.size != shape[0] * shape[1] or array.ndim > 2:
        bins = f"{shape[0]}" if shape[1] == 1 else f"{shape[0]} x {shape[1]} (energies, times)"
        where.fail(f"one number for each of the {bins} bins is needed, got {array.size}")
    return array.reshape(shape)


def _from_file(file: Any, samples: tuple[str, ...], shape: tuple[int, int], where: Where) -> Data:
    """A column for each sample, a row for each bin, times fastest; columns ``SAMPLE_error`` and ``SAMPLE_error_up``."""
    path = where.path(file)
    try:
        columns = read_columns(path, [Column(name, "") for name in samples])
        places: Mapping[str, int] = {name: i for i, name in enumerate(samples)}

        def each(suffix: str) -> list[np.ndarray]:
            wanted = [f"{name}{suffix}" for name in samples]
            if suffix and not set(wanted) & set(columns.names):
                return []
            return [columns.get(Column(name, ""), places.get(name, 0)) for name in wanted]

        found = {suffix: each(suffix) for suffix in ("", "_error", "_error_up")}
    except DescriptionError:
        raise
    except CevnsjaxError as error:
        where.fail(str(error))
    place = replace(where, keys=(*where.keys[:-1], f"{where.keys[-1]} {str(file)!r}"))
    stacked = {key: np.stack([_bins(row, shape, place) for row in rows]) for key, rows in found.items() if rows}
    return Data(stacked[""], stacked.get("_error"), stacked.get("_error_up"))
