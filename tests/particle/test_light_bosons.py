"""Light bosons of three spins: conversion against traces and alplib, widths against mpmath, and all edges."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from dirac_trace import METRIC, algebra
from scipy.integrate import quad
from scipy.interpolate import CubicSpline

from cevnsjax.arrays import as_float
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.errors import CevnsjaxError
from cevnsjax.particle import (
    Alp,
    DarkPhoton,
    DarkScalar,
    annihilation,
    compton_nodes,
    compton_threshold_MeV,
    inverse_compton,
    inverse_primakoff,
    primakoff,
    resonance_energy_MeV,
    resonance_strength_per_MeV,
)

CHARGE = math.sqrt(4.0 * math.pi * FINE_STRUCTURE_CONSTANT)
SPINS = ("pseudoscalar", "scalar", "vector")
# alplib has alpha = 1/137, hbar c = 6.58212e-22 x 2.998e8 MeV m, and m_e = 0.511: where nothing else has a dimension,
# that of ours at energies in units of its electron's mass
UNIT = 0.511 / ELECTRON_MASS_MEV
ALPLIB = 1.0 / 137.0 / FINE_STRUCTURE_CONSTANT * (6.58212e-14 * 2.998 / 1.973269804e-13) ** 2


def boson(spin, mass, coupling=1e-6):
    if spin == "vector":
        return DarkPhoton(mass, coupling / CHARGE)
    return {"pseudoscalar": Alp, "scalar": DarkScalar}[spin](mass, electron_coupling=coupling)


@eqx.filter_jit
def compton(particle, photon, order=24):
    energy, part = compton_nodes(particle, photon, order)
    return part.sum(axis=-1), (part * energy).sum(axis=-1)


backwards = eqx.filter_jit(inverse_compton)
densities = eqx.filter_jit(lambda particle, photon: compton_nodes(particle, photon, 64))


GAMMA = algebra().gamma.astype(complex)
GAMMA5, ONE = algebra().gamma5.astype(complex), np.eye(4)


def slash(momentum):
    return np.einsum("i,i,ijk->jk", METRIC, momentum, GAMMA)


def bar(matrix):
    return GAMMA[0] @ matrix.conj().T @ GAMMA[0]


def vertices(spin):
    """The vertex of the boson and the sign of its polarisation; their sum is -g, as the current is conserved."""
    if spin == "vector":
        return list(zip([-sign for sign in METRIC], GAMMA, strict=True))
    return [(1, 1j * GAMMA5 if spin == "pseudoscalar" else ONE)]


def squared_amplitude(photon, cosine, mass, spin):
    """Mean of |M|^2/(e g)^2 of gamma + e -> B + e over spins, for a boson at a cosine in the centre of mass."""
    electron = ELECTRON_MASS_MEV
    root = math.sqrt(electron**2 + 2 * electron * photon)
    k0, q0 = (root**2 - electron**2) / (2 * root), (root**2 + mass**2 - electron**2) / (2 * root)
    q1, sine = math.sqrt(q0**2 - mass**2), math.sqrt(1 - cosine**2)
    k, p = np.array([k0, 0.0, 0.0, k0]), np.array([root - k0, 0.0, 0.0, -k0])
    q = np.array([q0, q1 * sine, 0.0, q1 * cosine])

    def propagator(momentum):
        return (slash(momentum) + electron * ONE) / (np.array(METRIC) @ momentum**2 - electron**2)

    total = 0.0
    for sign, vertex in vertices(spin):
        for metric, of_photon in zip(METRIC, GAMMA, strict=True):
            matrix = vertex @ propagator(p + k) @ of_photon + of_photon @ propagator(p - q) @ vertex
            after, before = slash(k + p - q) + electron * ONE, slash(p) + electron * ONE
            total -= metric * sign * np.trace(after @ matrix @ before @ bar(matrix))
    assert abs(total.imag) < 1e-12 * abs(total)
    return total.real / 4


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize(("photon", "mass"), [(1.0, 0.01), (2.0, 0.5), (10.0, 2.0), (0.02, 0.001)])
def test_compton_by_traces(spin, photon, mass):
    """The sum over nodes, and the mean energy with it, against integrals of explicit traces."""
    root = math.sqrt(ELECTRON_MASS_MEV**2 + 2.0 * ELECTRON_MASS_MEV * photon)
    energy = (root**2 + mass**2 - ELECTRON_MASS_MEV**2) / (2.0 * root)
    momentum = math.sqrt(energy**2 - mass**2)
    abscissae, weights = np.polynomial.legendre.leggauss(40)
    boost = (photon + ELECTRON_MASS_MEV) / root, photon / root
    amplitudes = np.array([squared_amplitude(photon, cosine, mass, spin) for cosine in abscissae])
    flux = 32.0 * math.pi * root**2 * (root**2 - ELECTRON_MASS_MEV**2) / (2.0 * root)
    parts = (CHARGE * 1e-6) ** 2 * amplitudes * momentum / flux * weights
    in_laboratory = boost[0] * energy + boost[1] * momentum * abscissae
    found = compton(boson(spin, mass), as_float(photon))
    np.testing.assert_allclose(found, [parts.sum(), (parts * in_laboratory).sum()], rtol=1e-10)


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize(("energy", "mass"), [(1.0, 0.01), (2.0, 0.5), (10.0, 3.0), (0.7, 0.69), (0.02, 0.001)])
def test_detailed_balance(spin, energy, mass):
    """B + e -> gamma + e against gamma + e -> B + e at the same energy in the centre of mass."""
    particle = boson(spin, mass)
    s = ELECTRON_MASS_MEV**2 + 2.0 * ELECTRON_MASS_MEV * energy + mass**2
    photon = (s - ELECTRON_MASS_MEV**2) / (2.0 * ELECTRON_MASS_MEV)
    momentum = math.sqrt(energy**2 - mass**2)
    # k*^2 2 (two polarisations) sigma = p*^2 (2 J + 1) sigma', and k*/p* = k/p with one electron at rest
    made = float(compton(particle, as_float(photon))[0])
    expected = made * 2.0 * photon**2 / (momentum**2 * particle.spin_states)
    np.testing.assert_allclose(backwards(particle, as_float(energy)), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("energy", "mass", "total", "differential"),
    [
        (1.0, 0.01, 3.3250478010590873e-37, 1.8322639803990321e-37),
        (1.0, 0.1, 3.2295730597356776e-37, 1.8071844703447067e-37),
        (2.0, 0.5, 2.3508673688788028e-37, 5.922858132476387e-38),
        (5.0, 0.1, 2.2428410740323614e-37, 1.1977326028258133e-38),
        (10.0, 1.0, 1.2822864565223516e-37, 3.051550981810905e-39),
    ],
)
def test_alplib_compton(energy, mass, total, differential):
    """Its M2Compton and compton_dsigma_dea, g = 1e-6, cm^2, and cm^2/MeV in the middle.

    Totals are integrals of these by SciPy at its own tolerances, which 21 points of Gauss and Kronrod meet wherever
    sigma is below 1e-8: they are 2.8e-6 off at the last point, and exact by that rule. Its compton_sigma is
    3.32267e-37, 2.99500e-37 and 1.09880e-37 at the first three points, right for m_a = 0 alone.
    """
    mass, energy = mass / UNIT, energy / UNIT
    found = compton(boson("pseudoscalar", mass), as_float(energy))[0]
    coarse, fine = (_avignone(energy, mass, **how) for how in ({}, {"epsabs": 0.0, "epsrel": 1e-12, "limit": 200}))
    np.testing.assert_allclose(found, fine, rtol=1e-10)
    np.testing.assert_allclose(coarse * CM2_MEV2 / UNIT**2 * ALPLIB, total, rtol=1e-11)
    s = ELECTRON_MASS_MEV**2 + 2.0 * ELECTRON_MASS_MEV * energy
    middle = 0.5 * (s + mass**2 - ELECTRON_MASS_MEV**2) * (energy + ELECTRON_MASS_MEV) / s
    # the density of ln b on nodes, and between them
    energies, parts = map(np.asarray, densities(boson("pseudoscalar", mass), as_float(energy)))
    b = 2.0 * ELECTRON_MASS_MEV * energies - mass**2
    weights = 0.5 * np.polynomial.legendre.leggauss(64)[1] * math.log(_ends(energy, mass))
    density = 2.0 * ELECTRON_MASS_MEV * parts / (weights * b)
    found = CubicSpline(np.log(b), density)(math.log(2.0 * ELECTRON_MASS_MEV * middle - mass**2)) * CM2_MEV2
    np.testing.assert_allclose(found / UNIT**3 * ALPLIB, differential, rtol=1e-6)


def _avignone(energy, mass, **how):
    """The formula as it is printed, for g = 1e-6, over the energy of the boson by SciPy, MeV^-2."""
    electron = ELECTRON_MASS_MEV
    above = 2.0 * electron * energy
    s = above + electron**2
    root = math.sqrt((above + mass**2) ** 2 - 4.0 * s * mass**2)
    ends = [
        energy * (1.0 - (above + mass**2 + sign * root) / (2.0 * s)) + mass**2 / (2.0 * electron) for sign in (1, -1)
    ]

    def density(boson_energy):
        x = 1.0 - boson_energy / energy + mass**2 / (2.0 * energy * electron)
        inner = x - 2.0 * mass**2 / above**2 * (s - electron**2 / (1.0 - x) - mass**2 / x)
        return FINE_STRUCTURE_CONSTANT * 1e-12 / 4.0 / energy / above * x / (1.0 - x) * inner

    # in alplib's units of cm^2 a rule sees 1e-37: here as small, so that the same tolerance is met
    return 1e20 * quad(lambda x: 1e-20 * density(x), *ends, **how)[0]


@pytest.mark.parametrize(
    ("energy", "mass", "expected"),
    [
        (1.0, 0.01, 6.652099145783347e-37),
        (2.0, 0.5, 6.3549358549848545e-37),
        (5.0, 0.1, 4.500973721303853e-37),
        (10.0, 1.0, 3.004892790798191e-37),
    ],
)
def test_alplib_inverse_compton(energy, mass, expected):
    """Its icompton_sigma, and the integral of its icompton_dsigma_domega, g = 1e-6, cm^2."""
    found = backwards(boson("pseudoscalar", mass / UNIT), as_float(energy / UNIT)) * CM2_MEV2 / UNIT**2
    np.testing.assert_allclose(found * ALPLIB, expected, rtol=1e-6)


def _ends(energy, mass):
    """Largest over smallest b."""
    a = 2.0 * ELECTRON_MASS_MEV * energy
    s = a + ELECTRON_MASS_MEV**2
    root = math.sqrt((s + mass**2 - ELECTRON_MASS_MEV**2) ** 2 - 4.0 * s * mass**2)
    middle = s - mass**2 + ELECTRON_MASS_MEV**2
    return (middle + root) / (middle - root)


def annihilated(positron, cosine, mass, spin):
    """dsigma/dcos of e+ + e- -> B + gamma over g^2, MeV^-2, by traces of both orders of emission."""
    electron, s = ELECTRON_MASS_MEV, 2.0 * ELECTRON_MASS_MEV * (positron + ELECTRON_MASS_MEV)
    root, sine = math.sqrt(s), math.sqrt(1.0 - cosine**2)
    p0 = 0.5 * root
    p1, k0 = math.sqrt(p0**2 - electron**2), (s - mass**2) / (2.0 * root)
    minus, plus = np.array([p0, 0.0, 0.0, -p1]), np.array([p0, 0.0, 0.0, p1])
    k = np.array([k0, -k0 * sine, 0.0, -k0 * cosine])

    def propagator(momentum):
        return (slash(momentum) + electron * ONE) / (np.array(METRIC) @ momentum**2 - electron**2)

    total = 0.0
    for sign, vertex in vertices(spin):
        for metric, of_photon in zip(METRIC, GAMMA, strict=True):
            matrix = vertex @ propagator(minus - k) @ of_photon + of_photon @ propagator(k - plus) @ vertex
            left, right = slash(plus) - electron * ONE, slash(minus) + electron * ONE
            total -= metric * sign * np.trace(left @ matrix @ right @ bar(matrix)).real
    return CHARGE**2 * total / 4.0 * k0 / (32.0 * math.pi * s * p1)


by_cosine = eqx.filter_jit(annihilation)


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize(("positron", "mass", "cosine"), [(10.0, 1.0, 0.0), (10.0, 1.0, 0.5), (50.0, 2.0, -0.9)])
def test_annihilation_by_traces(spin, positron, mass, cosine):
    found = by_cosine(boson(spin, mass), as_float(positron), as_float(cosine))
    np.testing.assert_allclose(found, 1e-12 * annihilated(positron, cosine, mass, spin), rtol=1e-9)


@pytest.mark.parametrize(
    ("positron", "mass", "cosine", "expected"),
    [
        (10.0, 1.0, 0.0, 1.520825381236817e-37),
        (10.0, 1.0, 0.5, 1.95364710093429e-37),
        (50.0, 2.0, 0.0, 3.023549484279044e-38),
        (50.0, 2.0, 0.5, 4.000330508291442e-38),
    ],
)
def test_annihilation(positron, mass, cosine, expected):
    """Traces of an earlier calculation, cm^2. alplib has 1.1989e-37 at the third point: no mean over spins, 4 times."""
    particle = boson("pseudoscalar", mass / UNIT)
    found = by_cosine(particle, as_float(positron / UNIT), as_float(cosine)) * CM2_MEV2 / UNIT**2
    np.testing.assert_allclose(found * ALPLIB, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("mass", "expected"), [(1.5, 2.0997797874e-12), (2.0, 1.7880609537e-12), (10.0, 1.5450729076e-12)]
)
def test_resonance(mass, expected):
    """pi g^2/(4 m_e v); alplib's resonance_peak is 8 m_e^2/m^2 of it. Other spins by the widths of a Breit-Wigner."""
    found = resonance_strength_per_MeV(boson("pseudoscalar", mass / UNIT)) / UNIT
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    for spin, states in (("scalar", 1), ("vector", 3)):
        particle = boson(spin, mass)
        # sigma = (2 J + 1)/4 (pi/p^2) Gamma_ee 2 pi delta(E - m), and dE_+ = m dE/m_e
        momentum2 = 0.25 * mass**2 - ELECTRON_MASS_MEV**2
        by_widths = states / 4.0 * math.pi / momentum2 * float(particle.electron_width_MeV) * 2.0 * math.pi
        found = resonance_strength_per_MeV(particle)
        np.testing.assert_allclose(found, by_widths * mass / ELECTRON_MASS_MEV, rtol=1e-10)
    threshold = boson("vector", 2.0 * ELECTRON_MASS_MEV)
    assert float(resonance_energy_MeV(threshold)) == pytest.approx(ELECTRON_MASS_MEV)
    assert float(resonance_strength_per_MeV(boson("vector", 1.0))) == 0.0


