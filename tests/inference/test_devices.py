"""Points dealt out to several devices, which are forced on the host: the numbers of one device."""

import json
import os
import subprocess
import sys

import jax
import pytest

from cevnsjax.errors import ParameterError
from cevnsjax.inference.devices import number_of_devices, on_devices

PROGRAM = """
import json
import jax
jax.config.update("jax_num_cpu_devices", 4)
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from cevnsjax.experiment import named_experiment
from cevnsjax.inference import Model, Schedule, on_devices, profile_map, sample
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.parameter import Parameter


def drawn(point):
    key, x = point
    return jax.random.normal(key, (2,)) * x, key


@jax.jit
def mapped(keys, values, number):
    return map_in_batches(drawn, (keys, values), 2, number), map_in_batches(jnp.exp, values, 2)


def plain(found):
    (normal, keys), exponential = found
    return [each.tolist() for each in (normal, jax.random.key_data(keys), exponential)]


keys, values = jax.random.split(jax.random.key(0), 11), jnp.arange(11.0)
model = Model(named_experiment("coherent-ge-mini"), [Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")])
grid = {"signal_norm": np.linspace(0.5, 1.5, 21)}
told = {}
for number in (None, 1, 2, 4):
    def all_of_it():
        sizes = (11, 11), (11, 6), (3, 3)
        each = {"mapped": [plain(mapped(keys[:size], values[:size], wanted)) for size, wanted in sizes]}
        if number != 1:
            each["map"] = profile_map(model, grid).log_density.tolist()
        if number in (None, 2):
            posterior = sample(model, jax.random.key(1), Schedule(chains=4, warmup=10, samples=25))
            each["samples"] = posterior.samples["signal_norm"].tolist()
        return each
    if number is None:
        told["none"] = all_of_it()
    else:
        with on_devices(number) as devices:
            assert devices == number
            told[str(number)] = all_of_it()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told():
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("number", ["1", "2", "4"])
def test_mapped(told, number):
    """Also where not all are wanted, and where there are fewer points than devices."""
    everything, some, few = told[number]["mapped"]
    assert everything == told["none"]["mapped"][0]
    assert [each[:6] for each in some] == [each[:6] for each in everything]
    assert few == told["none"]["mapped"][2]
    assert len(few[0]) == 3


def test_maps(told):
    assert told["2"]["map"] == told["4"]["map"]
    assert told["2"]["map"] == pytest.approx(told["none"]["map"], abs=1e-12)


def test_chains(told):
    for chain, other in zip(told["2"]["samples"], told["none"]["samples"], strict=True):
        assert chain == pytest.approx(other, rel=1e-8)


def test_one_device():
    assert number_of_devices() == 1
    with on_devices(1):
        assert number_of_devices() == 1
    for number in (0, jax.device_count() + 1):
        with pytest.raises(ParameterError, match="number of devices between 1 and"), on_devices(number):
            pass
