"""Backgrounds that a data release gives as templates."""

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import check_positive, number
from cevnsjax.flux import AbstractTimeDistribution
from cevnsjax.response import TimeWindow


class TemplateBackground(eqx.Module):
    """A background with an energy template, a time distribution and a norm.

    Attributes
    ----------
    events
        Expected events in the whole window of energy and time, after all efficiencies.
    energy_shape
        Relative contents of the energy bins, energy efficiency included, any normalisation, shape ``[energy]``.
    times
        Distribution in time before the time efficiency.
    """

    events: Float[Array, ""] = number()
    energy_shape: Float[Array, " energy"] = number()
    times: AbstractTimeDistribution

    def __check_init__(self):
        check_positive("events", self.events, "events")

    def counts(self, window: TimeWindow) -> Float[Array, "energy time"]:
        """Expected counts in each bin of energy and time."""
        time_shape = window.fractions(self.times.cumulative)
        energy_shape = self.energy_shape / self.energy_shape.sum()
        return self.events * energy_shape[:, None] * (time_shape / time_shape.sum())[None, :]
