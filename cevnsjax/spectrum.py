"""What flows between the blocks: a spectrum is a set of nodes and the events that sit on them."""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, is_concrete
from cevnsjax.errors import CevnsjaxError


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
    edges: Float[Array, " edge"], orders: tuple[int, ...]
) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Gauss-Legendre nodes and weights on neighbouring panels.

    Parameters
    ----------
    edges
        Edges of the panels, in order; a panel may be empty.
    orders
        Number of nodes in each panel.

    Returns
    -------
    tuple
        Nodes and their weights, shape ``[node]`` each, in the unit of the edges.
    """
    nodes, weights = [], []
    for index, order in enumerate(orders):
        lower, upper = edges[index], edges[index + 1]
        abscissae, unit_weights = np.polynomial.legendre.leggauss(order)
        half_width = 0.5 * (upper - lower)
        nodes.append(lower + half_width * as_float(1.0 + abscissae))
        weights.append(half_width * as_float(unit_weights))
    return jnp.concatenate(nodes), jnp.concatenate(weights)


class Panels(eqx.Module):
    """Gauss-Legendre panels between the kinematic break points of a flux.

    Integrals over recoil energy are taken over y, the smallest neutrino energy that can give that recoil: in y every
    decay-at-rest integrand is a polynomial times a form factor, and the break points of the flux are panel edges.

    Attributes
    ----------
    lowest_energy_MeV
        Lower edge of the first panel in y, MeV: recoils below T(y) are not seen by the detector.
    orders
        Number of nodes in each panel, one entry for each of ``fractions`` and each break point of the flux.
    fractions
        Where the first panel is cut, as increasing fractions of its upper edge: none for contact interactions; several
        where an amplitude varies fast at small recoils, as with a mediator lighter than the momenta that are seen.
    """

    lowest_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    orders: tuple[int, ...] = eqx.field(static=True)
    fractions: tuple[float, ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        if not self.orders or min(self.orders) < 1:
            raise CevnsjaxError(f"orders must hold at least one positive number of nodes, got {self.orders}.")
        if any(not low < high for low, high in itertools.pairwise((0.0, *self.fractions, 1.0))):
            raise CevnsjaxError(f"fractions must increase between 0 and 1, got {self.fractions}.")
        if is_concrete(self.lowest_energy_MeV) and not self.lowest_energy_MeV >= 0:
            raise CevnsjaxError(f"lowest_energy_MeV must be zero or positive, got {self.lowest_energy_MeV}.")

    def nodes(self, break_points_MeV: Float[Array, " panel"]) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Place the nodes.

        Parameters
        ----------
        break_points_MeV
            Upper edges of the panels, MeV, increasing; the last one is the end point of the flux.

        Returns
        -------
        tuple
            Nodes in y (MeV) and their weights (MeV), shape ``[node]`` each.
        """
        if break_points_MeV.shape[0] + len(self.fractions) != len(self.orders):
            raise CevnsjaxError(
                f"orders needs one entry for each fraction and each break point of the flux: got {len(self.orders)} "
                f"orders for {len(self.fractions)} fractions and {break_points_MeV.shape[0]} break points."
            )
        cuts = [jnp.maximum(self.lowest_energy_MeV, fraction * break_points_MeV[0]) for fraction in self.fractions]
        edges = jnp.concatenate([jnp.stack([self.lowest_energy_MeV, *cuts]), break_points_MeV])
        edges = jnp.maximum(edges, self.lowest_energy_MeV)  # panels below it are empty
        return gauss_legendre_panels(edges, self.orders)
