"""XENONnT solar 8B: every bin against an integral with NumPy, and the tables of the release."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import freeze, xenonnt_8b, xenonnt_8b_2024
from cevnsjax.paths import get_path, set_paths
from cevnsjax.tables import read_table

NORM = "sources.solar.flux.norm"
EXPOSURE_T_Y = {"sr0": 1.174398, "sr1": 2.342593, "sr2": 3.249665}


def bins(experiment):
    """Signal in each bin, all components."""
    return np.asarray(eqx.filter_jit(lambda each: each.signal())(experiment)).sum(axis=(0, 2))


@pytest.fixture(scope="module")
def experiment():
    return xenonnt_8b()


@pytest.fixture(scope="module")
def frozen(experiment):
    return freeze(experiment, [parameter.paths[0] for parameter in experiment.nuisances if parameter.paths != (NORM,)])


@pytest.fixture(scope="module")
def predicted(frozen):
    return bins(frozen)


def test_signal(experiment, predicted):
    """The templates, linear in recoil energy, by the trapezoidal rule: all bins of all runs."""
    recoil_keV = np.linspace(0.5, 6.0, 1101)
    density = eqx.filter_jit(experiment.interactions["cevns"].recoil_density)(
        jnp.asarray(recoil_keV), experiment.sources["solar"].flux, experiment.target
    )
    table = read_table("xenonnt_8b/efficiency.csv")
    energies = np.linspace(0.5, 5.0, 46)
    expected = []
    for run, exposure in EXPOSURE_T_Y.items():
        templates = table[f"{run}_efficiency"].reshape(46, 81)
        seen = np.stack([np.interp(recoil_keV, energies, each) for each in templates.T], axis=1)
        total = np.asarray(density).sum(axis=0)[:, None]
        expected.append(1e3 * 365.25 * exposure * np.trapezoid(total * seen, recoil_keV, axis=0))
    np.testing.assert_allclose(predicted, np.concatenate(expected), rtol=5e-4)
    np.testing.assert_allclose(predicted.sum(), np.sum(expected), rtol=5e-5)


def test_backgrounds_and_events(experiment):
    table = read_table("xenonnt_8b/bins.csv")
    kinds = ("accidental_coincidence", "electronic_recoil", "neutron")
    rates = {run: sum(table[f"{run}_{kind}_per_t_y"] for kind in kinds) for run in EXPOSURE_T_Y}
    expected = np.concatenate([exposure * rates[run] for run, exposure in EXPOSURE_T_Y.items()])
    found = sum(experiment.contributions()[name] for name in experiment.backgrounds)
    np.testing.assert_allclose(np.asarray(found)[:, 0], expected, rtol=1e-12)
    observed = experiment.project(experiment.observed, 0)[0]
    np.testing.assert_array_equal(observed, [9.0, 28.0, 25.0])


def test_runs(experiment):
    """A run is the same alone and with others, and keeps the order in which it is named."""
    both = xenonnt_8b(("sr2", "sr0"))
    kept = np.r_[162:243, :81]
    found, expected = (float(e.exposure_days) * np.asarray(e.response.templates) for e in (both, experiment))
    np.testing.assert_allclose(found, expected[:, kept], rtol=1e-12)
    np.testing.assert_array_equal(both.observed, experiment.observed[:, kept])
    assert xenonnt_8b_2024().name == "xenonnt-8b-2024"
    assert float(xenonnt_8b_2024().observed.sum()) == 37.0


@pytest.mark.parametrize("runs", [(), ("sr3",), ("sr0", "sr0")])
def test_no_such_runs(runs):
    with pytest.raises(CevnsjaxError, match="runs must name at least one of sr0, sr1, sr2, each once"):
        xenonnt_8b(runs)


def test_gradients(frozen):
    paths = [parameter.paths[0] for parameter in frozen.nuisances if parameter.paths != (NORM,)]
    nominal = jnp.stack([get_path(frozen, path) for path in paths])

    @jax.jit
    @jax.value_and_grad
    def log_likelihood(values):
        return set_paths(frozen, paths, list(values)).log_likelihood()

    gradient = np.asarray(log_likelihood(nominal)[1])
    for index, value in enumerate(np.asarray(nominal)):
        shift = jnp.zeros_like(nominal).at[index].set(1e-4 * value)
        difference = (log_likelihood(nominal + shift)[0] - log_likelihood(nominal - shift)[0]) / (2e-4 * value)
        np.testing.assert_allclose(gradient[index], difference, rtol=1e-5, atol=1e-9)


@pytest.mark.slow
def test_float32(predicted):
    """Recoils and templates in single precision."""
    with jax.enable_x64(False):
        found = bins(xenonnt_8b())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, predicted, rtol=1e-4)
    np.testing.assert_allclose(found.sum(), predicted.sum(), rtol=2e-5)


@pytest.mark.slow
def test_quadrature(experiment, predicted):
    """Twice the nodes move no bin: panels end at the templates' kinks."""
    found = bins(experiment.placed(2))
    np.testing.assert_allclose(found, predicted, rtol=1e-8)
    np.testing.assert_allclose(found.sum(), predicted.sum(), rtol=1e-9)
