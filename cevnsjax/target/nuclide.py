"""Nuclides: charge, neutrons, mass and the two form factors."""

import functools
import math
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV, ELECTRON_MASS_MEV
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.tables import Table, read_table
from cevnsjax.target.form_factor import AbstractFormFactor, KleinNystrand
from cevnsjax.target.levels import NuclearLevels


class NuclearSpin(eqx.Module):
    """Spin of a nuclear ground state, as far as axial scattering sees it.

    Attributes
    ----------
    angular_momentum
        J, above zero.
    proton_spin, neutron_spin
        Expectation values <S_p> and <S_n> of the summed spins of protons and neutrons in the state M = J.
    """

    angular_momentum: float = eqx.field(static=True)
    proton_spin: Float[Array, ""] = eqx.field(converter=as_float)
    neutron_spin: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        if self.angular_momentum <= 0 or 2 * self.angular_momentum % 1:
            raise CevnsjaxError(f"angular_momentum must be 1/2, 1, 3/2 ..., got {self.angular_momentum}.")


class Nuclide(eqx.Module):
    """One nuclide.

    Attributes
    ----------
    proton_number, neutron_number
        Z and N.
    mass_MeV
        Mass of the nucleus (without electrons), MeV.
    proton_form_factor, neutron_form_factor
        Form factors of the proton and the neutron density.
    spin
        Spin of the ground state; ``None`` for spin 0, and where no matrix elements are known.
    levels
        Excited states, for what ends in one of them; ``None`` where they do not matter.
    """

    proton_number: int = eqx.field(static=True)
    neutron_number: int = eqx.field(static=True)
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    proton_form_factor: AbstractFormFactor
    neutron_form_factor: AbstractFormFactor
    spin: NuclearSpin | None = None
    levels: NuclearLevels | None = None

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        if self.proton_number < 0 or self.neutron_number < 0:
            raise CevnsjaxError(f"A nuclide needs Z >= 0 and N >= 0, got {self.proton_number}, {self.neutron_number}.")

    @property
    def mass_number(self) -> int:
        """A = Z + N."""
        return self.proton_number + self.neutron_number

    @property
    def has_spin_zero(self) -> bool:
        """Whether the ground state has no spin, as all with even Z and even N."""
        return self.proton_number % 2 == 0 and self.neutron_number % 2 == 0

    def vector_amplitudes(self, momentum_per_fm: Float[Array, "*node"]) -> tuple[Float[Array, "*node"], ...]:
        """Z F_p and N F_n, what couplings to protons and neutrons add up to, at momentum transfers in fm^-1."""
        return (
            self.proton_number * self.proton_form_factor(momentum_per_fm),
            self.neutron_number * self.neutron_form_factor(momentum_per_fm),
        )

    def check_spin_known(self) -> None:
        """Refuse a nucleus with spin whose matrix elements are not known.

        Raises
        ------
        CevnsjaxError
            If it is one.
        """
        if self.spin is None and not self.has_spin_zero:
            raise CevnsjaxError(
                f"There are no spin matrix elements for Z = {self.proton_number}, A = {self.mass_number}: give the "
                "nuclide a NuclearSpin, or leave the axial term out."
            )

    def axial_amplitudes(self, momentum_per_fm: Float[Array, "*node"]) -> tuple[Float[Array, "*node"], ...]:
        """sqrt((J + 1)/(3 J)) times <S_p> F_p and <S_n> F_n, at momentum transfers in fm^-1; zero for spin 0.

        At q = 0 that is the long-wavelength limit of M. Hoferichter, J. Menendez and A. Schwenk, Phys. Rev. D 102,
        074018 (2020), eq. 89; spins are taken to be distributed like matter, an approximation.

        Raises
        ------
        CevnsjaxError
            If the nucleus has spin, and no matrix elements are known.
        """
        self.check_spin_known()
        if self.spin is None or self.has_spin_zero:
            return jnp.zeros_like(momentum_per_fm), jnp.zeros_like(momentum_per_fm)
        scale = math.sqrt((self.spin.angular_momentum + 1.0) / (3.0 * self.spin.angular_momentum))
        return (
            scale * self.spin.proton_spin * self.proton_form_factor(momentum_per_fm),
            scale * self.spin.neutron_spin * self.neutron_form_factor(momentum_per_fm),
        )


@functools.cache
def nuclide_table() -> Table:
    """Read the packaged table of atomic masses and natural abundances."""
    return read_table(
        "nuclides.csv",
        columns=("name", "proton_number", "mass_number", "atomic_mass_u", "abundance"),
        text_columns=("name",),
    )


@functools.cache
def _spins() -> dict[str, tuple[float, float, float]]:
    table = read_table(
        "nuclear_spins.csv", columns=("name", "angular_momentum", "proton_spin", "neutron_spin"), text_columns=("name",)
    )
    numbers = (table[column] for column in ("angular_momentum", "proton_spin", "neutron_spin"))
    return {
        str(name): (float(j), float(proton), float(neutron))
        for name, j, proton, neutron in zip(table["name"], *numbers, strict=True)
    }


def nuclide(
    name: str,
    form_factor: Callable[[int], AbstractFormFactor] = KleinNystrand.from_mass_number,
    mass_MeV: float | None = None,
) -> Nuclide:
    """Look up a nuclide by name.

    Parameters
    ----------
    name
        Symbol and mass number, like ``"Cs133"``.
    form_factor
        Function from the mass number to the form factor, used for protons and neutrons.
    mass_MeV
        Mass of the nucleus in MeV; by default the atomic mass of the table less Z electron masses.

    Raises
    ------
    UnknownNameError
        If the nuclide is not in the table.
    """
    table = nuclide_table()
    names = list(table["name"])
    if name not in names:
        raise UnknownNameError("nuclide", name, names)
    row = names.index(name)
    proton_number, mass_number = int(table["proton_number"][row]), int(table["mass_number"][row])
    if mass_MeV is None:
        mass_MeV = float(table["atomic_mass_u"][row]) * ATOMIC_MASS_UNIT_MEV - proton_number * ELECTRON_MASS_MEV
    return Nuclide(
        proton_number,
        mass_number - proton_number,
        mass_MeV,
        form_factor(mass_number),
        form_factor(mass_number),
        NuclearSpin(*_spins()[name]) if name in _spins() else None,
    )
