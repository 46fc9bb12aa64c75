"""Excitation of nuclear levels by dark matter."""

import dataclasses
import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jaxtyping import Array, Float
from leaf_gradients import check_gradients
from scipy.integrate import quad
from scipy.special import genlaguerre

from cevnsjax.arrays import as_float
from cevnsjax.constants import CM2_MEV2, HBAR_C_MEV_FM, NUCLEON_MASS_MEV
from cevnsjax.cross_section import DarkExcitation, FiniteMomentum, GamowTeller, MagneticDipole, TalkGamowTeller
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import AbstractDarkSource
from cevnsjax.particle import (
    AbstractDarkMatter,
    DiracDarkMatter,
    Leptophobic,
    ScalarDarkMatter,
    VectorPortal,
    Wimp,
)
from cevnsjax.target import NuclearLevels, OscillatorShell, compound

CHARGE = math.sqrt(4.0 * math.pi / 137.035999084)
LEVELS = NuclearLevels(
    "Cs133", 3.5, (2.5, 3.5, 4.5), [0.4, 11.0, 14.0], [0.9, 0.5, 0.1], [-0.2, 0.3, -0.6], [0.2, -0.1, 0.4], 0.8
)
CAESIUM = compound("[Cs133]").with_levels(LEVELS)
POINT_LIKE = GamowTeller(1.27, axial_mass_MeV=1e12)
KINDS = {"fermion": DiracDarkMatter, "scalar": ScalarDarkMatter}


def one_level(excitation, squared, mass=1e13, spin=0.0):
    """A nucleus with one level of an isovector strength."""
    levels = NuclearLevels.isovector("Ar40", spin, [max(spin, 1.0)], [excitation], [squared])
    target = compound("[Ar40]").with_levels(levels)
    return eqx.tree_at(lambda nuclide: nuclide.mass_MeV, target.nuclides["Ar40"], jnp.asarray(mass))


@eqx.filter_jit
def level_cross_sections(interaction, energy_MeV, dark_matter, nuclide):
    return interaction.level_cross_sections(energy_MeV, dark_matter, nuclide)


def first(interaction, energy, dark_matter, nuclide):
    """Cross section of the first level, cm^2."""
    return 1e-40 * float(level_cross_sections(interaction, jnp.asarray([energy]), dark_matter, nuclide)[0, 0])


@pytest.mark.parametrize(
    ("energy", "mass", "mediator", "strength", "excitation", "kind", "expected"),
    [
        (50.0, 10.0, 30.0, 1.0, 11.57, "scalar", 5.952414005994061e-35),
        (75.0, 30.0, 90.0, 1.0, 11.57, "scalar", 4.2755874576468005e-36),
        (75.0, 30.0, 90.0, 0.255, 15.1, "fermion", 1.9420208024395787e-36),
        (75.0, 30.0, 90.0, 0.255, 15.1, "scalar", 9.830432613114773e-37),
    ],
)
def test_golden_rule(energy, mass, mediator, strength, excitation, kind, expected):
    """An independent evaluation in cos theta for a heavy nucleus, epsilon = 1e-4, alpha_D = 0.5, g_A = 1.27."""
    particle = KINDS[kind](mass, VectorPortal(1e-4, 0.5), mediator / mass)
    found = first(DarkExcitation(POINT_LIKE), energy, particle, one_level(excitation, strength))
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("energy", "mass", "mediator", "strength", "excitation", "nucleus", "spin", "kind", "published", "rel"),
    [
        (50.0, 10.0, 30.0, 1.0, 11.57, 37582.6, 0.0, "fermion", 6.982010113596977e-34, 1e-9),
        (75.0, 30.0, 90.0, 1.0, 11.57, 37582.6, 0.0, "fermion", 7.370646085950623e-35, 1e-9),
        (75.0, 30.0, 90.0, 0.255, 15.1, 11274.78, 0.0, "fermion", 1.7276727915119953e-35, 1e-9),
        (75.0, 30.0, 90.0, 1.0, 11.57, 37582.6, 0.0, "scalar", 7.826374021920656e-36, 1e-9),
        (75.0, 30.0, 90.0, 0.255, 15.1, 11274.78, 0.0, "scalar", 1.6997793975968575e-36, 1e-9),
        # its quadrature stops at 1.5e-8 MeV^-2, after 21 nodes: the integral is 5.2e-6 and 6.5e-6 less
        (12.0, 1.0, 3.0, 1.0, 2.0, 124962.145, 3.5, "fermion", 9.242879963525372e-33, 6e-6),
        (12.0, 1.0, 3.0, 1.0, 2.0, 124962.145, 3.5, "scalar", 3.825705290135342e-33, 7e-6),
    ],
)
def test_published_code(energy, mass, mediator, strength, excitation, nucleus, spin, kind, published, rel):
    """LightDM, sigmaGT_theta, with its e = 0.303 and its hbar c; S is twice what it calls a strength."""
    particle = KINDS[kind](mass, VectorPortal(1e-4 * 0.303 / CHARGE, 0.5), mediator / mass)
    nuclide = one_level(excitation, 2.0 * strength, nucleus, spin)
    found = first(DarkExcitation(TalkGamowTeller()), energy, particle, nuclide)
    hbar_c_MeV_cm = 100.0 * 6.58212e-22 * 2.998e8
    assert found * hbar_c_MeV_cm**2 / CM2_MEV2 == pytest.approx(published, rel=rel)


