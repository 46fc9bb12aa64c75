"""What flows between the blocks: a spectrum is a set of nodes and the events that sit on them."""

from collections.abc import Callable

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

    def push_forward(self, transform: Callable[[Float[Array, "*node"]], Float[Array, "*node"]]) -> "Spectrum":
        """Move the nodes by a function of energy (recoil to ionisation energy, say); no Jacobian is needed.

        Parameters
        ----------
        transform
            Function from keV to keV, of the shape of ``energy_keV``.
        """
        return Spectrum(transform(self.energy_keV), self.events)

    def flat(self) -> "Spectrum":
        """Return the same spectrum with one flat node axis."""
        return Spectrum(self.energy_keV.reshape(-1), self.events.reshape(self.events.shape[0], -1))

    def total(self) -> Float[Array, " component"]:
        """Events of each component, summed over nodes."""
        return self.flat().events.sum(axis=1)


class Panels(eqx.Module):
    """Gauss-Legendre panels between the kinematic break points of a flux.

    Integrals over recoil energy are taken over y, the smallest neutrino energy that can give that recoil: in y every
    decay-at-rest integrand is a polynomial times a form factor, and the break points of the flux are panel edges.

    Attributes
    ----------
    lowest_energy_MeV
        Lower edge of the first panel in y, MeV: recoils below T(y) are not seen by the detector.
    orders
        Number of nodes in each panel, one entry per break point of the flux.
    """

    lowest_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    orders: tuple[int, ...] = eqx.field(static=True)

    def __check_init__(self):
        if not self.orders or min(self.orders) < 1:
            raise CevnsjaxError(f"orders must hold at least one positive number of nodes, got {self.orders}.")
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
        if break_points_MeV.shape != (len(self.orders),):
            raise CevnsjaxError(
                f"orders needs one entry for each break point of the flux: got {len(self.orders)} orders for "
                f"{break_points_MeV.shape[0]} break points."
            )
        lower = self.lowest_energy_MeV
        nodes, weights = [], []
        for order, upper in zip(self.orders, break_points_MeV, strict=True):
            abscissae, unit_weights = np.polynomial.legendre.leggauss(order)
            half_width = 0.5 * (upper - lower)
            nodes.append(lower + half_width * as_float(1.0 + abscissae))
            weights.append(half_width * as_float(unit_weights))
            lower = upper
        return jnp.concatenate(nodes), jnp.concatenate(weights)
