"""Tables of fluxes with names and units of their columns: per energy or per bin, per time or of a whole exposure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cevnsjax.columns import Column, Columns, ascending, read_columns
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux import parse_neutrino
from cevnsjax.units import unit_factor

_ENERGY = Column("energy", "MeV", ("E", "Enu", "E_nu", "neutrino_energy", "bin_center", "bin_centre"))
_LOW = Column("energy_low", "MeV", ("low", "E_low", "E_min", "energy_min", "bin_low", "low_edge"))
_HIGH = Column("energy_high", "MeV", ("high", "E_high", "E_max", "energy_max", "bin_high", "high_edge"))
_NAMES = {
    "nu_e": ("nue",),
    "nu_mu": ("numu",),
    "nu_tau": ("nutau",),
    "nu_e_bar": ("nuebar", "anue", "anti_nu_e", "antinue"),
    "nu_mu_bar": ("numubar", "anumu", "anti_nu_mu", "antinumu"),
    "nu_tau_bar": ("nutaubar", "anutau", "anti_nu_tau", "antinutau"),
}
_FLUX_UNIT = "1/(cm**2*s*MeV)"
# what a column may be in: its unit, whether it is per bin, whether it is of a whole exposure
_UNITS = (
    (_FLUX_UNIT, False, False),
    ("1/(cm**2*s)", True, False),
    ("1/(cm**2*MeV)", False, True),
    ("1/cm**2", True, True),
)
_SAME_EDGE = 1e-6  # of a bin's width
_HALVINGS = 30  # of a bin that begins at zero


@dataclass(frozen=True)
class FluxTable:
    """What a table of a flux says.

    Attributes
    ----------
    energy_MeV
        Knots, or edges of bins, MeV.
    fluxes
        By component, cm^-2 s^-1 MeV^-1 (cm^-2 MeV^-1 where ``integrated``) on each knot, or in each bin.
    histogram
        Whether energies are edges; there is one flux less than edges.
    integrated
        Whether it is that of a whole exposure, without a time in its unit.
    """

    energy_MeV: np.ndarray
    fluxes: dict[str, np.ndarray]
    histogram: bool = False
    integrated: bool = False

    def with_content(self) -> "FluxTable":
        """Leave out what does not occur: components without neutrinos, and those at E = 0."""
        some = {name: flux for name, flux in self.fluxes.items() if np.any(flux > 0.0)}
        if self.histogram:
            energies, some = _above_zero(self.energy_MeV, some)
        else:
            seen = self.energy_MeV != 0.0
            energies = self.energy_MeV[seen]
            some = {name: flux[seen] for name, flux in some.items() if np.any(flux[seen] > 0.0)}
        return FluxTable(energies, some, self.histogram, self.integrated)


def read_flux_columns(path: Path | str, component: str | None) -> FluxTable:
    """Read a flux from a text file with or without names of its columns.

    Parameters
    ----------
    path
        The file.
    component
        What it holds, where it does not say.

    Raises
    ------
    CevnsjaxError
        If it cannot be read, or does not say which neutrinos, or in which unit; if energies or bins do not follow each
        other, or a flux is negative.
    """
    if component is not None:
        parse_neutrino(component)
    wanted = _ENERGY, Column(component or "flux", _FLUX_UNIT)
    columns = read_columns(path, wanted, remedy=", or give the layout of the program that wrote them")
    kinds = _kinds(columns, component)
    unit, per_bin, integrated = _unit(columns, kinds)
    fluxes = {name: columns.get(Column(name, unit, also), 1) for name, also in kinds.items()}
    for name, flux in fluxes.items():
        if np.any(flux < 0.0):
            row = int(np.argmax(flux < 0.0))
            raise columns.fault(row, f"a flux must not be negative, got {flux[row]:g} of {name}")
    edges = [each for each in (_LOW, _HIGH) if columns.has(each)]
    if len(edges) == 1:
        missing = (_HIGH if edges[0] is _LOW else _LOW).title
        raise CevnsjaxError(f"{path}: bins need both of their edges; the column {missing!r} is missing.")
    if edges:
        energies, order = bin_edges(columns, columns.get(_LOW, 0), columns.get(_HIGH, 0))
        widths = np.diff(energies)
    else:
        energies = columns.get(_ENERGY, 0)
        order = ascending(columns, energies, "the energy")
        energies = energies[order]
        widths = bin_width(str(path), energies) if per_bin else 1.0
    fluxes = {name: flux[order] / (widths if per_bin else 1.0) for name, flux in fluxes.items()}
    return FluxTable(energies, fluxes, bool(edges), integrated)


def bin_edges(columns: Columns, low_MeV: np.ndarray, high_MeV: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges of bins that follow each other, MeV, and the order of the rows in which they do.

    Raises
    ------
    CevnsjaxError
        If a bin is empty, or does not begin where the one before ends.
    """
    for row in np.flatnonzero(high_MeV <= low_MeV):
        raise columns.fault(
            int(row), f"a bin must end above its beginning, got {low_MeV[row]:g} to {high_MeV[row]:g} MeV"
        )
    order = ascending(columns, low_MeV, "the lower edge")
    low, high = low_MeV[order], high_MeV[order]
    apart = np.flatnonzero(np.abs(low[1:] - high[:-1]) > _SAME_EDGE * (high - low)[1:])
    if apart.size:
        row = int(apart[0])
        what = "overlaps the one before, which ends" if low[row + 1] < high[row] else "begins above the end of the last"
        remedy = "bins must follow each other; fill a gap with a row of zeros"
        raise columns.fault(int(order[row + 1]), f"the bin from {low[row + 1]:g} MeV {what}, {high[row]:g}: {remedy}")
    return np.append(low, high[-1]), order


