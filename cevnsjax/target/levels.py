"""Excited states of a nucleus, and the spin matrix elements that lead to them."""

import dataclasses
import math
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_knots, is_concrete, shown
from cevnsjax.constants import FINE_STRUCTURE_CONSTANT, NEUTRON_MOMENT, PROTON_MASS_MEV, PROTON_MOMENT
from cevnsjax.errors import CevnsjaxError

_MAGNETIC_DIPOLE = 3.0 / (4.0 * math.pi)


class NuclearLevels(eqx.Module):
    """Excited states that the ground state reaches by one-body spin operators.

    Matrix elements are bare (without g_A) and reduced in J alone, in Edmonds' convention: <J_f M|O_10|J_i M> =
    (-1)^(J_f - M) (J_f 1 J_i; -M 0 M) <J_f||O||J_i>. The sign of all of them together is arbitrary for each level.

    Attributes
    ----------
    nuclide
        Symbol and mass number, like ``"Ar40"``.
    ground_state_spin
        J_i.
    spins
        J_f of each level.
    energy_MeV
        Excitation energies, MeV, in order; degenerate levels stand beside each other. Shape ``[level]``.
    proton_spin, neutron_spin
        S_p = <J_f||sum over protons of sigma||J_i> and S_n of the neutrons, shape ``[level]``.
    proton_orbital
        L_p = <J_f||sum over protons of l||J_i>, shape ``[level]``; zero where it is not known.
    quenching
        Ratio of every squared matrix element to its calculation, (g_A^eff/g_A)^2 for spins (1 nominally).
    relative_strength
        The same for each level by itself, shape ``[level]`` (1 nominally).
    """

    nuclide: str = eqx.field(static=True)
    ground_state_spin: float = eqx.field(static=True)
    spins: tuple[float, ...] = eqx.field(static=True, converter=lambda spins: tuple(map(float, spins)))
    energy_MeV: Float[Array, " level"] = eqx.field(converter=as_float)
    proton_spin: Float[Array, " level"] = eqx.field(converter=as_float)
    neutron_spin: Float[Array, " level"] = eqx.field(converter=as_float)
    proton_orbital: Float[Array, " level"] = eqx.field(converter=as_float)
    quenching: Float[Array, ""] = eqx.field(converter=as_float)
    relative_strength: Float[Array, " level"] = eqx.field(converter=as_float)

    def __init__(
        self,
        nuclide: str,
        ground_state_spin: float | int,
        spins: Sequence[float | int],
        energy_MeV,
        proton_spin,
        neutron_spin,
        proton_orbital=None,
        quenching: Float[Array, ""] | float = 1.0,
        relative_strength=None,
    ):
        self.nuclide = nuclide
        self.ground_state_spin = float(ground_state_spin)
        self.spins = tuple(map(float, spins))
        self.energy_MeV = as_float(energy_MeV)
        self.proton_spin = as_float(proton_spin)
        self.neutron_spin = as_float(neutron_spin)
        self.proton_orbital = jnp.zeros_like(self.energy_MeV) if proton_orbital is None else as_float(proton_orbital)
        self.quenching = as_float(quenching)
        one = jnp.ones_like(self.energy_MeV)
        self.relative_strength = one if relative_strength is None else as_float(relative_strength)

    def __check_init__(self):
        for name in ("proton_spin", "neutron_spin", "proton_orbital", "relative_strength"):
            check_knots("energy_MeV", self.energy_MeV, "MeV", name, getattr(self, name), equal=True)
        if is_concrete(self.energy_MeV) and not np.all(np.asarray(self.energy_MeV) > 0.0):
            raise CevnsjaxError(
                f"energy_MeV must be above zero (the ground state is no excitation), got {self.energy_MeV[0]} MeV."
            )
        for name in ("quenching", "relative_strength"):
            value = getattr(self, name)
            if is_concrete(value) and not np.all(good := np.isfinite(value) & (np.asarray(value) >= 0.0)):
                raise CevnsjaxError(f"{name} multiplies squares: it must not be negative, got {shown(value, good)}.")
        if len(self.spins) != self.energy_MeV.shape[0]:
            raise CevnsjaxError(f"spins must name J_f of all {self.energy_MeV.shape[0]} levels, got {len(self.spins)}.")
        for spin in (self.ground_state_spin, *self.spins):
            if spin < 0 or 2 * (spin - self.ground_state_spin) % 2:
                raise CevnsjaxError(
                    f"spins must be zero or positive, all integer or all half-integer, got {spin:g} beside J_i = "
                    f"{self.ground_state_spin:g}."
                )

    @classmethod
    def isovector(
        cls,
        nuclide: str,
        ground_state_spin: float | int,
        spins: Sequence[float | int],
        energy_MeV,
        squared_matrix_element,
    ) -> "NuclearLevels":
        """Build levels from isovector spin strengths alone, for instance measured B(GT) or B(M1).

        Parameters
        ----------
        nuclide, ground_state_spin, spins, energy_MeV
            As of the class.
        squared_matrix_element
            M2 = <J_f||sum sigma tau_0/2||J_i>^2 of each level, shape ``[level]``: S_p = -S_n = M2^(1/2).

        Raises
        ------
        CevnsjaxError
            If a strength is negative.
        """
        strength = np.asarray(squared_matrix_element, dtype=float)
        if np.any(~(np.isfinite(strength) & (strength >= 0.0))):
            worst = int(np.flatnonzero(~(np.isfinite(strength) & (strength >= 0.0)))[0])
            raise CevnsjaxError(
                f"A strength must be finite and not negative, got {strength[worst]:g} for level {worst} of {nuclide}."
            )
        amplitude = np.sqrt(strength)
        return cls(nuclide, ground_state_spin, spins, energy_MeV, amplitude, -amplitude)

    def strength(
        self,
        couplings: tuple[Float[Array, ""] | float, Float[Array, ""] | float],
        others: tuple[Float[Array, ""] | float, Float[Array, ""] | float] | None = None,
    ) -> Float[Array, " level"]:
        """(g_p S_p + g_n S_n)(g'_p S_p + g'_n S_n) of each level, with quenching; not divided by 2 J_i + 1.

        Parameters
        ----------
        couplings
            g_p and g_n to sum sigma of protons and of neutrons: (1/2, -1/2) for sum sigma tau_0/2.
        others
            g'_p and g'_n; the same unless given.
        """

        def amplitude(pair):
            return pair[0] * self.proton_spin + pair[1] * self.neutron_spin

        second = couplings if others is None else others
        return self.quenching * self.relative_strength * amplitude(couplings) * amplitude(second)

    @property
    def isovector_strength(self) -> Float[Array, " level"]:
        """M2 of sum sigma tau_0/2 of each level, with quenching: (S_p - S_n)^2/4."""
        return self.strength((0.5, -0.5))

    @property
    def isoscalar_strength(self) -> Float[Array, " level"]:
        """M2 of sum sigma/2 of each level, with quenching: (S_p + S_n)^2/4."""
        return self.strength((0.5, 0.5))

    @property
    def magnetic_dipole_up_muN2(self) -> Float[Array, " level"]:
        """B(M1) from the ground state, mu_N^2, with free g factors and quenching of the strength.

        3/(4 pi) (L_p + mu_p S_p + mu_n S_n)^2/(2 J_i + 1); needs ``proton_orbital``.
        """
        moment = self.proton_orbital + PROTON_MOMENT * self.proton_spin + NEUTRON_MOMENT * self.neutron_spin
        scale = _MAGNETIC_DIPOLE / (2.0 * self.ground_state_spin + 1.0)
        return scale * self.quenching * self.relative_strength * moment**2

    @property
    def gamma_width_MeV(self) -> Float[Array, " level"]:
        """Width of the M1 transition to the ground state, MeV: (16 pi/9) alpha/(4 m_p^2) E^3 B(M1) downwards."""
        down = (2.0 * self.ground_state_spin + 1.0) / (2.0 * as_float(self.spins) + 1.0) * self.magnetic_dipole_up_muN2
        return magnetic_dipole_width_MeV(self.energy_MeV, down)

    def take(self, keep) -> "NuclearLevels":
        """Return some of the levels, by indices or a mask of shape ``[level]``."""
        index = np.arange(len(self.spins))[np.asarray(keep)]
        return NuclearLevels(
            self.nuclide,
            self.ground_state_spin,
            [self.spins[i] for i in index],
            self.energy_MeV[index],
            self.proton_spin[index],
            self.neutron_spin[index],
            self.proton_orbital[index],
            self.quenching,
            self.relative_strength[index],
        )

    def between(self, lowest_MeV: float, highest_MeV: float) -> "NuclearLevels":
        """Return the levels from one energy to another, MeV.

        Raises
        ------
        CevnsjaxError
            If there is none.
        """
        energy = np.asarray(self.energy_MeV)
        inside = (energy >= lowest_MeV) & (energy <= highest_MeV)
        if not inside.any():
            raise CevnsjaxError(
                f"There is no level of {self.nuclide} from {lowest_MeV:g} to {highest_MeV:g} MeV; they go from "
                f"{energy[0]:g} to {energy[-1]:g} MeV."
            )
        return self.take(inside)

    def quenched(self, quenching) -> "NuclearLevels":
        """Return the same levels with another quenching of all strengths."""
        return dataclasses.replace(self, quenching=quenching)

    def quenched_to_magnetic_dipole(
        self, sum_muN2: float, lowest_MeV: float = 0.0, highest_MeV: float = math.inf
    ) -> "NuclearLevels":
        """Return the same levels, all strengths scaled so that a measured sum of B(M1) is met.

        Parameters
        ----------
        sum_muN2
            Measured sum of B(M1) from the ground state, mu_N^2.
        lowest_MeV, highest_MeV
            Where it was measured, MeV.
        """
        calculated = float(self.between(lowest_MeV, highest_MeV).magnetic_dipole_up_muN2.sum())
        if not (calculated > 0.0 and sum_muN2 >= 0.0):
            raise CevnsjaxError(f"The sums of B(M1) must be positive, got {sum_muN2:g} and {calculated:g} mu_N^2.")
        return self.quenched(self.quenching * (sum_muN2 / calculated))


def magnetic_dipole_width_MeV(energy_MeV, strength_down_muN2) -> Float[Array, "*level"]:
    """Width of an M1 transition, MeV: (16 pi/9) (alpha/(4 m_p^2)) E^3 B(M1), 0.0116 eV for 1 MeV and 1 mu_N^2.

    Parameters
    ----------
    energy_MeV
        Energies of the photon, MeV.
    strength_down_muN2
        B(M1) from the excited state, mu_N^2.
    """
    scale = (16.0 * math.pi / 9.0) * FINE_STRUCTURE_CONSTANT / (4.0 * PROTON_MASS_MEV**2)
    return scale * as_float(energy_MeV) ** 3 * as_float(strength_down_muN2)
