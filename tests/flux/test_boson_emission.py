"""Bosons of electrons, positrons and mesons: against traces, photons, adaptive quadrature, limits and all edges."""

import dataclasses
import math
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.arrays import as_float
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import (
    AssociatedEmission,
    BremsstrahlungEmission,
    ExponentialPhotons,
    MesonCells,
    NeutralMesonEmission,
    PhotonTarget,
    ResonantEmission,
    TabulatedPhotons,
    alp_bremsstrahlung,
    boson_bremsstrahlung,
    eta_emission,
    pair_electrons,
    pair_positrons,
    pion_emission,
    pion_photons,
    stopped_pion_emission,
    target_photons,
    track_length_per_MeV,
)
from cevnsjax.flux.boson_bremsstrahlung import logarithmic_part
from cevnsjax.flux.secondary_spectra import klein_nishina_barn
from cevnsjax.particle import Alp, DarkPhoton, DarkScalar, annihilation
from cevnsjax.target import compound


def of_tungsten(channel, spectrum, **numbers):
    """A channel of electrons or positrons in tungsten."""
    name = "electrons" if channel is BremsstrahlungEmission else "positrons"
    return channel(**{name: spectrum}, target=compound("W"), radiation_length_g_per_cm2=LENGTH, **numbers)


CHARGE = math.sqrt(4.0 * math.pi * FINE_STRUCTURE_CONSTANT)
LENGTH = 6.76
POSITRONS = ExponentialPhotons(1.0, 20.0, 2.0, 200.0)
ATOMS = 6.02214076e23 / 183.84
SPINS = {
    "pseudoscalar": lambda mass, g=1e-4: Alp(mass, electron_coupling=g),
    "scalar": lambda mass, g=1e-4: DarkScalar(mass, g),
    "vector": lambda mass, g=1e-4: DarkPhoton(mass, g / CHARGE),
}
emitted = eqx.filter_jit(lambda channel, boson: channel.nodes(boson))
radiated = eqx.filter_jit(boson_bremsstrahlung)
logarithmic = eqx.filter_jit(logarithmic_part)
track_length = eqx.filter_jit(track_length_per_MeV)
ELASTIC = 74**2 * math.log(184.0 * 74 ** (-1 / 3)) + 74 * math.log(1194.0 * 74 ** (-2 / 3))
UNIT = CM2_MEV2 / ELECTRON_MASS_MEV**2 * 1e40


@pytest.fixture(scope="module")
def squared_amplitude():
    """That of gamma + e -> B + e by explicit traces, of the tests of particles."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "particle"))
    try:
        from test_light_bosons import squared_amplitude  # pyright: ignore
    finally:
        sys.path.pop(0)
    return squared_amplitude


def test_photons():
    """A vector without mass and with the charge of an electron is a photon: Tsai's, without terms that have no log."""
    for x in (0.01, 0.3, 0.9):
        found = radiated(DarkPhoton(0.0, 1.0), as_float(x), 74)
        expected = 4.0 * FINE_STRUCTURE_CONSTANT**3 * UNIT * ELASTIC * (4.0 * (1.0 - x) / 3.0 + x**2) / x
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_bremsstrahlung_of_tsai():
    """The logarithm of a pseudoscalar, and all of it where that is an ALP; a heavy vector is twice that of peers."""
    for mass, x in ((1e-3, 0.3), (1.0, 0.5), (20.0, 0.9)):
        f = (mass / (ELECTRON_MASS_MEV * x)) ** 2 * (1.0 - x)
        expected = 2.0 * FINE_STRUCTURE_CONSTANT**2 * 1e-8 / (4.0 * math.pi) * UNIT
        expected *= ELASTIC * x * (1.0 + f / 1.5) / (1.0 + f) ** 2
        alp = SPINS["pseudoscalar"](mass)
        np.testing.assert_allclose(logarithmic(alp, as_float(x), 74), expected, rtol=1e-12)
        whole = alp_bremsstrahlung(as_float(x), as_float(mass), as_float(1e-4), 74)
        np.testing.assert_allclose(radiated(alp, as_float(x), 74), whole, rtol=1e-12)
    # brem_dsigma_dea_vector of alplib, for g = 1e-4
    x, mass = 0.3, 500.0
    peers = FINE_STRUCTURE_CONSTANT**2 * 1e-8 / math.pi * ELASTIC * CM2_MEV2 * 1e40 * (1.0 - x + x**2 / 3.0)
    peers = peers / (mass**2 * (1.0 - x) / x + ELECTRON_MASS_MEV**2 * x)
    np.testing.assert_allclose(radiated(SPINS["vector"](mass), as_float(x), 74) / peers, 2.0, rtol=1e-4)


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize(("mass", "x"), [(0.2, 0.3), (2.0, 0.7)])
def test_bremsstrahlung_by_traces(spin, mass, x, squared_amplitude):
    """The integral over U by SciPy of |M|^2 (1 - x)/U^2; what is in front is that of the photons above."""
    smallest = mass**2 * (1.0 - x) / x + ELECTRON_MASS_MEV**2 * x

    def integrand(inverse):
        b = smallest / inverse
        a = b / (1.0 - x)
        s = a + ELECTRON_MASS_MEV**2
        root = math.sqrt((s + mass**2 - ELECTRON_MASS_MEV**2) ** 2 - 4.0 * s * mass**2)
        # b = a (E + p cos)/sqrt(s) of an electron at the back: the middle and half of what it can be
        half = 0.5 * a / s * root
        middle = 0.5 * a / s * (s + ELECTRON_MASS_MEV**2 - mass**2)
        cosine = (b - middle) / half
        return (1.0 - x) * squared_amplitude(a / (2.0 * ELECTRON_MASS_MEV), cosine, mass, spin) / smallest

    total = quad(integrand, 0.0, 1.0, epsrel=1e-9)[0]
    scale = FINE_STRUCTURE_CONSTANT**2 * 1e-8 / (2.0 * math.pi) * ELASTIC * CM2_MEV2 * 1e40
    np.testing.assert_allclose(logarithmic(SPINS[spin](mass), as_float(x), 74), scale * total, rtol=1e-7)


