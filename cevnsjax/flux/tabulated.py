"""Any flux that is given as a table."""

from collections.abc import Mapping
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_optional_float, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux import AbstractFlux, parse_neutrino
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
        panels: int = 12,
    ) -> "TabulatedFlux":
        """Build a flux from columns: energies (MeV) and, by component, the flux on them (cm^-2 s^-1 MeV^-1)."""
        spectra = InterpolatedSpectra(energy_MeV, np.stack(list(flux_per_cm2_s_MeV.values())), logarithmic)
        return cls(tuple(flux_per_cm2_s_MeV), spectra, exposure_s, panels=panels)

    @classmethod
    def from_file(
        cls, path: Path | str, component: str, exposure_s: float, *, logarithmic: bool = False, panels: int = 12
    ) -> "TabulatedFlux":
        """Read a flux from a text file of two columns, energy (MeV) and flux (cm^-2 s^-1 MeV^-1).

        Columns are separated by blanks or commas; ``#`` starts a comment.

        Raises
        ------
        CevnsjaxError
            If the file cannot be read, has other columns, a gap, energies out of order or a negative flux.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CevnsjaxError(f"The flux table {path} cannot be read: {error}.") from None
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            fields = line.partition("#")[0].replace(",", " ").split()
            if not fields:
                continue
            try:
                energy, flux = map(float, fields)
            except ValueError:
                raise CevnsjaxError(
                    f"{path}, line {number}: {line.strip()!r} is not two numbers, an energy in MeV and a flux."
                ) from None
            if not (np.isfinite(energy) and np.isfinite(flux) and flux >= 0.0):
                raise CevnsjaxError(f"{path}, line {number}: a flux must be finite and not negative, got {flux:g}.")
            if rows and energy <= rows[-1][0]:
                raise CevnsjaxError(f"{path}, line {number}: energies must increase, got {energy:g} MeV.")
            rows.append((energy, flux))
        if len(rows) < 2:
            raise CevnsjaxError(f"{path}: a flux table needs at least two rows, got {len(rows)}.")
        energies, fluxes = np.array(rows).T
        return cls.from_columns(energies, {component: fluxes}, exposure_s, logarithmic=logarithmic, panels=panels)

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
