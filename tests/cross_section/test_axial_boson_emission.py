"""X17 of nuclei that neutrons excite, in the form of JSNS2's flux."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.cross_section import AxialBosonEmission
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import ExponentialNeutrons
from cevnsjax.particle import AxialBoson, SpinDipoleTransition, SpinTransition
from cevnsjax.target import compound
from tests.leaf_gradients import check_gradients

BOSON = AxialBoson(1e-3, -2e-3, 16.85)


def emission(**changed):
    given = {
        "nuclide": "C12",
        "energy_MeV": 17.23,
        "total_width_eV": 1.15e6,
        "transition": SpinDipoleTransition(0.8),
        "boson": BOSON,
        "cross_section_barn": 5e-3,
    }
    return AxialBosonEmission(**{**given, **changed})


def test_neutrons_of_jsns2():
    """387 in a pulse, 277.3 above 10 MeV; density, share and nodes are one spectrum."""
    neutrons = ExponentialNeutrons(1.0, pulses_per_s=1.0)
    np.testing.assert_allclose(neutrons.fluence_per_cm2, [387.0], rtol=1e-12)
    above = neutrons.fluence_per_cm2[0] * neutrons.above(jnp.asarray([10.0]))[0, 0]
    np.testing.assert_allclose(above, 277.29761719205646, rtol=1e-12)
    integral = quad(lambda e: 387.0 / 30.0 * math.exp(-e / 30.0), 10.0, np.inf, epsrel=1e-12)[0]
    np.testing.assert_allclose(above, integral, rtol=1e-10)
    nodes = neutrons.nodes(jnp.asarray(10.0))
    np.testing.assert_allclose(387.0 * nodes.fold(jnp.ones_like(nodes.energy_MeV))[0], integral, rtol=1e-10)


def test_events_are_targets_times_neutrons_times_branching_ratio():
    """n w N_A/M sigma phi Gamma_X/Gamma, by hand, for a kilogram of polystyrene a second."""
    target, seen, neutrons = compound("C8H8"), emission(), ExponentialNeutrons(1.0)
    found = seen.spectrum(seen.nodes(neutrons, target), neutrons, target).flat()
    np.testing.assert_allclose(found.energy_keV, [17230.0])
    threshold = 17.23 * (1.0 + (939.56542 + 0.5 * 17.23) / 11174.86)
    phi = 387.0 * 25.0 * math.exp(-threshold / 30.0)
    carbon = 1e3 * 6.02214076e23 / 104.152 * 8.0 * 0.9893
    momentum = math.sqrt(17.23**2 - 16.85**2)
    width_eV = 1e6 * momentum**3 * (3e-3 * 0.8 / 197.3269804) ** 2 / (144.0 * math.pi)
    expected = carbon * 5e-27 * phi * width_eV / 1.15e6
    np.testing.assert_allclose(found.events.sum(), expected, rtol=1e-3)  # molar mass and natural carbon


@pytest.mark.parametrize("transition", [SpinDipoleTransition(0.8), SpinTransition(0.3, 0.1)])
def test_gradients(transition):
    target, neutrons = compound("C8H8"), ExponentialNeutrons(1.0)

    def events(both):
        source, seen = both
        return seen.spectrum(seen.nodes(source, target), source, target).events.sum()

    check_gradients((neutrons, emission(transition=transition)), events)


def test_a_heavier_boson_gives_nothing():
    seen, neutrons, target = emission(boson=AxialBoson(1e-3, 0.0, 17.5)), ExponentialNeutrons(1.0), compound("C8H8")
    assert float(seen.spectrum(seen.nodes(neutrons, target), neutrons, target).events.sum()) == 0.0


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: emission(cross_section_barn=0.1),
            "cross_section_barn must be from 0.001 to 0.01 b, where",
        ),
        (lambda: emission(cross_section_barn=1e-4), "cross_section_barn must be from 0.001 to 0.01 b"),
        (lambda: emission().check_target(compound("Ar")), "nuclide must be one of .*Ar40.*, got C12"),
        (lambda: ExponentialNeutrons(1.0, temperature_MeV=0.0), "temperature_MeV must be positive and in MeV, got 0"),
    ],
)
def test_bad_input(build, sentence):
    with pytest.raises(CevnsjaxError, match=sentence):
        build()
