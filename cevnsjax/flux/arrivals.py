"""When the components of a flux arrive: after a pulse, evenly, in bursts that die away, and as histograms say.

Every distribution answers one question: the integral of f(t') exp(-lambda t') over t' up to t. With lambda = 0 that
is the cumulative distribution; with lambda > 0 it carries a detection efficiency that falls exponentially with time,
exactly.
"""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import (
    Scalar,
    as_float,
    check_edges,
    check_finite,
    check_fraction,
    check_not_negative,
    check_positive,
    exponential_integral,
    is_concrete,
)
from cevnsjax.constants import CHARGED_PION_LIFETIME_US, MUON_LIFETIME_US
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.pulses import AbstractPulse, SharpPulse


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
        pion, muon = self.pion_lifetime_us, self.muon_lifetime_us
        if is_concrete(pion) and is_concrete(muon) and not float(muon) > float(pion):
            raise CevnsjaxError(f"muon_lifetime_us must be above pion_lifetime_us, {pion:g} us, got {muon:g} us.")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        pion, muon = self.pion_lifetime_us, self.muon_lifetime_us
        prompt = self.pulse.decayed(time_us, pion, rate_per_us)
        slow = self.pulse.decayed(time_us, muon, rate_per_us)
        delayed = (muon * slow - pion * prompt) / (muon - pion)
        return jnp.stack([prompt, delayed, delayed])


class PromptArrival(AbstractArrival):
    """What is made by the pulse itself, like dark matter from neutral pions, or by the pions that stop.

    Attributes
    ----------
    pulse
        The proton pulse, with the time of flight of light inside its mean.
    pion_lifetime_us
        Lifetime of stopped pions, us.
    """

    components: tuple[str, ...] = eqx.field(static=True, default=("prompt", "stopped_pion"), init=False)
    pulse: AbstractPulse
    pion_lifetime_us: Float[Array, ""] = eqx.field(converter=as_float, default=CHARGED_PION_LIFETIME_US)

    def __check_init__(self):
        check_positive("pion_lifetime_us", self.pion_lifetime_us, "us")

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        prompt = self.pulse.arrived(time_us, rate_per_us)
        return jnp.stack([prompt, self.pulse.decayed(time_us, self.pion_lifetime_us, rate_per_us)])


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
        check_finite("start_us", self.start_us, "us")
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
        check_not_negative("fractions", self.fractions, "")
        if is_concrete(self.fractions):
            check_fraction("the sum of fractions of each component", np.asarray(self.fractions).sum(axis=1))

    def cumulative(self, time_us: Float[Array, " time"], rate_per_us: Scalar) -> Float[Array, "component time"]:
        low, width = self.edges_us[:-1], jnp.diff(self.edges_us)
        inside = jnp.clip(time_us[:, None] - low[None, :], 0.0, width[None, :])
        weight = jnp.exp(-rate_per_us * low)[None, :] * exponential_integral(inside, rate_per_us)
        return jnp.matmul(self.fractions / width[None, :], weight.T, precision="highest")