def test_published_normalisation():
    """Without masses four times the golden rule; with them also p/E, and another trace."""
    nuclide, energy, excitation = one_level(11.57, 0.7), 50.0, 11.57
    pair = DarkExcitation(TalkGamowTeller()), DarkExcitation(POINT_LIKE)
    light = DiracDarkMatter(1e-6, VectorPortal(1e-4, 0.5), 3e7)
    talk, rule = (first(each, energy, light, nuclide) for each in pair)
    assert talk / rule == pytest.approx(4.0, rel=1e-10)

    mass, mediator = 10.0, 30.0
    momenta = [math.sqrt(each**2 - mass**2) for each in (energy, energy - excitation)]

    def published(cosine, energy_in_propagator):
        q2 = momenta[0] ** 2 + momenta[1] ** 2 - 2.0 * momenta[0] * momenta[1] * cosine
        current = 3.0 - (momenta[0] * momenta[1] * cosine + 0.75 * mass**2) / (energy * (energy - excitation))
        pole = q2 + mediator**2 - (excitation**2 if energy_in_propagator else 0.0)
        return 2.0 * (energy - excitation) * momenta[1] / (2.0 * math.pi) / 3.0 * current / pole**2

    heavy = DiracDarkMatter(mass, VectorPortal(1e-4, 0.5), mediator / mass)
    couplings = 1e-8 * CHARGE**2 * 2.0 * math.pi * 1.27**2 * 0.7
    for choice in (True, False):
        value, _ = quad(published, -1.0, 1.0, args=(choice,), epsabs=0.0, epsrel=1e-12)
        found = first(DarkExcitation(TalkGamowTeller(energy_in_propagator=choice)), energy, heavy, nuclide)
        assert found == pytest.approx(couplings * value * CM2_MEV2, rel=1e-10)


