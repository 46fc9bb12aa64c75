"""The one grammar of a target: from the text of a chemical formula to the nuclei of a formula unit.

A formula is symbols with counts (``CaWO4``, ``Cd0.9Zn0.1Te``), groups with counts (``Bi4(GeO4)3``, nested as deep as
needed), D and T, and isotopes in brackets: ``[Ge76]`` is that one alone, ``[Ge76:0.87]`` the element with 87 % of
its atoms that isotope and the others in their natural proportion. What a number after a symbol means:

1. Alone, a symbol with a number is an isotope (``Ge76``, ``Cs133``, ``C12``): a pure element needs no count.
2. In a longer formula it is a count (``H2O``, ``C12H26``); where it might be a mass number as well, in all but H and C,
   the formula is refused (``Ge76O2``, ``H2O18``, ``Li6F``).
3. ``[Ge76]`` is the isotope and ``(Ge)76`` are 76 atoms, everywhere.

A dopant is a count too: ``CsI(Tl)0.001`` has 0.001 atoms of thallium on top of each CsI (hundredths of them are
mol %), no atom of the host is taken away, and ``CsI(Tl)`` or ``CsI[Na]`` without the amount are refused.
"""

import functools
import math
import re
from collections.abc import Mapping
from typing import NoReturn

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.target.nuclide import nuclide_table

_NUMBER = r"(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d+)?"
_TOKEN = re.compile(rf"(?P<unit>\(|\)|\[[^\[\]()]*\]|[A-Z][a-z]?)(?P<count>{_NUMBER})?")
_ISOTOPE = re.compile(r"([A-Z][a-z]?)([1-9]\d*)")
_SHARE = re.compile(rf"(?P<name>[A-Z][a-z]?[1-9]\d*):(?P<share>{_NUMBER})")
_HYDROGEN = {"D": "H2", "T": "H3"}
# In these two a number within a formula is always a count: water and the hydrocarbons.
_ALWAYS_COUNTED = ("H", "C")
_DOPANT = "with its atoms for each unit of the host"


@functools.cache
def _elements() -> dict[str, dict[str, float]]:
    """Natural abundances of the nuclides of the table, by symbol and by name; zero where a nuclide is not natural."""
    table = nuclide_table()
    elements: dict[str, dict[str, float]] = {}
    for name, abundance in zip(table["name"].tolist(), table["abundance"].tolist(), strict=True):
        elements.setdefault(name.rstrip("0123456789"), {})[name] = abundance
    return elements


def _fail(formula: str, fault: str) -> NoReturn:
    raise CevnsjaxError(
        "formula must be element symbols with counts, like 'CaWO4', 'Bi4(GeO4)3', '[Ge76:0.87]O2' or 'CsI(Tl)0.001', "
        f"got {formula!r}: {fault}."
    )


def _isotopes(formula: str, symbol: str) -> dict[str, float]:
    """Return what the table has of an element."""
    if symbol not in _elements():
        raise UnknownNameError(f"element (in the formula {formula!r})", symbol, _elements())
    return _elements()[symbol]


def _isotope(formula: str, name: str) -> str:
    """Return the name of an isotope that the table has."""
    symbol = name.rstrip("0123456789")
    if name not in _isotopes(formula, symbol):
        known = ", ".join(_isotopes(formula, symbol))
        _fail(formula, f"{name} is no isotope in the table, which has {known}; the element is {symbol!r}")
    return name


def _natural(formula: str, symbol: str) -> dict[str, float]:
    """Return the natural isotopes of an element with their abundances, as in the table."""
    natural = {name: value for name, value in _isotopes(formula, symbol).items() if value > 0.0}
    if not natural:
        known = ", ".join(f"[{name}]" for name in _isotopes(formula, symbol))
        _fail(formula, f"{symbol} has no natural isotopes, name one of {known}")
    return natural


def _enriched(formula: str, unit: str) -> dict[str, float]:
    """Return the fractions of the isotopes in brackets, and of what is left of their element."""
    inside = unit[1:-1]
    if _ISOTOPE.fullmatch(inside):
        return {_isotope(formula, inside): 1.0}
    if re.fullmatch(r"[A-Z][a-z]?", inside):
        _fail(
            formula,
            f"{unit} names no isotope; a dopant is written {_DOPANT}, like ({inside})0.001, an isotope with its mass "
            "number",
        )
    found = [_SHARE.fullmatch(part) for part in inside.split(",")]
    if not all(found):
        _fail(formula, f"in {unit} there must be one isotope, or isotopes of one element with their fractions")
    shares = {match["name"]: float(match["share"]) for match in found if match}
    elements = {name.rstrip("0123456789") for name in shares}
    if len(shares) < len(found) or len(elements) > 1:
        _fail(formula, f"in {unit} there must be isotopes of one element, each once")
    total, natural = math.fsum(shares.values()), {}
    for name, share in shares.items():
        if not 0.0 < share <= 1.0:
            _fail(formula, f"the fraction of {_isotope(formula, name)} must be above 0 and at most 1")
    if total < 1.0 - 1e-9:
        symbol = elements.pop()
        natural = {name: value for name, value in _isotopes(formula, symbol).items() if value > 0.0}
    rest = {name: value for name, value in natural.items() if name not in shares}
    if total > 1.0 + 1e-9 or (total < 1.0 - 1e-9 and not rest):
        _fail(formula, f"the fractions in {unit} add up to {total:g}, which must be 1, or less where isotopes are left")
    scale = 1.0 if rest else total
    left = (1.0 - total) / math.fsum(rest.values()) if rest else 0.0
    named = {_isotope(formula, name): share / scale for name, share in shares.items()}
    return named | {name: left * value for name, value in rest.items()}


