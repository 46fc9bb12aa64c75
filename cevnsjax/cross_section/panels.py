"""Where recoil spectra are integrated: Gauss-Legendre panels in the smallest energy that can give a recoil.

In y, the smallest neutrino energy for a recoil, every decay-at-rest integrand is a polynomial times a form factor, and
the break points of a flux are panel edges. For what has a mass y is still the energy of a neutrino with that recoil: a
coordinate, in which its break points are those neutrinos that give as large recoils.
"""

import math
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import HostOrDevice, Scalar, as_float, gauss_legendre, legendre_polynomials, namespace
from cevnsjax.cross_section.dark_kinematics import recoil_limits_MeV, smallest_energy_MeV
from cevnsjax.cross_section.kinematics import minimum_neutrino_energy_MeV, recoil_energy_MeV
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractSource
from cevnsjax.spectrum import gauss_legendre_panels

_ORDER = 24
_HIGHEST_RECOIL_KEV = 1e12  # an infinite one has no derivative
_BETWEEN_KNOTS = 16
_LARGE_RECOIL_KEV = 1e5
_DECADES_PER_PANEL = 1.25  # in recoil energy: 24 nodes integrate 1/(T + t)^2 to rounding for every t
_FEWEST = 8

Slot = tuple[tuple[float, int], ...]
"""Panels of one slot: where each ends, as a fraction of the slot in ln(y), and its number of nodes; none at all where
nothing is seen."""


