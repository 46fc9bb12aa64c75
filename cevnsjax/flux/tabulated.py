"""Any flux that is given as a table."""

from collections.abc import Mapping
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_optional_float, check_positive, is_concrete
from cevnsjax.columns import Column, ascending, read_columns
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.flux import AbstractFlux, parse_neutrino
from cevnsjax.flux.flux_layouts import LAYOUTS
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.paths import check_baseline, one_path

_ENERGY = Column("energy", "MeV", ("E", "Enu", "E_nu", "neutrino_energy"))
_FLUX_UNIT = "1/(cm**2*s*MeV)"
_KINDS = tuple(
    Column(name, _FLUX_UNIT, also)
    for name, also in {
        "nu_e": ("nue",),
        "nu_mu": ("numu",),
        "nu_tau": ("nutau",),
        "nu_e_bar": ("nuebar", "anue", "anti_nu_e", "antinue"),
        "nu_mu_bar": ("numubar", "anumu", "anti_nu_mu", "antinumu"),
        "nu_tau_bar": ("nutaubar", "anutau", "anti_nu_tau", "antinutau"),
    }.items()
)


class TabulatedFlux(AbstractFlux):
    """A flux given on knots in energy, one row for each kind of neutrino.

    Attributes
    ----------
    components
        What arrives, ``"nu_e_bar"`` for instance.
    spectra
        Flux of each component, cm^-2 s^-1 MeV^-1, shape ``[component, knot]``.
    exposure_s
        How long it is seen, s.
    norm
        Ratio of the flux to its table (1 nominally).
    panels
        How many of the knots are break points for quadrature.
    baseline_m
        Distance from source to detector, m, where there is one: the flux is what the table says.
    """

    components: tuple[str, ...] = eqx.field(static=True)
    spectra: InterpolatedSpectra
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    panels: int = eqx.field(static=True, default=12)
    baseline_m: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)

    def __check_init__(self):
        for name in self.components:
            parse_neutrino(name)
        if self.spectra.values_per_MeV.shape[0] != len(self.components):
            raise CevnsjaxError(
                f"spectra must have one row for each of {self.components}, got {self.spectra.values_per_MeV.shape[0]}."
            )
        values = self.spectra.values_per_MeV
        if is_concrete(values) and not np.all(np.any(np.asarray(values) > 0.0, axis=1)):
            raise CevnsjaxError("spectra must not be zero on all knots of a component.")
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("norm", self.norm, "")
        check_baseline(self.baseline_m)

    @classmethod
    def from_columns(
        cls,
        energy_MeV,
        flux_per_cm2_s_MeV: Mapping[str, Float[np.ndarray, " knot"]],
        exposure_s: float,
        *,
        logarithmic: bool = False,
        panels: int = 12,
    ) -> "TabulatedFlux":
        """Build a flux from columns: energies (MeV) and, by component, the flux on them (cm^-2 s^-1 MeV^-1)."""
        spectra = InterpolatedSpectra(energy_MeV, np.stack(list(flux_per_cm2_s_MeV.values())), logarithmic)
        return cls(tuple(flux_per_cm2_s_MeV), spectra, exposure_s, panels=panels)

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        exposure_s: float,
        *,
        component: str | None = None,
        layout: str | None = None,
        logarithmic: bool = False,
        panels: int = 12,
        baseline_m: float | None = None,
    ) -> "TabulatedFlux":
        """Read a flux from a text file (:mod:`cevnsjax.columns`).

        Parameters
        ----------
        path
            The file: a column of energies, ``energy_MeV``, and one for each kind of neutrino, like
            ``nu_e_bar_per_cm2_s_MeV``, with the units that they are in; or, without a line of names, energies in MeV
            and a flux in cm^-2 s^-1 MeV^-1. A row at E = 0 and kinds that do not occur are left out.
        exposure_s
            How long it is seen, s.
        component
            What a file holds that does not name it, ``"nu_e_bar"`` for instance.
        layout
            ``"snowglobes"`` or ``"honda"`` for files of these (:mod:`cevnsjax.flux.flux_layouts`). A fluence of
            SNOwGLoBES is that of the exposure: its ``exposure_s`` is 1.
        logarithmic, panels, baseline_m
            As of the class and of `InterpolatedSpectra`.

        Raises
        ------
        CevnsjaxError
            If the file cannot be read, has no such columns or no unit, energies out of order or a negative flux.
        """
        if layout is None:
            energies, fluxes = _read(path, component)
        elif layout in LAYOUTS:
            energies, fluxes = LAYOUTS[layout](path)
        else:
            raise UnknownNameError("layout of a table of fluxes", layout, LAYOUTS)
        seen = energies != 0.0  # nothing comes of neutrinos without energy
        if seen.sum() < 2:
            raise CevnsjaxError(f"{path}: a flux table needs at least two rows, got {seen.sum()}.")
        some = {name: flux[seen] for name, flux in fluxes.items() if np.any(flux[seen] > 0.0)}
        if not some:
            raise CevnsjaxError(f"{path}: the flux is zero in all rows.")
        spectra = InterpolatedSpectra(energies[seen], np.stack(list(some.values())), logarithmic)
        return cls(tuple(some), spectra, exposure_s, panels=panels, baseline_m=baseline_m)

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.baseline_m)

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        return self.spectra.energy_MeV[0]

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.spectra.edges_MeV(self.panels)

    @property
    def knots_MeV(self) -> Float[Array, " knot"]:
        return self.spectra.energy_MeV

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.norm * self.exposure_s * self.spectra.totals()

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((len(self.components), 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        self.spectra.warn_outside(energy_MeV)
        totals = self.spectra.totals()
        return self.spectra.density(energy_MeV) / totals.reshape(-1, *[1] * energy_MeV.ndim)

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        totals = self.spectra.totals()
        return self.spectra.moments(minimum_energy_MeV) / totals.reshape(-1, *[1] * (minimum_energy_MeV.ndim + 1))


def _read(path: Path | str, component: str | None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Energies, MeV, and fluxes by component, cm^-2 s^-1 MeV^-1, of a file with or without names of its columns."""
    if component is not None:
        parse_neutrino(component)
    columns = read_columns(path, (_ENERGY, Column(component or "flux", _FLUX_UNIT)))
    energies = columns.get(_ENERGY, 0)
    order = ascending(columns, energies, "the energy")
    if columns.names:
        kinds = [each for each in _KINDS if columns.has(each)]
        if not kinds and component is not None:
            kinds = [Column(component, _FLUX_UNIT, ("flux",))]
        if component is not None and component not in (each.name for each in kinds):
            raise CevnsjaxError(f"{path}: it has {', '.join(each.name for each in kinds)}, and no {component}.")
        for name in columns.others((_ENERGY, *kinds)) if kinds else ():  # it may be a flux
            raise CevnsjaxError(f"{path}: the column {name!r} is no kind of neutrino; name it, or take it out.")
    else:
        kinds = [Column(component, _FLUX_UNIT)] if component is not None else []
    if not kinds:
        known = ", ".join(each.name for each in _KINDS)
        raise CevnsjaxError(f"{path}: it does not say which neutrinos; name the column, or component: {known}.")
    fluxes = {each.name: columns.get(each, 1) for each in kinds}
    for name, flux in fluxes.items():
        if np.any(flux < 0.0):
            row = int(np.argmax(flux < 0.0))
            raise columns.fault(row, f"a flux must not be negative, got {flux[row]:g} of {name}")
    return energies[order], {name: flux[order] for name, flux in fluxes.items()}
