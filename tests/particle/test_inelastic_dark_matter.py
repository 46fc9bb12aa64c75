"""Inelastic dark matter: widths and decay by quadrature and by traces, recoils by traces, and all edges."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from dirac_trace import METRIC, algebra, product

from cevnsjax.arrays import as_float
from cevnsjax.constants import ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT, HBAR_C_MEV_FM
from cevnsjax.errors import CevnsjaxError
from cevnsjax.particle import DiracDarkMatter, InelasticDarkMatter, VectorPortal

PAIR_MEV = 2.0 * ELECTRON_MASS_MEV
# m_1, delta, m_V in MeV, with the width (MeV) and its share of the approximation from an earlier calculation
POINTS = {
    (10.0, 4.0, 30.0): (1.9880267809633603e-13, 0.5077537029351136, 0.9925770733550132),
    (30.0, 12.0, 90.0): (7.365990262091658e-13, 0.6271057088993944, 0.2678892767691044),
    (50.0, 5.0, 150.0): (1.4271351568443943e-15, 0.746493320345004, 138.26789947233797),
}


def particle(lighter, gap, boson, *, heavier=False):
    return InelasticDarkMatter(lighter, VectorPortal(1e-3, 0.5), gap / lighter, boson / lighter, heavier)


@eqx.filter_jit
def decay_width(dark_matter):
    return dark_matter.decay_width_MeV


@eqx.filter_jit
def coefficients(dark_matter, recoil, mass, spin_half):
    return dark_matter.recoil_coefficients(recoil, mass, spin_half)


def by_factorisation(lighter, gap, boson, epsilon=1e-3, alpha_dark=0.5):
    """Width (MeV) from those of chi_2 -> chi_1 V* and V* -> e+ e-, not simplified, by adaptive quadrature."""
    heavier, electron = mpmath.mpf(lighter) + gap, mpmath.mpf(ELECTRON_MASS_MEV)
    masses = heavier * lighter

    def integrand(q2):
        q = mpmath.sqrt(q2)
        dot = (heavier**2 + lighter**2 - q2) / 2
        before, after = (heavier**2 - lighter**2 + q2) / 2, (heavier**2 - lighter**2 - q2) / 2
        momentum = mpmath.sqrt(((heavier - lighter) ** 2 - q2) * ((heavier + lighter) ** 2 - q2)) / (2 * heavier)
        trace = 2 * (-2 * dot + 4 * (dot - masses) + 2 * before * after / q2 - (dot - masses))
        dark = 4 * mpmath.pi * alpha_dark * momentum / (8 * mpmath.pi * heavier**2) * trace
        share = electron**2 / q2
        pair = FINE_STRUCTURE_CONSTANT * epsilon**2 * q / 3 * (1 + 2 * share) * mpmath.sqrt(1 - 4 * share)
        return q * dark * pair / (q2 - boson**2) ** 2 / mpmath.pi

    low, high = 4 * electron**2, mpmath.mpf(gap) ** 2
    return float(mpmath.quad(integrand, [low, (low + high) / 2, high]))


@pytest.mark.parametrize(("point", "expected"), POINTS.items())
def test_decay_width(point, expected):
    """Quadrature to rounding; an earlier calculation, which is 0.7e-4 to 2.5e-4 above that, as coarse as it says."""
    lighter, gap, boson = point
    width = float(decay_width(particle(*point)))
    assert width == pytest.approx(by_factorisation(*point), rel=1e-11)
    approximation = 4e-6 * FINE_STRUCTURE_CONSTANT * 0.5 * gap**5 / (15.0 * math.pi * boson**4)
    assert approximation == pytest.approx(expected[0] / expected[1], rel=1e-9)
    length_m = 1e-15 * HBAR_C_MEV_FM / width
    assert [width, width / approximation, length_m] == pytest.approx(expected, rel=3e-4)
    moving = particle(*point, heavier=True)
    energy = 2.0 * (lighter + gap)  # a momentum of 3^(1/2) m_2
    rate = float(moving.inverse_decay_length_per_m(as_float(energy)))
    assert rate == pytest.approx(1.0 / (math.sqrt(3.0) * length_m), rel=1e-12)
    assert float(particle(*point).inverse_decay_length_per_m(as_float(energy))) == 0.0


def test_decay_width_is_its_approximation_far_from_all_masses():
    """4 epsilon^2 alpha alpha_D delta^5/(15 pi m_V^4) for m_e << delta << m_1, m_V."""
    width = float(decay_width(particle(3e4, 30.0, 9e4)))
    approximation = 4e-6 * FINE_STRUCTURE_CONSTANT * 0.5 * 30.0**5 / (15.0 * math.pi * 9e4**4)
    assert width == pytest.approx(approximation, rel=5e-3)


def vertex_squared(out, in_, mass_out, mass_in):
    """Sum over spins of ubar' gamma^mu u ubar gamma^nu u', shape (4, 4); a mass below zero is an antiparticle's."""
    g = algebra()
    left, right = g.slash(out) + mass_out * g.one, g.slash(in_) + mass_in * g.one
    return np.array([[np.trace(left @ mu @ right @ nu) for nu in g.gamma] for mu in g.gamma])


