"""Electromagnetic properties: hand values, complex arithmetic, and the dipole portal by exact kinematics."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import spherical_jn

from cevnsjax.cross_section import (
    NSI,
    ChargeRadius,
    Coherent,
    DipolePortal,
    ElectronScattering,
    FlavourMatrix,
    FlavourVector,
    MagneticMoment,
    MajoranaMoment,
    Millicharge,
    TreeLevel,
    flux_averaged_cross_section,
)
from cevnsjax.flux import FLAVOURS, PionDecayAtRest
from cevnsjax.target import Helm, Material, Nuclide, compound, nuclide

FERMI, ALPHA, ELECTRON = 1.1663788e-11, 7.2973525693e-3, 0.51099895  # MeV^-2, -, MeV
HBAR_C = 197.3269804  # MeV fm
UNIT = (HBAR_C * 1e-13) ** 2 * 1e40  # 1e-40 cm^2 MeV^2
PION, MUON = 139.57039, 105.6583755
LINE, END = (PION**2 - MUON**2) / (2 * PION), MUON / 2
MAGNETIC = np.pi * ALPHA**2 / ELECTRON**2 * UNIT  # 1e-40 cm^2
GERMANIUM = Nuclide(32, 42, 68840.789161, Helm(4.06), Helm(4.06))
RADIUS_FACTOR = 0.0237955851  # for each 1e-32 cm^2


def cross_section(terms, neutrino="nu_e", energy=30.0, recoil=5.0, target=GERMANIUM):
    interaction = terms if not isinstance(terms, dict) else Coherent(terms)
    found = interaction.differential_cross_section(jnp.array([energy]), jnp.array([recoil]), target, neutrino)
    return float(found[0])


def helm(q2, rms=4.06, skin=0.9):
    q = np.sqrt(q2) / HBAR_C
    x = q * np.sqrt(5 / 3 * (rms**2 - 3 * skin**2))
    return 3 * spherical_jn(1, x) / x * np.exp(-((q * skin) ** 2) / 2)


def vector(proton, neutron, flavour, energy=30.0, recoil=5.0):
    """Sum over final flavours of a complex vector amplitude, 1e-40 cm^2/keV."""
    mass, t = float(GERMANIUM.mass_MeV), 1e-3 * recoil
    amplitude = (32 * proton + 42 * neutron) * helm(2 * mass * t)
    squared = sum(abs(amplitude[FLAVOURS.index(flavour.removesuffix("_bar")), b]) ** 2 for b in range(3))
    return FERMI**2 * mass / np.pi * (1 - t / energy - mass * t / (2 * energy**2)) * squared * UNIT * 1e-3


def hermitian(seed, size):
    generator = np.random.default_rng(seed)
    entries = generator.normal(size=(3, 3)) + 1j * generator.normal(size=(3, 3))
    return size * (entries + entries.conj().T)


# --- charge radii and millicharges


def test_size_of_a_charge_radius():
    """sqrt2 pi alpha/(3 G_F) <r^2> = 0.0237955851 for 1e-32 cm^2, off the proton's coupling."""
    expected = np.sqrt(2) * np.pi * ALPHA / (3 * FERMI) * 1e-32 / (HBAR_C * 1e-13) ** 2
    np.testing.assert_allclose(expected, RADIUS_FACTOR, rtol=1e-8)
    proton, neutron = ChargeRadius(FlavourMatrix(ee=1.0)).couplings(jnp.ones(1))
    np.testing.assert_allclose(proton[0, 0, 0, 0], -expected, rtol=1e-13)
    np.testing.assert_array_equal(neutron, 0.0)
    # the radii of the Standard Model, -0.83, -0.48 and -0.30 in that unit, give what Erler and Su add
    np.testing.assert_allclose(0.83 * expected, 0.0198, rtol=5e-3)
    left, right = ChargeRadius(FlavourMatrix(ee=1.0)).electron_couplings(jnp.ones(1))
    np.testing.assert_allclose([left[0, 0, 0, 0], right[0, 0, 0, 0]], 0.5 * expected, rtol=1e-13)