def test_critical_energy():
    """E/(E + E_c) of the track is left; a loss without radiation leaves 1/E_c per MeV of all that were faster."""
    energy = as_float([2.0, 8.0, 50.0])
    shorter = track_length(POSITRONS, energy, 5.0, as_float(8.0)) / track_length(POSITRONS, energy)
    np.testing.assert_allclose(shorter, energy / (energy + 8.0), rtol=1e-12)


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize("mass", [0.3, 8.0])
def test_bremsstrahlung_emission(spin, mass):
    """Bosons per event and what they carry, by adaptive integrals over both energies."""
    channel = of_tungsten(BremsstrahlungEmission, POSITRONS, critical_energy_MeV=8.0)
    boson = SPINS[spin](mass)
    first = max(2.0, 0.5 * (1.0 + math.sqrt(5.0)) * mass)
    abscissae, weights = np.polynomial.legendre.leggauss(60)
    electron = first * (200.0 / first) ** (0.5 * (1.0 + abscissae))
    step = 0.5 * weights * electron * math.log(200.0 / first)
    track = np.asarray(track_length(POSITRONS, as_float(electron), 5.0, as_float(8.0)))
    low = mass / electron
    # in ln(1 - x + 1e-3), as the spectrum of a heavy boson has a peak at x = 1
    abscissae, weights = np.polynomial.legendre.leggauss(400)
    far, near = np.log(1.001 - low)[:, None], np.log(1e-3 + low**2)[:, None]
    share = 1.001 - np.exp(far + 0.5 * (1.0 + abscissae) * (near - far))
    part = 0.5 * weights * (far - near) * (1.001 - share)
    section = np.asarray(radiated(boson, as_float(share), 74)) * 1e-40
    number = ATOMS * LENGTH * (track * step)[:, None] * section * part
    found, parts = map(np.asarray, emitted(channel, boson))
    np.testing.assert_allclose(parts.sum(), number.sum(), rtol=2e-3)
    np.testing.assert_allclose((parts * found).sum(), (number * electron[:, None] * share).sum(), rtol=2e-3)


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize("mass", [0.3, 5.0])
def test_associated_emission(spin, mass):
    """Against integrals over cosines by SciPy, and energy: what the boson has on average is by the boost alone."""
    channel, boson = of_tungsten(AssociatedEmission, POSITRONS), SPINS[spin](mass)
    threshold = max(0.5 * mass**2 / 0.9 / ELECTRON_MASS_MEV - ELECTRON_MASS_MEV, 1.5 * ELECTRON_MASS_MEV)
    abscissae, weights = np.polynomial.legendre.leggauss(40)
    positron = threshold * (200.0 / threshold) ** (0.5 * (1.0 + abscissae))
    step = 0.5 * weights * positron * math.log(200.0 / threshold)
    section = eqx.filter_jit(annihilation)
    angle, parts = np.polynomial.legendre.leggauss(400)
    total = np.asarray(section(boson, *(as_float(each) for each in np.broadcast_arrays(positron[:, None], angle))))
    s = 2.0 * ELECTRON_MASS_MEV * (positron + ELECTRON_MASS_MEV)
    energy = 0.5 * (positron + ELECTRON_MASS_MEV) * (1.0 + mass**2 / s)  # forwards as often as backwards
    track = np.asarray(track_length(POSITRONS, as_float(positron)))
    number = 74.0 * ATOMS * LENGTH * CM2_MEV2 * track * step * (total @ parts)
    found, made = map(np.asarray, emitted(channel, boson))
    np.testing.assert_allclose(made.sum(), number.sum(), rtol=4e-3)
    np.testing.assert_allclose((made * found).sum(), (number * energy).sum(), rtol=4e-3)


