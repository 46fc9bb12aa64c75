"""Devices of this process, or of several, that a command deals its work out to."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cevnsjax.errors import ParameterError

DevicesOption = Annotated[
    str | None,
    typer.Option(
        metavar="N|all",
        help="Devices that the work is dealt out to: GPUs, or cores where there is none; of each process, where Slurm "
        "or JAX_NUM_PROCESSES say that there are several.",
        show_default="1",
    ),
]


@contextlib.contextmanager
def dealt_out(devices: str | None, folder: Path) -> Iterator[Path]:
    """Deal out the work within a ``with`` statement, to what ``--devices`` names.

    One process writes and speaks; the others compute the same, with a folder of their own that is forgotten. JAX must
    not have computed anything yet.

    Parameters
    ----------
    devices
        A number, ``"all"``, or ``None``: one device.
    folder
        Folder of the results.

    Yields
    ------
    Path
        Folder of the results of this process.

    Raises
    ------
    ParameterError
        If it is neither, or there are not so many devices.
    """
    if devices is None:
        yield folder
        return
    number = _number(devices)
    import jax

    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        with contextlib.suppress(RuntimeError):  # what has begun to compute stays what it is
            jax.config.update("jax_num_cpu_devices", number or len(os.sched_getaffinity(0)))
    _join_processes()
    from cevnsjax.inference.devices import on_devices  # building priors computes

    there = jax.local_device_count()
    if number is not None and number > there:
        raise ParameterError(f"--devices {number} needs as many devices, and there are {there}.")
    with on_devices(number if jax.process_count() == 1 else None), _one_of_many(folder) as own:
        yield own


def _number(devices: str) -> int | None:
    if devices == "all":
        return None
    if not devices.isdecimal() or int(devices) < 1:
        raise ParameterError(f"--devices must be a number of devices or all, got {devices!r}.")
    return int(devices)


def _join_processes() -> None:
    """Join the processes that were begun together: by Slurm, which says so itself, or by hand."""
    import jax

    if jax.distributed.is_initialized():
        return
    if (number := os.environ.get("JAX_NUM_PROCESSES")) is not None:
        try:
            jax.distributed.initialize(num_processes=int(number), process_id=int(os.environ["JAX_PROCESS_ID"]))
        except (KeyError, ValueError) as error:
            raise ParameterError(
                "Several processes need JAX_COORDINATOR_ADDRESS (host:port of the first one), JAX_NUM_PROCESSES and "
                f"JAX_PROCESS_ID (from 0): {error}."
            ) from None
    elif int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        jax.distributed.initialize()


@contextlib.contextmanager
def _one_of_many(folder: Path) -> Iterator[Path]:
    """Folder of the results; all processes but the first have a copy, and say nothing."""
    import jax

    if jax.process_count() == 1:
        yield folder
        return
    from jax.experimental.multihost_utils import sync_global_devices

    if jax.process_index() == 0:
        with _results_alone():
            sync_global_devices("copied")
            yield folder
        return
    with _results_alone(), tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary) / folder.name
        if folder.is_dir():
            shutil.copytree(folder, own)
        sync_global_devices("copied")
        with Path(os.devnull).open("w") as nothing, _said_to(nothing, nothing):
            yield own


@contextlib.contextmanager
def _results_alone() -> Iterator[None]:
    """Keep stdout for results: what connects processes speaks there too."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(stdout), "w", encoding="utf-8") as results, _said_to(results, sys.stderr):
            yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


@contextlib.contextmanager
def _said_to(stdout: TextIO, stderr: TextIO) -> Iterator[None]:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = stdout, stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
