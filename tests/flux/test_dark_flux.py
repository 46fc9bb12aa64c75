"""Dark matter of a beam at a detector: direct sums over mesons, moments, delays, couplings, captures, edges."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import DarkNucleus, Panels
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import (
    AbstractIsotropicProduction,
    DarkFlux,
    IsotropicBosons,
    MesonCells,
    NeutralPion,
    PionCapture,
    beam_pions,
    boosts,
    neutral_mesons,
    rapidity,
)
from cevnsjax.particle import DiracDarkMatter, InelasticDarkMatter, Leptophobic, ScalarDarkMatter, VectorPortal
from cevnsjax.target import compound

PION_MEV = 134.9768
LAW = np.polynomial.legendre.poly2leg([1.0, 1.4, 0.49])  # of (1 + 0.7 cos theta)^2, up to a constant
MOMENTS = LAW / LAW[0] / (2.0 * np.arange(3) + 1.0)
ONE_ENERGY = MesonCells([92.0], [0.1], MOMENTS[None])
KINDS = {"scalar": ScalarDarkMatter, "fermion": DiracDarkMatter}


def dark(kind="scalar", mass=10.0, ratio=3.0, epsilon=1e-4, alpha_D=0.5):
    return KINDS[kind](mass, VectorPortal(epsilon, alpha_D), ratio)


def of_pions(particle, cells=ONE_ENERGY, isotropic=False, slices=(0.0,), angle=60.0):
    return DarkFlux(particle, {"pi0": NeutralPion(cells, isotropic=isotropic)}, 1e22, 20.0, angle, slices)


@functools.cache
def program_of(isotropic=False, slices=(0.0,), captures=False):
    """Fluence, density and moments above energies; mesons are constants of the program, as in a likelihood."""

    def looked_at(particle, energy):
        flux = of_captures(particle) if captures else of_pions(particle, ONE_ENERGY, isotropic, slices)
        return flux.fluence_per_cm2, flux.density(energy), flux.moments(energy)

    return eqx.filter_jit(looked_at)


def looked_at(particle, energy, **options):
    """At energies that are repeated up to a length that all tests share."""
    fluence, density, moments = program_of(**options)(particle, as_float(np.resize(energy, 264)))
    return fluence, density[..., : len(energy)], moments[..., : len(energy)]


def pairs(kind, mass, mediator, alpha_D, number=80):
    """Invariant masses of pairs and branching ratios over epsilon^2, by nodes of our own around the pole."""
    abscissae, weights = np.polynomial.legendre.leggauss(number)
    r = mass**2 / mediator**2
    of_kind = {"scalar": (1 - 4 * r) ** 1.5 / 12, "fermion": (1 + 2 * r) * math.sqrt(1 - 4 * r) / 3}
    scale = alpha_D * mediator**2 * of_kind[kind]
    ends = [math.asinh((s - mediator**2) / scale) for s in (4.0 * mass**2, PION_MEV**2)]
    place = np.concatenate([ends[0] * (1 - (0.5 + 0.5 * abscissae) ** 2), ends[1] * 0.5 * (1 + abscissae)])
    step = np.concatenate([-ends[0] * 0.5 * (1 + abscissae) * weights, ends[1] * 0.5 * weights])
    s = mediator**2 + scale * np.sinh(place)
    beta2 = np.maximum(1 - 4 * mass**2 / s, 0.0)
    width = alpha_D * np.sqrt(s) * (beta2**1.5 / 12 if kind == "scalar" else (1 + 2 * mass**2 / s) * beta2**0.5 / 3)
    pole = (s - mediator**2) ** 2 + s * width**2
    decays = np.sqrt(s) * width / (math.pi * pole) * scale * np.cosh(place) * step
    return s, 2 * 0.98823 * (1 - s / PION_MEV**2) ** 3 * decays


def direct(kind, isotropic, energy, cosine, mass=10.0, mediator=30.0, alpha_D=0.5):
    """4 pi dN/dE dOmega over epsilon^2 and mesons: a sum over pairs, angles of mesons to the detector and azimuths.

    In the frame of a meson a pair is a box in the energy E0 = gamma (E - b c p), which sees the angle with p/p0.
    """
    gamma = 1.0 + 92.0 / PION_MEV
    speed = math.sqrt(1.0 - gamma**-2)
    s, ratio = (each[:, None, None] for each in pairs(kind, mass, mediator, alpha_D))
    root, k = np.sqrt(s), np.sqrt(np.maximum(s / 4 - mass**2, 0.0))
    middle = (PION_MEV**2 + s) / (4 * PION_MEV)
    half = (PION_MEV**2 - s) / (2 * PION_MEV) * k / root
    momentum = np.sqrt(energy**2 - mass**2)[None, :, None]
    first = np.clip((energy[None, :, None] - (middle + half) / gamma) / (speed * momentum), -1.0, 1.0)
    last = np.clip((energy[None, :, None] - (middle - half) / gamma) / (speed * momentum), -1.0, 1.0)
    abscissae, weights = np.polynomial.legendre.leggauss(24)
    c = first + 0.5 * (last - first) * (1 + abscissae)
    azimuth = 2 * math.pi * np.arange(8) / 8
    sines = math.sqrt(1 - cosine**2) * np.sqrt(1 - c**2)
    mesons = sum((1 + 0.7 * (cosine * c + sines * math.cos(each))) ** 2 for each in azimuth) / 8 / (2 * LAW[0])
    at_rest = gamma * (energy[None, :, None] - speed * c * momentum)
    u = np.clip((at_rest - middle) / np.maximum(half, 1e-12), -1.0, 1.0)
    law = 1.0
    if not isotropic:
        r4 = 4 * mass**2 / s
        law = 1.5 * (1 - u**2) if kind == "scalar" else 0.75 * (1 + u**2 + r4 * (1 - u**2)) / (1 + r4 / 2)
    seen = mesons * law * momentum / np.sqrt(np.maximum(at_rest**2 - mass**2, 1e-12)) * weights
    over_angles = (0.5 * (last - first) * seen).sum(axis=-1)
    return (2 * ratio[..., 0] / np.maximum(2 * half[..., 0], 1e-12) * over_angles).sum(axis=0)


@pytest.mark.parametrize(("kind", "isotropic"), [("scalar", True), ("fermion", False)])
def test_direct_sum(kind, isotropic):
    """Mesons of one energy: densities, and moments above energies."""
    edges = np.arange(0.0, 4.4, 0.1)
    nodes, weights = np.polynomial.legendre.leggauss(6)
    at = edges[:-1, None] + 0.05 * (1 + nodes)
    energy = 10.0 * np.cosh(at.ravel())
    exact = 0.1 * 1e-8 * 1e22 / (4 * math.pi * 2000.0**2) * direct(kind, isotropic, energy, 0.5)
    fluence, density, _ = looked_at(dark(kind), energy, isotropic=isotropic)
    np.testing.assert_allclose(fluence[0] * density[0], exact, atol=2e-2 * exact.max())
    step = (10.0 * np.sinh(at) * 0.05 * weights * exact.reshape(at.shape)).ravel()
    assert float(fluence[0]) == pytest.approx(step.sum(), rel=1e-3)
    lower = edges[[0, 5, 10, 15, 20, 25, 30]]
    _, _, moments = looked_at(dark(kind), 10.0 * np.cosh(lower), isotropic=isotropic)
    powers = np.stack([energy**k for k in (2, 1, 0)]) / (energy**2 - 100.0)
    expected = np.stack([(powers * step)[:, at.ravel() > each].sum(axis=1) for each in lower], axis=1)
    found = np.asarray(fluence[0] * moments[0])
    np.testing.assert_allclose(found, expected, rtol=3e-3)
    np.testing.assert_allclose(found[:2] / expected[:2, :1], expected[:2] / expected[:2, :1], atol=6e-4)


def test_slices():
    """They share a channel: fluences and moments add up, and the mean delay of all is that of each particle."""
    energy, slices = 10.0 * np.cosh(np.linspace(0.0, 4.0, 30)[1:]), (0.0, 0.04, 0.1, 0.2, 0.35, 0.6, 1.0, 1.8)
    whole, _, all_moments = looked_at(dark("fermion"), energy)
    fluence, density, moments = looked_at(dark("fermion"), energy, slices=slices)
    flux = of_pions(dark("fermion"), slices=slices)
    assert float(fluence.sum()) == pytest.approx(float(whole[0]), rel=1e-12)
    np.testing.assert_allclose((fluence[:, None, None] * moments).sum(axis=0), whole[0] * all_moments[0], rtol=1e-11)
    assert flux.components[1] == "pi0.0.04"
    # between two slices particles arrive at their own delay on average; what is later than the last one with it
    speed = np.sqrt(1.0 - (10.0 / energy) ** 2)
    shares = np.asarray(fluence[:, None] * density)
    mean = (shares * np.asarray(flux.slices)[:, None]).sum(axis=0) / shares.sum(axis=0)
    np.testing.assert_allclose(mean, np.minimum(1.0 / speed - 1.0, 1.8), rtol=1e-9)
    np.testing.assert_allclose(flux.delay_us, 20.0 / 299.792458 * np.asarray(flux.slices), rtol=1e-12)


def test_moments_are_integrals_of_the_density():
    """Between panels and within them."""
    edges = np.asarray(rapidity.EDGES)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    at = edges[:4, None] + 0.5 * np.diff(edges)[:4, None] * (1 + nodes)
    energy = 10.0 * np.cosh(at)
    _, density, _ = looked_at(dark("fermion"), energy.ravel())
    step = (10.0 * np.sinh(at) * 0.5 * np.diff(edges)[:4, None] * weights).ravel() * np.asarray(density[0])
    _, _, moments = looked_at(dark("fermion"), 10.0 * np.cosh(edges[:4]))
    powers = np.stack([energy.ravel() ** k for k in (2, 1, 0)]) / (energy.ravel() ** 2 - 100.0)
    expected = np.stack([(powers * step)[:, at.ravel() > each].sum(axis=1) for each in edges[:4]], axis=1)
    np.testing.assert_allclose(moments[0], expected, rtol=2e-3)


def events(flux, panels):
    """Per kilogram of argon."""
    target = compound("[Ar40]")
    return DarkNucleus().spectrum(DarkNucleus().nodes(flux, target, panels), flux, target).total().sum()


def test_decays_on_the_way():
    """Chi_2 is what is left after the distance, of each energy and of all; of chi_1 nothing is lost."""

    @eqx.filter_jit
    def at_detector(distance_m, heavier, energy):
        particle = InelasticDarkMatter(10.0, VectorPortal(5e-4, 0.5), 0.4, 3.0, heavier)
        flux = DarkFlux(particle, {"pi0": NeutralPion(ONE_ENERGY)}, 1e22, distance_m, 60.0, (0.0,))
        number = flux.fluence_per_cm2 * distance_m**2
        return number * flux.density(energy)[0], number, particle.decay_width_MeV

    edges = np.asarray(rapidity.EDGES)[:5]
    x, weights = np.polynomial.legendre.leggauss(rapidity.ORDER)
    at = (edges[:-1, None] + 0.5 * np.diff(edges)[:, None] * (1.0 + x)).ravel()
    for heavier, mass in ((True, 14.0), (False, 10.0)):
        energy = jnp.asarray(mass * np.cosh(at))
        (near, _, width), (far, number, _) = (at_detector(d, heavier, energy) for d in (as_float(1e-6), as_float(20.0)))
        length_m = np.sinh(at) * 197.3269804e-15 / float(width)
        left = np.exp(-20.0 / length_m) if heavier else np.ones_like(at)
        assert not heavier or (left.min() < 1e-3 and left.max() > 0.5)
        np.testing.assert_allclose(far, near * left, rtol=1e-6, atol=1e-12 * float(near.max()))
        steps = mass * np.sinh(at) * (0.5 * np.diff(edges)[:, None] * weights).ravel()
        assert float(number[0]) == pytest.approx(float(np.asarray(near) * left @ steps), rel=1e-6)


def test_powers_of_couplings():
    """epsilon^4 alpha_D of a dark photon and alpha_B^2 alpha_chi of baryon number, but for what the width adds."""
    panels = Panels.of_all_recoils(of_pions(dark()), 25.0)

    @jax.jit
    def slopes(portal):
        """d ln N/d ln of each coupling."""

        def logarithm(portal):
            return jnp.log(events(of_pions(ScalarDarkMatter(10.0, portal)), panels))

        return jax.tree.map(jnp.multiply, jax.grad(logarithm)(portal), portal)

    photon = slopes(VectorPortal(1e-4, 0.5))
    assert float(photon.epsilon) == pytest.approx(4.0, abs=1e-6)
    wide, narrow = (slopes(Leptophobic(1e-8, alpha)) for alpha in (0.5, 1e-4))
    np.testing.assert_allclose([wide.alpha_B, narrow.alpha_B, narrow.alpha_chi], [2.0, 2.0, 1.0], atol=1e-6)
    assert float(wide.alpha_chi) == pytest.approx(float(photon.alpha_D), abs=1e-6)
    assert 1.0 < float(photon.alpha_D) < 1.02


def test_finer_steps(monkeypatch):
    """Twice as many panels, steps of rapidity or invariant masses change nothing that is seen by 1e-3."""

    def found(masses=24):
        pions = NeutralPion(beam_pions("lujan"), masses=masses)
        emission = jax.jit(lambda: pions.emission(dark("fermion"), as_float(0.0)))()
        at = np.asarray(rapidity.nodes(emission.edges))
        powers = np.stack([np.cosh(at) ** power for power in (2, 1, 0)]) / np.sinh(at) ** 2
        values = as_float(powers * np.asarray(emission.density))
        return np.asarray(rapidity.integrals_above(emission.edges, values, as_float(1.2 * np.arange(3))))

    plain = found()
    changes = {"masses": found(48)}
    with monkeypatch.context() as patch:
        steps = tuple(0.025 * np.arange(385))
        patch.setattr(boosts, "STEPS", steps)
        patch.setattr(neutral_mesons, "STEPS", steps)
        boosts._on_host.cache_clear()
        changes["steps"] = found()
    with monkeypatch.context() as patch:
        patch.setattr(rapidity, "EDGES", tuple(12.0 * np.arange(21) / 20))
        boosts._on_host.cache_clear()
        changes["panels"] = found()
    boosts._on_host.cache_clear()
    for name, finer in changes.items():
        np.testing.assert_allclose(finer / plain[:, :1], plain / plain[:, :1], atol=1e-3, err_msg=name)


def of_captures(particle, per_proton=0.0259, photon_share=1.0, protons=1.0, distance_m=23.0):
    return DarkFlux(particle, {"pi-": PionCapture(per_proton, photon_share)}, protons, distance_m, slices=(0.0,))


def test_captures():
    """Energies of V at threshold, and the box of its decays."""
    capture = PionCapture(0.03)
    for mediator, energy in ((1e-3, 129.40723433232293), (120.0, 136.08724569380797)):
        particle = dark("fermion", mediator / 3.0)
        assert float(capture.boson_energy_MeV(particle)) == pytest.approx(energy, rel=1e-9)
    particle = dark("scalar", 30.0)
    boson = float(capture.boson_energy_MeV(particle))
    gamma, k = boson / 90.0, math.sqrt(45.0**2 - 900.0)
    ends = gamma * 45.0 + np.array([-1, 1]) * math.sqrt(gamma**2 - 1) * k
    edges = capture.emission(particle, as_float(0.0)).edges
    np.testing.assert_allclose(30.0 * np.cosh(edges[np.array([0, -1])]), ends, rtol=1e-9)
    middle = np.linspace(*ends, 7)[1:-1]
    _, density, moments = looked_at(particle, middle, captures=True)
    np.testing.assert_allclose(density[0], 1.0 / (ends[1] - ends[0]), rtol=1e-8)
    inverse = 0.5 / 30.0 * np.log((ends[1] - 30) / (ends[1] + 30) * (middle + 30) / (middle - 30))
    np.testing.assert_allclose(moments[0, 2], inverse / (ends[1] - ends[0]), rtol=1e-8)
    closed = of_captures(dark("scalar", 50.0))
    assert float(closed.fluence_per_cm2[0]) == 0.0


@pytest.mark.parametrize(
    ("mass", "protons_per_year", "distance", "per_proton", "published", "energy"),
    [
        (30.0, 1.76e22, 23.0, 0.0259, 43.488085066048434, 133.167294),
        (10.0, 7.5e21, 20.0, 0.0259, 24.508377485731124, 129.827280),
        (10.0, 6.0e23, 25.0, 0.0457, 2214.1189952205837, 129.827280),
    ],
)
def test_published_captures(mass, protons_per_year, distance, per_proton, published, energy):
    """LightDM, DMFluxFromPiMinusAbsorption: per m^2 and s with every capture, and no p_V/p_gamma for the phase space.

    Its energy of V differs by 2e-5, for its masses.
    """
    particle = dark("scalar", mass)
    flux = of_captures(particle, per_proton, 1.0, protons_per_year / (365 * 86400), distance)
    boson = float(PionCapture(0.03).boson_energy_MeV(particle))
    assert boson == pytest.approx(energy, rel=3e-5)
    phase_space = math.sqrt(boson**2 - (3.0 * mass) ** 2) / 129.40723433232293
    assert 1e4 * float(flux.fluence_per_cm2[0]) / phase_space == pytest.approx(published, rel=1e-8)


class NarrowBosons(AbstractIsotropicProduction):
    """A boson per proton, of nearly one rapidity."""

    norm: jax.Array
    at: jax.Array

    def rapidity_range(self, dark_matter):
        return self.at - 5e-3, self.at + 5e-3

    def boson_density(self, dark_matter, rapidity):
        return jnp.full_like(rapidity, 100.0)


def test_isotropic_bosons():
    """Bosons of one rapidity are a box in energy, as those of captures are; each decays to two."""
    particle, y = dark("scalar", 30.0), 1.3
    emission = IsotropicBosons(NarrowBosons(as_float(1.0), as_float(y))).emission(particle, as_float(0.0))
    chi = math.asinh(math.sqrt(45.0**2 - 900.0) / 30.0)
    at = np.asarray(rapidity.nodes(emission.edges))
    expected = np.sinh(at) / (math.sinh(y) * math.sinh(chi))
    inside = (at > abs(y - chi) + 6e-3) & (at < y + chi - 6e-3)
    assert inside.sum() > 50
    np.testing.assert_allclose(np.asarray(emission.density)[inside], expected[inside], rtol=1e-4)
    assert np.all(np.asarray(emission.density)[(at < abs(y - chi) - 6e-3) | (at > y + chi + 6e-3)] == 0.0)
    total = rapidity.integrals_above(emission.edges, emission.density[None], emission.edges[:1])
    assert total.item() == pytest.approx(2.0, rel=2e-2)


def both_channels(particle):
    """Made anew in either precision."""
    cells = MesonCells([60.0, 180.0], [0.1, 0.03], [[1.0, 0.1], [1.0, 0.6]])
    production = {"pi0": NeutralPion(cells), "pi-": PionCapture(0.03)}
    return DarkFlux(particle, production, 1e22, 20.0, 75.0, slices=(0.0, 0.1, 1.0))


@pytest.mark.slow
def test_derivatives():
    """In every number of the particle, the production and the geometry, by differences."""

    def weighted(flux):
        moments = flux.fluence_per_cm2[:, None, None] * flux.moments(as_float([16.0, 40.0]))
        late = 1.0 + flux.delay_us
        return 1e-3 * (moments.sum(axis=(1, 2)) * late).sum()

    gradients = check_gradients(both_channels(dark("fermion", 14.0, 3.0, 1e-3, 0.3)), weighted, rtol=1e-4, atol=1e-5)
    assert gradients["production.pi0.mesons.tilt"] != 0.0
    assert gradients["angle_deg"] < 0.0


@pytest.mark.parametrize("channel", ["pi-", pytest.param("pi0", marks=pytest.mark.slow)])
def test_edges(channel, precision):
    """Light and heavy dark matter, at thresholds and beyond: finite, and zero where nothing is made."""
    half = 0.5 * PION_MEV
    points = [(0.1, 3.0), (10.0, 2.0), (10.0, 1.9), (half, 3.0), (half, 2.0), (46.0, 3.0), (300.0, 3.0)]

    def of_one(mass, ratio):
        flux = both_channels(DiracDarkMatter(mass, VectorPortal(1e-4, 0.5), ratio))
        flux = DarkFlux(flux.dark_matter, {channel: flux.production[channel]}, 1e22, 20.0, slices=(0.0, 0.1, 1.0))
        moments = flux.moments(as_float([1.0, 30.0, 100.0, 400.0]))
        return (flux.fluence_per_cm2[:, None, None] * moments).sum()

    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(of_one, (0, 1))))(*map(as_float, zip(*points, strict=True)))
    assert all(bool(jnp.all(jnp.isfinite(each))) for each in (values, *slopes))
    assert bool(jnp.all(values >= 0.0))
    assert float(values[-1]) == 0.0
    assert float(values[0]) > 0.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: DarkFlux(dark(), {}, 1e22, 20.0), "production must hold at least one channel"),
        (lambda: DarkFlux(dark(), {"pi-": PionCapture(0.1)}, 1e22, 20.0, 200.0), "angle_deg must be between 0 and 180"),
        (lambda: of_pions(dark(), slices=(0.1, 0.2)), "slices must begin with the speed of light"),
        (lambda: of_pions(dark(), slices=(0.0, 0.2, 0.1)), "slices must be finite and increase"),
        (lambda: of_pions(dark(), slices=()), "slices must begin"),
        (lambda: PionCapture(0.1, 1.2), "photon_share must be between 0 and 1"),
        (lambda: MesonCells([1.0], [0.0], [[1.0]]), "mesons_per_proton must not be zero"),
        (lambda: MesonCells([1.0, 2.0], [0.1], [[1.0]]), "must have as many rows"),
        (lambda: NeutralPion(ONE_ENERGY, photon_branching_ratio=1.5), "photon_branching_ratio must be between"),
        (lambda: of_pions(ScalarDarkMatter(1e-3, VectorPortal(1e-4))), "too light for mesons"),
        (lambda: beam_pions("moon"), "table of neutral pions for the beam"),
    ],
)
def test_bad_numbers_are_refused(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()


def test_cells_of_a_sample():
    """Numbers, means and angular moments of simulated mesons are kept."""
    rng = np.random.default_rng(7)
    kinetic, cosine = rng.exponential(80.0, 4000), rng.uniform(-1.0, 1.0, 4000) ** 3
    cells = MesonCells.from_sample(kinetic, cosine, 1e5, PION_MEV, cells=12, degrees=3)
    assert float(cells.number_per_proton) == pytest.approx(0.04, rel=1e-12)
    rapidities = np.arccosh(1.0 + np.asarray(cells.kinetic_energy_MeV) / PION_MEV)
    weights = np.asarray(cells.mesons_per_proton) / 0.04
    assert (weights * rapidities).sum() == pytest.approx(np.arccosh(1.0 + kinetic / PION_MEV).mean(), rel=1e-12)
    means = weights @ np.asarray(cells.angular_moments)
    np.testing.assert_allclose(means, [1.0, cosine.mean(), (1.5 * cosine**2 - 0.5).mean()], rtol=1e-11)
    hotter = eqx.tree_at(lambda each: each.tilt, cells, as_float(0.3)).tilted_per_proton
    assert float(hotter.sum()) == pytest.approx(0.04, rel=1e-12)
    assert float((hotter * cells.kinetic_energy_MeV).sum()) > float(
        (weights * 0.04) @ np.asarray(cells.kinetic_energy_MeV)
    )
