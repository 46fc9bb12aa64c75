"""The oracle of the recoil cross sections, against what does not come from it."""

import dirac_trace as dt
import mpmath
import numpy as np
import pytest

NUCLEI = {"Ar40": (18, 37215.526217), "Ge74": (32, 68840.789161), "Cs133": (55, 123772.53974)}
POINTS = {"Ar40": (30.0, 0.03), "Ge74": (30.0, 0.01), "Cs133": (20.0, 0.004)}  # E and T, MeV
LIGHT = (30.0, 5.0, 200.0)  # E, T and M in MeV: the recoil is no small correction here

ORACLES = {
    "vector, spin 1/2": lambda *at, **options: dt.vector_spin_half(*at, 0.7, 0.4, **options),
    "vector, spin 0": lambda *at, **options: dt.vector_spin_zero(*at, 0.7, **options),
    "scalar, spin 1/2": lambda *at, **options: dt.scalar_spin_half(*at, 1e-11, **options),
    "scalar, spin 0": lambda *at, **options: dt.scalar_spin_zero(*at, 1e-11, **options),
    "tensor": lambda *at, **options: dt.tensor_spin_half(*at, 1e-11, **options),
    "interference": dt.scalar_tensor_interference,
    "dipole, spin 0": lambda *at, **options: dt.dipole_spin_zero(*at, 18, 1e-10, 3.0, **options),
    "dipole, spin 1/2": lambda *at, **options: dt.dipole_spin_half(*at, 18, 1e-10, 3.0, **options),
    "electron": lambda e, t, m, **options: dt.neutrino_electron(e, t, -0.27, 0.23, mass=m, **options),
}


