"""One-body density matrices of the shell model, and the spin matrix elements that they give."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target.bigstick import parse_row, read_lines
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.nuclide import NuclearSpin
from cevnsjax.target.spin_operators import Orbit, connects, fixed_projection, reduced_orbital, reduced_spin

_STATE = re.compile(r"(Initial|Final)\s+state\s+#\s*(\d+)\s+E\s*=\s*(\S+)\s+2xJ, 2xT\s*=\s*(\d+)\s+(\d+)$")
_RANK = re.compile(r"Jt\s*=\s*(\d+),(.*)$")


@dataclass(frozen=True)
class ShellModelState:
    """A state as a file of densities names it: number from 1, absolute energy, J and T."""

    number: int
    energy_MeV: float
    spin: float
    isospin: float


@dataclass(frozen=True, eq=False)
class Transition:
    """One-body density matrices between two states.

    Attributes
    ----------
    initial, final
        The states.
    densities
        By rank K: rho_KT(ab) = <f|||[a^+ b]_KT|||i>/((2K + 1)(2T + 1))^(1/2), reduced in spin and isospin, shape
        ``[orbit a, orbit b, T]`` for T = 0 and 1. A rank whose elements vanish at the M of the calculation is missing.
    """

    initial: ShellModelState
    final: ShellModelState
    densities: dict[int, np.ndarray] = field(default_factory=dict)

    def nucleons(self, orbits: Sequence[Orbit]) -> float:
        """Number of valence nucleons, where both states are the same.

        The sum of rho_00(aa) (2(2j_a + 1)/((2J + 1)(2T + 1)))^(1/2) over the orbits.
        """
        states = (2.0 * self.final.spin + 1.0) * (2.0 * self.final.isospin + 1.0)
        weights = [math.sqrt(2.0 * (2.0 * orbit.spin + 1.0) / states) for orbit in orbits]
        return float(np.diagonal(self.densities[0][..., 0]) @ weights)


@dataclass(frozen=True, eq=False)
class ShellModelDensities:
    """What a file of densities holds: the orbits that its matrices count, and the transitions."""

    orbits: tuple[Orbit, ...]
    transitions: tuple[Transition, ...]


def read_bigstick_densities(
    path: str | Path, orbits: Sequence[tuple[int, int, float]] | None = None
) -> ShellModelDensities:
    """Read a .dres file of BIGSTICK, one-body density matrices in isospin format.

    Parameters
    ----------
    path
        The file.
    orbits
        (n, l, j) of each orbit, in the order of BIGSTICK; by default those of the table in the file, if it has one.

    Raises
    ------
    CevnsjaxError
        If the file cannot be read, is in proton-neutron format, lacks the orbits, or is malformed, or if a state does
        not have a whole number of nucleons in these orbits.
    """
    lines = read_lines(path)
    table = _orbits(path, lines) if orbits is None else tuple(Orbit(*orbit) for orbit in orbits)
    if not all(orbit.exists for orbit in table):
        raise CevnsjaxError(f"{path}: orbits must be (n, l, j) with j = l + 1/2 or l - 1/2, got {_listed(table)}.")
    transitions: list[Transition] = []
    initial, block = None, None
    for number, line in enumerate(map(str.strip, lines), start=1):
        where = f"{path}, line {number}"
        if line.startswith("Initial state"):
            initial, block = _state(where, line), None
        elif line.startswith("Final state"):
            if initial is None:
                raise CevnsjaxError(f"{where}: a final state without its initial state.")
            transitions.append(Transition(initial, _state(where, line)))
            initial, block = None, None
        elif rank := _RANK.match(line):
            if not transitions or initial is not None:
                raise CevnsjaxError(f"{where}: an initial and a final state must come before their densities.")
            if "Tt" not in rank[2]:
                raise CevnsjaxError(
                    f"{where}: densities must be in isospin format, those of protons and neutrons are not read."
                )
            block = transitions[-1].densities.setdefault(int(rank[1]), np.zeros((len(table), len(table), 2)))
        elif not line or line.startswith("+++"):
            block = None
        elif block is not None:
            *pair, isoscalar, isovector = parse_row(where, line, ("orbit a", "orbit b", "Tt = 0", "Tt = 1")).numbers
            if not all(index.is_integer() and 1 <= index <= len(table) for index in pair):
                raise CevnsjaxError(f"{where}: orbits go from 1 to {len(table)}, got {pair[0]:g} and {pair[1]:g}.")
            block[int(pair[0]) - 1, int(pair[1]) - 1] = isoscalar, isovector
    if not transitions:
        raise CevnsjaxError(f"{path}: there is no line 'Initial state # ...', so the file has no densities.")
    for transition in transitions:
        if transition.initial == transition.final and 0 in transition.densities:
            nucleons = transition.nucleons(table)
            if abs(nucleons - round(nucleons)) > 0.01:
                raise CevnsjaxError(
                    f"{path}: state {transition.final.number} has {nucleons:.4f} nucleons in the orbits "
                    f"{_listed(table)}; a whole number is needed, so the orbits are others."
                )
    return ShellModelDensities(table, tuple(transitions))


def _listed(orbits: Sequence[Orbit]) -> str:
    """Write orbits as a user gives them."""
    return ", ".join(f"({n}, {l}, {j:g})" for n, l, j in orbits)


def _orbits(path: str | Path, lines: Sequence[str]) -> tuple[Orbit, ...]:
    """Return the table of orbits in the header of a file of densities."""
    start = next((number for number, line in enumerate(lines) if line.split()[:1] == ["ORBIT"]), None)
    if start is None:
        raise CevnsjaxError(f"{path}: the file has no table of orbits; give orbits, (n, l, j) of each in its order.")
    orbits = []
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if not line.strip():
            break
        _, principal, orbital, twice = parse_row(f"{path}, line {number}", line, ("orbit", "N", "L", "2 x J")).numbers
        orbits.append(Orbit(int(principal), int(orbital), twice / 2.0))
    return tuple(orbits)


def _state(where: str, line: str) -> ShellModelState:
    """Return the state that a line names."""
    match = _STATE.match(line)
    try:
        _, number, energy, spin, isospin = match.groups() if match else ("",) * 5
        return ShellModelState(int(number), float(energy), int(spin) / 2.0, int(isospin) / 2.0)
    except ValueError:
        raise CevnsjaxError(f"{where}: {line!r} does not read '... state # n E = ... 2xJ, 2xT = ... ...'.") from None


def _matrix_elements(densities: ShellModelDensities, transition: Transition, excess: int) -> tuple[float, float, float]:
    """Return S_p, S_n and L_p of a transition in a nucleus of Z - N = excess, reduced in spin alone."""
    initial, final = transition.initial, transition.final
    if abs(excess) > 2.0 * min(initial.isospin, final.isospin) or (excess - 2.0 * final.isospin) % 2.0:
        raise CevnsjaxError(
            f"Z - N = {excess} is not possible for the transition {initial.number} -> {final.number} between isospins "
            f"{initial.isospin:g} and {final.isospin:g}."
        )
    if 1 not in transition.densities:
        raise CevnsjaxError(
            f"The transition {initial.number} -> {final.number} (J = {initial.spin:g} -> {final.spin:g}) has no "
            "densities of Jt = 1, which vanish at the M of the calculation: do it with another M."
        )
    density = transition.densities[1]
    scalar = math.sqrt(2.0 / (2.0 * final.isospin + 1.0)) if initial.isospin == final.isospin else 0.0
    vector = math.sqrt(6.0) * fixed_projection(final.isospin, initial.isospin, excess / 2.0)

    def protons_and_neutrons(reduced):
        elements = np.array([[reduced(bra, ket) for ket in densities.orbits] for bra in densities.orbits])
        both = scalar * float(np.sum(elements * density[..., 0]))
        difference = vector * float(np.sum(elements * density[..., 1]))
        return (both + difference) / 2.0, (both - difference) / 2.0

    return *protons_and_neutrons(reduced_spin), protons_and_neutrons(reduced_orbital)[0]


def levels_from_densities(
    densities: ShellModelDensities,
    nuclide: str,
    proton_number: int,
    neutron_number: int,
    ground_state: int = 1,
) -> NuclearLevels:
    """Levels with S_p, S_n and L_p from one-body density matrices.

    Parameters
    ----------
    densities
        Transitions from the ground state (others are not looked at).
    nuclide
        Symbol and mass number, like ``"F19"``.
    proton_number, neutron_number
        Z and N, of the nucleus or of its valence nucleons; protons have isospin up.
    ground_state
        Number of the ground state in the file.

    Raises
    ------
    CevnsjaxError
        If no excited state can be reached from the ground state, if densities of rank 1 are missing, or if the isospins
        do not fit Z - N.
    """
    transitions = [
        transition
        for transition in densities.transitions
        if transition.initial.number == ground_state != transition.final.number
        and connects(transition.final.spin, transition.initial.spin)
    ]
    if not transitions:
        raise CevnsjaxError(f"No transition leads by a spin operator from state {ground_state} to an excited state.")
    transitions.sort(key=lambda transition: transition.final.energy_MeV)
    proton_spin, neutron_spin, proton_orbital = np.array(
        [_matrix_elements(densities, transition, proton_number - neutron_number) for transition in transitions]
    ).T
    return NuclearLevels(
        nuclide,
        transitions[0].initial.spin,
        [transition.final.spin for transition in transitions],
        [transition.final.energy_MeV - transition.initial.energy_MeV for transition in transitions],
        proton_spin,
        neutron_spin,
        proton_orbital,
    )


def spin_from_densities(
    densities: ShellModelDensities, proton_number: int, neutron_number: int, ground_state: int = 1
) -> NuclearSpin:
    """<S_p> and <S_n> of the ground state from its one-body density matrices; arguments as of `levels_from_densities`.

    Raises
    ------
    CevnsjaxError
        If the ground state has no spin, if the file has no densities of it with itself, or as `levels_from_densities`.
    """
    for transition in densities.transitions:
        if transition.initial.number == transition.final.number == ground_state:
            spin = transition.final.spin
            if spin == 0:
                raise CevnsjaxError(f"State {ground_state} has J = 0, and no spin matrix elements.")
            proton, neutron, _ = _matrix_elements(densities, transition, proton_number - neutron_number)
            scale = fixed_projection(spin, spin, spin) / 2.0  # the spin of a nucleon is sigma/2
            return NuclearSpin(spin, scale * proton, scale * neutron)
    raise CevnsjaxError(f"There are no densities of state {ground_state} with itself.")
