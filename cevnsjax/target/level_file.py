"""Levels of a nucleus from a plain CSV table."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.tables import DataFileError, Table, read_table
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.spin_operators import connects

_AMPLITUDES = ("excitation_energy_MeV", "spin", "proton_spin", "neutron_spin")
_STRENGTHS = ("excitation_energy_MeV", "spin", "strength")
_NEUTRON_SIGN = {"isovector": -1.0, "isoscalar": 1.0}


def levels_from_strength(
    nuclide: str,
    ground_state_spin: float,
    spins: Sequence[float],
    energy_MeV,
    squared_matrix_element,
    operator: str,
) -> NuclearLevels:
    """Levels whose squared matrix elements of one operator are known.

    Parameters
    ----------
    nuclide, ground_state_spin, spins, energy_MeV
        As of `NuclearLevels`.
    squared_matrix_element
        M2 of each level, shape ``[level]``, not negative.
    operator
        ``"isovector"``: M2 = <J_f||sum sigma tau_0/2||J_i>^2, S_n = -S_p; ``"isoscalar"``: M2 =
        <J_f||sum sigma/2||J_i>^2, S_n = S_p. The part of S_p and S_n that the other operator sees is set to zero.
    """
    amplitude = np.sqrt(np.asarray(squared_matrix_element, dtype=float))
    return NuclearLevels(nuclide, ground_state_spin, spins, energy_MeV, amplitude, _NEUTRON_SIGN[operator] * amplitude)


def read_levels(path: str | Path) -> NuclearLevels:
    """Read levels from a CSV table, in the schema of the project's data files.

    The header has the keys of every table (`title`, `source`, `made_by`, `rows`), `nuclide` (like ``Ar40``) and
    `ground_state_spin` (like ``3/2`` or ``1.5``). One row is one level, in order of energy. Columns are
    `excitation_energy_MeV`, `spin` (J_f), and either the reduced matrix elements of `NuclearLevels`, `proton_spin` and
    `neutron_spin` (and, if known, `proton_orbital`), or `strength`, the M2 of the `operator` that the header then
    names: ``isovector`` for <J_f||sum sigma tau_0/2||J_i>^2, ``isoscalar`` for <J_f||sum sigma/2||J_i>^2.

    Parameters
    ----------
    path
        A `pathlib.Path` of a file, or the name of a packaged table.

    Raises
    ------
    CevnsjaxError
        If the file is missing or malformed, if a key or column is missing or unknown, or if a number is not possible.
    """
    table = read_table(path)
    columns = set(table.columns)
    with_strength = columns == set(_STRENGTHS)
    if not with_strength and columns - {"proton_orbital"} != set(_AMPLITUDES):
        raise DataFileError(
            f"{path}: the columns are {', '.join(table.columns)}, allowed are {', '.join(_AMPLITUDES)} (and "
            f"proton_orbital), or {', '.join(_STRENGTHS)}."
        )
    nuclide, ground_state_spin = _header(table, "nuclide"), _spin(table)
    energy, spins = table["excitation_energy_MeV"], table["spin"].tolist()
    for row, spin in enumerate(spins):
        if not connects(spin, ground_state_spin):
            raise DataFileError(
                f"{_line(table, row)}: no spin operator leads from J = {ground_state_spin:g} to {spin:g}."
            )
    try:
        if not with_strength:
            orbital = table["proton_orbital"] if "proton_orbital" in columns else None
            elements = table["proton_spin"], table["neutron_spin"], orbital
            return NuclearLevels(nuclide, ground_state_spin, spins, energy, *elements)
        operator = _header(table, "operator")
        if operator not in _NEUTRON_SIGN:
            raise CevnsjaxError(f"operator is {operator!r}, allowed are {', '.join(_NEUTRON_SIGN)}.")
        for row, strength in enumerate(table["strength"]):
            if strength < 0.0:
                raise DataFileError(f"{_line(table, row)}: a strength must not be negative, got {strength:g}.")
        return levels_from_strength(nuclide, ground_state_spin, spins, energy, table["strength"], operator)
    except DataFileError:
        raise
    except CevnsjaxError as error:
        raise DataFileError(f"{path}: {error}") from None


def _line(table: Table, row: int) -> str:
    """Name a data row of a table by its line: header and column names come first."""
    return f"{table.file}, line {len(table.metadata) + 2 + row}"


def _header(table: Table, key: str) -> str:
    """Return a header key that a table of levels must have."""
    if key not in table.metadata:
        raise DataFileError(f"{table.file}: the header has no key {key!r}, a line '# {key}: ...' is needed.")
    return table.metadata[key]


def _spin(table: Table) -> float:
    """Return the spin of the ground state that the header names."""
    text = _header(table, "ground_state_spin")
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError):
        raise DataFileError(
            f"{table.file}: ground_state_spin is {text!r}, a spin like 0, 3/2 or 2.5 is needed."
        ) from None
