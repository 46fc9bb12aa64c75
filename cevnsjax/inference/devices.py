"""Several devices, of one process or of many: points are dealt out to all of them."""

import contextlib
from collections.abc import Iterator

import jax
from jax.sharding import AxisType

from cevnsjax.errors import ParameterError

POINTS = "points"
"""Name of the axis of the mesh of devices that points (chains, fits, data sets, draws) are dealt out along."""


@contextlib.contextmanager
def on_devices(number: int | None = None) -> Iterator[int]:
    """Deal out chains, fits of a map, data sets and predictions to several devices, within a ``with`` statement.

    Every device computes whole points, so memory and time of each fall in proportion; results are those of one device
    up to rounding. Where several processes were brought together by ``jax.distributed.initialize``, all run the same
    program and have the same results; one of them should write (``jax.process_index() == 0``).

    Processors are one device unless JAX is told otherwise before its first computation
    (``jax.config.update("jax_num_cpu_devices", 8)``).

    Parameters
    ----------
    number
        How many devices; all by default, and always where there are several processes.

    Yields
    ------
    int
        Their number.

    Raises
    ------
    ParameterError
        If there are not so many.
    """
    there = jax.devices()
    wanted = len(there) if number is None else number
    if not 1 <= wanted <= len(there) or (wanted < len(there) and jax.process_count() > 1):
        raise ParameterError(f"number must be a number of devices between 1 and {len(there)}, got {number}.")
    mesh = jax.make_mesh((wanted,), (POINTS,), axis_types=(AxisType.Auto,), devices=there[:wanted])
    with jax.set_mesh(mesh):
        yield wanted


def number_of_devices() -> int:
    """How many devices points are dealt out to."""
    return jax.sharding.get_abstract_mesh().shape.get(POINTS, 1)
