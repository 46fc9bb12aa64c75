"""Elastic scattering of dark matter: published code, explicit traces, neutrinos, adaptive quadrature, detectors."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import numpyro.distributions as dist
import pytest
from dirac_trace import METRIC, algebra, precisely, product
from flat_dark_source import FlatSource
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.arrays import as_float
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.cross_section import Coherent, DarkElectron, DarkNucleus, LightVector, Panels
from cevnsjax.experiment import NO_TIMES, Axis, Experiment
from cevnsjax.flux import Source
from cevnsjax.parameter import Parameter
from cevnsjax.particle import DiracDarkMatter, Leptophobic, ScalarDarkMatter, VectorPortal
from cevnsjax.quenching import Lindhard
from cevnsjax.response import GaussianResponse, Resolution, TimeWindow
from cevnsjax.target import Helm, Nuclide, PointLike, compound

CHARGE = math.sqrt(4.0 * math.pi * FINE_STRUCTURE_CONSTANT)
PORTAL = VectorPortal(1e-4, 0.5)
ARGON = compound("[Ar40]")


@eqx.filter_jit
def cross_sections(interaction, energy_MeV, recoil_keV, nuclide, dark_matter):
    return interaction.differential_cross_section(energy_MeV, recoil_keV, nuclide, dark_matter)


def cm2_per_MeV(energy, recoil_MeV, nuclide, particle, spin_half=False):
    """dsigma/dT of one energy and recoil."""
    points = jnp.asarray([energy]), jnp.asarray([1e3 * recoil_MeV])
    return 1e-37 * float(cross_sections(DarkNucleus(spin_half), *points, nuclide, particle)[0])


def nucleus(protons, nucleons, form_factor=None, mass=None):
    """A nucleus of nucleons of 939.565 MeV each."""
    form_factor = form_factor or PointLike()
    return Nuclide(protons, nucleons - protons, mass or nucleons * 939.565, form_factor, form_factor)


@pytest.mark.parametrize(
    ("recoil", "energy", "mass", "protons", "nucleons", "helm", "published"),
    [
        (0.01, 50.0, 10.0, 18, 40, True, 1.4274706642879386e-30),
        (0.05, 75.0, 30.0, 18, 40, True, 2.1087403220913158e-32),
        (0.05, 75.0, 30.0, 18, 40, False, 3.067400566508406e-32),
        (0.02, 75.0, 30.0, 55, 133, True, 2.568058637828153e-31),
        (0.02, 75.0, 30.0, 55, 133, False, 7.291329007458178e-31),
        (0.02, 75.0, 30.0, 53, 127, True, 2.5875932408893224e-31),
    ],
)
def test_published_code(recoil, energy, mass, protons, nucleons, helm, published):
    """LightDM, dsigmadEr_el, with its e = 0.303, its hbar c, and q = 6.92e-3 sqrt(A T/keV)/fm in the form factor.

    It leaves m_chi^2 out beside M^2 (1e-7 and less) and takes nuclei for Dirac particles.
    """
    form_factor = None
    if helm:
        plain = Helm.lewin_smith(nucleons)
        shorter = 6.92e-3 / (math.sqrt(2.0 * 939.565e-3) / 197.3269804)
        form_factor = Helm(plain.rms_radius_fm * shorter, plain.skin_thickness_fm * shorter)
    particle = DiracDarkMatter(mass, PORTAL, 3.0)
    found = cm2_per_MeV(energy, recoil, nucleus(protons, nucleons, form_factor), particle, spin_half=True)
    hbar_c_MeV_cm = 100.0 * 6.58212e-22 * 2.998e8
    theirs = found * (0.303 / CHARGE) ** 2 * hbar_c_MeV_cm**2 / CM2_MEV2
    assert theirs == pytest.approx(published, rel=2e-7)


def test_independent_evaluation():
    """A Dirac particle on another one, and scalars on a nucleus without spin."""
    numbers = 75.0, 0.05, nucleus(18, 40)
    dirac = cm2_per_MeV(*numbers, DiracDarkMatter(30.0, PORTAL), spin_half=True)
    assert dirac == pytest.approx(3.0636451852952595e-32, rel=1e-10)
    assert cm2_per_MeV(*numbers, ScalarDarkMatter(30.0, PORTAL)) == pytest.approx(3.6784864886792244e-32, rel=1e-10)


@precisely
def traced(kind, spin_half, energy, recoil, mass, target, mediator):
    """dsigma/dT = <|M|^2>/(32 pi M p^2) for couplings of one, from gamma matrices or convection currents, MeV^-3."""
    e, t, m, big = (mpmath.mpf(each) for each in (energy, recoil, mass, target))
    g, zero = algebra(), mpmath.mpf(0)
    momentum, taken = mpmath.sqrt(e**2 - m**2), mpmath.sqrt(t**2 + 2 * big * t)
    along = (momentum**2 + taken**2 - (e - t) ** 2 + m**2) / (2 * momentum)
    across = mpmath.sqrt(taken**2 - along**2)
    k, p = np.array([e, zero, zero, momentum]), np.array([big, zero, zero, zero])
    p_out = np.array([big + t, across, zero, along])
    k_out = k + p - p_out

    def tensor(before, after, heavy, dirac):
        """With upper indices, averaged over spins."""
        if not dirac:
            return np.multiply.outer(before + after, before + after)
        lines = [(g.slash(after) + heavy * g.one) @ one @ (g.slash(before) + heavy * g.one) for one in g.gamma]
        return np.array([[np.trace(line @ two) / 2 for two in g.gamma] for line in lines])

    signs = np.multiply.outer(METRIC, METRIC)
    squared = np.sum(tensor(k, k_out, m, kind is DiracDarkMatter) * signs * tensor(p, p_out, big, spin_half))
    transfer = -product(k - k_out, k - k_out)
    assert abs(mpmath.im(squared)) < 1e-20 * abs(squared)
    value = mpmath.re(squared) / (transfer + mpmath.mpf(mediator) ** 2) ** 2
    return float(value / (32 * mpmath.pi * big * momentum**2))


KINDS = {"scalar": ScalarDarkMatter, "fermion": DiracDarkMatter}
G2 = 4.0 * math.pi * 0.5 * (CHARGE * 1e-4) ** 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spin_half", [False, True])
def test_traces_of_nuclei(kind, spin_half):
    """Heavy dark matter on a light nucleus too; zero beyond the largest recoil, 2 M p^2/(M^2 + m^2 + 2 M E)."""
    for mass, energy, mediator, target in ((30.0, 75.0, 90.0, 3727.4), (300.0, 330.0, 1e-2, 938.3)):
        particle = KINDS[kind](mass, PORTAL, mediator / mass)
        nuclide = nucleus(1, 1, mass=target)
        largest = 2.0 * target * (energy**2 - mass**2) / (target**2 + mass**2 + 2.0 * target * energy)
        interaction = DarkNucleus(spin_half)
        found = interaction.largest_recoil_keV(jnp.asarray([energy]), nuclide, particle)
        np.testing.assert_allclose(found, 1e3 * largest, rtol=1e-12)
        for recoil in (1e-4 * largest, 0.4 * largest, 0.999 * largest):
            expected = G2 * CM2_MEV2 * traced(KINDS[kind], spin_half, energy, recoil, mass, target, mediator)
            assert cm2_per_MeV(energy, recoil, nuclide, particle, spin_half) == pytest.approx(expected, rel=1e-9)
        assert cm2_per_MeV(energy, 1.001 * largest, nuclide, particle, spin_half) == 0.0


@eqx.filter_jit
def density(interaction, recoil_keV, source, target):
    return interaction.recoil_density(recoil_keV, source, target)


@eqx.filter_jit
def spectrum(interaction, source, target, panels):
    return interaction.spectrum(interaction.nodes(source, target, panels), source, target).flat()


@pytest.mark.parametrize("kind", KINDS)
def test_traces_of_electrons(kind):
    """All eighteen electrons of argon, hit by what is heavier than they are."""
    particle = KINDS[kind](10.0, PORTAL, 3.0)
    source = FlatSource(particle, 10.0, 40.0, in_line=1.0)
    recoils = np.array([0.005, 0.9, 5.0])
    found = density(DarkElectron.on(ARGON), jnp.asarray(1e3 * recoils), source, ARGON)[0]
    each = [traced(KINDS[kind], True, 40.0, recoil, 10.0, ELECTRON_MASS_MEV, 30.0) for recoil in recoils]
    per_kg = 18.0 * float(ARGON.formula_units_per_kg) * 1e12
    np.testing.assert_allclose(found, 1e-3 * G2 * CM2_MEV2 * per_kg * np.array(each), rtol=1e-8)
    largest = 1e3 * 2.0 * ELECTRON_MASS_MEV * 1500.0 / (ELECTRON_MASS_MEV**2 + 100.0 + 80.0 * ELECTRON_MASS_MEV)
    beyond = jnp.asarray([1.001 * largest, 2.0 * largest, 9.0 * largest])
    np.testing.assert_array_equal(density(DarkElectron.on(ARGON), beyond, source, ARGON), 0.0)


def test_light_dark_matter_is_a_neutrino():
    """Without a mass: a neutrino with a Z' of the same charges, in every angle and with form factors."""
    nuclide, mediator = ARGON.nuclides["Ar40"], 20.0
    energy, recoil = jnp.asarray([20.0, 40.0, 50.0]), jnp.asarray([5.0, 60.0, 0.1])
    particle = DiracDarkMatter(1e-4, PORTAL, mediator / 1e-4)
    coupling = math.sqrt(CHARGE * 1e-4 * math.sqrt(4.0 * math.pi * 0.5))
    light = Coherent({"zprime": LightVector(mediator, coupling, 2.0 / 3.0, -1.0 / 3.0)})
    found = cross_sections(DarkNucleus(), energy, recoil, nuclide, particle)
    neutrinos = eqx.filter_jit(light.differential_cross_section)(energy, recoil, nuclide, "nu_mu")
    assert np.all(np.asarray(neutrinos) > 0.0)
    np.testing.assert_allclose(found, neutrinos, rtol=1e-6)


