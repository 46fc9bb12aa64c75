"""Searches for light bosons by name: how events scale, derivatives, and what limits they would set."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import EXPERIMENTS, DescriptionError, read_experiment
from cevnsjax.experiment.catalogue import DESCRIPTIONS
from cevnsjax.flux import BosonFlux
from cevnsjax.inference import build_model
from cevnsjax.models import MODELS, named_model
from cevnsjax.paths import set_paths

pytestmark = pytest.mark.usefixtures("standard_promotion")

NAMES = [name for name, model in MODELS.items() if model.source is BosonFlux]
QUICK = ("alp-photon", "dark-photon-visible")
EACH = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


@pytest.fixture(scope="module")
def miner():
    return EXPERIMENTS["miner-bosons"]()


def prepared(name, experiment):
    """The experiment of a model, and the paths of its mass and its coupling."""
    model = named_model(name, experiment)
    ready = model.prepare(experiment)
    assert eqx.tree_equal(model.prepare(ready), ready)
    mass, coupling = model.parameters(ready)
    return ready, (*mass.paths, *coupling.paths)


def test_names():
    assert NAMES == ["alp-photon", "alp-electron", "scalar-photon", "scalar-electron", "dark-photon-visible"]


@pytest.mark.parametrize("name", EACH)
def test_events(name, miner):
    """Made and seen by one coupling each: its fourth power. Derivatives against differences, below and above 2 m_e."""
    experiment, paths = prepared(name, miner)

    @jax.jit
    @jax.vmap
    def events(mass, coupling):
        function = lambda *x: set_paths(experiment, paths, list(x)).signal().sum()  # noqa: E731
        return function(mass, coupling), *jax.jacfwd(function, (0, 1))(mass, coupling)

    masses, coupling, step = np.array([0.05, 1.3]), 1e-9, 1e-4
    points = [(m * a, coupling * b) for m in masses for a, b in ((1, 1), (1, 2), (1 + step, 1), (1 - step, 1))]
    found, by_mass, by_coupling = map(np.asarray, events(*jnp.asarray(points).T))
    found, by_mass, by_coupling = (each.reshape(2, 4) for each in (found, by_mass, by_coupling))
    assert np.all(found > 0.0)
    np.testing.assert_allclose(found[:, 1] / found[:, 0], 16.0, rtol=1e-5)
    np.testing.assert_allclose(by_coupling[:, 0] * coupling, 4.0 * found[:, 0], rtol=1e-5)
    differences = (found[:, 2] - found[:, 3]) / (2.0 * step * masses)
    np.testing.assert_allclose(by_mass[:, 0], differences, rtol=1e-4)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in NAMES])
def test_density(name, miner):
    """Finite with its gradient all over the prior: from no events to those that all decay on their way."""
    model = build_model(miner, name)
    assert {p.name for p in model.parameters} >= {"mass"}
    random = np.random.default_rng(3)
    latents = jnp.asarray(2.0 * random.standard_normal((64, len(model.parameters))))
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(model.potential)))(latents)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))


def test_refused(miner):
    with pytest.raises(ParameterError, match="needs a source of light bosons"):
        build_model(EXPERIMENTS["cicenns"](), "alp-photon")
    reactor = miner.sources["reactor"]
    flux = dataclasses.replace(reactor.flux, channels={"compton": reactor.flux.channels["compton"]})
    alone = dataclasses.replace(miner, sources={"reactor": dataclasses.replace(reactor, flux=flux)})
    with pytest.raises(ParameterError, match="makes no boson by a coupling to photons; it has compton"):
        build_model(alone, "alp-photon")


BY_COUPLING = {
    "alp-photon": {"primakoff"},
    "alp-electron": {"associated", "bremsstrahlung", "compton", "resonant"},
    "dark-photon-visible": {
        "associated",
        "bremsstrahlung",
        "compton",
        "neutral_pions",
        "resonant",
        "stopped_pions_electron",
        "stopped_pions_muon",
    },
}
BEAMS = ("ccm120-bosons", "ccm200-bosons", "coherent-nai-bosons", "coherent-csi-bosons", "pip2-bd-bosons")
SLOW = [pytest.param(beam, model, marks=pytest.mark.slow) for beam in BEAMS for model in BY_COUPLING]


@pytest.mark.parametrize(("beam", "model"), [("ccm200-bosons", "alp-electron"), *SLOW])
def test_beams(beam, model):
    """Channels by coupling, alone as often as together; couplings are zero until a model gives them."""
    experiment = EXPERIMENTS[beam]()
    assert float(experiment.signal().sum()) == 0.0
    ready, paths = prepared(model, experiment)
    (name,) = ready.sources
    flux, where = ready.sources[name].flux, f"sources.{name}.flux.channels"
    assert set(flux.components) == BY_COUPLING[model]
    norms = [f"{where}.{channel}.norm" for channel in flux.components]

    @jax.jit
    @jax.vmap
    def counts(numbers):
        return set_paths(ready, [*paths, *norms], [1.5, 1e-6, *numbers]).signal().sum()

    *alone, together = counts(jnp.concatenate([jnp.eye(len(norms)), jnp.ones((1, len(norms)))]))
    assert min(alone) > 0.0
    np.testing.assert_allclose(together, sum(alone), rtol=1e-9)


@pytest.mark.parametrize("kind", ["ExternalPairConversion", "pair_conversion", "Bethe-Heitler"])
def test_pair_conversion_is_left_out(kind, tmp_path):
    """By name, in one sentence that says why."""
    text = DESCRIPTIONS["miner-bosons"].read_text().replace('kind = "InverseCompton"', f'kind = "{kind}"')
    (path := tmp_path / "pairs.toml").write_text(text)
    with pytest.raises(
        DescriptionError, match=r"inverse_compton\.kind.*external pair conversion.*is left out: it needs"
    ):
        read_experiment(path)
