"""COHERENT CsI[Na] 2017 against SciPy, and against what its release says."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import poisson

from cevnsjax.experiment import Joint, coherent_csi_2017, coherent_lar
from cevnsjax.paths import get_path, set_paths
from cevnsjax.tables import read_table


@pytest.fixture(scope="module")
def experiment():
    return coherent_csi_2017()


def signal(experiment):
    return eqx.filter_jit(lambda each: each.signal())(experiment)


@pytest.fixture(scope="module")
def predicted(experiment):
    return np.asarray(signal(experiment))


def test_energies(experiment, predicted):
    """Poisson photo-electrons with the published acceptance, by the trapezoidal rule in recoil energy."""
    recoil_keV = np.linspace(0.5, 47.0, 3001)
    density = eqx.filter_jit(experiment.interactions["cevns"].recoil_density)(
        jnp.asarray(recoil_keV), experiment.sources["sns"].flux, experiment.target
    )
    number = np.arange(7, 31)
    acceptance = 0.6655 / (1.0 + np.exp(-0.4942 * (number - 0.5 - 10.8507)))
    seen = poisson.pmf(number[None, :], 13.348 * 0.0878 * recoil_keV[:, None]) * acceptance
    expected = 14.6 * np.trapezoid(np.asarray(density)[:, :, None] * seen[None], recoil_keV, axis=1)
    fractions = np.array([1.0, 0.91479, 0.91479])  # before 6 us, as the release's tables add up
    np.testing.assert_allclose(
        predicted.sum(axis=2) / fractions[:, None], expected.reshape(3, 12, 2).sum(axis=2), rtol=2e-4
    )


def test_times(predicted):
    """The release's arrival times; prompt neutrinos are gone after 1.5 us."""
    fractions = predicted.sum(axis=1) / predicted.sum(axis=(1, 2))[:, None]
    np.testing.assert_allclose(fractions[0, :3], [0.06481422849, 0.9094831995, 0.02570257197], rtol=1e-9)
    np.testing.assert_array_equal(predicted[0, :, 3:], 0.0)
    np.testing.assert_allclose(fractions[1:, 1] / fractions[1:, 0], 0.1192061076 / 0.001397101755, rtol=1e-9)


def test_prompt_neutrons(experiment):
    """5.42 accepted neutrons, as ``data/README.md`` counts them, with the release's times."""
    neutrons = np.asarray(experiment.contributions()["prompt_neutrons"])
    np.testing.assert_allclose(neutrons.sum(), 5.42, atol=0.005)
    np.testing.assert_allclose(neutrons.sum(axis=0)[:2] / neutrons.sum(), [0.09334575281, 0.8683300919], rtol=1e-9)


def test_steady_state(experiment):
    """Norm and energies of the anticoincidence sample; the rate with the beam off by maximising the likelihood."""
    steady = np.asarray(experiment.contributions()["steady_state"])
    np.testing.assert_allclose(steady.sum(axis=1), np.asarray(experiment.observed[1]).sum(axis=1), rtol=1e-12)
    table = read_table("coherent_csi_2017/counts.csv")
    inside = (table["photoelectrons_low_PE"] >= 6) & (table["photoelectrons_low_PE"] < 30)
    events = (table["coincidence_beam_off_counts"] + table["anticoincidence_beam_off_counts"])[inside]
    times = table["time_low_us"][inside] + 0.25

    def deviance(rate):
        return -2.0 * (events * (np.log(rate / -np.expm1(-12.0 * rate)) - rate * times)).sum()

    best = minimize_scalar(deviance, bounds=(0.01, 0.2), method="bounded", options={"xatol": 1e-8})
    error = next(p.prior for p in experiment.nuisances if p.name == "steady_state_decay").scale
    rate = float(experiment.backgrounds["steady_state"].times.decay_rate_per_us)
    np.testing.assert_allclose(rate, best.x, rtol=1e-5)
    np.testing.assert_allclose(deviance(rate + error) - best.fun, 1.0, rtol=0.05)
    np.testing.assert_allclose(steady[:, 1:] / steady[:, :-1], np.exp(-0.5 * rate), rtol=1e-10)


def test_gradient_of_every_nuisance(experiment):
    paths = [parameter.paths[0] for parameter in experiment.nuisances]
    nominal = jnp.stack([get_path(experiment, path) for path in paths])

    @jax.jit
    @jax.value_and_grad
    def log_likelihood(values):
        return set_paths(experiment, paths, list(values)).log_likelihood()

    gradient = np.asarray(log_likelihood(nominal)[1])
    steps = 1e-4 * np.maximum(np.abs(np.asarray(nominal)), 0.1)
    for index, step in enumerate(steps):
        shift = jnp.zeros_like(nominal).at[index].set(step)
        difference = (log_likelihood(nominal + shift)[0] - log_likelihood(nominal - shift)[0]) / (2.0 * step)
        np.testing.assert_allclose(gradient[index], difference, rtol=1e-5)


def test_float32(predicted):
    with jax.enable_x64(False):
        found = np.asarray(signal(coherent_csi_2017()))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, predicted, rtol=2e-5, atol=2e-6 * predicted.max())


def test_shares_the_flux_of_its_source(experiment):
    joint = Joint.of((experiment, coherent_lar()), ("sns_flux_norm",))
    assert [p.name for p in joint.nuisances].count("sns_flux_norm") == 1
