"""Hamiltonian Monte Carlo: a pooled warm-up, then many chains side by side.

NumPyro's NUTS does the sampling. Every stage is compiled once, with the model's arrays and the data as arguments:
other data of the same shape compile nothing. Stages run in blocks of a few draws, so that a progress bar moves and an
interrupted run keeps what it has.

The warm-up adapts step size and dense mass matrix in a few chains started from the prior. Their second halves are
pooled into one mass matrix; every chain of the run starts at a pooled position and settles, adapting its step size to
the pooled matrix. Starts dispersed like the prior mean that separated regions of equal likelihood are found by some
chain.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from cevnsjax.arrays import as_float
from cevnsjax.errors import ParameterError
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.journal import Keep, computed
from cevnsjax.inference.jump import jump
from cevnsjax.inference.model import Model
from cevnsjax.schedule import Schedule

Progress = Callable[[str, int, int], None]
"""Called with a stage, the draws done and the draws to do."""

BLOCK = 25
"""Draws between two looks at the keyboard."""

_CANDIDATES, _EFFECTIVE = 64, 4
"""Draws from the prior for each chain of the warm-up, and effective ones, that starts are chosen among."""


_STATISTICS = {
    "diverging": "diverging",
    "tree_steps": "num_steps",
    "acceptance_rate": "accept_prob",
    "potential_energy": "potential_energy",
}
"""What is kept of every draw, and NumPyro's names of it."""

MOST_WARMUP_CHAINS = 8
"""Chains that adapt; the others start where these ended."""


class Tuning(NamedTuple):
    """The part of a schedule that a compiled transition depends on: the number of draws is not part of it."""

    warmup: int
    max_tree_depth: int
    target_acceptance: float

    @classmethod
    def of(cls, schedule: Schedule) -> "Tuning":
        """The part of a schedule."""
        return cls(schedule.warmup, schedule.max_tree_depth, schedule.target_acceptance)


def _settling(schedule: Schedule) -> int:
    """Draws in which every chain adapts its step size to the pooled mass matrix."""
    return min(2 * BLOCK, schedule.warmup)


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


@eqx.filter_jit
def _start(model: Model, observed, tuning: Tuning, starts, keys, counter, step_size, inverse_mass_matrix):
    """States of chains at the given positions, as if ``counter`` draws of the warm-up were behind them.

    Potential and gradient are left at zero: every draw begins by computing them.
    """

    def chain(start, key):
        unknown = ParamInfo(start, jnp.zeros_like(start[0]), jnp.zeros_like(start))
        state, _ = _kernel(model, observed, tuning, unknown, key, step_size, inverse_mass_matrix)
        return state._replace(i=state.i + counter)

    return jax.vmap(chain)(starts, keys)


@eqx.filter_jit
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
        jumps = jax.vmap(lambda at: jump(model, observed, at))
        following = jax.lax.cond(settled, jumps, lambda at: at, following)
        statistics = {name: getattr(following, field) for name, field in _STATISTICS.items()}
        return following, (following.z, statistics)

    final, kept = jax.lax.scan(step, states, None, length=BLOCK)
    return final, *jax.tree.map(lambda values: jnp.swapaxes(values, 0, 1), kept)


def _moved(
    model: Model, data: Any, tuning: Tuning, states: Any, keep: Keep
) -> tuple[Any, np.ndarray, dict[str, np.ndarray]]:
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


