"""Hamiltonian Monte Carlo from the modes of the posterior, one trajectory length for all chains.

NumPyro's HMC moves the chains; what it is given is found before. Fits from draws from the prior find the maxima of the
posterior, and chains start from the mixture of normal distributions there. The width of those is the mass matrix, until
the first draws of all chains have told a better one; the step size is adapted to what all chains accept. Trajectories
are of one length for all chains, so that none waits for another, and the length changes from draw to draw, so that no
period is met (M. D. Hoffman, A. Radul, P. Sountsov, AISTATS 2021). Where there are several maxima, or
bends and plateaus, each draw begins with a few jumps. Beside a cliff, as where a plateau of couplings too weak to be
seen ends, steps are as short as the cliff is steep: where jumps do what trajectories are for, and for less, these leave
the model's own parameters where they are.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.host_random import host_generator, key_array, split_key
from cevnsjax.inference.batches import points_at_a_time
from cevnsjax.inference.chains import Chains, Tuning, evaluator, move_chains, trajectory_lengths
from cevnsjax.inference.journal import Keep
from cevnsjax.inference.jump import jump_root, own_parameters
from cevnsjax.inference.model import Model
from cevnsjax.inference.modes import Modes, find_modes
from cevnsjax.inference.sampler import BLOCK, AbstractSampler, Progress, Statistics
from cevnsjax.inference.solver import Evaluate
from cevnsjax.schedule import Schedule, check_share, plain

JUMPS = 4
"""Tries before each draw, where the posterior of the model's own parameters is far from a normal distribution."""

_MOST_SKEWNESS, _MOST_KURTOSIS = 0.5, 1.0
"""Of what is not far from one: skewness, and excess kurtosis."""

_FEWEST_TO_SAY = 100
"""Draws of all chains, below which nothing is said of their distribution."""

_MOVES, _MOST_JUMPS = 2.0, 24
"""Jumps of each draw that are accepted where jumps alone move the model's own parameters, and most tries for these."""

_TRIES = 256
"""From which it is told how many are."""

_STEPS_OF_NUISANCES = 4.0
"""Of a trajectory in nuisance parameters, which have priors of one width each."""

_STILL = 1e-16
"""Variance, over that of their draws, of what trajectories leave where it is."""

_MOST_STEPS = 512.0
_FIRST_STEP = 0.5
_ADAPTED = 5
"""Draws between two changes of the step size."""

_LEARNT, _POOLED, _TRIED = 0.3, 0.6, 0.8
"""Shares of the warm-up until draws are pooled to a covariance, until that is done, and has shown what it costs."""


class Moving(NamedTuple):
    """Chains, how they move, how many side by side, and how many draws are behind them."""

    chains: Chains
    tuning: Tuning
    batch_size: int
    draws: int = 0