def test_spectrum():
    """Recoils weighted smoothly, on panels and by quadrature, of the closed form folded with a box: it has a kink."""
    particle = ScalarDarkMatter(20.0, Leptophobic(1e-8, 0.5, 1e-5), 0.3)
    source, nuclide = FlatSource(particle, 25.0, 90.0), ARGON.nuclides["Ar40"]
    panels = Panels.of_all_recoils(source, 2.0)
    found = spectrum(DarkNucleus(), source, ARGON, panels)
    target, form = float(nuclide.mass_MeV), nuclide.proton_form_factor
    proton, neutron = (18.0 * particle.couplings.proton, 22.0 * particle.couplings.neutron)
    neutron_form = nuclide.neutron_form_factor

    def per_MeV(recoil):
        """Integral over energies in closed form: E^2/p^2 = 1 + m^2/p^2, and 1/p^2 is a logarithm."""
        low = 0.5 * (recoil + math.sqrt((recoil / target + 2.0) * (recoil * target + 800.0)))
        low = max(low, 25.0)
        if low >= 90.0:
            return 0.0
        inverse = math.log((70.0 / 110.0) / ((low - 20.0) / (low + 20.0))) / 40.0
        energy = 0.5 * math.log((90.0**2 - 400.0) / (low**2 - 400.0))
        moments = 90.0 - low + 400.0 * inverse - recoil * energy + 0.25 * recoil**2 * inverse
        q = jnp.asarray(math.sqrt(2.0 * target * recoil) / 197.3269804)
        amplitude = float(proton * form(q) + neutron * neutron_form(q)) * float(particle.couplings.dark)
        return amplitude**2 * target / (2.0 * math.pi) * moments / 65.0 / (2.0 * target * recoil + 36.0) ** 2

    ends = [1e3 * 2.0 * target * (e**2 - 400.0) / (target**2 + 400.0 + 2.0 * target * e) for e in (25.0, 90.0)]
    per_kg = float(ARGON.nuclei_per_kg("Ar40")) * 1e12 * CM2_MEV2
    for scale in (math.inf, 50.0):  # what a detector sees of recoils, in keV
        parts = [
            quad(lambda t, s=scale: per_MeV(t) * math.exp(-1e3 * t / s), 1e-3 * low, 1e-3 * high, epsabs=0, epsrel=1e-9)
            for low, high in ((2.0, ends[0]), (ends[0], ends[1]))
        ]
        seen = np.exp(-np.asarray(found.energy_keV) / scale)
        assert np.asarray(found.events[0]) @ seen == pytest.approx(per_kg * sum(p[0] for p in parts), rel=1e-8)
    at = jnp.asarray([3.0, 60.0, 300.0])
    expected = [1e-3 * per_kg * per_MeV(1e-3 * float(each)) for each in at]
    np.testing.assert_allclose(density(DarkNucleus(), at, source, ARGON)[0], expected, rtol=1e-8, atol=0.0)


