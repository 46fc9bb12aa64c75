"""Binned counts against an independent calculation by adaptive quadrature."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import NSI, FlavourMatrix, Recoil
from cevnsjax.experiment import Experiment

signal = eqx.filter_jit(Experiment.signal)

# What is moved away from the oracle's first convention (Helm, tree level, spin 0, masses A u).
DISPLACED = {
    "nominal": {},
    "quenching 0, +3": {"alpha0": 3.0},
    "quenching 0, -3": {"alpha0": -3.0},
    "quenching 1, +3": {"alpha1": 3.0},
    "quenching 1, -3": {"alpha1": -3.0},
    "efficiency, +3": {"alpha_eff": 3.0},
    "efficiency, -3": {"alpha_eff": -3.0},
    "all at once": {"alpha0": 2.0, "alpha1": -2.0, "alpha_eff": -2.0},
    "neutron radii": {"neutron_radii": (5.6, 5.3)},
    "large radii": {"proton_radii": (7.0, 7.0), "neutron_radii": (8.0, 8.0)},
    "Klein-Nystrand": {"form_factor": "klein_nystrand", "proton_radii": (6.13, 6.03), "neutron_radii": (6.2, 6.3)},
    "radiative couplings": {"g_p_e": 0.0382, "g_p_mu": 0.0300, "g_n_e": -0.5117, "g_n_mu": -0.5117},
}


@pytest.mark.parametrize("name", DISPLACED)
def test_energy_bins(oracle, in_convention_of, energy_counts, name):
    parameters = oracle.CsIParameters(**DISPLACED[name])
    experiment = in_convention_of(parameters)
    # few nodes for each nuclide
    assert experiment.panels[Recoil.NUCLEUS, "sns"].number <= 60
    expected = oracle.energy_counts_quad(parameters)
    found = energy_counts(experiment)
    # Measured: 3e-9 of the largest bin at worst, the nodes of the recoil integral.
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=5e-9 * expected.max())
    # Twice as many, and no bin needs an absolute tolerance: where the efficiency starts beyond the lowest bin (at -3
    # sigma), both are exactly zero.
    np.testing.assert_allclose(energy_counts(experiment.placed(2)), expected, rtol=1e-9, atol=0)


def test_nsi(oracle, in_convention_of, energy_counts):
    """Flavour-diagonal and complex flavour-changing couplings of electron and muon neutrinos."""
    parameters = oracle.CsIParameters(
        eps_ee_u=0.2,
        eps_ee_d=-0.1,
        eps_mumu_u=-0.05,
        eps_mumu_d=0.12,
        eps_emu_u=0.04 - 0.07j,
        eps_emu_d=-0.03 + 0.02j,
    )
    experiment = in_convention_of(parameters)
    term = NSI(
        FlavourMatrix(ee=0.2, mumu=-0.05, emu_real=0.04, emu_imag=-0.07),
        FlavourMatrix(ee=-0.1, mumu=0.12, emu_real=-0.03, emu_imag=0.02),
    )
    experiment = experiment.with_interactions({"cevns": experiment.interactions["cevns"].with_terms({"nsi": term})})
    np.testing.assert_allclose(energy_counts(experiment.placed(2)), oracle.energy_counts_quad(parameters), rtol=1e-9)


def test_convergence(oracle, in_convention_of, energy_counts):
    """Twice the nodes leave 1e-12: the default, 2e-9, is limited by them, not by the response nor by the lower edge."""
    parameters = oracle.CsIParameters()
    experiment = in_convention_of(parameters)
    expected = oracle.energy_counts_quad(parameters)

    def error(refinement, order=8):
        finer = dataclasses.replace(experiment, response=dataclasses.replace(experiment.response, order=order))
        return np.max(np.abs(energy_counts(finer.placed(refinement)) / expected - 1))

    assert error(2, 16) < 2e-12
    assert error(2, 8) < 2e-12
    assert error(4, 16) < 2e-12
    assert error(1, 16) > 1e-10


@pytest.mark.parametrize("gaussian", [True, False], ids=["Gaussian pulse", "sharp pulse"])
@pytest.mark.parametrize("arrival", [0.45, 0.3])
def test_time_bins(oracle, in_convention_of, gaussian, arrival):
    parameters = oracle.CsIParameters(t0=arrival)
    expected = oracle.time_fractions_quad(parameters, gaussian)
    found = in_convention_of(parameters, gaussian).time_fractions("sns")
    # Differences of a distribution that goes up to one: 1e-13 absolute is all that the late prompt bins can have.
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("gaussian", [True, False], ids=["Gaussian pulse", "sharp pulse"])
def test_counts_in_energy_and_time(oracle, in_convention_of, gaussian):
    parameters = oracle.CsIParameters(alpha0=0.5, alpha_eff=-0.7)
    energy = oracle.energy_counts_quad(parameters)
    time = oracle.time_fractions_quad(parameters, gaussian)
    expected = energy[:, :, None] * time[:, None, :]
    found = signal(in_convention_of(parameters, gaussian))
    # the absolute part, 1e-13 of the fullest bin, is for the late prompt bins
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-13 * expected.max())


def test_first_convention_total(oracle, in_convention_of):
    """314.6 +- 0.5, as the notes on the data quote it for this convention, with sharp times."""
    total = float(signal(in_convention_of(oracle.CsIParameters(), gaussian=False)).sum())
    assert total == pytest.approx(314.6, abs=0.5)


def test_float32_counts(oracle, in_convention_of):
    parameters = oracle.CsIParameters()
    energy, time = oracle.energy_counts_quad(parameters), oracle.time_fractions_quad(parameters, True)
    expected = energy[:, :, None] * time[:, None, :]
    double = in_convention_of(parameters)
    with jax.enable_x64(False):
        experiment = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype=float), double)
        found = np.asarray(signal(experiment))
    assert found.dtype == np.float32
    assert np.max(np.abs(found - expected)) < 2e-6 * expected.max()
    assert found.sum() == pytest.approx(expected.sum(), rel=2e-6)
