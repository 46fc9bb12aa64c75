"""Cross sections against reference values, explicit complex arithmetic and double quadrature."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import spherical_jn

from cevnsjax.cross_section import (
    NSI,
    Coherent,
    ErlerSu,
    FlavourMatrix,
    FourMomentum,
    HeavyNucleus,
    SpinHalf,
    SpinZero,
    ThreeMomentum,
    TreeLevel,
    flux_averaged_cross_section,
)
from cevnsjax.cross_section.kinematics import recoil_energy_MeV, recoil_energy_slope
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import FLAVOURS, PionDecayAtRest
from cevnsjax.target import Helm, Material, Nuclide, compound, nuclide

FERMI, HBAR_C = 1.1663788e-11, 197.3269804  # MeV^-2, MeV fm


def cross_section(interaction, target, energy, recoil, flavour="nu_e"):
    found = interaction.differential_cross_section(jnp.array([energy]), jnp.array([recoil]), target, flavour)
    return float(found[0])


def test_conventions_differ_by_less_than_they_say():
    """The package's own convention and the other one differ by T^2/(2 E^2) and by T/(2 M), below 1e-7 here."""
    target, terms = Nuclide(32, 42, 68840.789161, Helm(4.06), Helm(4.06)), {"sm": TreeLevel(0.23863)}
    default = cross_section(Coherent(terms), target, 30.0, 10.0)
    other = cross_section(Coherent(terms, SpinHalf(), ThreeMomentum()), target, 30.0, 10.0)
    assert default == pytest.approx(other, rel=1e-7)
    assert default != pytest.approx(other, rel=1e-9)


def test_spin_zero_kinematics_from_its_trace():
    """A scalar current: |M|^2 goes as 2 (k.P)(k'.P) - (k.k') P^2 with P = p + p', by explicit four-vectors."""
    mass, energy, recoil = 37215.5, 30.0, 0.03
    momentum = np.sqrt(recoil**2 + 2 * mass * recoil)
    cosine = (recoil**2 + 2 * mass * recoil + energy**2 - (energy - recoil) ** 2) / (2 * energy * momentum)
    k, p = np.array([energy, 0, 0, energy]), np.array([mass, 0, 0, 0])
    q = np.array([recoil, momentum * np.sqrt(1 - cosine**2), 0, momentum * cosine])

    def dot(a, b):
        return a[0] * b[0] - a[1:] @ b[1:]

    total, out = 2 * p + q, k - q
    trace = 2 * dot(k, total) * dot(out, total) - dot(k, out) * dot(total, total)
    per_power = SpinZero().coefficients(jnp.array([recoil]), jnp.array(mass))[:, 0]
    found = float(per_power[0] + per_power[1] / energy + per_power[2] / energy**2)
    # at T = 0 the trace is 8 M^2 E^2
    np.testing.assert_allclose(trace / (8 * mass**2 * energy**2), found, rtol=1e-9)


# Written independently of this package: that trace over the form with T^2/(2E^2) and over 1 - M T/(2E^2).
@pytest.mark.parametrize(
    ("mass", "energy", "recoil", "with_t2", "reduced"),
    [
        (37215.526217, 30.0, 0.03, 0.99999867984, 0.99736662779),
        (68840.789161, 30.0, 0.01, 0.99999990999, 0.99946023366),
        (123772.53974, 20.0, 0.004, 0.9999999475, 0.99947525472),
    ],
)
def test_kinematics_against_trace_ratios(mass, energy, recoil, with_t2, reduced):
    powers = energy ** np.array([0.0, -1.0, -2.0])
    zero, half, heavy = (
        float(powers @ np.asarray(kind().coefficients(jnp.array([recoil]), jnp.array(mass)))[:, 0])
        for kind in (SpinZero, SpinHalf, HeavyNucleus)
    )
    np.testing.assert_allclose(zero / half, with_t2, rtol=1e-10)
    np.testing.assert_allclose(zero / heavy, reduced, rtol=1e-10)