def bin_width(file: str, centres_MeV: np.ndarray) -> float:
    """Width of bins that are given by their centres, MeV.

    Raises
    ------
    CevnsjaxError
        If they are not of one width.
    """
    widths = np.diff(centres_MeV)
    if len(centres_MeV) < 2 or np.any(np.abs(widths - widths.mean()) > 1e-3 * abs(widths.mean())):
        raise CevnsjaxError(
            f"{file}: neutrinos per bin need bins of one width where centres alone are given; name edges in their "
            f"place, {_LOW.title} and {_HIGH.title}."
        )
    return float(widths.mean())


def _kinds(columns: Columns, component: str | None) -> dict[str, tuple[str, ...]]:
    """Kinds of neutrinos of the file, with other names that they go by in it."""
    path = columns.file
    kinds = {name: also for name, also in _NAMES.items() if columns.has(Column(name, "", also))}
    if not kinds and component is not None:
        kinds = {component: ("flux", "fluence")}
    if not kinds:
        raise CevnsjaxError(
            f"{path}: it does not say which neutrinos; name the column, or component: {', '.join(_NAMES)}."
        )
    if component is not None and component not in kinds:
        raise CevnsjaxError(f"{path}: it has {', '.join(kinds)}, and no {component}.")
    known = (_ENERGY, _LOW, _HIGH, *(Column(name, "", also) for name, also in kinds.items()))
    for name in columns.others(known):  # it may be a flux
        raise CevnsjaxError(f"{path}: the column {name!r} is no kind of neutrino; name it, or take it out.")
    return kinds


def _unit(columns: Columns, kinds: dict[str, tuple[str, ...]]) -> tuple[str, bool, bool]:
    """Which of the units a flux may have is that of the columns: the first one says."""
    if not columns.names:
        return _UNITS[0]
    name, also = next(iter(kinds.items()))
    written = columns.unit_of(Column(name, _FLUX_UNIT, also))
    for unit in _UNITS:
        try:
            unit_factor(written or "", unit[0])
        except CevnsjaxError:
            continue
        return unit
    return _UNITS[0]  # whose message says what is wrong


def _above_zero(edges_MeV: np.ndarray, fluxes: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A histogram that does not begin at zero: moments of 1/E have no end there.

    A first bin from zero is cut in halves, over and over, and what is below 1e-9 of it left out.
    """
    if edges_MeV[0] != 0.0:
        return edges_MeV, fluxes
    if not any(flux[0] > 0.0 for flux in fluxes.values()):
        return edges_MeV[1:], {name: flux[1:] for name, flux in fluxes.items()}
    first = edges_MeV[1] * 2.0 ** -np.arange(_HALVINGS, 0, -1)
    repeated = {name: np.concatenate([np.full(_HALVINGS, flux[0]), flux[1:]]) for name, flux in fluxes.items()}
    return np.concatenate([first, edges_MeV[1:]]), repeated
