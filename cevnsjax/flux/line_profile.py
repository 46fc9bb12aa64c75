"""Shapes of emission lines, for what is absorbed in a resonance that is narrower still."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive

_SMALLEST_MOMENTUM_MEV = 1e-6


class AbstractLineProfile(eqx.Module):
    """Distribution of the energies in a line."""

    @abstractmethod
    def __call__(
        self, offset_MeV: Float[Array, "*point"], momentum_MeV: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        """Density, MeV^-1, normalised to one.

        Parameters
        ----------
        offset_MeV
            Energy relative to the line, MeV.
        momentum_MeV
            Momentum of the particle, MeV: motion of the emitter moves its energy in proportion.
        """


class GaussianProfile(AbstractLineProfile):
    """A width that is given: what remains of calculated levels, whose energies are not known well, on average.

    With the resolution of a detector it gives what some projections draw. A line is far narrower than that: it hits a
    level or it does not, and only the average over where the level may be is described by this.

    Attributes
    ----------
    sigma_MeV
        Standard deviation, MeV.
    """

    sigma_MeV: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("sigma_MeV", self.sigma_MeV, "MeV")

    def __call__(
        self, offset_MeV: Float[Array, "*point"], momentum_MeV: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        return _normal(offset_MeV, self.sigma_MeV)


class ThermalProfile(AbstractLineProfile):
    """Emitters in thermal motion: a Gaussian of width p (T/M)^(1/2), 8 eV for 2.2 MeV from deuterium at 293 K.

    Attributes
    ----------
    velocity_spread
        (T/M)^(1/2), the spread of the velocity along a line, in units of c.
    """

    velocity_spread: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("velocity_spread", self.velocity_spread, "c")

    def __call__(
        self, offset_MeV: Float[Array, "*point"], momentum_MeV: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        return _normal(offset_MeV, self.velocity_spread * jnp.maximum(momentum_MeV, _SMALLEST_MOMENTUM_MEV))


class RecoilProfile(AbstractLineProfile):
    """Emitters of one speed in all directions: a box of half-width p v, with edges rounded by slowing down.

    Li7 after B10(n, alpha) has v = 0.016 c, the half-width is 7.7 keV at 478 keV.

    Attributes
    ----------
    velocity
        v in units of c.
    rounding
        Standard deviation of the Gaussian that rounds the edges, as a fraction of the half-width.
    """

    velocity: Float[Array, ""] = eqx.field(converter=as_float)
    rounding: Float[Array, ""] = eqx.field(converter=as_float, default=0.05)

    def __check_init__(self):
        check_positive("velocity", self.velocity, "c")
        check_positive("rounding", self.rounding, "")

    def __call__(
        self, offset_MeV: Float[Array, "*point"], momentum_MeV: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        half_width = self.velocity * jnp.maximum(momentum_MeV, _SMALLEST_MOMENTUM_MEV)
        distance = jnp.abs(offset_MeV) / half_width  # from the left tail on, where nothing cancels
        box = ndtr((1.0 - distance) / self.rounding) - ndtr((-1.0 - distance) / self.rounding)
        return 0.5 * box / half_width


def _normal(offset_MeV: Float[Array, "*point"], sigma_MeV: Float[Array, "*#point"]) -> Float[Array, "*point"]:
    return norm.pdf(offset_MeV / sigma_MeV) / sigma_MeV