def test_placed_for_a_detector():
    """Twice as many nodes move no bin by 1e-8 of the largest, whatever the mass; of electrons by 1.2e-8."""
    germanium, edges = compound("[Ge74]"), np.concatenate([np.linspace(0.3, 1.5, 25), np.linspace(2.0, 12.0, 11)])
    experiment = Experiment(
        name="own",
        sources={"beam": Source.steady(FlatSource(DiracDarkMatter(8.0, PORTAL, 0.2), 9.0, 60.0))},
        target=germanium,
        mass_kg=2.0,
        interactions={"nuclei": DarkNucleus(), "electrons": DarkElectron.on(germanium)},
        quenching=Lindhard(0.157, proton_number=32),
        response=GaussianResponse(edges, Resolution(noise_keV=0.02, fano=0.11, pair_energy_keV=0.00296)),
        window=TimeWindow((0.0, 1.0)),
        signal_norm=1.0,
        backgrounds={},
        samples={"all": ("signal",)},
        observed=np.zeros((1, len(edges) - 1, 1)),
        axes=(Axis("energy_keV", edges), NO_TIMES),
        nuisances=(),
    )

    within = "sources.beam.flux."
    moving = (
        Parameter("mass", dist.Uniform(7.0, 26.0), f"{within}dark_matter.mass_MeV"),
        Parameter("lowest", dist.Uniform(8.0, 28.0), f"{within}begin_MeV"),
    )
    experiment = experiment.placed(parameters=moving)

    @eqx.filter_jit
    def bins(experiment, name):
        events = experiment.spectrum(name, "beam").flat().events.sum(axis=0)
        return jnp.matmul(events, experiment.kernel(name, "beam"), precision="highest")

    # also where the mass has moved since, and with it where recoils end
    for mass in (8.0, 25.0):
        source = FlatSource(DiracDarkMatter(mass, PORTAL, 0.2), 1.1 * mass, 60.0)
        moved = eqx.tree_at(lambda e: e.sources["beam"].flux, experiment, source)
        finer = moved.placed(2)
        for name in experiment.interactions:
            coarse, fine = np.asarray(bins(moved, name)), np.asarray(bins(finer, name))
            assert fine.max() > 0.0
            assert np.max(np.abs(coarse - fine)) < (1e-8 if name == "nuclei" else 1.2e-8) * fine.max()