def test_momentum_transfers():
    recoil, mass = jnp.array([0.01]), jnp.array(68840.0)
    assert float(FourMomentum()(recoil, mass)[0]) == pytest.approx(2 * 68840.0 * 0.01, rel=1e-15)
    assert float(ThreeMomentum()(recoil, mass)[0]) == pytest.approx(2 * 68840.0 * 0.01 + 1e-4, rel=1e-15)


def test_largest_recoil_and_slope():
    """Backward scattering, from the conservation of energy and momentum: E = E' + T and E + E' = sqrt(T^2 + 2MT)."""
    mass, y = 37215.0, np.array([1.0, 10.0, 50.0])
    recoil = np.asarray(recoil_energy_MeV(jnp.asarray(y), jnp.array(mass)))
    np.testing.assert_allclose(2 * y - recoil, np.sqrt(recoil**2 + 2 * mass * recoil), rtol=1e-13)
    slope = [(a - b) / 2e-5 for a, b in zip(*(2 * e**2 / (mass + 2 * e) for e in (y + 1e-5, y - 1e-5)), strict=True)]
    np.testing.assert_allclose(recoil_energy_slope(jnp.asarray(y), jnp.array(mass)), slope, rtol=1e-8)


def test_zero_beyond_the_largest_recoil():
    argon, energy = nuclide("Ar40"), 30.0
    largest = 1e3 * 2 * energy**2 / (float(argon.mass_MeV) + 2 * energy)
    assert cross_section(Coherent({"sm": TreeLevel()}), argon, energy, 1.0000001 * largest) == 0.0
    inside = cross_section(Coherent({"sm": TreeLevel()}), argon, energy, 0.9999 * largest)
    assert 0.0 < inside < 1e-3 * cross_section(Coherent({"sm": TreeLevel()}), argon, energy, 1e-3)


def explicit(epsilon_up, epsilon_down, g_proton, g_neutron, flavour, target, energy, recoil, antineutrino=False):
    """Sum over final flavours of the squared complex amplitude, in NumPy; Helm by SciPy's Bessel function."""
    mass, t = float(target.mass_MeV), 1e-3 * recoil
    q = np.sqrt(2 * mass * t) / HBAR_C

    def helm(form_factor):
        rms, skin = float(form_factor.rms_radius_fm), float(form_factor.skin_thickness_fm)
        x = q * np.sqrt(5 / 3 * (rms**2 - 3 * skin**2))
        return 3 * spherical_jn(1, x) / x * np.exp(-((q * skin) ** 2) / 2)

    up, down = (np.conj(e) if antineutrino else e for e in (epsilon_up, epsilon_down))
    proton = np.diag(g_proton) + 2 * up + down
    neutron = np.diag(g_neutron) + up + 2 * down
    amplitude = target.proton_number * helm(target.proton_form_factor) * proton
    amplitude = amplitude + target.neutron_number * helm(target.neutron_form_factor) * neutron
    squared = sum(abs(amplitude[FLAVOURS.index(flavour), b]) ** 2 for b in range(3))
    kinematics = 1 - t / energy - mass * t / (2 * energy**2)
    return FERMI**2 * mass / np.pi * kinematics * squared * (HBAR_C * 1e-13) ** 2 * 1e-3 * 1e40


def random_hermitian(generator):
    entries = generator.normal(size=(3, 3)) + 1j * generator.normal(size=(3, 3))
    return 0.15 * (entries + entries.conj().T)


