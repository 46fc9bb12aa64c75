"""A run from start to end: warm-up, draws, checkpoints, interruption and resumption."""

import hashlib
import time
import zipfile
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.errors import InterruptedRun, OutputError
from cevnsjax.inference import nuts
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.model import Model
from cevnsjax.inference.nuts import Progress, Schedule
from cevnsjax.inference.posterior import Posterior
from cevnsjax.parameter import describe_prior

CHECKPOINT = "checkpoint.npz"
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

    Returns
    -------
    Posterior
        The samples.

    Raises
    ------
    InterruptedRun
        On Ctrl-C, after what was sampled is saved.
    OutputError
        If the checkpoint is missing, damaged, or of another run.
    """
    schedule = schedule or Schedule()
    report = progress or (lambda stage, done, total: None)
    identity = _identity(model, key, schedule, observed)
    latents: list[np.ndarray] = []
    statistics: list[dict[str, np.ndarray]] = []
    with deferred_interrupt() as interrupted:

        def stop_if_asked(stage: str, done: int, total: int) -> None:
            report(stage, done, total)
            if interrupted():
                raise InterruptedRun("Interrupted during the warm-up: nothing was sampled yet.")

        if resume:
            states, latents, statistics = _load(model, key, schedule, folder, observed)
        else:
            states = nuts.warm_up(model, key, schedule, observed, stop_if_asked)
        done = sum(block.shape[1] for block in latents)
        blocks = nuts.draw(model, states, schedule, observed)
        last_saved = time.monotonic()
        while done < schedule.samples:
            states, positions, stats = next(blocks)
            latents.append(positions)
            statistics.append(stats)
            done += positions.shape[1]
            report("sampling", min(done, schedule.samples), schedule.samples)
            if folder is not None and time.monotonic() - last_saved > _SAVE_EVERY_S:
                _save(folder, states, latents, statistics, identity)
                last_saved = time.monotonic()
            if interrupted() and done < schedule.samples:
                if folder is None:
                    raise InterruptedRun(f"Interrupted after {done} of {schedule.samples} draws; nothing was kept.")
                _save(folder, states, latents, statistics, identity)
                raise InterruptedRun(
                    f"Interrupted after {done} of {schedule.samples} draws per chain; they are saved in {folder}. "
                    "Run the same command with --resume to go on."
                )
    if folder is not None:
        _save(folder, states, latents, statistics, identity)
    joined = np.concatenate(latents, axis=1)[:, : schedule.samples]
    values = {name: np.asarray(value) for name, value in nuts.constrain(model, joined).items()}
    stats = {
        name: np.concatenate([block[name] for block in statistics], axis=1)[:, : schedule.samples]
        for name in statistics[0]
    }
    return Posterior(model, values, stats)


def _identity(model: Model, key: jax.Array, schedule: Schedule, observed) -> str:
    """What a checkpoint belongs to: parameters with priors, schedule, precision, random key, every other number."""
    numbers = hashlib.sha256()
    for leaf in jax.tree.leaves((eqx.filter(model, eqx.is_array), observed)):
        numbers.update(np.asarray(leaf).tobytes())
    parameters = ", ".join(f"{p.name} {describe_prior(p.prior)}" for p in model.parameters)
    words = ".".join(str(word) for word in np.ravel(_plain(key)))
    run = f"{schedule}; {model.location.dtype}; key {words}; numbers {numbers.hexdigest()[:16]}"
    return f"{model.experiment.name}: {parameters}; {run}"


def _save(folder: Path, states, latents, statistics, identity: str) -> None:
    leaves = [_plain(leaf) for leaf in jax.tree.leaves(states)]
    arrays = {f"state_{i}": leaf for i, leaf in enumerate(leaves)}
    arrays["identity"] = np.array(identity)
    arrays["latents"] = np.concatenate(latents, axis=1)
    for name in statistics[0]:
        arrays[f"stat_{name}"] = np.concatenate([block[name] for block in statistics], axis=1)
    target = folder / CHECKPOINT
    partial = folder / (CHECKPOINT + ".partial")
    try:
        with partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        partial.replace(target)
    except OSError as error:
        raise OutputError(f"The checkpoint {target} cannot be written: {error.strerror}.") from error


def _load(model: Model, key: jax.Array, schedule: Schedule, folder: Path | None, observed):
    if folder is None:
        raise OutputError("Resuming needs the folder of the interrupted run.")
    path = folder / CHECKPOINT
    if not path.exists():
        raise OutputError(f"There is no checkpoint to resume from in {folder}; run without --resume first.")
    try:
        with path.open("rb") as stream, np.load(stream) as stored:
            arrays = dict(stored)
        identity = str(arrays["identity"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise OutputError(f"The checkpoint {path} is damaged; run without --resume.") from error
    if identity != _identity(model, key, schedule, observed):
        raise OutputError(
            f"The checkpoint {path} is of another run ({identity}); give the same options as then, or run "
            "without --resume."
        )
    template = nuts.state_template(model, schedule, observed)
    leaves = [
        jax.random.wrap_key_data(arrays[f"state_{i}"])
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        else arrays[f"state_{i}"]
        for i, leaf in enumerate(jax.tree.leaves(template))
    ]
    states = jax.tree.unflatten(jax.tree.structure(template), [jnp.asarray(leaf) for leaf in leaves])
    statistics = {name.removeprefix("stat_"): array for name, array in arrays.items() if name.startswith("stat_")}
    return states, [arrays["latents"]], [statistics]


def _plain(leaf) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf)
