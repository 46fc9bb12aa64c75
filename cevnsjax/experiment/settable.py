"""Which numbers of an experiment can be set, and be free in a fit: its leaves, and elements of those in a row."""

from collections.abc import Iterable
from typing import Any

from cevnsjax.errors import UnknownNameError
from cevnsjax.paths import leaf_paths

RESULTS = {"frozen", "observed"}
"""Parts of paths that are results or data, and not settings."""


def settable_leaves(experiment: Any) -> dict[str, Any]:
    """Leaves of an experiment (or of several, or of scattering without a detector) that can be set, by path."""
    return {path: leaf for path, leaf in leaf_paths(experiment) if not RESULTS.intersection(path.split("."))}


def is_settable(leaves: dict[str, Any], path: str) -> bool:
    """Tell whether a path is one of the leaves, or an element (``PATH.3``) of one that is a row of numbers."""
    if path in leaves:
        return True
    whole, _, element = path.rpartition(".")
    row = leaves.get(whole)
    # written as numbers are, so that one element has one path
    return row is not None and row.ndim == 1 and element in map(str, range(row.shape[0]))


def unknown_number(name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is neither a parameter nor a path: too many are known to list them all."""
    return UnknownNameError("parameter or path", name, known, "see `cevnsjax list parameters --paths`.")
