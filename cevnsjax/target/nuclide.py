"""Nuclides: charge, neutrons, mass and the two form factors."""

import functools
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV, ELECTRON_MASS_MEV
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.tables import Table, read_table
from cevnsjax.target.form_factor import AbstractFormFactor, KleinNystrand


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
    """

    proton_number: int = eqx.field(static=True)
    neutron_number: int = eqx.field(static=True)
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    proton_form_factor: AbstractFormFactor
    neutron_form_factor: AbstractFormFactor

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        if self.proton_number < 0 or self.neutron_number < 0:
            raise CevnsjaxError(f"A nuclide needs Z >= 0 and N >= 0, got {self.proton_number}, {self.neutron_number}.")

    @property
    def mass_number(self) -> int:
        """A = Z + N."""
        return self.proton_number + self.neutron_number


@functools.cache
def nuclide_table() -> Table:
    """Read the packaged table of atomic masses and natural abundances."""
    return read_table(
        "nuclides.csv",
        columns=("name", "proton_number", "mass_number", "atomic_mass_u", "abundance"),
        text_columns=("name",),
    )


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
    )
