"""Where points of a map start: between fits that are known.

Curvatures are those of straight coordinates, whose units change from point to point (:class:`Coordinates`).
"""

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from cevnsjax.inference.coordinates import Coordinates


def blended(
    coordinates: Coordinates, latents: np.ndarray, curvature: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latents and curvatures between those of some fits each.

    Parameters
    ----------
    coordinates
        What latents bend.
    latents, curvature
        Those of the fits, shapes ``[point, fit, latent]`` and ``[point, fit, latent, latent]``.
    shares
        Of each fit, shape ``[point, fit]``.
    """
    found = coordinates.inside(np.einsum("ps,psi->pi", shares, latents))
    straight = np.einsum("ps,psij->pij", shares, _in_units(curvature, 1.0 / coordinates.slope(latents)))
    return found, _in_units(straight, coordinates.slope(found)).astype(found.dtype)


def between(
    coordinates: Coordinates, axes: list[np.ndarray], where: np.ndarray, latents: np.ndarray, curvature: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latents and curvatures linearly between those of fits on a lattice.

    Parameters
    ----------
    coordinates
        What latents bend.
    axes
        Positions of the fits along each axis.
    where
        Positions that are asked for, shape ``[point, axis]``.
    latents, curvature
        Those of the fits, shapes ``[*axis, latent]`` and ``[*axis, latent, latent]``.
    """
    found = coordinates.inside(RegularGridInterpolator(axes, latents)(where)).astype(latents.dtype)
    straight = RegularGridInterpolator(axes, _in_units(curvature, 1.0 / coordinates.slope(latents)))(where)
    return found, _in_units(straight, coordinates.slope(found)).astype(latents.dtype)


def _in_units(curvature: np.ndarray, units: np.ndarray) -> np.ndarray:
    return curvature * (units[..., :, None] * units[..., None, :])
