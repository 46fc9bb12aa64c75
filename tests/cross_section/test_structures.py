"""Energy dependence, sign and size of every Lorentz structure against explicit traces of gamma matrices.

Most tests take a target of 200 MeV, where the recoil is no small correction: what the package leaves out of a structure
(T/M, T/E squared) is then a part in ten, and must be exactly what its docstring says.
"""

import dirac_trace as dt
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import (
    Axial,
    Coherent,
    DipolePortal,
    ElectronNSI,
    ElectronScattering,
    ElectronTreeLevel,
    FlavourMatrix,
    FlavourVector,
    GeneralizedScalar,
    GeneralizedTensor,
    GeneralizedVector,
    LightScalar,
    LightTensor,
    LightVector,
    MagneticMoment,
    QuarkScalar,
    QuarkTensor,
    SpinHalf,
    SpinZero,
    TreeLevel,
    kinematics,
)
from cevnsjax.target import NuclearSpin, Nuclide, PointLike, compound, nuclide

FERMI = dt.FERMI_CONSTANT_PER_MEV2
LIGHT = (30.0, 5.0, 200.0)  # E, T, M in MeV
NUCLEI = {"Ar40": (18, 22, 37215.526217), "Ge74": (32, 42, 68840.789161), "Cs133": (55, 78, 123772.53974)}
POINTS = {"Ar40": (30.0, 0.03), "Ge74": (30.0, 0.01), "Cs133": (20.0, 0.004)}
NEUTRINOS = ("nu_e", "nu_e_bar")
# proton and neutron from quarks: sums over up and down, typed in here
SCALAR = {
    "p": (938.27208816 * 0.0208 / 2.2, 938.27208816 * 0.0411 / 4.7),
    "n": (939.56542052 * 0.0189 / 2.2, 939.56542052 * 0.0451 / 4.7),
}
TENSOR = {"p": (0.784, -0.204), "n": (-0.204, 0.784)}


def point(protons, neutrons, mass, spin=None):
    return Nuclide(protons, neutrons, mass, PointLike(), PointLike(), spin)


def cross_section(interaction, target, energy, recoil, neutrino="nu_e"):
    """In MeV^-3, the unit of the traces; energies in MeV."""
    found = interaction.differential_cross_section(jnp.array([energy]), jnp.array([1e3 * recoil]), target, neutrino)
    return float(found[0]) * 1e-40 / dt.cm2_per_keV(1.0)


def of_terms(target, energy, recoil, neutrino="nu_e", **terms):
    return cross_section(Coherent(terms), target, energy, recoil, neutrino)


def shape(function, energy, recoil, mass):
    """One of the package's energy dependences as a number."""
    return float(
        np.array([1, 1 / energy, 1 / energy**2]) @ np.asarray(function(jnp.array([recoil]), jnp.array(mass)))[:, 0]
    )


# --- what each structure leaves out, on a light target


