"""Proton pulses: Gaussian, sharp, and made of straight pieces, like rectangles, triangles and several bunches."""

import math
from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_positive, exponential_integral, power_series
from cevnsjax.errors import CevnsjaxError

# x below 1 needs these for 1e-16
_RAMP_SERIES = tuple((-1.0) ** k / (math.factorial(k) * (k + 2)) for k in range(18))


class AbstractPulse(eqx.Module):
    """A proton pulse, and what becomes of it when it is folded with one exponential decay."""

    @abstractmethod
    def arrived(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        """Weighted cumulative distribution of the pulse itself: the integral of f(t') exp(-rate t') up to each time.

        Parameters
        ----------
        time_us
            Times, us.
        rate_per_us
            In the weight exp(-rate t), us^-1.
        """

    @abstractmethod
    def decayed(
        self, time_us: Float[Array, " time"], lifetime_us: Scalar, rate_per_us: Scalar
    ) -> Float[Array, " time"]:
        """Weighted cumulative distribution of (pulse folded with exp(-t/lifetime)/lifetime).

        Parameters
        ----------
        time_us
            Times, us.
        lifetime_us
            Lifetime of the decay, us.
        rate_per_us
            lambda in the weight exp(-lambda t), us^-1.
        """


class GaussianPulse(AbstractPulse):
    """A Gaussian pulse; folded with an exponential it is the exponentially modified Gaussian.

    The weight exp(-lambda t) turns an exponentially modified Gaussian (mean m, width s, rate k) into another one with
    m - lambda s^2 and k + lambda, times k/(k + lambda) exp(-lambda m + lambda^2 s^2/2).

    Attributes
    ----------
    mean_us, width_us
        Mean and standard deviation, us.
    """

    mean_us: Float[Array, ""] = eqx.field(converter=as_float)
    width_us: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("mean_us", self.mean_us, "us")
        check_positive("width_us", self.width_us, "us")

    def arrived(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        width = self.width_us
        scale = jnp.exp(-rate_per_us * self.mean_us + 0.5 * (rate_per_us * width) ** 2)
        return scale * ndtr((time_us - self.mean_us) / width + rate_per_us * width)

    def decayed(
        self, time_us: Float[Array, " time"], lifetime_us: Scalar, rate_per_us: Scalar
    ) -> Float[Array, " time"]:
        width, decay = self.width_us, 1.0 / lifetime_us + rate_per_us
        mean = self.mean_us - rate_per_us * width**2
        scale = jnp.exp(-rate_per_us * self.mean_us + 0.5 * (rate_per_us * width) ** 2) / (lifetime_us * decay)
        z = (time_us - mean) / width
        tail = jnp.exp(0.5 * (decay * width) ** 2 - decay * (time_us - mean) + log_ndtr(z - decay * width))
        return scale * (ndtr(z) - tail)


class SharpPulse(AbstractPulse):
    """All protons at one time.

    Attributes
    ----------
    time_us
        When, us.
    """

    time_us: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("time_us", self.time_us, "us")

    def arrived(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        return jnp.where(time_us >= self.time_us, jnp.exp(-rate_per_us * self.time_us), 0.0)

    def decayed(
        self, time_us: Float[Array, " time"], lifetime_us: Scalar, rate_per_us: Scalar
    ) -> Float[Array, " time"]:
        elapsed = jnp.maximum(time_us - self.time_us, 0.0)
        decay = 1.0 / lifetime_us + rate_per_us
        return jnp.exp(-rate_per_us * self.time_us) * exponential_integral(elapsed, decay) / lifetime_us


def _ramp_integral(length: Float[Array, "*shape"], rate: Scalar) -> Float[Array, "*shape"]:
    """Integral of u exp(-rate u) over u from 0 to length, smooth through rate = 0."""
    exponent = length * rate
    small = jnp.abs(exponent) < 1.0
    safe = jnp.where(small, 1.0, exponent)
    series = power_series(jnp.where(small, exponent, 0.0), _RAMP_SERIES)
    return length**2 * jnp.where(small, series, (1.0 - (1.0 + safe) * jnp.exp(-safe)) / safe**2)


def _come(length: Float[Array, "*shape"], height: Scalar, slope: Scalar, rate_per_us: Scalar) -> Float[Array, "*shape"]:
    """Integral of (height + slope u) exp(-rate u) over u from 0 to length."""
    return height * exponential_integral(length, rate_per_us) + slope * _ramp_integral(length, rate_per_us)


def _straight_piece(
    time_us: Float[Array, " time"],
    start_us: Scalar,
    width_us: Scalar,
    height: Scalar,
    slope: Scalar,
    lifetime_us: Scalar,
    rate_per_us: Scalar,
) -> Float[Array, " time"]:
    """What ``AbstractPulse.decayed`` asks for, from protons between start and start + width.

    A proton at u contributes exp(-rate u) [1 - exp(-k (t - u))]/(k lifetime) with k = 1/lifetime + rate; that is
    integrated with the density height + slope (u - start) up to t or the end of the piece.
    """
    decay = 1.0 / lifetime_us + rate_per_us
    length = jnp.clip(time_us - start_us, 0.0, width_us)
    end = start_us + length
    come = _come(length, height, slope, rate_per_us)
    # counted from the end backwards, in which every exponent is negative
    inverse = 1.0 / lifetime_us
    waiting = (height + slope * length) * exponential_integral(length, inverse)
    waiting = waiting - slope * _ramp_integral(length, inverse)
    later = jnp.exp(-decay * jnp.maximum(time_us - end, 0.0) - rate_per_us * end)
    return (jnp.exp(-rate_per_us * start_us) * come - later * waiting) / (decay * lifetime_us)


class RectangularPulse(AbstractPulse):
    """Equal bunches of constant current.

    Attributes
    ----------
    starts_us
        When each bunch starts, us.
    width_us
        How long each lasts, us.
    """

    starts_us: Float[Array, " bunch"] = eqx.field(converter=lambda starts: jnp.atleast_1d(as_float(starts)))
    width_us: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("starts_us", self.starts_us, "us")
        if not self.starts_us.size:
            raise CevnsjaxError("starts_us must hold at least one bunch, got none.")
        check_positive("width_us", self.width_us, "us")

    def arrived(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        height = 1.0 / (self.width_us * self.starts_us.shape[0])
        length = jnp.clip(time_us[None, :] - self.starts_us[:, None], 0.0, self.width_us)
        bunches = jnp.exp(-rate_per_us * self.starts_us)[:, None] * exponential_integral(length, rate_per_us)
        return height * bunches.sum(axis=0)

    def decayed(
        self, time_us: Float[Array, " time"], lifetime_us: Scalar, rate_per_us: Scalar
    ) -> Float[Array, " time"]:
        height, flat = 1.0 / (self.width_us * self.starts_us.shape[0]), jnp.zeros_like(self.width_us)

        def bunch(start: Scalar) -> Float[Array, " time"]:
            return _straight_piece(time_us, start, self.width_us, height, flat, lifetime_us, rate_per_us)

        return jax.vmap(bunch)(self.starts_us).sum(axis=0)


class TriangularPulse(AbstractPulse):
    """A current that rises and falls in a symmetric triangle.

    Attributes
    ----------
    start_us
        When it starts, us.
    width_us
        How long it lasts at the base, us; half of it at half maximum.
    """

    start_us: Float[Array, ""] = eqx.field(converter=as_float)
    width_us: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("start_us", self.start_us, "us")
        check_positive("width_us", self.width_us, "us")

    @property
    def _sides(self) -> tuple[Scalar, Float[Array, " side"], Float[Array, " side"], Float[Array, " side"]]:
        """Width of each side, and their starts, heights and slopes."""
        half, peak = 0.5 * self.width_us, 2.0 / self.width_us
        starts = jnp.stack([self.start_us, self.start_us + half])
        return half, starts, jnp.stack([jnp.zeros_like(peak), peak]), jnp.stack([peak / half, -peak / half])

    def arrived(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, " time"]:
        half, starts, heights, slopes = self._sides

        def side(start: Scalar, height: Scalar, slope: Scalar) -> Float[Array, " time"]:
            length = jnp.clip(time_us - start, 0.0, half)
            return jnp.exp(-rate_per_us * start) * _come(length, height, slope, rate_per_us)

        return jax.vmap(side)(starts, heights, slopes).sum(axis=0)

    def decayed(
        self, time_us: Float[Array, " time"], lifetime_us: Scalar, rate_per_us: Scalar
    ) -> Float[Array, " time"]:
        half, starts, heights, slopes = self._sides

        def side(start: Scalar, height: Scalar, slope: Scalar) -> Float[Array, " time"]:
            return _straight_piece(time_us, start, half, height, slope, lifetime_us, rate_per_us)

        return jax.vmap(side)(starts, heights, slopes).sum(axis=0)