def contract(first, second):
    """First with both of its indices lowered."""
    return float(mpmath.re(np.sum(first * np.outer(METRIC, METRIC) * second)))


def test_decay_width_by_traces():
    """Three-body phase space, with the whole amplitude from traces: no factorisation."""
    lighter, gap, boson = 10.0, 4.0, 30.0
    heavier, electron = lighter + gap, ELECTRON_MASS_MEV
    x, weights = np.polynomial.legendre.leggauss(14)
    low, high = math.acosh(1.0), math.acosh(gap / PAIR_MEV)
    total = 0.0
    for node, weight in zip(x, weights, strict=True):
        turn = 0.25 * math.pi * (1.0 + node)
        eta = low + (high - low) * math.sin(turn)
        q = PAIR_MEV * math.cosh(eta)
        slope = 2.0 * q * PAIR_MEV * math.sinh(eta) * (high - low) * math.cos(turn)
        # in the rest frame of the pair, of which each has q/2
        energy = (heavier**2 - lighter**2 + q**2) / (2.0 * q)
        along = math.sqrt(energy**2 - heavier**2)
        momentum = math.sqrt((q / 2.0) ** 2 - electron**2)
        dark = vertex_squared(np.array([energy - q, 0, 0, along]), np.array([energy, 0, 0, along]), lighter, heavier)
        for cosine, part in zip(*np.polynomial.legendre.leggauss(2), strict=True):  # it is a parabola in the cosine
            sine = math.sqrt(1.0 - cosine**2)
            one = np.array([q / 2.0, momentum * sine, 0.0, momentum * cosine])
            other = np.array([q / 2.0, -momentum * sine, 0.0, -momentum * cosine])
            squared = contract(dark, vertex_squared(one, other, electron, -electron)) / 2.0
            # d^2Gamma = |M|^2/(256 pi^3 M^3) dm_12^2 dm_23^2, where the second is 2 along momentum dcos
            total += 0.25 * math.pi * weight * slope * part * 2.0 * along * momentum * squared / (q**2 - boson**2) ** 2
    couplings = 4e-6 * math.pi * FINE_STRUCTURE_CONSTANT * 2.0 * math.pi
    expected = couplings * total / (256.0 * math.pi**3 * heavier**3)
    assert float(decay_width(particle(lighter, gap, boson))) == pytest.approx(expected, rel=1e-8)


def test_width_of_the_boson():
    """As it is written elsewhere; that of a Dirac fermion without a splitting, and nothing below m_1 + m_2."""
    for lighter, gap, boson in ((10.0, 4.0, 30.0), (10.0, 0.0, 21.0), (30.0, 12.0, 72.1)):
        heavier = lighter + gap
        momentum = math.sqrt((boson**2 - (lighter + heavier) ** 2) * (boson**2 - gap**2)) / (2.0 * boson)
        expected = 0.5 * momentum / (3.0 * boson**4) * (boson**2 - gap**2) * ((lighter + heavier) ** 2 + 2 * boson**2)
        assert float(particle(lighter, gap, boson).dark_width_MeV(as_float(boson))) == pytest.approx(
            expected, rel=1e-12
        )
    virtuality = jnp.asarray([15.0, 19.9, 20.0, 20.1, 30.0, 300.0])
    dirac = DiracDarkMatter(10.0, VectorPortal(1e-3, 0.5), 3.0)
    found = particle(10.0, 0.0, 30.0).dark_width_MeV(virtuality)
    np.testing.assert_allclose(found, dirac.dark_width_MeV(virtuality), rtol=1e-12)
    assert float(particle(10.0, 4.0, 23.9).dark_width_MeV(as_float(23.9))) == 0.0


