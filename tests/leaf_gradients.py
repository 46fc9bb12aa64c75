"""Gradients of all scalar leaves of a block against central differences."""

import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.paths import leaf_paths, set_paths


def scalar_leaves(block, skip=()):
    return {path: float(leaf) for path, leaf in leaf_paths(block) if leaf.ndim == 0 and path not in skip}


def check_gradients(block, function, rtol=1e-5, atol=1e-9, step=1e-5, skip=()):
    """Compare the gradient of a scalar function of a block in every scalar leaf with differences of relative step."""
    leaves = scalar_leaves(block, skip)
    paths, start = list(leaves), np.array(list(leaves.values()))

    def of_values(values):
        return function(set_paths(block, paths, [values[i] for i in range(len(paths))]))

    steps = step * np.where(start == 0.0, 1.0, np.abs(start))
    moved = np.concatenate([start[None], start + np.diag(steps), start - np.diag(steps)])
    # one compilation for all
    values, gradients = map(np.asarray, jax.jit(jax.vmap(jax.value_and_grad(of_values)))(jnp.asarray(moved)))
    up, down = np.split(values[1:] / values[0], 2)
    np.testing.assert_allclose(
        gradients[0] * steps / values[0], (up - down) / 2, rtol=rtol, atol=atol * step, err_msg=str(paths)
    )
    return dict(zip(paths, gradients[0].tolist(), strict=True))
