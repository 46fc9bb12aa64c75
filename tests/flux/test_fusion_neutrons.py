"""Neutrons of fusion: integrals by SciPy, a line of thermal neutrons, ALPs of captures, gradients."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import AlpFlux, ConeGeometry, FusionNeutrons, fusion_line, fusion_neutrons, hydrogen_capture
from cevnsjax.particle import Alp


@pytest.mark.parametrize(("device", "total"), [("iter", 8.156e14), ("wcll", 7.967e14)])
def test_integrals(device, total):
    """All of them (the number in the head of the table), those above 10 MeV, and captures like 1/v."""
    neutrons = fusion_neutrons(device)
    energy, flux = (np.log(np.asarray(each)) for each in (neutrons.energy_MeV, neutrons.flux_per_cm2_s_MeV))

    def integral(power, low):
        knots = [low, *energy[energy > low]]
        function = lambda x: np.exp(np.interp(x, energy, flux) + (1.0 + power) * x)  # noqa: E731
        return sum(quad(function, a, b, epsrel=1e-10)[0] for a, b in itertools.pairwise(knots))

    np.testing.assert_allclose(neutrons.above_per_cm2_s(), integral(0.0, energy[0]), rtol=1e-8)
    np.testing.assert_allclose(neutrons.above_per_cm2_s(), total, rtol=1e-3)
    np.testing.assert_allclose(
        neutrons.excitations_per_s(0.1, 10.0, 1e20), 1e-5 * integral(0.0, np.log(10.0)), rtol=1e-8
    )
    expected = 0.3326e-24 * 1e26 * np.sqrt(2.53e-8) * integral(-0.5, energy[0])
    np.testing.assert_allclose(neutrons.captures_per_s(0.3326, 1e26), expected, rtol=1e-8)


def test_thermal_neutrons():
    """A narrow line at 25.3 meV is captured by the cross section there."""
    edges = np.array([0.99, 1.0, 1.01]) * 2.53e-8
    neutrons = FusionNeutrons(edges, np.full(3, 1e14 / (edges[-1] - edges[0])))
    np.testing.assert_allclose(neutrons.above_per_cm2_s(), 1e14, rtol=1e-9)
    np.testing.assert_allclose(neutrons.captures_per_s(0.3326, 6e26), 0.3326e-24 * 1e14 * 6e26, rtol=1e-4)


def test_alps():
    """A tonne of hydrogen at the first wall, beside fissions with 0.25 captures each: the same line, by its photons."""
    boson, geometry = Alp(0.1, isovector_coupling_per_GeV=1e-4), ConeGeometry(20.0, 1.0)
    line = fusion_line("iter", "hydrogen", 1000.0)
    per_s = float(line.photons_per_event)
    assert 1e17 < per_s < 1e20  # of 8e14 neutrons a second and square centimetre, 6e29 protons
    fusion = AlpFlux(boson, {"h": line}, 1.0, 1.0, geometry)
    fission = AlpFlux(boson, {"h": hydrogen_capture()}, 4.0 * per_s, 1.0, geometry)
    np.testing.assert_allclose(fusion.fluence_per_cm2, fission.fluence_per_cm2, rtol=1e-12)
    ratio = (
        fusion_line("iter", "boron", 10.0129).photons_per_event
        / fusion_line("iter", "hydrogen", 1.008).photons_per_event
    )
    np.testing.assert_allclose(ratio, 0.937 * 3840.0 / 0.3326, rtol=1e-12)


def test_gradients():
    def counts(neutrons):
        rates = (neutrons.captures_per_s(0.3326, 1e10), neutrons.excitations_per_s(0.1, 1.5, 1e10))
        return jnp.stack([*rates, 1e-15 * neutrons.above_per_cm2_s(0.3)]).sum()

    check_gradients(FusionNeutrons([0.1, 1.0, 2.0], [3.0, 2.0, 0.5]), counts, rtol=1e-5)


def test_finite(precision):
    """Also in float32, whose largest number the flux is far below."""
    assert np.isfinite(float(fusion_neutrons("iter").captures_per_s(0.3326, 1.0)))


def test_refused():
    with pytest.raises(UnknownNameError, match="device with a table of fusion neutrons"):
        fusion_neutrons("jet")
    with pytest.raises(UnknownNameError, match="capture in the neutrons of fusion"):
        fusion_line("iter", "lithium", 1.0)
    with pytest.raises(CevnsjaxError, match="mass_kg must be positive"):
        fusion_line("iter", "boron", -1.0)
    with pytest.raises(CevnsjaxError, match="flux_per_cm2_s_MeV must be positive"):
        FusionNeutrons([1.0, 2.0], [1.0, 0.0])
