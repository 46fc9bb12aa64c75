"""Backgrounds that a data release gives as templates."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.flux import AbstractTimeDistribution
from cevnsjax.response import TimeWindow


class AbstractBackground(eqx.Module):
    """What is counted beside the signal."""

    @abstractmethod
    def counts(self, window: TimeWindow) -> Float[Array, "energy time"]:
        """Expected counts (or rate) in each bin of energy and time."""


class SimulatedBackground(AbstractBackground):
    """A background whose times are known before the time efficiency, like a simulated neutron template.

    Attributes
    ----------
    events
        Expected events in the whole window of energy and time, after all efficiencies.
    energy_shape
        Relative contents of the energy bins, energy efficiency included, any normalisation, shape ``[energy]``.
    times
        Distribution in time before the time efficiency.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    energy_shape: Float[Array, " energy"] = eqx.field(converter=as_float)
    times: AbstractTimeDistribution

    def __check_init__(self):
        check_positive("events", self.events, "events")

    def counts(self, window: TimeWindow) -> Float[Array, "energy time"]:
        return _template(self.events, self.energy_shape, window.fractions(self.times.cumulative))


class MeasuredBackground(AbstractBackground):
    """A background as it was recorded, with all efficiencies inside, like events out of coincidence with the beam.

    Attributes
    ----------
    events
        Expected events in the whole window of energy and time.
    energy_shape
        Relative contents of the energy bins, any normalisation, shape ``[energy]``.
    times
        Distribution of the recorded times.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    energy_shape: Float[Array, " energy"] = eqx.field(converter=as_float)
    times: AbstractTimeDistribution

    def __check_init__(self):
        check_positive("events", self.events, "events")

    def counts(self, window: TimeWindow) -> Float[Array, "energy time"]:
        recorded = jnp.diff(self.times.cumulative(window.edges_us, as_float(0.0)))
        return _template(self.events, self.energy_shape, recorded)


def _template(events, energy_shape, time_shape):
    return events * (energy_shape / energy_shape.sum())[:, None] * (time_shape / time_shape.sum())[None, :]