def warm_up(
    model: Model,
    key: jax.Array,
    schedule: Schedule,
    data: Any,
    progress: Progress | None = None,
    keep: Keep = computed,
) -> Any:
    """Adapt in a few chains and return the start of all chains.

    Parameters
    ----------
    model
        What to sample.
    key
        Random key.
    schedule
        How long.
    data
        What was observed; see :meth:`Model.data`.
    progress
        Called after every block.
    keep
        How the results of a block are come by (:class:`~cevnsjax.inference.journal.Journal`).

    Returns
    -------
    Any
        State of all chains, for :func:`draw`.

    Raises
    ------
    ParameterError
        If the posterior density is not finite at most draws from the prior.
    """
    tuning, settling = Tuning.of(schedule), _settling(schedule)
    warmup_chains = min(schedule.chains, MOST_WARMUP_CHAINS)
    total = schedule.warmup + settling
    key_start, key_pick, key_warm, key_chains = jax.random.split(key, 4)
    number = _CANDIDATES * warmup_chains
    candidates, potential, log_likelihood = keep(lambda: _prior_draws(model, data, key_start, number))
    starts = _choose(key_start, potential, log_likelihood, warmup_chains)

    def run(states, draws: int, done: int):
        blocks = []
        for block in range(0, draws, BLOCK):
            states, positions, _ = _moved(model, data, tuning, states, keep)
            blocks.append(positions)
            if progress is not None:
                progress("warm-up", min(done + block + BLOCK, total), total)
        return states, np.concatenate(blocks, axis=1)

    identity = np.eye(len(model.parameters))
    keys = jax.random.split(key_warm, warmup_chains)
    states = _start(model, data, tuning, *_arrays(candidates[starts], keys, 0, 0.1, identity))
    states, positions = run(states, schedule.warmup, 0)
    pooled, covariance = _pool(positions)
    picks = jax.random.choice(key_pick, len(pooled), (schedule.chains,), replace=schedule.chains > len(pooled))
    step_size = np.median(states.adapt_state.step_size)
    keys = jax.random.split(key_chains, schedule.chains)
    counter = schedule.warmup - settling
    states = _start(model, data, tuning, *_arrays(pooled[np.asarray(picks)], keys, counter, step_size, covariance))
    return run(states, settling, schedule.warmup)[0]


def _arrays(starts, keys, counter: int, step_size, inverse_mass_matrix):
    """The arguments of ``_start`` as arrays of the same types at each call, so that it is compiled once."""
    return as_float(starts), keys, jnp.asarray(counter), as_float(step_size), as_float(inverse_mass_matrix)


@eqx.filter_jit
def _prior_draws(model: Model, observed, key, number: int):
    """Latent vectors of draws from the prior, with their potential and log-likelihood."""

    def densities(latent):
        return model.potential(latent, observed), model.log_likelihood(model.from_latent(latent), observed)

    latents = model.prior_latents(key, number)
    return latents, *map_in_batches(densities, latents, 64)


def _choose(key: jax.Array, potential: np.ndarray, log_likelihood: np.ndarray, number: int) -> np.ndarray:
    """Choose starts among draws from the prior, by a power of the likelihood.

    A chain that starts in a far corner may end in whatever maximum is first on its way, however little of the posterior
    is there. The power is the largest that leaves several times as many effective draws as are chosen, so starts stay
    wider than the posterior.
    """
    finite = np.isfinite(potential) & np.isfinite(log_likelihood)
    if finite.sum() < max(number, len(finite) // 4):
        raise ParameterError("The posterior density is not finite at most draws from the prior; check the priors.")
    heights = np.where(finite, log_likelihood.astype(float), -np.inf)
    heights = heights - heights.max()

    def effective(power: float) -> float:
        weights = np.exp(power * heights)
        return weights.sum() ** 2 / (weights**2).sum()

    wanted = min(_EFFECTIVE * number, int(finite.sum()))
    low, high = 1e-12, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(middle) >= wanted else (low, middle)
    # the largest sums of logarithm and Gumbel noise: draws without replacement
    noise = np.asarray(jax.random.gumbel(key, heights.shape), dtype=float)
    return np.argsort(low * heights + noise)[::-1][:number]


def draw(
    model: Model, states: Any, schedule: Schedule, data: Any, keep: Keep = computed
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Sample for ever, a block at a time.

    Yields
    ------
    tuple
        Latent positions ``[chain, draw, parameter]`` and statistics ``[chain, draw]``.
    """
    while True:
        states, positions, statistics = _moved(model, data, Tuning.of(schedule), states, keep)
        yield positions, statistics


@eqx.filter_jit
def constrain(model: Model, latents):
    """Values of latent vectors ``[chain, draw, parameter]``."""
    return jax.vmap(jax.vmap(model.from_latent))(latents)
