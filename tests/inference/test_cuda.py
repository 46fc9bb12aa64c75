"""Programs for GPUs, made without one: all that is computed lowers for CUDA, and calls nothing of the host."""

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.experiment import EXPERIMENTS, named_experiment
from cevnsjax.experiment.prediction import predicted
from cevnsjax.inference import (
    build_model,
    chains,
    fisher_information,
    nuts,
    predictions,
    predictive,
    solver,
)
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.sampler import BLOCK

pytestmark = pytest.mark.usefixtures("standard_promotion")

CSI = "coherent-csi-2021"
ON_THE_DEVICE = {"cusolver_potrf_ffi", "cusolver_syevd_ffi", "cu_threefry2x32_ffi", "cublas_geqrf_batched_ffi"}
"""Calls of NVIDIA's libraries: Cholesky factors, eigenvalues, random numbers."""


def is_key(leaf):
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def calls(function, *arguments):
    """What the program of a function for CUDA calls; arrays are arguments of it, the rest is not."""
    arrays, rest = eqx.partition(arguments, eqx.is_array)
    leaves, structure = jax.tree.flatten(arrays)

    def plain(*given):
        filled = [jax.random.wrap_key_data(new) if is_key(old) else new for old, new in zip(leaves, given, strict=True)]
        found = function(*eqx.combine(jax.tree.unflatten(structure, filled), rest))
        found = jax.tree.leaves(eqx.filter(found, eqx.is_array))
        return [jax.random.key_data(each) if is_key(each) else each for each in found]

    given = [jax.random.key_data(leaf) if is_key(leaf) else leaf for leaf in leaves]
    text = jax.export.export(jax.jit(plain), platforms=["cuda"])(*given).mlir_module()
    return set(re.findall(r"custom_call @([\w.$]+)", text))


def density(model, latent, data):
    return jax.value_and_grad(model.potential)(latent, data)


@pytest.mark.parametrize(
    "name", [name if name == CSI else pytest.param(name, marks=pytest.mark.slow) for name in EXPERIMENTS]
)
def test_density_and_prediction(name):
    experiment = named_experiment(name)
    model = build_model(experiment, "sm")
    assert calls(density, model, jnp.zeros(len(model.names)), model.experiment.observed) <= ON_THE_DEVICE
    assert calls(predicted, experiment) <= ON_THE_DEVICE


@pytest.fixture(scope="module")
def model():
    with jax.numpy_dtype_promotion("standard"):
        experiment = named_experiment(CSI)
        held = [each.name for each in experiment.nuisances if each.name != "sns_flux_norm"]
        return build_model(experiment, "nsi", fixed=held)


def test_sampler(model):
    data, tuning, size = model.data(), nuts.Tuning(300, 9, 0.85), len(model.names)
    keys = jax.random.split(jax.random.key(0), 8)
    start = nuts._arrays(np.zeros((8, size)), keys, 0, 0.1, np.eye(size))
    assert calls(nuts._start, model, data, tuning, *start) <= ON_THE_DEVICE
    assert calls(nuts._advance, model, data, tuning, nuts._start(model, data, tuning, *start)) <= ON_THE_DEVICE
    starts = chains.unknown(np.zeros((8, size)), keys)
    tuning = chains.Tuning(np.ones(()), np.eye(size), np.eye(size), np.ones((), int))
    counts = np.asarray(BLOCK), np.asarray(8)
    powers, lengths = (np.ones(()), np.ones(())), np.ones(BLOCK)
    assert calls(chains.advance_chains, model, data, powers, starts, tuning, lengths, *counts, 64) <= ON_THE_DEVICE


def test_minimiser(model):
    """At many points that step together, as a scan has them."""
    name, *others = model.names
    objective = Objective(model, model.data(), tuple(others), frozenset([name]))
    held, latents = {name: jnp.linspace(0.1, 0.2, 64)}, jnp.zeros((64, len(others)))
    assert calls(solver.objectives, objective, held, latents, 64, np.asarray(64)) <= ON_THE_DEVICE
    assert calls(solver.objectives_and_gradients, objective, held, latents, 32, np.asarray(64)) <= ON_THE_DEVICE


def test_what_only_a_processor_has_is_seen():
    with pytest.raises(ValueError, match="platform"):
        calls(lambda x: jax.pure_callback(np.exp, x, jnp.exp(x)), jnp.zeros(3))
    assert calls(jnp.linalg.cholesky, jnp.eye(3)) == {"cusolver_potrf_ffi"}


def test_what_is_drawn_and_what_it_says(model):
    data = model.data()
    values = {name: jnp.full(100, value) for name, value in model.reference_values.items()}
    assert calls(predictions._predictions, model, values, np.asarray(100)) <= ON_THE_DEVICE
    likelihood, expected = model.experiment.likelihood, jnp.ones((100, *data.shape))
    assert calls(predictive._compared, likelihood, expected, data, expected) <= ON_THE_DEVICE
    assert calls(fisher_information, model) <= ON_THE_DEVICE
