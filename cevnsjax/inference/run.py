"""A run from start to end: warm-up, draws, interruption and resumption."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import short
from cevnsjax.errors import InterruptedRun, OutputError, ParameterError
from cevnsjax.inference import nuts
from cevnsjax.inference.identity import kept_identity, run_identity
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.journal import Journal, computed
from cevnsjax.inference.memory import check_sampling_memory
from cevnsjax.inference.model import Model
from cevnsjax.inference.nuts import Progress
from cevnsjax.inference.posterior import Posterior
from cevnsjax.schedule import Schedule

_Block = tuple[np.ndarray, dict[str, np.ndarray]]
"""Latent positions ``[chain, draw, parameter]`` and statistics ``[chain, draw]``."""


def sample(
    model: Model,
    key: jax.Array,
    schedule: Schedule | None = None,
    *,
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
    observed
        Data of the shape of the experiment's, in their place.
    folder
        Where to keep, every ten seconds, what is done, should the process be interrupted or killed; it stays there
        (:class:`~cevnsjax.inference.journal.Journal`).
    resume
        Go on from what is kept in ``folder``, to the same draws, or to more of them after a run that was shorter.
    progress
        Called with the stage, the draws done and the draws to do after every block.
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
    schedule = schedule or Schedule()
    _check_types(model, key, schedule)
    check_sampling_memory(model, schedule)
    data = model.data(observed)
    if resume and folder is None:
        raise OutputError("Resuming needs the folder of the interrupted run.")
    journal = None
    if folder is not None:
        identity = kept_identity(run_identity(model, key, schedule, observed, options))
        journal = Journal(Path(folder), identity, resume)
    with deferred_interrupt() as interrupted:
        states = _warm_up(model, key, schedule, data, journal, progress, interrupted)
        blocks = _draw(model, states, schedule, data, journal, progress, interrupted)
    latents, statistics = _joined(blocks, schedule.samples)
    values = {name: np.asarray(value) for name, value in nuts.constrain(model, latents).items()}
    return Posterior(model, values, statistics)


def _check_types(model: Model, key: jax.Array, schedule: Schedule) -> None:
    if not isinstance(model, Model):
        raise ParameterError(f"What is sampled must be a Model, got {short(model)}; build_model makes one.")
    is_key = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    if not is_key or key.shape != ():
        raise ParameterError(f"key must be a random key like jax.random.key(1), got {short(key)}.")
    if not isinstance(schedule, Schedule):
        raise ParameterError(f"schedule must be a Schedule, got {short(schedule)}.")


def _warm_up(
    model: Model,
    key: jax.Array,
    schedule: Schedule,
    data: Any,
    journal: Journal | None,
    progress: Progress | None,
    interrupted: Callable[[], bool],
) -> Any:
    """States of all chains after the warm-up."""

    def stop_if_asked(stage: str, done: int, total: int) -> None:
        if progress is not None and not _replays(journal):
            progress(stage, done, total)
        if interrupted():
            raise InterruptedRun(f"Interrupted during the warm-up{_kept(journal)}")

    return nuts.warm_up(model, key, schedule, data, stop_if_asked, journal or computed)


def _draw(
    model: Model,
    states: Any,
    schedule: Schedule,
    data: Any,
    journal: Journal | None,
    progress: Progress | None,
    interrupted: Callable[[], bool],
) -> list[_Block]:
    """All draws, block by block."""
    blocks, done = [], 0
    for block in nuts.draw(model, states, schedule, data, journal or computed):
        blocks.append(block)
        done += block[0].shape[1]
        if progress is not None and not _replays(journal):
            progress("sampling", min(done, schedule.samples), schedule.samples)
        if done >= schedule.samples:
            break
        if interrupted():
            raise InterruptedRun(f"Interrupted after {done} of {schedule.samples} draws per chain{_kept(journal)}")
    if journal is not None:
        journal.save()
    return blocks


def _replays(journal: Journal | None) -> bool:
    """Whether nothing is computed now: that is no progress."""
    return journal is not None and journal.replays


def _kept(journal: Journal | None) -> str:
    """Keep what is done, and the end of a sentence that says so."""
    if journal is None:
        return "; nothing was kept."
    journal.save()
    return f"; what is done is saved in {journal.folder}. Run the same command with --resume to go on."


def _joined(blocks: list[_Block], most: int) -> _Block:
    """All blocks in one, at most so many draws of each chain."""
    latents = np.concatenate([block for block, _ in blocks], axis=1)[:, :most]
    names = blocks[0][1]
    return latents, {name: np.concatenate([each[name] for _, each in blocks], axis=1)[:, :most] for name in names}
