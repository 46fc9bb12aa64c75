"""Light bosons of photons: against adaptive quadrature and alplib's reactor job, geometries, edges, precisions."""

import dataclasses
import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import dblquad, quad, tplquad

from cevnsjax.arrays import as_float
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV
from cevnsjax.cross_section import BosonDecay, InverseCompton, InversePrimakoff
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import (
    BosonFlux,
    BoxGeometry,
    ComptonEmission,
    ConeGeometry,
    CylinderGeometry,
    ExponentialPhotons,
    PhotonTarget,
    PrimakoffEmission,
    ResonantEmission,
    SphereGeometry,
    TabulatedPhotons,
    reactor_photons,
    target_photons,
    track_length_per_MeV,
)
from cevnsjax.particle import Alp, DarkPhoton, DarkScalar, compton_nodes, inverse_compton, inverse_primakoff, primakoff
from cevnsjax.target import compound

HBAR_C_MEV_M = 197.3269804e-15
REACTOR = reactor_photons(1.0)
GERMANIUM = compound("Ge")
GEOMETRIES = {
    "cone": (ConeGeometry, 2.0, 0.6),
    "sphere": (SphereGeometry, 2.4, 0.4),
    "cylinder": (CylinderGeometry, 2.0, 0.6, 0.3),
    "box": (BoxGeometry, 2.0, 0.6, 0.8, 0.5),
}

mean_per_cm2 = eqx.filter_jit(lambda geometry, rate: geometry.mean_per_cm2(rate))
emitted = eqx.filter_jit(lambda channel, boson: channel.nodes(boson))


@eqx.filter_jit
def events(flux, interaction, target=GERMANIUM):
    """Events per kilogram."""
    return interaction.spectrum(interaction.nodes(flux, target), flux, target).total().sum()


def placed(name="cone"):
    make, *sizes = GEOMETRIES[name]
    return make(*sizes)


def reactor(boson, target="W", *, photons=None):
    photons = photons or reactor_photons(1.0)
    channels = {
        "compton": ComptonEmission(photons=photons, target=target),
        "primakoff": PrimakoffEmission(photons=photons, target=target),
    }
    return BosonFlux(boson, channels, 8.64e6, placed())


def exact_mean(name, rate):
    """exp(-r/l)/(4 pi r^2) over the volume of each, m^-2, by adaptive quadrature."""

    def function(r):
        return math.exp(-rate * r) / (4.0 * math.pi * r**2)

    if name == "cone":
        return quad(lambda r: r**2 * function(r), 2.0, 2.6)[0] / ((2.6**3 - 2.0**3) / 3.0)
    if name == "sphere":
        # x along the line to the centre, and the distance from it
        across = lambda y, x: 2.0 * math.pi * y * function(math.hypot(x, y))  # noqa: E731
        total = dblquad(across, 2.0, 2.8, 0.0, lambda x: math.sqrt(max(0.16 - (x - 2.4) ** 2, 0.0)), epsrel=1e-10)[0]
        return total / (4.0 * math.pi * 0.4**3 / 3.0)
    if name == "cylinder":
        across = lambda y, x: 2.0 * math.pi * y * function(math.hypot(x, y))  # noqa: E731
        return dblquad(across, 2.0, 2.6, 0.0, 0.3, epsrel=1e-10)[0] / (math.pi * 0.09 * 0.6)
    inside = lambda z, y, x: function(math.sqrt(x**2 + y**2 + z**2))  # noqa: E731
    return 4.0 * tplquad(inside, 2.0, 2.6, 0.0, 0.4, 0.0, 0.25, epsrel=1e-9)[0] / (0.6 * 0.8 * 0.5)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_geometries(name):
    for rate in (0.0, 0.3, 20.0):
        found = mean_per_cm2(placed(name), as_float(rate))
        np.testing.assert_allclose(found, 1e-4 * exact_mean(name, rate), rtol=3e-7)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_decay_lengths(name, precision):
    """From 1e-12 to 1e12 m the fluence falls from all to nothing, with finite derivatives."""
    rates = jnp.asarray([0.0, *np.geomspace(1e-12, 1e12, 49)])
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(placed(name).mean_per_cm2)))(rates)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    assert np.all(np.diff(values) <= 1e-6 * values[0])
    assert values[0] > 0.0
    assert values[-1] == 0.0


def log_absorption(element):
    """ln barn of XCOM between its points, straight in both logarithms, as alplib has it."""
    from cevnsjax.tables import read_table

    table = read_table("photon_absorption.csv")
    return lambda energy: np.interp(np.log(energy), np.log(table["energy_MeV"]), np.log(table[f"{element}_barn"]))


