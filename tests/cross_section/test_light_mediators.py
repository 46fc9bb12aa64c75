"""Light mediators: their limits, charges and nucleon couplings by hand; both precisions over all masses."""

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from cevnsjax.cross_section import (
    NSI,
    BaryonMinusLeptons,
    Coherent,
    DipolePortal,
    ElectronScattering,
    ElectronTreeLevel,
    FlavourMatrix,
    FlavourVector,
    LightScalar,
    LightTensor,
    LightVector,
    MuonMinusTau,
    TreeLevel,
    nucleon_scalar_couplings,
    nucleon_tensor_couplings,
)
from cevnsjax.errors import CevnsjaxError
from cevnsjax.target import compound, nuclide

FERMI, ALPHA = 1.1663788e-11, 7.2973525693e-3  # MeV^-2
NEUTRINOS = ("nu_e", "nu_mu", "nu_tau_bar")
CESIUM = nuclide("Cs133")
RECOILS_KEV = np.array([1.0, 4.0, 9.0])


@eqx.filter_jit
def rates_of_all(terms):
    """Rates at 30 MeV for each neutrino: one program for each set of terms."""
    energies, recoils = jnp.full(3, 30.0), jnp.asarray(RECOILS_KEV)
    return {
        neutrino: Coherent(terms).differential_cross_section(energies, recoils, CESIUM, neutrino)
        for neutrino in (*NEUTRINOS, "nu_tau")
    }


def rates(terms, neutrino="nu_e"):
    return np.asarray(rates_of_all(terms)[neutrino])


@eqx.filter_jit
def couplings(term, q2):
    return term.couplings(q2)


@eqx.filter_jit
def electron_couplings(term, q2):
    return term.electron_couplings(q2)


def diagonal(term, q2):
    """Proton and neutron coupling of each flavour at one Q^2; everything else must vanish."""
    found = []
    for coupling in map(np.asarray, couplings(term, jnp.array([q2]))):
        matrix = coupling[0, ..., 0]
        np.testing.assert_array_equal(matrix, np.diag(np.diagonal(matrix)))
        np.testing.assert_array_equal(coupling[1], 0.0)
        found.append(np.diagonal(matrix))
    return found


# --- vectors


@pytest.mark.parametrize("neutrino", NEUTRINOS)
def test_heavy_vector_is_nsi(neutrino):
    """eps^q_aa = g^2 Q_q Q_a/(sqrt2 G_F M^2): g = 0.1 at 10 GeV is eps = 6.06 Q_q Q_a."""
    charges = FlavourVector(0.7, -0.3, 0.5)
    heavy = LightVector(1e4, 0.1, 0.4, -0.6, 1.0, charges)
    strength = 0.1**2 / (np.sqrt(2) * FERMI * 1e8)
    np.testing.assert_allclose(strength, 6.0625, rtol=1e-3)

    def epsilon(quark):
        return FlavourMatrix(*(strength * quark * charge for charge in (0.7, -0.3, 0.5)))

    contact = NSI(epsilon(0.4), epsilon(-0.6))
    found = rates({"sm": TreeLevel(), "z": heavy}, neutrino)
    # 2 M T/M'^2 is 2e-5 here
    np.testing.assert_allclose(found, rates({"sm": TreeLevel(), "nsi": contact}, neutrino), rtol=1e-4)
    # at 1e5 MeV and the same g/M, a hundred times closer
    heavier = eqx.tree_at(lambda z: (z.mass_MeV, z.coupling), heavy, (jnp.array(1e5), jnp.array(1.0)))
    np.testing.assert_allclose(
        rates({"sm": TreeLevel(), "z": heavier}, neutrino),
        rates({"sm": TreeLevel(), "nsi": contact}, neutrino),
        rtol=1e-6,
    )


def test_massless_vector():
    """g^2 Q Q'/(sqrt2 G_F Q^2): the amplitude alone falls as 1/T, the rate as 1/T^2 up to kinematics."""
    for q2 in (1e-6, 1.0, 2500.0):
        protons, neutrons = diagonal(LightVector(0.0, 1e-4, 0.5, 2.0, 1.0, FlavourVector(1.0, -1.0, 0.0)), q2)
        size = 1e-8 / (np.sqrt(2) * FERMI * q2)
        np.testing.assert_allclose(protons, 3.0 * size * np.array([1, -1, 0]), rtol=1e-13)
        np.testing.assert_allclose(neutrons, 4.5 * size * np.array([1, -1, 0]), rtol=1e-13)
    tiny = diagonal(LightVector(1e-6, 1e-4), 100.0)
    np.testing.assert_allclose(tiny, diagonal(LightVector(0.0, 1e-4), 100.0), rtol=1e-13)


