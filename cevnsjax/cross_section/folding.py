"""Cross sections that are not sums of a few powers of the energy, folded with a flux on nodes above a threshold."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.flux import AbstractSource


class FluxNodes(eqx.Module):
    """A flux as energies and weights: summing weights times a function of energy folds it with the flux.

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


def flux_nodes(
    source: AbstractSource,
    threshold_MeV: Float[Array, "*shape"],
    order: int = 12,
    kinks_MeV: Float[Array, " kink"] | None = None,
) -> FluxNodes:
    """Place Gauss-Legendre nodes from thresholds to the break points of a flux, and one on each of its lines.

    Nodes move with the threshold, so that what vanishes there has a smooth fold. A threshold above the end point leaves
    weights of zero.

    Parameters
    ----------
    source
        The flux.
    threshold_MeV
        Smallest energies that count, MeV, any shape.
    order
        Nodes between neighbouring break points: exact for polynomials of degree 2 order - 1.
    kinks_MeV
        Further break points: the knots of a table that is folded; none by default.
    """
    threshold = as_float(threshold_MeV)
    breaks = source.break_points_MeV
    if kinks_MeV is not None:
        breaks = jnp.sort(jnp.concatenate([breaks, jnp.minimum(kinks_MeV, breaks[-1])]))
    lower_breaks = jnp.append(source.lowest_energy_MeV, breaks[:-1])
    lower = jnp.maximum(threshold[..., None], lower_breaks.reshape(*[1] * threshold.ndim, -1))
    upper = jnp.maximum(threshold[..., None], breaks.reshape(*[1] * threshold.ndim, -1))
    abscissae, unit_weights = map(as_float, np.polynomial.legendre.leggauss(order))
    half_width = 0.5 * (upper - lower)[..., None]
    rank = [1] * half_width[..., 0].ndim
    energy = lower[..., None] + half_width * (1.0 + abscissae).reshape(*rank, -1)
    flat = energy.reshape(*threshold.shape, -1)
    width = (half_width * unit_weights.reshape(*rank, -1)).reshape(*threshold.shape, -1)
    weight = source.density(flat) * width[None]
    line_energy, fraction = source.lines
    lines = jnp.broadcast_to(line_energy.reshape(*[1] * threshold.ndim, -1), (*threshold.shape, line_energy.shape[0]))
    above = lines > threshold[..., None]
    # below the threshold any energy above it will do: its weight is zero
    flat = jnp.concatenate([flat, jnp.where(above, lines, threshold[..., None] + 1.0)], axis=-1)
    fractions = fraction.reshape(fraction.shape[0], *[1] * threshold.ndim, fraction.shape[1])
    of_lines = fractions * jnp.where(above, 1.0, 0.0)[None]
    return FluxNodes(flat, jnp.concatenate([weight, of_lines], axis=-1))