def test_absorption():
    """XCOM's points exactly, and straight lines between them to a few per cent."""
    target = PhotonTarget.of(compound("Th"))
    energy = np.array([0.15, 0.5, 2.0, 10.0])
    found = eqx.filter_jit(lambda t, e: t.absorption_barn(e))(target, as_float(energy))
    np.testing.assert_allclose(found, np.exp(log_absorption("Th")(energy)), rtol=1e-12)
    between = np.geomspace(0.15, 100.0, 300)
    found = eqx.filter_jit(lambda t, e: t.absorption_barn(e))(target, as_float(between))
    np.testing.assert_allclose(found, np.exp(log_absorption("Th")(between)), rtol=0.04)
    water = PhotonTarget.named("BeH2")
    assert water.proton_numbers == (4, 1) or water.proton_numbers == (1, 4)
    np.testing.assert_allclose(water.electrons, 2.0, rtol=1e-12)


SPINS = {
    "pseudoscalar": lambda mass: Alp(mass, electron_coupling=1e-6, photon_coupling_per_GeV=1e-4),
    "scalar": lambda mass: DarkScalar(mass, 1e-6, 1e-4),
    "vector": lambda mass: DarkPhoton(mass, 3e-6),
}


@pytest.mark.parametrize("spin", SPINS)
@pytest.mark.parametrize("mass", [0.0, 0.5, 2.5])
def test_emission(spin, mass):
    """Bosons per second and their mean energy, by an adaptive integral over the energy of the photon."""
    boson = SPINS[spin](mass)
    flux, target = reactor(boson, "Th"), PhotonTarget.named("Th")

    @eqx.filter_jit
    def integrands(energy):
        places, parts = compton_nodes(boson, energy, 48)
        weight = 1e24 * CM2_MEV2 * REACTOR(energy) / target.absorption_barn(energy)
        made = primakoff(boson, energy, 90)
        return jnp.stack([90.0 * weight * parts.sum(), 90.0 * weight * (parts * places).sum(), weight * made])

    low = max(0.15, mass + 0.5 * mass**2 / ELECTRON_MASS_MEV)
    knots = np.asarray(np.exp(target.log_energy_MeV))

    def exact(column, low):
        # in the root of the distance to the threshold, knot by knot
        ends = np.sqrt(np.concatenate([[0.0], knots[(knots > low) & (knots < 10.0)] - low, [10.0 - low]]))
        abscissae, weights = np.polynomial.legendre.leggauss(10)
        total = 0.0
        for a, b in itertools.pairwise(ends):
            root = 0.5 * (a + b) + 0.5 * (b - a) * abscissae
            values = np.array([float(integrands(as_float(low + r**2))[column]) for r in root])
            total += (0.5 * (b - a) * weights * 2.0 * root * values).sum()
        return total

    energy, number = map(np.asarray, emitted(flux.channels["compton"], boson))
    np.testing.assert_allclose(number.sum(), exact(0, low), rtol=2e-4)
    np.testing.assert_allclose((number * energy).sum(), exact(1, low), rtol=2e-4)
    if spin != "vector":
        _, number = map(np.asarray, emitted(flux.channels["primakoff"], boson))
        np.testing.assert_allclose(number.sum(), exact(2, max(0.15, mass)), rtol=2e-4)


@pytest.mark.parametrize(
    ("mass", "compton", "decays"),
    [(0.1, 0.0027869709615407716, 0.0), (0.5, 0.0049918869506144345, 0.0), (1.5, 4.6764099e-05, 481687.95)],
)
def test_alplib_job(mass, compton, decays):
    """alplib's reactor: photons of 1 MW in tungsten, 4 kg of germanium at 2.25 m, 0.04 m^2 and 0.2 m, 100 days.

    The numbers are another deterministic calculation of the same, which alplib's samples agree with to 0.5 %. It takes
    1/(4 pi d^2) at the front, no decays on the way, straight lines between points of XCOM, and photons from 0.05
    MeV on.
    """
    boson = Alp(mass, electron_coupling=1e-6)
    flux = BosonFlux(
        boson, {"compton": ComptonEmission(photons=REACTOR, target="W")}, 8.64e6, (cone := ConeGeometry(2.25, 0.2))
    )
    to_front = float(cone.volume_per_sr_m3) / (0.2 * 2.25**2)
    found = 4.0 * float(events(flux, InverseCompton())) * to_front
    np.testing.assert_allclose(found, compton, rtol=0.02)
    volume_cm3 = 0.04 * 0.2 * 1e6
    found = 1e-3 * volume_cm3 * float(events(flux, BosonDecay(1.0))) * to_front
    np.testing.assert_allclose(found, decays, rtol=0.02)


