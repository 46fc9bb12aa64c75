"""One-body density matrices of the shell model, and the spin matrix elements that they give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.nuclide import NuclearSpin
from cevnsjax.target.spin_operators import Orbit, connects, fixed_projection, reduced_orbital, reduced_spin


@dataclass(frozen=True)
class ShellModelState:
    """A state as a file of densities names it: number from 1, absolute energy, J and T (where it is good)."""

    number: int
    energy_MeV: float
    spin: float
    isospin: float | None


@dataclass(frozen=True, eq=False)
class Transition:
    """One-body density matrices between two states.

    Attributes
    ----------
    initial, final
        The states.
    densities
        By rank K: rho_KT(ab) = <f|||[a^+ b]_KT|||i>/((2K + 1)(2T + 1))^(1/2), reduced in spin and isospin, shape
        ``[orbit a, orbit b, T]`` for T = 0 and 1; or rho_K(ab) = <f||[a^+ b]_K||i>/(2K + 1)^(1/2) of protons and of
        neutrons. A rank whose elements vanish at the M of the calculation is missing.
    of_nucleons
        Whether the last axis is protons and neutrons in the place of T.
    """

    initial: ShellModelState
    final: ShellModelState
    densities: dict[int, np.ndarray] = field(default_factory=dict)
    of_nucleons: bool = False

    def nucleons(self, orbits: Sequence[Orbit]) -> tuple[float, ...]:
        """Number of valence nucleons, or of protons and of neutrons, where both states are the same.

        The sum of rho_00(aa) (2(2j_a + 1)/((2J + 1)(2T + 1)))^(1/2), or rho_0(aa) ((2j_a + 1)/(2J + 1))^(1/2), over the
        orbits.
        """
        each = np.array([2.0 * orbit.spin + 1.0 for orbit in orbits]) / (2.0 * self.final.spin + 1.0)
        occupied = np.diagonal(self.densities[0])  # [axis, orbit]
        if self.of_nucleons:
            return tuple((occupied @ np.sqrt(each)).tolist())
        assert self.final.isospin is not None  # as the reader says
        return (float(occupied[0] @ np.sqrt(2.0 * each / (2.0 * self.final.isospin + 1.0))),)


@dataclass(frozen=True, eq=False)
class ShellModelDensities:
    """What a file of densities holds: the orbits that its matrices count, and the transitions."""

    orbits: tuple[Orbit, ...]
    transitions: tuple[Transition, ...]


def _matrix_elements(
    densities: ShellModelDensities, transition: Transition, nucleus: tuple[int | None, int | None]
) -> tuple[float, float, float]:
    """Return S_p, S_n and L_p of a transition in a nucleus of Z and N, reduced in spin alone."""
    initial, final = transition.initial, transition.final
    if 1 not in transition.densities:
        raise CevnsjaxError(
            f"The transition {initial.number} -> {final.number} (J = {initial.spin:g} -> {final.spin:g}) has no "
            "densities of Jt = 1, which vanish at the M of the calculation: do it with another M."
        )
    density = transition.densities[1]
    if not transition.of_nucleons:
        scalar, vector = _isospin_factors(transition, nucleus)
        both, difference = scalar * density[..., 0], vector * density[..., 1]
        density = np.stack([both + difference, both - difference], axis=-1) / 2.0

    def protons_and_neutrons(reduced):
        elements = np.array([[reduced(bra, ket) for ket in densities.orbits] for bra in densities.orbits])
        return (elements[..., None] * density).sum(axis=(0, 1)).tolist()

    return *protons_and_neutrons(reduced_spin), protons_and_neutrons(reduced_orbital)[0]


def _isospin_factors(transition: Transition, nucleus: tuple[int | None, int | None]) -> tuple[float, float]:
    """What isoscalar and isovector densities are multiplied with in a nucleus: their sum over two is the protons."""
    initial, final = transition.initial, transition.final
    protons, neutrons = nucleus
    if protons is None or neutrons is None:
        raise CevnsjaxError("Densities in isospin format need proton_number and neutron_number of the nucleus.")
    assert initial.isospin is not None  # as the reader says
    assert final.isospin is not None
    excess = protons - neutrons
    if abs(excess) > 2.0 * min(initial.isospin, final.isospin) or (excess - 2.0 * final.isospin) % 2.0:
        raise CevnsjaxError(
            f"Z - N = {excess} is not possible for the transition {initial.number} -> {final.number} between isospins "
            f"{initial.isospin:g} and {final.isospin:g}."
        )
    scalar = math.sqrt(2.0 / (2.0 * final.isospin + 1.0)) if initial.isospin == final.isospin else 0.0
    return scalar, math.sqrt(6.0) * fixed_projection(final.isospin, initial.isospin, excess / 2.0)


def levels_from_densities(
    densities: ShellModelDensities,
    nuclide: str,
    proton_number: int | None = None,
    neutron_number: int | None = None,
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
        Z and N, of the nucleus or of its valence nucleons, which densities in isospin format need; protons have isospin
        up.
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
        [_matrix_elements(densities, transition, (proton_number, neutron_number)) for transition in transitions]
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
    densities: ShellModelDensities,
    proton_number: int | None = None,
    neutron_number: int | None = None,
    ground_state: int = 1,
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
            proton, neutron, _ = _matrix_elements(densities, transition, (proton_number, neutron_number))
            scale = fixed_projection(spin, spin, spin) / 2.0  # the spin of a nucleon is sigma/2
            return NuclearSpin(spin, scale * proton, scale * neutron)
    raise CevnsjaxError(f"There are no densities of state {ground_state} with itself.")
