"""Tables of fluxes that have no names and units of their own, by the program or group that makes them."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cevnsjax.columns import Column, ascending, read_columns, read_text
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux_columns import FluxTable, bin_width

_PER_CM2_MEV = 1e-7  # of 1/(m^2 GeV)
_BLOCK = re.compile(
    r"cosZ\s*=\s*(-?[\d.]+)\s*--\s*(-?[\d.]+)\s*,?\s*(?:phi_Az\s*=\s*(-?[\d.]+)\s*--\s*(-?[\d.]+))?", re.IGNORECASE
)


_SEVEN = ("nu_e", "nu_mu", "nu_tau", "nu_e_bar", "nu_mu_bar", "nu_tau_bar")


def read_snowglobes(path: Path | str) -> FluxTable:
    """Read a fluence of SNOwGLoBES: GeV, then nu_e, nu_mu, nu_tau and their antineutrinos, cm^-2 in each bin.

    Rows are bins of one width (0.2 MeV in its own files), given by their centres.

    Returns
    -------
    FluxTable
        MeV, and by component cm^-2 MeV^-1: of a whole exposure.

    Raises
    ------
    CevnsjaxError
        If it has not seven columns, or its rows are not evenly spaced.
    """
    energies, fluxes = _seven_columns(path)
    width = bin_width(str(path), energies)
    return FluxTable(energies, {name: flux / width for name, flux in fluxes.items()}, integrated=True)


def read_globes(path: Path | str) -> FluxTable:
    """Read a flux of GLoBES: GeV, then nu_e, nu_mu, nu_tau and their antineutrinos, (m^2 GeV)^-1 at the detector.

    Rows are knots, linear between them, as in GLoBES (``glb_get_flux`` in its source). It leaves the unit to ``@norm``
    of the experiment's file. What is assumed here is that of the DUNE collaboration's files, neutrinos per m^2 and GeV
    for each proton on target, whose ``@norm`` is 6.022e-10 (L/km)^2: with another norm N multiply by N/[6.022e-10
    (L/km)^2], L the distance of the detector. The exposure counts what the flux is for one of: protons, or years.

    Returns
    -------
    FluxTable
        MeV, and by component cm^-2 MeV^-1 for each unit of the exposure.

    Raises
    ------
    CevnsjaxError
        If it has not seven columns.
    """
    energies, fluxes = _seven_columns(path)
    return FluxTable(energies, {name: _PER_CM2_MEV * flux for name, flux in fluxes.items()})


def _seven_columns(path: Path | str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Energies, MeV, and six columns as they are, in order of energy; names above them are not looked at."""
    columns = read_columns(path, (Column("E", "GeV"), *(Column(name, "") for name in _SEVEN)), named=False)
    order = ascending(columns, columns.numbers[:, 0], "the energy")
    bad = np.argwhere(columns.numbers < 0.0)
    if bad.size:
        row, column = map(int, bad[0])
        what = ("energy", *_SEVEN)[column]
        raise columns.fault(row, f"no number may be negative, got {columns.numbers[row, column]:g} of {what}")
    numbers = columns.numbers[order]
    return 1e3 * numbers[:, 0], {name: numbers[:, i + 1] for i, name in enumerate(_SEVEN)}


def read_honda(path: Path | str) -> FluxTable:
    """Read atmospheric neutrinos of M. Honda et al.: GeV, then nu_mu, nu_mu_bar, nu_e, nu_e_bar, (m^2 s sr GeV)^-1.

    Blocks of directions (``cosZ = 0.90 -- 1.00, phi_Az = 0 -- 30``) are added up with their solid angles.

    Returns
    -------
    FluxTable
        MeV, and by component cm^-2 s^-1 MeV^-1, of all directions in the file.

    Raises
    ------
    CevnsjaxError
        If there is no block of directions, or blocks have different energies.
    """
    names = ("nu_mu", "nu_mu_bar", "nu_e", "nu_e_bar")
    energies: np.ndarray | None = None
    total, rows, solid_angle_sr = 0.0, [], 0.0

    def closed(total):
        nonlocal energies
        if not rows:
            return total
        block = np.array(rows)
        if energies is not None and not np.array_equal(energies, block[:, 0]):
            raise CevnsjaxError(f"{path}: the blocks of directions have different energies.")
        energies = block[:, 0]
        return total + solid_angle_sr * block[:, 1:]

    for number, line in enumerate(read_text(Path(path)).splitlines(), start=1):
        if header := _BLOCK.search(line):
            total, rows = closed(total), []
            low, high, start, end = (float(each) for each in header.groups(default="nan"))
            solid_angle_sr = (high - low) * (2.0 * np.pi if np.isnan(start) else np.radians(end - start))
            continue
        cells = line.split()
        try:
            numbers = [float(cell) for cell in cells]
        except ValueError:
            continue  # names of columns
        if numbers and (len(numbers) != 5 or not solid_angle_sr):
            raise CevnsjaxError(f"{path}, line {number}: Honda's tables have five columns under a line with cosZ.")
        if numbers and (min(numbers) < 0.0 or (rows and numbers[0] <= rows[-1][0])):
            raise CevnsjaxError(
                f"{path}, line {number}: energies must increase and fluxes not be negative, got {line.strip()!r}."
            )
        if numbers:
            rows.append(numbers)
    total = closed(total)
    if energies is None:
        raise CevnsjaxError(f"{path}: no block of directions; Honda's tables have a line with cosZ above the numbers.")
    per_m2_GeV = np.asarray(total)
    return FluxTable(1e3 * energies, {name: _PER_CM2_MEV * per_m2_GeV[:, i] for i, name in enumerate(names)})


LAYOUTS: dict[str, Callable[[Path | str], FluxTable]] = {
    "snowglobes": read_snowglobes,
    "globes": read_globes,
    "honda": read_honda,
}
"""Readers by name."""
