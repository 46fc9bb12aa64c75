"""Couplings of the Standard Model: hand values, radiative corrections, lepton loops."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from cevnsjax.cross_section import NSI, ErlerSu, FlavourMatrix, PDGLegacy, Tomalak21, TreeLevel, weak_charge
from cevnsjax.cross_section.standard_model import lepton_loop

ELECTRON, MUON, TAU = 0.51099895, 105.6583755, 1776.86


def diagonal(term, q2=0.0):
    proton, neutron = term.couplings(jnp.array([q2]))
    for coupling in (proton, neutron):
        assert coupling.shape[:3] == (2, 3, 3)
        off_diagonal = np.asarray(coupling[0, ..., 0]) * (1 - np.eye(3))
        np.testing.assert_array_equal(off_diagonal, 0.0)
        np.testing.assert_array_equal(coupling[1], 0.0)
    return np.diagonal(proton[0, ..., 0]), np.diagonal(neutron[0, ..., 0])


def test_tree_level():
    proton, neutron = diagonal(TreeLevel(0.23863))
    np.testing.assert_allclose(proton, 3 * [0.02274], rtol=1e-12)
    np.testing.assert_allclose(neutron, 3 * [-0.5], rtol=1e-15)


def test_erler_su():
    proton, neutron = diagonal(ErlerSu())
    np.testing.assert_allclose(proton, [0.0382, 0.0300, 0.0255], rtol=1e-12)
    np.testing.assert_allclose(neutron, 3 * [-0.5117], rtol=1e-15)
    moved, _ = diagonal(ErlerSu(0.23963))
    np.testing.assert_allclose(moved - proton, 3 * [-0.002], rtol=1e-10)


def test_legacy_numbers():
    """0.0304 and -0.5122, as the older reviews print them."""
    proton, neutron = diagonal(PDGLegacy())
    np.testing.assert_allclose(proton, 3 * [0.0304], atol=5e-5)
    np.testing.assert_allclose(neutron, 3 * [-0.5122], atol=5e-5)


def test_tomalak_meets_its_anchor_and_orders_flavours():
    proton, neutron = diagonal(Tomalak21())
    assert proton[1] == pytest.approx(0.0300, rel=1e-12)
    np.testing.assert_allclose(neutron, 3 * [-0.5117], rtol=1e-15)
    # nu_e - nu_mu at rest: (alpha/2 pi)(c_L^ll - c_L^ll')/(sqrt2 G_F) (1/3) ln(m_mu^2/m_e^2)
    wilson = (2.41198e-5 + 0.88704e-5) / (np.sqrt(2) * 1.1663788e-5)
    strength = 7.2973525693e-3 / (2 * np.pi) * wilson
    assert proton[0] - proton[1] == pytest.approx(strength / 3 * np.log(MUON**2 / ELECTRON**2), rel=1e-10)
    assert proton[1] - proton[2] == pytest.approx(strength / 3 * np.log(TAU**2 / MUON**2), rel=1e-10)
    # at Q^2 = (40 MeV)^2 only the electron loop has moved much
    moved, _ = diagonal(Tomalak21(), 1600.0)
    assert moved[0] < proton[0] - 0.005
    assert abs(moved[1] - proton[1]) < 0.005


@pytest.mark.parametrize("mass", [ELECTRON, MUON, TAU])
@pytest.mark.parametrize("ratio", [1e-8, 1e-3, 0.05, 0.1 - 1e-9, 0.1 + 1e-9, 0.5, 30.0, 1e4])
def test_lepton_loop_is_its_integral(mass, ratio):
    """Pi = (1/3) ln(mu^2/m^2) - 2 times the integral of z(1-z) ln(1 + z(1-z) Q^2/m^2) over z from 0 to 1."""
    with mpmath.workdps(30):
        r = mpmath.mpf(ratio)
        integral = mpmath.quad(lambda z: z * (1 - z) * mpmath.log(1 + z * (1 - z) * r), [0, 0.01, 0.5, 0.99, 1])
        exact = mpmath.log((2000 / mpmath.mpf(mass)) ** 2) / 3 - 2 * integral
    found = lepton_loop(jnp.array([ratio * mass**2]), mass, 2000.0)
    np.testing.assert_allclose(found, [float(exact)], rtol=1e-13, atol=1e-13)


def test_lepton_loop_at_small_momentum():
    """The slope at zero is -1/(15 m^2): -2 times the integral of z^2 (1-z)^2 = 1/30."""
    slope = jax.grad(lambda q2: lepton_loop(q2[None], MUON, 2000.0)[0])(jnp.array(0.0))
    np.testing.assert_allclose(slope, -1 / (15 * MUON**2), rtol=1e-13)


def test_lepton_loop_gradient_is_smooth_through_the_switch():
    gradient = jax.vmap(jax.grad(lambda q2: lepton_loop(q2[None], 1.0, 2000.0)[0]))
    with mpmath.workdps(30):
        exact = [
            float(-2 * mpmath.quad(lambda z, r=r: (z * (1 - z)) ** 2 / (1 + z * (1 - z) * r), [0, 0.5, 1]))
            for r in (0.0999, 0.1001)
        ]
    np.testing.assert_allclose(gradient(jnp.array([0.0999, 0.1001])), exact, rtol=0, atol=2e-13)


def test_weak_charge():
    """-(N - (1 - 4 s^2) Z) at tree level."""
    found = weak_charge(TreeLevel(0.23863), 55, 78)
    np.testing.assert_allclose(found, 3 * [-(78 - (1 - 4 * 0.23863) * 55)], rtol=1e-13)
    muon = weak_charge(ErlerSu(), 55, 78)[1]
    assert float(muon) == pytest.approx(2 * (55 * 0.0300 - 78 * 0.5117), rel=1e-13)


def test_nsi_couplings_count_quarks():
    proton, neutron = NSI(FlavourMatrix(ee=1.0), FlavourMatrix(ee=10.0)).couplings(jnp.zeros(1))
    assert float(proton[0, 0, 0, 0]) == 12.0  # u u d
    assert float(neutron[0, 0, 0, 0]) == 21.0  # u d d
