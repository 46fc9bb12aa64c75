"""Jumps between separated regions of a posterior, which no trajectory of a Hamiltonian crosses."""

import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.inference.model import Model


def own_parameters(model: Model) -> np.ndarray:
    """Positions of the parameters that are not nuisances of an experiment: those that jump."""
    nuisances = {parameter.name for parameter in model.experiment.nuisances}
    return np.array([index for index, name in enumerate(model.names) if name not in nuisances], dtype=int)


def jump_root(covariance: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Root of the covariance of jumps: that of the difference of two draws, in the model's own parameters.

    A coupling and the one that gives the same rate with the amplitude reversed are far apart, with nothing between;
    nuisance parameters are alike in both.
    """
    root = np.zeros_like(covariance)
    root[np.ix_(own, own)] = np.linalg.cholesky(2.0 * covariance[np.ix_(own, own)])
    return root


def jump(model: Model, observed, state, tries):
    """Metropolis steps of the model's own parameters, as wide as the whole posterior.

    A coupling and the one that gives the same rate with the amplitude reversed are far apart, with nothing between;
    nuisance parameters are alike in both. Steps are normal with twice the covariance of the pooled warm-up (that of
    the difference of two draws), which is the inverse mass matrix of the chain: symmetric and fixed, so the posterior
    is left as it is.

    Parameters
    ----------
    model, observed
        The model and its data.
    state
        State of one chain of NumPyro's HMC or NUTS.
    tries
        How many; it may be traced.

    Returns
    -------
    Any
        The state where the steps end, with the potential there; its gradient is left as it was.
    """
    own = own_parameters(model)
    covariance = state.adapt_state.inverse_mass_matrix[np.ix_(own, own)]
    root = jnp.linalg.cholesky(2.0 * covariance)
    key, *keys = jax.random.split(state.rng_key, 3)

    def step(i, current):
        latent, potential = current
        normal = jax.random.normal(jax.random.fold_in(keys[0], i), (len(own),), dtype=state.z.dtype)
        uniform = jax.random.uniform(jax.random.fold_in(keys[1], i), dtype=state.z.dtype)
        there = latent.at[own].add(jnp.matmul(root, normal, precision="highest"))
        height = model.potential(there, observed)
        accepted = jnp.log(uniform) < potential - height  # false for a height that is not a number
        return jnp.where(accepted, there, latent), jnp.where(accepted, height, potential)

    latent, potential = jax.lax.fori_loop(0, tries, step, (state.z, state.potential_energy))
    return state._replace(z=latent, potential_energy=potential, rng_key=key)
