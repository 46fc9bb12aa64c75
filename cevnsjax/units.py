"""Units as people write them in the heads of their tables: ``keV``, ``per_cm2_s_MeV``, ``cm^-2 s^-1 MeV^-1``, ``%``."""

import functools
import re
from typing import TYPE_CHECKING

from cevnsjax.errors import CevnsjaxError, near_matches

if TYPE_CHECKING:
    import pint

# all that such tables are in, so that a slip (meV, kev) is not taken for another unit
_DEFINITIONS = """
    eV = [energy]; keV = 1e3 eV; MeV = 1e6 eV; GeV = 1e9 eV; TeV = 1e12 eV
    eVee = eV; keVee = keV; MeVee = MeV; eVnr = eV; keVnr = keV; MeVnr = MeV
    m = [length]; cm = 1e-2 m; mm = 1e-3 m; km = 1e3 m; fm = 1e-15 m
    s = [time]; ms = 1e-3 s; us = 1e-6 s; ns = 1e-9 s
    minute = 60 s; hour = 3600 s; day = 86400 s; year = 365.25 day; h = hour; d = day; yr = year; y = year
    g = [mass]; kg = 1e3 g; t = 1e6 g; ton = t
    sr = []; count = []; counts = []; event = []; events = []; neutrino = []; neutrinos = []; bin = []
    percent = 1e-2; PE = [light]
""".replace("\n", ";")
_WORDS = {"µs": "us", "μs": "us", "%": "percent", "sec": "s", "days": "day", "years": "year", "hours": "hour"}


@functools.cache
def _registry() -> "pint.UnitRegistry":
    import pint

    registry = pint.UnitRegistry(None)  # pyright: ignore[reportArgumentType]
    for definition in filter(None, map(str.strip, _DEFINITIONS.split(";"))):
        registry.define(definition)
    return registry


def _expression(text: str) -> str:
    """The same unit as an expression that can be parsed: ``per_cm2_s`` becomes ``1/(cm**2*s)``."""
    text = re.sub(r"^/", "1/", text.strip()).replace("·", " ").replace("²", "2").replace("⁻¹", "-1").replace("⁻²", "-2")
    above, *below = re.split(r"(?:^|[ _])per[ _]", text)
    if below:
        text = f"({above.replace('_', ' ').strip() or '1'})/({' '.join(below).replace('_', ' ').strip()})"
    for word, known in _WORDS.items():
        text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", known, text)
    text = re.sub(r"\^\{?([-+]?\d+)\}?", r"**\1", text)
    text = re.sub(r"(?<=[A-Za-z])([-+]?\d+)", r"**\1", text)  # cm2, cm-2
    return re.sub(r"(?<=[\w)])[ _]+(?=[\w(])", "*", text.strip())


def unit_factor(text: str, wanted: str) -> float:
    """What numbers in one unit are to be multiplied by to be in another.

    Parameters
    ----------
    text
        The unit as it is written; nothing is the unit of a pure number.
    wanted
        The other one, ``"keV"`` or ``"1/(cm**2*s*MeV)"``; empty for a pure number.

    Raises
    ------
    CevnsjaxError
        If the text is no unit, or one of another quantity.
    """
    registry = _registry()
    try:
        found = registry.Quantity(registry.parse_expression(_expression(text)) if text.strip() else 1.0)
    except Exception:  # of the tokenizer, of the parser, of the registry: whatever a wrong text runs into
        remedy = near_matches(text, _names(), f"write it like {wanted!r}." if wanted else "a pure number has none.")
        raise CevnsjaxError(f"{text!r} is no unit; {remedy}") from None
    if not found.is_compatible_with(wanted):
        raise CevnsjaxError(f"{text!r} is not a unit of this quantity, which is in {wanted or 'no unit'}.")
    return float(found.m_as(wanted))


def _names() -> list[str]:
    return re.findall(r"(\w+) =", _DEFINITIONS)


def unit_in_figures(text: str) -> str:
    """A unit as figures write it: ``GeV^-1`` with its power raised, ``us`` with the Greek letter."""
    text = re.sub(r"\bus\b", "µs", text).replace("mu_B", r"$\mu_\mathrm{B}$")
    text = re.sub(r"\bsigma\b", lambda _: r"$\sigma$", text)
    text = re.sub(r"\b1e(-?\d+)", r"$10^{\1}$", text)
    return re.sub(r"\^(-?\d+)", r"$^{\1}$", text)


def axis_label(label: str, unit: str) -> str:
    """Label of an axis: what it shows, over its unit unless that is the last word of it already."""
    return f"{label} / {unit_in_figures(unit)}" if unit and not label.split(" (")[0].endswith(unit) else label