@pytest.mark.parametrize("neutrino", NEUTRINOS)
def test_universal_is_destructive_and_b_minus_l_constructive(neutrino):
    """The Standard Model has a negative charge; 3 A g^2/[sqrt2 G_F (Q^2 + M^2)] and -A g^2/[...] are added to it."""
    standard = rates({"sm": TreeLevel()}, neutrino)
    for kind, per_nucleon in ((LightVector, 3.0), (BaryonMinusLeptons, -1.0)):
        terms = {"sm": TreeLevel(), "z": kind(50.0, 3e-5)}
        mass, recoils = float(CESIUM.mass_MeV), 1e-3 * RECOILS_KEV
        exchange = 9e-10 / (np.sqrt(2) * FERMI * (2 * mass * recoils + 2500.0))
        weak = 55 * 0.02274 - 78 * 0.5
        # protons and neutrons have one form factor here, so it cancels
        expected = ((weak + per_nucleon * 133 * exchange) / weak) ** 2
        np.testing.assert_allclose(rates(terms, neutrino) / standard, expected, rtol=1e-11)
        assert np.all(expected < 1.0) if per_nucleon > 0 else np.all(expected > 1.0)


def test_universal_cancels_the_standard_model():
    """The band: at twice the g^2 that makes the amplitude vanish, the rate is that of the Standard Model."""
    mass, recoil, weak = float(CESIUM.mass_MeV), 4e-3, 55 * 0.02274 - 78 * 0.5
    vanishing = -weak / (3 * 133) * np.sqrt(2) * FERMI * (2 * mass * recoil + 2500.0)
    at = RECOILS_KEV.tolist().index(1e3 * recoil)
    standard = rates({"sm": TreeLevel()})[at]
    none = rates({"sm": TreeLevel(), "z": LightVector(50.0, np.sqrt(vanishing))})[at]
    same = rates({"sm": TreeLevel(), "z": LightVector(50.0, np.sqrt(2 * vanishing))})[at]
    assert abs(none) < 1e-15 * standard  # squares are expanded, so they cancel to rounding
    np.testing.assert_allclose(same, standard, rtol=1e-11)


@pytest.mark.parametrize(
    "charges", [(1.0, 1.0, 1.0), (0.0, 3.0, 0.0), (1.0, 3.0, -1.0), (3.0, 0.0, 0.0), (0.4, -2.0, 4.6)]
)
def test_b_minus_lepton_charges(charges):
    """g^N_aa = -x_a g^2/[sqrt2 G_F (Q^2 + M^2)] for protons and neutrons alike, x_e^2 for electrons and nu_e."""
    term = BaryonMinusLeptons.from_charges(30.0, 2e-5, *charges)
    np.testing.assert_allclose(term.x_tau, charges[2], rtol=1e-14, atol=1e-14)
    exchange = 4e-10 / (np.sqrt(2) * FERMI * (700.0 + 900.0))
    for coupling in diagonal(term, 700.0):
        np.testing.assert_allclose(coupling, -exchange * np.array(charges), rtol=1e-12, atol=1e-14 * exchange)
    for coupling in electron_couplings(term, jnp.array([700.0])):
        found = np.diagonal(np.asarray(coupling)[0, ..., 0])
        np.testing.assert_allclose(found, 0.5 * exchange * charges[0] * np.array(charges), rtol=1e-12, atol=1e-20)


def test_charges_that_are_not_free_of_anomalies():
    message = r"x_e \+ x_mu \+ x_tau must be 3 .* free of anomalies, got 1 \+ 1 \+ 2 = 4\."
    with pytest.raises(CevnsjaxError, match=message):
        BaryonMinusLeptons.from_charges(10.0, 1e-4, 1.0, 1.0, 2.0)


