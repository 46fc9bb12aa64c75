"""Projections: every one builds, is its own prediction, and can be differentiated in its nuisances."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.experiment import EXPERIMENTS, Experiment, experiment_kind, freeze
from cevnsjax.experiment.projections import (
    PROJECTIONS,
    flat_background,
    nucleus_1,
    nucleus_2,
    nucleus_3,
    sensitive_days,
)
from cevnsjax.flux import AbstractAlpSource, decay_at_rest_facility
from cevnsjax.paths import get_path, set_paths
from cevnsjax.response import TimeWindow
from cevnsjax.spectrum import Panels

signal = eqx.filter_jit(Experiment.signal)

# a pulsed source and a reactor; the others are built of the same blocks
QUICK = ("cicenns", "nucleus-2")
EACH = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PROJECTIONS]


@pytest.fixture(scope="module", params=EACH)
def experiment(request):
    return EXPERIMENTS[request.param]()


def test_catalogue():
    assert PROJECTIONS.keys() == {name for name in EXPERIMENTS if experiment_kind(name) == "projection"}


def test_data(experiment):
    """Signal and background, and nothing else."""
    assert EXPERIMENTS[experiment.name] is PROJECTIONS[experiment.name]
    background = np.asarray(experiment.backgrounds["steady_state"].counts(experiment.window))
    signal = np.asarray(experiment.observed)[0] - background
    assert np.all(np.isfinite(signal))
    assert np.all(signal >= -1e-12 * background)
    # what a search looks for is not in its data; CsI and argon give 0.2 and 1.0 lines a year
    assert isinstance(experiment.flux, AbstractAlpSource) or signal.sum() > 0.1


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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ccm200", "cicenns", "nucleus-1", "connie"])
def test_quadrature(name):
    """The smallest and the largest thresholds, of both kinds of source."""
    experiment = EXPERIMENTS[name]()
    nominal = experiment.panels
    panels = Panels(nominal.lowest_energy_MeV, tuple(2 * order for order in nominal.orders), nominal.fractions)
    found, fine = (
        np.asarray(signal(each).sum(axis=0))
        for each in (experiment, eqx.tree_at(lambda e: e.panels, experiment, panels))
    )
    np.testing.assert_allclose(found, fine, rtol=2e-5, atol=1e-6 * fine.max())


@pytest.mark.parametrize(
    ("build", "mass_kg", "level", "width_keV"),
    [(nucleus_1, 1.0, 100.0, 3.995), (nucleus_2, 3.0, 1.0, 3.995), (nucleus_3, 300.0, 1.0, 3.999)],
)
def test_scenarios_of_nucleus(build, mass_kg, level, width_keV):
    """Background in counts/(keV kg d), exposure in a year, threshold."""
    experiment = build()
    events = get_path(experiment, "backgrounds.steady_state.events")
    np.testing.assert_allclose(events, mass_kg * level * width_keV * 365.25, rtol=1e-12)
    np.testing.assert_allclose(experiment.axes[0].edges[0], 4.0 - width_keV, rtol=1e-9)


def test_flat_background():
    background = flat_background((1.0, 2.0, 4.0), 10.0, 5.0, 2.0)
    counts = background.counts(TimeWindow((0.0, 1.0, 4.0)))
    np.testing.assert_allclose(counts, [[25.0, 75.0], [50.0, 150.0]], rtol=1e-12)


def test_sensitive_days():
    """25 pulses a second with 6 us each are 150 us in each second."""
    days = sensitive_days(decay_at_rest_facility("csns"), 86400.0, 6.0)
    np.testing.assert_allclose(days, 1.5e-4, rtol=1e-12)


@pytest.mark.slow
def test_float32():
    with jax.enable_x64(False):
        rough = nucleus_2().expected()
        assert rough.dtype == jnp.float32
    np.testing.assert_allclose(rough, nucleus_2().expected(), rtol=2e-4)
