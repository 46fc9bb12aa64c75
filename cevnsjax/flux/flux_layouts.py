"""Tables of fluxes that have no names and units of their own, by the program or group that makes them."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cevnsjax.columns import Column, read_columns, read_text
from cevnsjax.errors import CevnsjaxError

_PER_MEV_OF_PER_GEV = 1e-3
_BLOCK = re.compile(
    r"cosZ\s*=\s*(-?[\d.]+)\s*--\s*(-?[\d.]+)\s*,?\s*(?:phi_Az\s*=\s*(-?[\d.]+)\s*--\s*(-?[\d.]+))?", re.IGNORECASE
)


def read_snowglobes(path: Path | str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read a fluence of SNOwGLoBES: GeV, then nu_e, nu_mu, nu_tau and their antineutrinos, cm^-2 in each bin.

    Rows are bins of one width (0.2 MeV in its own files), given by their centres.

    Returns
    -------
    energies, fluxes
        MeV, and by component cm^-2 MeV^-1: per exposure, whatever it is.

    Raises
    ------
    CevnsjaxError
        If it is none of seven columns, or its rows are not evenly spaced.
    """
    names = ("nu_e", "nu_mu", "nu_tau", "nu_e_bar", "nu_mu_bar", "nu_tau_bar")
    columns = read_columns(path, (Column("E", "GeV"), *(Column(name, "") for name in names)), named=False)
    energies = 1e3 * columns.numbers[:, 0]
    widths = np.diff(energies)
    if len(energies) < 2 or np.any(np.abs(widths - widths.mean()) > 1e-3 * abs(widths.mean())):
        raise CevnsjaxError(f"{path}: the rows of SNOwGLoBES are bins of one width; these are not.")
    return energies, {name: columns.numbers[:, i + 1] / widths.mean() for i, name in enumerate(names)}


def read_honda(path: Path | str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read atmospheric neutrinos of M. Honda et al.: GeV, then nu_mu, nu_mu_bar, nu_e, nu_e_bar, (m^2 s sr GeV)^-1.

    Blocks of directions (``cosZ = 0.90 -- 1.00, phi_Az = 0 -- 30``) are added up with their solid angles.

    Returns
    -------
    energies, fluxes
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
        if numbers:
            rows.append(numbers)
    total = closed(total)
    if energies is None:
        raise CevnsjaxError(f"{path}: no block of directions; Honda's tables have a line with cosZ above the numbers.")
    per_m2_GeV = np.asarray(total)
    fluxes = {name: 1e-4 * _PER_MEV_OF_PER_GEV * per_m2_GeV[:, i] for i, name in enumerate(names)}
    return 1e3 * energies, fluxes


LAYOUTS: dict[str, Callable[[Path | str], tuple[np.ndarray, dict[str, np.ndarray]]]] = {
    "snowglobes": read_snowglobes,
    "honda": read_honda,
}
"""Readers by name."""