@pytest.mark.parametrize("antineutrino", [False, True])
def test_vector(antineutrino):
    """Spin 0 and spin 1/2 are exact."""
    energy, recoil, mass = LIGHT
    for form, oracle in ((SpinZero(), dt.vector_spin_zero), (SpinHalf(), dt.vector_spin_half)):
        interaction = Coherent({"sm": TreeLevel(0.23863)}, form)
        found = cross_section(interaction, point(3, 5, mass), energy, recoil, NEUTRINOS[antineutrino])
        weak = 3 * (0.5 - 2 * 0.23863) - 0.5 * 5
        np.testing.assert_allclose(found, oracle(energy, recoil, mass, weak, antineutrino=antineutrino), rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_axial(antineutrino):
    """A free nucleon has J = 1/2 and <S> = 1/2: the trace has T^2/(2 E^2) more, and the same sign for antineutrinos."""
    energy, recoil, mass = LIGHT
    exact = dt.vector_spin_half(energy, recoil, mass, 0.0, 0.6, antineutrino=antineutrino)
    left_out = recoil**2 / (2 * energy**2)
    expected = FERMI**2 * mass / np.pi * 0.6**2 * (shape(kinematics.axial, *LIGHT) + left_out)
    np.testing.assert_allclose(exact, expected, rtol=1e-12)
    target = point(1, 0, mass, NuclearSpin(0.5, 0.5, 0.0))
    found = of_terms(target, energy, recoil, NEUTRINOS[antineutrino], axial=Axial(1.2, 0.0))
    expected = FERMI**2 * mass / np.pi * 0.6**2 * shape(kinematics.axial, *LIGHT)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_scalar(antineutrino):
    """Exact for spin 0; for spin 1/2 times 1 + T/(2 M)."""
    energy, recoil, mass = LIGHT
    term = GeneralizedScalar(FlavourVector(e=0.8))
    found = of_terms(point(3, 5, mass), energy, recoil, NEUTRINOS[antineutrino], scalar=term)
    coupling = FERMI / np.sqrt(2) * 0.8 * 5  # C_S = N xi_S
    zero, half = (
        oracle(*LIGHT, coupling, antineutrino=antineutrino) for oracle in (dt.scalar_spin_zero, dt.scalar_spin_half)
    )
    np.testing.assert_allclose(found, zero, rtol=1e-12)
    np.testing.assert_allclose(found * (1 + recoil / (2 * mass)), half, rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_tensor(antineutrino):
    """The trace has T^2/(4 E^2) more."""
    energy, recoil, mass = LIGHT
    term = GeneralizedTensor(FlavourVector(e=0.8))
    found = of_terms(point(3, 5, mass), energy, recoil, NEUTRINOS[antineutrino], tensor=term)
    coupling = FERMI / np.sqrt(2) * 0.8 * 5 / np.sqrt(8)  # C_T = N xi_T/sqrt8
    exact = dt.tensor_spin_half(*LIGHT, coupling, antineutrino=antineutrino)
    kept = shape(kinematics.tensor, *LIGHT)
    np.testing.assert_allclose(found * (1 + recoil**2 / (4 * energy**2) / kept), exact, rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_magnetic(antineutrino):
    """Exact for a Dirac nucleus without anomalous moment; spin 0 has T^2/(4 E^2) more."""
    energy, recoil, mass = LIGHT
    term = MagneticMoment(FlavourMatrix(ee=1e-9))
    found = of_terms(point(3, 5, mass), energy, recoil, NEUTRINOS[antineutrino], magnetic=term)
    moment = 1e-9 * dt.bohr_magneton_per_MeV()
    zero, half = (
        oracle(*LIGHT, 3, moment, antineutrino=antineutrino) for oracle in (dt.dipole_spin_zero, dt.dipole_spin_half)
    )
    kept = shape(kinematics.magnetic, *LIGHT)
    np.testing.assert_allclose(found, half, rtol=1e-12)
    np.testing.assert_allclose(found * (1 + recoil**2 / (4 * energy**2) / kept), zero, rtol=1e-12)


@pytest.mark.parametrize("antineutrino", [False, True])
@pytest.mark.parametrize(("scalar", "tensor"), [(0.8, 0.5), (0.8, -0.5), (-0.3, 1.4)])
def test_scalar_tensor_interference(antineutrino, scalar, tensor):
    """What both do together less what each does alone, with its sign; the trace is that times 1 - T/(2 E)."""
    energy, recoil, mass = LIGHT
    target, neutrino = point(3, 5, mass), NEUTRINOS[antineutrino]
    terms = {
        "scalar": GeneralizedScalar(FlavourVector(e=scalar)),
        "tensor": GeneralizedTensor(FlavourVector(e=tensor)),
    }
    alone = sum(of_terms(target, energy, recoil, neutrino, **{name: term}) for name, term in terms.items())
    found = of_terms(target, energy, recoil, neutrino, **terms) - alone
    couplings = FERMI / np.sqrt(2) * scalar * 5, FERMI / np.sqrt(2) * tensor * 5 / np.sqrt(8)
    exact = couplings[0] * couplings[1] * dt.scalar_tensor_interference(*LIGHT, antineutrino=antineutrino)
    np.testing.assert_allclose(found * (1 - recoil / (2 * energy)), exact, rtol=1e-11)
    assert np.sign(found) == (1 if antineutrino else -1) * np.sign(scalar * tensor)


def test_interference_of_a_mixed_target():
    """Scalar and tensor amplitudes of protons and neutrons, each with its own coupling: (sum of S) times (sum of T)."""
    energy, recoil, mass = LIGHT
    terms = {
        "scalar": QuarkScalar(FlavourVector(e=2e-3), FlavourVector(e=-5e-3)),
        "tensor": QuarkTensor(FlavourVector(e=0.3)),
    }
    amplitude = {"s": 0.0, "t": 0.0}
    for nucleon, number in (("p", 3), ("n", 5)):
        amplitude["s"] += number * FERMI / np.sqrt(2) * np.dot(SCALAR[nucleon], (2e-3, -5e-3))
        amplitude["t"] += number * FERMI * np.sqrt(2) * 0.3 * TENSOR[nucleon][1]
    for neutrino, antineutrino in zip(NEUTRINOS, (False, True), strict=True):
        alone = sum(of_terms(point(3, 5, mass), energy, recoil, neutrino, **{k: v}) for k, v in terms.items())
        found = of_terms(point(3, 5, mass), energy, recoil, neutrino, **terms) - alone
        exact = amplitude["s"] * amplitude["t"] * dt.scalar_tensor_interference(*LIGHT, antineutrino=antineutrino)
        np.testing.assert_allclose(found * (1 - recoil / (2 * energy)), exact, rtol=1e-11)


def test_vectors_do_not_interfere_with_the_others():
    """Helicity flips: the rate of everything is the sum, but for scalar and tensor."""
    target, (energy, recoil, _) = point(3, 5, LIGHT[2]), LIGHT
    terms = {
        "sm": TreeLevel(),
        "scalar": GeneralizedScalar(FlavourVector.universal(0.7)),
        "magnetic": MagneticMoment(FlavourMatrix(ee=1e-8)),
    }
    together = of_terms(target, energy, recoil, **terms)
    apart = sum(of_terms(target, energy, recoil, **{name: term}) for name, term in terms.items())
    np.testing.assert_allclose(together, apart, rtol=1e-13)


# --- sizes from Lagrangian couplings, on real nuclei


@pytest.mark.parametrize("name", NUCLEI)
@pytest.mark.parametrize("mass_MeV", [0.0, 3.0, 1e4])
def test_light_scalar(name, mass_MeV):
    """Exchange of phi: g_S = g^2 c_a (Z c_p + N c_n)/(2 M T + m^2)."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    term = LightScalar(mass_MeV, 2e-4, 17.0, 16.0, 1.0, FlavourVector(e=0.7))
    coupling = 4e-8 * 0.7 * (protons * 17.0 + neutrons * 16.0) / (2 * mass * recoil + mass_MeV**2)
    found = of_terms(point(protons, neutrons, mass), energy, recoil, scalar=term)
    np.testing.assert_allclose(found, dt.scalar_spin_zero(energy, recoil, mass, coupling), rtol=1e-12)
    np.testing.assert_allclose(found, dt.scalar_spin_half(energy, recoil, mass, coupling), rtol=1e-6)


@pytest.mark.parametrize("name", NUCLEI)
@pytest.mark.parametrize("mass_MeV", [0.0, 3.0, 1e4])
def test_light_tensor(name, mass_MeV):
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    term = LightTensor(mass_MeV, 2e-4, 0.6, 0.4, FlavourVector(e=-0.7))
    coupling = -4e-8 * 0.7 * (protons * 0.6 + neutrons * 0.4) / (2 * mass * recoil + mass_MeV**2)
    found = of_terms(point(protons, neutrons, mass), energy, recoil, tensor=term)
    np.testing.assert_allclose(found, dt.tensor_spin_half(energy, recoil, mass, coupling), rtol=1e-6)


@pytest.mark.parametrize("name", NUCLEI)
def test_light_vector_alone(name):
    """L = g' Z'_mu [...]: with P_L and g'^2/(Q^2 + M^2) the trace has (G_F/sqrt2) 2 g^p for its coupling."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    term = LightVector(7.0, 3e-5, 0.4, -0.9, 1.0, FlavourVector(e=1.3))
    charge = protons * (2 * 0.4 - 0.9) + neutrons * (0.4 - 2 * 0.9)
    # nubar gamma P_L nu is half of nubar gamma (1 - gamma5) nu
    coupling = 0.5 * 9e-10 * 1.3 * charge / (2 * mass * recoil + 49.0) / (FERMI / np.sqrt(2))
    found = of_terms(point(protons, neutrons, mass), energy, recoil, zprime=term)
    np.testing.assert_allclose(found, dt.vector_spin_zero(energy, recoil, mass, coupling), rtol=1e-12)


@pytest.mark.parametrize("name", NUCLEI)
def test_generalized_vector(name):
    """xi_V = -2 C_V/N adds to the Standard Model's 1 - (1 - 4 s_W^2) Z/N."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    target = point(protons, neutrons, mass)
    xi = 1 - (1 - 4 * 0.23863) * protons / neutrons
    for terms, strength in (
        ({"sm": TreeLevel(0.23863)}, xi),
        ({"v": GeneralizedVector(FlavourVector(e=xi))}, xi),
        ({"sm": TreeLevel(0.23863), "v": GeneralizedVector(FlavourVector(e=0.3))}, xi + 0.3),
    ):
        exact = dt.vector_spin_zero(energy, recoil, mass, 0.5 * neutrons * strength)
        np.testing.assert_allclose(of_terms(target, energy, recoil, **terms), exact, rtol=1e-12)


@pytest.mark.parametrize("name", NUCLEI)
@pytest.mark.parametrize(("flavour", "neutrino"), [("e", "nu_e"), ("mu", "nu_mu_bar"), ("tau", "nu_tau")])
def test_generalized_in_the_units_of_its_papers(name, flavour, neutrino):
    """(G_F^2 M N^2/4 pi) [xi_S^2 T/T_m + xi_T^2 (1 - T/2 T_m - T/E)] with T_m = 2 E^2/M."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    largest = 2 * energy**2 / mass
    scale = FERMI**2 * mass * neutrons**2 / (4 * np.pi)
    target = point(protons, neutrons, mass)
    scalar = of_terms(target, energy, recoil, neutrino, s=GeneralizedScalar(FlavourVector(**{flavour: 0.6})))
    tensor = of_terms(target, energy, recoil, neutrino, t=GeneralizedTensor(FlavourVector(**{flavour: 0.6})))
    np.testing.assert_allclose(scalar, scale * 0.36 * recoil / largest, rtol=1e-12)
    np.testing.assert_allclose(tensor, scale * 0.36 * (1 - recoil / (2 * largest) - recoil / energy), rtol=1e-12)
    assert (
        of_terms(
            target,
            energy,
            recoil,
            "nu_tau" if flavour != "tau" else "nu_e",
            s=GeneralizedScalar(FlavourVector(**{flavour: 0.6})),
        )
        == 0
    )


@pytest.mark.parametrize("name", NUCLEI)
def test_quark_scalar(name):
    """g_S = (G_F/sqrt2) sum over nucleons of C_q (m_N/m_q) f_Tq."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    term = QuarkScalar(FlavourVector(e=3e-3), FlavourVector(e=-4e-3))
    quarks = protons * np.array(SCALAR["p"]) + neutrons * np.array(SCALAR["n"])
    coupling = FERMI / np.sqrt(2) * np.dot(quarks, (3e-3, -4e-3))
    found = of_terms(point(protons, neutrons, mass), energy, recoil, scalar=term)
    np.testing.assert_allclose(found, dt.scalar_spin_zero(energy, recoil, mass, coupling), rtol=1e-12)


@pytest.mark.parametrize("name", NUCLEI)
def test_quark_tensor(name):
    """g_T = sqrt2 G_F C' sum over nucleons of delta_d."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    coupling = np.sqrt(2) * FERMI * 0.2 * (protons * -0.204 + neutrons * 0.784)
    found = of_terms(point(protons, neutrons, mass), energy, recoil, tensor=QuarkTensor(FlavourVector(e=0.2)))
    np.testing.assert_allclose(found, dt.tensor_spin_half(energy, recoil, mass, coupling), rtol=1e-6)


@pytest.mark.parametrize("name", NUCLEI)
def test_magnetic_moment(name):
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    term = MagneticMoment(FlavourMatrix(ee=1e-9))
    exact = dt.dipole_spin_half(energy, recoil, mass, protons, 1e-9 * dt.bohr_magneton_per_MeV())
    found = of_terms(point(protons, neutrons, mass), energy, recoil, magnetic=term)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


@pytest.mark.parametrize("name", NUCLEI)
@pytest.mark.parametrize("heavy_MeV", [0.0, 0.1, 3.0, 10.0, 15.0])
@pytest.mark.parametrize("antineutrino", [False, True])
def test_dipole_portal(name, heavy_MeV, antineutrino):
    """The closed form is the trace over a Dirac nucleus, exactly; spin 0 is within 1e-5."""
    (protons, neutrons, mass), (energy, recoil) = NUCLEI[name], POINTS[name]
    interaction = DipolePortal(heavy_MeV, FlavourVector(e=1e-9, mu=7.0))
    found = cross_section(interaction, point(protons, neutrons, mass), energy, recoil, NEUTRINOS[antineutrino])
    at = (energy, recoil, mass, protons, 1e-9 * dt.bohr_magneton_per_MeV(), heavy_MeV)
    np.testing.assert_allclose(found, dt.dipole_spin_half(*at, antineutrino=antineutrino), rtol=1e-12)
    np.testing.assert_allclose(found, dt.dipole_spin_zero(*at, antineutrino=antineutrino), rtol=1e-5)


@pytest.mark.parametrize("heavy_MeV", [0.0, 1.0, 6.0, 15.0])
def test_dipole_portal_on_a_light_target(heavy_MeV):
    energy, recoil, mass = LIGHT
    found = cross_section(DipolePortal(heavy_MeV, FlavourVector(e=1e-9)), point(3, 5, mass), energy, recoil)
    moment = 1e-9 * dt.bohr_magneton_per_MeV()
    np.testing.assert_allclose(found, dt.dipole_spin_half(*LIGHT, 3, moment, heavy_MeV), rtol=1e-12)


# --- electrons


CARBON = nuclide("C12")  # six electrons, all free above 0.3 keV


def on_electrons(energy, recoil, neutrino="nu_e", **terms):
    """For each electron."""
    return cross_section(ElectronScattering.on(compound("[C12]"), terms=terms), CARBON, energy, recoil, neutrino) / 6


@pytest.mark.parametrize("recoil", [1e-3, 0.1, 5.0, 20.0])
@pytest.mark.parametrize(
    ("neutrino", "left"),
    [
        (f"nu_{flavour}{bar}", left)
        for flavour, left in (("e", 0.73863), ("mu", -0.26137), ("tau", -0.26137))
        for bar in ("", "_bar")
    ],
)
def test_electrons_in_the_standard_model(neutrino, left, recoil):
    exact = dt.neutrino_electron(30.0, recoil, left, 0.23863, antineutrino=neutrino.endswith("bar"))
    found = on_electrons(30.0, recoil, neutrino, sm=ElectronTreeLevel(0.23863))
    np.testing.assert_allclose(found, exact, rtol=1e-11)


@pytest.mark.parametrize("antineutrino", [False, True])
@pytest.mark.parametrize(("left", "right"), [(0.3, 0.0), (0.0, -0.4), (0.3, -0.4)])
def test_chiral_couplings_of_electrons(left, right, antineutrino):
    term = ElectronNSI(FlavourMatrix(mumu=left), FlavourMatrix(mumu=right))
    found = on_electrons(4.0, 1.7, ("nu_mu", "nu_mu_bar")[antineutrino], nsi=term)
    exact = dt.neutrino_electron(4.0, 1.7, left, right, antineutrino=antineutrino)
    np.testing.assert_allclose(found, exact, rtol=1e-11)


@pytest.mark.parametrize("mass_MeV", [0.0, 0.2, 1e4])
@pytest.mark.parametrize("recoil", [1e-3, 1.0, 9.0])
@pytest.mark.parametrize("neutrino", NEUTRINOS)
def test_light_scalar_on_electrons(mass_MeV, recoil, neutrino):
    """Spin 1/2, exactly: the electron is light."""
    term = LightScalar(mass_MeV, 2e-4, electron_coupling=0.6, neutrino_couplings=FlavourVector(e=0.7))
    electron = dt.ELECTRON_MASS_MEV
    coupling = 4e-8 * 0.6 * 0.7 / (2 * electron * recoil + mass_MeV**2)
    exact = dt.scalar_spin_half(10.0, recoil, electron, coupling)
    np.testing.assert_allclose(on_electrons(10.0, recoil, neutrino, scalar=term), exact, rtol=1e-11)


@pytest.mark.parametrize("recoil", [1e-3, 1.0, 9.0])
@pytest.mark.parametrize("neutrino", NEUTRINOS)
def test_magnetic_moment_on_electrons(recoil, neutrino):
    found = on_electrons(10.0, recoil, neutrino, magnetic=MagneticMoment(FlavourMatrix(ee=1e-10)))
    moment = 1e-10 * dt.bohr_magneton_per_MeV()
    exact = dt.dipole_spin_half(10.0, recoil, dt.ELECTRON_MASS_MEV, 1, moment)
    np.testing.assert_allclose(found, exact, rtol=1e-11)


def test_terms_on_electrons_add_in_the_rate_but_chiral_ones_in_the_amplitude():
    terms = {
        "sm": ElectronTreeLevel(0.23863),
        "nsi": ElectronNSI(FlavourMatrix(ee=0.1), FlavourMatrix(ee=-0.2)),
        "scalar": LightScalar(1.0, 1e-5),
        "magnetic": MagneticMoment(FlavourMatrix(ee=1e-10)),
    }
    coupling = 1e-10 / (2 * dt.ELECTRON_MASS_MEV * 0.5 + 1.0)
    moment = 1e-10 * dt.bohr_magneton_per_MeV()
    exact = (
        dt.neutrino_electron(10.0, 0.5, 0.73863 + 0.1, 0.23863 - 0.2)
        + dt.scalar_spin_half(10.0, 0.5, dt.ELECTRON_MASS_MEV, coupling)
        + dt.dipole_spin_half(10.0, 0.5, dt.ELECTRON_MASS_MEV, 1, moment)
    )
    np.testing.assert_allclose(on_electrons(10.0, 0.5, **terms), exact, rtol=1e-11)