@pytest.mark.parametrize(
    ("energy", "mass", "charge"), [(1.0, 0.1, 32), (5.0, 0.1, 74), (10.0, 1.0, 74), (2.0, 1.9, 90)]
)
def test_primakoff(energy, mass, charge):
    """Production by adaptive quadrature of the golden rule, detection by detailed balance; scalars are alike."""
    momentum = math.sqrt(energy**2 - mass**2)
    radius = 184.15 * math.exp(-0.5) * charge ** (-1.0 / 3.0) / ELECTRON_MASS_MEV

    def integrand(logarithm):
        t = math.exp(logarithm)
        cosine = (energy**2 + momentum**2 - t) / (2.0 * energy * momentum)
        form = radius**2 * t / (1.0 + radius**2 * t)
        scale = FINE_STRUCTURE_CONSTANT * (1e-6 * charge) ** 2 / 8.0
        return t * scale * momentum**2 * (1.0 - cosine**2) / t**2 * form**2

    ends = [2.0 * math.log(mass**2 / (energy + momentum)), 2.0 * math.log(energy + momentum)]
    expected = quad(integrand, ends[0], ends[1], epsabs=0.0, epsrel=1e-12, limit=200)[0]
    particle = Alp(mass, photon_coupling_per_GeV=1e-3)
    found = eqx.filter_jit(primakoff)(particle, as_float(energy), charge)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    scalar = eqx.filter_jit(primakoff)(DarkScalar(mass, 0.0, 1e-3), as_float(energy), charge)
    np.testing.assert_allclose(scalar, found, rtol=1e-14)
    back = eqx.filter_jit(inverse_primakoff)(particle, as_float(energy), charge)
    np.testing.assert_allclose(back, found * 2.0 * energy**2 / momentum**2, rtol=1e-10)


