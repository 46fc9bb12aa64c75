"""From text to grids: ``NAME=LOW:HIGH[:NUMBER][:log]``."""

import math
from collections.abc import Iterable

import numpy as np

from cevnsjax.errors import ParameterError

DEFAULT_NUMBER, MOST_NUMBER = 64, 100_000
FORM = "NAME=LOW:HIGH, then :NUMBER and :log or :lin if wanted"


def parse_grids(given: Iterable[str]) -> dict[str, np.ndarray]:
    """Grids from texts like ``mass=1:1000:256:log``, by parameter name.

    Raises
    ------
    ParameterError
        If a text is not of that form, or there are not one or two different parameters.
    """
    grids: dict[str, np.ndarray] = {}
    for text in given:
        name, values = parse_grid(text)
        if name in grids:
            raise ParameterError(f"--grid is given twice for {name!r}; give each parameter one grid.")
        grids[name] = values
    if len(grids) > 2:
        raise ParameterError(f"--grid can be given for at most two parameters, got {', '.join(grids)}.")
    if not grids:
        raise ParameterError(f"A scan needs one or two --grid {FORM}.")
    return grids


def parse_grid(text: str) -> tuple[str, np.ndarray]:
    """Name and values of a grid; 64 of them and evenly spaced unless the text says otherwise.

    Raises
    ------
    ParameterError
        If the text is not of the form, or the grid is empty or cannot be spaced so.
    """
    name, separator, rest = (part.strip() for part in text.partition("="))
    parts = [part.strip() for part in rest.split(":")]
    if not name or not separator or len(parts) < 2:
        raise ParameterError(f"--grid needs {FORM}, got {text!r}.")
    low, high = (_finite(text, part) for part in parts[:2])
    number, spacing = _number_and_spacing(text, parts[2:])
    if not low < high:
        raise ParameterError(f"--grid {text!r} needs LOW below HIGH, got {low:g} and {high:g}.")
    if not 2 <= number <= MOST_NUMBER:
        raise ParameterError(f"--grid {text!r} needs between 2 and {MOST_NUMBER} points, got {number}.")
    if spacing == "log" and low <= 0.0:
        raise ParameterError(f"--grid {text!r} is logarithmic and needs LOW above zero, got {low:g}.")
    values = np.geomspace(low, high, number) if spacing == "log" else np.linspace(low, high, number)
    if not np.all(np.diff(values) > 0.0):
        raise ParameterError(f"--grid {text!r} has more points than there are numbers between its ends.")
    return name, values


def _number_and_spacing(text: str, parts: list[str]) -> tuple[int, str]:
    number, spacing = None, None
    for part in parts:
        if part in ("log", "lin") and spacing is None:
            spacing = part
        elif part.isdecimal() and number is None:
            number = int(part)
        else:
            raise ParameterError(f"--grid {text!r}: {part!r} is not understood, or twice; {FORM}.")
    return DEFAULT_NUMBER if number is None else number, spacing or "lin"


def _finite(text: str, part: str) -> float:
    try:
        value = float(part)
    except ValueError:
        raise ParameterError(f"--grid {text!r}: {part!r} is not a number; {FORM}.") from None
    if not math.isfinite(value):
        raise ParameterError(f"--grid {text!r}: LOW and HIGH must be finite.")
    return value