@pytest.mark.parametrize("neutrino", ["nu_e", "nu_mu_bar", "nu_tau"])
def test_radii_interfere_with_all_that_changes_flavour(neutrino):
    """Transition radii add in the rate, but interfere with off-diagonal NSI: explicit complex amplitudes."""
    radius, up, down = hermitian(1, 2.0), hermitian(2, 0.1), hermitian(3, 0.1)
    standard_proton, standard_neutron = (0.5 - 2 * 0.23863) * np.eye(3), -0.5 * np.eye(3)
    proton = standard_proton - RADIUS_FACTOR * radius
    terms = {"sm": TreeLevel(0.23863), "radius": ChargeRadius(FlavourMatrix.from_complex(radius))}
    np.testing.assert_allclose(cross_section(terms, neutrino), vector(proton, standard_neutron, neutrino), rtol=1e-8)
    terms["nsi"] = NSI(FlavourMatrix.from_complex(up), FlavourMatrix.from_complex(down))
    all_protons, all_neutrons = proton + 2 * up + down, standard_neutron + up + 2 * down
    np.testing.assert_allclose(cross_section(terms, neutrino), vector(all_protons, all_neutrons, neutrino), rtol=1e-8)


def test_transition_radii_alone_add_in_the_rate():
    standard = cross_section({"sm": TreeLevel()})
    plus, minus, imaginary = (
        cross_section({"sm": TreeLevel(), "radius": ChargeRadius(FlavourMatrix(**radius))}) - standard
        for radius in ({"emu_real": 3.0}, {"emu_real": -3.0}, {"emu_imag": 3.0})
    )
    np.testing.assert_allclose([minus, imaginary], plus, rtol=1e-10)
    expected = vector(np.array([[0, 3.0 * RADIUS_FACTOR, 0], [0] * 3, [0] * 3]), np.zeros((3, 3)), "nu_e")
    np.testing.assert_allclose(plus, expected, rtol=1e-8)


@pytest.mark.parametrize("neutrino", ["nu_e", "nu_mu_bar"])
def test_millicharges(neutrino):
    """g^p gains 2 sqrt2 pi alpha q/(G_F Q^2): the photon instead of the Z."""
    charge, mass = hermitian(4, 1e-7), float(GERMANIUM.mass_MeV)
    strength = 2 * np.sqrt(2) * np.pi * ALPHA / (FERMI * 2 * mass * 5e-3)
    proton = (0.5 - 2 * 0.23863) * np.eye(3) + strength * charge
    terms = {"sm": TreeLevel(0.23863), "charge": Millicharge(FlavourMatrix.from_complex(charge))}
    np.testing.assert_allclose(cross_section(terms, neutrino), vector(proton, -0.5 * np.eye(3), neutrino), rtol=1e-12)
    left, right = terms["charge"].electron_couplings(jnp.array([2 * mass * 5e-3]))
    for coupling in (left, right):
        real, imaginary = np.asarray(coupling)[..., 0]
        found = real + 1j * imaginary
        np.testing.assert_allclose(found, -0.5 * strength * charge, rtol=1e-12, atol=1e-20)


def test_a_charge_radius_is_the_slope_of_a_form_factor():
    """A charge q exp(-r) with q(Q^2) = -<r^2> Q^2/6 is a radius: Millicharge at q = -<r^2> Q^2/6 is ChargeRadius."""
    q2, radius = 700.0, 5.0  # MeV^2, 1e-32 cm^2
    charge = -radius * 1e-6 / HBAR_C**2 * q2 / 6
    by_charge, _ = Millicharge(FlavourMatrix(ee=charge)).couplings(jnp.array([q2]))
    by_radius, _ = ChargeRadius(FlavourMatrix(ee=radius)).couplings(jnp.array([q2]))
    np.testing.assert_allclose(by_charge[0, 0, 0, 0], by_radius[0, 0, 0, 0], rtol=1e-12)