@pytest.mark.parametrize("spin", SPINS)
def test_soft_photons(spin):
    """Half of the softest photon adds what soft photons are of the resonance: (2 alpha/pi) (ln(m^2/m_e^2) - 1) ln 2."""
    boson = SPINS[spin](6.0)
    flat = TabulatedPhotons([10.0, 100.0], [1.0, 1.0])
    number = [
        float(emitted(of_tungsten(AssociatedEmission, flat, softest_share=share), boson)[1].sum())
        for share in (0.01, 0.005)
    ]
    resonance = float(emitted(of_tungsten(ResonantEmission, flat), boson)[1].sum())
    soft = 2.0 * FINE_STRUCTURE_CONSTANT / math.pi * (2.0 * math.log(6.0 / ELECTRON_MASS_MEV) - 1.0) * math.log(2.0)
    np.testing.assert_allclose((number[1] - number[0]) / resonance, soft, rtol=0.03)


def aligned(sharpness, kinetic=(30.0, 150.0), degrees=11):
    """Mesons whose angle to the beam is distributed like exp(sharpness cos)."""
    abscissae, weights = np.polynomial.legendre.leggauss(200)
    shape = weights * np.exp(sharpness * abscissae)
    moments = np.polynomial.legendre.legvander(abscissae, degrees - 1).T @ shape / shape.sum()
    return MesonCells(kinetic, [0.1, 0.05], np.tile(moments, (2, 1)))


@pytest.mark.parametrize("angle", [20.0, 90.0, 160.0])
def test_neutral_mesons(angle):
    """The integral over directions of mesons of what is boosted to the detector, by quadrature over the sphere."""
    mixing, mass, pion = 1e-3, 20.0, 134.9768
    found, number = map(
        np.asarray, emitted(NeutralMesonEmission(mesons=aligned(1.5), angle_deg=angle), DarkPhoton(mass, mixing))
    )
    cosine, weights = np.polynomial.legendre.leggauss(80)
    azimuth = np.pi * (np.arange(80) + 0.5) / 40.0
    norm = 1.5 / (4.0 * math.pi * math.sinh(1.5))  # of exp(1.5 cos) over the sphere
    at = math.radians(angle)
    to_beam, sine = cosine[:, None], np.sqrt(1.0 - cosine**2)[:, None]
    to_detector = to_beam * math.cos(at) + sine * math.sin(at) * np.cos(azimuth)[None]
    around = norm * np.exp(1.5 * to_beam) * weights[:, None] * (np.pi / 40.0)
    share = 2.0 * 0.98823 * mixing**2 * (1.0 - (mass / pion) ** 2) ** 3
    at_rest, momentum = 0.5 * (pion + mass**2 / pion), 0.5 * (pion - mass**2 / pion)
    expected = np.zeros(2)
    for kinetic, mesons in ((30.0, 0.1), (150.0, 0.05)):
        gamma = 1.0 + kinetic / pion
        boost = math.sqrt(gamma**2 - 1.0)
        # energies at a fixed angle: gamma E - boost p cos = E_0 has one root, as V outruns mesons
        velocity = boost / gamma * to_detector
        base = at_rest / gamma
        whole = (base + velocity * np.sqrt(base**2 - mass**2 * (1.0 - velocity**2))) / (1.0 - velocity**2)
        p = np.sqrt(whole**2 - mass**2)
        np.testing.assert_allclose(gamma * whole - boost * p * to_detector, at_rest, rtol=1e-10)
        jacobian = p / momentum / (gamma * np.abs(1.0 - boost / gamma * to_detector * whole / p))
        each = mesons * share * around * jacobian
        expected += each.sum(), (each * whole).sum()
    np.testing.assert_allclose([number.sum(), (number * found).sum()], expected, rtol=2e-4)


