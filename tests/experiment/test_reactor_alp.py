"""The search for ALPs near a reactor: data, gradients, frozen stages, and the names of its models."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment, freeze
from cevnsjax.experiment.projections import cicenns, reactor_alp_csi_1t, true_lines
from cevnsjax.flux import AbstractAlpSource
from cevnsjax.inference import build_model
from cevnsjax.models import MODELS, named_model
from cevnsjax.paths import get_path, set_paths

ALP_MODELS = [name for name, model in MODELS.items() if model.source is AbstractAlpSource]
COUPLINGS = ("isovector_coupling_per_GeV", "photon_coupling_per_GeV", "electron_coupling")
ALP = "sources.reactor.flux.boson"
LEVELS = "target.nuclides.I127.levels"

totals = eqx.filter_jit(lambda experiment: {name: each.sum() for name, each in experiment.signals().items()})


@pytest.fixture(scope="module")
def experiment():
    return reactor_alp_csi_1t()


def with_alp(experiment, mass=0.1, nucleon=1e-4, photon=1e-5, electron=1e-7):
    paths = [f"{ALP}.mass_MeV", *(f"{ALP}.{name}" for name in COUPLINGS)]
    return set_paths(experiment, paths, [jnp.asarray(float(x)) for x in (mass, nucleon, photon, electron)])


def test_data_are_the_background(experiment):
    background = np.asarray(experiment.contributions()["steady_state"])
    np.testing.assert_array_equal(np.asarray(experiment.observed)[0], background)
    np.testing.assert_allclose(background.sum(), 1000.0 * 365.25 * 2900.0, rtol=1e-12)
    assert all(float(total) == 0.0 for total in totals(experiment).values())


def test_how_events_scale(experiment):
    """Emission and detection: g_3^4, and g_3^2 times the other coupling squared."""
    one = totals(with_alp(experiment))
    two = totals(with_alp(experiment, nucleon=2e-4, photon=2e-5, electron=2e-7))
    assert all(float(total) > 1.0 for total in one.values())
    np.testing.assert_allclose([two[name] / one[name] for name in one], 16.0, rtol=1e-6)


def test_number_of_absorptions(experiment):
    """By hand: the line of hydrogen on the levels around it."""
    alp = with_alp(experiment)
    energy, mass, coupling = 2.22325, 0.1, 1e-7
    photons = 1e6 / 1.602176634e-13 / 200.0 * 0.25 * 365.25 * 86400.0
    nucleon = 938.27208816
    ratio = 137.035999084 / (2.0 * np.pi) * (1.0 - (mass / energy) ** 2) ** 1.5 * (2.0 * nucleon * coupling / 4.71) ** 2
    length = (1.0 / 4.51) ** (1.0 / 3.0)
    fluence = 1e-4 * photons * ratio * 3.0 * length / (4.0 * np.pi * ((1.0 + length) ** 3 - 1.0))
    sigma_MeV = 1e-3 * 0.07 / 2.355 * (661.7 * 1e3 * energy) ** 0.5
    per_kg = 6.02214076e23 / 0.25981
    expected = 0.0
    for name, spin in (("I127", 2.5), ("Cs133", 3.5)):
        levels = experiment.target.levels[name]
        level = np.asarray(levels.energy_MeV)
        strength = np.asarray(levels.proton_spin - levels.neutron_spin) ** 2 * coupling**2
        strength = np.pi / 3.0 / (2.0 * spin + 1.0) * np.sqrt(np.maximum(level**2 - mass**2, 0.0)) * strength
        profile = np.exp(-0.5 * ((level - energy) / sigma_MeV) ** 2) / (sigma_MeV * np.sqrt(2.0 * np.pi))
        expected += 1000.0 * fluence * per_kg * 3.8937937e-22 * (strength * profile).sum()
    found = np.asarray(eqx.filter_jit(lambda e: e.spectrum("absorption", "reactor").total())(alp))
    np.testing.assert_allclose(found[1], expected, rtol=2e-3)  # recoil energies of 20 eV are left out above


def test_true_lines_find_no_level(experiment):
    found = totals(with_alp(true_lines(experiment)))
    assert float(found["absorption"]) < 1e-6 * float(totals(with_alp(experiment))["absorption"])
    np.testing.assert_allclose(found["decay"], totals(with_alp(experiment))["decay"], rtol=1e-12)


def test_gradients(experiment):
    """Mass, couplings, quenching of the strength, energy of a level, resolution: against central differences."""
    paths = [
        f"{ALP}.mass_MeV",
        *(f"{ALP}.{name}" for name in COUPLINGS),
        f"{LEVELS}.quenching",
        f"{LEVELS}.energy_MeV.25",
        "response.resolution.stochastic_sqrt_keV",
        "sources.reactor.flux.transitions.hydrogen.profile.sigma_MeV",
    ]
    start = with_alp(experiment, 0.3, 3e-3, 3e-4, 1e-6)

    def log_likelihood(values):
        return set_paths(start, paths, [values[i] for i in range(len(paths))]).log_likelihood()

    values = np.array([float(get_path(start, path)) for path in paths])
    steps = 2e-5 * values
    points = np.concatenate([values[None], values + np.diag(steps), values - np.diag(steps)])
    found, slopes = map(np.asarray, jax.jit(jax.vmap(jax.value_and_grad(log_likelihood)))(jnp.asarray(points)))
    up, down = np.split(found[1:], 2)
    np.testing.assert_allclose(slopes[0] * steps, 0.5 * (up - down), rtol=1e-5, atol=1e-12 * abs(found[0]))
    assert np.all(slopes[0] != 0.0)


def test_frozen(experiment):
    paths = [
        f"{ALP}.mass_MeV",
        f"{ALP}.isovector_coupling_per_GeV",
        f"{LEVELS}.quenching",
    ]
    start = with_alp(experiment)
    frozen = freeze(start, paths)
    assert isinstance(frozen, Experiment)
    assert frozen.frozen.kernels.keys() == frozen.frozen.nodes.keys() == set(experiment.pairs)
    moved = [jnp.asarray(x) for x in (0.7, 4e-4, 0.6)]
    both = [eqx.filter_jit(lambda e: e.expected())(set_paths(each, paths, moved)) for each in (start, frozen)]
    np.testing.assert_allclose(*both, rtol=1e-12)


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", ALP_MODELS)
def test_models(name, experiment):
    model = named_model(name, experiment)
    prepared = model.prepare(experiment)
    assert eqx.tree_equal(model.prepare(prepared), prepared)
    kept = model.prepare(with_alp(experiment))
    assert float(kept.sources["reactor"].flux.boson.isovector_coupling_per_GeV) == 1e-4
    parameters = model.parameters(prepared)
    assert set(model.free_by_default(prepared)) < {p.name for p in parameters}
    for parameter in parameters:
        assert np.isfinite(parameter.prior.log_prob(get_path(prepared, parameter.paths[0])))


def test_exclusion(experiment):
    """90 % of the coupling to nucleons, with a floating background: against the sum over bins of s^2/b."""
    coupling, paths = 1.65e-4, [f"{ALP}.isovector_coupling_per_GeV", "backgrounds.steady_state.norm"]
    frozen = freeze(with_alp(experiment, 0.1, coupling, 0.0, 0.0), paths)
    log_likelihood = eqx.filter_jit(lambda *values: set_paths(frozen, paths, values).log_likelihood())
    events = float(experiment.contributions()["steady_state"].sum())

    def profiled(value):
        # a parabola in the background, whose vertex is the maximum over it
        excess = np.asarray([-3e4, 0.0, 3e4])
        heights = [-2.0 * float(log_likelihood(jnp.asarray(value), jnp.asarray(1.0 + x / events))) for x in excess]
        second, first, zeroth = np.polyfit(excess, heights, 2)
        return zeroth - 0.25 * first**2 / second

    signal = np.asarray(eqx.filter_jit(lambda e: e.signal().sum(axis=0))(frozen))
    background = np.asarray(experiment.observed)[0]
    expected = (signal**2 / background).sum() - signal.sum() ** 2 / background.sum()
    drop = profiled(coupling) - profiled(0.0)
    np.testing.assert_allclose(drop, expected, rtol=0.01)
    np.testing.assert_allclose(drop, 2.706, rtol=0.05)


@pytest.mark.usefixtures("standard_promotion")
def test_the_wrong_source(experiment):
    with pytest.raises(ParameterError, match="needs a source of neutrinos, which this is not"):
        build_model(experiment, "zprime")
    with pytest.raises(ParameterError, match="needs a source of axion-like particles"):
        build_model(cicenns(), "alp-nucleon")
    with pytest.raises(ParameterError, match="needs a source of neutrinos"):
        build_model(experiment, "sm+electrons")
