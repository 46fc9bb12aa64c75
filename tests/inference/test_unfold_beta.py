"""How the strength of the penalty is chosen."""

import numpy as np
import pytest
from unfolding_toy import BACKGROUND, OBSERVED, RESPONSE, TRUTH

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.inference import choose_beta, penalty_curve, unfold

TOY = RESPONSE, OBSERVED, BACKGROUND
FLUCTUATING = RESPONSE, np.array([1021.0, 1287.0, 1209.0, 1051.0, 772.0, 560.0, 338.0, 251.0]), BACKGROUND


@pytest.fixture(scope="module")
def curve():
    return penalty_curve(*TOY)


def test_curve(curve):
    """chi^2 grows and S falls, as they must where their sum is at its minimum."""
    assert np.all(np.diff(np.log10(curve.beta)) < 0.17)
    assert np.all(np.diff(curve.chi2) > 0.0)
    assert np.all(np.diff(curve.roughness) < 0.0)
    index = np.searchsorted(curve.beta, 1.0)
    there = unfold(*TOY, curve.beta[index])
    for name in ("chi2", "roughness"):
        np.testing.assert_allclose(getattr(curve, name)[index], getattr(there, name), rtol=1e-9)
    np.testing.assert_allclose(curve.smallest_flux[index], there.flux.min(), rtol=1e-9)
    np.testing.assert_allclose(curve.bias_significance[index], there.errors.bias_significance, rtol=1e-9)


def test_curvature_against_differences():
    beta = np.logspace(-6, 4, 2001)
    fine = penalty_curve(*TOY, beta=beta, with_errors=False)
    assert fine.bias_significance is None
    x, y = np.log(fine.chi2), np.log(fine.roughness)
    dx, dy = np.gradient(x), np.gradient(y)
    expected = (dx * np.gradient(dy) - dy * np.gradient(dx)) / np.hypot(dx, dy) ** 3
    inner = slice(300, -10)  # below, chi^2 moves by less than its own rounding
    np.testing.assert_allclose(fine.curvature[inner], expected[inner], rtol=3e-2, atol=2e-3)


def test_physical_criterion():
    """The smallest beta with a positive flux; of data without noise that is nearly none."""
    beta = choose_beta("physical", *TOY)
    assert beta == pytest.approx(1.19613e-6, rel=1e-3)
    noisy = choose_beta("physical", *FLUCTUATING)
    assert noisy > 1e3 * beta
    for data, chosen in ((TOY, beta), (FLUCTUATING, noisy)):
        assert np.all(unfold(*data, chosen).flux > 0.0)
        assert np.any(unfold(*data, 0.98 * chosen).flux < 0.0)


def test_no_penalty_where_none_is_needed():
    response = np.eye(4) * 1e3
    assert choose_beta("physical", response, np.array([990.0, 1010.0, 1020.0, 970.0]), np.zeros(4)) == 0.0


def test_bias_criterion():
    """B is the number of bins there, where it ever is, and nearest to it where not."""
    exposed = 50.0 * RESPONSE
    data = exposed, exposed @ TRUTH, np.zeros(8)
    assert unfold(*data, choose_beta("bias", *data)).errors.bias_significance == pytest.approx(8.0, rel=1e-3)
    curve = penalty_curve(*TOY)
    nearest = choose_beta("bias", *TOY, curve=curve)
    assert np.all(curve.bias_significance < 8.0)
    assert nearest == curve.beta[np.argmax(curve.bias_significance)]


def test_corner(curve):
    beta = choose_beta("l-curve", *TOY, curve=curve)
    index = int(np.flatnonzero(curve.beta == beta)[0])
    assert curve.curvature[index] == curve.curvature[1:-1].max()
    # of noiseless data it is near the truth
    np.testing.assert_allclose(unfold(*TOY, beta).flux, TRUTH, rtol=0.2)


def test_what_is_refused(curve):
    with pytest.raises(UnknownNameError, match="l-curve"):
        choose_beta("l-curv", *TOY)
    without = penalty_curve(*TOY, with_errors=False, beta=[1.0, 2.0])
    with pytest.raises(CevnsjaxError, match="with_errors=True"):
        choose_beta("bias", *TOY, curve=without)
    with pytest.raises(CevnsjaxError, match=r"No beta up to .* gives a flux above zero"):
        choose_beta("physical", RESPONSE, OBSERVED, OBSERVED + BACKGROUND)
    with pytest.raises(CevnsjaxError, match="straight line"):
        choose_beta("physical", np.zeros((8, 8)), OBSERVED, BACKGROUND)
