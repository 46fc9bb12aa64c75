"""What is computed before a fit: the same density and gradient as without, wherever the parameters are."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.experiment import Experiment, Joint, TemplateBackground, describe_frozen, freeze, named_experiment
from cevnsjax.experiment.factors import common_factor
from cevnsjax.experiment.template import PreparedTemplate
from cevnsjax.inference import build_model
from cevnsjax.paths import set_paths
from cevnsjax.response import DepositEfficiency, TabulatedEfficiency

POINTS = 12
# what quenching moves goes through polynomials that are exact to 1e-9 of the peak of each bin
EXACT, TABULATED = 1e-12, 1e-7

FITS = {
    "xenonnt-8b": (EXACT, {("cevns", "solar"): {"signal_norm", "mass_kg"}}),
    "coherent-lar": (TABULATED, {}),
    "dresden-ii-lindhard": (TABULATED, {}),
}
"""Fits of the Standard Model: how exact they are, and what multiplies the signals that nothing else moves."""

QUICK = {("xenonnt-8b", "float64"), ("xenonnt-8b", "float32"), ("coherent-lar", "float64")}


@eqx.filter_jit
def potentials(model, latents):
    """Side by side within a loop."""
    return jax.lax.map(jax.value_and_grad(model.potential), latents, batch_size=4)


def check_potential(name, precision, rtol):
    """Potential and gradient with and without what is done beforehand, in the bulk of the prior and far out."""
    experiment = named_experiment(name)
    model = build_model(experiment, "sm")
    plain = eqx.tree_at(lambda m: m.experiment, model, experiment)
    bulk = np.asarray(model.prior_latents(jax.random.key(2), POINTS))
    latents = jnp.asarray(bulk * np.repeat([1.0, 3.0], POINTS // 2)[:, None], dtype=float)
    value, gradient = map(np.asarray, potentials(plain, latents))
    assert np.all(np.isfinite(value))
    found, found_gradient = map(np.asarray, potentials(model, latents))
    assert found.dtype == precision
    np.testing.assert_array_less(np.abs(found - value), rtol * np.maximum(np.abs(value), 1.0))
    largest = np.abs(gradient).max(axis=1, keepdims=True)
    np.testing.assert_array_less(np.abs(found_gradient - gradient), rtol * np.broadcast_to(largest, gradient.shape))
    return model


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(
    ("name", "precision"),
    [
        pytest.param(name, kind, marks=pytest.mark.slow if (name, kind) not in QUICK else ())
        for name in FITS
        for kind in ("float64", "float32")
    ],
    indirect=["precision"],
)
def test_density_of_a_fit(name, precision):
    rtol, folded = FITS[name]
    model = check_potential(name, precision, rtol if precision == "float64" else 2e-5)
    frozen = model.experiment.frozen
    assert {pair: {path for path, _ in each.powers} for pair, each in frozen.signals.items()} == folded


def test_folding_is_the_product_with_the_kernel():
    """Split by a second observable, and with an efficiency in front."""
    split = eqx.tree_at(lambda r: r.pull, named_experiment("coherent-lar").response, jnp.array(0.7))
    response = DepositEfficiency(split, TabulatedEfficiency([0.0, 30.0, 100.0], [0.1, 0.5, 0.9]))
    energies, events = jnp.linspace(-1.0, 110.0, 40), jnp.asarray(np.random.default_rng(3).normal(size=(2, 40)))
    expected = np.asarray(events) @ np.asarray(response.kernel(energies))
    np.testing.assert_allclose(response.fold(events, energies), expected, rtol=1e-12, atol=1e-15)


def test_folded_signals_of_components():
    """With times, and with a norm that is negative: components one by one, and their sum."""
    experiment = named_experiment("coherent-csi-2021")
    values = {"signal_norm": -0.4, "sources.sns.flux.norm": 1.2, "sources.sns.arrival.pulse.mean_us": 0.6}
    moved = [jnp.array(value) for value in values.values()]
    frozen = set_paths(freeze(experiment, values), list(values), moved)
    powers = (("signal_norm", 1.0), ("sources.sns.flux.norm", 1.0))
    assert {pair: each.powers for pair, each in frozen.frozen.signals.items()} == {("cevns", "sns"): powers}
    plain = set_paths(experiment, list(values), moved)
    np.testing.assert_allclose(frozen.signal(), plain.signal(), rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(frozen.contributions()["cevns"], plain.signal().sum(axis=0), rtol=1e-12)


def test_templates_are_prepared_where_only_pulls_are_free():
    experiment = named_experiment("coherent-lar")
    pull = "backgrounds.prompt_brn.variations.energy.pull"
    frozen = freeze(experiment, [pull, "backgrounds.steady_state.events"])
    assert isinstance(frozen.backgrounds["prompt_brn"], PreparedTemplate)
    assert {name: each.powers for name, each in frozen.frozen.backgrounds.items()} == {
        "delayed_brn": (),
        "steady_state": (("backgrounds.steady_state.events", 1.0),),
    }
    everything = [pull, "backgrounds.prompt_brn.template"]
    assert isinstance(freeze(experiment, everything).backgrounds["prompt_brn"], TemplateBackground)


def test_what_is_frozen_in_words():
    """Everything that a model can say of itself, with two experiments together."""
    paths = ["quenching.first_component", "backgrounds.prompt_brn.variations.energy.pull", "signal_norm"]
    lar = named_experiment("coherent-lar")
    assert describe_frozen(freeze(lar, paths)) == {
        "cevns of sns": "events computed once x signal_norm, response as 121 polynomials, exact to 1e-9 of the peak of "
        "each bin",
        "prompt_brn": "histograms computed once, counts computed anew",
        "delayed_brn": "counts computed once",
        "steady_state": "counts computed once",
    }
    joint = Joint.of([lar, named_experiment("coherent-csi-2017")])
    first, second = "experiments.coherent-lar", "experiments.coherent-csi-2017"
    coupling = f"{second}.interactions.cevns.terms.sm.weak_mixing_angle_sin2"
    found = describe_frozen(freeze(joint, [f"{first}.mass_kg", coupling, f"{second}.response.efficiency.shift"]))
    assert found["coherent-lar: cevns of sns"] == "counts computed once x mass_kg"
    assert found["coherent-csi-2017: cevns of sns"] == (
        "nodes computed once, events computed anew, response computed anew"
    )


A, B = "signal_norm", "mass_kg"
VECTOR = np.array([3.0, 0.0, 5.0])


@pytest.mark.parametrize(
    ("function", "powers"),
    [
        (lambda a, b: a * VECTOR, {A: 1.0}),
        (lambda a, b: a**2 * VECTOR / b, {A: 2.0, B: -1.0}),
        (lambda a, b: jnp.outer(a * VECTOR, b * VECTOR) @ VECTOR, {A: 1.0, B: 1.0}),
        (lambda a, b: (a * VECTOR - VECTOR * a)[:2].sum(), {A: 1.0}),
        (lambda a, b: jax.jit(lambda x: jnp.concatenate([x, 0.0 * VECTOR, -x]))(b * VECTOR), {B: 1.0}),
        (lambda a, b: jnp.where(VECTOR > 1.0, a * VECTOR, 0.0), {A: 1.0}),
        (lambda a, b: jnp.exp(VECTOR), {}),
        (lambda a, b: a / a * VECTOR, {}),
        (lambda a, b: a * VECTOR + b * VECTOR, None),
        (lambda a, b: a * VECTOR + 1.0, None),
        (lambda a, b: jnp.exp(a) * VECTOR, None),
        (lambda a, b: jnp.maximum(a * VECTOR, 0.0), None),
        (lambda a, b: jnp.where(a > 1.0, a, 2.0 * a), None),
        (lambda a, b: jnp.stack([a, b]), None),
        (lambda a, b: jnp.asarray(VECTOR)[(a * VECTOR).astype(int)], None),
    ],
)
def test_common_factor(function, powers):
    """What is known of it by hand, and, where there is one, what it is for."""
    experiment = named_experiment("coherent-csi-2017")

    def outcome(e: Experiment):
        return function(e.signal_norm, e.mass_kg)

    found = common_factor(outcome, experiment, [A, B])
    assert (found if found is None else dict(found)) == powers
    if found is not None:
        ones, moved = (set_paths(experiment, [A, B], values) for values in ([1.0, 1.0], [-1.7, 0.3]))
        factor = np.prod([float({A: -1.7, B: 0.3}[path]) ** power for path, power in found])
        np.testing.assert_allclose(outcome(moved), factor * np.asarray(outcome(ones)), rtol=1e-14)