def integral(function, upper, nodes=8):
    """Integrate a polynomial of the recoil energy from 0 to `upper`."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * upper * sum(weight * function(0.5 * upper * (1 + node)) for node, weight in zip(x, w, strict=True))


# --- the algebra


@pytest.mark.parametrize("representation", dt.REPRESENTATIONS)
def test_clifford_algebra(representation):
    g = dt.algebra(representation)
    for mu in range(4):
        for nu in range(4):
            found = g.gamma[mu] @ g.gamma[nu] + g.gamma[nu] @ g.gamma[mu]
            assert np.all(found == 2 * (dt.METRIC[mu] if mu == nu else 0) * g.one)
            assert np.all(g.bar(g.sigma(mu, nu)) == g.sigma(mu, nu))
        assert np.all(g.gamma5 @ g.gamma[mu] == -g.gamma[mu] @ g.gamma5)
        assert np.all(g.bar(g.gamma[mu]) == g.gamma[mu])
    assert np.all(g.gamma5 @ g.gamma5 == g.one)
    assert np.all(g.bar(g.gamma5) == -g.gamma5)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("antineutrino", [False, True])
def test_representation_does_not_matter(name, antineutrino):
    dirac, weyl = (ORACLES[name](*LIGHT, antineutrino=antineutrino, representation=r) for r in dt.REPRESENTATIONS)
    assert dirac != 0
    np.testing.assert_allclose(dirac, weyl, rtol=1e-15)


@dt.precisely
@pytest.mark.parametrize("antineutrino", [False, True])
def test_tensors_are_hermitian_and_currents_conserved(antineutrino):
    g, at = dt.algebra(), dt.momenta(*LIGHT)
    vector = [matrix @ g.left for matrix in g.gamma]
    lepton = dt.lepton_tensor(g, at, vector, antineutrino)
    target = dt.fermion_tensor(g, at, g.gamma)
    scale = max(abs(lepton).max(), abs(target).max())
    lowered = np.array(dt.METRIC) * at.q
    for tensor in (lepton, target):
        assert np.all(abs(tensor - np.conjugate(tensor).T) < 1e-35 * scale)
        assert np.linalg.eigvalsh(tensor.astype(complex)).min() > -1e-10 * float(scale)
        assert np.all(abs(lowered @ tensor) < 1e-33 * scale)
    # a photon in another gauge adds q_nu: nothing comes of it, on the line of the dipole or of the scalar nucleus
    massive = dt.momenta(*LIGHT, 3.0)
    dipole = dt._dipole_vertices(g, massive)
    along = sum(sign * q * matrix for sign, q, matrix in zip(dt.METRIC, massive.q, dipole, strict=True))
    assert np.all(abs(along) < 1e-33 * scale)
    assert abs(dt.product(massive.q, massive.p + massive.p_out)) < 1e-33 * scale


def test_momenta():
    with mpmath.workdps(dt.DIGITS):
        at = dt.momenta(*LIGHT, 3.0)
        for momentum, mass in ((at.k, 0), (at.p, 200), (at.k_out, 3), (at.p_out, 200)):
            assert abs(dt.product(momentum, momentum) - mass**2) < 1e-33
        assert abs(dt.product(at.q, at.q) + 2 * 200 * 5) < 1e-33
    end = 2 * 30.0**2 / (200.0 + 60.0)
    dt.vector_spin_zero(30.0, 0.9999999 * end, 200.0, 1.0)
    with pytest.raises(ValueError, match="cannot give a recoil"):
        dt.vector_spin_zero(30.0, 1.0000001 * end, 200.0, 1.0)


# --- explicit spinors instead of traces


def spinors(momentum, mass, spin):
    """u(p, spin) in the Dirac representation and v = i gamma2 u^*, its charge conjugate."""
    energy, (x, y, z) = momentum[0], momentum[1:]
    sigma_p = np.array([[z, x - 1j * y], [x + 1j * y, -z]])
    chi = np.eye(2)[spin]
    u = np.sqrt(energy + mass) * np.concatenate([chi, sigma_p @ chi / (energy + mass)])
    return u, 1j * dt.algebra().gamma[2].astype(complex) @ u.conj()


def amplitudes(at, lepton, target, couplings, antineutrino):
    """Mean over target spins and sum over the others of abs(M)^2, from spinors."""
    g = dt.algebra()
    gamma0, bar = g.gamma[0].astype(complex), lambda matrix: g.bar(matrix).astype(complex)
    k, p, k_out, p_out = (np.array([complex(x).real for x in vector]) for vector in (at.k, at.p, at.k_out, at.p_out))
    total = 0.0
    for a, b, c, d in np.ndindex(2, 2, 2, 2):
        hit, recoil = spinors(p, float(at.target), a)[0], spinors(p_out, float(at.target), b)[0]
        (u, v), (u_out, v_out) = spinors(k, 0.0, c), spinors(k_out, float(at.lepton), d)
        amplitude = 0.0
        for first, second, coupling in zip(lepton, target, couplings, strict=True):
            if antineutrino:
                line = v.conj() @ gamma0 @ bar(first) @ v_out * np.conj(coupling)
                nucleus = recoil.conj() @ gamma0 @ bar(second) @ hit
            else:
                line = u_out.conj() @ gamma0 @ first.astype(complex) @ u * coupling
                nucleus = recoil.conj() @ gamma0 @ second.astype(complex) @ hit
            amplitude += line * nucleus
        total += abs(amplitude) ** 2 / 2
    return total


@pytest.mark.parametrize("antineutrino", [False, True])
@pytest.mark.parametrize("phase", [1.0, -1.0, 1j, 0.6 + 0.8j])
def test_scalar_and_tensor_from_spinors(antineutrino, phase):
    """Every |M|^2 is also a sum over explicit helicity states; antineutrinos are the charge conjugates of neutrinos."""
    scalar, tensor = 2e-11, 0.7e-11 * phase
    g, at = dt.algebra(), dt.momenta(*LIGHT)
    lepton, target = dt._scalar_tensor_vertices(g)
    squared = amplitudes(at, lepton, target, [scalar] + [tensor] * 6, antineutrino)
    reference = squared / (32 * np.pi * LIGHT[2] * LIGHT[0] ** 2)
    options = {"antineutrino": antineutrino}
    np.testing.assert_allclose(dt.scalar_tensor_spin_half(*LIGHT, scalar, tensor, **options), reference, rtol=1e-12)
    pieces = (
        dt.scalar_spin_half(*LIGHT, scalar, **options)
        + dt.tensor_spin_half(*LIGHT, abs(tensor), **options)
        + (scalar * np.conj(tensor)).real * dt.scalar_tensor_interference(*LIGHT, **options)
    )
    np.testing.assert_allclose(pieces, reference, rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_vector_and_axial_from_spinors(antineutrino):
    g, at = dt.algebra(), dt.momenta(*LIGHT)
    lepton = [matrix @ (2 * g.left) for matrix in g.gamma]
    target = [matrix @ (0.7 * g.one - 0.4 * g.gamma5) for matrix in g.lowered()]
    squared = amplitudes(at, lepton, target, [dt.FERMI_CONSTANT_PER_MEV2 / np.sqrt(2)] * 4, antineutrino)
    found = dt.vector_spin_half(*LIGHT, 0.7, 0.4, antineutrino=antineutrino)
    np.testing.assert_allclose(found, squared / (32 * np.pi * LIGHT[2] * LIGHT[0] ** 2), rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_dipole_from_spinors(antineutrino):
    g, at = dt.algebra(), dt.momenta(*LIGHT, 3.0)
    coupling = 1e-10 * 18 * np.sqrt(4 * np.pi * dt.FINE_STRUCTURE_CONSTANT) / float(dt.product(at.q, at.q))
    squared = amplitudes(at, dt._dipole_vertices(g, at), g.lowered(), [coupling] * 4, antineutrino)
    found = dt.dipole_spin_half(*LIGHT, 18, 1e-10, 3.0, antineutrino=antineutrino)
    np.testing.assert_allclose(found, squared / (32 * np.pi * LIGHT[2] * LIGHT[0] ** 2), rtol=1e-12)


@dt.precisely
def test_fierz_identity():
    """(Nbar P_L nu)(nubar P_L N), of which nothing but two short traces remain, is (S + T/4)/2 for neutrinos.

    C. C. Nishi, Am. J. Phys. 73, 1160 (2005): (P_L)[P_L] = (1/2)(P_L][P_L) + (1/8)(sigma P_L][sigma P_L).
    """
    g, at = dt.algebra(), dt.momenta(*LIGHT)
    lepton, target = dt._scalar_tensor_vertices(g)
    target = [matrix @ g.left for matrix in target]
    couplings = np.array([mpmath.mpf(1) / 2] + [mpmath.mpf(1) / 8] * 6)
    found = couplings @ (dt.lepton_tensor(g, at, lepton) * dt.fermion_tensor(g, at, target)) @ couplings
    assert abs(found / (2 * dt.product(at.p_out, at.k) * dt.product(at.p, at.k_out)) - 1) < 1e-33


# --- correlations, totals and limits of the literature


@pytest.mark.parametrize(
    ("oracle", "coefficient"),
    [
        (lambda *at: dt.vector_spin_half(*at, 1.0), 1.0),
        (lambda *at: dt.vector_spin_half(*at, 0.0, 1.0), -1 / 3),
        (lambda *at: dt.scalar_spin_half(*at, 1e-11), -1.0),
        (lambda *at: dt.tensor_spin_half(*at, 1e-11), 1 / 3),
    ],
)
def test_angular_correlations(oracle, coefficient):
    """1 + a cos(theta) on a heavy target: a = 1, -1/3, -1, 1/3 for V, A, S, T.

    Jackson, Treiman and Wyld, Phys. Rev. 106, 517 (1957): the same lepton traces give the correlation of beta decay.
    """
    energy, mass = 1.0, 1e9

    def at(cosine):
        return oracle(energy, energy**2 * (1 - cosine) / mass, mass)

    np.testing.assert_allclose((at(0.5) - at(-0.5)) / at(0.0), coefficient, rtol=1e-6)


def test_total_on_a_heavy_nucleon():
    """sigma = (G_F^2 E^2/pi) (g_V^2 + 3 g_A^2), as for every allowed transition."""
    energy, mass = 1.0, 1e9
    total = integral(lambda t: dt.vector_spin_half(energy, t, mass, 0.6, 1.27), 2 * energy**2 / (mass + 2 * energy))
    expected = dt.FERMI_CONSTANT_PER_MEV2**2 * energy**2 / np.pi * (0.6**2 + 3 * 1.27**2)
    np.testing.assert_allclose(total, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("left", "antineutrino", "expected_cm2"),
    [
        (0.73863, False, 2.8871902965e-43),
        (0.73863, True, 1.2244432947e-43),
        (-0.26137, False, 4.5101859942e-44),
        (-0.26137, True, 4.1232790623e-44),
    ],
)
def test_total_on_electrons(left, antineutrino, expected_cm2):
    """nu_e, nubar_e, nu_mu and nubar_mu of 30 MeV, sin^2 theta_W = 0.23863: numbers of an independent evaluation."""
    end = 2 * 30.0**2 / (dt.ELECTRON_MASS_MEV + 60.0)
    total = integral(lambda t: dt.neutrino_electron(30.0, t, left, 0.23863, antineutrino=antineutrino), end)
    np.testing.assert_allclose(total * dt.HBAR_C_MEV_CM**2, expected_cm2, rtol=2e-8)


def test_high_energy_electrons():
    """sigma = (2 G_F^2 m_e E/pi)(g_L^2 + g_R^2/3), with 2 G_F^2 m_e/pi = 1.723e-41 cm^2/GeV: textbook values."""
    energy, left, right = 1e6, -0.27, 0.23
    end = 2 * energy**2 / (dt.ELECTRON_MASS_MEV + 2 * energy)
    neutrino, antineutrino = (
        integral(lambda t, anti=anti: dt.neutrino_electron(energy, t, left, right, antineutrino=anti), end)
        for anti in (False, True)
    )
    np.testing.assert_allclose(antineutrino / neutrino, (left**2 / 3 + right**2) / (left**2 + right**2 / 3), rtol=1e-5)
    per_GeV = neutrino * dt.HBAR_C_MEV_CM**2 / (energy / 1e3) / (left**2 + right**2 / 3)
    np.testing.assert_allclose(per_GeV, 1.723e-41, rtol=1e-3)


@pytest.mark.parametrize("recoil", [1e-3, 0.1, 3.0])
def test_magnetic_moment_of_electrons(recoil):
    """(pi alpha^2/m_e^2)(1/T - 1/E): P. Vogel and J. Engel, Phys. Rev. D 39, 3378 (1989)."""
    found = dt.dipole_spin_half(10.0, recoil, dt.ELECTRON_MASS_MEV, 1, dt.bohr_magneton_per_MeV())
    expected_cm2_per_MeV = 2.49467202e-25 * (1 / recoil - 1 / 10.0)
    np.testing.assert_allclose(found * dt.HBAR_C_MEV_CM**2, expected_cm2_per_MeV, rtol=1e-7)


# --- numbers of an independent evaluation of the trace


def test_unit():
    """(hbar c)^2 = 0.3893794 GeV^2 mbarn (PDG)."""
    np.testing.assert_allclose(dt.cm2_per_keV(1.0), 0.3893794e6 * 1e-27 * 1e-3, rtol=1e-6)


@pytest.mark.parametrize("name", NUCLEI)
def test_spin_zero_vector_formula(name):
    """(G_F^2 M/pi) Q^2 [1 - T/E - M T/(2 E^2)]: D. Z. Freedman, Phys. Rev. D 9, 1389 (1974), with all terms."""
    (energy, recoil), (_, mass) = POINTS[name], NUCLEI[name]
    shape = 1 - recoil / energy - mass * recoil / (2 * energy**2)
    expected = dt.FERMI_CONSTANT_PER_MEV2**2 * mass / np.pi * shape * 7.0**2
    np.testing.assert_allclose(dt.vector_spin_zero(energy, recoil, mass, 7.0), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "vector_cm2_per_keV", "zero_over_half", "scalar_ratio", "tensor_ratio", "scalar_over_heavy"),
    [
        ("Ar40", 2.6657335827e-41, 0.99999867984, 2.0000004031, 0.81577689589, 1.0000004031),
        ("Ge74", 2.9443776836e-40, 0.99999990999, 2.0000000726, 0.89407585214, None),
        ("Cs133", 1.1329165236e-39, 0.9999999475, 2.0000000162, 0.81682615014, 1.0000000162),
    ],
)
def test_independent_traces(name, vector_cm2_per_keV, zero_over_half, scalar_ratio, tensor_ratio, scalar_over_heavy):
    """Vector on spin 0, and over spin 1/2; scalar and tensor at T over those at T/2; scalar over M^2 T/(4 pi E^2)."""
    (energy, recoil), (protons, mass) = POINTS[name], NUCLEI[name]
    weak_charge = protons * (0.5 - 2 * 0.23863) - 0.5 * (int(name[2:]) - protons)
    zero, half = (f(energy, recoil, mass, weak_charge) for f in (dt.vector_spin_zero, dt.vector_spin_half))
    np.testing.assert_allclose(dt.cm2_per_keV(zero), vector_cm2_per_keV, rtol=1e-9)
    np.testing.assert_allclose(zero / half, zero_over_half, rtol=2e-11)
    for oracle, expected in ((dt.scalar_spin_half, scalar_ratio), (dt.tensor_spin_half, tensor_ratio)):
        ratio = oracle(energy, recoil, mass, 1e-11) / oracle(energy, recoil / 2, mass, 1e-11)
        np.testing.assert_allclose(ratio, expected, rtol=5e-11)
    if scalar_over_heavy:
        heavy = 1e-22 * mass**2 * recoil / (4 * np.pi * energy**2)
        np.testing.assert_allclose(
            dt.scalar_spin_half(energy, recoil, mass, 1e-11) / heavy, scalar_over_heavy, rtol=5e-11
        )
        np.testing.assert_allclose(dt.scalar_spin_zero(energy, recoil, mass, 1e-11) / heavy, 1, rtol=1e-13)


@pytest.mark.parametrize(
    ("name", "energy", "recoil", "lepton_mass", "expected_cm2_per_keV"),
    [
        ("Ar40", 30.0, 0.03, 0.0, 2.6915522127e-42),
        ("Ar40", 30.0, 0.03, 5.0, 2.6726025367e-42),
        ("Ge74", 30.0, 0.01, 10.0, 2.4775174174e-41),
        ("Cs133", 20.0, 0.004, 3.0, 1.8755064308e-40),
    ],
)
def test_independent_dipole(name, energy, recoil, lepton_mass, expected_cm2_per_keV):
    """A moment of 1e-9 Bohr magnetons on a nucleus of spin 0 without form factor, and its massive partner."""
    protons, mass = NUCLEI[name]
    moment = 1e-9 * dt.bohr_magneton_per_MeV()
    found = dt.dipole_spin_zero(energy, recoil, mass, protons, moment, lepton_mass)
    np.testing.assert_allclose(dt.cm2_per_keV(found), expected_cm2_per_keV, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "lepton_mass", "lowest", "highest"),
    [("Ar40", 5.0, 2.3655084078e-06, 0.047615469237), ("Ge74", 20.0, 0.00042393403419, 0.019892606666)],
)
def test_independent_end_points(name, lepton_mass, lowest, highest):
    """Recoils of 30 MeV neutrinos that become massive: allowed between the two end points, refused beyond them."""
    _, mass = NUCLEI[name]
    with mpmath.workdps(dt.DIGITS):
        # the reference lost digits of the lower end in a difference of 1e-16 M
        for end, inwards in ((lowest, 2e-6), (highest, -1e-9)):
            dt.momenta(30.0, end * (1 + inwards), mass, lepton_mass)
            with pytest.raises(ValueError, match="cannot give a recoil"):
                dt.momenta(30.0, end * (1 - inwards), mass, lepton_mass)
