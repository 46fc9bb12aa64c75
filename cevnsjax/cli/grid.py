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
    return name, _spaced(f"--grid {text!r}", parts, FORM, "lin", DEFAULT_NUMBER)


def parse_values(option: str, text: str, number: int) -> np.ndarray:
    """Positive values from a text like ``0.1:10:9``, evenly spaced in their logarithm unless it says otherwise.

    Parameters
    ----------
    option
        The option that is given, for messages.
    text
        The text.
    number
        How many there are where it does not say.

    Raises
    ------
    ParameterError
        If the text is not of the form, or the values are not positive or cannot be spaced so.
    """
    parts = [part.strip() for part in text.split(":")]
    what, form = f"{option} {text!r}", "LOW:HIGH, then :NUMBER and :log or :lin if wanted"
    if len(parts) < 2:
        raise ParameterError(f"{option} needs {form}, got {text!r}.")
    values = _spaced(what, parts, form, "log", number)
    if values[0] <= 0.0:
        raise ParameterError(f"{what} needs LOW above zero, got {values[0]:g}.")
    return values


def _spaced(what: str, parts: list[str], form: str, spaced: str, many: int) -> np.ndarray:
    """Values between two ends, as many and spaced as the parts behind these say."""
    low, high = (_finite(what, part, form) for part in parts[:2])
    number, spacing = _number_and_spacing(what, parts[2:], form)
    number, spacing = many if number is None else number, spacing or spaced
    if not low < high:
        raise ParameterError(f"{what} needs LOW below HIGH, got {low:g} and {high:g}.")
    if not 2 <= number <= MOST_NUMBER:
        raise ParameterError(f"{what} needs between 2 and {MOST_NUMBER} points, got {number}.")
    if spacing == "log" and low <= 0.0:
        raise ParameterError(f"{what} is logarithmic and needs LOW above zero, got {low:g}.")
    values = np.geomspace(low, high, number) if spacing == "log" else np.linspace(low, high, number)
    if not np.all(np.diff(values) > 0.0):
        raise ParameterError(f"{what} has more points than there are numbers between its ends.")
    return values


def _number_and_spacing(what: str, parts: list[str], form: str) -> tuple[int | None, str | None]:
    number, spacing = None, None
    for part in parts:
        if part in ("log", "lin") and spacing is None:
            spacing = part
        elif part.isdecimal() and number is None:
            number = int(part)
        else:
            raise ParameterError(f"{what}: {part!r} is not understood, or twice; {form}.")
    return number, spacing


def _finite(what: str, part: str, form: str) -> float:
    try:
        value = float(part)
    except ValueError:
        raise ParameterError(f"{what}: {part!r} is not a number; {form}.") from None
    if not math.isfinite(value):
        raise ParameterError(f"{what}: LOW and HIGH must be finite.")
    return value
