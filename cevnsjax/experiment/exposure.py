"""What backgrounds are proportional to: mass and time."""

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive


class Exposure(eqx.Module):
    """Mass and time of data taking.

    Attributes
    ----------
    mass_kg
        Mass of the target, kg.
    days
        Time of data taking, days; of a pulsed source the whole of it, not only the windows after its pulses.
    """

    mass_kg: Float[Array, ""] = eqx.field(converter=as_float)
    days: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("mass_kg", self.mass_kg, "kg")
        check_positive("days", self.days, "days")

    @property
    def kg_days(self) -> Float[Array, ""]:
        """The product of both, kg d."""
        return self.mass_kg * self.days
