"""NUTS: a pooled warm-up, then many chains side by side.

NumPyro's NUTS does the sampling. The warm-up adapts step size and dense mass matrix in a few chains started from the
prior. Their second halves are pooled into one mass matrix; every chain of the run starts at a pooled position and
settles, adapting its step size to the pooled matrix. Starts dispersed like the prior mean that separated regions of
equal likelihood are found by some chain.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from cevnsjax.arrays import as_float
from cevnsjax.host_random import key_array, split_key
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.journal import Keep
from cevnsjax.inference.jump import jump, own_parameters
from cevnsjax.inference.model import Model
from cevnsjax.inference.modes import choose
from cevnsjax.inference.sampler import BLOCK, AbstractSampler, Progress, Statistics
from cevnsjax.program import program
from cevnsjax.schedule import Schedule, check_count, check_share, plain

JUMPS = 16
"""Tries after each draw: together they cost what five leapfrog steps do."""

_CANDIDATES = 64
"""Draws from the prior for each chain of the warm-up, that starts are chosen among."""


_STATISTICS = {
    "diverging": "diverging",
    "steps": "num_steps",
    "acceptance_rate": "accept_prob",
    "potential_energy": "potential_energy",
}
"""What is kept of every draw, and NumPyro's names of it."""

MOST_WARMUP_CHAINS = 8
"""Chains that adapt; the others start where these ended."""


class Tuning(NamedTuple):
    """What a compiled transition depends on: the number of draws is not part of it."""

    warmup: int
    max_tree_depth: int
    target_acceptance: float


def _settling(warmup: int) -> int:
    """Draws in which every chain adapts its step size to the pooled mass matrix."""
    return min(2 * BLOCK, warmup)


def _kernel(model: Model, observed, tuning: Tuning, start: ParamInfo, key, step_size=0.1, inverse_mass_matrix=None):
    """NumPyro's initial state and transition for one chain; it adapts while the state's counter is below ``warmup``."""
    init, transition = hmc(potential_fn_gen=lambda m, data: lambda latent: m.potential(latent, data), algo="NUTS")
    state = init(
        start,
        num_warmup=tuning.warmup,
        step_size=step_size,
        inverse_mass_matrix=inverse_mass_matrix,
        dense_mass=True,
        target_accept_prob=tuning.target_acceptance,
        max_tree_depth=(min(6, tuning.max_tree_depth), tuning.max_tree_depth),  # pyright: ignore[reportArgumentType]
        model_args=(model, observed),
        rng_key=key,
    )
    return state, lambda current: transition(current, model_args=(model, observed))


@program
def _start(model: Model, observed, tuning: Tuning, starts, keys, counter, step_size, inverse_mass_matrix):
    """States of chains at the given positions, as if ``counter`` draws of the warm-up were behind them.

    Potential and gradient are left at zero: every draw begins by computing them.
    """

    def chain(start, key):
        unknown = ParamInfo(start, jnp.zeros_like(start[0]), jnp.zeros_like(start))
        state, _ = _kernel(model, observed, tuning, unknown, key, step_size, inverse_mass_matrix)
        return state._replace(i=state.i + counter)

    return jax.vmap(chain)(starts, keys)


@program
def _advance(model: Model, observed, tuning: Tuning, states):
    """Move every chain by one block: states, latent positions [chain, draw, parameter], statistics [chain, draw]."""

    def chain(current):
        # at the beginning of the draw, so that starts and the ends of jumps need no gradient of their own to compile
        potential, gradient = jax.value_and_grad(model.potential)(current.z, observed)
        at = ParamInfo(current.z, potential, gradient)
        _, transition = _kernel(model, observed, tuning, at, current.rng_key)
        return transition(current._replace(potential_energy=potential, z_grad=gradient))

    def step(current, _):
        following = jax.vmap(chain)(current)
        # not while the mass matrix adapts: it would be that of where the chain is. All chains count alike; a condition
        # of each would be computed both ways
        settled = following.i[0] > tuning.warmup - min(2 * BLOCK, tuning.warmup)
        if len(own_parameters(model)):
            jumps = jax.vmap(lambda at: jump(model, observed, at, JUMPS))
            following = jax.lax.cond(settled, jumps, lambda at: at, following)
        statistics = {name: getattr(following, field) for name, field in _STATISTICS.items()}
        return following, (following.z, statistics)

    final, kept = jax.lax.scan(step, states, None, length=BLOCK)
    return final, *jax.tree.map(lambda values: jnp.swapaxes(values, 0, 1), kept)


