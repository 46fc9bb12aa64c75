"""pi0 -> gamma chi chi: branching ratios by adaptive quadrature, limits, and edges of masses and couplings."""

import math

import equinox as eqx
import jax
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.arrays import as_float, tree_as_float
from cevnsjax.constants import NEUTRAL_PION_MASS_MEV as PION_MEV
from cevnsjax.flux import Eta, MesonCells, NeutralPion
from cevnsjax.particle import DiracDarkMatter, InelasticDarkMatter, Leptophobic, ScalarDarkMatter, VectorPortal

CELLS = MesonCells([85.0], [0.1], [[1.0, 0.2, 0.05]])
PION = NeutralPion(CELLS)
KINDS = {"scalar": ScalarDarkMatter, "fermion": DiracDarkMatter}
MASSES = ((10.0, 30.0), (30.0, 90.0), (10.0, 21.0), (10.0, 20.02), (10.0, 19.0), (44.0, 132.0), (46.0, 138.0))
COUPLINGS = (1.0, 0.5, 1e-2, 1e-3)


@eqx.filter_jit
def branching_ratios(kind, pion, mass, ratio, epsilon, alpha_D):
    """Branching ratios of many, and their derivatives."""

    def one(mass, ratio, epsilon, alpha_D):
        return pion.branching_ratio(KINDS[kind](mass, VectorPortal(epsilon, alpha_D), ratio))

    return jax.vmap(jax.value_and_grad(one, (0, 1, 2, 3)))(mass, ratio, epsilon, alpha_D)


def many(kind, points):
    """Of points that are repeated up to a length that all tests share."""
    columns = [as_float(np.resize(column, 144)) for column in zip(*points, strict=True)]
    values, slopes = branching_ratios(kind, tree_as_float(PION), *columns)
    return np.asarray(values)[: len(points)], np.stack(slopes)[:, : len(points)]


def width(kind, root, mass, alpha_D):
    """Of V* -> chi chi, as it is printed."""
    r = mass**2 / root**2
    if kind == "scalar":
        return alpha_D * root / 12.0 * (1.0 - 4.0 * r) ** 1.5
    return alpha_D * root / 3.0 * (1.0 + 2.0 * r) * math.sqrt(1.0 - 4.0 * r)


