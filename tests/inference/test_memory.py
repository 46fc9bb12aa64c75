"""What a run takes of memory is known before it begins, and refused where there is not enough."""

import os

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import named_experiment
from cevnsjax.inference import Schedule, build_model, memory, nuts, sample
from cevnsjax.inference.memory import (
    check_map_memory,
    check_sampling_memory,
    machine_bytes,
    map_bytes,
    sampling_bytes,
)


@pytest.fixture
def model(standard_promotion):
    return build_model(named_experiment("conus"))


def test_bytes_are_those_of_what_is_kept(model):
    schedule = Schedule(chains=4, samples=100)
    draws, chains = sampling_bytes(model, schedule)
    assert sampling_bytes(model, Schedule(chains=40, samples=100)) == (10 * draws, 10 * chains)
    assert sampling_bytes(model, Schedule(chains=4, samples=1000))[0] == 10 * draws
    # samples and their latents twice, and four statistics: as much as that, and less than twice
    kept = 4 * 100 * (3 * len(model.parameters) * 8 + 2 * 3 * 8)
    assert kept <= draws < 2 * kept
    # the states of the chains are a part of what chains take while they move, and not the smallest
    start = np.zeros((4, len(model.parameters))), jax.random.split(jax.random.key(0), 4), 0, 0.1, np.eye(3)
    tuning = nuts.Tuning(300, 9, 0.85)
    state = eqx.filter_eval_shape(nuts._start, model, model.data(None), tuning, *nuts._arrays(*start))
    sizes = [np.prod(leaf.shape) for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    assert 8 * sum(sizes) <= chains < 20 * 8 * sum(sizes)


def test_what_no_machine_holds(model):
    with pytest.raises(ParameterError, match=r"1000000000 chains of 3 parameters take at least .* TB"):
        sample(model, jax.random.key(1), Schedule(chains=10**9))
    with pytest.raises(ParameterError, match="after a warm-up of"):
        check_sampling_memory(model, Schedule(warmup=10**14))
    with pytest.raises(ParameterError, match=r"1000000000 points, 50 parameters profiled at each, take .*coarser grid"):
        check_map_memory(10**9, 50, 8)
    check_sampling_memory(model, Schedule())
    check_map_memory(64 * 64, 12, 8)
    assert map_bytes(10, 2, 8) == 10 * 8 * 18


def test_limits(monkeypatch, model):
    assert 10**8 < machine_bytes() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(memory, "_group_limits", lambda: iter([10**6]))
    assert machine_bytes() == 10**6
    with pytest.raises(ParameterError, match=r"this machine has 1 MB"):
        check_sampling_memory(model, Schedule(chains=1000, samples=500))
    # draws are kept by the machine, chains by the device
    monkeypatch.setattr(memory, "_group_limits", lambda: iter([]))
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(memory, "device_bytes", lambda: 10**6)
    with pytest.raises(ParameterError, match=r"its device has 1 MB; give fewer chains"):
        check_sampling_memory(model, Schedule(chains=10_000, samples=1))
    monkeypatch.setattr(memory, "device_bytes", lambda: None)  # it does not say
    check_sampling_memory(model, Schedule(chains=10_000, samples=1))