def test_what_is_survived():
    """A boson that decays on its way is seen less often by what is left of it, whatever it does then."""
    boson, energy = Alp(1.5, photon_coupling_per_GeV=1e-2), 3.0
    width = (1e-2 * 1e-3) ** 2 * 1.5**3 / (64.0 * math.pi)
    rate = 1.5 * width / math.sqrt(energy**2 - 1.5**2) / HBAR_C_MEV_M
    near = BosonFlux(boson, {"p": PrimakoffEmission(photons=_line(energy), target="W")}, 1.0, placed())
    far = dataclasses.replace(near, geometry=ConeGeometry(20.0, 0.6))

    def exact(front):
        path = quad(lambda r: math.exp(-rate * r), front, front + 0.6)[0]
        return path / ((front + 0.6) ** 3 - front**3)

    for interaction in (InversePrimakoff(), BosonDecay(5.32)):
        ratio = float(events(far, interaction) / events(near, interaction))
        np.testing.assert_allclose(ratio, exact(20.0) / exact(2.0), rtol=1e-3)
    assert rate * 18.0 > 0.1


def _line(energy):
    return TabulatedPhotons([energy - 1e-3, energy + 1e-3], [1.0, 1.0])


def test_track_length():
    """Of an exponential spectrum, by an adaptive integral of the formula as it is printed."""
    electrons = ExponentialPhotons(1.0, 20.0, 0.6, 200.0)

    def at_depth(t, energy):
        power, last = 4.0 * t / 3.0, math.log(200.0 / energy)
        inner = quad(
            lambda loss: math.exp(-energy * math.exp(loss) / 20.0), 0.0, last, weight="alg", wvar=(power - 1.0, 0.0)
        )
        return inner[0] / math.gamma(power)

    for energy in (1.0, 10.0, 100.0):
        exact = quad(at_depth, 1e-9, 5.0, args=(energy,), epsrel=1e-7)[0]
        found = eqx.filter_jit(track_length_per_MeV)(electrons, as_float(energy))
        np.testing.assert_allclose(found, exact, rtol=1e-4)


def test_resonance():
    """One energy, m^2/(2 m_e), electrons of lead's neighbour tungsten, and finite derivatives at both ends."""
    positrons = ExponentialPhotons(1.0, 20.0, 0.6, 200.0)
    channel = ResonantEmission(positrons=positrons, target=compound("W"), radiation_length_g_per_cm2=6.76)
    boson = Alp(3.0, electron_coupling=1e-6)
    energy, number = emitted(channel, boson)
    np.testing.assert_allclose(energy, [9.0 / (2.0 * ELECTRON_MASS_MEV)], rtol=1e-12)
    velocity = math.sqrt(1.0 - (2.0 * ELECTRON_MASS_MEV / 3.0) ** 2)
    track = float(eqx.filter_jit(track_length_per_MeV)(positrons, energy[0] - ELECTRON_MASS_MEV))
    strength = math.pi * 1e-12 / (4.0 * ELECTRON_MASS_MEV * velocity) * CM2_MEV2
    np.testing.assert_allclose(number, [74.0 * 6.02214076e23 * 6.76 / 183.84 * strength * track], rtol=1e-5)
    ends = [2.0 * ELECTRON_MASS_MEV, float(channel.heaviest_boson_MeV)]
    masses = jnp.asarray([0.0, 1.0, *(end * (1.0 + step) for end in ends for step in (-1e-6, 0.0, 1e-6)), 20.0])

    @jax.jit
    @jax.vmap
    @jax.value_and_grad
    def made(mass):
        return channel.nodes(dataclasses.replace(boson, mass_MeV=mass))[1].sum()

    values, slopes = made(masses)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    np.testing.assert_array_equal(np.asarray(values) > 0.0, [0, 0, 0, 0, 1, 1, 0, 0, 0])
    up, down = (float(made(as_float([3.0 + step]))[0][0]) for step in (1e-4, -1e-4))
    np.testing.assert_allclose(made(as_float([3.0]))[1][0], (up - down) / 2e-4, rtol=1e-5)