class Hmc(AbstractSampler):
    """Hamiltonian Monte Carlo from the modes of the posterior.

    Attributes
    ----------
    target_acceptance
        Acceptance probability that the step size is adapted to.
    trajectory_length
        Mean length of trajectories, in standard deviations of a normal distribution: a quarter of its period is pi/2.
    """

    target_acceptance: float = eqx.field(static=True, default=0.9, converter=plain)
    trajectory_length: float = eqx.field(static=True, default=1.8, converter=plain)

    def __check_init__(self):
        check_share("target_acceptance", self.target_acceptance)

    @property
    def warmup(self) -> int:
        return 100

    def start(self, model: Model, data: Any, key, schedule: Schedule, progress: Progress, keep: Keep) -> Moving:
        key_modes, key_start, key_chains, key_tries = *split_key(key, 3), jax.random.fold_in(key, 3)
        chains = schedule.chains
        posterior, prior = (evaluator(model, data, chains, powers) for powers in ((1.0, 1.0), (0.0, 1.0)))

        def found() -> list[np.ndarray]:
            modes = find_modes(model, posterior, prior, key_modes)
            generator = host_generator(key_start)
            starts = modes.draw(generator, chains).astype(model.scale.dtype)
            every = np.arange(chains)
            starts[~np.isfinite(posterior(every, starts)[0])] = modes.latents[0]
            return [*modes, starts, *posterior(every, starts)]

        *modes, starts, heights, gradients = keep(found)
        at = Chains(starts, heights, gradients, key_array(key_chains, chains))
        moving = _begun(Modes(*modes), at, model)

        def accepted(moving: Moving) -> float:
            """Share of jumps from where chains are that are accepted."""

            def heights() -> list[np.ndarray]:
                places = _jumped(moving, host_generator(key_tries)).astype(model.scale.dtype)
                return [posterior(np.arange(len(places)), places)[0]]

            there = keep(heights, moving.chains.latents, moving.tuning.jump)[0].reshape(-1, chains)
            return float(np.exp(np.minimum(np.nan_to_num(moving.chains.potential - there, nan=-np.inf), 0.0)).mean())

        return self._adapted(
            model, data, moving, Modes(*modes), accepted, schedule.warmup or self.warmup, progress, keep
        )

    def _adapted(
        self,
        model: Model,
        data: Any,
        moving: Moving,
        modes: Modes,
        accepted: Callable[[Moving], float],
        draws: int,
        progress: Progress,
        keep: Keep,
    ) -> Moving:
        """Adapt step size, then mass matrix, then step size again."""
        pooled: list[np.ndarray] = []
        done, changes, own, apart = 0, 0, own_parameters(model), True
        known = tuple(round(share * draws) for share in (_LEARNT, _POOLED, _TRIED))
        while done < draws:
            if done == known[1] and pooled:
                draws_of_all = np.concatenate(pooled, axis=1)
                covariance = _covariance(draws_of_all, modes)
                apart = len(own) and (len(modes.weights) > 1 or _far_from_normal(draws_of_all[:, :, own]))
                changed = {"covariance": covariance, "jump": jump_root(covariance, own)}
                moving, changes = moving._replace(tuning=moving.tuning._replace(**changed)), 0
            if done == known[2] and moving.tuning.jumps:
                by_jumps = self._by_jumps(moving, own, accepted(moving))
                needless = by_jumps is moving and not apart
                moving = moving._replace(tuning=moving.tuning._replace(jumps=0)) if needless else by_jumps
            ends = [*(each for each in known if each > done), draws]
            step = min(_ADAPTED, ends[0] - done)
            moving, positions, statistics = self._moved(model, data, moving, step, keep)
            if known[0] <= done < known[1]:
                pooled.append(positions)
            done, changes = done + step, changes + 1
            size = self._better_step(moving.tuning.step_size, statistics["acceptance_rate"], changes)
            moving = moving._replace(tuning=moving.tuning._replace(step_size=size))
            progress("warm-up", done, draws, self.note(moving))
        return moving

    def _by_jumps(self, moving: Moving, own: np.ndarray, accepted: float) -> Moving:
        """The same chains, moved in some parameters by jumps alone where that costs less."""
        jumps = max(int(np.ceil(_MOVES / max(accepted, 1e-3))), JUMPS)
        step_size = float(moving.tuning.step_size)
        if jumps > _MOST_JUMPS or jumps + _STEPS_OF_NUISANCES > JUMPS + self.trajectory_length / step_size:
            return moving
        covariance, variances = moving.tuning.covariance.copy(), np.diagonal(moving.tuning.covariance)[own]
        covariance[own, :], covariance[:, own] = 0.0, 0.0
        covariance[own, own] = _STILL * variances
        changed = {"covariance": covariance, "jumps": jumps, "step_size": max(step_size, _FIRST_STEP)}
        return moving._replace(tuning=moving.tuning._replace(**changed))

    def _better_step(self, step_size: float, acceptance: np.ndarray, changes: int) -> float:
        """A step size that is nearer to the acceptance wanted, by less and less: rejections grow with its square."""
        rejected = max(1.0 - float(np.nan_to_num(acceptance).mean()), 1e-3)
        factor = np.clip(((1.0 - self.target_acceptance) / rejected) ** (0.5 / np.sqrt(changes)), 0.3, 2.0)
        return max(step_size * float(factor), self.trajectory_length / _MOST_STEPS)

    def advance(self, model: Model, data: Any, state: Moving, keep: Keep) -> tuple[Moving, np.ndarray, Statistics]:
        return self._moved(model, data, state, BLOCK, keep)

    def note(self, state: Moving) -> str:
        return f"step {float(state.tuning.step_size):.2g}"

    def objective(self, model: Model, data: Any, chains: int) -> Evaluate:
        return evaluator(model, data, chains, (1.0, 0.0))

    def _moved(self, model, data, moving: Moving, draws: int, keep: Keep) -> tuple[Moving, np.ndarray, Statistics]:
        """Move all chains by some draws, computed or as it was kept."""
        at, kind = moving.chains, model.scale.dtype
        lengths = trajectory_lengths(self.trajectory_length, moving.draws)
        numbers, jumps = moving.tuning[:3], moving.tuning.jumps
        tuning = Tuning._make([*(np.asarray(each, kind) for each in numbers), np.asarray(jumps)])

        def moved():
            run = tuning, lengths, draws, len(at.latents), moving.batch_size
            chains, kept = move_chains(model, data, (1.0, 1.0), at, *run)
            plain = chains._replace(keys=jax.random.key_data(chains.keys))
            return [*plain, *(np.asarray(each)[:, :draws] for each in kept)]

        before = at._replace(keys=np.asarray(jax.random.key_data(at.keys)))
        results = keep(moved, *before, *tuning)
        chains = Chains(*results[:3], keys=jax.random.wrap_key_data(jnp.asarray(results[3])))
        positions, potential, acceptance, steps, diverging = results[4:]
        statistics = {
            "diverging": diverging,
            "steps": np.broadcast_to(steps, diverging.shape),
            "acceptance_rate": acceptance,
            "potential_energy": potential,
        }
        return moving._replace(chains=chains, draws=moving.draws + draws), positions, statistics


