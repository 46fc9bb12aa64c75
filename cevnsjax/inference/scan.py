"""Profile-likelihood maps: the likelihood on a grid of one or two parameters, maximised over all others."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike

from cevnsjax.arrays import as_float
from cevnsjax.errors import InterruptedRun, OutputError, ParameterError, UnknownNameError
from cevnsjax.inference.identity import model_identity
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.journal import Journal, computed
from cevnsjax.inference.memory import check_map_memory
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.scan_state import Scan, Stopped
from cevnsjax.parameter import Parameter, describe_prior

Progress = Callable[[int, int], None]
"""Called with the number of points that are done and the number of all points."""

MOST_POINTS = 4_000_000


class InterruptedScan(InterruptedRun):
    """A map that was stopped by Ctrl-C.

    Attributes
    ----------
    partial
        The map with NaN at the points that were not done; ``None`` if none were.
    """

    def __init__(self, message: str, partial: ProfileMap | None):
        super().__init__(message)
        self.partial = partial


def profile_map(
    model: Model,
    grid: Mapping[str, ArrayLike],
    *,
    observed=None,
    batch_size: int | None = None,
    block_size: int | None = None,
    progress: Progress | None = None,
    refine: bool = True,
    folder: Path | None = None,
    resume: bool = False,
    options: Mapping[str, Any] | None = None,
) -> ProfileMap:
    """Maximise the likelihood over all but one or two parameters at every point of a grid.

    The priors of the parameters that are profiled act as penalties (constraint terms), as in :func:`maximum`. The
    priors of the model's own parameters on the grid are left out: a map of the likelihood must not be tilted by a prior
    that is flat in a logarithm. Their support still bounds the grid. A nuisance parameter of the experiment keeps its
    prior on the grid too, since that is a measurement.

    The grid is solved from coarse to fine. The first few points are fitted from several starts each. Fits of a level
    start from the interpolated solutions and curvatures of the level before, so a map does not depend on how points
    are put together for the computer. Fits that do not converge, or do worse than their neighbour's solution would
    (another minimum), are done again from there.

    From 25 above the lowest in ``delta_chi2`` on, five standard deviations, less is asked of a point: 1e-4 of its
    height, and minima of its neighbours alone. Where a parameter goes to an end of its prior, heights of some points
    may be a few parts in a hundred too high there. A point that has not converged after ten rounds and is 400 or more
    above is left where it is: it counts as not converged, and its height is an upper bound.

    ``delta_chi2`` is relative to the best fit **within the box of the grid**: found from the lowest points of the grid
    by the same minimiser. If the box excludes the global best fit, the map is relative to the best that the box holds.

    A valley that is narrower than about three steps, such as the band in which a coupling reverses the amplitude of
    the Standard Model, shows on the grid as islands where it happens to pass near points. Where heights beside such a
    valley say that its bottom may be below the 95 % level, points are added in halves of the steps, quarters and so on,
    until it is resolved, and the valley is followed from there: ``added`` of the result. Twice as many are added as the
    grid has, at most (512 to small ones); what is left is counted in ``added.unresolved``.

    Parameters
    ----------
    model
        The model, in which the gridded parameters are free.
    grid
        Increasing values of one or two parameters by name.
    observed
        Data of the shape of the experiment's, in their place.
    batch_size
        Points that are computed at a time: what suits the processor's cache by default.
    block_size
        Points that are done between looks at Ctrl-C and calls of ``progress``.
    progress
        Called after every block; the number of all points grows when some are added.
    refine
        Whether points are added; if not, what is not resolved is only counted.
    folder
        Where to keep, every ten seconds, what is done, should the process be killed; it stays there (:class:`Journal`).
    resume
        Go on from what is kept in ``folder``, to the same digits.
    options
        What the caller was told, as plain values: kept with it, must be the same to go on.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If there is not one or two of them, or values do not increase or lie outside the support of the prior.
    OutputError
        If there is nothing to resume from, what is kept is of another map, or nothing can be kept.
    InterruptedScan
        On Ctrl-C, with what is done.
    """
    axes = check_grid(model, grid)
    model = model.reaching(axes)
    if resume and folder is None:
        raise OutputError("Resuming needs the folder of the interrupted map.")
    on_cpu = jax.default_backend() == "cpu"
    batch = batch_size or (16 if on_cpu else 4096)
    block = block_size or (512 if on_cpu else 4096)
    journal = None
    if folder is not None:
        journal = Journal(Path(folder), map_identity(model, axes, observed, refine, options), resume)
    scan = Scan(model, axes, observed, batch, block, progress, journal or computed)
    with deferred_interrupt() as interrupted:
        scan.interrupted = interrupted
        try:
            scan.run(refine)
        except Stopped:
            done = int(scan.done.sum())
            if journal is not None and done:
                journal.save()
            partial = scan.result() if done else None
            points = f"{scan.done.size} points{'' if done < scan.grid_size else ', those of the grid among them'}"
            raise InterruptedScan(f"Interrupted after {done} of {points}.", partial) from None
    return scan.result()


def map_identity(
    model: Model,
    grid: Mapping[str, ArrayLike],
    observed: Any = None,
    refine: bool = True,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that makes a map what it is, as plain values; see :func:`profile_map`."""
    return {
        **(options or {}),
        "values on the grid": {name: np.asarray(values, dtype=float).tolist() for name, values in grid.items()},
        "refine": refine,
        **model_identity(model, observed),
    }


def check_grid(model: Model, grid: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """Return a grid as arrays; refuse what cannot be mapped.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If there is not one or two of them, or values do not increase or lie outside the support of the prior.
    """
    if not 1 <= len(grid) <= 2:
        raise ParameterError(f"A map needs a grid of one or two parameters, got {len(grid)}: {', '.join(grid)}.")
    parameters = {parameter.name: parameter for parameter in model.parameters}
    axes = {}
    for name, given in grid.items():
        if name not in parameters:
            raise UnknownNameError("parameter", name, parameters)
        values = np.asarray(given, dtype=float)
        if values.ndim != 1 or values.size < 2:
            raise ParameterError(f"The grid of {name!r} needs at least 2 values in a row, got shape {values.shape}.")
        if not np.all(np.isfinite(values)) or not np.all(np.diff(values) > 0.0):
            raise ParameterError(f"The values of the grid of {name!r} must be finite and increase strictly.")
        _check_support(parameters[name], values)
        axes[name] = values
    number = int(np.prod([values.size for values in axes.values()]))
    if number > MOST_POINTS:
        raise ParameterError(f"The grid has {number} points, allowed are at most {MOST_POINTS}.")
    check_map_memory(number, len(parameters) - len(axes), int(model.scale.dtype.itemsize))
    return axes


def _check_support(parameter: Parameter, values: np.ndarray) -> None:
    inside = np.asarray(parameter.prior.support(as_float(values)))  # pyright: ignore[reportOptionalCall]
    if not inside.all():
        raise ParameterError(
            f"The grid of {parameter.name!r} reaches {values[~inside][0]:g}, outside the support of its prior "
            f"{describe_prior(parameter.prior)}; narrow the grid, or give another prior."
        )
