"""Random numbers and keys made by the host: at once, where JAX compiles a program for every number of them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


def host_generator(key: Array) -> np.random.Generator:
    """NumPy's generator, seeded by a random key, which must not be traced: the same key gives the same numbers."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def key_array(key: Array, number: int) -> Array:
    """As many keys made of one as are asked for, independent of it and of each other, shape ``[number]``."""
    return _keys(key, _seeds(key, number))


def split_key(key: Array, number: int = 2) -> list[Array]:
    """The same keys, one by one."""
    return [_keys(key, seed) for seed in _seeds(key, number)]


def _seeds(key: Array, number: int) -> np.ndarray:
    data = np.asarray(jax.random.key_data(key))
    children = np.random.SeedSequence(data.tolist()).spawn(number)
    return np.stack([child.generate_state(data.size) for child in children]).astype(data.dtype)


def _keys(like: Array, data: np.ndarray) -> Array:
    return jax.random.wrap_key_data(jnp.asarray(data), impl=jax.random.key_impl(like))