def test_number_of_mesons():
    """All directions together are 2 B epsilon^2 (1 - m^2/M^2)^3 of the mesons; eta has its own numbers."""
    pions = lambda mesons, angle: NeutralMesonEmission(mesons=mesons, angle_deg=angle)  # noqa: E731
    for make, mass, ratio in ((pions, 134.9768, 0.98823), (eta_emission, 547.862, 0.3936)):
        boson = DarkPhoton(90.0, 1e-4)
        abscissae, weights = np.polynomial.legendre.leggauss(12)
        angles = np.degrees(np.arccos(abscissae))
        numbers = [float(emitted(make(aligned(1.0), angle), boson)[1].sum()) for angle in angles]
        expected = 0.15 * 2.0 * ratio * 1e-8 * (1.0 - (90.0 / mass) ** 2) ** 3
        np.testing.assert_allclose(0.5 * np.dot(weights, numbers), expected, rtol=1e-6)
    # of a list of numbers: BR(pi0 -> gamma A')/epsilon^2 at 30 and 90 MeV
    for mass, published in ((30.0, 1.6977818225590078), (90.0, 0.338619627609476)):
        isotropic = NeutralMesonEmission(mesons=aligned(0.0))
        found = emitted(isotropic, DarkPhoton(mass, 1e-3))[1].sum()
        np.testing.assert_allclose(found / 0.15e-6, published, rtol=1e-6)


@pytest.mark.parametrize(
    ("lepton", "mass", "published"),
    [("muon", 10.0, 2.137e-10), ("muon", 1.0, 2.2709e-09), ("electron", 10.0, 8.35e-12)],
)
def test_stopped_pions(lepton, mass, published):
    """Branching ratios of a conserved current with g = 1e-3, by independent traces; one pion for each neutrino."""
    channel = stopped_pion_emission("sns", lepton)
    energy, number = map(np.asarray, emitted(channel, DarkPhoton(mass, 1e-3 / CHARGE)))
    np.testing.assert_allclose(number.sum() / 0.0848, published, rtol=4e-3)
    assert mass < energy.min()
    assert energy.max() < 0.5 * (139.57039 + mass**2 / 139.57039)


@pytest.mark.parametrize("kind", ["pseudoscalar", "scalar"])
def test_no_spin(kind):
    """Mesons without spin make no photon and a boson without spin, whose coupling is not to charges."""
    for channel in (pion_emission("sns"), stopped_pion_emission("sns", "muon")):
        np.testing.assert_array_equal(emitted(channel, SPINS[kind](1.0))[1], 0.0)


def test_pion_photons():
    """Two for each decay to photons; the mean of both is half of the pion's energy."""
    photons = pion_photons("sns")
    energy = np.geomspace(float(photons.energy_MeV[0]), float(photons.energy_MeV[-1]), 20001)
    density = np.asarray(photons(as_float(energy)))
    number = np.trapezoid(density * energy, np.log(energy))
    assert number == pytest.approx(2.0 * 0.98823 * 0.1048, rel=0.01)
    # pions of this table have 109.6 MeV on average
    carried = np.trapezoid(density * energy**2, np.log(energy)) / number
    assert carried == pytest.approx(0.5 * (134.9768 + 109.6), rel=0.01)