@dataclass(frozen=True)
class Panels:
    """Panels between the break points of a flux and the recoil energies at which what is seen of them has a kink.

    Nothing in here is differentiated: what moves (break points, masses) moves the edges.

    Attributes
    ----------
    lowest_recoil_keV, highest_recoil_keV
        Range of recoils, keV: what is outside of it is left out.
    kinks_keV
        Recoil energies at which a panel ends, keV.
    slots
        Panels of each slot: a slot lies between neighbouring kinks or break points, the first one begins at the lowest
        recoil.
    between_knots
        Nodes between neighbouring knots of a flux that is a table: on them its moments are folded with the polynomials
        that the nodes of a panel stand for, so that a flux with many kinks needs no more nodes than a smooth one. Zero
        where a flux is smooth between its break points.
    in_sight
        Whether some recoil that the source can give is seen with a probability of a thousandth or more; where not, its
        flux may end below what can be seen.
    """

    lowest_recoil_keV: float
    highest_recoil_keV: float
    kinks_keV: tuple[float, ...]
    slots: tuple[Slot, ...]
    between_knots: int = 0
    in_sight: bool = True

    def __post_init__(self):
        if not 0.0 < self.lowest_recoil_keV <= self.highest_recoil_keV:
            raise CevnsjaxError(
                "lowest_recoil_keV must be positive and not above highest_recoil_keV, got "
                f"{self.lowest_recoil_keV:g} and {self.highest_recoil_keV:g} keV."
            )
        if any(order < 1 for slot in self.slots for _, order in slot):
            raise CevnsjaxError("slots must hold panels of at least one node each.")

    @classmethod
    def of_all_recoils(cls, source: AbstractSource, lowest_recoil_keV: float, kinks_keV=()) -> "Panels":
        """Panels for cross sections without a detector: every recoil above one in keV that the flux can give.

        Parameters
        ----------
        source
            The flux.
        lowest_recoil_keV
            Smallest recoil, keV.
        kinks_keV
            Recoil energies at which a panel ends, keV; what is hit may have such.
        """
        # an empty array that was made inside of a transformation has no values to look at
        known = np.asarray(kinks_keV) if len(kinks_keV) else ()
        kinks = tuple(float(kink) for kink in known if kink > lowest_recoil_keV)

        def slot(panels: int) -> Slot:
            return tuple(((panel + 1) / panels, _ORDER) for panel in range(panels))

        def panels_from(recoil_keV: float) -> int:
            decades = math.log10(_LARGE_RECOIL_KEV / recoil_keV)
            return max(_FEWEST, math.ceil(decades / _DECADES_PER_PANEL))

        # the first one goes over many powers of ten, and a light mediator may set a scale in any; so does the one after
        # the last kink, whichever that is; those between break points go over a few
        # (any slot may be the first one of what has a mass)
        massive = source.mass_MeV is not None
        after = slot(panels_from(lowest_recoil_keV) if massive else panels_from(min(kinks)) if kinks else 2)
        later = len(kinks) + recoil_ends_MeV(source, as_float(1.0)).shape[0] - 1
        slots = (slot(panels_from(lowest_recoil_keV)), *(after for _ in range(later)))
        return cls(lowest_recoil_keV, math.inf, kinks, slots, _BETWEEN_KNOTS)

    @property
    def number(self) -> int:
        """Number of nodes."""
        return sum(order for slot in self.slots for _, order in slot)

    def refined(self, factor: int = 2) -> "Panels":
        """Return the same panels with a multiple of the nodes."""
        slots = tuple(tuple((end, factor * order) for end, order in slot) for slot in self.slots)
        return replace(self, slots=slots, between_knots=factor * self.between_knots)

    def slot_edges_MeV(
        self, break_points_MeV: Float[HostOrDevice, " panel"], target_mass_MeV: Scalar | float
    ) -> Float[HostOrDevice, " edge"]:
        """Edges of the slots in y, MeV, for break points of a flux and the mass of what recoils; some may be empty."""
        highest = min(self.highest_recoil_keV, _HIGHEST_RECOIL_KEV)
        xp = namespace(break_points_MeV)
        recoils = xp.asarray([self.lowest_recoil_keV, highest, *self.kinks_keV], dtype=break_points_MeV.dtype)
        y = minimum_neutrino_energy_MeV(1e-3 * recoils, target_mass_MeV)
        high = xp.minimum(y[1], break_points_MeV.max())
        low = xp.minimum(y[0], high)
        inner = xp.concatenate([break_points_MeV, y[2:]])
        return xp.concatenate([low[None], xp.sort(xp.clip(inner, low, high))])

    def nodes(
        self, source: AbstractSource, target_mass_MeV: Scalar
    ) -> tuple[Float[Array, " node"], Float[Array, "component power node"]]:
        """Place the nodes, and weigh them with the flux.

        Parameters
        ----------
        source
            What arrives.
        target_mass_MeV
            Mass of what recoils, MeV.

        Returns
        -------
        tuple
            Nodes in y, MeV, shape ``[node]``, and moments of the flux times their width, shape ``[component, power,
            node]``: what a function of y is multiplied with to be integrated over y.

        Raises
        ------
        CevnsjaxError
            For a table of what has a mass, or another number of break points than these panels are for.
        """
        if source.mass_MeV is not None and source.knots_MeV is not None:
            raise CevnsjaxError("Knots of a table are those of what has no mass: with one give break points alone.")
        slots = self.slot_edges_MeV(self._breaks_MeV(source, target_mass_MeV), target_mass_MeV)
        edges, orders = self._panel_edges(slots)
        y, width = gauss_legendre_panels(edges, orders)
        if not self.between_knots or source.knots_MeV is None:
            return y, moments_at(source, y, target_mass_MeV) * width[None, None]
        return y, self._on_knots(source, source.knots_MeV, target_mass_MeV, edges, orders)

    def _breaks_MeV(self, source: AbstractSource, target_mass_MeV: Scalar) -> Float[Array, " panel"]:
        """Break points of a source in y."""
        if source.mass_MeV is None:
            return source.break_points_MeV
        # clipped, as there is no derivative at a recoil of zero
        ends = jnp.maximum(recoil_ends_MeV(source, target_mass_MeV), 1e-3 * self.lowest_recoil_keV)
        return minimum_neutrino_energy_MeV(ends, target_mass_MeV)

    def _panel_edges(self, slots: Float[Array, " slot_edge"]) -> tuple[Float[Array, " edge"], tuple[int, ...]]:
        """Edges of all panels and their orders; an empty slot is a panel without nodes."""
        if slots.shape[0] != len(self.slots) + 1:
            raise CevnsjaxError(
                f"These panels are for a flux with {len(self.slots) - len(self.kinks_keV)} break points, got one with "
                f"{slots.shape[0] - 1 - len(self.kinks_keV)}."
            )
        if not self.number:  # nothing is seen: one node without a width
            return jnp.stack([slots[-1], slots[-1]]), (1,)
        rows = [(index, *panel) for index, slot in enumerate(self.slots) for panel in slot or ((1.0, 0),)]
        slot, end, orders = (np.array(column) for column in zip(*rows, strict=True))
        low, high = slots[slot], slots[slot + 1]
        inner = low * (high / low) ** as_float(end)
        edges = jnp.where(jnp.asarray(end == 1.0), high, inner)  # the end of a slot is the beginning of the next one
        return jnp.concatenate([slots[:1], edges]), tuple(orders.tolist())

    def _on_knots(
        self,
        source: AbstractSource,
        knots_MeV: Float[Array, " knot"],
        target_mass_MeV: Scalar,
        edges: Float[Array, " edge"],
        orders: tuple[int, ...],
    ) -> Float[Array, "component power node"]:
        """Integrals of moments times the polynomials of each panel's nodes.

        The interpolating polynomial of node j is l_j(x) = sum_k (2k + 1)/2 w_j P_k(x_j) P_k(x) on Gauss-Legendre nodes.
        """
        fine = jnp.sort(jnp.concatenate([edges, jnp.clip(knots_MeV, edges[0], edges[-1])]))
        begin, end = fine[:-1], fine[1:]
        panel = jnp.clip(jnp.searchsorted(edges, 0.5 * (begin + end), side="right") - 1, 0, len(orders) - 1)
        y, width = gauss_legendre_panels(fine, self.between_knots)
        panel = jnp.repeat(panel, self.between_knots, total_repeat_length=y.shape[0])
        lower, upper = edges[panel], edges[panel + 1]
        wide = upper > lower
        x = jnp.where(wide, (2.0 * y - lower - upper) / jnp.where(wide, upper - lower, 1.0), 0.0)
        moments = moments_at(source, y, target_mass_MeV) * width[None, None]
        folded = moments[..., None] * jnp.stack(legendre_polynomials(x, max(orders)), axis=-1)[None, None]
        integrals = jax.ops.segment_sum(
            jnp.moveaxis(folded, 2, 0), panel, num_segments=len(orders), indices_are_sorted=True
        )
        of_node = np.repeat(np.arange(len(orders)), orders)
        coefficients = as_float(np.concatenate([_coefficients(order, max(orders)) for order in orders if order]))
        return jnp.moveaxis((integrals[of_node] * coefficients[:, None, None, :]).sum(axis=-1), 0, -1)


