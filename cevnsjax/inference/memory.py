"""What a run would take of memory, asked before it begins: a lower bound, from the sizes of what is kept."""

import os
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from cevnsjax.errors import ParameterError
from cevnsjax.inference.model import Model
from cevnsjax.inference.sampler import FEWEST_DRAWS
from cevnsjax.schedule import Schedule

_WARMUP_CHAINS = 8  # at most: those that adapt


def check_sampling_memory(model: Model, schedule: Schedule) -> None:
    """Refuse to sample what this machine or its device cannot hold.

    Raises
    ------
    ParameterError
        If so; the message says how much it would take at least.
    """
    draws, chains = sampling_bytes(model, schedule)
    many = "" if schedule.samples is None else f" of {schedule.samples} draws"
    what = f"{schedule.chains} chains{many} of {len(model.parameters)} parameters"
    if (schedule.warmup or 0) > 100 * _samples(schedule):
        what += f", after a warm-up of {schedule.warmup},"
    _check(what, "fewer chains, or fewer draws", draws, chains)


def check_map_memory(points: int, profiled: int, itemsize: int) -> None:
    """Refuse a map of so many points and profiled parameters that this machine cannot hold.

    Raises
    ------
    ParameterError
        If so; the message says how much it would take at least.
    """
    what = f"{points} points, {profiled} parameters profiled at each,"
    _check(what, "a coarser grid", map_bytes(points, profiled, itemsize), 0)


def sampling_bytes(model: Model, schedule: Schedule) -> tuple[int, int]:
    """Bytes of all draws where the program runs, and of the chains on the device, at least.

    Draws are kept as they come, joined, and in the units of the parameters; beside each are four statistics. A chain
    has its position, gradient and momentum at both ends of its trajectory and in between, four matrices of its
    adaptation (the mass matrix, two roots of it and a covariance), and two arrays of the data's size.
    """
    size, item = len(model.parameters), int(model.location.dtype.itemsize)
    warmup = min(schedule.chains, _WARMUP_CHAINS) * (schedule.warmup or 0) * size * item
    draws = schedule.chains * _samples(schedule) * (3 * size * item + 2 * (2 * item + 9))
    counts = sum(np.size(leaf) for leaf in jax.tree.leaves(model.experiment.observed))
    chain = 4 * size**2 + 10 * size + 2 * counts
    return max(draws, warmup), schedule.chains * chain * item


def _samples(schedule: Schedule) -> int:
    """Draws of each chain, at least."""
    return schedule.samples or max(FEWEST_DRAWS, -(-schedule.ess // schedule.chains))


def map_bytes(points: int, profiled: int, itemsize: int) -> int:
    """Bytes of a map, at least: of each point the solution, twice, and its curvature, also of a level in between."""
    return points * itemsize * (2 * profiled**2 + 2 * profiled + 6)


def _check(what: str, remedy: str, here: int, on_device: int) -> None:
    limits = []
    if jax.default_backend() == "cpu":
        limits.append((here + on_device, machine_bytes(), "this machine has"))
    else:
        limits += [(here, machine_bytes(), "this machine has"), (on_device, device_bytes(), "its device has")]
    for needed, limit, whose in limits:
        if limit is not None and needed > limit:
            raise ParameterError(f"{what} take at least {_size(needed)}, and {whose} {_size(limit)}; give {remedy}.")


def machine_bytes() -> int | None:
    """Memory of this machine, or what of it this process may take; ``None`` where nobody says."""
    try:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_group_limits()]
    except (AttributeError, OSError, ValueError):  # no such question on this system
        return None
    return min((limit for limit in limits if limit > 0), default=None)


def _group_limits() -> Iterator[int]:
    """Limits of the control groups of this process (Linux): what a batch system or a container allows."""
    try:
        path = Path("/proc/self/cgroup").read_text().partition("0::/")[2].partition("\n")[0]
    except OSError:
        return
    root = Path("/sys/fs/cgroup")
    for group in (root / path, *(root / path).parents):
        try:
            yield int((group / "memory.max").read_text())
        except (OSError, ValueError):  # no limit is the word "max"
            continue


def device_bytes() -> int | None:
    """Memory of JAX's device; ``None`` where it does not say."""
    statistics = jax.devices()[0].memory_stats()
    return None if statistics is None else statistics.get("bytes_limit")


def _size(number: int) -> str:
    size, units = float(number), ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    while size >= 1000.0 and len(units) > 1:
        size, units = size / 1000.0, units[1:]
    return f"{size:.3g} {units[0]}"
