"""Evidence, and posteriors of many modes, by sequential Monte Carlo: from the prior to the posterior in steps.

Particles begin as draws from the prior. The likelihood is switched on by powers of it that leave a share of them
effective; at each power they are drawn anew by their weights and moved by HMC (P. Del Moral, A. Doucet, A. Jasra, J. R.
Stat. Soc. B 68, 411 (2006)). The mean weights multiply to the evidence, and modes keep what they have of the posterior
without anything that jumps between them. Particles are moved by the program that moves chains.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.host_random import host_generator, key_array, split_key
from cevnsjax.inference.batches import points_at_a_time
from cevnsjax.inference.chains import Chains, Tuning, evaluator, move_chains, trajectory_lengths
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.jump import jump_root, own_parameters
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.sampler import BLOCK
from cevnsjax.inference.solver import constrain

_LENGTH = 1.8
"""Mean length of trajectories, in standard deviations."""

_JUMPS = 4
_TARGET_ACCEPTANCE = 0.9
_FIRST_STEP, _SHORTEST_STEP, _LONGEST_STEP = 0.3, 1e-3, 2.0
_MOST_STAGES = 500


@dataclass(frozen=True)
class Evidence:
    """Evidence of a model, and draws from its posterior.

    Attributes
    ----------
    log_evidence
        Logarithm of the probability of the data, the likelihood times the prior integrated over all parameters,
        relative to the likelihood of the saturated model, as in :class:`~cevnsjax.inference.Laplace`: differences of
        two models of the same data are logarithms of their Bayes factor.
    error
        Its standard deviation, from the spread of the weights.
    samples
        Values of all parameters, shape ``[particle]`` each: draws from the posterior, of equal weight.
    powers
        Powers of the likelihood that were gone through, the last of which is one.
    """

    log_evidence: float
    error: float
    samples: dict[str, np.ndarray]
    powers: np.ndarray


class _Particles(NamedTuple):
    """Latents ``[particle, parameter]``, log-likelihoods, and the step size that they are moved with."""

    latents: np.ndarray
    log_likelihood: np.ndarray
    step_size: float


def evidence(
    model: Model,
    key: jax.Array,
    particles: int = 1024,
    *,
    moves: int = 10,
    effective: float = 0.5,
    observed: Any = None,
    progress: Callable[[float], None] | None = None,
) -> Evidence:
    """Compute the evidence of a model by sequential Monte Carlo.

    Parameters
    ----------
    model
        The model; flat priors must be as wide as is meant, the evidence is in proportion.
    key
        Random key; the same key gives the same numbers.
    particles
        Number of particles: the error falls with its square root.
    moves
        Trajectories of each particle at each power.
    effective
        Share of the particles that each step leaves effective, between 0 and 1.
    observed
        Data of the shape of the experiment's, in their place.
    progress
        Called with the power of the likelihood after each step.

    Raises
    ------
    ParameterError
        If a number is out of range.
    CevnsjaxError
        If the likelihood is finite at too few draws from the prior, or the power does not reach one.
    KeyboardInterrupt
        On Ctrl-C, between two steps.
    """
    _check(particles, moves, effective)
    data, kind = model.data(observed), np.dtype(model.scale.dtype)
    for_start, *keys = split_key(key, 1 + _MOST_STAGES)
    likelihood = _likelihood(model, data, particles)
    latents = model.prior_latents(for_start, particles).astype(kind)
    state = _Particles(latents, likelihood(latents), _FIRST_STEP)
    powers, log_evidence, variance = [0.0], 0.0, 0.0
    with deferred_interrupt() as interrupted:
        for own in keys:
            power = _next_power(state.log_likelihood, powers[-1], effective * particles)
            weights = (power - powers[-1]) * state.log_likelihood
            total = _log_sum(weights)
            log_evidence += total - np.log(particles)
            shares = np.exp(weights - total)
            variance += float(np.sum(shares**2)) - 1.0 / particles
            generator = host_generator(own)
            picks = _systematic(shares, generator)
            state = state._replace(latents=state.latents[picks], log_likelihood=state.log_likelihood[picks])
            state = _moved(model, data, own, state, power, moves, likelihood)
            powers.append(power)
            if progress is not None:
                progress(power)
            if power == 1.0:
                break
            if interrupted():
                raise KeyboardInterrupt
        else:
            raise CevnsjaxError(f"The likelihood is too narrow: after {_MOST_STAGES} steps its power is {power:.2g}.")
    values = _values(model, state.latents)
    return Evidence(log_evidence, float(np.sqrt(variance)), values, np.array(powers))


def _check(particles: int, moves: int, effective: float) -> None:
    if particles < 16:
        raise ParameterError(f"particles must be at least 16, got {particles}.")
    if not 1 <= moves <= BLOCK:
        raise ParameterError(f"moves must be between 1 and {BLOCK}, got {moves}.")
    if not 0.0 < effective < 1.0:
        raise ParameterError(f"effective must lie between 0 and 1, got {effective}.")


def _likelihood(model: Model, data: Any, particles: int) -> Callable[[np.ndarray], np.ndarray]:
    """The log-likelihood of latents: what the potential changes by when it is left out."""
    prior, posterior = (evaluator(model, data, particles, powers) for powers in ((0.0, 1.0), (1.0, 1.0)))

    def likelihood(latents: np.ndarray) -> np.ndarray:
        every = np.arange(len(latents))
        found = np.asarray(prior(every, latents)[0], float) - posterior(every, latents)[0]
        return np.where(np.isfinite(found), found, -np.inf)

    return likelihood


def _next_power(log_likelihood: np.ndarray, power: float, effective: float) -> float:
    """The largest power that leaves so many particles effective, at most one."""
    heights = log_likelihood - log_likelihood.max()
    if np.isfinite(log_likelihood).sum() < effective:
        raise CevnsjaxError("The likelihood is finite at too few draws from the prior; check the priors.")

    def excess(step: float) -> float:
        weights = step * heights[np.isfinite(heights)]
        return 2.0 * _log_sum(weights) - _log_sum(2.0 * weights) - float(np.log(effective))

    left = 1.0 - power
    if excess(left) >= 0.0:
        return 1.0
    smallest = left
    while excess(smallest) < 0.0:
        smallest *= 0.1
    return power + float(brentq(excess, smallest, 10.0 * smallest, rtol=1e-6))  # pyright: ignore[reportArgumentType]


def _log_sum(logarithms: np.ndarray) -> float:
    return np.asarray(logsumexp(logarithms)).item()


def _systematic(shares: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Indices drawn by their shares, as evenly as can be."""
    places = (np.arange(shares.size) + generator.random()) / shares.size
    return np.minimum(np.searchsorted(np.cumsum(shares), places), shares.size - 1)