def test_pair_positrons():
    """One for each photon that does not scatter: of a line of 100 MeV in tungsten, flat in energy."""
    line = TabulatedPhotons([99.0, 101.0], [0.5, 0.5])
    positrons = pair_positrons(line, "W")
    energy = np.linspace(float(positrons.energy_MeV[0]), 100.0, 4001)
    number = np.trapezoid(np.asarray(positrons(as_float(energy))), energy)
    barn = float(PhotonTarget.named("W").absorption_barn(as_float(100.0)))
    # Klein and Nishina by an integral over angles
    k = 100.0 / ELECTRON_MASS_MEV
    radius2 = (FINE_STRUCTURE_CONSTANT * 197.3269804 / ELECTRON_MASS_MEV) ** 2 / 100.0

    def by_angle(cosine):
        ratio = 1.0 / (1.0 + k * (1.0 - cosine))
        return math.pi * radius2 * ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2)

    scattered = quad(by_angle, -1.0, 1.0, points=[1.0 - 1.0 / k], epsrel=1e-10, limit=200)[0]
    np.testing.assert_allclose(klein_nishina_barn(np.array([100.0])), scattered, rtol=1e-8)
    pairs = 1.0 - 74.0 * scattered / barn
    np.testing.assert_allclose(number, pairs, rtol=0.08)  # the last of 64 knots is in the edge
    middle = np.asarray(positrons(as_float([5.0, 20.0, 80.0])))
    np.testing.assert_allclose(middle, pairs / (100.0 - 2.0 * ELECTRON_MASS_MEV), rtol=2e-3)
    of_target, both = (make(target_photons("lujan"), "W") for make in (pair_positrons, pair_electrons))
    assert float(of_target.energy_MeV[-1]) < 307.5
    np.testing.assert_allclose(both.photons_per_MeV, 2.0 * of_target.photons_per_MeV, rtol=1e-12)


def radiating(channel):
    return of_tungsten(channel, ExponentialPhotons(1.0, 20.0, 2.0, 200.0), critical_energy_MeV=8.0)


CHANNELS = {
    "bremsstrahlung": lambda: radiating(BremsstrahlungEmission),
    "associated": lambda: radiating(AssociatedEmission),
    "pions": lambda: pion_emission("lujan"),
    "stopped": lambda: stopped_pion_emission("lujan", "muon"),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_finite_everywhere(name, precision):
    """No mass, 2 m_e, the heaviest boson and beyond, no coupling: finite with derivatives, zero from the last on."""
    channel = CHANNELS[name]()
    end = float(channel.heaviest_boson_MeV)
    masses = [0.0, 1e-6, 0.1, 1.022, 2.0, end * (1.0 - 1e-5), end * (1.0 + 1e-5), 2.0 * end]
    kinds = ("vector",) if name in ("pions", "stopped") else tuple(SPINS)
    for spin in kinds:
        make = SPINS[spin]

        def function(mass, g, make=make):
            boson = dataclasses.replace(make(1.0), mass_MeV=mass)
            leaf = "mixing" if isinstance(boson, DarkPhoton) else "electron_coupling"
            energy, number = channel.nodes(dataclasses.replace(boson, **{leaf: g}))
            return (energy * number).sum()

        points = [jnp.asarray(each, dtype=float) for each in np.array([(m, g) for m in masses for g in (0.0, 1e-3)]).T]
        values, slopes = jax.jit(jax.vmap(jax.value_and_grad(function, (0, 1))))(*points)
        for each in (values, *slopes):
            assert np.all(np.isfinite(each))
        np.testing.assert_array_equal(np.asarray(values)[12:], 0.0)
        assert np.all(np.asarray(values)[1:12:2] > 0.0)
        np.testing.assert_array_equal(np.asarray(values)[0::2], 0.0)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in CHANNELS])
def test_gradients(name):
    """Of every number of a channel and of the boson."""
    boson = SPINS["vector"](3.0)

    def carried(both):
        energy, number = both[0].nodes(both[1])
        return 1e9 * (energy * number).sum()

    check_gradients((CHANNELS[name](), boson), carried, rtol=1e-4)


def test_refused():
    with pytest.raises(CevnsjaxError, match="softest_share must be below 1"):
        of_tungsten(AssociatedEmission, POSITRONS, softest_share=1.5)
    with pytest.raises(CevnsjaxError, match="critical_energy_MeV"):
        of_tungsten(BremsstrahlungEmission, POSITRONS, critical_energy_MeV=-1.0)
    with pytest.raises(CevnsjaxError, match="no photons above 5 MeV to make pairs: they end at 3 MeV"):
        pair_positrons(ExponentialPhotons(1.0, 1.0, 0.5, 3.0), "W")
    with pytest.raises(UnknownNameError, match="facility"):
        pion_photons("ess")
    late = TabulatedPhotons([10.0, 20.0], [1.0, 1.0])
    for channel in (BremsstrahlungEmission, AssociatedEmission, ResonantEmission):
        said = of_tungsten(channel, late).begins_above(SPINS["vector"](2.0))
        assert said is not None
        assert said[0] == 10.0
        assert 3.0 < said[1] < 5.0
