"""A source as energies and weights: on them any function of the energy is folded, from a threshold up."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, gauss_legendre


class FluxNodes(eqx.Module):
    """A source as energies and weights: summing weights times a function of energy folds it with the spectrum.

    Attributes
    ----------
    energy_MeV
        Energies, MeV, all above the threshold, shape ``[*shape, node]``.
    weight
        Part of one particle of each component that each node stands for, shape ``[component, *shape, node]``.
    """

    energy_MeV: Float[Array, "*shape node"]
    weight: Float[Array, "component *shape node"]

    def fold(self, cross_section: Float[Array, "*shape node"]) -> Float[Array, "component *shape"]:
        """Average of a function of the energy, given on the nodes, over one particle of each component."""
        return (self.weight * cross_section[None]).sum(axis=-1)


def place_flux_nodes(
    density: Callable[[Float[Array, "*point"]], Float[Array, "component *point"]],
    lines: tuple[Float[Array, " line"], Float[Array, "component line"]],
    edges_MeV: Float[Array, " edge"],
    threshold_MeV: Float[Array, "*shape"],
    order: int,
    *,
    root: bool = False,
) -> FluxNodes:
    """Place Gauss-Legendre nodes between edges, from thresholds up, and one node on each line.

    Parameters
    ----------
    density
        Continuous spectrum of each component at energies in MeV, MeV^-1.
    lines
        Energies of the lines, MeV, and the fraction of each component that is in each.
    edges_MeV
        Where the continuous spectrum begins, is not smooth, and ends, MeV, increasing.
    threshold_MeV
        Smallest energies that count, MeV, any shape.
    order
        Nodes between neighbouring edges.
    root
        Whether nodes are those of the root of the distance to the edge below.
    """
    threshold = as_float(threshold_MeV)
    rank = [1] * threshold.ndim
    edges = jnp.maximum(threshold[..., None], edges_MeV.reshape(*rank, -1))
    lower, upper = edges[..., :-1], edges[..., 1:]
    place, share = _unit_interval(order, root)
    panel = (upper - lower)[..., None]
    flat = (lower[..., None] + panel * place.reshape(*rank, 1, -1)).reshape(*threshold.shape, -1)
    width = (panel * share.reshape(*rank, 1, -1)).reshape(*threshold.shape, -1)
    weight = density(flat) * width[None]
    line_energy, fraction = lines
    at_lines = jnp.broadcast_to(line_energy.reshape(*rank, -1), (*threshold.shape, line_energy.shape[0]))
    above = at_lines > threshold[..., None]
    # below the threshold any energy above it will do: its weight is zero
    flat = jnp.concatenate([flat, jnp.where(above, at_lines, threshold[..., None] + 1.0)], axis=-1)
    fractions = fraction.reshape(fraction.shape[0], *rank, fraction.shape[1])
    of_lines = fractions * jnp.where(above, 1.0, 0.0)[None]
    return FluxNodes(flat, jnp.concatenate([weight, of_lines], axis=-1))


def _unit_interval(order: int, root: bool) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Nodes and weights between 0 and 1, for what is smooth, or smooth in the root."""
    abscissae, weights = map(as_float, gauss_legendre(order))
    place, share = 0.5 * (1.0 + abscissae), 0.5 * weights
    return (place**2, 2.0 * place * share) if root else (place, share)
