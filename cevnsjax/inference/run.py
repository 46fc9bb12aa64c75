"""A run from start to end: warm-up, draws, interruption and resumption."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import short
from cevnsjax.errors import InterruptedRun, OutputError, ParameterError
from cevnsjax.inference.diagnostics import rank_r_hat, smallest_effective_sample_size
from cevnsjax.inference.hmc import Hmc
from cevnsjax.inference.identity import kept_identity, run_identity
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.journal import Journal, computed
from cevnsjax.inference.memory import check_sampling_memory
from cevnsjax.inference.model import Model
from cevnsjax.inference.posterior import Posterior
from cevnsjax.inference.sampler import BLOCK, FEWEST_DRAWS, AbstractSampler, Progress, Statistics
from cevnsjax.program import program
from cevnsjax.schedule import Schedule

LARGEST_R_HAT = 1.01
"""R-hat of chains that agree."""

_MOST_DRAWS = 20_000
"""Of each chain, where their number is not given."""


def sample(
    model: Model,
    key: jax.Array,
    schedule: Schedule | None = None,
    *,
    sampler: AbstractSampler | None = None,
    observed=None,
    folder: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    options: Mapping[str, Any] | None = None,
) -> Posterior:
    """Sample the posterior of a model.

    Parameters
    ----------
    model
        What to sample.
    key
        Random key; the same key gives the same samples, resumed or not.
    schedule
        Number of chains and draws.
    sampler
        How chains move, :class:`~cevnsjax.inference.hmc.Hmc` by default.
    observed
        Data of the shape of the experiment's, in their place.
    folder
        Where to keep, every ten seconds, what is done, should the process be interrupted or killed; it stays there
        (:class:`~cevnsjax.inference.journal.Journal`).
    resume
        Go on from what is kept in ``folder``, to the same draws, or to more of them after a run that was shorter.
    progress
        Called after every block with the stage, the draws done and to do (or effective ones, where their number is not
        given), and what else there is to say.
    options
        What the caller was told, as plain values: kept with it, must be the same to go on.

    Returns
    -------
    Posterior
        The samples.

    Raises
    ------
    ParameterError
        If the model, the key or the schedule is something else, or takes more memory than there is.
    InterruptedRun
        On Ctrl-C, after what was sampled is saved.
    OutputError
        If there is nothing to resume from, what is kept is damaged or of another run, or nothing can be kept.
    """
    schedule, sampler = schedule or Schedule(), sampler or Hmc()
    _check_types(model, key, schedule, sampler)
    check_sampling_memory(model, schedule)
    data = model.data(observed)
    if resume and folder is None:
        raise OutputError("Resuming needs the folder of the interrupted run.")
    journal = None
    if folder is not None:
        identity = kept_identity(run_identity(model, key, schedule, observed, options, sampler))
        journal = Journal(Path(folder), identity, resume)
    with deferred_interrupt() as interrupted:
        run = _Run(journal, progress, interrupted)
        state = sampler.start(model, data, key, schedule, run.warmed_up, journal or computed)
        latents, statistics = _draw(model, data, state, schedule, sampler, run)
    if journal is not None:
        journal.save()
    values = {name: np.asarray(value) for name, value in _constrain(model, latents).items()}
    return Posterior(model, values, statistics)


@program
def _constrain(model: Model, latents):
    """Values of latent vectors ``[chain, draw, parameter]``."""
    return jax.vmap(jax.vmap(model.from_latent))(latents)


def _check_types(model: Model, key: jax.Array, schedule: Schedule, sampler: AbstractSampler) -> None:
    if not isinstance(model, Model):
        raise ParameterError(f"What is sampled must be a Model, got {short(model)}; build_model makes one.")
    is_key = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if not is_key or key.shape != ():
        raise ParameterError(f"key must be a random key like jax.random.key(1), got {short(key)}.")
    if not isinstance(schedule, Schedule):
        raise ParameterError(f"schedule must be a Schedule, got {short(schedule)}.")
    if not isinstance(sampler, AbstractSampler):
        raise ParameterError(f"sampler must be a sampler like Hmc(), got {short(sampler)}.")


class _Run(NamedTuple):
    """What goes on around the sampling: what is kept, who looks on, and whether Ctrl-C was pressed."""

    journal: Journal | None
    progress: Progress | None
    interrupted: Any

    def report(self, stage: str, done: int, total: int, note: str) -> None:
        # what is only read again is no progress
        if self.progress is not None and not (self.journal is not None and self.journal.replays):
            self.progress(stage, done, total, note)

    def warmed_up(self, stage: str, done: int, total: int, note: str) -> None:
        """Report a block of the warm-up, and stop if asked to."""
        self.report(stage, done, total, note)
        self.stop_if_asked("during the warm-up")

    def stop_if_asked(self, when: str) -> None:
        if not self.interrupted():
            return
        if self.journal is None:
            raise InterruptedRun(f"Interrupted {when}; nothing was kept.")
        self.journal.save()
        raise InterruptedRun(
            f"Interrupted {when}; what is done is saved in {self.journal.folder}. Run the same command with --resume "
            "to go on."
        )


def _draw(
    model: Model, data: Any, state: Any, schedule: Schedule, sampler: AbstractSampler, run: _Run
) -> tuple[np.ndarray, Statistics]:
    """All draws, block by block: latent positions ``[chain, draw, parameter]``, and statistics."""
    positions: list[np.ndarray] = []
    statistics: list[Statistics] = []
    done, effective, look = 0, 0.0, FEWEST_DRAWS
    while True:
        state, moved, told = sampler.advance(model, data, state, run.journal or computed)
        positions.append(moved)
        statistics.append(told)
        done += moved.shape[1]
        divergences = sum(int(each["diverging"].sum()) for each in statistics)
        note = ", ".join(filter(None, [sampler.note(state), f"{divergences} divergent" if divergences else ""]))
        if schedule.samples is not None:
            run.report("sampling", min(done, schedule.samples), schedule.samples, note)
            if done >= schedule.samples:
                break
        elif done >= look:
            effective, r_hat = _converged(np.concatenate(positions, axis=1))
            if (effective >= schedule.ess and r_hat < LARGEST_R_HAT) or done >= _MOST_DRAWS:
                run.report("sampling", schedule.ess, schedule.ess, note)
                break
            run.report("sampling", min(int(effective), schedule.ess - 1), schedule.ess, note)
            # no sooner than when it may be enough: both fall like one over the number of draws
            apart = (r_hat**2 - 1.0) / (LARGEST_R_HAT**2 - 1.0)
            wanted = done * max(schedule.ess / max(effective, 1.0), apart)
            look = max(done + BLOCK, min(int(0.9 * wanted), 2 * done))
        else:
            run.report("sampling", min(int(effective * done / max(look, 1)), schedule.ess - 1), schedule.ess, note)
        of = f" of {schedule.samples}" if schedule.samples is not None else ""
        run.stop_if_asked(f"after {done}{of} draws per chain")
    joined = {name: np.concatenate([each[name] for each in statistics], axis=1) for name in statistics[0]}
    most = schedule.samples
    return np.concatenate(positions, axis=1)[:, :most], {name: each[:, :most] for name, each in joined.items()}


def _converged(latents: np.ndarray) -> tuple[float, float]:
    """Smallest effective sample size of all parameters, bulk and tails, and their largest R-hat."""
    each = [latents[:, :, i] for i in range(latents.shape[2])]
    return min(map(smallest_effective_sample_size, each)), max(map(rank_r_hat, each))