def flavour_matrix(matrix):
    return FlavourMatrix(
        matrix[0, 0].real,
        matrix[1, 1].real,
        matrix[2, 2].real,
        matrix[0, 1].real,
        matrix[0, 1].imag,
        matrix[0, 2].real,
        matrix[0, 2].imag,
        matrix[1, 2].real,
        matrix[1, 2].imag,
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nsi_is_the_complex_amplitude(seed, flavour):
    generator = np.random.default_rng(seed)
    up, down = random_hermitian(generator), random_hermitian(generator)
    target = nuclide("Cs133", Helm.lewin_smith)
    target = Nuclide(55, 78, float(target.mass_MeV), Helm(4.8), Helm(5.1))
    interaction = Coherent({"sm": ErlerSu(), "nsi": NSI(flavour_matrix(up), flavour_matrix(down))})
    arguments = ([0.0382, 0.0300, 0.0255], 3 * [-0.5117], flavour, target, 40.0, 12.0)
    found = cross_section(interaction, target, 40.0, 12.0, flavour)
    assert found == pytest.approx(explicit(up, down, *arguments), rel=1e-12)
    # for antineutrinos eps becomes its conjugate, which leaves the sum as it is: one number serves both
    assert found == pytest.approx(explicit(up, down, *arguments, antineutrino=True), rel=1e-12)


def test_flavour_matrix_is_hermitian():
    matrix = random_hermitian(np.random.default_rng(7))
    real, imaginary = np.asarray(flavour_matrix(matrix).matrix())
    np.testing.assert_allclose(real + 1j * imaginary, matrix, rtol=1e-15)
    np.testing.assert_array_equal(real, real.T)
    np.testing.assert_array_equal(imaginary, -imaginary.T)


def test_terms_interfere_by_being_added():
    """Two halves of the Standard Model are the Standard Model."""
    target = nuclide("Ge74")
    half = NSI(FlavourMatrix(ee=0.1), FlavourMatrix(ee=-0.05))
    twice = NSI(FlavourMatrix(ee=0.05), FlavourMatrix(ee=-0.025))
    one = cross_section(Coherent({"sm": TreeLevel(), "a": half}), target, 30.0, 5.0)
    two = cross_section(Coherent({"sm": TreeLevel(), "a": twice, "b": twice}), target, 30.0, 5.0)
    assert one == pytest.approx(two, rel=1e-13)


def test_errors():
    with pytest.raises(CevnsjaxError, match="terms must hold at least one term"):
        Coherent({})
    with pytest.raises(UnknownNameError, match="'nu_x'"):
        cross_section(Coherent({"sm": TreeLevel()}), nuclide("Ge74"), 30.0, 1.0, "nu_x")


def pion_flux():
    return PionDecayAtRest(0.08, 1e23, 20.0)


def one_nucleus(name, form_factor):
    return Material({name: nuclide(name, form_factor)}, {name: 1.0}, 100.0)


def test_flux_average_by_double_quadrature():
    """The order of integration that the package does not use: recoils inside, energies outside."""
    line, end, muon = (139.57039**2 - 105.6583755**2) / (2 * 139.57039), 105.6583755 / 2, 105.6583755
    material = one_nucleus("Ge74", lambda a: Helm(4.06))
    target = material.nuclides["Ge74"]
    mass = float(target.mass_MeV)
    g_proton, g_neutron = 0.5 - 2 * 0.23863, -0.5

    def at_energy(energy):
        def density(t):
            arguments = (3 * [g_proton], 3 * [g_neutron], "nu_e", target, energy, 1e3 * t)
            return 1e3 * explicit(np.zeros((3, 3)), np.zeros((3, 3)), *arguments)

        largest = 2 * energy**2 / (mass + 2 * energy)
        return quad(density, 0, largest, epsabs=0, epsrel=1e-12)[0]

    def nu_e(energy):
        return 192 / muon * (energy / muon) ** 2 * (0.5 - energy / muon)

    def nu_mu_bar(energy):
        return 64 / muon * (energy / muon) ** 2 * (0.75 - energy / muon)

    expected = [at_energy(line)]
    for density in (nu_e, nu_mu_bar):
        expected.append(
            quad(lambda e, f=density: f(e) * at_energy(e), 1e-9, end, epsabs=0, epsrel=1e-11)[0],
        )
    interaction = Coherent({"sm": TreeLevel(0.23863)})
    found = flux_averaged_cross_section(interaction, pion_flux(), material)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_average_over_a_mixture_is_the_mean_over_nuclei():
    interaction = Coherent({"sm": TreeLevel()})
    both = flux_averaged_cross_section(interaction, pion_flux(), compound("CsI"))
    each = [flux_averaged_cross_section(interaction, pion_flux(), compound(f"[{name}]")) for name in ("Cs133", "I127")]
    np.testing.assert_allclose(both, 0.5 * (each[0] + each[1]), rtol=1e-13)
