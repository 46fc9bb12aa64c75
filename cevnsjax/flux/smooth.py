"""Truncated moments of spectra that are smooth functions of energy without closed moments."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, gauss_legendre
from cevnsjax.flux.moments import energy_powers, fold_powers, summed_from_above

_PANELS, _ORDER = 10, 16
_SMALLEST_PART = 1e-12  # of the end point: moments begin here at least, where the fourth root has a derivative


def smooth_moments(
    density: Callable[[Float[Array, " point"]], Float[Array, "spectrum point"]],
    end_MeV: Scalar,
    minimum_energy_MeV: Float[Array, "*node"],
) -> Float[Array, "spectrum power *node"]:
    """Integrals of density times E^p from minimum energies up to an end point, for p in ``POWERS``.

    Gauss-Legendre panels in E^(1/4), in which a power law at small energies and an exponential tail are both smooth:
    relative accuracy 1e-12 for densities that rise at least like E^1.5, and of the part that counts for any that rise
    faster than E. Summed from above, so that nothing cancels.

    Parameters
    ----------
    density
        Function of energies in MeV.
    end_MeV
        Where the density has become negligible, MeV.
    minimum_energy_MeV
        Lower limits, MeV, any shape.
    """
    abscissae, weights = map(as_float, gauss_legendre(_ORDER))
    flat = minimum_energy_MeV.reshape(-1)
    edges = end_MeV**0.25 * as_float(np.linspace(0.0, 1.0, _PANELS + 1))
    start = jnp.clip(flat, _SMALLEST_PART * end_MeV, end_MeV) ** 0.25
    panel = jnp.clip(jnp.searchsorted(edges, start, side="right"), 1, _PANELS)
    # whole panels, and the part of a panel above each limit
    lower, upper = jnp.concatenate([edges[:-1], start]), jnp.concatenate([edges[1:], edges[panel]])
    half_width = 0.5 * (upper - lower)
    root = lower[:, None] + half_width[:, None] * (1.0 + abscissae)[None, :]
    energy = root**4
    strength = density(energy.reshape(-1)).reshape(-1, *energy.shape)
    strength = strength * (4.0 * root**3 * half_width[:, None] * weights[None, :])[None]
    pieces = fold_powers(strength, energy_powers(energy))
    moments = summed_from_above(pieces[..., :_PANELS], pieces[..., _PANELS:], panel - 1)
    return moments.reshape(*moments.shape[:2], *minimum_energy_MeV.shape)