def oracle(kind, magnetic, energy, excitation, mass, mediator, nucleus, form_factor):
    """Integral over Q^2 of the current of dark matter, as four-vectors, times delta_ij/3 or (q^2 delta_ij - q_i q_j)/3.

    MeV^-2, for couplings and matrix elements of one. Limits are those of the centre of mass.
    """
    with mpmath.workdps(50):
        e, w, m, big = map(mpmath.mpf, (energy, excitation, mass, nucleus))
        s = big**2 + m**2 + 2 * big * e
        incoming, outgoing = ((s + m**2 - other**2) / (2 * mpmath.sqrt(s)) for other in (big, big + w))
        product = mpmath.sqrt((incoming**2 - m**2) * (outgoing**2 - m**2))
        ends = [float(2 * (incoming * outgoing - m**2 + sign * product)) for sign in (-1, 1)]
    start = np.array([energy, 0.0, 0.0, math.sqrt(energy**2 - mass**2)])

    def integrand(u):
        q2 = math.exp(u) - mediator**2
        transfer = excitation * (1.0 + 0.5 * excitation / nucleus) + 0.5 * q2 / nucleus
        final = energy - transfer
        momentum = math.sqrt(final**2 - mass**2)
        cosine = (start[3] ** 2 + momentum**2 - q2 - transfer**2) / (2.0 * start[3] * momentum)
        sine = math.sqrt(max(1.0 - cosine**2, 0.0))
        end = np.array([final, momentum * sine, 0.0, momentum * cosine])
        metric = np.diag([1.0, -1.0, -1.0, -1.0])
        if kind is ScalarDarkMatter:
            tensor = np.outer(start + end, start + end)
        else:
            tensor = 2.0 * (np.outer(start, end) + np.outer(end, start) - metric * (start @ metric @ end - mass**2))
        tensor = tensor[1:, 1:] / (4.0 * energy * final)
        q = (start - end)[1:]
        spins = np.eye(3) / 3.0
        if magnetic:
            spins = (q @ q * np.eye(3) - np.outer(q, q)) / (12.0 * NUCLEON_MASS_MEV**2)
        flux = energy * final / (4.0 * math.pi * start[3] ** 2) * (nucleus + transfer) / nucleus
        return flux * np.sum(tensor * spins) * form_factor(math.sqrt(q @ q)) ** 2 * math.exp(-u)

    low, high = (math.log(end + mediator**2) for end in ends)
    return quad(integrand, low, high, epsabs=0.0, epsrel=1e-11, limit=200)[0]


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("magnetic", [False, True])
def test_any_mediator(kind, magnetic):
    """From 1e-3 to 300 MeV, with recoil and a form factor, next to threshold and far from it."""
    nuclide, shell = CAESIUM.nuclides["Cs133"], OscillatorShell.from_mass_number(133)
    laguerre = genlaguerre(shell.quanta, 2)

    def form_factor(momentum):
        y = 0.25 * (momentum / HBAR_C_MEV_FM * float(shell.rms_radius_fm)) ** 2 / (shell.quanta + 1.5)
        return laguerre(2.0 * y) / laguerre(0.0) * math.exp(-y)

    transition = MagneticDipole() if magnetic else GamowTeller(axial_mass_MeV=1e12)
    interaction = DarkExcitation.on(CAESIUM, transition)
    for mass, mediator in ((1.0, 1e-3), (10.0, 1e-3), (10.0, 0.1), (30.0, 3.0), (10.0, 30.0), (100.0, 300.0)):
        particle = KINDS[kind](mass, VectorPortal(1e-4, 0.5), mediator / mass)
        strength = transition.strength(particle, LEVELS) / 8.0
        energies = mass + 11.0 + np.array([0.05, 55.0])
        found = level_cross_sections(interaction, jnp.asarray(energies), particle, nuclide)[:, 1] / strength[1]
        numbers = mass, mediator, float(nuclide.mass_MeV), form_factor
        expected = [oracle(KINDS[kind], magnetic, each, 11.0, *numbers) for each in energies]
        np.testing.assert_allclose(found, 1e40 * CM2_MEV2 * np.array(expected), rtol=3e-8)


@pytest.mark.parametrize("magnetic", [False, True])
def test_massless_and_heavy_mediator(magnetic):
    """Neutrinos: the contact interaction of NeutralCurrentExcitation, but for couplings, in every angle and recoil."""
    target = compound("[C12]").with_levels(NuclearLevels.isovector("C12", 0, (1,), [15.11], [0.4]))
    shape, mediator = FiniteMomentum.on(target, {"C12": OscillatorShell(2.4, 1)}), 1e8
    mass_MeV = target.nuclides["C12"].mass_MeV
    energy, excitation = jnp.asarray([15.3, 30.0, 52.0]), jnp.full(3, 15.11)
    particle = DiracDarkMatter(1e-6, VectorPortal(1e-4), mediator / 1e-6)
    transition = MagneticDipole() if magnetic else GamowTeller()

    @jax.jit
    def both():
        reach = transition.reach(energy, excitation, particle, mass_MeV, shape.form_factors["C12"], 24)
        return reach, shape.channels(energy, excitation, mass_MeV, "C12")["magnetic" if magnetic else "axial"]

    found, neutrinos = both()
    # of a left-handed current: twice the average over spins, and half the integral over cos theta
    np.testing.assert_allclose(
        np.asarray(found) * 1e-40 / CM2_MEV2 * mediator**4 * 2.0 * math.pi, np.asarray(neutrinos), rtol=1e-9
    )


def test_magnetic_strengths():
    """Of a dark photon epsilon^2 B(M1); of a boson of baryon number the isoscalar moment less 1/2, whatever orbits."""
    photon = DiracDarkMatter(10.0, VectorPortal(1e-3, 0.1))
    found = MagneticDipole().strength(photon, LEVELS)
    of_photons = np.asarray(LEVELS.magnetic_dipole_up_muN2) * 8.0 * 4.0 * math.pi / 3.0
    np.testing.assert_allclose(found, 0.4 * math.pi * (1e-3 * CHARGE) ** 2 * of_photons, rtol=1e-9)
    baryon = DiracDarkMatter(10.0, Leptophobic(1e-6, 0.1))
    moment = (2.79284734463 - 1.91304273 - 0.5) * (np.asarray(LEVELS.proton_spin) + np.asarray(LEVELS.neutron_spin))
    expected = 0.4 * math.pi * 4.0 * math.pi * 1e-6 * 0.8 * moment**2
    np.testing.assert_allclose(MagneticDipole().strength(baryon, LEVELS), expected, rtol=1e-9)


