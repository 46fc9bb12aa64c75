"""Neutrinos and WIMPs of the fog, and the line beside the released one."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.cross_section import ElectronScattering
from cevnsjax.design import FLUX_NORMS, FluxNorm, fog_line, fog_scattering, recoil_edges_keV, recoil_fog
from cevnsjax.design.fog_sources import neutrino_recoils_per_t_yr
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.models import named_model
from cevnsjax.paths import set_number

# n = 2 lines of spin-independent WIMPs that C. A. J. O'Hare released with Phys. Rev. Lett. 127, 251802 (public
# repository cajohare/NeutrinoFog, data/floors, MIT licence): 1e-45 cm^2 by mass in GeV, interpolated in logarithms
RELEASED = {
    "Xe": {2.0: 1.063, 6.0: 1.264, 10.0: 4.329e-3, 30.0: 3.714e-4, 100.0: 6.286e-4, 1000.0: 5.009e-3},
    "Ge": {2.0: 1.007, 6.0: 1.300, 10.0: 6.686e-3, 30.0: 3.970e-4, 100.0: 7.432e-4, 1000.0: 5.511e-3},
    "Ar": {2.0: 0.9365, 6.0: 1.362, 10.0: 1.906e-2, 30.0: 5.293e-4, 100.0: 1.115e-3, 1000.0: 8.882e-3},
}
HEAVY = {name: FLUX_NORMS[name] for name in ("8B", "atmospheric", "dsnb")}
MASSES_MEV = np.array([6e3, 30e3])


@pytest.fixture(scope="module")
def xenon():
    """His isotope, with the neutrinos that matter at 6 and 30 GeV."""
    return fog_scattering("[Xe131]", HEAVY)


@pytest.fixture(scope="module")
def fog(xenon):
    return recoil_fog(xenon, MASSES_MEV)


@pytest.mark.parametrize("name", ["8B", "atmospheric"])
def test_fluxes_are_those_that_are_named(xenon, name):
    fluence = eqx.filter_jit(lambda flux: flux.fluence_per_cm2.sum())(xenon.sources[name].flux)
    np.testing.assert_allclose(fluence / (365.25 * 86400.0), HEAVY[name].flux_per_cm2_s, rtol=1e-9)


def test_recoils_are_the_integral_of_the_spectrum(xenon, fog):
    flux, interaction = xenon.sources["8B"].flux, xenon.interactions["cevns"]
    density = eqx.filter_jit(lambda recoil: interaction.recoil_density(recoil[None], flux, xenon.target).sum())
    edges = recoil_edges_keV()
    for place in (28, 34):
        low, high = edges[place : place + 2]
        exact = quad(lambda recoil: float(density(jnp.asarray(recoil))), low, high, epsrel=1e-8)[0]
        np.testing.assert_allclose(fog.background_per_t_yr[0, place], 1e3 * exact, rtol=1e-5)


def test_a_line_ends_where_it_does():
    """Events of 7Be in all bins, against the cross section that a line has."""
    scattering = fog_scattering("[Xe131]", {"7Be": FLUX_NORMS["7Be"]})
    bins = neutrino_recoils_per_t_yr(scattering, "7Be", jnp.asarray(recoil_edges_keV()))
    fine = neutrino_recoils_per_t_yr(scattering, "7Be", jnp.geomspace(1e-4, 200.0, 1001))
    np.testing.assert_allclose(bins, fine.reshape(50, 20).sum(axis=1), rtol=1e-9)


def test_xenon_is_the_released_line(fog):
    line = fog_line(fog)
    factors = np.asarray(line.cross_section_1e45cm2) / [RELEASED["Xe"][6.0], RELEASED["Xe"][30.0]]
    assert np.all(np.abs(np.log(factors)) < np.log(1.3)), factors


def test_a_model_changes_the_neutrinos(fog):
    chosen = named_model("nsi")
    prepared = chosen.prepared(fog_scattering("[Xe131]", {"8B": HEAVY["8B"]}))
    # an amplitude of nu_e smaller by half
    moved = set_number(prepared, "interactions.cevns.terms.nsi.up.ee", 0.2)
    counts = neutrino_recoils_per_t_yr(moved, "8B", jnp.asarray(recoil_edges_keV()))
    assert 0.5 < float(counts.sum() / fog.background_per_t_yr[0].sum()) < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("target", RELEASED)
def test_every_released_line(target):
    masses = np.array(list(RELEASED[target]))
    line = fog_line(recoil_fog(fog_scattering(target), 1e3 * masses))
    factors = np.asarray(line.cross_section_1e45cm2) / list(RELEASED[target].values())
    assert np.all(np.abs(np.log(factors)) < np.log(1.3)), factors


def test_progress(xenon):
    told = []
    recoil_fog(xenon, MASSES_MEV, progress=lambda done, of: told.append((done, of)))
    assert told == [(done, 3) for done in range(4)]


def test_bad_input(xenon):
    with pytest.raises(UnknownNameError, match="'9B'"):
        fog_scattering("Xe", {"9B": FluxNorm(1.0, 0.1)})
    with pytest.raises(CevnsjaxError, match="at least one source"):
        fog_scattering("Xe", {})
    with pytest.raises(CevnsjaxError, match=r"norms\['8B'\].flux_per_cm2_s must be positive"):
        fog_scattering("Xe", {"8B": FluxNorm(0.0, 0.1)})
    with pytest.raises(CevnsjaxError, match="Xq"):
        fog_scattering("Xq", HEAVY)
    with pytest.raises(CevnsjaxError, match="mass_MeV must be positive"):
        recoil_fog(xenon, [-6e3])
    with pytest.raises(CevnsjaxError, match="edges_keV must be finite and increase"):
        recoil_fog(xenon, MASSES_MEV, edges_keV=[1.0, 1.0])
    with pytest.raises(UnknownNameError, match="'atmospheric'"):
        recoil_fog(xenon, MASSES_MEV, norms={"8B": HEAVY["8B"]})
    electrons = {"electrons": ElectronScattering.on(xenon.target)}
    with pytest.raises(CevnsjaxError, match="one of nuclear recoils, but electrons is not"):
        recoil_fog(dataclasses.replace(xenon, interactions=electrons), MASSES_MEV)
