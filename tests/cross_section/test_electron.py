"""Scattering on electrons: totals and averages from elsewhere, shells, counts in CsI by adaptive quadrature."""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, quad_vec
from scipy.stats import gamma

from cevnsjax.cross_section import (
    ElectronNSI,
    ElectronScattering,
    ElectronTreeLevel,
    FlavourMatrix,
    Panels,
    Recoil,
    flux_averaged_cross_section,
)
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.flux import MonoEnergetic, PionDecayAtRest
from cevnsjax.target import ElectronShells, compound, electron_shells, nuclide

FERMI, HBAR_C, ELECTRON = 1.1663788e-11, 197.3269804e-13, 0.51099895  # MeV^-2, MeV cm, MeV
PION, MUON = 139.57039, 105.6583755
LINE, END = (PION**2 - MUON**2) / (2 * PION), MUON / 2
SIN2 = 0.23863
GAUSS = {nodes: np.polynomial.legendre.leggauss(nodes) for nodes in (6, 64)}
LEFT = {"nu_e": SIN2 + 0.5, "nu_mu": SIN2 - 0.5, "nu_tau": SIN2 - 0.5}


def largest(energy):
    return 2 * energy**2 / (ELECTRON + 2 * energy)


# one program each, not one operation at a time


@eqx.filter_jit
def differential(interaction, energy, recoil_keV, target, neutrino):
    return interaction.differential_cross_section(energy, recoil_keV, target, neutrino)


@eqx.filter_jit
def differentials(interaction, energy, recoil_keV, target, neutrinos):
    return [interaction.differential_cross_section(energy, recoil_keV, target, neutrino) for neutrino in neutrinos]


def per_free_electron(flux):
    """Average over a flux on a target whose electrons are all free, cm^2."""
    free = ElectronScattering({"sm": ElectronTreeLevel(SIN2)}, ElectronShells([0.0], [6.0]))
    return np.asarray(flux_averaged_cross_section(free, flux, compound("[C12]"))) * 1e-40 / 6


# --- published and independent numbers


def test_averages_over_decay_at_rest():
    """nu_mu, nu_e, nu_mu_bar at sin^2 theta_W = 0.23863: numbers of an independent evaluation."""
    found = per_free_electron(PionDecayAtRest(0.08, 1e23, 20.0))
    np.testing.assert_allclose(found, [4.4789155475e-44, 3.0523805822e-43, 5.0822048592e-44], rtol=2e-8)


@pytest.mark.parametrize(
    ("neutrino", "expected"),
    [
        ("nu_e", 2.8871902965e-43),
        ("nu_e_bar", 1.2244432947e-43),
        ("nu_mu", 4.5101859942e-44),
        ("nu_mu_bar", 4.1232790623e-44),
        ("nu_tau", 4.5101859942e-44),
        ("nu_tau_bar", 4.1232790623e-44),
    ],
)
def test_totals_at_30_MeV(neutrino, expected):
    found = per_free_electron(MonoEnergetic(neutrino, 30.0))
    np.testing.assert_allclose(found, [expected], rtol=2e-8)


@pytest.mark.parametrize("antineutrino", [False, True])
def test_non_standard_couplings(antineutrino):
    """Sum over final flavours of complex amplitudes: g_L and g_R are matrices, exchanged for antineutrinos."""
    generator = np.random.default_rng(3)
    left, right = (
        0.2 * (m + m.conj().T) for m in generator.normal(size=(2, 3, 3)) + 1j * generator.normal(size=(2, 3, 3))
    )
    term = ElectronNSI(FlavourMatrix.from_complex(left), FlavourMatrix.from_complex(right))
    interaction = ElectronScattering.on(compound("[C12]"), terms={"sm": ElectronTreeLevel(SIN2), "nsi": term})
    energy, recoil = 3.0, 1.1
    neutrinos = tuple(flavour + antineutrino * "_bar" for flavour in LEFT)
    recoils = jnp.array([1e3 * recoil])
    found = differentials(interaction, jnp.array([energy]), recoils, nuclide("C12"), neutrinos)
    for i in range(len(LEFT)):
        g_left, g_right = np.diag(list(LEFT.values())) + left, SIN2 * np.eye(3) + right
        if antineutrino:
            g_left, g_right = g_right.conj(), g_left.conj()
        a, b = g_left[i], g_right[i]
        cross = (a * b.conj()).real.sum() * ELECTRON * recoil / energy**2
        bracket = (abs(a) ** 2).sum() + (abs(b) ** 2).sum() * (1 - recoil / energy) ** 2 - cross
        expected = 6 * 2 * FERMI**2 * ELECTRON / np.pi * bracket * HBAR_C**2 * 1e-3 * 1e40
        np.testing.assert_allclose(found[i], [expected], rtol=1e-12)


