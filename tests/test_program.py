"""Programs of their own: the same results, compiled once, with options that XLA knows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax import program as module
from cevnsjax.program import compiler_options, program


@pytest.fixture
def options(monkeypatch):
    """Set what programs are compiled with, where a user has chosen nothing."""
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    compiler_options.cache_clear()
    yield lambda options: monkeypatch.setattr(module, "_QUICKLY", options)
    compiler_options.cache_clear()


def logistic_sum(x):
    return (1.0 / (1.0 + jnp.exp(-x))).sum()


def test_results_are_those_of_numpy():
    x = np.linspace(-30.0, 30.0, 1001)
    np.testing.assert_allclose(program(logistic_sum)(jnp.asarray(x)), 500.5, rtol=1e-13)
    gradient = program(jax.grad(logistic_sum))(jnp.asarray(x))
    np.testing.assert_allclose(gradient, 0.25 / np.cosh(0.5 * x) ** 2, rtol=1e-12)


def test_is_compiled_once_for_arrays_of_one_shape():
    traced = []

    @program
    def double(x, name):
        traced.append(name)
        return 2.0 * x

    found = [double(jnp.full(3, value), name) for value in (1.0, 2.0) for name in ("one", "other")]
    assert traced == ["one", "other"]
    np.testing.assert_array_equal(found, [[2.0] * 3] * 2 + [[4.0] * 3] * 2)


def test_keeps_what_a_function_says_of_itself():
    assert program(logistic_sum).__name__ == "logistic_sum"


@pytest.mark.usefixtures("options")
def test_options_are_known_here():
    """They halve what compiling takes; a version of XLA without them would say so here."""
    assert compiler_options() == module._QUICKLY


def test_unknown_options_are_left_out(options):
    options({"xla_of_another_century": True, "xla_backend_optimization_level": 1})
    assert compiler_options() == {"xla_backend_optimization_level": 1}
    assert program(logistic_sum)(jnp.zeros(4)) == 2.0


def test_without_any_option(options):
    options({"xla_of_another_century": True})
    assert compiler_options() == {}
    assert program(logistic_sum)(jnp.zeros(4)) == 2.0


def test_what_a_user_chose_stays(options, monkeypatch):
    options({"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False})
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters_of_old=true")
    assert compiler_options() == {"xla_cpu_use_fusion_emitters": False}


def test_other_devices_compile_as_they_do(options, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert compiler_options() == {}


def test_is_a_part_of_what_traces_it():
    inner = program(logistic_sum)
    x = jnp.zeros(4)
    assert jax.jit(lambda x: inner(x) + 1.0)(x) == 3.0
    assert jax.jit(lambda: inner(x) + 1.0)() == 3.0
    np.testing.assert_array_equal(jax.vmap(inner)(jnp.zeros((2, 4))), [2.0, 2.0])
    np.testing.assert_array_equal(jax.grad(inner)(x), np.full(4, 0.25))
    assert inner(x) == 2.0
