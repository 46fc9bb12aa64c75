"""Packaged levels of nuclei: shell-model tables, measured levels and published raw strengths."""

import functools
from dataclasses import dataclass

import numpy as np

from cevnsjax.errors import UnknownNameError
from cevnsjax.tables import Table, data_path, read_table
from cevnsjax.target.levels import NuclearLevels

_ENERGIES = {"measured": "measured_energy_MeV", "calculated": "excitation_energy_MeV"}
_LEVEL_COLUMNS = (
    "excitation_energy_MeV",
    "measured_energy_MeV",
    "assigned",
    "spin",
    "isospin",
    "proton_spin",
    "neutron_spin",
    "proton_orbital",
    "magnetic_dipole_up_muN2",
    "residual_MeV",
)
_MEASURED_TEXT = ("nuclide", "spin_parity", "transition", "quantity", "source", "status")
_GROUND_STATE_MEV = 1e-9  # levels lie above zero


@dataclass(frozen=True)
class MeasuredLevel:
    """A measured level, or a window of energies with a measured sum.

    Attributes
    ----------
    nuclide
        Symbol and mass number.
    energy_MeV
        Excitation energy, MeV; where the transition is ``"M1 sum"``, the start of the window.
    spin_parity, transition
        Like ``"1+ T=1"`` and ``"M1"``, to the ground state.
    values
        What is known, by a name that ends in its unit: ``magnetic_dipole_down_Wu`` (Weisskopf units),
        ``magnetic_dipole_down_muN2``, ``magnetic_dipole_up_muN2``, ``electric_dipole_down_Wu``, ``gamma_width_eV``,
        ``total_width_eV``, ``photons_per_fission``, ``magnetic_dipole_sum_up_muN2`` with ``highest_energy_MeV``.
    sources
        Where each value, and ``excitation_energy_MeV``, comes from, and whether it was checked there or recalled.
    """

    nuclide: str
    energy_MeV: float
    spin_parity: str
    transition: str
    values: dict[str, float]
    sources: dict[str, str]


@functools.cache
def _names(folder: str) -> tuple[str, ...]:
    """Names of the tables in a folder of the packaged data."""
    return tuple(sorted(path.stem for path in (data_path("nuclear/measured_levels.csv").parent / folder).glob("*.csv")))


@functools.cache
def _measured() -> Table:
    columns = (*_MEASURED_TEXT[:1], "energy_MeV", *_MEASURED_TEXT[1:4], "value", *_MEASURED_TEXT[4:])
    return read_table("nuclear/measured_levels.csv", columns=columns, text_columns=_MEASURED_TEXT)


@functools.cache
def _raw_strengths(name: str) -> Table:
    columns = ("excitation_energy_MeV", "raw_strength")
    return read_table(f"nuclear/raw_strengths/{name}.csv", columns=columns)


def available_levels() -> tuple[str, ...]:
    """Names of all packaged shell-model tables, like ``"Ar40"`` and ``"C12-pkuo"``."""
    return _names("levels")


@functools.cache
def level_table(name: str) -> Table:
    """Read a packaged shell-model table as it is, with the ground state and with both energies.

    Parameters
    ----------
    name
        Nuclide like ``"Ar40"``, or with what sets the table apart: ``"C12-pkuo"``, ``"Ar40-isoscalar"``.

    Returns
    -------
    Table
        Columns ``excitation_energy_MeV`` (calculated), ``measured_energy_MeV`` (the calculated one where ``assigned``
        is 0), ``spin``, ``isospin``, ``proton_spin``, ``neutron_spin``, ``proton_orbital``, ``magnetic_dipole_up_muN2``
        and ``residual_MeV`` (small for a converged Lanczos state, 0 for an exact one). The metadata have model space,
        interaction, truncation, the sums of all rows and, where it is exact, the sum rule of the ground state.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    """
    if name not in available_levels():
        raise UnknownNameError("table of nuclear levels", name, available_levels())
    return read_table(f"nuclear/levels/{name}.csv", columns=_LEVEL_COLUMNS)


def _with_interaction(nuclide: str, interaction: str) -> str:
    """Name of the table of a nuclide that was calculated with an interaction."""
    tables = [name for name in available_levels() if name.split("-")[0] == nuclide] or [nuclide]
    by_interaction = {level_table(name).metadata["interaction"]: name for name in reversed(tables)}
    if interaction not in by_interaction:
        raise UnknownNameError(f"interaction of the levels of {nuclide}", interaction, by_interaction)
    return by_interaction[interaction]