def integral(kind, mass, mediator, alpha_D, running=True):
    """Of dBR/ds over epsilon^2 B(pi0 -> gamma gamma)."""
    at_pole = width(kind, mediator, mass, alpha_D) if mediator > 2.0 * mass else 0.0
    scale = mediator * at_pole + max(4.0 * mass**2 - mediator**2, 0.0)

    def of_place(place):
        s = mediator**2 + scale * math.sinh(place)
        if s <= 4.0 * mass**2:
            return 0.0
        root = math.sqrt(s)
        decay = width(kind, root, mass, alpha_D)
        damping = s * decay**2 if running else (mediator * at_pole) ** 2
        pole = (s - mediator**2) ** 2 + damping
        photons = 2.0 * (1.0 - s / PION_MEV**2) ** 3
        return photons * root * decay / (math.pi * pole) * scale * math.cosh(place)

    low = math.asinh((4.0 * mass**2 - mediator**2) / scale)
    high = math.asinh((PION_MEV**2 - mediator**2) / scale)
    points = [each for each in (0.0, low + 0.3, low + 1e-3) if low < each < high]
    return quad(of_place, low, high, points=points or None, epsabs=0.0, epsrel=1e-10, limit=400)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_quadrature(kind):
    """Poles of any width, far from threshold, next to it, below it and beyond the pion."""
    points = [(m, mediator, alpha) for m, mediator in MASSES for alpha in COUPLINGS]
    found, _ = many(kind, [(m, mediator / m, 1e-6, alpha) for m, mediator, alpha in points])
    expected = [0.98823e-12 * integral(kind, *point) for point in points]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_published():
    """Two numbers of 2 BR/B with the width at the pole: the running one makes 0.14 % and 0.01 % of it."""
    for mass, mediator, published, runs in ((10.0, 30.0, 1.735729, -1.39e-3), (30.0, 90.0, 0.330172, 1.0e-4)):
        assert integral("scalar", mass, mediator, 0.5, running=False) == pytest.approx(published, rel=1e-5)
        found, _ = many("scalar", [(mass, mediator / mass, 1e-6, 0.5)])
        assert found[0] / 0.98823e-12 / published - 1.0 == pytest.approx(runs, abs=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_narrow_limit(kind):
    """2 B epsilon^2 (1 - m_V^2/M^2)^3 BR(V -> chi chi), however narrow V is, and nothing beyond the pion."""
    for alpha_D in (1e-3, 1e-6):
        found, _ = many(kind, [(10.0, 3.0, 1e-6, alpha_D), (30.0, 3.0, 1e-6, alpha_D)])
        expected = 2.0 * 0.98823e-12 * (1.0 - np.array([30.0, 90.0]) ** 2 / PION_MEV**2) ** 3
        share = [float(KINDS[kind](m, VectorPortal(1e-6, alpha_D), 3.0).dark_branching_ratio) for m in (10.0, 30.0)]
        np.testing.assert_allclose(found, expected * np.array(share), rtol=1e-3)


def test_closed():
    """No pairs as heavy as the pion, no dark matter without a coupling: exactly none, and no slope."""
    closed = [(68.0, 1.0, 1e-4, 0.5), (68.0, 3.0, 1e-4, 0.5), (500.0, 0.1, 1e-4, 0.5), (10.0, 3.0, 1e-4, 0.0)]
    for kind in KINDS:
        values, slopes = many(kind, closed)
        np.testing.assert_array_equal(values, 0.0)
        np.testing.assert_array_equal(slopes[:, :3], 0.0)


POLES = (2.0 - 1e-6, 2.0, 2.0 + 1e-6, 2.0 + 1e-3, 1.0, 0.1)
AT_PION = 0.1 * PION_MEV
EDGES = [
    (mass, ratio, epsilon, alpha_D)
    for mass, ratio in (
        *((10.0, ratio) for ratio in (*POLES, AT_PION, AT_PION - 1e-6, AT_PION + 1e-6)),
        *((0.5 * PION_MEV + step, 3.0) for step in (-1e-4, 0.0, 1e-4)),
        *((0.01, 3.0), (1.0, 3.0), (0.5 * PION_MEV, 2.0), (300.0, 3.0)),
    )
    for epsilon in (0.0, 1e-8, 1e-2)
    for alpha_D in (0.0, 1e-6, 0.5)
]


@pytest.mark.parametrize("kind", KINDS)
def test_edges(kind, precision):
    """Equal masses, the pole at threshold, at the pion and beyond: everything is finite."""
    values, slopes = many(kind, EDGES)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    assert np.all(values >= 0.0)
    if precision == "float32":
        assert values.dtype == np.float32
        with jax.enable_x64(True):
            exact, _ = many(kind, EDGES)
        # away from the pole at threshold and from the heaviest pairs, which rounding moves
        plain = np.array([abs(ratio - 2.0) > 1e-5 and mass < 60.0 for mass, ratio, _, _ in EDGES])
        np.testing.assert_allclose(values[plain], exact[plain], rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives(kind):
    """In masses, epsilon and alpha_D, at ordinary points, by differences."""
    for point in ((10.0, 3.0, 1e-3, 0.5), (10.0, 1.9, 1e-3, 0.5), (46.0, 3.0, 1e-3, 0.1)):
        steps = 1e-5 * np.diag(point)
        values, slopes = many(kind, [point, *(point + steps), *(point - steps)])
        differences = (values[1:5] - values[5:]) / (2.0 * np.diag(steps))
        np.testing.assert_allclose(slopes[:, 0], differences, rtol=1e-5)


def test_eta_and_baryon_number():
    """0.3936 for eta, 0.61 and the whole for a boson of baryon number."""
    eta = Eta(CELLS)
    narrow = DiracDarkMatter(10.0, VectorPortal(1e-3, 1e-3), 9.0)
    expected = 2e-6 * 0.3936 * (1.0 - (90.0 / 547.862) ** 2) ** 3 * float(narrow.dark_branching_ratio)
    assert float(eta.branching_ratio(narrow)) == pytest.approx(expected, rel=2e-3)
    baryon = DiracDarkMatter(10.0, Leptophobic(1e-6 / 137.035999084, 1e-3), 9.0)
    ratio = float(eta.branching_ratio(baryon) / eta.branching_ratio(narrow))
    share = float(baryon.dark_branching_ratio / narrow.dark_branching_ratio)
    assert ratio == pytest.approx(0.61**2 * share, rel=1e-6)
    assert float(PION.branching_ratio(baryon) / PION.branching_ratio(narrow)) == pytest.approx(share, rel=1e-6)


def test_two_states():
    """Without a splitting chi_1 and chi_2 together are a Dirac particle and its antiparticle."""

    @eqx.filter_jit
    def sent(particle):
        return PION.emission(particle, as_float(0.3)).density

    portal = VectorPortal(1e-4, 0.5)
    one, two = (sent(InelasticDarkMatter(10.0, portal, 0.0, 3.0, heavier)) for heavier in (False, True))
    whole = np.asarray(sent(DiracDarkMatter(10.0, portal, 3.0)))
    np.testing.assert_allclose(np.asarray(one) + np.asarray(two), whole, rtol=1e-11, atol=1e-12 * whole.max())