def _counted(formula: str, symbol: str, count: str | None) -> dict[str, float]:
    """Return the nuclei that a symbol with a count stands for within a formula."""
    number = _number(formula, count)
    if symbol in _HYDROGEN:
        return {_HYDROGEN[symbol]: number}
    natural = _natural(formula, symbol)
    masses = [int(name.removeprefix(symbol)) for name in natural]
    if count and count.isdigit() and symbol not in _ALWAYS_COUNTED and min(masses) <= int(count) <= max(masses):
        _fail(formula, f"{symbol}{count} may be an isotope, [{symbol}{count}], or {count} atoms, ({symbol}){count}")
    total = sum(natural.values())
    return {name: number * value / total for name, value in natural.items()}


def _number(formula: str, count: str | None) -> float:
    """Return a count; 1 where none is written."""
    number = float(count or 1)
    if not (math.isfinite(number) and number > 0.0):
        _fail(formula, f"the count {count} must be positive and finite")
    return number


def _check_group(formula: str, inside: str, count: str | None) -> None:
    """Refuse parentheses without content, and those around one symbol that do not say how many."""
    if not inside:
        _fail(formula, "a pair of parentheses is empty")
    if count is None and re.fullmatch(r"[A-Z][a-z]?", inside):
        _fail(formula, f"({inside}) does not say how much; a dopant is written {_DOPANT}, like ({inside})0.001")


def _add(level: dict[str, float], nuclei: dict[str, float], times: float = 1.0) -> None:
    for name, number in nuclei.items():
        level[name] = level.get(name, 0.0) + times * number


def _alone(formula: str) -> str | None:
    """Return the isotope that the whole text is, if it is a symbol with a number."""
    match = _ISOTOPE.fullmatch(formula)
    if match is None or match[1] in _HYDROGEN:
        return None
    if formula == "H2":
        _fail(formula, "H2 may be hydrogen, 'H', or its isotope, 'D'")
    return _isotope(formula, formula)


def molar_mass_g_per_mol(nuclei: Mapping[str, float]) -> float:
    """Mass of a mole of formula units, from the masses of neutral atoms, g/mol.

    Parameters
    ----------
    nuclei
        Number of nuclei by the name of the nuclide, as :func:`nuclei_in_formula` counts them.
    """
    table = nuclide_table()
    masses = dict(zip(table["name"].tolist(), table["atomic_mass_u"].tolist(), strict=True))
    return sum(count * masses[name] for name, count in nuclei.items())


def nuclei_in_formula(formula: str) -> dict[str, float]:
    """Count the nuclei of each nuclide in a formula unit; the module says how a formula is written.

    Parameters
    ----------
    formula
        Text of the formula.

    Returns
    -------
    dict
        Mean number of nuclei by the name of the nuclide, in the order of the text.

    Raises
    ------
    CevnsjaxError
        If the formula cannot be read, may mean two things, or has an element without natural isotopes.
    """
    if not isinstance(formula, str):
        raise CevnsjaxError(f"formula must be a text like 'CaWO4', got {formula!r}.")
    isotope = _alone(formula)
    if isotope is not None:
        return {isotope: 1.0}
    if re.search(r"\d\.\d+\(?H2O", formula):
        _fail(formula, "the point may begin a decimal or water of crystallisation, which is written like (H2O)2")
    levels: list[dict[str, float]] = [{}]
    opened: list[int] = []
    position = 0
    while position < len(formula):
        token = _TOKEN.match(formula, position)
        if token is None:
            hint = ", symbols begin with a capital letter" if formula[position].islower() else ""
            _fail(formula, f"{formula[position:]!r} cannot be read{hint}")
        unit, count = token["unit"], token["count"]
        if unit == "(":
            if count:
                _fail(formula, f"'({count}' has a number where a symbol must be")
            levels.append({})
            opened.append(token.end())
        elif unit == ")":
            if not opened:
                _fail(formula, "a parenthesis closes that was not opened")
            _check_group(formula, formula[opened.pop() : position], count)
            _add(levels[-2], levels.pop(), _number(formula, count))
        elif unit.startswith("["):
            _add(levels[-1], _enriched(formula, unit), _number(formula, count))
        else:
            _add(levels[-1], _counted(formula, unit, count))
        position = token.end()
    if opened or not levels[0]:
        _fail(formula, "a parenthesis is not closed" if opened else "it is empty")
    return levels[0]
