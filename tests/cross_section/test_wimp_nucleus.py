"""WIMPs on nuclei: spectra against an integral by hand, and beside neutrinos in an ordinary experiment."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import spherical_jn

from cevnsjax.cross_section import Recoil, WimpNucleus
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import xenonnt_8b
from cevnsjax.flux import HaloWimps, Source, StandardHalo
from cevnsjax.inference import Model
from cevnsjax.parameter import Parameter
from cevnsjax.particle import Wimp
from cevnsjax.target import Helm, compound
from tests.leaf_gradients import check_gradients

YEAR_S = 365.25 * 86400.0
LIGHT_CM_S, GEV_PER_KEV = 2.99792458e10, 1e-6


def by_hand(recoil_keV, mass_GeV, sigma_cm2, mass_number, nucleus_GeV, density, halo):
    """dR/dT per kg, keV and year: n v dsigma/dT over a Maxwell distribution of velocities, in GeV and cm."""
    v0, escape, earth = map(float, (halo.most_probable_speed_km_s, halo.escape_speed_km_s, halo.earth_speed_km_s))
    norm = quad(lambda v: 4.0 * np.pi * v**2 * np.exp(-((v / v0) ** 2)), 0.0, escape)[0]
    nucleon_GeV = 0.5 * (0.93827208816 + 0.93956542052)
    reduced = mass_GeV * nucleus_GeV / (mass_GeV + nucleus_GeV)
    of_nucleon = mass_GeV * nucleon_GeV / (mass_GeV + nucleon_GeV)
    q = np.sqrt(2.0 * nucleus_GeV * recoil_keV * GEV_PER_KEV)
    smallest = q / (2.0 * reduced) * LIGHT_CM_S * 1e-5

    def over_angles(speed):
        end = np.clip((escape**2 - speed**2 - earth**2) / (2.0 * speed * earth), -1.0, 1.0)
        # the integral of exp(-2 v v_E c/v_0^2) over c
        rate = 2.0 * speed * earth / v0**2
        inner = (np.exp(rate) - np.exp(-rate * end)) / rate
        return 2.0 * np.pi * speed * np.exp(-(speed**2 + earth**2) / v0**2) * inner / norm

    breaks = [each for each in (abs(escape - earth),) if smallest < each < escape + earth]
    inverse = quad(over_angles, smallest, escape + earth, points=breaks or None, epsabs=0.0, epsrel=1e-10)[0]
    # Helm in the form of Lewin and Smith
    s, a, c = 0.9, 0.52, 1.23 * mass_number ** (1.0 / 3.0) - 0.6
    radius = np.sqrt(c**2 + 7.0 / 3.0 * np.pi**2 * a**2 - 5.0 * s**2)
    x = q / 0.1973269804
    form = 3.0 * spherical_jn(1, x * radius) / (x * radius) * np.exp(-((x * s) ** 2) / 2.0)
    per_kg = 1.0 / (nucleus_GeV * 1.78266192e-27)
    per_GeV = sigma_cm2 * mass_number**2 * form**2 * nucleus_GeV / (2.0 * of_nucleon**2)
    rate = density / mass_GeV * per_GeV * LIGHT_CM_S**2 * inverse * 1e-5
    return per_kg * rate * GEV_PER_KEV * YEAR_S


@pytest.mark.parametrize(("mass_GeV", "recoils_keV"), [(3.0, (0.01, 0.1, 0.3)), (50.0, (0.1, 5.0, 30.0))])
def test_spectrum_is_the_integral_by_hand(mass_GeV, recoils_keV):
    halo, target = StandardHalo(220.0, 544.0, 232.0), compound("[Xe131]", Helm.lewin_smith)
    nucleus_GeV = 1e-3 * float(target.nuclides["Xe131"].mass_MeV)
    source = HaloWimps(Wimp(1e3 * mass_GeV, 2.0), YEAR_S, 0.4, halo)
    mine = WimpNucleus().recoil_density(jnp.asarray(recoils_keV), source, target)[0]
    exact = [by_hand(each, mass_GeV, 2e-45, 131, nucleus_GeV, 0.4, halo) for each in recoils_keV]
    # the mass of a kilogram is that of atoms here, of nuclei by hand
    np.testing.assert_allclose(mine, exact, rtol=4e-4)
    np.testing.assert_allclose(mine / mine[0], np.divide(exact, exact[0]), rtol=1e-7)


def test_counts_and_nodes_are_the_integral_of_the_spectrum():
    source, target, interaction = HaloWimps(Wimp(20e3), YEAR_S), compound("NaF", Helm.lewin_smith), WimpNucleus()
    spectrum = interaction.spectrum(interaction.nodes(source, target), source, target)
    binned = jax.jit(lambda edges, order: interaction.counts(edges, source, target, order), static_argnums=1)
    edges = jnp.geomspace(1e-4, 300.0, 40)
    counts = binned(edges, 8)
    below = binned(jnp.asarray([0.0, 1e-4]), 8)
    np.testing.assert_allclose(counts.sum() + below.sum(), spectrum.total()[0], rtol=1e-10)
    np.testing.assert_allclose(counts, binned(edges, 24), rtol=1e-8, atol=1e-14)
    low, high = 1.0, 2.5
    density = jax.jit(lambda recoil: interaction.recoil_density(recoil[None], source, target)[0, 0])
    exact = quad(lambda recoil: float(density(jnp.asarray(recoil))), low, high)[0]
    np.testing.assert_allclose(binned(jnp.asarray([low, high]), 8), [exact], rtol=1e-8)


def test_a_light_nucleus_at_rest_sees_all_nucleons():
    target, interaction = compound("[Ar40]", Helm.lewin_smith), WimpNucleus()
    # small momenta: sigma_p A^2 (mu/mu_p)^2 in all
    wimp = Wimp(10.0, 3.0)
    source = HaloWimps(wimp, 1.0)
    events = interaction.spectrum(interaction.nodes(source, target), source, target).total()[0]
    ratio = wimp.reduced_mass_MeV(target.nuclides["Ar40"].mass_MeV) / wimp.reduced_mass_MeV()
    sigma_cm2 = 3e-45 * 40**2 * ratio**2
    np.testing.assert_allclose(events, sigma_cm2 * source.fluence_per_cm2[0] * target.nuclei_per_kg("Ar40"), rtol=1e-6)


def test_broken_isospin_may_cancel_the_amplitude():
    target, interaction = compound("[Ar40]", Helm.lewin_smith), WimpNucleus()

    def events(ratio):
        source = HaloWimps(Wimp(50e3, 1.0, ratio), YEAR_S)
        return interaction.spectrum(interaction.nodes(source, target), source, target).total()[0]

    np.testing.assert_allclose(events(-18.0 / 22.0), 0.0, atol=1e-12)
    np.testing.assert_allclose(events(0.0) / events(1.0), (18.0 / 40.0) ** 2, rtol=1e-12)


@pytest.mark.parametrize("mass_MeV", [2e3, 100e3])
def test_gradients(mass_MeV):
    source, target = HaloWimps(Wimp(mass_MeV, 2.0, 0.7), YEAR_S), compound("[Ge74]", Helm.lewin_smith)
    edges = jnp.asarray([0.01, 0.1, 0.4, 5.0])

    def weighed(each):
        return (WimpNucleus().counts(edges, each, target) * jnp.asarray([1.0, 2.0, 3.0])).sum()

    gradient = check_gradients(source, weighed, rtol=1e-6)
    assert {"wimp.mass_MeV", "wimp.neutron_to_proton", "halo.escape_speed_km_s", "density_GeV_per_cm3"} <= set(gradient)


def test_single_precision():
    def total():
        source, target = HaloWimps(Wimp(30e3, 1e-3), YEAR_S), compound("[Xe131]", Helm.lewin_smith)
        interaction = WimpNucleus()
        return jax.jit(lambda: interaction.spectrum(interaction.nodes(source, target), source, target).total()[0])()

    exact = float(total())
    with jax.enable_x64(False):
        single = total()
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, exact, rtol=2e-5)


@pytest.fixture(scope="module")
def experiment():
    """XENONnT with WIMPs beside its solar neutrinos, and one isotope."""
    wimps = Source.steady(HaloWimps(Wimp(6e3, 0.5), 86400.0))
    xenon = dataclasses.replace(xenonnt_8b(("sr0",)), target=compound("[Xe131]", Helm.lewin_smith))
    return xenon.with_sources({"halo": wimps}).with_interactions({"wimps": WimpNucleus()})


def test_beside_neutrinos(experiment):
    assert WimpNucleus.recoil is Recoil.NUCLEUS
    assert experiment.seen_by("wimps") == ("halo",)
    assert experiment.seen_by("cevns") == ("solar",)
    counts = experiment.contributions()
    source, target = experiment.sources["halo"].flux, experiment.target
    interaction = WimpNucleus(nodes_per_panel=300)
    spectrum = jax.jit(lambda: interaction.spectrum(interaction.nodes(source, target), source, target).flat())()
    seen = spectrum.events @ experiment.response.kernel(spectrum.energy_keV) * experiment.exposure.kg_days
    # templates are polygons, and nodes know nothing of their kinks
    np.testing.assert_allclose(counts["wimps"][:, 0], seen[0], rtol=1e-3, atol=1e-4 * float(seen.max()))
    assert 0.1 < float(counts["wimps"].sum()) < 1e4
    assert float(experiment.expected().sum()) == pytest.approx(sum(float(each.sum()) for each in counts.values()))


@pytest.mark.slow
def test_a_likelihood_of_mass_and_cross_section(experiment):
    import numpyro.distributions as dist

    parameters = (
        Parameter("mass_MeV", dist.Uniform(3e3, 20e3), ("sources.halo.flux.wimp.mass_MeV",)),
        Parameter("sigma", dist.Uniform(0.01, 2.0), ("sources.halo.flux.wimp.proton_cross_section_1e45cm2",)),
    )
    model = Model(experiment, parameters)
    values = {"mass_MeV": jnp.asarray(7e3), "sigma": jnp.asarray(0.3)}
    value, gradient = jax.value_and_grad(model.log_likelihood)(values)
    direct = eqx.tree_at(
        lambda e: (e.sources["halo"].flux.wimp.mass_MeV, e.sources["halo"].flux.wimp.proton_cross_section_1e45cm2),
        experiment,
        (values["mass_MeV"], values["sigma"]),
    ).log_likelihood()
    np.testing.assert_allclose(value, direct, rtol=1e-10)
    for name, step in (("mass_MeV", 0.5), ("sigma", 1e-5)):
        up, down = (model.log_likelihood(values | {name: values[name] + sign * step}) for sign in (1, -1))
        np.testing.assert_allclose(gradient[name], (up - down) / (2.0 * step), rtol=1e-4)


def test_bad_input():
    with pytest.raises(CevnsjaxError, match="nodes_per_panel must be at least 1, got 0"):
        WimpNucleus(0)
