"""Arrival times of sources that are no accelerator: bursts that die away, and histograms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_edges, check_positive, exponential_integral, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.time_distribution import AbstractArrival, SharpPulse


class ExponentialArrival(AbstractArrival):
    """Components that start together and die away exponentially, like the luminosity of a cooling proto-neutron star.

    Attributes
    ----------
    components
        Components of the flux.
    lifetimes_us
        How fast each dies away, us, shape ``[component]``.
    start_us
        When the first neutrinos arrive, us.
    """

    components: tuple[str, ...] = eqx.field(static=True)
    lifetimes_us: Float[Array, " component"] = eqx.field(converter=as_float)
    start_us: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_positive("lifetimes_us", self.lifetimes_us, "us")
        if self.lifetimes_us.shape != (len(self.components),):
            raise CevnsjaxError(
                f"lifetimes_us must have one entry for each of {self.components}, got {self.lifetimes_us.shape}."
            )

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        start = SharpPulse(self.start_us)
        return jax.vmap(lambda lifetime: start.decayed(time_us, lifetime, rate_per_us))(self.lifetimes_us)


class HistogramArrival(AbstractArrival):
    """Components with a tabulated time profile, constant inside each bin.

    Attributes
    ----------
    components
        Components of the flux.
    edges_us
        Bin edges, us.
    fractions
        Fraction of each component in each bin, shape ``[component, bin]``.
    """

    components: tuple[str, ...] = eqx.field(static=True)
    edges_us: Float[Array, " edge"] = eqx.field(converter=as_float)
    fractions: Float[Array, "component bin"] = eqx.field(converter=as_float)

    def __check_init__(self):
        if is_concrete(self.edges_us):
            check_edges("edges_us", self.edges_us, "us")
        if self.fractions.shape != (len(self.components), self.edges_us.shape[0] - 1):
            raise CevnsjaxError(
                f"fractions must have a row for each of {self.components} and a column for each of the "
                f"{self.edges_us.shape[0] - 1} bins, got the shape {self.fractions.shape}."
            )
        if is_concrete(self.fractions):
            values = np.asarray(self.fractions)
            if not (np.all(values >= 0.0) and np.all(values.sum(axis=1) <= 1.0 + 1e-6)):  # rounding of float32
                raise CevnsjaxError("fractions must not be negative, nor add up to more than 1 for any component.")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        low, width = self.edges_us[:-1], jnp.diff(self.edges_us)
        inside = jnp.clip(time_us[:, None] - low[None, :], 0.0, width[None, :])
        weight = jnp.exp(-rate_per_us * low)[None, :] * exponential_integral(inside, rate_per_us)
        return (self.fractions / width[None, :]) @ weight.T
