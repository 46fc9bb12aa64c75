"""What arrives, and when: delays of slow components, sources without pulses, and what does not fit together."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    AbstractSource,
    ExponentialArrival,
    MonoEnergetic,
    PionDecayArrival,
    PionDecayAtRest,
    SharpPulse,
    Source,
    SteadyArrival,
    SterileOscillation,
)

cumulative = eqx.filter_jit(lambda source, times, rate: source.cumulative(times, rate))
LIFETIMES = {"second": 2.2, "first": 0.3}
DELAYS = (0.0, 1.7, 0.4)


class Late(AbstractSource):
    """Three components of two origins, each later than light by its own time."""

    particles = "toys"
    components: tuple[str, ...] = eqx.field(static=True, default=("fast", "slow", "middle"), init=False)
    late_us: Float[Array, " component"] | None

    @property
    def origins(self):
        return ("first", "second", "second")

    @property
    def delay_us(self):
        return self.late_us

    @property
    def break_points_MeV(self):
        return jnp.ones(1)

    @property
    def fluence_per_cm2(self):
        return jnp.ones(3)

    @property
    def lines(self):
        return jnp.ones(1), jnp.ones((3, 1))

    def density(self, energy_MeV):
        return jnp.zeros((3, *energy_MeV.shape))


ARRIVAL = ExponentialArrival(tuple(LIFETIMES), list(LIFETIMES.values()))


@pytest.mark.parametrize("rate", [0.0, 0.6])
def test_delays_shift_and_weigh(rate):
    """f(t) exp(-rate t), with t the time at the detector: what is late is weighted with when it comes."""
    times = np.array([-1.0, 0.2, 1.0, 1.9, 6.0])
    found = cumulative(Source(Late(jnp.asarray(DELAYS)), ARRIVAL), jnp.asarray(times), jnp.asarray(rate))
    assert found.shape == (3, 5)
    for row, origin, delay in zip(np.asarray(found), ("first", "second", "second"), DELAYS, strict=True):
        lifetime = LIFETIMES[origin]

        def density(time, delay=delay, lifetime=lifetime):
            return np.exp(-(time - delay) / lifetime) / lifetime * np.exp(-rate * time)

        expected = [quad(density, delay, time, epsrel=1e-12)[0] if time > delay else 0.0 for time in times]
        np.testing.assert_allclose(row, expected, rtol=1e-11, atol=1e-15)


def test_no_delay_is_a_delay_of_zero():
    """Components take the times of their origin, in the order of the flux."""
    times, rate = jnp.array([0.2, 1.0, 6.0]), jnp.asarray(0.6)
    plain = np.asarray(cumulative(Source(Late(None), ARRIVAL), times, rate))
    arrived = dict(zip(ARRIVAL.components, np.asarray(cumulative(ARRIVAL, times, rate)), strict=True))
    np.testing.assert_array_equal(plain, [arrived[name] for name in ("first", "second", "second")])
    np.testing.assert_allclose(cumulative(Source(Late(jnp.zeros(3)), ARRIVAL), times, rate), plain, rtol=1e-14)


def test_derivative_in_the_delay():
    """Minus the density at the detector, and the weight, where there is one."""
    time, delay, rate = 2.5, 1.7, 0.6

    def arrived(late):
        return Source(Late(jnp.stack([late, late, late])), ARRIVAL).cumulative(jnp.array([time]), jnp.asarray(rate))

    found = jax.jit(lambda late: (arrived(late), jax.jacfwd(arrived)(late)))(jnp.asarray(delay))
    values, slopes = (np.asarray(part)[:, 0] for part in found)
    for slope, value, origin in zip(slopes, values, ("first", "second", "second"), strict=True):
        density = np.exp(-(time - delay) / LIFETIMES[origin]) / LIFETIMES[origin] * np.exp(-rate * time)
        np.testing.assert_allclose(slope, -density - rate * float(value), rtol=1e-12)


def test_steady_source():
    """Everything evenly in the one bin from 0 to 1, for each component of the flux."""
    steady = Source.steady(Late(None))
    assert isinstance(steady.arrival, SteadyArrival)
    assert steady.arrival.components == ("first", "second")
    found = cumulative(steady, jnp.array([0.0, 0.25, 1.0]), jnp.asarray(0.0))
    np.testing.assert_allclose(found, [[0.0, 0.25, 1.0]] * 3, rtol=1e-15)


def test_oscillation_keeps_the_times_of_its_origins():
    pions, arrival = PionDecayAtRest(0.08, 1e23, 20.0), PionDecayArrival(SharpPulse(0.0))
    times, rate = jnp.array([0.1, 3.0]), jnp.asarray(0.0)
    plain = np.asarray(cumulative(Source(pions, arrival), times, rate))
    split = cumulative(Source(SterileOscillation(pions, 1.0, 0.1), arrival), times, rate)
    np.testing.assert_array_equal(split, plain.repeat(3, axis=0))


def test_wrong_types():
    """Types are checked while testing before the class can say so: its own check is asked as users meet it."""
    line, check = MonoEnergetic("nu_e", 1.0), Source.__check_init__

    def made_of(flux, arrival):
        made = object.__new__(Source)
        object.__setattr__(made, "flux", flux)
        object.__setattr__(made, "arrival", arrival)
        return made

    with pytest.raises(CevnsjaxError, match="flux must be a source of particles, got ExponentialArrival"):
        check(made_of(ARRIVAL, ARRIVAL))
    with pytest.raises(CevnsjaxError, match="arrival must be a distribution of arrival times, got MonoEnergetic"):
        check(made_of(line, line))
    with pytest.raises(CevnsjaxError, match=r"got NoneType; a source without pulses is Source\.steady\(flux\)"):
        check(made_of(line, None))


def test_missing_components():
    with pytest.raises(CevnsjaxError, match=r"arrival must have every component that the flux comes from, got .*nu_e"):
        Source(MonoEnergetic("nu_e", 1.0), ARRIVAL)
    with pytest.raises(CevnsjaxError, match="arrival must have every component"):
        Source(MonoEnergetic("nu_e_bar", 1.0), PionDecayArrival(SharpPulse(0.0)))