def test_axial_strengths():
    """Isovector for a dark photon, isoscalar for a boson of baryon number, which needs its own axial coupling."""
    proton, neutron = map(np.asarray, (LEVELS.proton_spin, LEVELS.neutron_spin))
    photon = DiracDarkMatter(10.0, VectorPortal(1e-3, 0.1))
    expected = 0.4 * math.pi * (1e-3 * CHARGE * 1.27) ** 2 * 0.8 * 0.25 * (proton - neutron) ** 2
    np.testing.assert_allclose(POINT_LIKE.strength(photon, LEVELS), expected, rtol=1e-9)
    baryon = DiracDarkMatter(10.0, Leptophobic(1e-6, 0.1))
    assert np.all(np.asarray(GamowTeller().strength(baryon, LEVELS)) == 0.0)
    expected = 0.4 * math.pi * 4.0 * math.pi * 1e-6 * 0.8 * (0.36 / 3.0 * (proton + neutron)) ** 2
    isoscalar = GamowTeller(isoscalar_axial_coupling=0.36)
    np.testing.assert_allclose(isoscalar.strength(baryon, LEVELS), expected, rtol=1e-9)


class FlatSource(AbstractDarkSource):
    """Dark matter with any energy up to an end point alike, and a line."""

    components: ClassVar[tuple[str, ...]] = ("chi",)
    dark_matter: AbstractDarkMatter
    end_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    in_line: float = eqx.field(static=True, default=0.25)

    @property
    def break_points_MeV(self):
        return self.end_MeV[None]

    @property
    def lowest_energy_MeV(self):
        return self.dark_matter.mass_MeV

    @property
    def fluence_per_cm2(self):
        return as_float([1e12])

    @property
    def lines(self):
        return self.end_MeV[None] - 7.0, as_float([[self.in_line]])

    def density(self, energy_MeV):
        width = self.end_MeV - self.dark_matter.mass_MeV
        return jnp.full((1, *energy_MeV.shape), (1.0 - self.in_line) / width)


@eqx.filter_jit
def spectrum(interaction, source, target):
    return interaction.spectrum(interaction.nodes(source, target), source, target)


def test_events_of_a_source():
    """A box and a line, folded by adaptive quadrature; one level is out of reach."""
    particle = ScalarDarkMatter(20.0, VectorPortal(1e-4), 1.2)
    interaction, source = DarkExcitation.on(CAESIUM), FlatSource(particle, 33.5)
    nuclide = CAESIUM.nuclides["Cs133"]
    found = spectrum(interaction, source, CAESIUM)
    np.testing.assert_allclose(found.energy_keV, [400.0, 11e3, 14e3])

    def at(energy, level):
        return float(level_cross_sections(interaction, jnp.asarray([energy]), particle, nuclide)[0, level])

    for level, excitation in enumerate((0.4, 11.0)):
        threshold = 20.0 + excitation * (1.0 + (20.0 + 0.5 * excitation) / float(nuclide.mass_MeV))
        # in the root of the energy above threshold, where it is smooth
        box, _ = quad(
            lambda u, edge=threshold, level=level: 2.0 * u * at(edge + u**2, level),
            0.0,
            math.sqrt(33.5 - threshold),
            epsrel=1e-10,
        )
        expected = 0.75 / 13.5 * box + 0.25 * at(26.5, level)
        events = expected * 1e-40 * 1e12 * float(CAESIUM.nuclei_per_kg("Cs133"))
        np.testing.assert_allclose(found.events[0, level], events, rtol=1e-8)
    assert float(found.events[0, 2]) == 0.0


class Setting(eqx.Module):
    """All that can be moved."""

    interaction: DarkExcitation
    source: FlatSource


PORTALS = {"vector": VectorPortal(1e-4, 0.5), "leptophobic": Leptophobic(1e-8, 0.5, 1e-5)}


def test_derivatives_of_events():
    """Masses, couplings, moments, form factor and end point of the source, by differences."""
    particle = DiracDarkMatter(10.0, PORTALS["leptophobic"], 0.3)
    setting = Setting(DarkExcitation.on(CAESIUM), FlatSource(particle, 40.0))

    def events(setting):
        return spectrum(setting.interaction, setting.source, CAESIUM).events.sum()

    found = check_gradients(setting, events, rtol=1e-5, atol=1e-6)
    assert found["source.end_MeV"] != 0.0
    assert found["source.dark_matter.mass_ratio"] < 0.0