# --- moments


@pytest.mark.parametrize("neutrino", ["nu_e", "nu_mu_bar", "nu_tau"])
def test_transition_moments(neutrino):
    """(pi alpha^2/m_e^2) Z^2 F^2 sum_b |mu_ab|^2 (1/T - 1/E)."""
    moment, mass = hermitian(5, 1e-9), float(GERMANIUM.mass_MeV)
    row = FLAVOURS.index(neutrino.removesuffix("_bar"))
    squared = (abs(moment[row]) ** 2).sum()
    form = helm(2 * mass * 5e-3)
    expected = MAGNETIC * squared * (32 * form) ** 2 * (1 / 5e-3 - 1 / 30.0) * 1e-3
    term = MagneticMoment(FlavourMatrix.from_complex(moment))
    np.testing.assert_allclose(cross_section({"m": term}, neutrino), expected, rtol=1e-12)


def test_magnetic_prefactor():
    """pi alpha^2/m_e^2 = 2.49467202e-25 cm^2, as everybody has it."""
    np.testing.assert_allclose(MAGNETIC, 2.49467202e15, rtol=1e-8)


@pytest.mark.parametrize("interaction", ["nuclei", "electrons"])
def test_majorana_moments_are_antisymmetric(interaction):
    """mu_ab = -mu_ba, no diagonal; rates are those of a Dirac matrix of the same moduli."""
    entries = {"emu_real": 1.0, "emu_imag": -2.0, "etau_real": 0.5, "mutau_imag": 3.0}
    term = MajoranaMoment(**{name: 1e-9 * value for name, value in entries.items()})
    coupling = (
        term.couplings(jnp.array([900.0]))[0]
        if interaction == "nuclei"
        else term.electron_couplings(jnp.array([900.0]))[0]
    )
    real, imaginary = np.asarray(coupling)[..., 0]
    matrix = real + 1j * imaginary
    np.testing.assert_array_equal(matrix, -matrix.T)
    np.testing.assert_array_equal(np.diagonal(matrix), 0.0)
    assert np.all(np.abs(matrix[np.triu_indices(3, 1)]) > 0.0)
    dirac = MagneticMoment(FlavourMatrix(**{name: 1e-9 * value for name, value in entries.items()}))
    for neutrino in ("nu_e", "nu_mu", "nu_tau_bar"):
        if interaction == "nuclei":
            found, expected = (cross_section({"m": each}, neutrino) for each in (term, dirac))
        else:
            found, expected = (
                cross_section(
                    ElectronScattering.on(compound("[C12]"), terms={"m": each}), neutrino, 30.0, 5.0, nuclide("C12")
                )
                for each in (term, dirac)
            )
        np.testing.assert_allclose(found, expected, rtol=1e-13)


# --- the dipole portal


@pytest.mark.parametrize("recoil", [0.05, 5.0, 25.0])
@pytest.mark.parametrize("neutrino", ["nu_e", "nu_mu_bar"])
def test_massless_portal_is_a_magnetic_moment(recoil, neutrino):
    moments = FlavourVector(1e-9, -2e-9, 0.0)
    expected = cross_section({"m": MagneticMoment(FlavourMatrix(1e-9, -2e-9))}, neutrino, 30.0, recoil)
    assert expected > 0.0
    for mass in (0.0, 1e-12):
        found = cross_section(DipolePortal(mass, moments), neutrino, 30.0, recoil)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.slow
def test_massless_portal_average():
    """The same over a flux."""
    moments = FlavourVector.universal(1e-9)
    portal = average(DipolePortal(0.0, moments))
    magnetic = Coherent({"m": MagneticMoment(FlavourMatrix(1e-9, 1e-9, 1e-9))})
    np.testing.assert_allclose(portal, average(magnetic), rtol=1e-9)


