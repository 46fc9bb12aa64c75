"""Truncated moments of energy spectra: what a recoil spectrum needs to know of a flux.

Cross sections for recoils are short sums of E^k/p^2, k = 2, 1, 0: for a particle without mass of E^0, E^-1 and E^-2.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, gauss_legendre

POWERS = (0, -1, -2)
"""Powers of the energy whose truncated moments a source of massless particles provides."""

_ORDER = 32


def energy_powers(energy_MeV: Float[Array, "*point"], mass_MeV: Scalar | None = None) -> Float[Array, "power *point"]:
    """E^k/p^2 for k = 2, 1, 0, MeV^(k - 2): E^p for p in ``POWERS`` without a mass.

    Parameters
    ----------
    energy_MeV
        Energies, MeV, above the mass.
    mass_MeV
        Mass of the particle, MeV; none by default.
    """
    if mass_MeV is None:
        return jnp.stack([energy_MeV**power for power in POWERS])
    momentum2 = (energy_MeV - mass_MeV) * (energy_MeV + mass_MeV)
    return jnp.stack([energy_MeV**2 / momentum2, energy_MeV / momentum2, 1.0 / momentum2])


def fold_powers(
    strength: Float[Array, "component interval node"], powers: Float[Array, "power interval node"]
) -> Float[Array, "component power interval"]:
    """Sums over the nodes of intervals of densities times weights, times each power.

    One power after the other: written as one product and its sum, in float32 and in a batch of one, XLA has taken the
    first power for all three (JAX 0.10.2 on a CPU).
    """
    return jnp.stack([(strength * power[None]).sum(axis=-1) for power in powers], axis=1)


def summed_from_above(
    whole: Float[Array, "*shape interval"], part: Float[Array, "*shape node"], interval: Array
) -> Float[Array, "*shape node"]:
    """Integral from each node up: the part of its own interval above it, and all later intervals.

    Positive terms, summed from the small ones: no cancellation.

    Parameters
    ----------
    whole
        Integrals over whole intervals.
    part
        Integrals from each node to the end of its interval.
    interval
        Index of the interval of each node.
    """
    later = jnp.concatenate([jnp.cumsum(whole[..., ::-1], axis=-1)[..., ::-1], jnp.zeros_like(whole[..., :1])], axis=-1)
    return part + later[..., interval + 1]


def line_moments(
    lower_MeV: Float[Array, " node"],
    energy_MeV: Float[Array, " line"],
    fraction: Float[Array, "component line"],
    powers: Callable[[Float[Array, " line"]], Float[Array, "power line"]] = energy_powers,
) -> Float[Array, "component power node"]:
    """Moments of lines: those at or above each lower limit count whole."""
    above = (lower_MeV[None, :] <= energy_MeV[:, None]).astype(energy_MeV.dtype)
    strength = fraction[:, None, :] * powers(energy_MeV)[None]
    return jnp.matmul(strength, above, precision="highest")


def continuum_moments(
    density: Callable[[Float[Array, " point"]], Float[Array, "component point"]],
    edges_MeV: Float[Array, " edge"],
    lower_MeV: Float[Array, " node"],
    powers: Callable[[Float[Array, "*point"]], Float[Array, "power *point"]] = energy_powers,
    order: int = _ORDER,
) -> Float[Array, "component power node"]:
    """Moments of a density that is smooth between edges, by Gauss-Legendre quadrature.

    Parameters
    ----------
    density
        Function of energies in MeV, zero above the last edge.
    edges_MeV
        Where it is not smooth, MeV, increasing; nothing counts below the first.
    lower_MeV
        Lower limits, MeV.
    powers
        What it is multiplied with.
    order
        Nodes between neighbouring edges.
    """
    start = jnp.clip(lower_MeV, edges_MeV[0], edges_MeV[-1])
    intervals = edges_MeV.shape[0] - 1
    interval = jnp.clip(jnp.searchsorted(edges_MeV, start, side="right") - 1, 0, intervals - 1)

    def integrate(lower, upper):
        abscissae, weights = map(as_float, gauss_legendre(order))
        half_width = 0.5 * (upper - lower)[:, None]
        energy = lower[:, None] + half_width * (1.0 + abscissae)[None, :]
        strength = density(energy.reshape(-1)).reshape(-1, *energy.shape) * (half_width * weights[None, :])[None]
        return fold_powers(strength, powers(energy))

    whole = integrate(edges_MeV[:-1], edges_MeV[1:])
    return summed_from_above(whole, integrate(start, edges_MeV[interval + 1]), interval)
