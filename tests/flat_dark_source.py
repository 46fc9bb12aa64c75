"""A source of dark matter whose spectrum is known in closed form."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.flux import AbstractDarkSource
from cevnsjax.particle import AbstractDarkMatter


class FlatSource(AbstractDarkSource):
    """Dark matter of any energy between two alike, or of the upper one."""

    components: ClassVar[tuple[str, ...]] = ("chi",)
    dark_matter: AbstractDarkMatter
    begin_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    end_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    in_line: float = eqx.field(static=True, default=0.0)

    @property
    def break_points_MeV(self):
        return jnp.stack([self.begin_MeV, self.end_MeV])

    @property
    def lowest_energy_MeV(self):
        return self.begin_MeV

    @property
    def fluence_per_cm2(self):
        return as_float([1e12])

    @property
    def lines(self):
        return self.end_MeV[None], as_float([[self.in_line]])

    def density(self, energy_MeV):
        width = self.end_MeV - self.begin_MeV
        return jnp.full((1, *energy_MeV.shape), (1.0 - self.in_line) / width)