def recoil_ends_MeV(source: AbstractSource, target_mass_MeV: Scalar) -> Float[Array, " end"]:
    """Recoils, MeV, at which what a source sends begins or ends to give them to a mass (MeV), in any order.

    The largest ones for the energies of its break points, and the lowest one of what has a mass; where that becomes
    heavier or lighter the smallest ones too.
    """
    breaks, gain = source.break_points_MeV, source.mass_gain_MeV
    if source.mass_MeV is None:
        return recoil_energy_MeV(breaks, target_mass_MeV)
    energies = jnp.concatenate([source.lowest_energy_MeV[None], breaks])
    if gain is None:
        return recoil_limits_MeV(energies, target_mass_MeV, source.mass_MeV, as_float(0.0))[1]
    return jnp.concatenate(recoil_limits_MeV(energies, target_mass_MeV, source.mass_MeV, gain))


def needed_energy_MeV(
    source: AbstractSource, recoil_MeV: Float[Array, "*node"], target_mass_MeV: Scalar
) -> Float[Array, "*node"]:
    """Smallest energy, MeV, with which what a source sends gives recoils (MeV) to a mass (MeV)."""
    if source.mass_MeV is None:
        return minimum_neutrino_energy_MeV(recoil_MeV, target_mass_MeV)
    gain = as_float(0.0) if source.mass_gain_MeV is None else source.mass_gain_MeV
    return smallest_energy_MeV(recoil_MeV, target_mass_MeV, source.mass_MeV, gain)


def moments_at(
    source: AbstractSource, y_MeV: Float[Array, " node"], target_mass_MeV: Scalar
) -> Float[Array, "component power node"]:
    """Moments of a source above what gives a mass (MeV) the recoils that neutrinos of energies (MeV) give at most."""
    if source.mass_MeV is None:
        return source.moments(y_MeV)
    return source.moments(needed_energy_MeV(source, recoil_energy_MeV(y_MeV, target_mass_MeV), target_mass_MeV))


def _coefficients(order: int, degrees: int) -> np.ndarray:
    """Coefficients of the interpolating polynomials of Gauss-Legendre nodes, shape ``[node, degree]``."""
    points, weights = gauss_legendre(order)
    coefficients = np.polynomial.legendre.legvander(points, order - 1) * weights[:, None] * (np.arange(order) + 0.5)
    return np.pad(coefficients, ((0, 0), (0, degrees - order)))
