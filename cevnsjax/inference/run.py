"""A run from start to end: warm-up, draws, checkpoints, interruption and resumption."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import short
from cevnsjax.errors import InterruptedRun, OutputError, ParameterError
from cevnsjax.inference import nuts
from cevnsjax.inference.checkpoint import Checkpoint, Draws, run_identity
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.memory import check_sampling_memory
from cevnsjax.inference.model import Model
from cevnsjax.inference.nuts import Progress
from cevnsjax.inference.posterior import Posterior
from cevnsjax.schedule import Schedule

_SAVE_EVERY_S = 10.0


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
        Where to keep a checkpoint; without it an interrupted run is lost.
    resume
        Go on from the checkpoint in ``folder`` to the same total number of draws.
    progress
        Called with the stage, the draws done and the draws to do after every block.
    options
        What the caller was told, as plain values: kept in the checkpoint, must be the same to go on.

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
        If the checkpoint is missing, damaged, or of another run.
    """
    schedule = schedule or Schedule()
    _check_types(model, key, schedule)
    check_sampling_memory(model, schedule)
    data = model.data(observed)
    if resume and folder is None:
        raise OutputError("Resuming needs the folder of the interrupted run.")
    identity = run_identity(model, key, schedule, observed, options)
    checkpoint = None if folder is None else Checkpoint(Path(folder), identity)
    with deferred_interrupt() as interrupted:
        if checkpoint is not None and resume:
            states, draws = checkpoint.load(nuts.state_template(model, schedule, data))
        else:
            states, draws = _warm_up(model, key, schedule, data, progress, interrupted), Draws()
        draws = _draw(model, states, schedule, data, draws, checkpoint, progress, interrupted)
    latents, statistics = draws.joined(schedule.samples)
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
    model: Model, key: jax.Array, schedule: Schedule, data, progress: Progress | None, interrupted: Callable[[], bool]
) -> Any:
    """States of all chains after the warm-up, which a stop ends with nothing."""

    def stop_if_asked(stage: str, done: int, total: int) -> None:
        if progress is not None:
            progress(stage, done, total)
        if interrupted():
            raise InterruptedRun("Interrupted during the warm-up: nothing was sampled yet.")

    return nuts.warm_up(model, key, schedule, data, stop_if_asked)


def _draw(
    model: Model,
    states: Any,
    schedule: Schedule,
    data: Any,
    draws: Draws,
    checkpoint: Checkpoint | None,
    progress: Progress | None,
    interrupted: Callable[[], bool],
) -> Draws:
    """All draws, kept now and then, at the end, and where a stop is asked for."""
    blocks, last_saved = nuts.draw(model, states, schedule, data), time.monotonic()
    while draws.done < schedule.samples:
        states, latents, statistics = next(blocks)
        draws.add(latents, statistics)
        if progress is not None:
            progress("sampling", min(draws.done, schedule.samples), schedule.samples)
        stopped = interrupted() and draws.done < schedule.samples
        if checkpoint is not None and (stopped or time.monotonic() - last_saved > _SAVE_EVERY_S):
            checkpoint.save(states, draws)
            last_saved = time.monotonic()
        if stopped and checkpoint is None:
            raise InterruptedRun(f"Interrupted after {draws.done} of {schedule.samples} draws; nothing was kept.")
        if stopped and checkpoint is not None:
            raise InterruptedRun(
                f"Interrupted after {draws.done} of {schedule.samples} draws per chain; they are saved in "
                f"{checkpoint.folder}. Run the same command with --resume to go on."
            )
    if checkpoint is not None:
        checkpoint.save(states, draws)
    return draws
