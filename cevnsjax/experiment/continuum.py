"""Backgrounds of an ionisation spectrum: a smooth continuum, and lines of electron capture."""

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, check_positive, is_concrete
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.response import TimeWindow


class ContinuumBackground(AbstractBackground):
    """A constant, and an exponential that falls with energy: dR/dE = c + a exp(-(E - E_ref)/E_0).

    Attributes
    ----------
    edges_keV
        Bin edges in ionisation energy, keV, shape ``[energy + 1]``.
    constant_per_keV, exponential_per_keV
        c and a, in the unit of the data per keV.
    decay_energy_keV
        E_0, keV.
    reference_energy_keV
        E_ref, keV: where there are data, a and E_0 hardly depend on each other in a fit.
    """

    edges_keV: Float[Array, " edge"] = eqx.field(converter=as_float)
    constant_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    exponential_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    decay_energy_keV: Float[Array, ""] = eqx.field(converter=as_float)
    reference_energy_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        if is_concrete(self.edges_keV):
            check_edges("edges_keV", self.edges_keV, "keV")
        check_positive("decay_energy_keV", self.decay_energy_keV, "keV")

    def counts(self, window: TimeWindow) -> Float[Array, "energy time"]:
        width = jnp.diff(self.edges_keV)
        # of an exponential the whole bin, without the cancellation of two exponentials
        start = jnp.exp((self.reference_energy_keV - self.edges_keV[:-1]) / self.decay_energy_keV)
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


class LineBackground(AbstractBackground):
    """Gaussian lines of K, L or M shells, which share their width and move together.

    Attributes
    ----------
    edges_keV
        Bin edges in ionisation energy, keV, shape ``[energy + 1]``.
    centroid_keV
        Position of the reference line, keV.
    width_keV
        Standard deviation of every line, keV.
    lines
        The lines by name.
    """

    edges_keV: Float[Array, " edge"] = eqx.field(converter=as_float)
    centroid_keV: Float[Array, ""] = eqx.field(converter=as_float)
    width_keV: Float[Array, ""] = eqx.field(converter=as_float)
    lines: dict[str, CaptureLine]

    def __check_init__(self):
        if is_concrete(self.edges_keV):
            check_edges("edges_keV", self.edges_keV, "keV")
        check_positive("width_keV", self.width_keV, "keV")

    def counts(self, window: TimeWindow) -> Float[Array, "energy time"]:
        total = jnp.zeros_like(self.edges_keV[1:])
        for line in self.lines.values():
            position = self.centroid_keV + line.offset_keV
            shape = self._fractions(position)
            for satellite in line.satellites.values():
                shape = shape + satellite.fraction * self._fractions(position + satellite.offset_keV)
            total = total + line.events * shape
        return total[:, None]

    def _fractions(self, position_keV: Float[Array, ""]) -> Float[Array, " energy"]:
        return jnp.diff(ndtr((self.edges_keV - position_keV) / self.width_keV))