@pytest.mark.parametrize("transition", [GamowTeller(isoscalar_axial_coupling=0.3), TalkGamowTeller()])
def test_derivatives_of_cross_sections(transition):
    """The same of other operators, for a scalar."""
    particle = ScalarDarkMatter(10.0, PORTALS["vector"], 0.3)
    setting = Setting(DarkExcitation(transition), FlatSource(particle, 40.0))

    def cross_section(setting):
        energy, nuclide = setting.source.end_MeV[None], CAESIUM.nuclides["Cs133"]
        return setting.interaction.level_cross_sections(energy, setting.source.dark_matter, nuclide).sum()

    found = check_gradients(setting, cross_section, rtol=1e-5, atol=1e-6)
    assert found["source.dark_matter.mass_ratio"] < 0.0


def test_finite_at_threshold(precision):
    """Below, at and above threshold, almost at rest and almost without a mass, with a mediator as light or heavy."""
    nuclide = CAESIUM.nuclides["Cs133"]
    nuclide = dataclasses.replace(nuclide, levels=jax.tree.map(as_float, LEVELS), mass_MeV=as_float(nuclide.mass_MeV))

    def total(energy, mass, ratio, epsilon, transition):
        particle = DiracDarkMatter(mass, VectorPortal(epsilon), ratio)
        return DarkExcitation(transition).level_cross_sections(energy[None], particle, nuclide).sum()

    above = (-1.0, 0.4, 0.4 * (1.0 + 10.2 / float(nuclide.mass_MeV)), 11.0, 11.0 + 1e-6, 60.0)
    points = [
        (mass + each, mass, mediator / mass, epsilon)
        for mass in (1e-3, 10.0, 300.0)
        for each in above
        for mediator in (1e-3, 300.0)
        for epsilon in (0.0, 1e-6)
    ]
    columns = [as_float(each) for each in zip(*points, strict=True)]
    both = MagneticDipole(), GamowTeller()
    derivative = jax.value_and_grad(lambda *numbers: sum(total(*numbers, each) for each in both), (0, 1, 2, 3))
    values, slopes = jax.jit(jax.vmap(derivative))(*columns)
    assert all(bool(jnp.all(jnp.isfinite(each))) for each in (values, *slopes))
    assert bool(jnp.all(values >= 0.0))
    assert bool(jnp.all(jnp.where(columns[0] <= columns[1], values, 0.0) == 0.0))


def test_single_precision():
    """To 1e-4, also where the forward peak of a light mediator is all that counts."""

    def cross_sections():
        nuclide = CAESIUM.nuclides["Cs133"]
        levels = jax.tree.map(as_float, LEVELS)
        nuclide = dataclasses.replace(nuclide, levels=levels, mass_MeV=as_float(nuclide.mass_MeV))
        pairs = (MagneticDipole, DiracDarkMatter), (MagneticDipole, ScalarDarkMatter), (GamowTeller, ScalarDarkMatter)

        def of_all(ratio):
            particles = [(DarkExcitation(each()), kind(10.0, VectorPortal(1e-6), ratio)) for each, kind in pairs]
            energy = as_float([21.5, 60.0])
            return jnp.stack([each.level_cross_sections(energy, particle, nuclide) for each, particle in particles])

        return np.asarray(jax.jit(jax.vmap(of_all))(as_float([1e-3, 3.0])))

    exact = cross_sections()
    with jax.enable_x64(False):
        rough = cross_sections()
    assert rough.dtype == np.float32
    np.testing.assert_allclose(rough, exact, rtol=1e-4)


def test_bad_input():
    bare, particle = compound("[Ar40]"), DiracDarkMatter(10.0, VectorPortal(1e-4))
    with pytest.raises(CevnsjaxError, match=r"None of Ar40 has levels: give them by Material.with_levels"):
        DarkExcitation().nodes(FlatSource(particle, 40.0), bare)
    with pytest.raises(CevnsjaxError, match="dark matter of one state, which stays what it is, got Wimp"):
        DarkExcitation().nodes(FlatSource(Wimp(10.0), 40.0), CAESIUM)
    with pytest.raises(CevnsjaxError, match="Z = 18 has no levels"):
        DarkExcitation().level_cross_sections(jnp.asarray([40.0]), particle, bare.nuclides["Ar40"])
    with pytest.raises(UnknownNameError, match="Ar40"):
        DarkExcitation.on(CAESIUM, form_factors={"Ar40": OscillatorShell(3.0, 2)})
    with pytest.raises(CevnsjaxError, match="axial_mass_MeV must be positive"):
        GamowTeller(axial_mass_MeV=0.0)
    with pytest.raises(CevnsjaxError, match="axial_coupling must be positive"):
        TalkGamowTeller(-1.0)
