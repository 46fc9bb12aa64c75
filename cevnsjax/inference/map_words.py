"""What is said of a map: its limits, and what its grid does not resolve."""

from typing import TYPE_CHECKING

import numpy as np

from cevnsjax.errors import number_of

if TYPE_CHECKING:
    from cevnsjax.inference.profile_map import ProfileMap

LEVELS = (0.6827, 0.9, 0.95)
"""Confidence levels that are told."""


def at_end(values: np.ndarray, value: float) -> bool:
    """Whether a value is an end of an axis."""
    return bool(np.isclose(value, [values[0], values[-1]], rtol=1e-9, atol=0.0).any())


def limit_text(found: "ProfileMap", name: str, level: float) -> str:
    """Limit on a parameter of a map as a line of text: ``90 %: signal_norm < 1.32``.

    Several intervals have "or" between them. Where an end of the grid is inside, that is no limit: it is said what the
    grid spans, beyond which nothing is known.

    Parameters
    ----------
    found
        The map.
    name
        A gridded parameter.
    level
        Confidence level, between 0 and 1.
    """
    unit = next(parameter.unit for parameter in found.model.parameters if parameter.name == name)
    values, behind = found.grid[name], f" {unit}" if unit else ""
    pairs = found.intervals(name, level)
    parts = []
    for low, high in pairs:
        below, above = np.isclose([low, high], [values[0], values[-1]], rtol=1e-9, atol=0.0)
        if below and above:
            parts = []
            break
        if below:
            parts.append(f"{name} < {high:.4g}{behind}")
        elif above:
            parts.append(f"{name} > {low:.4g}{behind}")
        else:
            parts.append(f"{low:.4g} < {name} < {high:.4g}{behind}")
    span = f"the grid from {values[0]:.4g} to {values[-1]:.4g}{behind}"
    text = " or ".join(parts) if parts else f"no limit on {name} in {span}"
    reached = parts and any(at_end(values, end) for pair in pairs for end in pair)
    return f"{100 * level:.0f} %: {text}" + (f" (in {span})" if reached else "")


def resolution_text(found: "ProfileMap") -> str | None:
    """Sentences about valleys that the grid of a map does not resolve; ``None`` if it does everywhere.

    Parameters
    ----------
    found
        The map.
    """
    added = found.added
    valley = "a band" if len(found.grid) == 2 else "a minimum"
    left = (
        f"{added.unresolved} pairs of neighbouring points" if added.unresolved > 1 else "a pair of neighbouring points"
    )
    if added.number:
        text = (
            f"The grid does not resolve {valley} of the map: {number_of(added.number, 'point')} "
            f"{'was' if added.number == 1 else 'were'} added there, down to 1/{2**added.halvings} of its steps."
        )
        if not added.unresolved:
            return text
        return f"{text} That is too little still between {left}; give the grid more points, or narrower ends."
    if not added.unresolved:
        return None
    return (
        f"The grid does not resolve {valley} of the map, between {left}: it may look like islands, or be missed. Have "
        "points added there (refine), give the grid more of them, or narrower ends."
    )