def test_zero_beyond_the_largest_recoil():
    interaction = ElectronScattering.on(compound("[C12]"))
    at = 1e3 * np.array([0.99999999, 1.00000001]) * largest(30.0)
    found = differential(interaction, jnp.full(2, 30.0), jnp.asarray(at), nuclide("C12"), "nu_e")
    assert float(found[0]) > 0.0
    assert float(found[1]) == 0.0


# --- shells


def on_free_electron(recoil, component):
    """dsigma/dT averaged over decay at rest for each electron, cm^2/MeV; `component` as in the flux."""
    low = (recoil + np.sqrt(recoil * (recoil + 2 * ELECTRON))) / 2
    left, right = (LEFT["nu_e"], SIN2) if component == 1 else (LEFT["nu_mu"], SIN2)
    if component == 2:
        left, right = right, left

    def bracket(energy):
        return left**2 + right**2 * (1 - recoil / energy) ** 2 - left * right * ELECTRON * recoil / energy**2

    if component == 0:
        average = bracket(LINE) if low < LINE else 0.0
    else:
        scale, offset = ((192, 0.5), (64, 0.75))[component - 1]
        x, w = GAUSS[6]  # the integrand is a cubic
        energy = low + (END - low) / 2 * (1 + x)
        density = scale * energy**2 / MUON**3 * (offset - energy / MUON)
        average = (END - low) / 2 * (w * density * bracket(energy)).sum()
    return 2 * FERMI**2 * ELECTRON / np.pi * average * HBAR_C**2


def free_electrons(symbols, recoil_keV):
    """sum_i n_i theta(T - B_i)."""
    shells = [electron_shells(symbol) for symbol in symbols]
    return sum(float(np.asarray(s.electrons)[np.asarray(s.binding_energy_keV) <= recoil_keV].sum()) for s in shells)


def test_shells_are_steps_of_the_cross_section():
    """On both sides of the K edge of germanium, 11.103 keV: two electrons of 32 more."""
    interaction = ElectronScattering.on(compound("[Ge74]"))
    edge = float(electron_shells("Ge").binding_energy_keV.max())
    np.testing.assert_allclose(edge, 11.103, rtol=1e-3)
    at = jnp.array([edge * (1 - 1e-9), edge * (1 + 1e-9)])
    below, above = np.asarray(differential(interaction, jnp.full(2, 30.0), at, nuclide("Ge74"), "nu_mu"))
    np.testing.assert_allclose(above / below, 32 / 30, rtol=1e-7)


@pytest.mark.parametrize(("formula", "symbols"), [("[Ge74]", ["Ge"]), ("CsI", ["Cs", "I"]), ("[Xe132]", ["Xe"])])
def test_events_between_two_recoils(formula, symbols):
    """The recoils of a kilogram from 0.05 to 12 keV, one quadrature between every pair of binding energies."""
    material, flux = compound(formula), PionDecayAtRest(0.08, 1e23, 20.0)
    interaction = ElectronScattering.on(material, terms={"sm": ElectronTreeLevel(SIN2)})
    bindings = {float(b) for s in symbols for b in electron_shells(s).binding_energy_keV if 0.05 < float(b) < 12.0}
    # a slot between neighbouring binding energies, and one that the break points beyond them leave empty
    slots = (*(((1.0, 16),) for _ in range(len(bindings) + 1)), ())
    panels = Panels(0.05, 12.0, tuple(sorted(bindings)), slots)

    @eqx.filter_jit
    def recoils_and_events(interaction, flux, material):
        nodes = interaction.nodes(flux, material, panels)
        return nodes.energy_keV, interaction.spectrum(nodes, flux, material).total()

    recoils, found = map(np.asarray, recoils_and_events(interaction, flux, material))
    assert recoils.min() > 0.05
    assert recoils.max() < 12.0
    edges = [0.05, *sorted(bindings), 12.0]
    expected = np.zeros(3)
    for low, high in itertools.pairwise(edges):
        count = free_electrons(symbols, (low + high) / 2)
        expected += [
            count * quad(on_free_electron, 1e-3 * low, 1e-3 * high, args=(c,), epsabs=0, epsrel=1e-12)[0]
            for c in range(3)
        ]
    units = 6.02214076e26 / float(material.molar_mass_g_per_mol)
    fluence = 0.08 * 1e23 / (4 * np.pi * 2000.0**2)
    np.testing.assert_allclose(found, expected * units * fluence, rtol=1e-11)


