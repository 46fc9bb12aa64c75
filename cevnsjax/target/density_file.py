"""Files of one-body density matrices that BIGSTICK writes (.dres), of versions 7 and 8."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target.bigstick import parse_row, read_lines
from cevnsjax.target.densities import ShellModelDensities, ShellModelState, Transition
from cevnsjax.target.spin_operators import Orbit

_STATE = re.compile(
    r"(Initial|Final)\s+state\s+#\s*(\d+)\s+E\s*=\s*(\S+)\s+2xJ(?:, 2xT\s*=\s*(\d+)\s+(\d+)|\s*=\s*(\d+))$"
)
_RANK = re.compile(r"Jt\s*=\s*(\d+),(.*)$")
_COLUMNS = {False: ("orbit a", "orbit b", "Tt = 0", "Tt = 1"), True: ("orbit a", "orbit b", "proton", "neutron")}


def read_bigstick_densities(
    path: str | Path, orbits: Sequence[tuple[int, int, float]] | None = None
) -> ShellModelDensities:
    """Read a .dres file of BIGSTICK, one-body density matrices in isospin format or of protons and neutrons.

    Parameters
    ----------
    path
        The file.
    orbits
        (n, l, j) of each orbit, in the order of BIGSTICK; by default those of the table in the file, if it has one: a
        row for each orbit, or (as in version 7.8.4) a column.

    Raises
    ------
    CevnsjaxError
        If the file cannot be read, lacks the orbits, or is malformed, or if a state does not have a whole number of
        nucleons in these orbits.
    """
    lines = read_lines(path)
    table = _orbits(path, lines) if orbits is None else tuple(Orbit(*orbit) for orbit in orbits)
    if not all(orbit.exists for orbit in table):
        raise CevnsjaxError(f"{path}: orbits must be (n, l, j) with j = l + 1/2 or l - 1/2, got {_listed(table)}.")
    transitions: list[Transition] = []
    of_nucleons: bool | None = None
    initial, block = None, None
    for number, line in enumerate(map(str.strip, lines), start=1):
        where = f"{path}, line {number}"
        if line.startswith("Initial state"):
            initial, block = _state(where, line), None
        elif line.startswith("Final state"):
            if initial is None:
                raise CevnsjaxError(f"{where}: a final state without its initial state.")
            transitions.append(Transition(initial, _state(where, line)))
            initial, block = None, None
        elif rank := _RANK.match(line):
            if not transitions or initial is not None:
                raise CevnsjaxError(f"{where}: an initial and a final state must come before their densities.")
            transitions[-1] = _in_format(where, transitions[-1], rank[2], of_nucleons)
            of_nucleons = transitions[-1].of_nucleons
            block = transitions[-1].densities.setdefault(int(rank[1]), np.zeros((len(table), len(table), 2)))
        elif not line or line.startswith("+++"):
            block = None
        elif block is not None:
            *pair, first, second = parse_row(where, line, _COLUMNS[bool(of_nucleons)]).numbers
            if not all(index.is_integer() and 1 <= index <= len(table) for index in pair):
                raise CevnsjaxError(f"{where}: orbits go from 1 to {len(table)}, got {pair[0]:g} and {pair[1]:g}.")
            block[int(pair[0]) - 1, int(pair[1]) - 1] = first, second
    if not transitions:
        raise CevnsjaxError(f"{path}: there is no line 'Initial state # ...', so the file has no densities.")
    for transition in transitions:
        if transition.initial == transition.final and 0 in transition.densities:
            for nucleons in transition.nucleons(table):
                if abs(nucleons - round(nucleons)) > 0.01:
                    raise CevnsjaxError(
                        f"{path}: state {transition.final.number} has {nucleons:.4f} nucleons in the orbits "
                        f"{_listed(table)}; a whole number is needed, so the orbits are others."
                    )
    return ShellModelDensities(table, tuple(transitions))


def _in_format(where: str, transition: Transition, columns: str, of_nucleons: bool | None) -> Transition:
    """The transition in the format that the head of a block of densities names, that of the blocks before."""
    named = "proton" in columns and "neutron" in columns
    if not named and "Tt" not in columns:
        raise CevnsjaxError(f"{where}: densities have the columns 'Tt = 0  1' or 'proton  neutron', got {columns!r}.")
    if of_nucleons is not None and named != of_nucleons:
        raise CevnsjaxError(f"{where}: the blocks before are in the other format; a file has one of both.")
    if not named and (transition.initial.isospin is None or transition.final.isospin is None):
        raise CevnsjaxError(f"{where}: densities in isospin format need 2xT of their states, which are without.")
    return Transition(transition.initial, transition.final, transition.densities, named)


def _listed(orbits: Sequence[Orbit]) -> str:
    """Write orbits as a user gives them."""
    return ", ".join(f"({n}, {l}, {j:g})" for n, l, j in orbits)


def _orbits(path: str | Path, lines: Sequence[str]) -> tuple[Orbit, ...]:
    """Return the table of orbits in the header of a file of densities."""
    start = next((number for number, line in enumerate(lines) if line.split()[:1] == ["ORBIT"]), None)
    if start is None:
        raise CevnsjaxError(f"{path}: the file has no table of orbits; give orbits, (n, l, j) of each in its order.")
    if ":" in lines[start]:
        return _sideways(path, lines, start)
    orbits = []
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if not line.strip():
            break
        _, principal, orbital, twice = parse_row(f"{path}, line {number}", line, ("orbit", "N", "L", "2 x J")).numbers
        orbits.append(Orbit(int(principal), int(orbital), twice / 2.0))
    return tuple(orbits)


def _sideways(path: str | Path, lines: Sequence[str], start: int) -> tuple[Orbit, ...]:
    """The same with a column for each orbit: rows 'ORBIT : ...', 'N : ...', 'J : ...' (2j) and 'L : ...'."""
    numbers = lines[start].partition(":")[2].split()
    rows: dict[str, list[float]] = {}
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        name, colon, content = line.partition(":")
        if not colon:
            break
        rows[name.strip()] = parse_row(f"{path}, line {number}", content, [f"orbit {each}" for each in numbers]).numbers
    for name in ("N", "J", "L"):
        if name not in rows:
            raise CevnsjaxError(f"{path}, line {start + 1}: the table of orbits has no line '{name} : ...' below it.")
    return tuple(Orbit(int(n), int(l), j / 2.0) for n, l, j in zip(rows["N"], rows["L"], rows["J"], strict=True))


def _state(where: str, line: str) -> ShellModelState:
    """Return the state that a line names."""
    match = _STATE.match(line)
    try:
        _, number, energy, spin, isospin, alone = match.groups() if match else ("",) * 6
        total_isospin = None if isospin is None else int(isospin) / 2.0
        return ShellModelState(int(number), float(energy), int(spin or alone) / 2.0, total_isospin)
    except ValueError:
        raise CevnsjaxError(
            f"{where}: {line!r} does not read '... state # n E = ... 2xJ, 2xT = ... ...', or '... 2xJ = ...'."
        ) from None