def trace(energy, recoil, mass, arriving, leaving, spin_half):
    """|M|^2 (2 M T + m_V^2)^2/(g g_D)^2, over 16 M^2: what c_2 E^2 + c_1 E + c_0 must be, from explicit momenta."""
    energy, recoil, mass, arriving, leaving = map(mpmath.mpf, (energy, recoil, mass, arriving, leaving))
    p, k = mpmath.sqrt(energy**2 - arriving**2), mpmath.sqrt(recoil * (recoil + 2 * mass))
    cosine = (p**2 + k**2 + leaving**2 - (energy - recoil) ** 2) / (2 * p * k)
    assert abs(cosine) < 1
    target, zero = np.array([mass, 0, 0, 0]), mpmath.mpf(0)
    hit = np.array([mass + recoil, k * mpmath.sqrt(1 - cosine**2), zero, k * cosine])
    in_ = np.array([energy, zero, zero, p])
    out = in_ + target - hit
    assert abs(product(out, out) - leaving**2) < 1e-6 * leaving**2
    dark = vertex_squared(out, in_, leaving, arriving) / 2
    other = vertex_squared(hit, target, mass, mass) / 2 if spin_half else np.outer(target + hit, target + hit)
    return contract(dark, other) / float(16 * mass**2)


@pytest.mark.parametrize("heavier", [False, True])
@pytest.mark.parametrize("spin_half", [False, True])
@pytest.mark.parametrize(
    ("energy", "recoil", "mass", "gap"),
    [(60.0, 0.05, 37215.5, 4.0), (40.0, 0.3, 120.0, 4.0), (60.0, 20.0, ELECTRON_MASS_MEV, 0.2), (90.0, 7.0, 40.0, 9.0)],
)
def test_recoils_by_traces(energy, recoil, mass, gap, spin_half, heavier):
    """Up and down, on nuclei and electrons, and with masses of one size, where every term counts."""
    pair = particle(10.0, gap, 30.0, heavier=heavier)
    two, one, none = np.asarray(coefficients(pair, as_float(recoil), as_float(mass), spin_half))
    masses = (10.0 + gap, 10.0) if heavier else (10.0, 10.0 + gap)
    expected = trace(energy, recoil, mass, *masses, spin_half)
    assert two * energy**2 + one * energy + none == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("heavier", [False, True])
def test_recoils_on_electrons_as_in_bdnmc(heavier):
    """Its |M|^2 in s and t, which knows no up and down but through s."""
    mass, lighter, gap, recoil = ELECTRON_MASS_MEV, 10.0, 0.4, 15.0
    pair = particle(lighter, gap, 30.0, heavier=heavier)
    energy = np.asarray([80.0, 120.0])
    two, one, none = np.asarray(coefficients(pair, as_float(recoil), as_float(mass), True))
    found = 16.0 * mass**2 * (two * energy**2 + one * energy + none)
    s = float(pair.arriving_mass_MeV) ** 2 + mass**2 + 2.0 * mass * energy
    t, other = -2.0 * mass * recoil, lighter + gap
    bracket = 2.0 * ((lighter * other + mass**2) ** 2 - (lighter**2 + other**2 + 2.0 * mass**2) * s + s**2)
    bracket -= (gap**2 - 2.0 * s) * t - t**2
    np.testing.assert_allclose(found, 2.0 * bracket, rtol=1e-11)


@pytest.mark.parametrize("spin_half", [False, True])
@pytest.mark.parametrize("heavier", [False, True])
def test_recoils_without_splitting(heavier, spin_half):
    """Those of a Dirac fermion, and near them with a small one."""
    recoil, mass = jnp.asarray([1e-3, 0.1, 3.0]), as_float(100.0)
    dirac = coefficients(DiracDarkMatter(10.0, VectorPortal(1e-3)), recoil, mass, spin_half)
    found = coefficients(particle(10.0, 0.0, 30.0, heavier=heavier), recoil, mass, spin_half)
    np.testing.assert_allclose(found, dirac, rtol=1e-13)
    near = coefficients(particle(10.0, 1e-9, 30.0, heavier=heavier), recoil, mass, spin_half)
    np.testing.assert_allclose(near, dirac, rtol=1e-6)


