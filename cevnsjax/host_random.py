"""Random numbers of the host, from the random keys of JAX."""

import jax
import numpy as np
from jaxtyping import Array


def host_generator(key: Array) -> np.random.Generator:
    """NumPy's generator, seeded by a random key, which must not be traced: the same key gives the same numbers."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))