@pytest.mark.parametrize(
    ("energy", "mass", "charge", "by_p4"),
    [(1.0, 0.1, 32, 2.785539e-33), (10.0, 1.0, 74, 1.894541e-32), (5.0, 0.1, 74, 2.043446e-32)],
)
def test_primakoff_of_alplib(energy, mass, charge, by_p4):
    """Integrals of alplib's primakoff_dsigma_dtheta, which has p^4 for E p^3, with its screening, cm^2.

    Its primakoff_sigma, 9.764e-33 and 7.014e-32 at the first two, is that of detection without a mass.
    """
    found = eqx.filter_jit(primakoff)(Alp(mass, photon_coupling_per_GeV=1e-3), as_float(energy), charge) * CM2_MEV2
    momentum = math.sqrt(energy**2 - mass**2)
    np.testing.assert_allclose(found * momentum / energy * ALPLIB, by_p4, rtol=1e-6)


def angular(theta, energy, mass, form, *, power):
    """alpha (g Z)^2 sin^3/(2 t^2) F^2, times E^3 p of detection, or p^4/2 of alplib's production; g Z = 1, MeV^-2."""
    momentum = math.sqrt(energy**2 - mass**2)
    t = 2.0 * energy * (energy - momentum * math.cos(theta)) - mass**2
    kinematics = 0.5 * momentum**4 if power == "p^4" else energy**3 * momentum
    return FINE_STRUCTURE_CONSTANT / 2.0 * kinematics * math.sin(theta) ** 3 / t**2 * form(t) ** 2


