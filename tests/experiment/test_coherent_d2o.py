"""Heavy water: events by hand, the precision of the flux, and the nuisance for neutrons from lead."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import Experiment, coherent_csi_2021, freeze, lead_neutron_nuisance, named_experiment
from cevnsjax.experiment.projections import flux_precision
from cevnsjax.paths import get_path, set_paths


@pytest.fixture(scope="module")
def experiment():
    return named_experiment("coherent-d2o")


@pytest.fixture(scope="module")
def deuterons(experiment):
    """Expected events on deuterium, shape [energy, time]."""
    return np.asarray(eqx.filter_jit(Experiment.contributions)(experiment)["H2"])


def test_events(experiment, deuterons):
    """1.4 MW of 1 GeV protons, 0.0848 nu_e each, 5 times 5000 h at 20 m; 55.2e-42 cm^2; D2O of 20.03 g/mol."""
    fluence = 0.0848 * 1.4e6 / (1e9 * 1.602176634e-19) * 5 * 5000 * 3600 / (4 * np.pi * 2000.0**2)
    nuclei = 2 * 1340e3 / 20.0276 * 6.02214076e23
    reactions = float(eqx.filter_jit(Experiment.spectrum)(experiment, "H2", "sns").total().sum())
    np.testing.assert_allclose(reactions, fluence * nuclei * 55.170e-42, rtol=1e-4)
    assert 0.7 * reactions < deuterons.sum() < 0.8 * reactions


def test_time(experiment, deuterons):
    """nu_e come from muons, 2.2 us after the pulse."""
    times = deuterons.sum(axis=0)
    edges = np.asarray(experiment.window.edges_us)
    np.testing.assert_allclose(times[4:6], times[4:6].sum() * _muon_share(edges[4:7]), rtol=1e-6)


def _muon_share(edges_us):
    decays = -np.diff(np.exp(-edges_us / 2.1969811))
    return decays / decays.sum()


def test_likelihood(experiment):
    """Largest at the nominal values; the cross section on deuterium and the flux both scale its events."""
    paths = [path for parameter in experiment.nuisances for path in parameter.paths]
    frozen = freeze(experiment, paths)
    assert set(frozen.frozen.nodes) == {("H2", "sns"), ("O16", "sns")}
    values = [get_path(experiment, path) for path in paths]
    gradient = jax.jit(jax.value_and_grad(lambda v: set_paths(frozen, paths, v).log_likelihood()))
    best, slope = gradient(values)
    np.testing.assert_allclose(best, 0.0, atol=1e-8)
    np.testing.assert_allclose([s * v for s, v in zip(slope, values, strict=True)], 0.0, atol=1e-6)
    moved, slope = gradient([1.02 * value for value in values])
    assert moved < best
    assert np.all(np.isfinite(slope))


def test_flux_precision():
    """Falls a little slower than with the root of time, is never below counting, and ends at the cross section."""
    years = np.array([1.0, 3.0, 5.0, 1e6])
    precise = np.asarray(flux_precision(years))
    np.testing.assert_allclose(precise[:3], [0.0393, 0.0259, 0.0213], atol=1e-4)
    counts = 4618.0 / 5.0 * years
    assert np.all(precise > counts**-0.5)
    assert np.all(np.diff(precise) < 0.0)
    rough = np.asarray(flux_precision(years, 0.03))
    np.testing.assert_allclose(rough[:3], np.hypot(precise[:3], 0.03), rtol=0.03)
    np.testing.assert_allclose(rough[3], 0.03, rtol=0.03)


def test_lead_neutrons():
    """In the place of the release's own nuisance; 0.29 of what is predicted."""
    csi = coherent_csi_2021()
    mine = lead_neutron_nuisance(20.0)
    np.testing.assert_allclose((mine.prior.base_dist.loc, mine.prior.base_dist.scale), (5.8, 3.3))
    replaced = tuple(mine if each.name == mine.name else each for each in csi.nuisances)
    assert replaced != csi.nuisances
    changed = dataclasses.replace(csi, nuisances=replaced)
    assert get_path(changed, mine.where) == csi.backgrounds["nin"].events
    scale = lead_neutron_nuisance(1.0, "interactions.lead.reactions.Pb208-1n.scale", "lead_neutron_scale", "")
    assert scale.unit == ""


def test_bad_input():
    with pytest.raises(CevnsjaxError, match="years must be positive"):
        flux_precision([1.0, -1.0])
    with pytest.raises(CevnsjaxError, match="deuteron_error must be zero or positive"):
        flux_precision([1.0], -0.1)
    with pytest.raises(CevnsjaxError, match="predicted must be positive"):
        lead_neutron_nuisance(0.0)
