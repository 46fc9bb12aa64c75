"""Spectra and strength functions that the shell-model code BIGSTICK writes (C. W. Johnson et al., arXiv:1801.08432)."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target.level_file import levels_from_strength
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.shell_model import ShellModelSpectrum
from cevnsjax.target.spin_operators import fixed_projection

# What the operator of a strength file is, and its square over that of the M2 of the levels.
_OPERATORS = {
    "isovector": ("sum sigma tau_0/sqrt 2, 'J T = 1 1' in the operator file", 2.0),
    "isoscalar": ("sum sigma/sqrt 2, 'J T = 1 0'", 2.0),
    "spin": ("sum sigma", 4.0),
}


class Row(NamedTuple):
    """Numbers of one line of a file, and where they stand."""

    where: str
    numbers: list[float]


def read_lines(path: str | Path) -> list[str]:
    """Return the lines of a text file; refuse one that cannot be read or is empty."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CevnsjaxError(f"The BIGSTICK output {path} cannot be read: {error}.") from None
    if not text.strip():
        raise CevnsjaxError(f"{path}: the file is empty, output of BIGSTICK is needed.")
    return text.splitlines()


def parse_row(where: str, line: str, columns: Sequence[str]) -> Row:
    """Return the finite numbers of a line, one for each column."""
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError:
        numbers = []
    if len(numbers) != len(columns) or not all(map(math.isfinite, numbers)):
        raise CevnsjaxError(f"{where}: {line.strip()!r} is not {len(columns)} numbers ({', '.join(columns)}).")
    return Row(where, numbers)