# --- an experiment


A, B, PE_EDGES = 0.0749, 9.56, np.array([0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
EFFICIENCY = (1.32045, 0.285979, 10.8646, -0.333322)


def bin_probabilities(recoil_keV):
    """Gamma density times efficiency over each bin of photo-electrons, from where the efficiency starts."""
    height, slope, centre, offset = EFFICIENCY
    start = centre - np.log(-height / offset - 1) / slope
    x, w = GAUSS[64]
    low = np.maximum(PE_EDGES[:-1], start)
    half_width = np.maximum(PE_EDGES[1:] - low, 0.0) / 2
    signal = low[:, None] + half_width[:, None] * (1 + x)
    shape = 1 + B * recoil_keV
    density = gamma.pdf(signal, shape, scale=recoil_keV / (A * shape))
    efficiency = height / (1 + np.exp(-slope * (signal - centre))) + offset
    return half_width * (w * density * efficiency).sum(axis=1)


def counts_by_quadrature(low, high, epsrel=1e-9):
    bindings = {float(b) for s in ("Cs", "I") for b in electron_shells(s).binding_energy_keV if low < float(b) < high}
    edges, expected = [low, *sorted(bindings), high], np.zeros((3, 9))
    for left, right in itertools.pairwise(edges):
        count = free_electrons(("Cs", "I"), (left + right) / 2)

        def integrand(recoil_keV, count=count):
            rates = np.array([on_free_electron(1e-3 * recoil_keV, c) for c in range(3)])
            return 1e-3 * count * rates[:, None] * bin_probabilities(recoil_keV)[None, :] * 1e43

        expected += quad_vec(integrand, left, right, epsabs=1e-12, epsrel=epsrel, limit=200)[0]
    return 1e-43 * expected


@pytest.fixture(scope="module")
def csi():
    csi = coherent_csi_2021()
    terms = {"sm": ElectronTreeLevel(SIN2)}
    return csi.with_interactions({"electrons": ElectronScattering.on(csi.target, terms=terms)})


@eqx.filter_jit
def compiled_electron_counts(experiment):
    return experiment.spectrum("electrons", "sns").events @ experiment.kernel("electrons", "sns")


def electron_counts(experiment):
    return np.asarray(compiled_electron_counts(experiment))


def test_counts_in_cesium_iodide(csi):
    """[component, bin], in the experiment's exposure; electron recoils are not quenched."""
    flux = csi.sources["sns"].flux
    fluence = float(flux.neutrinos_per_proton * flux.protons_on_target) / (
        4 * np.pi * (100 * float(flux.baseline_m)) ** 2
    )
    scale = 14.6 * 6.02214076e26 / float(csi.target.molar_mass_g_per_mol) * fluence
    found = electron_counts(csi)
    expected = scale * counts_by_quadrature(1e-3, 24.0)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * expected.max())
    panels = csi.panels[Recoil.ELECTRON, "sns"]  # all that is seen, and the quadrature above reaches beyond it
    assert 1e-3 < panels.lowest_recoil_keV < panels.highest_recoil_keV < 24.0


def test_panels_have_converged(csi):
    coarse, fine = electron_counts(csi), electron_counts(csi.placed(2))
    np.testing.assert_allclose(coarse, fine, rtol=0, atol=1e-8 * fine.max())


def test_electrons_are_seen_like_any_other_signal(csi):
    """Counts of both interactions add up; electrons are not quenched, nuclei are."""
    total = csi.signal()
    parts = csi.signals()
    np.testing.assert_allclose(total, parts["cevns"] + parts["electrons"], rtol=1e-13)

    @eqx.filter_jit
    def visible_and_recoil_energies(csi, interaction):
        return csi.visible_energy_keV(interaction, "sns"), csi.nodes(interaction, "sns").energy_keV

    np.testing.assert_array_equal(*visible_and_recoil_energies(csi, "electrons"))
    seen, recoils = map(np.asarray, visible_and_recoil_energies(csi, "cevns"))
    assert np.all(seen < 0.2 * recoils.reshape(-1))


# --- refusals


def test_refusals():
    with pytest.raises(CevnsjaxError, match="terms must hold at least one term"):
        ElectronScattering({}, ElectronShells([0.0], [1.0]))
    with pytest.raises(UnknownNameError, match="'nu_x'"):
        ElectronScattering.on(compound("[C12]")).differential_cross_section(
            jnp.ones(1), jnp.ones(1), nuclide("C12"), "nu_x"
        )
