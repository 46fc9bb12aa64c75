"""Bins in time."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, check_finite, check_not_negative, is_concrete


class TimeWindow(eqx.Module):
    """Bins in time, and an efficiency that is one up to a time and falls exponentially after it.

    Attributes
    ----------
    edges_us
        Bin edges, us, shape ``[bin + 1]``.
    efficiency_start_us, efficiency_rate_per_us
        The efficiency is exp(-rate (t - start)) after the start (COHERENT CsI[Na], arXiv:2110.07730).
    """

    edges_us: Float[Array, " edge"] = eqx.field(converter=as_float)
    efficiency_start_us: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    efficiency_rate_per_us: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        if is_concrete(self.edges_us):
            check_edges("edges_us", self.edges_us, "us")
        check_finite("efficiency_start_us", self.efficiency_start_us, "us")
        check_not_negative("efficiency_rate_per_us", self.efficiency_rate_per_us, "us^-1")

    def fractions(self, cumulative) -> Float[Array, "*component bin"]:
        """Detected fraction in each bin, from a weighted cumulative distribution ``(time_us, rate_per_us)``."""
        start, rate = self.efficiency_start_us, self.efficiency_rate_per_us
        early = cumulative(jnp.minimum(self.edges_us, start), as_float(0.0))
        late = cumulative(jnp.maximum(self.edges_us, start), rate) * jnp.exp(rate * start)
        return jnp.diff(early + late, axis=-1)