@pytest.mark.parametrize(
    ("energy", "mass", "charge", "screened", "bare"),
    [
        (1.0, 0.1, 32, 1.450393620310432e-32, 7.143460983788912e-33),
        (10.0, 1.0, 74, 7.756206508613209e-32, 3.820077377658855e-32),
        (100.0, 10.0, 18, 4.5891360642634774e-33, 2.2602357019019756e-33),
    ],
)
def test_angles_of_alplib(energy, mass, charge, screened, bare):
    """Its iprimakoff_dsigma_dtheta and primakoff_dsigma_dtheta at 0.1; the integral of the first is our cross section.

    By our screening: its own is 1 - exp(-t r0^2/4), r0 = 1114.87/MeV, which is one at this angle.
    """
    scale = (1e-6 * charge) ** 2 * CM2_MEV2 * ALPLIB
    found = angular(0.1, energy, mass, lambda t: 1.0 - math.exp(-t * 1114.8726373350487**2 / 4.0), power="E^3 p")
    np.testing.assert_allclose(found * scale, screened, rtol=1e-6)
    np.testing.assert_allclose(angular(0.1, energy, mass, lambda t: 1.0, power="p^4") * scale, bare, rtol=1e-6)
    radius2 = (184.15 * math.exp(-0.5) * charge ** (-1.0 / 3.0) / ELECTRON_MASS_MEV) ** 2

    def by_logarithm(logarithm):
        theta = math.exp(logarithm)
        return theta * angular(theta, energy, mass, lambda t: radius2 * t / (1.0 + radius2 * t), power="E^3 p")

    total = quad(by_logarithm, -30.0, math.log(math.pi), epsabs=0.0, epsrel=1e-11, limit=500)[0]
    ours = eqx.filter_jit(inverse_primakoff)(Alp(mass, photon_coupling_per_GeV=1e-3), as_float(energy), charge)
    np.testing.assert_allclose(ours, (1e-6 * charge) ** 2 * total, rtol=1e-9)


