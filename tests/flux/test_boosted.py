"""Dark matter boosted by cosmic rays, against adaptive integrals, crossed cross sections and another code's rays."""

import dataclasses
import functools
import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.cross_section import DarkNucleus
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import BoostedDarkMatter, CosmicRays, cosmic_rays, energy_powers
from cevnsjax.particle import (
    DiracDarkMatter,
    InelasticDarkMatter,
    Leptophobic,
    ScalarDarkMatter,
    VectorPortal,
)
from cevnsjax.paths import set_paths
from cevnsjax.target import Nuclide, PointLike, compound
from tests.leaf_gradients import check_gradients

HBAR_C_MEV_CM = 197.3269804e-13
KPC_CM = 3.0856775814913673e21
CHARGE = math.sqrt(4.0 * math.pi * 7.2973525693e-3)
KINETIC_MEV = jnp.asarray([1.0, 10.0, 100.0, 1000.0])

# github.com/noctildon/CRiDM (3418bc5): m = m_V = 1 MeV, epsilon = 1e-3, alpha_D = 0.5; its kpc and mass of helium
PEER_KPC, PEER_HELIUM_MEV = 3.086e21, 4.002602 * 938.27208816 / 1.00727647
PEER_RAYS = {100.0: 17.645327055594464, 1e3: 3.6407549552680947, 1e4: 0.03366743685080304, 1e5: 5.780682237056495e-05}
PEER_FLUX = np.array([0.0618652893871396, 0.00018596781820063142, 2.5371257657607075e-07, 2.887132461482894e-10])


@functools.cache
def like_the_peer():
    """Helium as a Dirac particle of its atom's mass."""
    helium = dataclasses.replace(cosmic_rays("helium"), mass_MeV=PEER_HELIUM_MEV, spin_half=True)
    species = {"proton": cosmic_rays("proton"), "helium": helium}
    particle = DiracDarkMatter(1.0, VectorPortal(1e-3, 0.5), 1.0)
    return BoostedDarkMatter(particle, 1.0, 0.997 * PEER_KPC / KPC_CM, species=species)


cross_section = eqx.filter_jit(DarkNucleus.differential_cross_section)


def boosted(particle, **others):
    return BoostedDarkMatter(particle, 86400.0, **others)


@eqx.filter_jit
def flux_of(source, kinetic_MeV):
    return source.flux(kinetic_MeV)


@eqx.filter_jit
def both_moments(source, above_MeV):
    """Those of the source, those of its density, and the integral of that."""
    least = source.lowest_energy_MeV
    lower = jnp.concatenate([least[None], least + above_MeV])
    nodes = source.nodes(lower, 24)
    powers = energy_powers(nodes.energy_MeV, source.mass_MeV)
    folded = jnp.stack([nodes.fold(each) for each in powers], axis=1)
    return source.moments(lower), folded, nodes.fold(jnp.ones_like(nodes.energy_MeV))[:, 0]


def test_cosmic_rays_are_those_of_the_table():
    rays = cosmic_rays("proton")
    flux = 1e3 * rays.flux(jnp.asarray(list(PEER_RAYS)))
    np.testing.assert_allclose(flux, list(PEER_RAYS.values()), rtol=1e-12)
    assert float(rays.flux(jnp.asarray(1e9))) == 0.0


def test_flux_is_that_of_the_peer_with_its_three_errors_mended():
    """Its integrals are good to 1e-5 where many kinks of the tables are inside."""
    np.testing.assert_allclose(1e3 * flux_of(like_the_peer(), KINETIC_MEV).sum(axis=0), PEER_FLUX, rtol=2e-5)
    with_spin_zero = dataclasses.replace(
        like_the_peer(), species={name: cosmic_rays(name) for name in ("proton", "helium")}
    )
    np.testing.assert_allclose(1e3 * flux_of(with_spin_zero, KINETIC_MEV).sum(axis=0), PEER_FLUX, rtol=1e-4)


def vector_cross_section(energy, kinetic, mass, target, pole2, charges):
    """Dirac particle of a mass that hits another one at rest, per MeV: exact traces, MeV^-3."""
    ray = energy - mass
    top = 2.0 * target * energy**2 - kinetic * ((mass + target) ** 2 + 2.0 * target * ray) + target * kinetic**2
    return charges**2 * top / (4.0 * np.pi * (2.0 * target * kinetic + pole2) ** 2 * (ray**2 + 2.0 * mass * ray))


def smallest_ray(kinetic, mass, target):
    """Smallest kinetic energy that gives one to what is at rest."""
    half = 0.5 * kinetic - mass
    root = math.sqrt(1.0 + 2.0 * kinetic * (mass + target) ** 2 / (target * (2.0 * mass - kinetic) ** 2))
    return half * (1.0 + root) if half > 0.0 else half * (1.0 - root)