class Setting(eqx.Module):
    """All that can be moved."""

    source: FlatSource
    target: Nuclide


def events(setting):
    """Densities of recoils on argon, weighted."""
    target = eqx.tree_at(lambda target: target.nuclides["Ar40"], ARGON, setting.target)
    recoils = as_float([2.0, 30.0, 100.0])
    found = DarkNucleus().recoil_density(recoils, setting.source, target)
    return 1e6 * (found[0] * as_float([1.0, 3.0, 20.0])).sum()


def test_derivatives():
    """Masses, couplings, form factors and ends of the source, by differences."""
    particle = ScalarDarkMatter(12.0, Leptophobic(1e-8, 0.5, 1e-5), 0.3)
    found = check_gradients(Setting(FlatSource(particle, 15.0, 70.0), ARGON.nuclides["Ar40"]), events, atol=1e-6)
    assert found["source.dark_matter.mass_MeV"] != 0.0
    assert found["source.end_MeV"] != 0.0


def test_single_precision():
    """To 1e-5, of nuclei and of electrons."""

    def both():
        found, target = [], compound("[Ar40]")
        for interaction, kind in ((DarkNucleus(), ScalarDarkMatter), (DarkElectron.on(target), DiracDarkMatter)):
            source = FlatSource(kind(12.0, VectorPortal(1e-6), 0.3), 15.0, 70.0)
            panels = Panels.of_all_recoils(source, 2.0)
            found.append(np.asarray(spectrum(interaction, source, target, panels).events.sum()))
        return found

    exact = both()
    with jax.enable_x64(False):
        rough = both()
    assert rough[0].dtype == np.float32
    np.testing.assert_allclose(rough, exact, rtol=1e-5)
