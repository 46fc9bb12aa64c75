"""Neutrinos from the Sun."""

import functools
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.flux import FLAVOURS, AbstractFlux
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.moments import POWERS, line_moments
from cevnsjax.flux.solar_oscillation import SolarOscillation
from cevnsjax.tables import read_table, read_values

CONTINUOUS_SOURCES = ("pp", "8B", "hep", "13N", "15O", "17F")
LINE_SOURCES = ("pep", "7Be")


def _leaves(values: Mapping) -> dict[str, Float[Array, "..."]]:
    return {name: as_float(value) for name, value in values.items()}


class SolarNeutrinos(AbstractFlux):
    """What arrives from the reactions in the Sun, summed over reactions, by flavour on arrival.

    Lines are exact; continuous spectra are straight lines between knots, with the probabilities of
    :class:`SolarOscillation` multiplied in on the knots: flavours add up to what was produced, and the moments of one
    are good to 2e-5. Without oscillation there is one component, nu_e. The distance is the mean one, 1 au.

    Attributes
    ----------
    components
        Flavours on arrival.
    flux_per_cm2_s
        Flux of each reaction, by name: what is not here does not shine.
    exposure_s
        How long it is seen, s.
    spectra
        Energy spectrum of each continuous reaction, unit area, shape ``[1, knot]``.
    line_energies_MeV, line_fractions
        Lines of the others.
    electron_density_mol_per_cm3
        Mean density of electrons where each reaction happens.
    boron_shape_mode, boron_shape
        The spectrum of 8B is multiplied by exp(shape times mode) and normalised again: one unit of the shape is one
        theoretical standard deviation of J. N. Bahcall et al., Phys. Rev. C 54, 411 (1996).
    oscillation
        Flavour conversion, or None.
    norm
        Ratio of the flux to its nominal value (1 nominally).
    panels
        How many knots of each continuous spectrum are break points for quadrature.
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    flux_per_cm2_s: dict[str, Float[Array, ""]] = eqx.field(converter=_leaves)
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    spectra: dict[str, InterpolatedSpectra]
    line_energies_MeV: dict[str, Float[Array, " line"]] = eqx.field(converter=_leaves)
    line_fractions: dict[str, Float[Array, " line"]] = eqx.field(converter=_leaves)
    electron_density_mol_per_cm3: dict[str, Float[Array, ""]] = eqx.field(converter=_leaves)
    boron_shape_mode: Float[Array, " knot"] | None
    oscillation: SolarOscillation | None
    boron_shape: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    panels: int = eqx.field(static=True, default=8)

    def __post_init__(self):
        self.components = FLAVOURS if self.oscillation is not None else FLAVOURS[:1]

    def __check_init__(self):
        if not self.flux_per_cm2_s or set(self.flux_per_cm2_s) != {*self.spectra, *self.line_energies_MeV}:
            raise CevnsjaxError(
                f"flux_per_cm2_s must name at least one reaction, and each must have a spectrum or lines, got "
                f"{sorted(self.flux_per_cm2_s)}."
            )
        for name, flux in self.flux_per_cm2_s.items():
            check_positive(f"flux_per_cm2_s[{name!r}]", flux, "cm^-2 s^-1")
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("norm", self.norm, "")

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        starts = [spectrum.energy_MeV[0] for spectrum in self.spectra.values()]
        return functools.reduce(jnp.minimum, starts) if starts else as_float(0.0)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        edges = [spectrum.edges_MeV(self.panels) for spectrum in self.spectra.values()]
        return jnp.sort(jnp.concatenate([*edges, *self.line_energies_MeV.values()]))

    @property
    def knots_MeV(self) -> Float[Array, " knot"]:
        knots = [spectrum.energy_MeV for spectrum in self.spectra.values()]
        return jnp.sort(jnp.concatenate([*knots, *self.line_energies_MeV.values()]))

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.norm * self.exposure_s * self._totals()

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        energy, flux = self._lines()
        return energy, flux / self._divisor()[:, None]

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        total = jnp.zeros((len(self.components), *energy_MeV.shape))
        for spectrum in self._arriving():
            first, last = spectrum.energy_MeV[0], spectrum.energy_MeV[-1]
            inside = (energy_MeV >= first) & (energy_MeV <= last)
            total = total + jnp.where(inside, spectrum.density(jnp.clip(energy_MeV, first, last)), 0.0)
        return total / self._divisor().reshape(-1, *[1] * energy_MeV.ndim)

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        lower = minimum_energy_MeV.reshape(-1)
        moments = line_moments(lower, *self._lines())
        for spectrum in self._arriving():
            moments = moments + spectrum.moments(lower)
        return (moments / self._divisor()[:, None, None]).reshape(-1, len(POWERS), *minimum_energy_MeV.shape)

    def _probabilities(self, name: str, energy_MeV: Float[Array, " point"]) -> Float[Array, "component point"]:
        if self.oscillation is None:
            return jnp.ones_like(energy_MeV)[None]
        return self.oscillation.probabilities(energy_MeV, self.electron_density_mol_per_cm3[name])

    def _arriving(self) -> list[InterpolatedSpectra]:
        """Flux of each continuous reaction by flavour on arrival, cm^-2 s^-1 MeV^-1."""
        arriving = []
        for name, spectrum in self.spectra.items():
            shape = spectrum.values_per_MeV
            if name == "8B" and self.boron_shape_mode is not None:
                shape = shape * jnp.exp(self.boron_shape * self.boron_shape_mode)[None]
                shape = shape / jnp.trapezoid(shape[0], spectrum.energy_MeV)
            values = self.flux_per_cm2_s[name] * shape * self._probabilities(name, spectrum.energy_MeV)
            arriving.append(InterpolatedSpectra(spectrum.energy_MeV, values))
        return arriving

    def _lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        """Energies of all lines, MeV, and their flux by flavour on arrival, cm^-2 s^-1."""
        energies, fluxes = [jnp.zeros((0,))], [jnp.zeros((len(self.components), 0))]
        for name, energy in self.line_energies_MeV.items():
            energies.append(energy)
            flux = self.flux_per_cm2_s[name] * self.line_fractions[name]
            fluxes.append(flux[None] * self._probabilities(name, energy))
        return jnp.concatenate(energies), jnp.concatenate(fluxes, axis=1)

    def _totals(self) -> Float[Array, " component"]:
        """Flux of each flavour on arrival, cm^-2 s^-1."""
        return sum((spectrum.totals() for spectrum in self._arriving()), start=self._lines()[1].sum(axis=1))

    def _divisor(self) -> Float[Array, " component"]:
        """The same, and one for a flavour that does not arrive."""
        totals = self._totals()
        return jnp.where(totals > 0.0, totals, 1.0)


def solar_neutrinos(
    exposure_s: float,
    oscillation: SolarOscillation | None,
    sources: tuple[str, ...] = (*CONTINUOUS_SOURCES, *LINE_SOURCES),
    panels: int = 8,
) -> SolarNeutrinos:
    """Build solar neutrinos with the fluxes of the standard solar model B16-GS98 (arXiv:1611.09867).

    Spectra are those of J. N. Bahcall and collaborators; ``data/README.md`` has the details.

    Parameters
    ----------
    exposure_s
        How long they are seen, s.
    oscillation
        Flavour conversion; ``None`` for nu_e alone, enough for an interaction that does not tell flavours apart.
    sources
        Reactions: any of pp, pep, hep, 7Be, 8B, 13N, 15O and 17F.
    panels
        How many knots of each continuous spectrum are break points for quadrature.

    Raises
    ------
    UnknownNameError
        If there is no such reaction.
    """
    for name in sources:
        if name not in (*CONTINUOUS_SOURCES, *LINE_SOURCES):
            raise UnknownNameError("solar neutrino source", name, (*CONTINUOUS_SOURCES, *LINE_SOURCES))
    values = read_values("solar/parameters.json")
    tables = {name: read_table(f"solar/{name}.csv") for name in sources if name in CONTINUOUS_SOURCES}
    lines = [name for name in sources if name in LINE_SOURCES]
    return SolarNeutrinos(
        {name: values[f"{name}_flux_per_cm2_s"] for name in sources},
        exposure_s,
        {
            name: InterpolatedSpectra(table["energy_MeV"], table["density_per_MeV"][None])
            for name, table in tables.items()
        },
        {name: values[f"{name}_line_energies_MeV"] for name in lines},
        {name: values[f"{name}_line_fractions"] for name in lines},
        {name: values[f"{name}_electron_density_mol_per_cm3"] for name in sources},
        as_float(tables["8B"]["shape_mode"]) if "8B" in tables else None,
        oscillation,
        panels=panels,
    )