def test_muon_minus_tau_at_rest():
    """Q_p = (alpha/3 pi) ln(m_tau^2/m_mu^2) = 4.3705e-3, on nu_mu and the opposite on nu_tau; nothing on neutrons."""
    charge = ALPHA / (3 * np.pi) * np.log(1776.86**2 / 105.6583755**2)
    np.testing.assert_allclose(charge, 4.3705e-3, rtol=1e-4)
    protons, neutrons = diagonal(MuonMinusTau(20.0, 1e-3), 1e-9)
    exchange = 1e-6 / (np.sqrt(2) * FERMI * 400.0)
    np.testing.assert_allclose(protons, exchange * charge * np.array([0, 1, -1]), rtol=1e-11)
    np.testing.assert_array_equal(neutrons, 0.0)
    left, right = electron_couplings(MuonMinusTau(20.0, 1e-3), jnp.array([1e-9]))
    for coupling in (left, right):
        found = np.diagonal(np.asarray(coupling)[0, ..., 0])
        np.testing.assert_allclose(found, -0.5 * exchange * charge * np.array([0, 1, -1]), rtol=1e-11)


@pytest.mark.parametrize("q2", [1.0, 900.0, 1e4])
def test_muon_minus_tau_loops(q2):
    """(2 alpha/pi) times the integral of z(1-z) ln[(m_tau^2 + z(1-z) Q^2)/(m_mu^2 + z(1-z) Q^2)]."""

    def integrand(z):
        w = z * (1 - z)
        return w * mpmath.log((1776.86**2 + w * q2) / (105.6583755**2 + w * q2))

    charge = 2 * ALPHA / np.pi * float(mpmath.quad(integrand, [0, 0.5, 1]))
    protons, _ = diagonal(MuonMinusTau(20.0, 1e-3), q2)
    np.testing.assert_allclose(protons[1], 1e-6 / (np.sqrt(2) * FERMI * (q2 + 400.0)) * charge, rtol=1e-12)


def test_muon_minus_tau_lowers_nu_mu_and_raises_nu_tau():
    terms = {"sm": TreeLevel(), "z": MuonMinusTau(50.0, 1e-3)}
    standard = rates({"sm": TreeLevel()})
    np.testing.assert_allclose(rates(terms, "nu_e"), standard, rtol=1e-14)
    assert np.all(rates(terms, "nu_mu") < standard)
    assert np.all(rates(terms, "nu_tau") > standard)


# --- nucleons


def test_nucleon_scalar_couplings():
    """17.08 and 17.09, and the numbers of another code, which has quark masses and f_Tq of its own rounding."""
    proton, neutron = nucleon_scalar_couplings(1.0, 1.0)
    by_hand = 938.27208816 * (0.0208 / 2.2 + 0.0411 / 4.7), 939.56542052 * (0.0189 / 2.2 + 0.0451 / 4.7)
    np.testing.assert_allclose((proton, neutron), by_hand, rtol=1e-14)
    np.testing.assert_allclose((proton, neutron), (17.08, 17.09), atol=0.005)
    peer = 1.707578806576402e-07 / 1e-8, 1.708745241779497e-07 / 1e-8
    np.testing.assert_allclose((proton, neutron), peer, rtol=1e-3)
    up = nucleon_scalar_couplings(1.0, 0.0)
    np.testing.assert_allclose(up, (938.27208816 * 0.0208 / 2.2, 939.56542052 * 0.0189 / 2.2), rtol=1e-14)


def test_nucleon_tensor_couplings():
    np.testing.assert_allclose(nucleon_tensor_couplings(1.0, 0.0), (0.784, -0.204), rtol=1e-15)
    np.testing.assert_allclose(nucleon_tensor_couplings(0.0, 1.0), (-0.204, 0.784), rtol=1e-15)
    np.testing.assert_allclose(nucleon_tensor_couplings(1.0, 1.0), (0.58, 0.58), rtol=1e-15)


def test_defaults_are_universal_quark_couplings():
    scalar, tensor = LightScalar(1.0, 1.0), LightTensor(1.0, 1.0)
    found = scalar.proton_coupling, scalar.neutron_coupling
    np.testing.assert_allclose(found, nucleon_scalar_couplings(1.0, 1.0), rtol=1e-15)
    np.testing.assert_allclose((tensor.proton_coupling, tensor.neutron_coupling), 0.58, rtol=1e-14)


@pytest.mark.parametrize("kind", [LightScalar, LightTensor])
def test_heavy_and_massless_limits_of_rates(kind):
    """g^4/m^4 for heavy ones; a massless one goes as 1/Q^4."""
    heavy, heavier = (rates({"x": kind(mass, 1e-2)}) for mass in (1e5, 2e5))
    np.testing.assert_allclose(heavier / heavy, 1 / 16, rtol=1e-6)
    light, q2 = rates({"x": kind(0.0, 1e-5)}), 2 * float(CESIUM.mass_MeV) * 1e-3 * RECOILS_KEV
    shape = heavy / light * q2**-2
    np.testing.assert_allclose(shape / shape[0], 1.0, rtol=1e-5)