def _moved(model: Model, data: Any, tuning: Tuning, states: Any, keep: Keep) -> tuple[Any, np.ndarray, Statistics]:
    """What ``_advance`` returns, computed or as it was kept."""
    before, structure = jax.tree.flatten(states)

    def advance():
        following, positions, statistics = _advance(model, data, tuning, states)
        return [positions, *(statistics[name] for name in _STATISTICS), *map(_plain, jax.tree.leaves(following))]

    positions, *others = keep(advance, *map(_plain, before))
    statistics, after = others[: len(_STATISTICS)], others[len(_STATISTICS) :]
    leaves = [
        jax.random.wrap_key_data(jnp.asarray(new)) if _is_key(old) else jnp.asarray(new)
        for old, new in zip(before, after, strict=True)
    ]
    return jax.tree.unflatten(structure, leaves), positions, dict(zip(_STATISTICS, statistics, strict=True))


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    """An array that a file can hold: random keys are none."""
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _pool(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions and covariance of the second half of the warm-up, over all of its chains."""
    pooled = positions[:, positions.shape[1] // 2 :, :].reshape(-1, positions.shape[-1])
    covariance = np.atleast_2d(np.cov(pooled, rowvar=False))
    return pooled, covariance + 1e-6 * np.eye(len(covariance))


def _arrays(starts, keys, counter: int, step_size, inverse_mass_matrix):
    """The arguments of ``_start`` as arrays of the same types at each call, so that it is compiled once."""
    return as_float(starts), keys, jnp.asarray(counter), as_float(step_size), as_float(inverse_mass_matrix)


@program
def _densities(model: Model, observed, latents):
    """Potential and log-likelihood at latent vectors."""

    def densities(latent):
        return model.potential(latent, observed), model.log_likelihood(model.from_latent(latent), observed)

    return map_in_batches(densities, latents, 64)


class Nuts(AbstractSampler):
    """The No-U-Turn sampler (M. D. Hoffman, A. Gelman, J. Mach. Learn. Res. 15, 1593 (2014)).

    Attributes
    ----------
    max_tree_depth
        Largest depth of a trajectory (2^depth leapfrog steps) after the warm-up.
    target_acceptance
        Acceptance probability that the step size is adapted to.
    """

    max_tree_depth: int = eqx.field(static=True, default=9, converter=plain)
    target_acceptance: float = eqx.field(static=True, default=0.85, converter=plain)

    def __check_init__(self):
        check_count("max_tree_depth", self.max_tree_depth)
        check_share("target_acceptance", self.target_acceptance)

    @property
    def warmup(self) -> int:
        return 300

    def start(self, model: Model, data: Any, key, schedule: Schedule, progress: Progress, keep: Keep) -> Any:
        warmup = schedule.warmup or self.warmup
        tuning, settling = Tuning(warmup, self.max_tree_depth, self.target_acceptance), _settling(warmup)
        warmup_chains = min(schedule.chains, MOST_WARMUP_CHAINS)
        total = warmup + settling
        key_start, key_pick, key_warm, key_chains = split_key(key, 4)
        candidates = model.prior_latents(key_start, _CANDIDATES * warmup_chains)
        potential, log_likelihood = keep(lambda: _densities(model, data, candidates), candidates)
        starts = choose(key_start, potential, log_likelihood, warmup_chains)

        def run(states, draws: int, done: int):
            blocks = []
            for block in range(0, draws, BLOCK):
                states, positions, _ = _moved(model, data, tuning, states, keep)
                blocks.append(positions)
                progress("warm-up", min(done + block + BLOCK, total), total, "")
            return states, np.concatenate(blocks, axis=1)

        identity = np.eye(len(model.parameters))
        keys = key_array(key_warm, warmup_chains)
        states = _start(model, data, tuning, *_arrays(candidates[starts], keys, 0, 0.1, identity))
        states, positions = run(states, warmup, 0)
        pooled, covariance = _pool(positions)
        picks = jax.random.choice(key_pick, len(pooled), (schedule.chains,), replace=schedule.chains > len(pooled))
        step_size = np.median(states.adapt_state.step_size)
        keys = key_array(key_chains, schedule.chains)
        counter = warmup - settling
        states = _start(model, data, tuning, *_arrays(pooled[np.asarray(picks)], keys, counter, step_size, covariance))
        return tuning, run(states, settling, warmup)[0]

    def advance(self, model: Model, data: Any, state: Any, keep: Keep) -> tuple[Any, np.ndarray, Statistics]:
        tuning, states = state
        states, positions, statistics = _moved(model, data, tuning, states, keep)
        return (tuning, states), positions, statistics