def adaptive_flux(rays, cross_section, kinetic, target, column):
    """Column times the integral over cosmic rays, between knots."""
    mass = float(rays.mass_MeV)
    knots = np.asarray(rays.rigidity_GV), np.asarray(rays.intensity_per_m2_s_sr_GV)
    start = smallest_ray(kinetic, mass, target)
    momenta = 1e3 * rays.proton_number * knots[0]
    low = math.sqrt(start * (start + 2.0 * mass))
    edges = np.concatenate([[max(low, momenta[0])], momenta[momenta > low]])

    def integrand(momentum):
        intensity = np.interp(momentum / (1e3 * rays.proton_number), *knots) / (1e3 * rays.proton_number)
        return 4e-4 * np.pi * intensity * cross_section(math.sqrt(momentum**2 + mass**2))

    return column * sum(quad(integrand, a, b, epsabs=0.0, epsrel=1e-9)[0] for a, b in itertools.pairwise(edges))


@pytest.mark.parametrize("kinetic", [1.0, 300.0])
def test_flux_of_dirac_particles_is_an_adaptive_integral(kinetic):
    source = like_the_peer()
    column = 0.997 * PEER_KPC * 300.0 * HBAR_C_MEV_CM**2
    for row, (charge, scale, name) in enumerate(((2.0, 410.0, "helium"), (1.0, 770.0, "proton"))):
        rays = source.species[name]
        mass = float(rays.mass_MeV)
        couplings = 1e-3 * charge * CHARGE * math.sqrt(2.0 * math.pi) / (1.0 + 2.0 * kinetic / scale**2) ** 2
        expected = adaptive_flux(
            rays,
            lambda e, m=mass, g=couplings: vector_cross_section(e, kinetic, m, 1.0, 1.0, g),
            kinetic,
            1.0,
            column,
        )
        mine = flux_of(source, jnp.asarray([kinetic]))[row, 0]
        np.testing.assert_allclose(mine, expected, rtol=1e-6)


def one_ray(momentum_MeV, spin_half, mass_MeV):
    """Protons of one momentum, one of them cm^-2 s^-1."""
    width = 1e-6
    rigidity = 1e-3 * momentum_MeV * np.array([1.0 - width, 1.0, 1.0 + width])
    intensity = np.array([0.0, 1.0, 0.0]) / (4e-4 * math.pi * width * rigidity[1])
    return CosmicRays(rigidity, intensity, mass_MeV, 1e9, 1, 0, spin_half)


@pytest.mark.parametrize("kind", [ScalarDarkMatter, DiracDarkMatter])
@pytest.mark.parametrize("spin_half", [False, True])
def test_amplitude_is_that_of_detection(kind, spin_half):
    """dsigma/dQ^2 does not know which of the two is at rest."""
    particle = kind(30.0, VectorPortal(1e-2, 0.5), 3.0)
    nuclide = Nuclide(1, 0, 900.0, PointLike(), PointLike())
    for energy, kinetic in ((1500.0, 4.0), (9000.0, 2000.0)):
        rays = one_ray(math.sqrt(energy**2 - 900.0**2), spin_half, 900.0)
        source = BoostedDarkMatter(particle, 1.0, 1.0, 0.03, species={"one": rays})
        crossed, recoil = energy * 30.0 / 900.0, kinetic * 30.0 / 900.0
        seen = cross_section(
            DarkNucleus(spin_half), jnp.asarray([crossed]), jnp.asarray([1e3 * recoil]), nuclide, particle
        )
        per_q2 = 1e-40 * float(seen[0]) * 1e3 / (2.0 * 900.0)
        expected = KPC_CM * per_q2 * 2.0 * 30.0  # one particle of 30 MeV in a cubic centimetre
        np.testing.assert_allclose(flux_of(source, jnp.asarray([kinetic]))[0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("energy", "kinetic", "theirs", "exact"),
    [
        (1e3, 1.0, 8830025.534719119, 20378006.572589096),
        (1e4, 10.0, 168077.33377408193, 349862.6928575689),
        (1e4, 100.0, 488.1310386343115, 2472.422104593515),
    ],
)
def test_cross_section_of_the_peer_lacks_a_factor_of_two(energy, kinetic, theirs, exact):
    """GeV^-3, for couplings of one; traces decide (test_amplitude_is_that_of_detection stands on them)."""
    mass = 938.27208816
    mine = 1e9 * vector_cross_section(energy + mass, kinetic, mass, 1.0, 1.0, 1.0)
    np.testing.assert_allclose(mine, exact, rtol=1e-6)
    half = energy + mass
    missing = half**2 / (4.0 * math.pi * (2.0 * kinetic + 1.0) ** 2 * (energy**2 + 2.0 * mass * energy))
    np.testing.assert_allclose(mine - 1e9 * missing, theirs, rtol=1e-6)


def test_leptophobic_rays_count_nucleons():
    """Four times the proton's coupling for helium, and the same kinematics."""
    photon = ScalarDarkMatter(5.0, VectorPortal(1e-3, 0.5), 3.0)
    baryon = ScalarDarkMatter(5.0, Leptophobic(1e-8, 0.5), 3.0)
    one, other = (flux_of(boosted(each), KINETIC_MEV) for each in (photon, baryon))
    ratio = float(baryon.couplings.proton / photon.couplings.proton)
    np.testing.assert_allclose(other / one, ratio**2 * np.array([[4.0], [1.0]]) * np.ones(4), rtol=1e-6)


@pytest.mark.parametrize("mass", [0.01, 10.0, 1000.0])
def test_moments_are_those_of_the_density(mass):
    source = boosted(ScalarDarkMatter(mass, VectorPortal(1e-3, 0.5), 3.0))
    moments, folded, total = both_moments(source, jnp.asarray([1.0, 30.0, 3e3]))
    np.testing.assert_allclose(total, 1.0, rtol=1e-3)
    np.testing.assert_allclose(moments[..., 1:], folded[..., 1:], rtol=2e-5)
    # all of the spectrum: it begins where the tables do, with their kinks
    np.testing.assert_allclose(moments[..., 0], folded[..., 0], rtol=1e-2)


@pytest.mark.parametrize(
    ("portal", "mass"),
    [(VectorPortal(1e-3, 0.5), 0.5), pytest.param(Leptophobic(1e-7, 0.4, 1e-4), 40.0, marks=pytest.mark.slow)],
)
def test_gradients(portal, mass):
    source = boosted(DiracDarkMatter(mass, portal, 2.5), overburden_m_w_e=100.0)

    def value(each):
        seen = each.moments(each.mass_MeV + jnp.asarray([3.0, 50.0]))
        return (each.fluence_per_cm2[:, None] * seen[:, 1]).sum() * 1e9 + each.opacity(jnp.asarray(20.0))

    gradient = check_gradients(source, value, rtol=1e-4)
    assert np.all(np.isfinite(list(gradient.values())))


def test_finite_at_the_edges(precision):
    """Without coupling, for light and for heavy particles, at the beginning and at the end of the spectrum."""
    source = boosted(ScalarDarkMatter(1.0, Leptophobic(1e-9, 0.5), 3.0), overburden_m_w_e=100.0)
    paths = [f"dark_matter.{each}" for each in ("mass_MeV", "mass_ratio", "portal.alpha_B")]

    def seen(values):
        each = set_paths(source, paths, [values[i] for i in range(3)])
        ends = jnp.stack([each.lowest_energy_MeV, each.mass_MeV, each.break_points_MeV[-1]])
        spectrum = each.moments(ends).sum() + each.density(ends).sum() + each.fluence_per_cm2.sum()
        return spectrum + each.opacity(jnp.asarray(10.0))

    at = jnp.asarray([[mass, 3.0, coupling] for mass in (1e-3, 1.0, 2000.0) for coupling in (0.0, 1e-9)], dtype=float)
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(seen)))(at)
    assert slopes.dtype == (np.float64 if precision == "float64" else np.float32)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))


