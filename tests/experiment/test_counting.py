"""Counting likelihoods: published counts against independent calculations by SciPy quadrature."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr

from cevnsjax.arrays import as_float
from cevnsjax.experiment import EXPERIMENTS, experiment_kind, freeze, named_experiment
from cevnsjax.paths import get_path, set_paths

COUNTS = ("coherent-ge-mini", "conus-plus")


@pytest.fixture(scope="module", params=COUNTS)
def experiment(request):
    return EXPERIMENTS[request.param]()


@eqx.filter_jit
def total(experiment):
    return experiment.expected().sum()


def test_catalogue(experiment):
    # KARMEN's counts, of lines, are in test_nuclear_lines.py, the others in test_designs.py
    others = ("karmen-c12", "coherent-ge-2026", "pandax-4t-8b", "ccm120")
    assert {*COUNTS, *others} == {name for name in EXPERIMENTS if experiment_kind(name) == "counting"}
    assert EXPERIMENTS[experiment.name]().name == experiment.name


@pytest.mark.slow
def test_quadrature(experiment):
    found, fine = total(experiment), total(experiment.placed(2))
    assert found > 0.0
    np.testing.assert_allclose(found, fine, rtol=1e-8)


def test_gradients(experiment):
    """Of the expected count: the reactor's and the beam's norm exactly, k against finite differences."""
    paths = [parameter.where for parameter in experiment.nuisances]
    values = [get_path(experiment, path) for path in paths]
    frozen = freeze(experiment, paths)

    @jax.jit
    @jax.value_and_grad
    def count(values):
        return set_paths(frozen, paths, values).expected().sum()

    counts, (norm, k) = count(values)
    np.testing.assert_allclose(norm, counts, rtol=1e-12)
    step = 1e-6
    up, down = (count([values[0], values[1] + shift])[0] for shift in (step, -step))
    np.testing.assert_allclose(k, (up - down) / (2.0 * step), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "error_down", "error_up"), [("coherent-ge-mini", 6.3, 7.1), ("conus-plus", 106.0, 106.0)]
)
def test_published_errors(name, error_down, error_up):
    """A prediction of one published error above or below the count costs half a unit of log-likelihood."""
    experiment = named_experiment(name)
    observed = experiment.observed
    for shift in (error_up, -error_down):
        value = experiment.likelihood(observed + shift, observed)
        np.testing.assert_allclose(value, -0.5, rtol=1e-12)


def test_three_thresholds():
    """CONUS+ is three detectors of one exposure: each counts what a Gaussian leaves above its own threshold."""
    experiment = named_experiment("conus-plus")
    for energy in (0.12, 0.155, 0.17, 0.25):
        kernel = float(experiment.response.kernel(as_float([energy]))[0, 0])
        above = [ndtr((energy - threshold) / 0.0204) for threshold in (0.16, 0.17, 0.18)]
        np.testing.assert_allclose(kernel, np.mean(above), rtol=2e-4)


def test_float32():
    exact = total(named_experiment("coherent-ge-mini"))
    with jax.enable_x64(False):
        rough = total(named_experiment("coherent-ge-mini"))
        assert rough.dtype == jnp.float32
        np.testing.assert_allclose(rough, exact, rtol=1e-4)


def test_ge_mini_against_adaptive_quadrature():
    """One isotope's share in the default convention, without resolution, by SciPy over neutrino and recoil energy."""
    experiment = named_experiment("coherent-ge-mini")
    muon, line = 105.6583755, 29.79214091
    germanium = experiment.target.nuclides["Ge74"]
    mass = float(germanium.mass_MeV)
    reduced_per_keV = 11.5 * 32 ** (-7.0 / 3.0)

    def ionisation_keV(recoil_keV):
        eps = reduced_per_keV * recoil_keV
        g = 3.0 * eps**0.15 + 0.7 * eps**0.6 + eps
        return recoil_keV * 0.157 * g / (1.0 + 0.157 * g)

    def rate(recoil_keV):
        recoil = 1e-3 * recoil_keV
        q = np.sqrt(2.0 * mass * recoil) / 197.3269804
        x = q * 1.2 * 74 ** (1.0 / 3.0)
        form = 3.0 * (np.sin(x) - x * np.cos(x)) / x**3 / (1.0 + 0.49 * q**2)
        lowest = 0.5 * (recoil + np.sqrt(recoil**2 + 2.0 * mass * recoil))

        def kernel(energy):
            return 1.0 - recoil / energy - mass * recoil / (2.0 * energy**2)

        spectra = {
            "e": lambda e: 192.0 * e**2 / muon**3 * (0.5 - e / muon),
            "mu": lambda e: 64.0 * e**2 / muon**3 * (0.75 - e / muon),
        }
        proton = {"e": 0.0382, "mu": 0.0300}
        total = 0.0
        for flavour, spectrum in spectra.items():
            amplitude = (32 * proton[flavour] - 42 * 0.5117) * form
            mean, _ = quad(lambda e, s=spectrum: s(e) * kernel(e), lowest, max(lowest, 0.5 * muon), epsrel=1e-10)
            total += amplitude**2 * mean
        if lowest < line:
            total += ((32 * proton["mu"] - 42 * 0.5117) * form) ** 2 * kernel(line)
        return 1e-3 * 5.2972708005e-44 * mass / np.pi * total

    recoils = [_invert(ionisation_keV, energy) for energy in (1.5, 8.5)]
    end = 2e3 * line**2 / (mass + 2.0 * line)
    pieces = [recoils[0], min(max(end, recoils[0]), recoils[1]), recoils[1]]
    per_nucleus = sum(quad(rate, a, b, epsrel=1e-8)[0] for a, b in itertools.pairwise(pieces))
    protons = 10.22 * 3.6e12 / (1050.0 * 1.602176634e-13)
    fluence = 0.096 * protons / (4e4 * np.pi * 19.2**2)
    expected = per_nucleus * fluence * float(experiment.target.nuclei_per_kg("Ge74"))

    alone = eqx.tree_at(
        lambda e: (e.target.nuclides, e.target.nuclei_per_formula_unit, e.response.resolution.noise_keV),
        experiment,
        (
            {"Ge74": germanium},
            {"Ge74": experiment.target.nuclei_per_formula_unit["Ge74"]},
            as_float(0.05),
        ),
    ).placed()
    np.testing.assert_allclose(alone.expected().sum(), expected, rtol=1e-3)  # the resolution moves it by 2e-4


def _invert(function, value):
    return brentq(lambda x: function(x) - value, 0.1, 100.0, xtol=1e-12)
