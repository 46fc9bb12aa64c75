"""Facilities, and the atmosphere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import DECAY_AT_REST_FACILITIES, PionDecayAtRest, atmospheric_neutrinos, decay_at_rest_facility


@pytest.mark.parametrize("name", DECAY_AT_REST_FACILITIES)
def test_facility(name):
    facility = decay_at_rest_facility(name)
    per_second = facility.beam_power_MW * 1e6 / (facility.proton_energy_MeV * 1e6 * constants.e)
    np.testing.assert_allclose(facility.protons_on_target(10.0), 10.0 * per_second, rtol=1e-9)
    area = 4 * np.pi * (100 * facility.baseline_m) ** 2
    flux = facility.flux(10.0)
    np.testing.assert_allclose(flux.fluence_per_cm2, 10 * per_second * facility.neutrinos_per_proton / area, rtol=1e-9)
    np.testing.assert_allclose(
        facility.flux(10.0, 2 * facility.baseline_m).fluence_per_cm2, flux.fluence_per_cm2 / 4, rtol=1e-12
    )
    # one pulse is over before the next one starts
    period_us = 1e6 / facility.repetition_rate_Hz
    arrived = facility.arrival().cumulative(jnp.array([-5.0, period_us]), jnp.array(0.0))
    np.testing.assert_allclose(arrived, [[0.0, 1.0]] * 3, atol=1e-9)


def test_messages():
    with pytest.raises(UnknownNameError, match="no decay-at-rest facility called 'snss'; did you mean 'sns'"):
        decay_at_rest_facility("snss")
    with pytest.raises(CevnsjaxError, match="beam_time_s must be positive"):
        decay_at_rest_facility("sns").flux(0.0)


def test_norm_of_pions_decaying_at_rest():
    nominal = PionDecayAtRest(0.08, 1e23, 20.0)
    np.testing.assert_allclose(
        PionDecayAtRest(0.08, 1e23, 20.0, norm=1.1).fluence_per_cm2, 1.1 * nominal.fluence_per_cm2
    )
    assert float(nominal.norm) == 1.0


def test_atmospheric_neutrinos():
    """Battistoni et al. 2005: electron neutrinos at 30 MeV, and the sum of the trapezia of the table, cm^-2 s^-1."""
    flux = atmospheric_neutrinos(100.0)
    energies = jnp.array([0.0, 30.0, 1000.0])
    fluence, density, moments = map(
        np.asarray,
        jax.jit(lambda flux: (flux.fluence_per_cm2, flux.density(energies), flux.moments(energies)))(flux),
    )
    assert flux.components == ("nu_e", "nu_e_bar", "nu_mu", "nu_mu_bar")
    # trapezia are an upper bound where the flux falls, here by a per cent
    np.testing.assert_allclose(fluence / 100, [1.2690, 1.1671, 2.4555, 2.4534], rtol=5e-3)
    np.testing.assert_allclose(density[:, 1] * fluence / 100, [0.0109, 0.0103, 0.0181, 0.0196], rtol=1e-12)
    np.testing.assert_allclose(moments[:, 0, ::2], [[1.0, 0.0]] * 4, rtol=1e-12)