def test_widths():
    """To e+ e- by the two-body amplitude squared, |M|^2 from traces by hand, in closed form for each spin."""
    mass, g = 2.0, 1e-6
    velocity = math.sqrt(1.0 - (2.0 * ELECTRON_MASS_MEV / mass) ** 2)
    squared = {
        "pseudoscalar": 2.0 * mass**2,
        "scalar": 2.0 * mass**2 * velocity**2,
        "vector": 4.0 * (mass**2 + 2.0 * ELECTRON_MASS_MEV**2) / 3.0,
    }
    for spin, amplitude in squared.items():
        expected = g**2 * amplitude * velocity / (16.0 * math.pi * mass)
        np.testing.assert_allclose(boson(spin, mass, g).electron_width_MeV, expected, rtol=1e-12, err_msg=spin)
        assert boson(spin, 1.0, g).electron_width_MeV == 0.0
    # the dark photon of a table of widths, epsilon = 1e-3
    np.testing.assert_allclose(DarkPhoton(30.0, 1e-3).electron_width_MeV, 7.297348882228312e-08, rtol=1e-6)


@pytest.mark.parametrize("mass", [1e-3, 0.05, 0.2, 0.9, 1.02199, 1.02201, 3.0, 100.0])
@pytest.mark.parametrize("kind", ["yukawa", "derivative", "scalar"])
def test_loops(mass, kind):
    """The triangle as an integral over Feynman parameters, for complex masses where it has a cut."""
    ratio2 = mpmath.mpf(mass) ** 2 / (4 * mpmath.mpf(ELECTRON_MASS_MEV) ** 2)

    def triangle(x):
        # integral over the other parameter of 1/(1 - 4 x^2 z (1 - z)) is done by mpmath, below
        return -mpmath.log(1 - 4 * ratio2 * x * (1 - x) - mpmath.mpc(0, mpmath.mpf(10) ** -30)) / (2 * x)

    with mpmath.workdps(30):
        points = [0, 0.5, 1]
        if ratio2 > 1:
            root = mpmath.sqrt(1 - 1 / ratio2) / 2
            points = [0, mpmath.mpf(1) / 2 - root, mpmath.mpf(1) / 2 + root, 1]
        f = mpmath.quad(triangle, points)  # arcsin(m/2m_e)^2
        shape = {
            "yukawa": f / ratio2,
            "derivative": 1 - f / ratio2,
            "scalar": (1 + (1 - 1 / ratio2) * f) / ratio2,
        }[kind]
        expected = float(FINE_STRUCTURE_CONSTANT * 1e-6 / (mpmath.pi * ELECTRON_MASS_MEV) * abs(shape))
    if kind == "scalar":
        found = DarkScalar(mass, -1e-6, electron_loop="yukawa").loop_photon_coupling_per_MeV
    else:
        found = Alp(mass, electron_coupling=1e-6, electron_loop=kind).loop_photon_coupling_per_MeV
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def numbers(spin, mass, coupling, energy):
    """All that an energy and a particle are turned into."""
    particle = boson(spin, mass, coupling)
    made, carried = compton(particle, energy, 12)
    loop = particle if spin == "vector" else eqx.tree_at(lambda b: b.mass_MeV, _looped(spin, coupling), mass)
    others = inverse_compton(particle, energy), particle.inverse_decay_length_per_m(energy), loop.photon_width_MeV
    return jnp.stack([made, carried, *others])


