"""When the events of a background are recorded.

Every distribution answers one question: the integral of f(t') exp(-lambda t') over t' up to t. With lambda = 0 that
is the cumulative distribution; with lambda > 0 it carries a detection efficiency that falls exponentially with time,
exactly.
"""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import (
    Scalar,
    as_float,
    check_distribution,
    check_finite,
    check_positive,
    exponential_integral,
)
from cevnsjax.errors import CevnsjaxError


class AbstractTimeDistribution(eqx.Module):
    """Arrival times of one background."""

    @abstractmethod
    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        """Weighted cumulative distribution, up to a constant and a normalisation that cancel in a template."""


class ExponentialTimes(AbstractTimeDistribution):
    """f(t) proportional to exp(-t rate).

    Attributes
    ----------
    decay_rate_per_us
        The rate, us^-1; zero for a constant background.
    """

    decay_rate_per_us: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("decay_rate_per_us", self.decay_rate_per_us, "us^-1")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        return exponential_integral(time_us, self.decay_rate_per_us + rate_per_us)


class HistogramTimes(AbstractTimeDistribution):
    """A measured or simulated histogram of times, in bins of one width, that can be moved as a whole.

    The density is linear between bin centres (and zero outside the first and the last), so that counts have a
    continuous derivative in the shift; a density that jumps at bin edges would give the likelihood a kink at each.

    Attributes
    ----------
    start_us, bin_width_us
        Lower edge of the first bin and width of the bins, us.
    counts
        Contents, shape ``[bin]``.
    shift_us
        How much later than the histogram says, us.
    """

    start_us: Float[Array, ""] = eqx.field(converter=as_float)
    bin_width_us: Float[Array, ""] = eqx.field(converter=as_float)
    counts: Float[Array, " bin"] = eqx.field(converter=as_float)
    shift_us: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_finite("start_us", self.start_us, "us")
        check_positive("bin_width_us", self.bin_width_us, "us")
        check_distribution("counts", self.counts)
        if self.counts.shape[0] < 2:
            raise CevnsjaxError(f"counts must hold at least two bins, got {self.counts.shape[0]}.")
        check_finite("shift_us", self.shift_us, "us")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        # the shift stays outside of everything that is as long as the histogram
        width, bins = self.bin_width_us, self.counts.shape[0]
        centres = self.start_us + width * (as_float(np.arange(bins)) + 0.5)
        density = self.counts / width * jnp.exp(-rate_per_us * centres)
        rise = jnp.diff(density)
        contents = 0.5 * width * (density[1:] + density[:-1])
        before = jnp.cumsum(contents) - contents
        position = jnp.clip((time_us - self.shift_us - self.start_us) / width - 0.5, 0.0, bins - 1.0)
        cell = jnp.minimum(position.astype(int), bins - 2)
        part = position - cell.astype(position.dtype)
        in_cells = jnp.stack([before, density[:-1], rise], axis=1)  # one array: looked up once, not three times
        begin, height, slope = jnp.unstack(jnp.take(in_cells, cell, axis=0, mode="clip"), axis=-1)
        cumulative = begin + width * part * (height + 0.5 * part * slope)
        return jnp.exp(-rate_per_us * self.shift_us) * cumulative
