"""Backgrounds that grow with mass and time."""

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import (
    as_float,
    as_optional_float,
    check_edges,
    check_knots,
    check_not_negative,
    check_positive,
    is_concrete,
)
from cevnsjax.columns import Column, ascending, read_columns
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.response import TimeWindow
from cevnsjax.tables import data_files, read_table


def _steady(
    per_kg_day: Float[Array, " energy"],
    pulses_per_s: Float[Array, ""] | None,
    window: TimeWindow,
    exposure: Exposure,
) -> Float[Array, "energy time"]:
    """Counts of what is steady in time; of a pulsed source only the windows after its pulses are seen."""
    width_us = jnp.diff(window.edges_us)
    if pulses_per_s is None:
        sensitive = width_us / (window.edges_us[-1] - window.edges_us[0])
    else:
        sensitive = 1e-6 * pulses_per_s * width_us
    return exposure.kg_days * per_kg_day[:, None] * sensitive[None, :]


def _check_steady(background: "FlatBackground | TabulatedBackground | BinnedBackground") -> None:
    check_not_negative("counts_per_keV_kg_day", background.counts_per_keV_kg_day, "keV^-1 kg^-1 day^-1")
    check_not_negative("norm", background.norm, "")
    if background.pulses_per_s is not None:
        check_positive("pulses_per_s", background.pulses_per_s, "Hz")


class FlatBackground(AbstractBackground):
    """A background that is constant in energy and time.

    Attributes
    ----------
    counts_per_keV_kg_day
        Its level, keV^-1 kg^-1 day^-1, of what is recorded.
    pulses_per_s
        How often the window in time opens, Hz; none for a source without pulses, at which the whole time is seen.
    norm
        Ratio to that level, 1 nominally: what its uncertainty moves.
    """

    counts_per_keV_kg_day: Float[Array, ""] = eqx.field(converter=as_float)
    pulses_per_s: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        _check_steady(self)

    @property
    def edges_unit(self) -> str:
        return "keV"

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        per_kg_day = self.norm * self.counts_per_keV_kg_day * jnp.diff(edges)
        return _steady(per_kg_day, self.pulses_per_s, window, exposure)


def _check_reach(name: str, energies_keV: Float[Array, " energy"], kept_edges: Float[Array, " edge"]) -> None:
    """Refuse a table that does not reach over all bins; traced values are let through."""
    if not (is_concrete(kept_edges) and is_concrete(energies_keV)):
        return
    table = np.asarray(energies_keV, dtype=float)
    low, high = float(kept_edges[0]), float(kept_edges[-1])
    rounding = 1e-6 * max(abs(low), abs(high))  # of float32
    if low < table[0] - rounding or high > table[-1] + rounding:
        raise CevnsjaxError(
            f"{name} must reach from the first bin to the last, {low:g} to {high:g} keV, got {table[0]:g} to "
            f"{table[-1]:g} keV."
        )


_ENERGY = Column("energy", "keV", ("E", "ionisation_energy", "ionization_energy"))
_RATE = Column("counts", "1/(keV*kg*day)", ("rate", "background"))


class TabulatedBackground(AbstractBackground):
    """A background that is constant in time, and linear in energy between knots.

    It is integrated over each bin exactly.

    Attributes
    ----------
    energies_keV
        Recorded energies, keV, increasing, two or more, from the first bin to the last, shape ``[knot]``.
    counts_per_keV_kg_day
        Rate at each, keV^-1 kg^-1 day^-1, of what is recorded, shape ``[knot]``.
    pulses_per_s, norm
        As of `FlatBackground`.
    """

    energies_keV: Float[Array, " knot"] = eqx.field(converter=as_float)
    counts_per_keV_kg_day: Float[Array, " knot"] = eqx.field(converter=as_float)
    pulses_per_s: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_knots("energies_keV", self.energies_keV, "keV", "counts_per_keV_kg_day", self.counts_per_keV_kg_day)
        if self.energies_keV.shape[0] < 2:
            raise CevnsjaxError(f"energies_keV must hold at least two energies, got {self.energies_keV.shape[0]}.")
        _check_steady(self)

    @classmethod
    def from_file(cls, path: Path | str, pulses_per_s: float | None = None, norm: float = 1.0) -> "TabulatedBackground":
        """Read ``energy_keV, counts_per_keV_kg_day`` from a text file (:mod:`cevnsjax.columns`)."""
        columns = read_columns(path, (_ENERGY, _RATE))
        energies = columns.get(_ENERGY, 0)
        order = ascending(columns, energies, "the energy")
        return cls(energies[order], columns.get(_RATE, 1)[order], pulses_per_s, norm)

    @property
    def edges_unit(self) -> str:
        return "keV"

    def check_bins(self, edges: Float[Array, " edge"], kept_edges: Float[Array, " edge"]) -> None:
        _check_reach("energies_keV", self.energies_keV, kept_edges)

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        # the part of each segment in each bin, times the rate in its middle: nothing is a difference of large numbers
        low = jnp.clip(self.energies_keV[None, :-1], edges[:-1, None], edges[1:, None])
        high = jnp.clip(self.energies_keV[None, 1:], edges[:-1, None], edges[1:, None])
        middle = jnp.interp(0.5 * (low + high), self.energies_keV, self.counts_per_keV_kg_day)
        return _steady(self.norm * ((high - low) * middle).sum(axis=1), self.pulses_per_s, window, exposure)