def test_opacity_is_the_energy_lost_to_silicon():
    """Standard rock is close to it: energy lost to recoils by an integral over the cross section of detection."""
    particle = ScalarDarkMatter(10.0, Leptophobic(1e-6, 0.5), 3.0)
    source = boosted(particle, overburden_m_w_e=1000.0)
    silicon = compound("[Si28]").nuclides["Si28"]
    for kinetic in (20.0, 500.0):
        energy = jnp.asarray([10.0 + kinetic])
        top = float(DarkNucleus().largest_recoil_keV(energy, silicon, particle)[0])
        recoil = jnp.geomspace(1e-9 * top, 0.999999 * top, 4000)
        seen = cross_section(DarkNucleus(), jnp.full_like(recoil, 10.0 + kinetic), recoil, silicon, particle)
        lost = np.trapezoid(np.asarray(seen * recoil**2), np.log(np.asarray(recoil))) * 1e-40 * 1e-3
        expected = 1e5 * 6.02214076e23 / 28.0 * lost / kinetic
        np.testing.assert_allclose(float(source.opacity(jnp.asarray(kinetic))), expected, rtol=0.35)


def test_opaque_rock_is_warned_of():
    particle = ScalarDarkMatter(10.0, Leptophobic(1e-3, 0.5), 3.0)
    with pytest.warns(UserWarning, match="loses about .* of its energy in 2700 m of water equivalent, which is left"):
        boosted(particle, overburden_m_w_e=2700.0)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: boosted(InelasticDarkMatter(10.0, VectorPortal(1e-4), 0.4)), "dark matter of one state"),
        (lambda: boosted(ScalarDarkMatter(10.0, VectorPortal(1e-4)), species={}), "species must hold at least one"),
        (
            lambda: boosted(ScalarDarkMatter(10.0, VectorPortal(1e-4)), effective_distance_kpc=0.0),
            "effective_distance_kpc must be positive and in kpc",
        ),
        (lambda: cosmic_rays("iron"), "There is no species of cosmic rays called 'iron'"),
        (
            lambda: CosmicRays([2.0, 1.0], [1.0, 1.0], 938.0, 770.0, 1, 0, True),
            "rigidity_GV must be finite and increase",
        ),
    ],
)
def test_bad_input(build, sentence):
    with pytest.raises(CevnsjaxError, match=sentence):
        build()
