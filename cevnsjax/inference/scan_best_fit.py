"""The best fit inside the box of a grid, which every point of a map is compared with."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from cevnsjax.errors import CevnsjaxError
from cevnsjax.inference import scan_solver
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile import Maximum
from cevnsjax.inference.profile_map import axis_coordinate


def best_in_box(
    model: Model, axes: dict[str, np.ndarray], observed, starts: list[tuple[dict[str, float], np.ndarray]]
) -> Maximum:
    """Best fit with the gridded parameters inside the box of the grid, their priors left out.

    Parameters
    ----------
    model, observed
        Model and data.
    axes
        The grid.
    starts
        Values of the gridded parameters and latents of the others, the best first.
    """
    kind, dimensions = np.dtype(model.scale.dtype), len(axes)
    scales = [(axis_coordinate(values), values) for values in axes.values()]

    def unpack(unknown):
        gridded = {}
        for name, position, ((to, back), values) in zip(axes, unknown[:dimensions], scales, strict=True):
            low, high = to(values[0]), to(values[-1])
            gridded[name] = np.clip(back(low + (high - low) * position), values[0], values[-1]).astype(kind)
        return gridded, unknown[dimensions:].astype(kind)

    def objective(unknown):
        gridded, latents = unpack(unknown)
        value, (slopes, slope) = scan_solver.objective_and_gradient(model, observed, gridded, latents)
        along = []
        for name, ((to, _), values) in zip(axes, scales, strict=True):
            by_value = (to(values[-1]) - to(values[0])) / _derivative(to, float(gridded[name]))
            along.append(float(slopes[name]) * by_value)
        return float(value), np.array([*along, *np.asarray(slope, dtype=float)])

    best = None
    for gridded, latents in starts:
        position = [
            (to(gridded[name]) - to(v[0])) / (to(v[-1]) - to(v[0]))
            for name, ((to, _), v) in zip(axes, scales, strict=True)
        ]
        start = np.array([*np.clip(position, 0.0, 1.0), *latents], dtype=float)
        bounds = [(0.0, 1.0)] * dimensions + [(None, None)] * len(latents)
        options = {"ftol": 1e-15, "gtol": 1e-7, "maxiter": 500, "maxcor": 30}
        found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for unknown in (start, found.x):
            value = objective(unknown)[0]
            if np.isfinite(value) and (best is None or value < best[0]):
                best = value, unknown
    if best is None:
        raise CevnsjaxError("The likelihood vanishes at every point of the grid; give another one.")
    gridded, latents = unpack(best[1])
    point = {name: np.atleast_1d(value) for name, value in gridded.items()}
    values = scan_solver.constrain(model, point, latents[None])
    return Maximum({name: float(values[name][0]) for name in model.names}, -best[0])


def _derivative(to: Callable, value: float) -> float:
    """Derivative of a coordinate, 1 or 1/value."""
    return 1.0 / value if to is np.log else 1.0
