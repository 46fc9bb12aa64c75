"""When neutrinos and backgrounds arrive, by closed cumulative distributions.

Every distribution answers one question: the integral of f(t') exp(-lambda t') over t' up to t. With lambda = 0 that
is the cumulative distribution; with lambda > 0 it carries a detection efficiency that falls exponentially with time,
exactly.
"""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, exponential_integral
from cevnsjax.constants import CHARGED_PION_LIFETIME_US, MUON_LIFETIME_US


class AbstractPulse(eqx.Module):
    """A proton pulse, and what becomes of it when it is folded with one exponential decay."""

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
        check_positive("width_us", self.width_us, "us")

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

    def decayed(
        self, time_us: Float[Array, " time"], lifetime_us: Scalar, rate_per_us: Scalar
    ) -> Float[Array, " time"]:
        elapsed = jnp.maximum(time_us - self.time_us, 0.0)
        decay = 1.0 / lifetime_us + rate_per_us
        return jnp.exp(-rate_per_us * self.time_us) * exponential_integral(elapsed, decay) / lifetime_us


class AbstractArrival(eqx.Module):
    """Arrival times of every component of a flux."""

    components: eqx.AbstractVar[tuple[str, ...]]

    @abstractmethod
    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        """Weighted cumulative distribution of each component: the integral of f(t') exp(-rate t') up to each time."""


class PionDecayArrival(AbstractArrival):
    """Pulse folded with the pion's lifetime (nu_mu), and with the muon's as well (nu_e, nu_mu_bar).

    The two decays in a row are the hypo-exponential: [tau_mu F(tau_mu) - tau_pi F(tau_pi)]/(tau_mu - tau_pi).

    Attributes
    ----------
    pulse
        The proton pulse, with the time of flight inside its mean.
    pion_lifetime_us, muon_lifetime_us
        Lifetimes, us.
    """

    components: tuple[str, ...] = eqx.field(static=True, default=("nu_mu", "nu_e", "nu_mu_bar"), init=False)
    pulse: AbstractPulse
    pion_lifetime_us: Float[Array, ""] = eqx.field(converter=as_float, default=CHARGED_PION_LIFETIME_US)
    muon_lifetime_us: Float[Array, ""] = eqx.field(converter=as_float, default=MUON_LIFETIME_US)

    def __check_init__(self):
        check_positive("pion_lifetime_us", self.pion_lifetime_us, "us")
        check_positive("muon_lifetime_us", self.muon_lifetime_us, "us")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        pion, muon = self.pion_lifetime_us, self.muon_lifetime_us
        prompt = self.pulse.decayed(time_us, pion, rate_per_us)
        slow = self.pulse.decayed(time_us, muon, rate_per_us)
        delayed = (muon * slow - pion * prompt) / (muon - pion)
        return jnp.stack([prompt, delayed, delayed])


class SingleDecayArrival(AbstractArrival):
    """Pulse folded with one exponential for each component: the pion's lifetime in front of the muon's is left out.

    Attributes
    ----------
    pulse
        The proton pulse.
    prompt_lifetime_us, delayed_lifetime_us
        Lifetimes for nu_mu and for nu_e and nu_mu_bar, us.
    """

    components: tuple[str, ...] = eqx.field(static=True, default=("nu_mu", "nu_e", "nu_mu_bar"), init=False)
    pulse: AbstractPulse
    prompt_lifetime_us: Float[Array, ""] = eqx.field(converter=as_float, default=CHARGED_PION_LIFETIME_US)
    delayed_lifetime_us: Float[Array, ""] = eqx.field(converter=as_float, default=MUON_LIFETIME_US)

    def __check_init__(self):
        check_positive("prompt_lifetime_us", self.prompt_lifetime_us, "us")
        check_positive("delayed_lifetime_us", self.delayed_lifetime_us, "us")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        prompt = self.pulse.decayed(time_us, self.prompt_lifetime_us, rate_per_us)
        delayed = self.pulse.decayed(time_us, self.delayed_lifetime_us, rate_per_us)
        return jnp.stack([prompt, delayed, delayed])


class SteadyArrival(AbstractArrival):
    """A source without time structure: everything arrives evenly between 0 and 1, which make one bin.

    Attributes
    ----------
    components
        Components of the flux.
    """

    components: tuple[str, ...] = eqx.field(static=True)

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        arrived = exponential_integral(jnp.clip(time_us, 0.0, 1.0), rate_per_us)
        return jnp.broadcast_to(arrived[None], (len(self.components), *arrived.shape))


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
        check_positive("bin_width_us", self.bin_width_us, "us")

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
        cumulative = before[cell] + width * part * (density[cell] + 0.5 * part * rise[cell])
        return jnp.exp(-rate_per_us * self.shift_us) * cumulative
