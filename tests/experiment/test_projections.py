"""Projections: every one builds, is its own prediction, and can be differentiated in its nuisances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.experiment import EXPERIMENTS, experiment_kind, freeze, named_experiment
from cevnsjax.flux import AbstractBosonSource, AbstractDarkSource
from cevnsjax.paths import get_path, set_paths

# a pulsed source and a reactor; the others are built of the same blocks
QUICK = ("cicenns", "nucleus-2")
PROJECTIONS = [name for name in EXPERIMENTS if experiment_kind(name) == "projection"]
EACH = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PROJECTIONS]


@pytest.fixture(scope="module", params=EACH)
def experiment(request):
    return EXPERIMENTS[request.param]()


def test_data(experiment):
    """Signal and background, and nothing else."""
    assert experiment.is_asimov
    background = np.asarray(experiment.contributions()["steady_state"])
    signal = np.asarray(experiment.observed)[0] - background
    assert np.all(np.isfinite(signal))
    assert np.all(signal >= -1e-12 * background)
    # what a search looks for is not in its data; CsI and argon give 0.2 and 1.0 lines a year
    (source,) = experiment.sources.values()
    assert isinstance(source.flux, AbstractBosonSource | AbstractDarkSource) or signal.sum() > 0.1


def test_likelihood(experiment):
    """Largest where it should be: at the nominal values, with a gradient of zero there and a finite one beside."""
    paths = [path for parameter in experiment.nuisances for path in parameter.paths]
    names = [parameter.name for parameter in experiment.nuisances]
    assert len(set(names)) == len(names)
    values = [get_path(experiment, path) for path in paths]
    frozen = freeze(experiment, paths)

    @jax.jit
    @jax.value_and_grad
    def log_likelihood(values):
        return set_paths(frozen, paths, values).log_likelihood()

    best, slope = log_likelihood(values)
    moved, beside = log_likelihood([value * 1.02 + 0.01 for value in values])
    np.testing.assert_allclose(best, 0.0, atol=1e-9)
    assert moved < 0.0
    # slopes are sums of (n/mu - 1) dmu: rounding of as many counts as there are
    np.testing.assert_allclose([s * (abs(v) + 1.0) for s, v in zip(slope, values, strict=True)], 0.0, atol=1e-4)
    assert np.all(np.isfinite(beside))


@pytest.mark.parametrize(
    ("name", "mass_kg", "level", "width_keV"),
    [("nucleus-1", 1.0, 100.0, 3.995), ("nucleus-2", 3.0, 1.0, 3.995), ("nucleus-3", 300.0, 1.0, 3.999)],
)
def test_scenarios_of_nucleus(name, mass_kg, level, width_keV):
    """Background in counts/(keV kg d), exposure in a year, threshold."""
    experiment = named_experiment(name)
    events = experiment.contributions()["steady_state"].sum()
    np.testing.assert_allclose(events, mass_kg * level * width_keV * 365.25, rtol=1e-12)
    np.testing.assert_allclose(experiment.axes[0].edges[0], 4.0 - width_keV, rtol=1e-9)


def test_exposure(experiment):
    """Twice the mass is twice the signal and twice the background, and so is twice the time: one number each."""
    nominal = experiment.contributions()
    for path in ("mass_kg", "exposure_days"):
        doubled = set_paths(experiment, [path], [2.0 * get_path(experiment, path)]).contributions()
        for name, counts in nominal.items():
            np.testing.assert_allclose(doubled[name], 2.0 * np.asarray(counts), rtol=1e-12, err_msg=f"{path}, {name}")


@pytest.mark.slow
def test_float32():
    with jax.enable_x64(False):
        rough = named_experiment("nucleus-2").expected()
        assert rough.dtype == jnp.float32
    np.testing.assert_allclose(rough, named_experiment("nucleus-2").expected(), rtol=2e-4)
