"""What makes a run what it is, and how two of them differ."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import version
from typing import Any

import equinox as eqx
import jax
import numpy as np

from cevnsjax.experiment import asimov_names
from cevnsjax.inference.model import Model
from cevnsjax.parameter import describe_prior
from cevnsjax.schedule import Schedule


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
    return {
        "experiment": model.experiment.name,
        "asimov": asimov_names(model.experiment),
        "parameters": described_parameters(model),
        "precision": str(model.location.dtype),
        "numbers": digest((eqx.filter(model, eqx.is_array), observed)),
    }


def digest(tree: Any) -> str:
    """A digest of all leaves of a tree, which must be numbers and arrays of them."""
    numbers = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        numbers.update(np.asarray(leaf).tobytes())
    return numbers.hexdigest()[:16]


def run_identity(
    model: Model,
    key: jax.Array,
    schedule: Schedule,
    observed: Any = None,
    options: Mapping[str, Any] | None = None,
    sampler: eqx.Module | None = None,
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
    sampler
        How chains move.
    """
    how = {} if sampler is None else {each.name: getattr(sampler, each.name) for each in fields(sampler)}
    return {
        **(options or {}),
        "schedule": {each.name: getattr(schedule, each.name) for each in fields(Schedule)},
        "sampler": {"kind": type(sampler).__name__.lower(), **how},
        "key": np.ravel(jax.random.key_data(key)).tolist(),
        **model_identity(model, observed),
    }


def kept_identity(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same to go on with a run: not how many draws it has, which may become more.

    Parameters
    ----------
    identity
        That of a run; see :func:`run_identity`.
    """
    schedule = {name: value for name, value in identity["schedule"].items() if name not in ("samples", "ess")}
    return {**identity, "schedule": schedule}


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