def _begun(modes: Modes, chains: Chains, model: Model) -> Moving:
    """Chains at their starts, that move like the first mode."""
    covariance, own = modes.covariance[0], own_parameters(model)
    tuning = Tuning(_FIRST_STEP, covariance, jump_root(covariance, own), JUMPS if len(own) else 0)
    return Moving(chains, tuning, points_at_a_time(model))


def _jumped(moving: Moving, generator: np.random.Generator) -> np.ndarray:
    """Where jumps lead from where chains are, some from each, shape ``[jump, parameter]``."""
    latents = np.asarray(moving.chains.latents, float)
    each = -(-_TRIES // len(latents))
    normal = generator.normal(size=(each, *latents.shape))
    return (latents + normal @ np.asarray(moving.tuning.jump, float).T).reshape(-1, latents.shape[1])


def _far_from_normal(positions: np.ndarray) -> bool:
    """Whether draws ``[chain, draw, parameter]`` of any parameter are, or are too few, or too much alike, to say."""
    flat = positions.reshape(-1, positions.shape[-1]).astype(float)
    if len(flat) < _FEWEST_TO_SAY:
        return True
    with np.errstate(invalid="ignore"):  # of what is alike
        scores = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    skewness, kurtosis = (scores**3).mean(axis=0), (scores**4).mean(axis=0) - 3.0
    return not np.all((np.abs(skewness) <= _MOST_SKEWNESS) & (np.abs(kurtosis) <= _MOST_KURTOSIS))


def _covariance(positions: np.ndarray, modes: Modes) -> np.ndarray:
    """Covariance of pooled draws ``[chain, draw, parameter]``, mixed with that of the modes where they are few."""
    size = positions.shape[-1]
    pooled = positions.reshape(-1, size).astype(float)
    weight = 5.0 * size
    sample = np.atleast_2d(np.cov(pooled, rowvar=False)) if len(pooled) > 1 else np.zeros((size, size))
    return (len(pooled) * sample + weight * modes.covariance[0]) / (len(pooled) + weight)
