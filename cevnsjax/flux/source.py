"""A source: what arrives, and when."""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.arrivals import AbstractArrival, SteadyArrival
from cevnsjax.flux.flux import AbstractSource


class Source(eqx.Module):
    """What arrives, and when: energies, and times for everything that the source sends.

    Attributes
    ----------
    flux
        Components with their energies and fluences.
    arrival
        Times of each component as it would arrive with the speed of light.
    """

    flux: AbstractSource
    arrival: AbstractArrival

    def __check_init__(self):
        if not isinstance(self.flux, AbstractSource):
            raise CevnsjaxError(f"flux must be a source of particles, got {type(self.flux).__name__}.")
        if not isinstance(self.arrival, AbstractArrival):
            raise CevnsjaxError(
                f"arrival must be a distribution of arrival times, got {type(self.arrival).__name__}; a source without "
                "pulses is Source.steady(flux)."
            )
        if not set(self.flux.origins) <= set(self.arrival.components):
            raise CevnsjaxError(
                f"arrival must have every component that the flux comes from, got {self.arrival.components} for "
                f"{self.flux.origins}; a source without pulses is Source.steady(flux)."
            )

    @classmethod
    def steady(cls, flux: AbstractSource) -> "Source":
        """Build a source without time structure."""
        return cls(flux, SteadyArrival(tuple(dict.fromkeys(flux.origins))))

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        """Weighted cumulative distribution of each component of the flux: f(t') exp(-rate t') up to each time, us."""
        rows = np.array([self.arrival.components.index(origin) for origin in self.flux.origins])
        delay = self.flux.delay_us
        if delay is None:
            cumulative = self.arrival.cumulative(time_us, rate_per_us)
            return cumulative if self.flux.origins == self.arrival.components else cumulative[rows]

        def late(row: Array, delay_us: Scalar) -> Float[Array, " time"]:
            return jnp.exp(-rate_per_us * delay_us) * self.arrival.cumulative(time_us - delay_us, rate_per_us)[row]

        return jax.vmap(late)(jnp.asarray(rows), delay)


def sources_of(sources: Mapping[str, Source], kind: type[AbstractSource]) -> tuple[str, ...]:
    """Names of the sources whose flux is of a kind, in alphabetical order."""
    return tuple(name for name in sorted(sources) if isinstance(sources[name].flux, kind))
