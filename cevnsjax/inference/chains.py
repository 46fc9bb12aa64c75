"""Hamiltonian Monte Carlo of many chains as one program, which computes the density and nothing else too.

NumPyro's HMC moves the chains. A trajectory of next to no length, from where the density is taken to be zero, does
nothing but compute it: fits use the same program that draws.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from cevnsjax.host_random import key_array
from cevnsjax.inference.batches import map_in_batches, points_at_a_time
from cevnsjax.inference.model import Model
from cevnsjax.inference.sampler import BLOCK
from cevnsjax.inference.solver import Evaluate
from cevnsjax.program import program

_NO_LENGTH = 1e-30
_SHORTEST, _LONGEST = 0.4, 1.6
"""Of trajectories, over their mean."""

_GOLDEN = 0.5 * (5.0**0.5 - 1.0)


class Chains(NamedTuple):
    """Where chains stand: latents ``[chain, parameter]``, potential and its gradient there, random keys."""

    latents: Any
    potential: Any
    gradient: Any
    keys: Any


class Tuning(NamedTuple):
    """What all chains share: step size, covariance of latents, the root of that of jumps, and how many jumps a draw."""

    step_size: Any
    covariance: Any
    jump: Any
    jumps: Any


@program
def advance_chains(
    model: Model, observed, powers, chains: Chains, tuning: Tuning, lengths, draws, number, batch_size: int
):
    """Move chains: all of them, latents ``[chain, BLOCK, parameter]`` and statistics of the first ``draws``.

    Parameters
    ----------
    model, observed
        The density.
    powers
        Of likelihood and measure (:meth:`Model.potential`).
    chains, tuning
        Where they are, and how they move.
    lengths
        Of the trajectories, in units of the mass matrix, shape ``[BLOCK]``.
    draws
        How many.
    number
        How many of the chains move, at least.
    batch_size
        How many move side by side.
    """

    def potential(latent):
        return model.potential(latent, observed, *powers)

    def one(chain: Chains):
        init, transition = hmc(potential_fn=potential, algo="HMC")
        state = init(
            ParamInfo(chain.latents, chain.potential, chain.gradient),
            num_warmup=0,
            step_size=tuning.step_size,
            inverse_mass_matrix=tuning.covariance,
            adapt_step_size=False,
            adapt_mass_matrix=False,
            dense_mass=True,
            trajectory_length=1.0,
            rng_key=chain.keys,
        )
        start = state._replace(rng_key=chain.keys, num_steps=jnp.zeros_like(state.num_steps))

        def move(i, k, state):
            """The last one of a draw is a trajectory, those before are jumps: a trajectory of no length elsewhere."""
            jumps = k < tuning.jumps
            key, *keys = jax.random.split(state.rng_key, 3)
            normal = jax.random.normal(keys[0], state.z.shape, state.z.dtype)
            apart = jnp.where(jumps, jnp.matmul(tuning.jump, normal, precision="highest"), 0.0)
            there = transition(
                state._replace(
                    z=state.z + apart,
                    potential_energy=jnp.where(jumps, jnp.inf, state.potential_energy),
                    trajectory_length=jnp.where(jumps, _NO_LENGTH, lengths[i]),
                    rng_key=key,
                )
            )
            rise = there.potential_energy - state.potential_energy
            accepted = ~jumps | (jnp.log(jax.random.uniform(keys[1], dtype=rise.dtype)) < -rise)
            latent, height, gradient = (
                jnp.where(accepted, getattr(there, name), getattr(state, name))
                for name in ("z", "potential_energy", "z_grad")
            )
            return there._replace(z=latent, potential_energy=height, z_grad=gradient)

        def draw(i, carried):
            state, kept = carried
            state = jax.lax.fori_loop(0, tuning.jumps + 1, functools.partial(move, i), state)
            new = state.z, state.potential_energy, state.accept_prob, state.num_steps, state.diverging
            return state, tuple(array.at[i].set(value) for array, value in zip(kept, new, strict=True))

        kinds = start.z, start.potential_energy, start.accept_prob, start.num_steps, start.diverging
        kept = tuple(jnp.zeros((BLOCK, *each.shape), each.dtype) for each in kinds)
        state, kept = jax.lax.fori_loop(0, draws, draw, (start, kept))
        return Chains(state.z, state.potential_energy, state.z_grad, state.rng_key), kept

    return map_in_batches(one, chains, batch_size, number)


def trajectory_lengths(mean: float, behind: int) -> np.ndarray:
    """Lengths of the trajectories of a block, when so many draws are behind: even, and never twice the same."""
    shares = (behind + np.arange(BLOCK)) * _GOLDEN % 1.0
    return mean * (_SHORTEST + (_LONGEST - _SHORTEST) * shares)


def unknown(latents: np.ndarray, keys: Array) -> Chains:
    """Chains where the density is taken to be zero: a trajectory of no length is accepted, and knows it then."""
    return Chains(latents, np.full(len(latents), np.inf, latents.dtype), np.zeros_like(latents), keys)


def move_chains(
    model: Model, data: Any, powers, chains: Chains, tuning: Tuning, lengths, draws: int, number: int, batch_size: int
):
    """Move chains by :func:`advance_chains`, with numbers as arrays of the same types each time: compiled once."""
    kind = model.scale.dtype
    powers = tuple(np.asarray(power, kind) for power in powers)
    lengths = np.asarray(lengths, kind)
    counts = np.asarray(draws), np.asarray(number)
    return advance_chains(model, data, powers, chains, tuning, lengths, *counts, batch_size)


def evaluator(model: Model, data: Any, chains: int, powers: tuple[float, float]) -> Evaluate:
    """Minus the log-density of latents and its gradient, by the program that moves so many chains.

    Parameters
    ----------
    model, data
        The model, and what was observed.
    chains
        Number of chains of a run.
    powers
        Of likelihood and measure (:meth:`Model.potential`).
    """
    size, kind = len(model.names), model.scale.dtype
    tuning = Tuning(np.ones((), kind), np.eye(size, dtype=kind), np.zeros((size, size), kind), np.zeros((), int))
    keys = key_array(jax.random.key(0), chains)
    lengths, batch_size = np.full(BLOCK, _NO_LENGTH), points_at_a_time(model)

    def evaluate(points: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        heights, gradients = np.empty(len(latents), kind), np.empty((len(latents), size), kind)
        for first in range(0, len(latents), chains):
            some = np.arange(first, min(first + chains, len(latents)))
            at = unknown(latents[np.resize(some, chains)].astype(kind), keys)
            found, _ = move_chains(model, data, powers, at, tuning, lengths, 1, len(some), batch_size)
            heights[some], gradients[some] = (np.asarray(each)[: len(some)] for each in found[1:3])
        return heights, gradients

    return evaluate
