"""A line as a flux."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import Coherent, TreeLevel, flux_averaged_cross_section
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import MonoEnergetic, PionDecayAtRest
from cevnsjax.target import compound


def test_moments_are_those_of_a_line():
    line = MonoEnergetic("nu_e", 0.75, 3.0)
    moments = np.asarray(eqx.filter_jit(MonoEnergetic.moments)(line, jnp.array([0.1, 0.75, 0.7500001])))
    np.testing.assert_allclose(moments[0], [[1, 1, 0], [1 / 0.75, 1 / 0.75, 0], [1 / 0.75**2, 1 / 0.75**2, 0]])
    np.testing.assert_array_equal(line.fluence_per_cm2, [3.0])
    assert line.components == ("nu_e",)
    assert line.origins == ("nu_e",)


def test_average_is_that_of_the_prompt_line():
    """The prompt nu_mu of pions decaying at rest are a line of their own."""
    pions = PionDecayAtRest(0.08, 1e23, 20.0)
    line = MonoEnergetic("nu_mu", float(pions.line_energy_MeV))
    interaction, target = Coherent({"sm": TreeLevel()}), compound("Ar")
    prompt = flux_averaged_cross_section(interaction, pions, target)[0]
    np.testing.assert_allclose(flux_averaged_cross_section(interaction, line, target)[0], prompt, rtol=1e-13)


def test_total_cross_section_in_closed_form():
    """F = 1: the integral of 1 - T/E - MT/(2E^2) up to T_max."""
    from scipy.integrate import quad

    from cevnsjax.target import PointLike

    target = compound("[Cs133]", lambda _: PointLike())
    mass, energy = float(target.nuclides["Cs133"].mass_MeV), 30.0
    largest = 2 * energy**2 / (mass + 2 * energy)
    shape = quad(lambda t: 1 - t / energy - mass * t / (2 * energy**2), 0, largest, epsrel=1e-13)[0]
    weak = 0.25 * (78 - (1 - 4 * 0.23863) * 55) ** 2
    expected = 1.1663788e-11**2 * mass / np.pi * weak * shape * (197.3269804e-13) ** 2
    found = flux_averaged_cross_section(Coherent({"sm": TreeLevel(0.23863)}), MonoEnergetic("nu_e", energy), target)
    np.testing.assert_allclose(float(found[0]) * 1e-40, expected, rtol=1e-12)


def test_errors():
    with pytest.raises(UnknownNameError, match="'nu_x'"):
        MonoEnergetic("nu_x", 1.0)
    with pytest.raises(CevnsjaxError, match="energy_MeV must be positive"):
        MonoEnergetic("nu_e", -1.0)
