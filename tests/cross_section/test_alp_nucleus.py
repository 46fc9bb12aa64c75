"""ALPs in a detector: absorption by nuclei, decay, and conversion on nuclei and electrons."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.cross_section import (
    AlpAbsorption,
    BosonDecay,
    InverseCompton,
    InversePrimakoff,
    TalkNormalisation,
    resonance_energy_MeV,
)
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    AlpFlux,
    ConeGeometry,
    GaussianProfile,
    InterpolatedSpectra,
    M1Emission,
    NuclearLine,
    TabulatedAlpFlux,
    alp_width_MeV,
)
from cevnsjax.particle import Alp
from cevnsjax.target import NuclearLevels, compound, nuclide

HBAR_C_MEV_M = 197.3269804e-15
LEVELS = NuclearLevels("I127", 2.5, [2.5, 3.5, 1.5], [0.42, 2.18, 2.24], [1.1, 0.2, -0.3], [0.1, -0.5, 0.6])
IODINE = compound("[I127]").with_levels(LEVELS)


def lines(alp, sigma_MeV=0.03):
    transitions = {
        name: NuclearLine(energy, 0.25, M1Emission(0.0, 0.0), GaussianProfile(sigma_MeV))
        for name, energy in (("first", 0.478), ("second", 2.223))
    }
    return AlpFlux(alp, transitions, 1e16, 1e7, ConeGeometry(1.0, 0.6))


@eqx.filter_jit
def total(interaction, flux, target=IODINE):
    """Events on a kilogram of each component."""
    return interaction.spectrum(interaction.nodes(flux, target), flux, target).total()


@eqx.filter_jit
def integrated(absorption, alp, target):
    return absorption.integrated_cross_section(alp, target)


width = eqx.filter_jit(alp_width_MeV)


@eqx.filter_jit
def conversion(interaction, energy_MeV, alp, target):
    return interaction.cross_section(energy_MeV, alp, target)


@pytest.mark.parametrize(
    ("energy", "spin", "talk", "golden_rule"),
    [
        (2.23, 2.5, 1.2209433572148436e-34, 2.4418867144296872e-34),
        (2.23, 3.5, 9.157075179111327e-35, 1.8314150358222653e-34),
        (0.478, 2.5, 2.561754886224594e-35, 5.123509772449188e-35),
    ],
)
def test_normalisations(energy, spin, talk, golden_rule):
    """An independent calculation with H = g g_A grad a . sum sigma tau_0/2, g_A = 1.27, that is g_3 = g g_A/2."""
    levels = NuclearLevels.isovector("I127", spin, [spin], [energy], [1.0])
    iodine = dataclasses.replace(nuclide("I127"), levels=levels)
    alp, halved = (Alp(0.1, isovector_coupling_per_GeV=coupling) for coupling in (1e-3, 1e-3 * 1.27 / 2.0))
    by_rule, by_talk = AlpAbsorption(), AlpAbsorption(TalkNormalisation(1.27))
    found = np.asarray(integrated(by_talk, alp, iodine))
    np.testing.assert_allclose(1e-40 * found[0], talk, rtol=1e-9)
    np.testing.assert_allclose(1e-40 * np.asarray(integrated(by_rule, halved, iodine))[0], golden_rule, rtol=1e-9)
    np.testing.assert_allclose(np.asarray(integrated(by_rule, alp, iodine)) / found, 8.0 / 1.27**2, rtol=1e-12)


@pytest.mark.parametrize("mass", [0.0, 0.1, 0.4])
def test_detailed_balance(mass):
    """Absorption and emission by the same levels, of which one has another spin."""
    alp = Alp.of_nucleons(mass, 3e-4, -1e-4)
    absorbed = integrated(AlpAbsorption(), alp, IODINE.nuclides["I127"])
    momentum = np.sqrt(np.asarray(LEVELS.energy_MeV) ** 2 - mass**2)
    states = (2.0 * np.asarray(LEVELS.spins) + 1.0) / (2.0 * LEVELS.ground_state_spin + 1.0)
    emitted = 2.0 * math.pi**2 / momentum**2 * states * np.asarray(width(alp, LEVELS))
    np.testing.assert_allclose(np.asarray(absorbed) * 1e-40 / CM2_MEV2, emitted, rtol=1e-12)


@eqx.filter_jit
def total_and_fluence(interaction, flux):
    return total(interaction, flux), flux.fluence_per_cm2


def test_absorption_of_lines():
    alp = Alp(0.1, isovector_coupling_per_GeV=1e-3)
    flux = lines(alp)
    found, fluence = map(np.asarray, total_and_fluence(AlpAbsorption(), flux))
    expected = np.zeros(2)
    columns = LEVELS.energy_MeV, LEVELS.proton_spin, LEVELS.neutron_spin
    for energy, proton, neutron in zip(*map(np.asarray, columns), strict=True):
        momentum = math.sqrt(energy**2 - 0.01)
        resonance = energy + 0.5 * momentum**2 / float(IODINE.nuclides["I127"].mass_MeV)
        strength = math.pi / 3.0 / 6.0 * momentum * (1e-6 * (proton - neutron)) ** 2 * CM2_MEV2
        offset = (resonance - np.asarray([0.478, 2.223])) / 0.03
        profile = np.exp(-0.5 * offset**2) / (0.03 * math.sqrt(2.0 * math.pi))
        expected += fluence * strength * profile * float(IODINE.nuclei_per_kg("I127"))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_absorption_of_a_continuum():
    """N = sum of sigma_k dPhi/dE at the resonances."""
    alp = Alp(0.3, isovector_coupling_per_GeV=1e-3)
    energy = np.linspace(0.3, 5.0, 95)
    spectra, geometry = InterpolatedSpectra(energy, 1e10 * np.exp(-energy)[None]), ConeGeometry(1.0, 0.6)
    flux = TabulatedAlpFlux(alp, spectra, 1e6, geometry)
    iodine = IODINE.nuclides["I127"]
    strength = np.asarray(integrated(AlpAbsorption(), alp, iodine)) * 1e-40
    resonances = np.asarray(resonance_energy_MeV(alp, LEVELS.energy_MeV, iodine))
    of_cone = float(eqx.filter_jit(geometry.mean_per_cm2)(jnp.asarray(0.0)))
    arriving = 1e16 * np.interp(resonances, energy, np.exp(-energy)) * of_cone
    expected = float(IODINE.nuclei_per_kg("I127")) * (strength * arriving).sum()
    np.testing.assert_allclose(total(AlpAbsorption(), flux), [expected], rtol=1e-10)


def primakoff(t, energy, mass, charge, screened=True):
    """d sigma/dt in MeV^-4 for g_gamma = 1 MeV^-1."""
    momentum = math.sqrt(energy**2 - mass**2)
    low, high = (mass**2 / (energy + momentum)) ** 2, (energy + momentum) ** 2
    radius = 184.15 * math.exp(-0.5) * charge ** (-1.0 / 3.0) / ELECTRON_MASS_MEV
    form = radius**2 * t / (1.0 + radius**2 * t) if screened else 1.0
    scale = FINE_STRUCTURE_CONSTANT * charge**2 / (16.0 * momentum**2)
    return scale * (t - low) * (high - t) / t**2 * form**2


@pytest.mark.parametrize(
    ("energy", "mass", "charge", "expected"),
    [
        (1.0, 0.1, 32, 1.450393620310432e-32),
        (5.0, 0.1, 74, 7.757875587325e-32),
        (10.0, 1.0, 74, 7.756206508613209e-32),
        (100.0, 10.0, 18, 4.5891360642634774e-33),
    ],
)
def test_primakoff_differential(energy, mass, charge, expected):
    """alplib at 0.1 rad, without screening, g_gamma = 1e-6 MeV^-1: what the test below integrates."""
    momentum = math.sqrt(energy**2 - mass**2)
    t = energy**2 + momentum**2 - 2.0 * energy * momentum * math.cos(0.1)
    slope = 2.0 * energy * momentum * math.sin(0.1)
    found = 1e-12 * CM2_MEV2 * slope * primakoff(t, energy, mass, charge, screened=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize(("energy", "mass"), [(0.4776, 0.0), (2.223, 1e-6), (2.223, 0.1), (2.223, 1.9), (20.0, 0.3)])
def test_inverse_primakoff(energy, mass):
    momentum = math.sqrt(energy**2 - mass**2)
    low, high = (mass**2 / (energy + momentum)) ** 2, (energy + momentum) ** 2
    ends = np.log(max(low, 1e-14)), math.log(high)
    value, _ = quad(lambda u: math.exp(u) * primakoff(math.exp(u), energy, mass, 53), *ends, epsrel=1e-11, limit=400)
    alp = Alp(mass, photon_coupling_per_GeV=1e-3)
    found = np.asarray(conversion(InversePrimakoff(), jnp.asarray([energy]), alp, nuclide("I127")))[0]
    np.testing.assert_allclose(1e-40 * found, 1e-12 * CM2_MEV2 * value, rtol=1e-9)


def compton(cosine, energy, mass):
    """d sigma/d Omega in MeV^-2 for g_e = 1 on one electron."""
    electron, momentum = ELECTRON_MASS_MEV, math.sqrt(energy**2 - mass**2)
    y = 2.0 * electron * energy + mass**2
    photon = 0.5 * y / (electron + energy - momentum * cosine)
    bracket = 1.0 + (2.0 * electron * photon / y) ** 2 - 4.0 * electron * photon / y
    bracket -= 4.0 * (mass * momentum) ** 2 * electron * photon * (1.0 - cosine**2) / y**3
    return FINE_STRUCTURE_CONSTANT * photon / (8.0 * math.pi * momentum * electron**2) * bracket


@pytest.mark.parametrize(
    ("energy", "mass", "of_alplib"),
    [
        (1.0, 0.01, 6.652099145783347e-37),
        (2.0, 0.5, 6.3549358549848545e-37),
        (5.0, 0.1, 4.500973721303853e-37),
        (10.0, 1.0, 3.004892790798191e-37),
        (0.4776, 0.0, None),
        (0.02, 0.01, None),
        (2.223, 2.2, None),
    ],
)
def test_inverse_compton(energy, mass, of_alplib):
    """Quadrature; and alplib, which has alpha = 1/137 and other roundings (3e-4 in all)."""
    value, _ = quad(compton, -1.0, 1.0, args=(energy, mass), epsrel=1e-11, limit=200)
    alp = Alp(mass, electron_coupling=1e-6)
    found = np.asarray(conversion(InverseCompton(), jnp.asarray([energy]), alp, nuclide("H1")))[0]
    np.testing.assert_allclose(1e-40 * found, 2e-12 * math.pi * CM2_MEV2 * value, rtol=1e-9)
    if of_alplib is not None:
        np.testing.assert_allclose(1e-40 * found, of_alplib, rtol=4e-4)
    on_iodine = np.asarray(conversion(InverseCompton(), jnp.asarray([energy]), alp, nuclide("I127")))[0]
    np.testing.assert_allclose(on_iodine, 53.0 * found, rtol=1e-12)


@eqx.filter_jit
def decay_rates_and_emission(flux):
    """Inverse decay length in m^-1, and how many are emitted in all, for each line."""
    return flux.boson.inverse_decay_length_per_m(flux.energy_MeV), 1e7 * flux.photons_per_s * flux.branching_ratio


@pytest.mark.parametrize("photon_coupling", [1e-4, 3.0, 30.0])
def test_decays(photon_coupling):
    """As many as come in and do not come out, wherever the detector is many decay lengths long."""
    alp = Alp(0.4, 0.0, 1e-4, photon_coupling)
    flux, density = lines(alp), 4.51
    rates, emitted = map(np.asarray, decay_rates_and_emission(flux))
    mass_per_sr = 1e3 * density * (1.6**3 - 1.0) / 3.0
    expected = emitted * np.exp(-rates) * -np.expm1(-0.6 * rates) / (4.0 * math.pi) / mass_per_sr
    np.testing.assert_allclose(total(BosonDecay(density), flux), expected, rtol=1e-10)


@eqx.filter_jit
def mean_deposits(interactions, flux):
    """Mean deposit of each line, keV, for each interaction."""
    spectra = [each.spectrum(each.nodes(flux, IODINE), flux, IODINE) for each in interactions]
    return [(each.events * each.energy_keV[None]).sum(axis=1) / each.total() for each in spectra]


def test_where_energy_goes():
    """All of it is deposited: at the levels, or at the lines."""
    flux = lines(Alp(0.1, 0.0, 1e-4, 1e-4, 1e-6))
    np.testing.assert_allclose(AlpAbsorption().nodes(flux, IODINE).energy_keV, 1e3 * LEVELS.energy_MeV)
    interactions = (BosonDecay(4.51), InversePrimakoff(), InverseCompton())
    for means in mean_deposits(interactions, flux):
        np.testing.assert_allclose(means, [478.0, 2223.0], rtol=1e-12)
    assert all(interaction.recoil == "none" for interaction in interactions)


INTERACTIONS = (AlpAbsorption, lambda: BosonDecay(4.51), InversePrimakoff, InverseCompton)


def test_finite_everywhere(precision):
    """Massless, at rest, at both thresholds of everything, with decay lengths down to nothing."""
    levels = NuclearLevels("I127", 2.5, [2.5, 3.5], [0.42, 2.223], [1.1, 0.2], [0.1, -0.5])
    iodine = compound("[I127]").with_levels(levels)

    def events(mass, coupling):
        flux = lines(Alp(mass, 0.0, coupling, coupling, coupling))
        return sum(total(build(), flux, iodine).sum() for build in INTERACTIONS)

    masses = (0.0, 1e-9, 0.42, 0.478, 1.02199789, 2.18, 2.223, 3.0)
    points = [(mass, coupling) for mass in masses for coupling in (0.0, 1e-6, 0.1)]
    mass, coupling = (jnp.asarray(each, dtype=float) for each in zip(*points, strict=True))
    found, slopes = jax.jit(jax.vmap(jax.value_and_grad(events, (0, 1))))(mass, coupling)
    assert all(np.all(np.isfinite(values)) for values in (found, *slopes))
    nothing = (np.asarray(mass) >= 2.223) | (np.asarray(coupling) == 0.0)
    assert np.all(np.asarray(found)[nothing] == 0.0)
    assert np.all(np.asarray(slopes[0])[nothing] == 0.0)


@eqx.filter_jit
def totals(interactions, flux, target):
    return [total(interaction, flux, target) for interaction in interactions]


def test_single_precision():
    def events():
        flux, iodine = (
            lines(Alp(0.1, 0.0, 1e-4, 1e-4, 1e-6)),
            compound("[I127]").with_levels(
                NuclearLevels("I127", 2.5, [2.5, 3.5], [0.42, 2.18], [1.1, 0.2], [0.1, -0.5])
            ),
        )
        return np.concatenate(totals([build() for build in INTERACTIONS], flux, iodine))

    exact = events()
    with jax.enable_x64(False):
        rough = events()
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, exact, rtol=3e-5)


def test_without_levels():
    flux = lines(Alp(0.1, isovector_coupling_per_GeV=1e-4))
    with pytest.raises(CevnsjaxError, match="Absorption needs excited states: none of Ar40 has levels"):
        AlpAbsorption().nodes(flux, compound("[Ar40]"))
    with pytest.raises(CevnsjaxError, match="Absorption needs excited states: Z = 18 has no levels"):
        AlpAbsorption().integrated_cross_section(flux.boson, nuclide("Ar40"))
    with pytest.raises(CevnsjaxError, match="axial_coupling must be positive"):
        TalkNormalisation(0.0)