ENERGIES = np.asarray([0.5, 1.0, 2.0, 10.0])  # over m_1: at rest and below for both states, and above


def everything(leaves):
    """All numbers of a pair of (m_1, Delta, m_V/m_1, epsilon, alpha_D)."""
    mass, splitting, ratio, epsilon, alpha = leaves
    energies = mass * as_float(ENERGIES)
    up, down = (InelasticDarkMatter(mass, VectorPortal(epsilon, alpha), splitting, ratio, end) for end in (False, True))
    recoils = [
        pair.recoil_coefficients(energies, as_float(1e2), spin).ravel() for pair in (up, down) for spin in (False, True)
    ]
    widths = jnp.stack([down.decay_width_MeV, down.width_MeV, down.dark_branching_ratio])
    nodes = jnp.stack(down.pair_nodes(6)).ravel()
    return jnp.concatenate([widths, nodes, down.inverse_decay_length_per_m(energies), *recoils])


@jax.jit
@jax.vmap
def compiled(leaves):
    return everything(leaves), jax.jacfwd(everything)(leaves)


def values_and_slopes(points):
    """At up to 120 points, by one program for all tests: numbers, and their derivatives in each of five leaves."""
    found, slopes = compiled(as_float(np.resize(np.asarray(points), (120, 5))))
    return np.asarray(found)[: len(points)], np.asarray(slopes)[: len(points)]


def test_gradients():
    """Also just above 2 m_e, where the width grows like the third power, and on either side of m_V = m_1 + m_2."""
    electrons = PAIR_MEV / 10.0
    shifted = [(0.4, 3.0), (electrons * (1 + 1e-3), 3.0), (electrons * (1 - 1e-3), 3.0), (0.4, 2.401), (0.4, 2.399)]
    starts = np.asarray([(10.0, shift, ratio, 1e-3, 0.5) for shift, ratio in shifted])
    steps = 1e-6 * starts
    moved = [
        start + sign * step * np.eye(5)[i]
        for start, step in zip(starts, steps, strict=True)
        for i in range(5)
        for sign in (1, -1)
    ]
    values, slopes = values_and_slopes(starts)
    found, _ = values_and_slopes(moved)
    found = found.reshape(len(starts), 5, 2, -1)
    # in logarithms of the leaves
    differences = np.moveaxis(found[:, :, 0] - found[:, :, 1], 1, 2) / 2e-6
    scaled = slopes * starts[:, None, :]
    tolerance = 2e-6 * np.abs(scaled).max(axis=2, keepdims=True) + 1e-9 * np.abs(values)[:, :, None]
    assert np.all(np.abs(scaled - differences) <= tolerance)
    assert np.all(slopes[1, 0, 1:4] != 0.0)
    assert np.all(slopes[2, 0] == 0.0)


def test_finite_everywhere(precision):
    """Without splitting, at 2 m_e and beside it, at m_V = m_1 + m_2, beyond m_V = delta; without couplings."""
    electrons = PAIR_MEV / 10.0
    beside = [electrons * (1 + small) for small in (-1e-6, 0.0, 2e-7, 1e-6)]
    points = [
        (10.0, shift, ratio, epsilon, 0.5)
        for shift in (0.0, 1e-6, *beside, 0.4, 2.9, 5.0)
        for ratio in (0.3, 2.0 + shift, 2.0001 + shift, 3.0)
        for epsilon in (0.0, 1e-12, 1e-3)
    ]
    for values in values_and_slopes(points):
        assert np.all(np.isfinite(values))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: particle(-1.0, 0.1, 3.0), "mass_MeV must be positive"),
        (lambda: particle(10.0, -1.0, 30.0), r"splitting must be zero or positive and in no unit, got -0.1\."),
        (lambda: particle(10.0, 31.0, 30.0), "splitting must be below mass_ratio, for chi_2 not to decay to V"),
        (lambda: particle(10.0, 1.0, 0.0), "mass_ratio must be positive"),
    ],
)
def test_refused(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()