class BinnedBackground(AbstractBackground):
    """A background that is constant in time, and in energy within bins of its own, as a measured spectrum is given.

    Its bins need not be those of the data.

    Attributes
    ----------
    bin_edges_keV
        Edges of its bins in recorded energy, keV, from the first bin of the data to the last, shape ``[bin + 1]``.
    counts_per_keV_kg_day
        Rate in each, keV^-1 kg^-1 day^-1, of what is recorded, shape ``[bin]``.
    pulses_per_s, norm
        As of `FlatBackground`.
    """

    bin_edges_keV: Float[Array, " edge"] = eqx.field(converter=as_float)
    counts_per_keV_kg_day: Float[Array, " bin"] = eqx.field(converter=as_float)
    pulses_per_s: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        if is_concrete(self.bin_edges_keV):
            check_edges("bin_edges_keV", self.bin_edges_keV, "keV")
        if self.counts_per_keV_kg_day.shape != (self.bin_edges_keV.shape[0] - 1,):
            raise CevnsjaxError(
                f"counts_per_keV_kg_day must have one entry for each of {self.bin_edges_keV.shape[0] - 1} bins, got "
                f"the shape {self.counts_per_keV_kg_day.shape}."
            )
        _check_steady(self)

    @classmethod
    def measured(cls, name: str, pulses_per_s: float | None = None, norm: float = 1.0) -> "BinnedBackground":
        """Spectrum at low energy that a detector measured, by name: the packaged tables ``data/excess``.

        Parameters
        ----------
        name
            Like ``"nucleus-al2o3"``.
        pulses_per_s, norm
            As of `FlatBackground`; a norm below 1 is what shielding is hoped to leave.

        Raises
        ------
        UnknownNameError
            If there is no such spectrum.
        """
        if name not in data_files("excess", ".csv"):
            raise UnknownNameError("measured background", name, data_files("excess", ".csv"))
        table = read_table(f"excess/{name}.csv")
        edges = np.append(table["energy_low_keV"], table["energy_high_keV"][-1])
        return cls(edges, table["counts_per_keV_kg_day"], pulses_per_s, norm)

    @property
    def edges_unit(self) -> str:
        return "keV"

    def check_bins(self, edges: Float[Array, " edge"], kept_edges: Float[Array, " edge"]) -> None:
        _check_reach("bin_edges_keV", self.bin_edges_keV, kept_edges)

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        low = jnp.clip(self.bin_edges_keV[None, :-1], edges[:-1, None], edges[1:, None])
        high = jnp.clip(self.bin_edges_keV[None, 1:], edges[:-1, None], edges[1:, None])
        per_kg_day = ((high - low) * self.counts_per_keV_kg_day[None, :]).sum(axis=1)
        return _steady(self.norm * per_kg_day, self.pulses_per_s, window, exposure)


class ScaledBackground(AbstractBackground):
    """Another background, recorded with another mass and time: its counts grow with both.

    Attributes
    ----------
    background
        What was recorded, or is expected, with that exposure.
    recorded
        That exposure.
    norm
        Ratio to it, 1 nominally: what its uncertainty moves.
    """

    background: AbstractBackground
    recorded: Exposure
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_not_negative("norm", self.norm, "")

    @property
    def edges_unit(self) -> str:
        return self.background.edges_unit

    def check_bins(self, edges: Float[Array, " edge"], kept_edges: Float[Array, " edge"]) -> None:
        self.background.check_bins(edges, kept_edges)

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        ratio = self.norm * exposure.kg_days / self.recorded.kg_days
        return ratio * self.background.counts(window, self.recorded, edges)
