"""What flows between the blocks: a spectrum is a set of nodes and the events that sit on them."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, gauss_legendre


class Spectrum(eqx.Module):
    """A discrete measure: energies, and the number of events on each.

    Quadrature weight times density is already multiplied in, so summing over nodes counts events, and a change of the
    energy variable moves the nodes and leaves the events alone.

    Attributes
    ----------
    energy_keV
        Where the events sit, keV, shape ``[*node]``.
    events
        Events on each node for every component of the flux, shape ``[component, *node]``.
    """

    energy_keV: Float[Array, "*node"]
    events: Float[Array, "component *node"]

    def flat(self) -> "Spectrum":
        """Return the same spectrum with one flat node axis."""
        return Spectrum(self.energy_keV.reshape(-1), self.events.reshape(self.events.shape[0], -1))

    def total(self) -> Float[Array, " component"]:
        """Events of each component, summed over nodes."""
        return self.flat().events.sum(axis=1)


def gauss_legendre_panels(
    edges: Float[Array, " edge"], orders: tuple[int, ...] | int
) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Gauss-Legendre nodes and weights on neighbouring panels.

    Parameters
    ----------
    edges
        Edges of the panels, in order; a panel may be empty.
    orders
        Number of nodes in each panel, one number for all or one for each; one without any is left out.

    Returns
    -------
    tuple
        Nodes and their weights, shape ``[node]`` each, in the unit of the edges.
    """
    lower, half_width = edges[:-1], 0.5 * jnp.diff(edges)
    if isinstance(orders, int):
        abscissae, weights = map(as_float, gauss_legendre(orders))
        nodes = lower[:, None] + half_width[:, None] * (1.0 + abscissae)[None, :]
        return nodes.reshape(-1), (half_width[:, None] * weights[None, :]).reshape(-1)
    # the panel of each node, its place in the panel, and its weight, for all at once
    each = [gauss_legendre(order) for order in orders if order]
    panel = np.repeat(np.arange(len(orders)), orders)
    abscissae, weights = (as_float(np.concatenate(columns)) for columns in zip(*each, strict=True))
    return lower[panel] + half_width[panel] * (1.0 + abscissae), half_width[panel] * weights
