"""One point at a time, many by ``vmap``, many by ``lax.map``: the same, with a model closed over or as argument.

``docs/known_problems.md`` says what ``lax.map`` does to a constant array of zeros with some versions of JAX, in some
runs and not in others: everything is evaluated several times.
"""

import functools

import equinox as eqx
import jax
import numpy as np
import pytest
from random_pairs import SEED, number_of_pairs, random_pair

from cevnsjax.experiment import named_experiment
from cevnsjax.inference import build_model

REPEATS, POINTS, BATCH = 10, 32, 8


def ways(model):
    """Functions of many points, by how they are evaluated."""

    def mapped(function, values):
        return jax.lax.map(function, values, batch_size=BATCH)

    as_argument = {
        "vmap": eqx.filter_jit(lambda m, values: jax.vmap(m.log_likelihood)(values)),
        "lax.map": eqx.filter_jit(lambda m, values: mapped(m.log_likelihood, values)),
    }
    closed_over = {
        "vmap": jax.jit(lambda values: jax.vmap(model.log_likelihood)(values)),
        "lax.map": jax.jit(lambda values: mapped(model.log_likelihood, values)),
    }
    found = {f"{name}, closed over": function for name, function in closed_over.items()}
    for name, function in as_argument.items():
        found[f"{name}, as argument"] = functools.partial(function, model)
    return found


def check_all_ways(experiment, name):
    model = build_model(named_experiment(experiment), name)
    values = jax.vmap(model.from_latent)(model.prior_latents(jax.random.key(1), POINTS))
    singly = eqx.filter_jit(lambda m, point: m.log_likelihood(point))
    expected = np.array([singly(model, {key: each[i] for key, each in values.items()}) for i in range(POINTS)])
    assert np.all(np.isfinite(expected))
    for way, function in ways(model).items():
        for repeat in range(REPEATS):
            found = np.asarray(function(values))
            np.testing.assert_allclose(
                found, expected, rtol=1e-12, atol=1e-12, err_msg=f"{experiment} x {name}, {way}, run {repeat}"
            )


def test_of_what_cannot_be_seen():
    """Heavy neutrinos make no recoil in a window of some MeV: what lax.map makes of a kernel of zeros."""
    check_all_ways("coherent-csi-lines", "dipole-portal")


@pytest.mark.slow
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("index", range(number_of_pairs(3)))
def test_of_any_model(index):
    print(f"CEVNSJAX_PAIRS_SEED={SEED}")
    check_all_ways(*random_pair(index))
