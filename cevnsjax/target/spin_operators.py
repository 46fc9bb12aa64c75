"""Geometry of one-body spin operators: fixed-M elements of a vector operator, reduced elements between orbits.

Reduced matrix elements are Edmonds'; orbits couple l and s to j in that order, the phase of the usual shell-model
interactions.
"""

import math
from typing import NamedTuple


class Orbit(NamedTuple):
    """A single-particle orbit of the shell model.

    Attributes
    ----------
    principal
        Radial or oscillator quantum number; it only has to tell orbits of the same l and j apart.
    orbital
        l.
    spin
        j = l + 1/2 or l - 1/2.
    """

    principal: int
    orbital: int
    spin: float

    @property
    def exists(self) -> bool:
        """Whether j = l + 1/2 or j = l - 1/2 > 0."""
        return self.orbital >= 0 and self.spin > 0.0 and abs(self.spin - self.orbital) == 0.5


def connects(final_spin: float, initial_spin: float) -> bool:
    """Whether a vector operator leads from one spin to the other."""
    return abs(final_spin - initial_spin) <= 1.0 <= final_spin + initial_spin


def fixed_projection(final_spin: float, initial_spin: float, projection: float) -> float:
    """<J_f M|O_10|J_i M>/<J_f||O||J_i> = (-1)^(J_f - M) (J_f 1 J_i; -M 0 M); zero where a vector does not lead.

    Its square is the squared 3j symbol. A. R. Edmonds, Angular Momentum in Quantum Mechanics (1957), eq. 5.4.1.
    """
    larger = max(final_spin, initial_spin)
    if not connects(final_spin, initial_spin) or abs(projection) > min(final_spin, initial_spin):
        return 0.0
    if final_spin == initial_spin:
        return projection / math.sqrt(larger * (larger + 1.0) * (2.0 * larger + 1.0))
    square = (larger**2 - projection**2) / (larger * (2.0 * larger - 1.0) * (2.0 * larger + 1.0))
    return math.copysign(math.sqrt(square), final_spin - initial_spin)


def reduced_spin(bra: Orbit, ket: Orbit) -> float:
    """<a||sigma||b> of two orbits."""
    if bra[:2] != ket[:2]:
        return 0.0
    orbital = bra.orbital * (bra.orbital + 1.0)
    if bra.spin == ket.spin:
        square = bra.spin * (bra.spin + 1.0)
        return math.sqrt((2.0 * bra.spin + 1.0) / square) * (square + 0.75 - orbital)
    return math.copysign(math.sqrt(8.0 * orbital / (2.0 * bra.orbital + 1.0)), ket.spin - bra.spin)


def reduced_orbital(bra: Orbit, ket: Orbit) -> float:
    """<a||l||b> of two orbits: that of j - sigma/2."""
    total = math.sqrt(ket.spin * (ket.spin + 1.0) * (2.0 * ket.spin + 1.0)) if bra == ket else 0.0
    return total - reduced_spin(bra, ket) / 2.0
