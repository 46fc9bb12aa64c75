"""ALPs: widths, emission by nuclei, the shape of lines, and what arrives at a detector."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.constants import PROTON_MASS_MEV
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    AlpFlux,
    ConeGeometry,
    GaussianProfile,
    InterpolatedSpectra,
    LevelEmission,
    M1Emission,
    RecoilProfile,
    TabulatedAlpFlux,
    ThermalProfile,
    alp_width_MeV,
    boron_capture,
    fissions_per_s,
    hydrogen_capture,
)
from cevnsjax.particle import Alp
from cevnsjax.target import NuclearLevels
from cevnsjax.target.levels import NEUTRON_MOMENT, PROTON_MOMENT

HBAR_C_MEV_M = 197.3269804e-15
LEVELS = NuclearLevels("Li7", 1.5, [0.5, 2.5], [0.4776, 4.63], [-2.2, 0.3], [0.08, -0.4], [0.7, 0.2])


branching_ratio = eqx.filter_jit(lambda emission, alp, energy: emission.branching_ratio(alp, energy))
widths = eqx.filter_jit(alp_width_MeV)
profile_at = eqx.filter_jit(lambda profile, energy, momentum: profile(energy, momentum))
mean_per_cm2 = eqx.filter_jit(lambda geometry, rate: geometry.mean_per_cm2(rate))
fluence_of = eqx.filter_jit(lambda flux: flux.fluence_per_cm2)


def dimensionless(mass_MeV, isoscalar=0.0, isovector=0.0):
    """An ALP with couplings g^0 and g^3 to Nbar i gamma5 N."""
    scale = 1e3 / (2.0 * PROTON_MASS_MEV)
    return Alp(mass_MeV, scale * isoscalar, scale * isovector)


def reactor_flux(alp, distance_m=1.0, length_m=0.6):
    lines = {"hydrogen": hydrogen_capture(), "boron": boron_capture()}
    return AlpFlux(alp, lines, fissions_per_s(1.0), 3.0e7, ConeGeometry(distance_m, length_m))


def tabulated(alp, norm=1.0):
    energy = np.linspace(0.5, 8.0, 31)
    return TabulatedAlpFlux(
        alp, InterpolatedSpectra(energy, 1e15 * np.exp(-energy)[None]), 1e6, ConeGeometry(2.0, 1.5), norm
    )


@pytest.mark.parametrize(
    ("energy", "mass", "beta", "eta", "expected", "tolerance"),
    [
        (2.223, 0.1, 0.0, 0.0, 9.801519441343772e-07, 1e-10),
        (2.223, 1.0, 0.0, 0.0, 7.003654983145536e-07, 1e-10),
        (0.478, 0.1, 1.0, 0.5, 9.67999646159568e-07, 1e-10),
        # alplib, whose alpha is 1/137
        (2.23, 0.1, 0.0, 0.0, 9.799131417571266e-07 * 137.035999 / 137.0, 1e-6),
        (0.478, 0.1, 1.0, 0.5, 9.677453545806619e-07 * 137.035999 / 137.0, 1e-6),
        (0.0144, 0.0001, -1.19, 0.8, 1.823515848231048e-06 * 137.035999 / 137.0, 1e-6),
    ],
)
def test_branching_ratios(energy, mass, beta, eta, expected, tolerance):
    """g^3 = 1e-3: p(n, gamma)d, Li7* and Fe57*."""
    found = branching_ratio(M1Emission(beta, eta), dimensionless(mass, isovector=1e-3), jnp.asarray(energy))
    np.testing.assert_allclose(found, expected, rtol=tolerance)


def test_emission_by_matrix_elements():
    """The ratios of matrix elements say the same as the matrix elements, and as the two widths."""
    proton, neutron = -2.2, 0.3
    isoscalar, isovector, eta = proton + neutron, proton - neutron, 0.37
    orbital = 0.5 * (-0.5 * isoscalar - eta * isovector)  # L_p + L_n = -(S_p + S_n)/2 between different states
    levels = NuclearLevels("Li7", 1.5, [0.5], [0.478], [proton], [neutron], [orbital])
    moments = {
        "isoscalar_moment": PROTON_MOMENT + NEUTRON_MOMENT,
        "isovector_moment": PROTON_MOMENT - NEUTRON_MOMENT,
    }
    alp, energy = Alp.of_nucleons(0.2, 3e-4, -5e-4), levels.energy_MeV[0]
    by_ratios = branching_ratio(M1Emission(isoscalar / isovector, eta, **moments), alp, energy)
    by_level = branching_ratio(LevelEmission.of_level(levels, 0), alp, energy)
    np.testing.assert_allclose(by_level, by_ratios, rtol=1e-12)
    np.testing.assert_allclose(by_level, (widths(alp, levels) / levels.gamma_width_MeV)[0], rtol=1e-12)
    down = levels.magnetic_dipole_up_muN2[0] * 4.0 / 2.0
    given = branching_ratio(LevelEmission.of_level(levels, 0, down), alp, energy)
    np.testing.assert_allclose(given, by_level, rtol=1e-12)
    mixed = dataclasses.replace(M1Emission(0.5, 0.2), delta=jnp.asarray(0.5))
    np.testing.assert_allclose(mixed.photon_share, 0.8, rtol=1e-12)


def test_widths():
    """alplib, for g_gamma = 1e-6 MeV^-1 and g_e = 1e-6 (m_e = 0.511 there)."""
    for mass, width in ((1.0, 4.973591971621729e-15), (10.0, 4.97359197162173e-12)):
        np.testing.assert_allclose(Alp(mass, photon_coupling_per_GeV=1e-3).photon_width_MeV, width, rtol=1e-12)
    np.testing.assert_allclose(Alp(2.0, electron_coupling=1e-6).electron_width_MeV, 6.840325963014615e-14, rtol=1e-6)
    assert Alp(1.0, electron_coupling=1e-6).width_MeV == 0.0
    alp, energy = Alp(1.5, photon_coupling_per_GeV=1e-3, electron_coupling=1e-6), 2.0
    length = math.sqrt(energy**2 - 1.5**2) / 1.5 / float(alp.width_MeV) * HBAR_C_MEV_M
    np.testing.assert_allclose(alp.inverse_decay_length_per_m(jnp.asarray(energy)), 1.0 / length, rtol=1e-12)


def test_profiles():
    momentum = jnp.asarray(0.4776)
    box, thermal, given = boron_capture().profile, hydrogen_capture().profile, GaussianProfile(0.02)
    for profile, width in ((box, 0.02), (thermal, 1e-5), (given, 0.2)):
        total, _ = quad(lambda x, p=profile: float(profile_at(p, jnp.asarray(x), momentum)), -width, width, limit=200)
        np.testing.assert_allclose(total, 1.0, rtol=1e-7)
    # 478 keV x v/c: half of the height at the edge
    edge = 0.4776 * math.sqrt(2.0 * 0.841 / 6533.8)
    np.testing.assert_allclose(edge, 7.7e-3, rtol=6e-3)
    half, whole = (profile_at(box, jnp.asarray(x), momentum) for x in (edge, 0.0))
    np.testing.assert_allclose(half, 0.5 * whole, rtol=1e-9)
    # 2.2 MeV, kT = 25.3 meV, deuterium: 8 eV
    sigma = 2.22325 * math.sqrt(2.53e-8 / 1875.6)
    peak = profile_at(thermal, jnp.asarray(0.0), jnp.asarray(2.22325))
    np.testing.assert_allclose(peak, 1.0 / (sigma * math.sqrt(2.0 * math.pi)), rtol=2e-3)


def test_geometry():
    """The mean over the sector by quadrature, and a small detector far away."""
    for rate in (0.0, 1e-3, 0.8, 30.0):
        geometry = ConeGeometry(1.0, 0.6)
        events, _ = quad(lambda r, x=rate: math.exp(-r * x) / (4.0 * math.pi), 1.0, 1.6)
        volume, _ = quad(lambda r: r**2, 1.0, 1.6)
        np.testing.assert_allclose(mean_per_cm2(geometry, jnp.asarray(rate)), 1e-4 * events / volume, rtol=1e-12)
    small = ConeGeometry.of_mass(1.0, 5.0, 1e3)
    np.testing.assert_allclose(mean_per_cm2(small, jnp.asarray(0.0)), 1.0 / (4.0 * math.pi * 1e5**2), rtol=1e-3)
    # a tonne as long as a cube of its volume, and 0.2 sr of it
    tonne = ConeGeometry.of_mass(1000.0, 4.51, 1.0)
    np.testing.assert_allclose(tonne.length_m, (1.0 / 4.51) ** (1 / 3), rtol=1e-12)
    with pytest.raises(CevnsjaxError, match="does not fit around a source at 1 m"):
        ConeGeometry.of_mass(1e6, 4.51, 1.0, 0.1)


def test_activities():
    """0.61 and 0.68 GCi are those of 2.9 GW, not of 1 MW."""
    flux = dataclasses.replace(reactor_flux(Alp(0.1)), events_per_s=fissions_per_s(2900.0))
    np.testing.assert_allclose(flux.events_per_s, 9.05e19, rtol=1e-4)
    assert flux.components == ("boron", "hydrogen")
    np.testing.assert_allclose(flux.activity_GCi, [0.68, 0.61], rtol=8e-3)
    np.testing.assert_allclose(reactor_flux(Alp(0.1)).activity_GCi, np.asarray(flux.activity_GCi) / 2900.0, rtol=1e-12)


def test_fluence():
    alp = Alp(0.3, 1e-5, 1e-4, 0.3)
    fluences = fluence_of(reactor_flux(alp))
    for i, line in enumerate((boron_capture(), hydrogen_capture())):
        energy = float(line.energy_MeV)
        emitted = 1e6 / 1.602176634e-13 / 200.0 * 3e7 * float(line.photons_per_event)
        emitted *= float(branching_ratio(line.emission, alp, line.energy_MeV))
        momentum = math.sqrt(energy**2 - 0.3**2)
        rate = 0.3 * (0.3e-3**2 * 0.3**3 / (64.0 * math.pi)) / momentum / HBAR_C_MEV_M
        events, _ = quad(lambda r, x=rate: math.exp(-r * x) / (4.0 * math.pi), 1.0, 1.6)
        np.testing.assert_allclose(fluences[i], 1e-4 * emitted * events / ((1.6**3 - 1.0) / 3.0), rtol=1e-9)


def fluence(mass, nucleon, photon, electron):
    return reactor_flux(Alp(mass, 0.0, nucleon, photon, electron)).fluence_per_cm2


@eqx.filter_jit
def compiled_values_and_slopes(function, points):
    every = tuple(range(len(points)))
    return jax.vmap(lambda *x: (function(*x), jax.jacobian(function, every)(*x)))(*points)


def values_and_slopes(function, *arguments):
    """At many points, repeated up to a number that all tests share: values and derivatives in all arguments."""
    points = [jnp.asarray(np.resize(each, 28), dtype=float) for each in zip(*arguments, strict=True)]
    return jax.tree.map(lambda each: np.asarray(each)[: len(arguments)], compiled_values_and_slopes(function, points))


def test_heavier_than_the_transition():
    """Exactly nothing, with a derivative of exactly zero."""
    masses = np.asarray([0.4776, 0.5, 2.22325, 2.3])
    closed = np.asarray([0.4776, 2.22325])[None, :] <= masses[:, None]
    found, slopes = values_and_slopes(fluence, *[(mass, 1e-4, 1e-3, 1e-6) for mass in masses])
    for values in (found, *slopes):
        assert np.all(np.isfinite(values))
        assert np.all(np.asarray(values)[closed] == 0.0)
    assert np.all(np.asarray(found)[~closed] > 0.0)


def test_finite_everywhere(precision):
    masses = [0.0, 1e-12, 0.1, 1.02199789, 1.0219979, 1.03, 2.2232]
    found, slopes = values_and_slopes(fluence, *[(mass, g, g, g) for mass in masses for g in (0.0, 1e-9, 1e-3, 1e3)])
    assert all(np.all(np.isfinite(values)) for values in (found, *slopes))


def test_decay_lengths(precision):
    """From 1e-12 to 1e12 m the fluence falls from all to nothing, with its derivative."""
    geometry = ConeGeometry(1.0, 0.6)
    rates = jnp.asarray([0.0, *np.geomspace(1e-12, 1e12, 49)])
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(geometry.mean_per_cm2)))(rates)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    assert np.all(np.diff(values) <= 0.0)
    np.testing.assert_allclose(slopes[0], -0.5 * values[0] * (1.6**2 - 1.0) / 0.6, rtol=1e-6)


def test_gradients():
    def logarithm(flux):
        density = flux.spectral_density(jnp.asarray([0.474, 0.4836, 2.223255]))
        return jnp.log(flux.fluence_per_cm2.sum() * density[0, 0] * density[0, 1] * density[1, 2])

    def blurred(flux):
        lines = {
            name: dataclasses.replace(line, profile=GaussianProfile(0.03)) for name, line in flux.transitions.items()
        }
        return dataclasses.replace(flux, transitions=lines)

    alp = Alp(0.3, 2e-5, 1e-4, 0.2, 1e-6)
    check_gradients(blurred(reactor_flux(alp)), logarithm, skip=("boson.electron_coupling",))
    # of a line of 8 eV the energy itself moves a thousand times its width
    check_gradients(
        reactor_flux(alp), logarithm, step=3e-6, skip=("transitions.hydrogen.energy_MeV", "boson.electron_coupling")
    )
    above_threshold = Alp(1.3, 2e-5, 1e-4, 1e-3, 1e-6)
    check_gradients(reactor_flux(above_threshold), lambda flux: flux.fluence_per_cm2.sum())
    check_gradients(
        tabulated(alp), lambda flux: jnp.log(flux.fluence_per_cm2[0] * flux.density(jnp.asarray([3.1]))[0, 0])
    )


def test_tabulated():
    """A table of what is emitted, of which low energies decay first."""
    alp = Alp(0.4, photon_coupling_per_GeV=1.0)
    flux, energies = tabulated(alp, 2.0), jnp.asarray([0.6, 3.14, 7.9])
    fluence, density = eqx.filter_jit(lambda flux: (flux.fluence_per_cm2, flux.density(energies)))(flux)

    def arriving(energy):
        momentum = math.sqrt(energy**2 - 0.4**2)
        rate = 0.4 * (1e-3**2 * 0.4**3 / (64.0 * math.pi)) / momentum / HBAR_C_MEV_M
        mean = (math.exp(-2.0 * rate) - math.exp(-3.5 * rate)) / rate / (4.0 * math.pi) / ((3.5**3 - 8.0) / 3.0)
        return 1e-4 * 2e6 * np.interp(energy, *table) * mean

    table = np.asarray(flux.spectra.energy_MeV), np.asarray(flux.spectra.values_per_MeV[0])
    total = sum(quad(arriving, a, b)[0] for a, b in zip(table[0][:-1], table[0][1:], strict=True))
    np.testing.assert_allclose(fluence, [total], rtol=1e-9)
    expected = [arriving(float(energy)) for energy in energies]
    np.testing.assert_allclose((fluence[:, None] * density)[0], expected, rtol=1e-9)


def test_table_that_has_decayed():
    """Nothing is left, and nothing is undefined."""

    def numbers(mass, coupling):
        flux = tabulated(Alp(mass, photon_coupling_per_GeV=coupling))
        return jnp.concatenate([flux.fluence_per_cm2, flux.density(jnp.asarray([0.6, 7.0]))[0]])

    points = [(mass, coupling) for mass in (0.0, 0.4, 0.6, 9.0) for coupling in (0.0, 1e3, 1e7)]
    found, slopes = values_and_slopes(numbers, *points)
    assert all(np.all(np.isfinite(values)) for values in (found, *slopes))
    assert np.all(np.asarray(found)[-3:] == 0.0)


def test_refused():
    with pytest.raises(CevnsjaxError, match=r"mass_MeV must be zero or positive and in MeV, got -1"):
        Alp(-1.0)
    with pytest.raises(CevnsjaxError, match="electron_coupling must be finite"):
        Alp(1.0, electron_coupling=math.nan)
    with pytest.raises(CevnsjaxError, match="magnetic moment of the transition must be finite and not zero"):
        LevelEmission(1.0, 1.0, 0.0)
    with pytest.raises(CevnsjaxError, match="level must be 0 to 1 for Li7, got 2"):
        LevelEmission.of_level(LEVELS, 2)
    with pytest.raises(CevnsjaxError, match="transitions must name at least one"):
        dataclasses.replace(reactor_flux(Alp(0.1)), transitions={})
    with pytest.raises(CevnsjaxError, match="velocity must be positive"):
        RecoilProfile(0.0)
    with pytest.raises(CevnsjaxError, match="velocity_spread must be positive"):
        ThermalProfile(-1.0)