def nuclear_levels(name: str, *, interaction: str | None = None, energies: str = "measured") -> NuclearLevels:
    """Look up the levels of a nuclide as the shell model has them.

    Lanczos tables (see the ``method`` in the header of :func:`level_table`) have one state for each strong level and
    bins that keep the moments of the rest; ``"Ar40"``, ``"Na23"`` and ``"I127"`` are exact for the isovector sum, their
    ``"-isoscalar"`` counterparts for the isoscalar one. Their low levels are the same: never add the two. The ground
    state is left out, and with it the 5/2+ that the model of Cs133 has 0.155 MeV below it.

    Parameters
    ----------
    name
        Nuclide like ``"Ar40"``, or a name of :func:`available_levels`.
    interaction
        Interaction, where there are tables of several, like ``"pkuo"`` beside ``"PWBP"`` for ``"C12"``.
    energies
        ``"measured"``: calculated levels are shifted to measured ones where they are assigned; or ``"calculated"``.

    Returns
    -------
    NuclearLevels
        In order of energy, bare (``quenching`` = 1). Outside the p shell L_p is one of two that have the same
        B(M1).

    Raises
    ------
    UnknownNameError
        If there is no such table, interaction or kind of energies.
    """
    if energies not in _ENERGIES:
        raise UnknownNameError("kind of energies", energies, _ENERGIES)
    table = level_table(name if interaction is None else _with_interaction(name, interaction))
    energy = table[_ENERGIES[energies]]
    order = np.argsort(energy, kind="stable")
    order = order[table["excitation_energy_MeV"][order] > 0.0]
    return NuclearLevels(
        table.metadata["nuclide"],
        float(table.metadata["ground_state_spin"]),
        table["spin"][order].tolist(),
        energy[order],
        table["proton_spin"][order],
        table["neutron_spin"][order],
        table["proton_orbital"][order],
    )


def dutta_huang_newstead_pandey_levels(name: str, *, with_ground_state: bool = True) -> NuclearLevels:
    """Levels as B. Dutta, W.-C. Huang, J. L. Newstead and V. Pandey use them; to reproduce their numbers only.

    Twice the raw strength of their shell-model files, |<f M|O|i M>|^2 at fixed M, stands for
    <J_f||sum sigma tau_0/2||J_i>^2. It is another quantity: O is the isoscalar sum sigma/2^(1/2), the factor 2 is a
    convention, and no 3j factor is taken out (for J_i = 0, 3/2 of the raw strength is <J_f||sum sigma/2||J_i>^2). The
    files do not state J_f: it is 1 for J_i = 0, and elsewhere J_i stands in its place, which no cross section uses.

    Parameters
    ----------
    name
        ``"Ar40"``, ``"Cs133"`` or ``"I127"``.
    with_ground_state
        Whether to keep the row of the ground state, as the published numbers of Cs133 and I127 do: it is elastic, and
        stands here as a level at 1e-9 MeV, because levels lie above zero.

    Raises
    ------
    UnknownNameError
        If there are no strengths of the nuclide.
    """
    if name not in _names("raw_strengths"):
        raise UnknownNameError("nuclide with published raw strengths", name, _names("raw_strengths"))
    table = _raw_strengths(name)
    spin = float(table.metadata["ground_state_spin"])
    energy, strength = table["excitation_energy_MeV"], table["raw_strength"]
    keep = energy >= (0.0 if with_ground_state else _GROUND_STATE_MEV)
    energy = np.maximum(energy[keep], _GROUND_STATE_MEV)
    return NuclearLevels.isovector(name, spin, [spin or 1.0] * energy.size, energy, 2.0 * strength[keep])


def measured_levels(nuclide: str) -> tuple[MeasuredLevel, ...]:
    """Look up measured levels: energies, M1 strengths, widths, in the order of the table.

    Raises
    ------
    UnknownNameError
        If the nuclide is not in the table.
    """
    table = _measured()
    if nuclide not in table["nuclide"]:
        raise UnknownNameError("nuclide with measured levels", nuclide, set(table["nuclide"].tolist()))
    found: dict[tuple, MeasuredLevel] = {}
    for row in np.flatnonzero(table["nuclide"] == nuclide):
        spin_parity, transition, quantity, source, status = (str(table[name][row]) for name in _MEASURED_TEXT[1:])
        key = (nuclide, float(table["energy_MeV"][row]), spin_parity, transition)
        level = found.setdefault(key, MeasuredLevel(*key, {}, {}))
        if quantity != "excitation_energy_MeV":
            level.values[quantity] = float(table["value"][row])
        level.sources[quantity] = f"{source} ({status})"
    return tuple(found.values())
