"""Excitation of nuclear levels by neutral currents."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.constants import FERMI_CROSS_SECTION_PER_MEV2, NUCLEON_MASS_MEV
from cevnsjax.cross_section import (
    Axial,
    FiniteMomentum,
    LongWavelength,
    NeutralCurrentExcitation,
    flux_averaged_cross_section,
)
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import MonoEnergetic, PionDecayAtRest, TabulatedFlux
from cevnsjax.target import NuclearLevels, OscillatorShell, PointLike, compound

FLUX = PionDecayAtRest(0.08, 1e23, 20.0)
ISOVECTOR = Axial(strange_axial_coupling=0.0)
CARBON = compound("[C12]").with_levels(NuclearLevels.isovector("C12", 0, (1,), [15.11], [0.43214309886]))
SODIUM = compound("[Na23]").with_levels(
    NuclearLevels("Na23", 1.5, (2.5, 0.5, 1.5), [0.44, 2.39, 30.5], [0.9, 0.7, 0.5], [-0.2, 0.1, 0.3])
)


def interactions(target):
    return {
        "long": NeutralCurrentExcitation(),
        "finite": NeutralCurrentExcitation(shape=FiniteMomentum.on(target)),
    }


@eqx.filter_jit
def averages(interaction, flux, target):
    return flux_averaged_cross_section(interaction, flux, target)


@eqx.filter_jit
def spectrum(interaction, flux, target):
    return interaction.spectrum(interaction.nodes(flux, target), flux, target)


@eqx.filter_jit
def level_cross_sections(interaction, energy_MeV, nuclide, neutrino):
    return interaction.level_cross_sections(energy_MeV, nuclide, neutrino)


def test_carbon_in_the_long_wavelength_limit():
    """Independent calculation with B(GT) = 0.864286: 1e-42 cm^2 for nu_mu, nu_e and nu_mu_bar."""
    found = averages(NeutralCurrentExcitation({"axial": ISOVECTOR}), FLUX, CARBON)
    np.testing.assert_allclose(1e2 * np.asarray(found), [2.5558636476, 4.564200223, 7.0936555476], rtol=1e-6)


def test_degenerate_levels_add():
    """Two levels at one energy give what one of the sum of their strengths gives."""
    two = compound("[C12]").with_levels(NuclearLevels.isovector("C12", 0, (1, 1), [15.11, 15.11], [0.2, 0.3]))
    one = compound("[C12]").with_levels(NuclearLevels.isovector("C12", 0, (1,), [15.11], [0.5]))
    interaction = NeutralCurrentExcitation({"axial": ISOVECTOR})
    np.testing.assert_allclose(averages(interaction, FLUX, two), averages(interaction, FLUX, one), rtol=1e-13)


def spinor_sum(energy, final, cosine, axial, magnetic, sign):
    """Sum over spins of abs(chi'^+ sigma chi . h)^2 for a nucleus with two states of spin 1/2.

    chi are helicity spinors. The current of the nucleus is V - A: V = i b sigma x q is that of a magnetic moment
    (Gordon decomposition, q into the nucleus), A = a sigma.
    """
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    sine = np.sqrt(1.0 - cosine**2)
    incoming, outgoing = np.array([0, 0, energy]), final * np.array([sine, 0, cosine])
    q = incoming - outgoing

    def helicity(momentum):
        vectors = np.linalg.eigh(np.einsum("i,iab->ab", momentum, pauli))[1]
        return vectors[:, 0 if sign > 0 else 1]  # left-handed neutrino, right-handed antineutrino

    current = np.einsum("a,iab,b->i", helicity(outgoing).conj(), pauli, helicity(incoming))
    cross = np.einsum("ijk,jab,k->iab", levi_civita(), pauli, q)
    hadron = 1j * magnetic * cross - axial * pauli
    amplitude = np.einsum("i,iab->ab", current, hadron)
    return np.sum(np.abs(amplitude) ** 2)


def levi_civita():
    epsilon = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        epsilon[i, j, k], epsilon[i, k, j] = 1, -1
    return epsilon


@pytest.mark.parametrize("neutrino", ["nu_e", "nu_mu_bar"])
def test_finite_momentum_against_spinors(neutrino):
    """A heavy point nucleus of spin 1/2, S_p = sqrt 6: spins summed one by one, angles by adaptive quadrature."""
    energy, excitation, sign = 40.0, 5.0, -1.0 if neutrino.endswith("bar") else 1.0
    target = compound("[C13]").with_levels(NuclearLevels("C13", 0.5, (0.5,), [excitation], [np.sqrt(6.0)], [0.0]))
    nuclide = eqx.tree_at(lambda n: n.mass_MeV, target.nuclides["C13"], jnp.asarray(1e12))
    shape = FiniteMomentum({"C13": PointLike()}, axial_mass_MeV=1e9, weak_mixing_angle_sin2=0.0, angles=16)
    nc = NeutralCurrentExcitation({"axial": ISOVECTOR}, shape)
    found = np.asarray(level_cross_sections(nc, jnp.asarray([energy]), nuclide, neutrino))[0, 0]
    axial, magnetic = 0.5 * 1.2756, 0.5 * float(shape.magnetic_couplings()[0]) / (2.0 * NUCLEON_MASS_MEV)
    final = energy - excitation

    def integrand(cosine):
        # half for the average over the two initial spins
        return 0.5 * spinor_sum(energy, final, cosine, axial, magnetic, sign)

    # (G_F/sqrt 2) nubar gamma (1 - gamma_5) nu is sqrt 2 G_F chi'^+ sigma chi: (G_F^2/pi) E'^2 times the sum
    expected = FERMI_CROSS_SECTION_PER_MEV2 * final**2 * quad(integrand, -1, 1, epsrel=1e-11)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_recoil_is_two_body_kinematics():
    """Energy and momentum are conserved at the energy and angle that the shape uses."""
    energy, excitation, mass, cosine = 50.0, 15.11, 11000.0, -0.3
    final = (2 * mass * energy - excitation * (2 * mass + excitation)) / (2 * (mass + energy * (1 - cosine)))
    momentum2 = energy**2 + final**2 - 2 * energy * final * cosine
    assert energy + mass == pytest.approx(final + np.sqrt((mass + excitation) ** 2 + momentum2), rel=1e-14)
    shape = FiniteMomentum({"C12": PointLike()})
    edge = float(shape.threshold_MeV(jnp.asarray(excitation), jnp.asarray(mass)))
    assert edge == pytest.approx(((mass + excitation) ** 2 - mass**2) / (2 * mass), rel=1e-14)

    @jax.jit
    def axial_channel(mass_MeV):
        return shape.channels(jnp.asarray([50.0]), jnp.asarray([15.11]), mass_MeV, "C12")["axial"][0]

    assert 0.97 < float(axial_channel(11000.0)) / float(axial_channel(1e9)) < 0.995


def test_finite_momentum_becomes_the_long_wavelength_limit():
    near = FiniteMomentum({"C12": PointLike()}, 1e9, proton_moment=0.0, neutron_moment=0.0)
    heavy = eqx.tree_at(lambda t: t.nuclides["C12"].mass_MeV, CARBON, jnp.asarray(1e12))
    pair = [averages(NeutralCurrentExcitation(shape=shape), FLUX, heavy) for shape in (near, LongWavelength())]
    np.testing.assert_allclose(pair[0], pair[1], rtol=1e-9)


def test_neutrinos_above_antineutrinos():
    nc = interactions(CARBON)["finite"]
    energy = jnp.asarray([40.0])
    nuclide = CARBON.nuclides["C12"]
    nu, nu_bar = (np.asarray(level_cross_sections(nc, energy, nuclide, name)) for name in ("nu_e", "nu_e_bar"))
    assert 1.1 < nu[0, 0] / nu_bar[0, 0] < 1.5


@pytest.mark.parametrize("name", ["long", "finite"])
def test_folding_against_adaptive_quadrature(name):
    nc = interactions(SODIUM)[name]
    nuclide = SODIUM.nuclides["Na23"]

    @jax.jit
    def weighted_total(energy):
        return nc.level_cross_sections(energy[None], nuclide, "nu_mu_bar").sum() * FLUX.density(energy)[2]

    def integrand(energy):
        return float(weighted_total(energy))

    end = 0.5 * float(FLUX.muon_mass_MeV)
    expected = quad(integrand, 0.0, end, points=[0.44, 2.39, 30.5], epsrel=1e-10, limit=200)[0]
    np.testing.assert_allclose(np.asarray(averages(nc, FLUX, SODIUM))[2], expected, rtol=1e-8)


def test_lines_of_the_flux():
    """A line above one threshold and below the other; at a threshold the fold is zero with a finite derivative."""
    line = MonoEnergetic("nu_e", 2.0, 1e10)
    nc = NeutralCurrentExcitation()
    found = spectrum(nc, line, SODIUM)
    assert (np.asarray(found.events)[0] > 0.0).tolist() == [True, False, False]
    np.testing.assert_allclose(found.energy_keV, [440.0, 2390.0, 30500.0])
    at = eqx.filter_jit(line.nodes)(jnp.asarray([2.0]))
    assert np.asarray(at.weight).sum() == 0.0
    slope = jax.jit(jax.grad(lambda e: averages(nc, eqx.tree_at(lambda f: f.energy_MeV, line, e), SODIUM).sum()))
    assert np.isfinite(slope(jnp.asarray(0.44)))


def test_any_flux():
    flux = TabulatedFlux.from_columns([1.0, 3.0, 5.0], {"nu_e_bar": np.array([2.0, 1.0, 0.0])}, 10.0)
    nc = NeutralCurrentExcitation({"axial": ISOVECTOR})
    density = lambda e: np.interp(e, [1.0, 3.0, 5.0], [2.0, 1.0, 0.0]) / 4.0  # noqa: E731
    scale = FERMI_CROSS_SECTION_PER_MEV2 * 1.2756**2 / 4.0
    levels = SODIUM.nuclides["Na23"].levels

    def fold(threshold):
        return quad(lambda e: density(e) * (e - threshold) ** 2, max(1.0, threshold), 5.0, points=[3.0])[0]

    strengths = np.asarray(levels.isovector_strength)
    expected = scale * (strengths[0] * fold(0.44) + strengths[1] * fold(2.39))
    np.testing.assert_allclose(np.asarray(averages(nc, flux, SODIUM))[0], expected, rtol=1e-12)


VECTORS = ("energy_MeV", "proton_spin", "neutron_spin", "relative_strength")


@pytest.mark.parametrize("name", ["long", "finite"])
def test_gradients(name):
    """In every scalar leaf, and in each vector of the levels along a random direction: one program for all."""
    generator = np.random.default_rng(0)
    directions = {vector: generator.normal(size=3) for vector in VECTORS}
    block = {
        "flux": FLUX,
        "interaction": interactions(SODIUM)[name],
        "target": SODIUM,
        "along": {vector: jnp.asarray(0.0) for vector in VECTORS},
    }

    def events(block):
        levels = block["target"].nuclides["Na23"].levels
        moved = [getattr(levels, vector) + block["along"][vector] * directions[vector] for vector in VECTORS]
        levels = eqx.tree_at(lambda each: [getattr(each, vector) for vector in VECTORS], levels, moved)
        target = block["target"].with_levels(levels)
        nodes = block["interaction"].nodes(block["flux"], target)
        return block["interaction"].spectrum(nodes, block["flux"], target).events.sum()

    found = check_gradients(block, events, rtol=2e-6, atol=1e-7)
    assert all(found[f"along.{vector}"] != 0.0 for vector in VECTORS)
    assert found["target.nuclides.Na23.levels.quenching"] > 0.0
    if name == "finite":
        assert found["interaction.shape.form_factors.Na23.rms_radius_fm"] < 0.0


@pytest.mark.parametrize("name", ["long", "finite"])
def test_gradients_are_finite_at_edges(name):
    """Zero strength, a level at the end point, at a line, beyond the end point."""
    end = 0.5 * float(FLUX.muon_mass_MeV)
    edges = NuclearLevels(
        "Na23", 1.5, (1.5,) * 4, [29.79214, end, 60.0, 100.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0], quenching=0.0
    )
    target = SODIUM.with_levels(edges)
    nc = interactions(target)[name]
    gradient = eqx.filter_jit(eqx.filter_grad(lambda block: averages(*block).sum()))((nc, FLUX, target))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize("name", ["long", "finite"])
def test_single_precision(name):
    with jax.enable_x64(True):
        exact = np.asarray(averages(interactions(CARBON)[name], FLUX, CARBON))
    with jax.enable_x64(False):
        rounded = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=float), (interactions(CARBON)[name], FLUX, CARBON))
        found = averages(*rounded)
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, exact, rtol=2e-5)


def test_oscillator_shells_are_densities():
    """The form factor of the p shell from its density r^2 exp(-r^2/b^2), and the radius of every shell."""
    shell = OscillatorShell(2.6, 1)
    length2 = 2.6**2 / 2.5
    q = 0.7

    def integral(weight):
        return quad(lambda r: r**4 * np.exp(-(r**2) / length2) * weight(r), 0.0, 40.0, epsrel=1e-12, limit=200)[0]

    expected = integral(lambda r: np.sin(q * r) / (q * r)) / integral(lambda r: 1.0)
    assert float(shell(jnp.asarray(q))) == pytest.approx(expected, rel=1e-10)
    for quanta in range(5):
        small = 1e-3
        curvature = 6.0 * (1.0 - float(OscillatorShell(2.6, quanta)(jnp.asarray(small)))) / small**2
        assert curvature == pytest.approx(2.6**2, rel=1e-4)
    assert OscillatorShell.from_mass_number(12).quanta == 1
    assert float(OscillatorShell.from_mass_number(12).rms_radius_fm) == pytest.approx(
        np.sqrt(2.5 * 41.47 / 14.885), rel=1e-3
    )


def test_bad_input():
    with pytest.raises(CevnsjaxError, match="has levels"):
        averages(NeutralCurrentExcitation(), FLUX, compound("Ar"))
    with pytest.raises(CevnsjaxError, match="at least one"):
        NeutralCurrentExcitation({})
    with pytest.raises(UnknownNameError, match="Ar40"):
        FiniteMomentum.on(CARBON, {"Ar40": PointLike()})
    with pytest.raises(UnknownNameError, match="material"):
        compound("Ge").with_levels(CARBON.nuclides["C12"].levels)
    with pytest.raises(CevnsjaxError, match="quanta"):
        OscillatorShell(2.0, -1)