@functools.cache
def two_body(energy, mass, heavy):
    """Smallest and largest recoil (MeV) of nu N -> N_4 N, from the centre of mass; None below threshold."""
    with mpmath.workdps(40):
        e, m, h = mpmath.mpf(energy), mpmath.mpf(mass), mpmath.mpf(heavy)
        s = m**2 + 2 * m * e
        squared = (s - m**2 - h**2) ** 2 - 4 * m**2 * h**2
        if squared < 0 or s < (m + h) ** 2:
            return None
        momentum, nucleus = mpmath.sqrt(squared) / (2 * mpmath.sqrt(s)), (s + m**2 - h**2) / (2 * mpmath.sqrt(s))
        ends = [((e + m) * nucleus + sign * e * momentum) / mpmath.sqrt(s) - m for sign in (-1, 1)]
        return tuple(float(end) for end in ends)


@pytest.mark.parametrize(
    ("energy", "heavy"), [(30.0, 1.0), (30.0, 5.0), (30.0, 20.0), (30.0, 29.9), (52.0, 35.0), (52.0, 51.9)]
)
@pytest.mark.parametrize("name", ["Ar40", "Cs133"])
def test_kinematic_end_points(energy, heavy, name):
    """Recoils are allowed between both ends of two-body kinematics, and nowhere else."""
    target = nuclide(name)
    low, high = two_body(energy, float(target.mass_MeV), heavy)
    portal = DipolePortal(heavy, FlavourVector.universal(1e-9))
    # just above threshold the range is narrow: a fixed fraction of it is inside
    inside = (low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    for recoil in inside:
        assert cross_section(portal, "nu_e", energy, 1e3 * recoil, target) > 0.0
    for recoil in (low - 1e-6 * min(low, high - low), high + 1e-6 * (high - low)):
        assert cross_section(portal, "nu_e", energy, 1e3 * recoil, target) == 0.0


def test_threshold():
    """E = m + m^2/(2 M)."""
    target, heavy = nuclide("Ar40"), 20.0
    threshold = heavy + heavy**2 / (2 * float(target.mass_MeV))
    assert two_body(threshold * (1 - 1e-9), float(target.mass_MeV), heavy) is None
    portal = DipolePortal(heavy)
    # the smallest y + m^2/(4 y) + m^2/(2 M) is at y = m/2
    found = portal.minimum_energy_MeV(jnp.array([heavy / 2]), target.mass_MeV)
    np.testing.assert_allclose(found, [threshold], rtol=1e-14)


def pion_flux():
    return PionDecayAtRest(0.08, 1e23, 20.0)


def germanium():
    return Material({"Ge74": GERMANIUM}, {"Ge74": 1.0}, 73.92)


THRESHOLD = 2 * 5.0**2 / (float(GERMANIUM.mass_MeV) + 10.0)  # MeV: what 5 MeV can give
THRESHOLD_KEV = 1e3 * THRESHOLD


def average(interaction):
    return np.asarray(flux_averaged_cross_section(interaction, pion_flux(), germanium(), THRESHOLD_KEV))


def portal_total(energy, heavy):
    """Total above the recoil threshold for one Bohr magneton, 1e-40 cm^2; the recoil in its logarithm."""
    mass = float(GERMANIUM.mass_MeV)
    ends = two_body(energy, mass, heavy)
    if ends is None or ends[1] <= THRESHOLD:
        return 0.0

    def density(log_recoil):
        t = np.exp(log_recoil)
        bracket = 1 / t - 1 / energy - heavy**2 / (2 * energy * t * mass) * (1 - t / (2 * energy) + mass / (2 * energy))
        bracket += heavy**4 * (t - mass) / (8 * energy**2 * t**2 * mass**2)
        return t * MAGNETIC * (32 * helm(2 * mass * t)) ** 2 * bracket

    low, high = np.log(max(THRESHOLD, ends[0])), np.log(ends[1])
    return quad(density, low, high, epsabs=0, epsrel=1e-11, limit=200)[0]


@pytest.mark.parametrize("heavy", [0.0, 5.0, 20.0, 29.7, 35.0, 50.0])
def test_average_by_double_quadrature(heavy):
    """Recoils inside, energies outside: the order that the package does not use, with the default nodes."""
    found = average(DipolePortal(heavy, FlavourVector.universal(1e-9)))
    start = heavy + heavy**2 / (2 * float(GERMANIUM.mass_MeV))

    def over(density):
        # the threshold is a square root in energy, and where the recoil threshold takes over there is a kink
        def integrand(u):
            energy = start + u**2
            return 2 * u * density(energy) * portal_total(energy, heavy)

        kink = 5.0 + heavy**2 / 4 / 5.0 + heavy**2 / (2 * float(GERMANIUM.mass_MeV))
        points = [np.sqrt(kink - start)] if start < kink < END else None
        return quad(integrand, 0, np.sqrt(END - start), points=points, epsabs=0, epsrel=1e-10, limit=200)[0]

    expected = [
        portal_total(LINE, heavy),
        over(lambda e: 192 / MUON * (e / MUON) ** 2 * (0.5 - e / MUON)),
        over(lambda e: 64 / MUON * (e / MUON) ** 2 * (0.75 - e / MUON)),
    ]
    np.testing.assert_allclose(found, 1e-18 * np.array(expected), rtol=1e-8)


@pytest.mark.parametrize("heavy", [52.9, 60.0, 500.0, 1e5])
def test_nothing_above_the_threshold_of_the_source(heavy):
    np.testing.assert_array_equal(average(DipolePortal(heavy, FlavourVector.universal(1e-9))), 0.0)


@jax.jit
def total_and_slope(heavy):
    """Average of each component, and its derivative in the mass."""

    def total(mass):
        interaction = DipolePortal(mass, FlavourVector.universal(1e-9))
        return flux_averaged_cross_section(interaction, pion_flux(), germanium(), THRESHOLD_KEV)

    return total(heavy), jax.jacrev(total)(heavy)


@pytest.mark.parametrize("heavy", [0.5, 5.0, 20.0, 28.0, 35.0, 50.0])
def test_average_is_smooth_in_the_mass(heavy):
    """Differences of fourth order, away from the threshold of the line."""
    step = 1e-3 * heavy
    gradient = total_and_slope(jnp.array(heavy))[1]
    far_below, below, above, far_above = (
        np.asarray(total_and_slope(jnp.array(heavy + k * step))[0]) for k in (-2, -1, 1, 2)
    )
    difference = (8 * (above - below) - (far_above - far_below)) / (12 * step)
    scale = np.abs(difference).max()
    np.testing.assert_allclose(gradient, difference, rtol=1e-6, atol=1e-9 * scale)


def test_average_and_gradient_are_finite_at_every_mass(precision):
    """Thresholds of the line and of the end point included, in both precisions."""
    mass = float(GERMANIUM.mass_MeV)
    thresholds = [mass * (np.sqrt(1 + 2 * energy / mass) - 1) for energy in (LINE, END)]
    masses = [0.0, 1e-30, 1e-3, 10.0, 29.7, *thresholds, 40.0, 60.0, 1e5]
    masses += [threshold * (1 + shift) for threshold in thresholds for shift in (-1e-15, 1e-15, -1e-7, 1e-7)]
    # made anew in each precision
    material = Material({"Ge74": Nuclide(32, 42, mass, Helm(4.06), Helm(4.06))}, {"Ge74": 1.0}, 73.92)

    def point(heavy):
        interaction = DipolePortal(heavy, FlavourVector.universal(1e-9))
        return flux_averaged_cross_section(interaction, pion_flux(), material, THRESHOLD_KEV).sum()

    grid = jnp.asarray(masses, dtype=float)
    values, gradients = jax.jit(lambda masses: jax.lax.map(jax.value_and_grad(point), masses))(grid)
    assert values.dtype == np.dtype(precision)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(gradients))
    assert np.all(np.asarray(values) >= 0.0)