def test_tabulated_photons():
    """A table of an exponential is the exponential, as far as lines between its knots go."""
    knots = np.geomspace(0.15, 10.0, 200)
    table = TabulatedPhotons(knots, 0.58e18 * np.exp(-1.1 * knots))
    boson = SPINS["pseudoscalar"](0.7)
    for channel in (ComptonEmission, PrimakoffEmission):
        found, expected = (
            emitted(channel(photons=photons, target="W"), boson)[1].sum() for photons in (table, REACTOR)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_photons_of_targets():
    """Of the Lujan centre: 2.08 photons per proton from 1 MeV on."""
    photons = target_photons("lujan")
    number = quad(lambda x: math.exp(x) * float(photons(as_float(math.exp(x)))), 1e-4, math.log(307.0))[0]
    np.testing.assert_allclose(number, 2.07902, rtol=1e-3)
    with pytest.raises(UnknownNameError, match="facility with a table of photons"):
        target_photons("ess")


def everything(flux):
    """What all channels of production make of all channels of detection."""
    energy, share = flux.lines
    seen = inverse_compton(flux.boson, energy) + inverse_primakoff(flux.boson, energy, 32)
    return flux.fluence_per_cm2 @ share @ (seen + flux.boson.inverse_decay_length_per_m(energy))


@pytest.mark.parametrize(
    ("spin", "mass"),
    [
        pytest.param("pseudoscalar", 0.3, marks=pytest.mark.slow),
        ("pseudoscalar", 1.4),
        pytest.param("scalar", 1.4, marks=pytest.mark.slow),
        pytest.param("vector", 1.4, marks=pytest.mark.slow),
    ],
)
def test_gradients(spin, mass):
    """Every number of the source, above and below 2 m_e."""
    check_gradients(reactor(SPINS[spin](mass)), everything, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("spin", SPINS)
def test_finite_everywhere(spin, precision):
    """No mass, 2 m_e, the end of the photons and beyond, no coupling and a large one."""
    source = reactor(SPINS[spin](0.1))
    end = float(source.channels["compton"].heaviest_boson_MeV)
    masses = [0.0, 1e-6, 0.1, 1.0219979, 1.022, 2.0, end * (1 - 1e-6), end, 5.0, 9.9999, 10.0, 12.0]
    points = [(mass, g) for mass in masses for g in (0.0, 1e-9, 1e-3)]

    def of(mass, g):
        make = {"vector": DarkPhoton, "scalar": lambda m, g: DarkScalar(m, g, g)}.get(spin)
        boson = make(mass, g) if make else Alp(mass, 0.0, 0.0, g, g)
        return everything(dataclasses.replace(source, boson=boson))

    @jax.jit
    def both(mass, g):
        return jax.vmap(lambda *x: (of(*x), *jax.grad(of, (0, 1))(*x)))(mass, g)

    found = both(*(jnp.asarray(each, dtype=float) for each in zip(*points, strict=True)))
    assert all(np.all(np.isfinite(each)) for each in found)
    heavy = np.array([mass >= (end * (1 + 1e-5) if spin == "vector" else 10.0) for mass, _ in points])
    assert all(np.all(np.asarray(each)[heavy] == 0.0) for each in found)


def test_refused():
    with pytest.raises(CevnsjaxError, match="contains the source: distance_m is that of its centre"):
        SphereGeometry(1.0, 1.5)
    with pytest.raises(CevnsjaxError, match="distance_m must be positive"):
        BoxGeometry(0.0, 1.0, 1.0, 1.0)
    for name, front in (("cone", "2"), ("sphere", "2"), ("cylinder", "2"), ("box", "2")):
        channels = {"p": PrimakoffEmission(photons=REACTOR, target="W")}
        with pytest.raises(CevnsjaxError, match=f"begins {front} m from the middle of a source of 3 m radius"):
            BosonFlux(Alp(0.1), channels, 1.0, placed(name), source_radius_m=3.0)
        assert BosonFlux(Alp(0.1), channels, 1.0, placed(name), source_radius_m=1.5).source_radius_m == 1.5
    with pytest.raises(CevnsjaxError, match="channels must name at least one channel"):
        BosonFlux(Alp(0.1), {}, 1.0, placed())
    with pytest.raises(UnknownNameError, match="element with a table of the absorption of photons"):
        PhotonTarget.named("U")
    with pytest.raises(CevnsjaxError, match="highest_energy_MeV must be above 3 MeV, got 2 MeV"):
        ExponentialPhotons(1.0, 1.0, 3.0, 2.0)
    with pytest.raises(CevnsjaxError, match="photons_per_MeV must be positive"):
        TabulatedPhotons([1.0, 2.0], [1.0, 0.0])
