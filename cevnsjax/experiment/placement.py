"""Where the nodes of recoil spectra belong: found from what the detector sees, by looking at it.

Nothing is declared. The probability of each bin is evaluated on a fine grid of recoil energies, which gives the range
that is seen; then, between break points, in Legendre polynomials, whose coefficients say how many nodes a panel needs,
or that it must be cut in two. What a detector may become within the priors of its nuisance parameters is looked at too.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, gauss_legendre, tree_as_float
from cevnsjax.cross_section import Panels
from cevnsjax.cross_section.kinematics import minimum_neutrino_energy_MeV, recoil_energy_MeV, recoil_energy_slope
from cevnsjax.cross_section.panels import needed_energy_MeV, recoil_ends_MeV
from cevnsjax.flux import AbstractSource
from cevnsjax.patience import Patience
from cevnsjax.program import program

_POINTS = 4096  # of the grid
_ORDER = 64  # nodes that a panel is looked at with
_TOGETHER = 8 * _ORDER  # points of one evaluation: always as many, so that a detector is compiled once
_TOLERANCE = 1e-10  # of the largest bin, for each panel
_TOLERANCE_OF_KINKS = 3e-8  # the same, of what multiplies the kinks of a flux
_TOLERANCE_OF_JUMPS = 3e-10  # ... of one whose density jumps, as that of a histogram
_IN_SIGHT = 1e-3  # probability of the recoil that is seen best, for a flux to be worth a thought
_SEEN = 1e-14  # smaller probabilities are not seen
_RANGE = 1e-10  # of the largest recoil that is looked at: noise can trigger without any ionisation at all
_FEWEST_NODES, _MOST_NODES = 2, 28  # of a panel
_MOST_CUTS = 10
_POWERS = (0.0, 2.0)  # of 1/T that fluxes are tried with: see :class:`_Placement`


@dataclass(frozen=True)
class Recoiling:
    """What recoils.

    Attributes
    ----------
    mass_MeV
        Its mass.
    strength
        Function from recoil energies (keV) to what multiplies the flux, of any normalisation: squared form factors.
    """

    mass_MeV: float
    strength: Callable[[np.ndarray], np.ndarray]


Seen = Callable[[np.ndarray], np.ndarray]
"""Function from recoil energies (keV) to the probability of each bin, shape ``[node, bin]``."""


@program
def _knots(source: AbstractSource) -> Float[Array, " knot"]:
    """Knots of a source, MeV; none where it is no table."""
    return jnp.zeros(0) if source.knots_MeV is None else source.knots_MeV


@program
def _breaks(source: AbstractSource, mass_MeV: Float[Array, ""]) -> Float[Array, " panel"]:
    """Break points of a source in y, MeV, for the mass of what recoils."""
    return minimum_neutrino_energy_MeV(recoil_ends_MeV(source, mass_MeV), mass_MeV)


@program
def particles_above(source: AbstractSource, energy_MeV: Float[Array, " point"]) -> Float[Array, " point"]:
    """Particles above an energy, of all components, in proportion to their fluence."""
    fluence = source.fluence_per_cm2
    weight = fluence / jnp.where(fluence.sum() > 0.0, fluence.sum(), 1.0)
    return (weight[:, None] * source.moments(energy_MeV)[:, 0]).sum(axis=0)


@program
def _needed_MeV(
    source: AbstractSource, y_MeV: Float[Array, " point"], mass_MeV: Float[Array, ""]
) -> Float[Array, " point"]:
    """Smallest energies, MeV, that give a mass the recoils of y."""
    return needed_energy_MeV(source, recoil_energy_MeV(y_MeV, mass_MeV), mass_MeV)


def place(
    sources: Sequence[AbstractSource], recoiling: Sequence[Recoiling], views: Sequence[Seen], kinks_keV: np.ndarray
) -> Panels:
    """Place panels so that no bin is off by more than 1e-8 of the largest.

    Parameters
    ----------
    sources
        What arrives, nominally and as it may become: of one structure, concrete numbers.
    recoiling
        What recoils: the lightest and the heaviest nuclide are enough.
    views
        What the detector sees of a recoil, nominally and as it may become.
    kinks_keV
        Recoil energies at which that has a kink, keV.
    """
    with jax.enable_x64(True):
        sent = [_Sent(tree_as_float(source)) for source in sources]
        return _Placement(sent, recoiling, views, np.asarray(kinks_keV, dtype=float)).panels()


class _Sent:
    """Numbers of a source.

    Attributes
    ----------
    product
        Whether it is a table, with kinks that are too many for break points.
    """

    def __init__(self, source: AbstractSource):
        self.source = source = source.prepared(())
        self.knots_MeV = np.asarray(_knots(source))
        self.product = self.knots_MeV.size > 0
        self._known: tuple[np.ndarray, np.ndarray] | None = None

    def breaks_for(self, mass_MeV: float) -> np.ndarray:
        """Break points in y, MeV, for the mass of what recoils."""
        return np.asarray(_breaks(self.source, as_float(mass_MeV)))

    def particles(self, y_MeV: np.ndarray, mass_MeV: float) -> np.ndarray:
        """Particles that can give a mass recoils as large as those of y; of a table, which is dear, roughly."""
        if self.product:
            return np.interp(y_MeV, *self._table(mass_MeV))
        return self._above(y_MeV, mass_MeV)

    def _above(self, y_MeV: np.ndarray, mass_MeV: float) -> np.ndarray:
        def above(y_MeV: np.ndarray) -> np.ndarray:
            energy = as_float(y_MeV)
            if self.source.mass_MeV is not None:
                energy = _needed_MeV(self.source, energy, as_float(mass_MeV))
            return np.asarray(particles_above(self.source, energy))

        return _in_blocks(above, y_MeV)

    def _table(self, mass_MeV: float) -> tuple[np.ndarray, np.ndarray]:
        if self._known is None:  # tables are of what has no mass: it is the same for all that recoils
            energies = np.geomspace(1e-4, 1.0, _POINTS) * self.breaks_for(mass_MeV).max()
            self._known = energies, self._above(energies, mass_MeV)
        return self._known


@dataclass(frozen=True)
class _Case:
    """What is to be resolved: a source, what it makes recoil, edges of the slots in y (MeV), and who sees that.

    Attributes
    ----------
    views
        Of :class:`_Placement`, by number, with roughly the largest bin of either flux in each.
    """

    sent: _Sent
    recoiling: Recoiling
    edges_MeV: np.ndarray
    views: dict[int, np.ndarray]


class _Placement:
    """The state of a search.

    Errors are counted in what the nodes of a panel leave out of the largest bin, for two fluxes: the true one, and one
    that a light mediator or a photon makes grow towards small recoils like 1/T^2.
    """

    def __init__(self, sent: list[_Sent], recoiling, views, kinks_keV):
        self.views, nominal, lightest = views, sent[0], recoiling[0].mass_MeV
        self.product = nominal.product
        self.tolerance = _TOLERANCE if nominal.source.roughness == 0.0 else nominal.source.roughness
        self.tolerance_of_knots = _TOLERANCE_OF_JUMPS if nominal.source.jumps else _TOLERANCE_OF_KINKS
        pairs = [(source, each) for source in sent for each in recoiling]
        largest = max(float(_recoil_keV(s.breaks_for(each.mass_MeV), each.mass_MeV).max()) for s, each in pairs)
        grid_keV = np.geomspace(_RANGE * largest, largest, _POINTS)
        probabilities = [_in_blocks(view, grid_keV) for view in views]
        # a table may end in zeros
        given = np.any([each.particles(_energy_MeV(grid_keV, lightest), lightest) > 0.0 for each in sent], axis=0)
        self.in_sight = bool(np.any(probabilities[0].sum(axis=1)[given] >= _IN_SIGHT))
        self.lowest_keV, self.highest_keV = self._range(grid_keV, probabilities)
        inside = (kinks_keV > self.lowest_keV) & (kinks_keV < self.highest_keV)
        self.kinks_keV = tuple(float(kink) for kink in np.unique(kinks_keV[inside]))

        def case(source: _Sent, each: Recoiling) -> _Case:
            seen = range(len(views)) if source is nominal else range(1)  # one thing after the other
            scales = {i: self._largest_bins(grid_keV, probabilities[i], source, each) for i in seen}
            return _Case(source, each, self._slot_edges(source, each.mass_MeV), scales)

        self.cases = [case(*pair) for pair in pairs]

    @staticmethod
    def _range(grid_keV: np.ndarray, probabilities: list[np.ndarray]) -> tuple[float, float]:
        """Range of recoils that is seen, one point of the grid wider on either side."""
        seen = np.flatnonzero(np.any([np.any(each > _SEEN, axis=1) for each in probabilities], axis=0))
        if not seen.size:
            return float(grid_keV[-1]), float(grid_keV[-1])
        first, last = max(seen[0] - 1, 0), min(seen[-1] + 1, len(grid_keV) - 1)
        return float(grid_keV[first]), math.inf if last == len(grid_keV) - 1 else float(grid_keV[last])

    def _largest_bins(self, grid_keV: np.ndarray, seen: np.ndarray, sent: _Sent, each: Recoiling) -> np.ndarray:
        """Roughly the largest bin of either flux in a view."""
        y = _energy_MeV(grid_keV, each.mass_MeV)
        rate = np.gradient(grid_keV) * sent.particles(y, each.mass_MeV) * each.strength(grid_keV)
        rates = np.stack([rate * (self.lowest_keV / grid_keV) ** power for power in _POWERS])
        return (rates @ seen).max(axis=1)

    def panels(self) -> Panels:
        """Cut slots until every panel is resolved."""
        edges = [case.edges_MeV for case in self.cases]
        number = len(edges[0]) - 1
        empty = [all(not each[i + 1] > each[i] * (1.0 + 1e-14) for each in edges) for i in range(number)]
        todo = [(i, 0.0, 1.0, 0) for i in range(number) if not empty[i]]
        done: list[list[tuple[float, float, int]]] = [[] for _ in range(number)]
        patience = Patience("placing nodes")
        while todo:
            placed = sum(map(len, done))
            patience.log(placed, placed + len(todo), "panels")
            orders = self._orders([(slot, begin, end) for slot, begin, end, _ in todo])
            later = []
            for (slot, begin, end, cuts), order in zip(todo, orders, strict=True):
                if order > _MOST_NODES and cuts < _MOST_CUTS:
                    middle = 0.5 * (begin + end)
                    later += [(slot, begin, middle, cuts + 1), (slot, middle, end, cuts + 1)]
                else:
                    done[slot].append((begin, end, min(max(order, _FEWEST_NODES), _MOST_NODES)))
            todo = later
        slots = tuple(tuple((end, order) for _, end, order in sorted(panels)) for panels in done)
        between = self._between_knots(slots) if self.product else 0
        return Panels(self.lowest_keV, self.highest_keV, self.kinks_keV, slots, between, self.in_sight)

    def _slot_edges(self, sent: _Sent, mass_MeV: float) -> np.ndarray:
        empty = Panels(self.lowest_keV, self.highest_keV, self.kinks_keV, ())
        return empty.slot_edges_MeV(sent.breaks_for(mass_MeV), mass_MeV)

    def _orders(self, panels: list[tuple[int, float, float]]) -> list[int]:
        """Nodes that each panel needs."""
        found = np.zeros(len(panels), dtype=int)
        for case in self.cases:
            found = np.maximum(found, self._needed(panels, case))
        return found.tolist()

    def _needed(self, panels: list[tuple[int, float, float]], case: _Case) -> np.ndarray:
        """From the coefficients in Legendre polynomials of what is integrated.

        n nodes integrate polynomials of degree 2n - 1 exactly; times a flux with kinks, those of degree n - 1.
        """
        abscissae, to_coefficients = _legendre()
        slots, each = case.edges_MeV, case.recoiling
        low = np.array([slots[i] * (slots[i + 1] / slots[i]) ** begin for i, begin, _ in panels])
        high = np.array([slots[i] * (slots[i + 1] / slots[i]) ** end for i, _, end in panels])
        half = 0.5 * (high - low)[:, None]
        y = (low[:, None] + half * (1.0 + abscissae)).ravel()
        recoil_keV = _recoil_keV(y, each.mass_MeV)
        slope = recoil_energy_slope(y, each.mass_MeV)
        particles = case.sent.particles(y, each.mass_MeV).reshape(len(panels), _ORDER)
        if self.product:  # of a table the largest in a panel stands for all
            particles = particles.max(axis=1, keepdims=True)
        rate = (_in_blocks(each.strength, recoil_keV) * slope).reshape(len(panels), _ORDER) * particles * half
        tilt = self.lowest_keV / recoil_keV.reshape(len(panels), _ORDER)
        needed = np.zeros(len(panels), dtype=int)
        for view, largest_bins in case.views.items():
            seen = _in_blocks(self.views[view], recoil_keV).reshape(len(panels), _ORDER, -1)
            for power, largest in zip(_POWERS, largest_bins, strict=True):
                if largest > 0.0:
                    values = seen * (rate * tilt**power / largest)[..., None]
                    size = np.abs(np.einsum("pnb,nk->pkb", values, to_coefficients, optimize=True)).max(axis=2)
                    needed = np.maximum(needed, self._nodes_for(size))
        return needed

    def _nodes_for(self, size: np.ndarray) -> np.ndarray:
        """Nodes for coefficients of a size, shape ``[panel, degree]``."""
        above = 2.0 * np.cumsum(size[:, ::-1], axis=1)[:, ::-1]  # all from a degree on
        degrees = (above > self.tolerance).sum(axis=1)
        # the last few coefficients are rounding, or say that 64 nodes are not enough
        nodes = (degrees + 1) // 2
        if self.product:  # kinks are small: what they make of the polynomials between n and 2n is so too
            nodes = np.maximum(nodes + 1, (above > self.tolerance_of_knots).sum(axis=1))
        return np.where(above[:, -4] > self.tolerance, _ORDER, nodes)

    def _between_knots(self, slots: tuple) -> int:
        """Nodes between neighbouring knots, for the polynomials of the widest gap in each panel."""
        most = 0.0
        for case in self.cases:
            each, knots_MeV = case.edges_MeV, case.sent.knots_MeV
            for index, slot in enumerate(slots):
                low, high, begin = each[index], each[index + 1], 0.0
                for end, order in slot:
                    first, last = low * (high / low) ** begin, low * (high / low) ** end
                    inner = np.unique(np.clip(knots_MeV, first, last))
                    ends = np.unique(np.concatenate([[first], inner, [last]]))
                    most = max(most, order * float(np.diff(ends).max(initial=0.0)) / max(last - first, 1e-300))
                    begin = end
        return int(min(4 + math.ceil(0.8 * most), _ORDER))


@functools.cache
def _legendre() -> tuple[np.ndarray, np.ndarray]:
    """Points of a panel, and the matrix from values there to coefficients in Legendre polynomials."""
    abscissae, weights = gauss_legendre(_ORDER)
    to_coefficients = np.polynomial.legendre.legvander(abscissae, _ORDER - 1) * weights[:, None]
    return abscissae, to_coefficients * (np.arange(_ORDER) + 0.5)


def _energy_MeV(recoil_keV: np.ndarray, mass_MeV: float) -> np.ndarray:
    return minimum_neutrino_energy_MeV(1e-3 * recoil_keV, mass_MeV)


def _recoil_keV(y_MeV: np.ndarray, mass_MeV: float) -> np.ndarray:
    return 1e3 * recoil_energy_MeV(y_MeV, mass_MeV)


def _in_blocks(function: Callable[[np.ndarray], np.ndarray], points: np.ndarray) -> np.ndarray:
    """A function of points one by one, given :data:`_TOGETHER` of them at a time."""
    padded = np.pad(points, (0, -len(points) % _TOGETHER), mode="edge")
    return np.concatenate([function(some) for some in padded.reshape(-1, _TOGETHER)])[: len(points)]
