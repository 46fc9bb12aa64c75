"""Any flux that is given as a table."""

from collections.abc import Mapping
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_optional_float, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.flux import AbstractFlux, parse_neutrino
from cevnsjax.flux.flux_columns import read_flux_columns
from cevnsjax.flux.flux_layouts import LAYOUTS
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.paths import check_baseline, one_path


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
        histogram: bool = False,
        panels: int = 12,
        baseline_m: float | None = None,
    ) -> "TabulatedFlux":
        """Build a flux from columns.

        Parameters
        ----------
        energy_MeV
            Energies, MeV; with ``histogram`` the edges of bins.
        flux_per_cm2_s_MeV
            By component the flux on each of them, or in each bin (one less than edges), cm^-2 s^-1 MeV^-1.
        exposure_s
            How long it is seen, s.
        logarithmic
            As of `InterpolatedSpectra`.
        histogram
            Whether the flux is constant in bins.
        panels, baseline_m
            As of the class.
        """
        values = np.stack(list(flux_per_cm2_s_MeV.values()))
        if histogram:
            values = np.pad(values, ((0, 0), (0, 1)))
        spectra = InterpolatedSpectra(energy_MeV, values, logarithmic, histogram=histogram)
        return cls(tuple(flux_per_cm2_s_MeV), spectra, exposure_s, panels=panels, baseline_m=baseline_m)

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

            With ``energy_low_MeV`` and ``energy_high_MeV`` rows are bins, in which the flux is constant. A unit without
            an energy, ``nu_e_per_cm2_s``, is per bin; where only centres of bins are given they must be of one width,
            and the flux is interpolated between them, from the first to the last.
        exposure_s
            How long it is seen, s. A unit without a time, ``nu_e_per_cm2``, is that of the whole exposure: it is 1.
        component
            What a file holds that does not name it, ``"nu_e_bar"`` for instance.
        layout
            ``"snowglobes"``, ``"globes"`` or ``"honda"`` for files of these (:mod:`cevnsjax.flux.flux_layouts`). A
            fluence of SNOwGLoBES is that of the exposure: its ``exposure_s`` is 1; that of GLoBES counts what its flux
            is for one of, protons on target or years.
        logarithmic, panels, baseline_m
            As of the class and of `InterpolatedSpectra`.

        Raises
        ------
        CevnsjaxError
            If the file cannot be read, has no such columns or no unit, energies out of order, bins that do not follow
            each other, or a negative flux.
        """
        if layout is None:
            table = read_flux_columns(path, component)
        elif component is not None:
            raise CevnsjaxError(f"{path}: a file of {layout} names its neutrinos by their place; leave component out.")
        elif layout in LAYOUTS:
            table = LAYOUTS[layout](path)
        else:
            raise UnknownNameError("layout of a table of fluxes", layout, LAYOUTS)
        if table.integrated and exposure_s != 1.0:
            raise CevnsjaxError(
                f"{path}: its flux has no time in its unit, it is that of the whole exposure; give exposure_s = 1, got "
                f"{exposure_s:g}."
            )
        table = table.with_content()
        if not table.fluxes:
            raise CevnsjaxError(f"{path}: the flux is zero in all rows.")
        if len(table.energy_MeV) < 2:
            raise CevnsjaxError(f"{path}: a flux table needs at least two rows, got {len(table.energy_MeV)}.")
        try:
            return cls.from_columns(
                table.energy_MeV,
                table.fluxes,
                exposure_s,
                logarithmic=logarithmic,
                histogram=table.histogram,
                panels=panels,
                baseline_m=baseline_m,
            )
        except CevnsjaxError as error:
            raise CevnsjaxError(f"{path}: {error}") from None

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
    def jumps(self) -> bool:
        return self.spectra.histogram

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
