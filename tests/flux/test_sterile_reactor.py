"""A sterile neutrino at reactors: several cores at several distances."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    AbstractFlux,
    LineSource,
    MonoEnergetic,
    Reactor,
    SterileOscillation,
    TabulatedFlux,
    ThermalPower,
    TotalFlux,
)

DISTANCES, SHARES, POWER_GW = (9.0, 31.0), (0.3, 0.7), 4.0
MIXING = {"mass_splitting_eV2": 1.3, "electron_mixing2": 0.1, "muon_mixing2": 0.02}
moments_of = eqx.filter_jit(lambda flux, lower: flux.moments(lower))
density_of = eqx.filter_jit(lambda flux, energy: flux.density(energy))
sin2_of = eqx.filter_jit(lambda flux, energy: flux.mean_sin2(energy))


def reactor(strength):
    return Reactor("bestiole-2023", strength, 86400.0)


def test_two_cores_are_the_sum_of_each():
    """Fluence times moments and density, to rounding: each core has its own power and distance."""
    both = SterileOscillation(reactor(ThermalPower(POWER_GW, DISTANCES, SHARES)), **MIXING)
    each = [
        SterileOscillation(reactor(ThermalPower(share * POWER_GW, distance)), **MIXING)
        for distance, share in zip(DISTANCES, SHARES, strict=True)
    ]
    lower, energy = jnp.array([0.0, 0.5, 1.8, 4.0, 9.0]), jnp.array([1.0, 3.3, 8.0])

    def arriving(flux):
        fluence = np.asarray(flux.fluence_per_cm2)
        return (
            fluence[:, None, None] * np.asarray(moments_of(flux, lower)),
            fluence[:, None] * np.asarray(density_of(flux, energy)),
        )

    for found, *parts in zip(arriving(both), *map(arriving, each), strict=True):
        np.testing.assert_allclose(found, sum(parts), rtol=1e-12, atol=1e-14 * found.max())
    # and none of the two alone, nor one core between them
    mean = float(np.dot(SHARES, DISTANCES))
    for distance in (*DISTANCES, mean):
        alone = SterileOscillation(reactor(ThermalPower(POWER_GW, distance)), **MIXING)
        assert np.abs(np.asarray(sin2_of(alone, energy) - sin2_of(both, energy))).max() > 1e-2


def test_one_core_in_a_list_is_one_core():
    one, listed = (
        SterileOscillation(reactor(ThermalPower(POWER_GW, *arguments)), **MIXING)
        for arguments in ((17.1,), ((17.1,), (1.0,)))
    )
    energy = jnp.array([1.0, 3.3, 8.0])
    np.testing.assert_array_equal(one.density(energy), listed.density(energy))


def test_distances_and_their_shares():
    """P_k/L_k^2 over their sum; a flux that is quoted has the one distance that it is given."""
    distances, shares = reactor(ThermalPower(POWER_GW, DISTANCES, SHARES)).paths
    expected = np.array(SHARES) / np.square(DISTANCES)
    np.testing.assert_array_equal(distances, DISTANCES)
    np.testing.assert_allclose(shares, expected / expected.sum(), rtol=1e-14)
    assert reactor(TotalFlux(1e13)).paths is None
    quoted = reactor(TotalFlux(1e13, 17.1))
    np.testing.assert_array_equal(np.concatenate(quoted.paths), [17.1, 1.0])
    # the flux does not follow from it
    np.testing.assert_array_equal(quoted.fluence_per_cm2, reactor(TotalFlux(1e13)).fluence_per_cm2)


@pytest.mark.parametrize(
    "flux",
    [
        reactor(TotalFlux(1e13)),
        MonoEnergetic("nu_e", 1.0),
        LineSource(("nu_e",), [0.4, 0.7], [1.0, 2.0]),
        TabulatedFlux.from_columns([1.0, 2.0], {"nu_e": np.array([1.0, 1.0])}, 1.0),
    ],
    ids=lambda flux: type(flux).__name__,
)
def test_a_flux_without_a_distance_is_refused(flux: AbstractFlux):
    message = "source must stand at a distance, got a flux without one: give it a baseline_m"
    with pytest.raises(CevnsjaxError, match=message):
        SterileOscillation(flux, **MIXING)


@pytest.mark.parametrize(
    "at",
    [
        lambda baseline_m: TotalFlux(1e13, baseline_m),
        lambda baseline_m: MonoEnergetic("nu_e", 1.0, baseline_m=baseline_m),
        lambda baseline_m: LineSource(("nu_e",), [0.4], [1.0], baseline_m=baseline_m),
    ],
    ids=["reactor", "line", "lines"],
)
def test_distances_are_positive(at):
    for distance in (0.0, -3.0, np.nan):
        with pytest.raises(CevnsjaxError, match="baseline_m must be positive and in m"):
            at(distance)
