"""The best fit inside the box of a grid, which every point of a map is compared with."""

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.inference.map_axes import is_logarithmic
from cevnsjax.inference.objective import Box, Objective
from cevnsjax.inference.profile import Maximum
from cevnsjax.inference.rounds import fit_lowest
from cevnsjax.inference.solver import Fits, constrain


def best_in_box(
    profiled: Objective, axes: dict[str, np.ndarray], starts: list[tuple[dict[str, float], Fits]]
) -> Maximum:
    """Best fit with the gridded parameters inside the box of the grid, their priors left out.

    Parameters
    ----------
    profiled
        Objective of the points of the map.
    axes
        The grid.
    starts
        Values of the gridded parameters, and fits of the others, of points to start from.

    Raises
    ------
    CevnsjaxError
        If there is no density at any of them.
    """
    boxes = {name: Box(values[0], values[-1], is_logarithmic(values)) for name, values in axes.items()}
    inside = Objective(profiled.model, profiled.observed, (*boxes, *profiled.moved), profiled.without_prior, boxes)
    # a point of the grid is a candidate too: at the edge of the box latents only come close to it
    candidates = [(float(fit.objective), profiled, gridded, fit.latents) for gridded, fit in starts]
    known = len(profiled.moved)
    latents, curvatures = [], []
    for gridded, fit in starts:
        latents.append([*(boxes[name].latent(value) for name, value in gridded.items()), *fit.latents[:known]])
        curvature = np.eye(inside.size)
        curvature[inside.size - known :, inside.size - known :] = fit.curvature[:known, :known]
        curvatures.append(curvature)
    found = fit_lowest(inside, {}, np.array(latents), np.array(curvatures))
    candidates.append((float(found.objective), inside, {}, found.latents))
    candidates = [candidate for candidate in candidates if np.isfinite(candidate[0])]
    if not candidates:
        raise CevnsjaxError("The likelihood vanishes at every point of the grid; give another one.")
    lowest, objective, held, latents = min(candidates, key=lambda candidate: candidate[0])
    kind = latents.dtype
    values = constrain(objective, {name: np.array([value], kind) for name, value in held.items()}, latents[None])
    return Maximum({name: float(values[name][0]) for name in profiled.model.names}, -lowest)