def read_rows(path: str | Path, columns: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Return the table below the first line that reads like `columns`, and all its column names (there may be more).

    A blank or ruled line ends the table; what follows is the report of the run.
    """
    lines = read_lines(path)
    headings = [line.strip(" #$\t").split() for line in lines]
    start = next((number for number, names in enumerate(headings) if names[: len(columns)] == [*columns]), None)
    if start is None:
        raise CevnsjaxError(f"{path}: no line reads {'  '.join(columns)!r}, which must stand above the table.")
    rows: list[Row] = []
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if line.strip(" _"):
            rows.append(parse_row(f"{path}, line {number}", line, headings[start]))
        elif rows:
            break
    if not rows:
        raise CevnsjaxError(f"{path}: the table of {', '.join(columns)} has no rows, at least one is needed.")
    return rows, headings[start]


def read_bigstick_spectrum(path: str | Path) -> ShellModelSpectrum:
    """Read the table of states (State, E, Ex, J, T and perhaps par) from a .res or .dres file of BIGSTICK 7 or 8.

    Raises
    ------
    CevnsjaxError
        If the file cannot be read or has no such table, or if a row is not as many numbers as there are columns.
    """
    rows, names = read_rows(path, ("State", "E", "Ex", "J", "T"))
    columns = dict(zip(names, np.array([row.numbers for row in rows]).T, strict=True))
    return ShellModelSpectrum(columns["E"], columns["Ex"], columns["J"], columns["T"], columns.get("par"))


def read_bigstick_strength(
    path: str | Path,
    nuclide: str,
    operator: str | None = None,
    *,
    ground_state_spin: float | int,
    projection: float | int | None = None,
    spectrum: ShellModelSpectrum | None = None,
    ground_state_energy_MeV: float | int | None = None,
    highest_energy_MeV: float | int = math.inf,
    tolerance_MeV: float = 2e-5,
) -> NuclearLevels:
    """Read a strength function (absolute energy, strength) of BIGSTICK as levels.

    The file holds S = <f M|O|i M>^2 at one M, so that M2 = S/(c (J_f 1 J_i; -M 0 M)^2), with c = 2 where O is divided
    by sqrt 2 and 4 where it is not. It is the strength of one operator: the levels have S_n = -S_p from isovector files
    and S_n = S_p from the others. Rows without strength, as printed, and the ground state are left out.

    Degenerate states stay levels of their own; where their J_f differ, a spectrum of the same states in the same order
    (that of the same file) tells which is which.

    Parameters
    ----------
    path
        The file, with or without BIGSTICK's header; a line "Energy Strength" stands above the rows.
    nuclide
        Symbol and mass number, like ``"Ar40"``.
    operator
        What the file was made with, which it does not say: ``"isovector"`` (sum sigma tau_0/sqrt 2, J T = 1 1),
        ``"isoscalar"`` (sum sigma/sqrt 2, J T = 1 0) or ``"spin"`` (sum sigma).
    ground_state_spin
        J_i.
    projection
        M of the calculation: 1/2 for half-integer J_i, 0 for J_i = 0. For J_i = 1, 2, ... it must be given, as with
        M = 0 all levels of J_f = J_i are missing.
    spectrum
        States of the same calculation, which tell J_f; needed unless J_i = 0.
    ground_state_energy_MeV
        Absolute energy from which excitation energies count, MeV; by default that of the first state of the spectrum,
        or without one that of the first row.
    highest_energy_MeV
        Highest excitation energy to be read, MeV.
    tolerance_MeV
        How far apart the same state may be in the two files, MeV; energies are printed to 1e-5 MeV.

    Raises
    ------
    CevnsjaxError
        If the operator or J_f is not known, if the file is malformed or was cut short, or if nothing is left of it.
    """
    if operator not in _OPERATORS:
        choices = "; ".join(f"{name!r} for {meaning}" for name, (meaning, _) in _OPERATORS.items())
        raise CevnsjaxError(
            f"{path} does not state which operator was used; give operator, got {operator!r}, allowed: {choices}."
        )
    ground_state_spin = float(ground_state_spin)
    projection = _projection(path, ground_state_spin, projection)
    if spectrum is None and ground_state_spin > 0:
        raise CevnsjaxError(
            f"{path}: without J_f of every level a strength at fixed M cannot be converted for J_i = "
            f"{ground_state_spin:g}; give spectrum=read_bigstick_spectrum(...) of the same calculation."
        )
    rows = _strength_rows(path)
    ground_state_energy_MeV = _ground_state_energy(rows[0], ground_state_spin, spectrum, ground_state_energy_MeV)
    if spectrum is not None and ground_state_spin not in spectrum.spins_at(ground_state_energy_MeV, tolerance_MeV):
        raise CevnsjaxError(
            f"The spectrum has no state of J = {ground_state_spin:g} at {ground_state_energy_MeV:.5f} MeV, where the "
            "ground state is."
        )
    divisor = _OPERATORS[operator][1]
    row_by_row = spectrum is not None and _same_states(rows, spectrum, tolerance_MeV)
    energies: list[float] = []
    strengths: list[float] = []
    spins: list[float] = []
    for number, row in enumerate(rows):
        absolute, strength = row.numbers
        energy = absolute - ground_state_energy_MeV
        if strength == 0.0 or abs(energy) <= tolerance_MeV or energy > highest_energy_MeV:
            continue
        if energy < 0.0:
            raise CevnsjaxError(
                f"{row.where}: {absolute:g} MeV is below the ground state, {ground_state_energy_MeV:g}."
            )
        states = slice(number, number + 1) if row_by_row else slice(None)
        spin = _final_spin(row, ground_state_spin, projection, spectrum, tolerance_MeV, states)
        energies.append(energy)
        spins.append(spin)
        strengths.append(strength / (divisor * fixed_projection(spin, ground_state_spin, projection) ** 2))
    if not strengths:
        raise CevnsjaxError(f"{path}: no excited state up to {highest_energy_MeV:g} MeV has strength.")
    return levels_from_strength(
        nuclide,
        ground_state_spin,
        spins,
        energies,
        strengths,
        "isovector" if operator == "isovector" else "isoscalar",
    )


def _projection(path: str | Path, spin: float, projection: float | int | None) -> float:
    """Return M of a calculation, given or by default."""
    if projection is None:
        if spin > 0 and spin % 1 == 0:
            raise CevnsjaxError(
                f"{path}: for J_i = {spin:g} give the projection M of the calculation; with M = 0 the levels of "
                "J_f = J_i have no strength, so only files with M = 1 or more are complete."
            )
        projection = spin % 1
    if spin < 0 or 2 * spin % 1 or (spin - projection) % 1 or abs(projection) > spin:
        raise CevnsjaxError(
            f"ground_state_spin must be a spin and projection one of its M, got J_i = {spin:g} and M = {projection:g}."
        )
    return float(projection)


def _strength_rows(path: str | Path) -> list[Row]:
    """Return all rows of a strength file, in order of energy, complete where the file tells their sum."""
    rows, _ = read_rows(path, ("Energy", "Strength"))
    for before, row in zip([None, *rows], rows, strict=False):
        energy, strength = row.numbers
        if strength < 0.0:
            raise CevnsjaxError(f"{row.where}: a strength must not be negative, got {strength:g}.")
        if before is not None and energy < before.numbers[0]:
            raise CevnsjaxError(
                f"{row.where}: energies must not decrease, got {energy:g} MeV after {before.numbers[0]:g}."
            )
    total = sum(row.numbers[1] for row in rows)
    for number, line in enumerate(read_lines(path), start=1):
        before, stated, _ = line.partition("= total strength")
        if stated:
            where, (needed,) = parse_row(f"{path}, line {number}", before, ("total strength",))
            # each row is rounded to five digits or more
            if abs(total - needed) > 1e-5 * len(rows):
                raise CevnsjaxError(
                    f"{where}: the total strength is {needed:g} and the rows add up to {total:g}, so the file was cut "
                    "short."
                )
    return rows


def _ground_state_energy(
    first: Row, spin: float, spectrum: ShellModelSpectrum | None, given: float | int | None
) -> float:
    """Return the absolute energy of the ground state, MeV."""
    if given is not None:
        return float(given)
    if spectrum is not None:
        return float(spectrum.energy_MeV[0])
    if spin == 0 and first.numbers[1] > 0.0:
        raise CevnsjaxError(
            f"{first.where}: a state with strength is not the ground state, as J = 0 cannot be reached from J = 0; "
            "give ground_state_energy_MeV or spectrum."
        )
    return first.numbers[0]


def _same_states(rows: Sequence[Row], spectrum: ShellModelSpectrum, tolerance_MeV: float) -> bool:
    """Whether a spectrum lists the states of a strength file, one by one: that of the same file does."""
    energies = np.array([row.numbers[0] for row in rows])
    same = energies.shape == spectrum.energy_MeV.shape
    return same and bool(np.all(np.abs(energies - spectrum.energy_MeV) <= tolerance_MeV))


def _final_spin(
    row: Row,
    initial_spin: float,
    projection: float,
    spectrum: ShellModelSpectrum | None,
    tolerance_MeV: float,
    states: slice,
) -> float:
    """Return J_f of a row that has strength, from some states of the spectrum."""
    if initial_spin == 0 or spectrum is None:
        return 1.0
    found = spectrum.spins_at(row.numbers[0], tolerance_MeV, states)
    allowed = [spin for spin in found if fixed_projection(spin, initial_spin, projection)]
    if len(allowed) == 1:
        return allowed[0]
    have = f"states of J = {', '.join(f'{spin:g}' for spin in sorted(found))}" if found else "no state"
    raise CevnsjaxError(
        f"{row.where}: J_f of the row at {row.numbers[0]:.5f} MeV (strength {row.numbers[1]:g}) is not known, as the "
        f"spectrum has {have} there and one that spin operators reach from J_i = {initial_spin:g} is needed; it goes "
        f"up to {spectrum.excitation_MeV[-1]:g} MeV of excitation: give one with more states, or highest_energy_MeV."
    )