def _moved(
    model: Model, data: Any, key: jax.Array, state: _Particles, power: float, moves: int, likelihood: Callable
) -> _Particles:
    """Particles that were moved at a power, and the step size that suited them."""
    number, size = state.latents.shape
    kind, own = state.latents.dtype, own_parameters(model)
    covariance = np.atleast_2d(np.cov(state.latents.astype(float), rowvar=False))
    covariance += 1e-9 * np.trace(covariance) / size * np.eye(size)
    run = functools.partial(move_chains, model, data, (power, 1.0))
    batch_size, step_size, done = points_at_a_time(model), state.step_size, 0
    density = evaluator(model, data, number, (power, 1.0))(np.arange(number), state.latents)
    chains = Chains(state.latents, *density, key_array(key, number))
    numbers = covariance.astype(kind), jump_root(covariance, own).astype(kind)
    jumps = np.asarray(_JUMPS if len(own) else 0)
    while done < moves:
        some = min(max(moves // 3, 1), moves - done)
        tuning = Tuning(np.asarray(step_size, kind), *numbers, jumps)
        chains, kept = run(chains, tuning, trajectory_lengths(_LENGTH, done), some, number, batch_size)
        rejected = max(1.0 - float(np.nan_to_num(np.asarray(kept[2])[:, :some]).mean()), 1e-3)
        factor = np.clip(np.sqrt((1.0 - _TARGET_ACCEPTANCE) / rejected), 0.3, 2.0)
        step_size = float(np.clip(step_size * factor, _SHORTEST_STEP, _LONGEST_STEP))
        done += some
    latents = np.asarray(chains.latents)
    return _Particles(latents, likelihood(latents), step_size)


def _values(model: Model, latents: np.ndarray) -> dict[str, np.ndarray]:
    objective = Objective(model, model.data(), model.names)
    return {name: np.asarray(each) for name, each in constrain(objective, {}, latents).items()}