# --- refusals


@pytest.mark.parametrize("kind", [LightVector, BaryonMinusLeptons, MuonMinusTau, LightScalar, LightTensor])
@pytest.mark.parametrize("mass", [-1.0, np.nan, np.inf])
def test_masses_must_not_be_negative(kind, mass):
    with pytest.raises(CevnsjaxError, match="mass_MeV must be zero or positive and in MeV, got"):
        kind(mass, 1e-4)
    if kind is LightVector:
        with pytest.raises(CevnsjaxError, match="mass_MeV must be zero or positive and in MeV, got"):
            DipolePortal(mass)


# --- every mass and coupling, in both precisions

MASSES = np.array([1e-3, 1e-2, 1.0, 30.0, 1e3, 1e5])
COUPLINGS = np.array([1e-8, 1e-6, 1e-4, 1e-2, 1.0])
KINDS = {
    "vector": LightVector,
    "b-l": BaryonMinusLeptons,
    "mu-tau": MuonMinusTau,
    "scalar": LightScalar,
    "tensor": LightTensor,
}


def on_grid(name, electrons):
    """Cross section and gradient with respect to log mass and coupling, at every mass, coupling and recoil."""
    masses, couplings, recoils = (
        jnp.asarray(axis.reshape(-1).astype(np.float32), dtype=float)
        for axis in np.meshgrid(MASSES, COUPLINGS, [0.05, 3.0], indexing="ij")
    )
    target = nuclide("Cs133")
    interaction = ElectronScattering.on(compound("CsI")) if electrons else Coherent({"sm": TreeLevel()})

    def rate(mass, coupling, recoil):
        with_it = interaction.with_terms({"new": KINDS[name](mass, coupling)})
        return with_it.differential_cross_section(jnp.array([30.0]), recoil[None], target, "nu_mu")[0]

    point = jax.value_and_grad(rate, argnums=(0, 1))
    value, gradient = jax.jit(jax.vmap(point))(masses, couplings, recoils)
    return np.asarray(value), [np.asarray(each) for each in gradient]


@pytest.mark.parametrize(
    ("name", "electrons"),
    [*((name, False) for name in KINDS), *((name, True) for name in KINDS if name != "tensor")],
)
def test_no_overflow_in_either_precision(name, electrons):
    double, double_gradient = on_grid(name, electrons)
    assert np.all(np.isfinite(double))
    assert np.all(np.isfinite(double_gradient))
    assert np.all(double > 0.0)
    with jax.enable_x64(False):
        single, single_gradient = on_grid(name, electrons)
    assert single.dtype == np.float32
    assert np.all(np.isfinite(single))
    assert np.all(np.isfinite(single_gradient))
    np.testing.assert_allclose(single, double, rtol=1e-5)


def test_light_vector_on_electrons_is_a_shift_of_g_v():
    """g_V gains g^2 Q_e Q_a/[sqrt2 G_F (2 m_e T + M^2)], half of it g_L and half g_R."""
    recoil, electron = 40.0, 0.51099895
    shift = 1e-12 * 0.8 * -1.5 / (np.sqrt(2) * FERMI * (2 * electron * 1e-3 * recoil + 0.25))
    light = LightVector(0.5, 1e-6, electron_charge=0.8, neutrino_charges=FlavourVector(mu=-1.5))
    base = ElectronScattering.on(compound("[C12]"), terms={"sm": ElectronTreeLevel(0.23863)})
    cross_section = eqx.filter_jit(base.with_terms({"z": light}).differential_cross_section)
    found = cross_section(jnp.array([5.0]), jnp.array([recoil]), nuclide("C12"), "nu_mu")
    left, right, t = -0.26137 + shift / 2, 0.23863 + shift / 2, 1e-3 * recoil
    bracket = left**2 + right**2 * (1 - t / 5) ** 2 - left * right * electron * t / 25
    unit = (197.3269804e-13) ** 2 * 1e-3 * 1e40
    np.testing.assert_allclose(found, [6 * 2 * FERMI**2 * electron / np.pi * bracket * unit], rtol=1e-12)