def _looped(spin, coupling):
    if spin == "scalar":
        return DarkScalar(0.1, coupling, electron_loop="yukawa")
    return Alp(0.1, electron_coupling=coupling, electron_loop="derivative")


@pytest.mark.parametrize("spin", SPINS)
def test_finite_everywhere(spin, precision):
    """Zero and nearly zero masses and couplings, both thresholds and what is just beside them."""
    pair = 2.0 * ELECTRON_MASS_MEV
    closed = float(compton_threshold_MeV(Alp(0.5)))
    masses = [0.0, 1e-9, 1e-3, 0.5, pair * (1 - 1e-7), pair, pair * (1 + 1e-6), 2.0, 5.0]
    points = [(m, g, e) for m in masses for g in (0.0, 1e-6) for e in (0.5, closed, closed * (1 + 1e-6), 2.0, 30.0)]

    @jax.jit
    def both(mass, coupling, energy):
        function = lambda *x: numbers(spin, *x)  # noqa: E731
        return jax.vmap(lambda *x: (function(*x), jax.jacobian(function, (0, 1, 2))(*x)))(mass, coupling, energy)

    values, slopes = both(*(jnp.asarray(each, dtype=float) for each in zip(*points, strict=True)))
    for each in (values, *slopes):
        assert np.all(np.isfinite(each))


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize(("mass", "energy"), [(0.3, 1.0), (1.1, 5.0), (2.5, 20.0)])
def test_gradients(spin, mass, energy):
    """In mass, coupling and energy, against central differences."""
    start = np.array([mass, 2e-6, energy])
    steps = 1e-5 * np.diag(start)
    points = np.concatenate([start[None], start + steps, start - steps])

    @jax.jit
    def both(x):
        function = lambda x: numbers(spin, x[0], x[1], x[2])  # noqa: E731
        return jax.vmap(function)(x), jax.jacobian(function)(x[0])

    values, slopes = map(np.asarray, both(jnp.asarray(points)))
    differences = (values[1:4] - values[4:]).T / 2.0
    scale = np.where(values[0] == 0.0, 1.0, values[0])[:, None]
    np.testing.assert_allclose(slopes * (1e-5 * start) / scale, differences / scale, rtol=1e-4, atol=1e-12)


def test_refused():
    with pytest.raises(CevnsjaxError, match=r"mass_MeV must be zero or positive and in MeV, got -1"):
        DarkPhoton(-1.0, 1e-3)
    with pytest.raises(CevnsjaxError, match="electron_coupling must be finite"):
        DarkScalar(1.0, math.nan)
    with pytest.raises(CevnsjaxError, match="electron_loop"):
        DarkScalar(1.0, electron_loop="derivative")
