"""What an interrupted run leaves, what it belongs to, and how it is read back."""

import hashlib
import json
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.metadata import version
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


def versions() -> dict[str, str]:
    """Versions of Python, of this package, and of what computes for it."""
    packages = ("cevnsjax", "jax", "jaxlib", "numpyro", "equinox", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def described_parameters(model: Model) -> list[dict[str, Any]]:
    """Free parameters of a model for files: name, prior, paths and unit."""
    return [
        {"name": p.name, "prior": describe_prior(p.prior), "paths": list(p.paths), "unit": p.unit}
        for p in model.parameters
    ]


def model_identity(model: Model, observed: Any = None) -> dict[str, Any]:
    """What is asked of a model, as plain values: two questions are the same where all of these are.

    Parameters
    ----------
    model
        The model.
    observed
        Data in the place of the experiment's.
    """
    numbers = hashlib.sha256()
    for leaf in jax.tree.leaves((eqx.filter(model, eqx.is_array), observed)):
        numbers.update(np.asarray(leaf).tobytes())
    return {
        "experiment": model.experiment.name,
        "asimov": asimov_names(model.experiment),
        "parameters": described_parameters(model),
        "precision": str(model.location.dtype),
        "numbers": numbers.hexdigest()[:16],
    }


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
    return {
        **(options or {}),
        "schedule": {each.name: getattr(schedule, each.name) for each in fields(Schedule)},
        "key": np.ravel(jax.random.key_data(key)).tolist(),
        **model_identity(model, observed),
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
        arrays, difference = self._read()
        if difference is not None:
            raise OutputError(
                f"The run in {self.folder} has other options ({difference}); give the same options as then, or --force "
                "in the place of --resume, which replaces it."
            )
        return arrays

    def state(self) -> tuple[str | None, int]:
        """How the run in the folder differs from this one (``None``: in nothing), and its draws of each chain so far.

        Raises
        ------
        OutputError
            If there is no such file, or it is damaged.
        """
        arrays, difference = self._read()
        return difference, arrays["latents"].shape[1]

    def _read(self) -> tuple[dict[str, np.ndarray], str | None]:
        check_checkpoint(self.folder)
        path = self.folder / CHECKPOINT
        try:
            with path.open("rb") as stream, np.load(stream) as stored:
                arrays = dict(stored)
            before, _ = dict(json.loads(str(arrays["identity"]))), arrays["latents"]
        except (OSError, ValueError, TypeError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise OutputError(
                f"The checkpoint {path} is damaged; give --force, and not --resume, to begin again."
            ) from error
        now = json.loads(json.dumps(self.identity))
        return arrays, first_difference(before, {name: now.get(name) for name in (*now, *before)})


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


def first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """The first of the values of a run that was another before, in words; ``None`` where all are the same.

    Parameters
    ----------
    before, now
        Plain values by name, as JSON has them; what ``before`` has beside those of ``now`` is not looked at.
    """
    for name, value in now.items():
        old = before.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            # what only one of them has is a difference too
            found = first_difference(old, {each: value.get(each) for each in (*value, *old)})
            if found is not None:
                return found
        elif old != value:
            return _in_words(name, old, value)
    return None


def _in_words(name: str, old: Any, value: Any) -> str:
    """A difference in words; lists of parameters differ in their names, or in what one of them says."""
    if name == "numbers":
        return "other numbers in its data, tables or blocks"
    if isinstance(old, list) and isinstance(value, list) and all(isinstance(each, dict) for each in (*old, *value)):
        for one, other in zip(old, value, strict=False):
            if one.get("name") == other.get("name") and one != other:
                return f"{one.get('name')}: {first_difference(one, other)}"
        names = [", ".join(str(each.get("name")) for each in some) or "none" for some in (old, value)]
        return f"{name}: {names[0]} then, {names[1]} now"
    return f"{name}: {_shown(old)} then, {_shown(value)} now"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "", {}) else str(value)
