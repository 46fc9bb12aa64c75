"""Summaries of levels and transitions that the shell-model code KSHELL writes (N. Shimizu et al., arXiv:1902.02064)."""

import re
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cevnsjax.columns import read_text
from cevnsjax.constants import NEUTRON_MOMENT, PROTON_MOMENT
from cevnsjax.errors import CevnsjaxError
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.shell_model import ShellModelSpectrum
from cevnsjax.target.spin_operators import connects

_HEADINGS: dict[tuple[str, ...], float] = {
    ("N", "J", "prty", "N_Jp", "T"): 1.0,
    ("N", "2J", "prty", "N_Jp", "2T"): 0.5,
}
_NUMBER = r"(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_STATE = r"(-?\d+(?:/2|\.\d+)?)\s*([-+])\s*\(\s*(\d+)\)\s+(-?\d+\.\d*)"
_TRANSITION = re.compile(
    rf"\s*{_STATE}\s+{_STATE}\s+-?\d+\.\d*\s+{_NUMBER}(?:\s*\([^)]*\))?\s+{_NUMBER}(?:\s*\([^)]*\))?\s*$"
)


class _State(NamedTuple):
    """What KSHELL names a state by: J, parity, and its number among those of the same two."""

    spin: float
    parity: int
    number: int


class _Level(NamedTuple):
    state: _State
    energy_MeV: float
    excitation_MeV: float
    isospin: float


def read_kshell_spectrum(path: str | Path) -> ShellModelSpectrum:
    """Read the table of energy levels of a summary of KSHELL, with J and T or with 2J and 2T.

    States whose J KSHELL could not tell (-1) are left out.

    Parameters
    ----------
    path
        The file, ``summary_NUCLEUS_INTERACTION.txt``.

    Raises
    ------
    CevnsjaxError
        If the file cannot be read or has no such table, or a row of it is malformed.
    """
    levels = _levels(path, _lines(path))
    return ShellModelSpectrum(
        np.array([each.energy_MeV for each in levels]),
        np.array([each.excitation_MeV for each in levels]),
        np.array([each.state.spin for each in levels]),
        np.array([each.isospin for each in levels]),
        np.array([float(each.state.parity) for each in levels]),
    )


def read_kshell_levels(path: str | Path, nuclide: str) -> NuclearLevels:
    """Read levels with the M1 strengths from the ground state in a summary of KSHELL.

    A summary has B(M1) and no spin matrix elements. All of it is taken for isovector spin, the largest part of a strong
    magnetic dipole transition: B(M1) = 3/(4 pi) (mu_p - mu_n)^2 M2/(2 J_i + 1) with free moments, S_n = -S_p. Orbital
    and isoscalar parts are left out, and quenched g factors of the calculation are not undone. Each level keeps the
    B(M1) of the file (`NuclearLevels.magnetic_dipole_up_muN2`). Those without strength, as printed, are left out.

    Parameters
    ----------
    path
        The file, ``summary_NUCLEUS_INTERACTION.txt``.
    nuclide
        Symbol and mass number, like ``"O19"``.

    Raises
    ------
    CevnsjaxError
        If the file cannot be read, has no tables of levels and of B(M1), or a row is malformed; if a state that the
        ground state leads to is not in the table of levels, or none has strength.
    """
    lines = _lines(path)
    levels = _levels(path, lines)
    excitation = {each.state: each.excitation_MeV for each in levels}
    ground = min(levels, key=lambda each: each.excitation_MeV).state
    strengths = {}
    for where, first, second, down, up in _transitions(path, lines):
        if ground not in (first, second):
            continue
        final, strength = (second, down) if first == ground else (first, up)
        if final not in excitation:
            raise CevnsjaxError(
                f"{where}: the state of J = {final.spin:g}, number {final.number}, is not in the table of levels."
            )
        if final == ground or strength == 0.0:
            continue
        if strength < 0.0 or not connects(final.spin, ground.spin):
            raise CevnsjaxError(
                f"{where}: B(M1) = {strength:g} mu_N^2 from J = {ground.spin:g} to {final.spin:g} is not possible."
            )
        strengths[final] = strength
    if not strengths:
        raise CevnsjaxError(f"{path}: no state has a B(M1) from the ground state, J = {ground.spin:g}.")
    states = sorted(strengths, key=lambda state: excitation[state])
    magnetic = 3.0 / (4.0 * np.pi) * (PROTON_MOMENT - NEUTRON_MOMENT) ** 2 / (2.0 * ground.spin + 1.0)
    return NuclearLevels.isovector(
        nuclide,
        ground.spin,
        [state.spin for state in states],
        np.array([excitation[state] for state in states]),
        np.array([strengths[state] for state in states]) / magnetic,
    )


def _lines(path: str | Path) -> list[str]:
    return read_text(Path(path)).splitlines()


def _levels(path: str | Path, lines: list[str]) -> list[_Level]:
    """Rows of the table of levels, whose J is known."""
    headings = [tuple(line.split()[:5]) for line in lines]
    start = next((number for number, heading in enumerate(headings) if heading in _HEADINGS), None)
    if start is None:
        raise CevnsjaxError(f"{path}: no line reads 'N  J prty N_Jp  T  E(MeV)  Ex(MeV)', which heads KSHELL's levels.")
    unit = _HEADINGS[headings[start]]
    found: list[_Level] = []
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        words = line.split()
        if not words:
            if found:
                break
            continue
        try:
            spin, isospin = (unit * float(Fraction(words[place])) for place in (1, 4))
            state = _State(spin, {"+": 1, "-": -1}[words[2]], int(words[3]))
            found.append(_Level(state, float(words[5]), float(words[6]), isospin))
        except (ValueError, IndexError, KeyError, ZeroDivisionError):
            raise CevnsjaxError(
                f"{path}, line {number}: {line.strip()!r} is no level (number, J, + or -, number, T, E and Ex in MeV)."
            ) from None
    known = [each for each in found if each.state.spin >= 0.0]
    if not known:
        raise CevnsjaxError(f"{path}: the table of levels has no rows, at least one is needed.")
    return known


def _transitions(path: str | Path, lines: list[str]):
    """Rows of the tables of B(M1): where, the two states, and B from the first to the second and back, mu_N^2."""
    inside = any_table = False
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("B("):
            inside = line.lstrip().startswith("B(M1)")
            any_table = any_table or inside
            doubled = False
        elif inside and "Ji" in line.replace("_", ""):
            doubled = "2Ji" in line
        elif inside and line.strip() and "(W.u.)" not in line:
            match = _TRANSITION.match(line)
            if match is None:
                raise CevnsjaxError(
                    f"{path}, line {number}: {line.strip()!r} is no transition (two states, their energies, B(M1))."
                )
            states = [
                _State((0.5 if doubled else 1.0) * float(Fraction(spin)), 1 if parity == "+" else -1, int(which))
                for spin, parity, which in (match.group(1, 2, 3), match.group(5, 6, 7))
            ]
            yield f"{path}, line {number}", *states, float(match[9]), float(match[10])
    if not any_table:
        raise CevnsjaxError(f"{path}: there is no table of B(M1), from which strengths are taken.")
