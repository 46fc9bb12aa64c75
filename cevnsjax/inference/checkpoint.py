"""What an interrupted run leaves, what it belongs to, and how it is read back."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from cevnsjax.errors import OutputError
from cevnsjax.experiment import asimov_names
from cevnsjax.files import write_file
from cevnsjax.inference.model import Model
from cevnsjax.parameter import describe_prior
from cevnsjax.schedule import Schedule

CHECKPOINT = "checkpoint.npz"


def described_parameters(model: Model) -> list[dict[str, Any]]:
    """Free parameters of a model for files: name, prior, paths and unit."""
    return [
        {"name": p.name, "prior": describe_prior(p.prior), "paths": list(p.paths), "unit": p.unit}
        for p in model.parameters
    ]


def run_identity(
    model: Model, key: jax.Array, schedule: Schedule, observed: Any = None, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that makes a run what it is, as plain values: two runs are the same where all of these are.

    Parameters
    ----------
    model, key, schedule
        What is sampled, with which random numbers, and for how long.
    observed
        Data in the place of the experiment's.
    options
        What the caller was told, for messages: what differs is looked for there first.
    """
    numbers = hashlib.sha256()
    for leaf in jax.tree.leaves((eqx.filter(model, eqx.is_array), observed)):
        numbers.update(np.asarray(leaf).tobytes())
    return {
        **(options or {}),
        "experiment": model.experiment.name,
        "asimov": asimov_names(model.experiment),
        "parameters": described_parameters(model),
        "schedule": {each.name: getattr(schedule, each.name) for each in fields(Schedule)},
        "precision": str(model.location.dtype),
        "key": np.ravel(jax.random.key_data(key)).tolist(),
        "numbers": numbers.hexdigest()[:16],
    }


@dataclass
class Draws:
    """What was sampled so far: latent positions ``[chain, draw, parameter]`` and statistics ``[chain, draw]``."""

    latents: list[np.ndarray] = field(default_factory=list)
    statistics: list[dict[str, np.ndarray]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Draws of each chain."""
        return sum(block.shape[1] for block in self.latents)

    def add(self, latents: np.ndarray, statistics: dict[str, np.ndarray]) -> None:
        """Add a block."""
        self.latents.append(latents)
        self.statistics.append(statistics)

    def joined(self, most: int | None = None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """All blocks in one, at most so many draws of them."""
        statistics = {
            name: np.concatenate([block[name] for block in self.statistics], axis=1)[:, :most]
            for name in self.statistics[0]
        }
        return np.concatenate(self.latents, axis=1)[:, :most], statistics


@dataclass(frozen=True)
class Checkpoint:
    """The file of an interrupted run.

    Attributes
    ----------
    folder
        Where it is.
    identity
        The run that it must belong to; see :func:`run_identity`.
    """

    folder: Path
    identity: dict[str, Any]

    def save(self, states: Any, draws: Draws) -> None:
        """Keep the states of all chains and what was drawn.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        latents, statistics = draws.joined()
        arrays = {f"state_{i}": _plain(leaf) for i, leaf in enumerate(jax.tree.leaves(states))}
        arrays |= {f"stat_{name}": values for name, values in statistics.items()}
        arrays |= {"identity": np.array(json.dumps(self.identity)), "latents": latents}
        write_file(self.folder / CHECKPOINT, lambda path: np.savez(path, allow_pickle=False, **arrays))

    def load(self, template: Any) -> tuple[Any, Draws]:
        """Read the states of all chains, of the structure of a template, and what was drawn.

        Raises
        ------
        OutputError
            See :meth:`check`.
        """
        arrays = self.check()
        leaves = [
            jnp.asarray(
                jax.random.wrap_key_data(jnp.asarray(arrays[f"state_{i}"]))
                if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
                else arrays[f"state_{i}"]
            )
            for i, leaf in enumerate(jax.tree.leaves(template))
        ]
        statistics = {name.removeprefix("stat_"): array for name, array in arrays.items() if name.startswith("stat_")}
        return jax.tree.unflatten(jax.tree.structure(template), leaves), Draws([arrays["latents"]], [statistics])

    def check(self) -> dict[str, np.ndarray]:
        """Read the arrays of the file.

        Raises
        ------
        OutputError
            If there is no such file, it is damaged, or it is of another run.
        """
        check_checkpoint(self.folder)
        path = self.folder / CHECKPOINT
        try:
            with path.open("rb") as stream, np.load(stream) as stored:
                arrays = dict(stored)
            before = dict(json.loads(str(arrays["identity"])))
        except (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise OutputError(f"The checkpoint {path} is damaged; run without --resume.") from error
        now = json.loads(json.dumps(self.identity))
        different = [name for name in {**now, **before} if before.get(name) != now.get(name)]
        if different:
            example = _difference(before.get(different[0]), now.get(different[0]))
            raise OutputError(
                f"The run in {self.folder} has other options ({', '.join(different)}; {example}); give the same "
                "options as then, or run without --resume."
            )
        return arrays


def check_checkpoint(folder: Path) -> None:
    """Refuse to resume where there is nothing to resume from.

    Raises
    ------
    OutputError
        If so.
    """
    if not (folder / CHECKPOINT).exists():
        raise OutputError(f"There is no checkpoint to resume from in {folder}; run without --resume first.")


def _plain(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf)


def _difference(before: Any, now: Any) -> str:
    """The first difference of two options in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in (*now, *before):
            if before.get(name) != now.get(name):
                return f"{name}: {before.get(name)} then, {now.get(name)} now"
    if isinstance(before, list) and isinstance(now, list):
        for old, new in zip(before, now, strict=False):
            if old != new and isinstance(old, dict) and isinstance(new, dict):
                return (
                    _difference(old, new) if old.get("name") == new.get("name") else f"{old['name']} or {new['name']}"
                )
    return f"{before} then, {now} now"
