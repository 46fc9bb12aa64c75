"""Backgrounds of an ionisation spectrum: a smooth continuum, and lines of electron capture."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_finite, check_not_negative, check_positive
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.normal import normal_between
from cevnsjax.response import TimeWindow


class ContinuumBackground(AbstractBackground):
    """A constant, and an exponential that falls with energy: dR/dE = c + a exp(-(E - E_ref)/E_0).

    Attributes
    ----------
    constant_per_keV, exponential_per_keV
        c and a, in the unit of the data per keV.
    decay_energy_keV
        E_0, keV.
    reference_energy_keV
        E_ref, keV: where there are data, a and E_0 hardly depend on each other in a fit.
    """

    constant_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    exponential_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    decay_energy_keV: Float[Array, ""] = eqx.field(converter=as_float)
    reference_energy_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_not_negative("constant_per_keV", self.constant_per_keV, "the unit of the data per keV")
        check_not_negative("exponential_per_keV", self.exponential_per_keV, "the unit of the data per keV")
        check_positive("decay_energy_keV", self.decay_energy_keV, "keV")
        check_finite("reference_energy_keV", self.reference_energy_keV, "keV")

    @property
    def edges_unit(self) -> str:
        return "keV"

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        width = jnp.diff(edges)
        # of an exponential the whole bin, without the cancellation of two exponentials
        start = jnp.exp((self.reference_energy_keV - edges[:-1]) / self.decay_energy_keV)
        fall = -jnp.expm1(-width / self.decay_energy_keV) * start
        return (self.constant_per_keV * width + self.exponential_per_keV * self.decay_energy_keV * fall)[:, None]


class Satellite(eqx.Module):
    """A line of another subshell beside a line of electron capture.

    Attributes
    ----------
    fraction
        Area relative to the line.
    offset_keV
        Position relative to the line, keV.
    """

    fraction: Float[Array, ""] = eqx.field(converter=as_float)
    offset_keV: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_not_negative("fraction", self.fraction, "")
        check_finite("offset_keV", self.offset_keV, "keV")


class CaptureLine(eqx.Module):
    """A line of electron capture, with those of other subshells of the same decays.

    Attributes
    ----------
    events
        Area, in the unit of the data.
    offset_keV
        Position relative to the reference line, keV.
    satellites
        The lines of other subshells by name.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    offset_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    satellites: dict[str, Satellite] = eqx.field(default_factory=dict)

    def __check_init__(self):
        check_not_negative("events", self.events, "the unit of the data")
        check_finite("offset_keV", self.offset_keV, "keV")


class LineBackground(AbstractBackground):
    """Gaussian lines of K, L or M shells, which share their width and move together.

    Attributes
    ----------
    centroid_keV
        Position of the reference line, keV.
    width_keV
        Standard deviation of every line, keV.
    lines
        The lines by name.
    """

    centroid_keV: Float[Array, ""] = eqx.field(converter=as_float)
    width_keV: Float[Array, ""] = eqx.field(converter=as_float)
    lines: dict[str, CaptureLine]

    def __check_init__(self):
        check_finite("centroid_keV", self.centroid_keV, "keV")
        check_positive("width_keV", self.width_keV, "keV")
        if not self.lines:
            raise CevnsjaxError("lines must hold at least one line, got none.")

    @property
    def edges_unit(self) -> str:
        return "keV"

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        positions, areas = [], []
        for line in self.lines.values():
            position = self.centroid_keV + line.offset_keV
            satellites = line.satellites.values()
            positions += [position, *(position + satellite.offset_keV for satellite in satellites)]
            areas += [line.events, *(line.events * satellite.fraction for satellite in satellites)]
        z = (edges[None, :] - jnp.stack(positions)[:, None]) / self.width_keV
        return jnp.matmul(jnp.stack(areas), normal_between(z), precision="highest")[:, None]
