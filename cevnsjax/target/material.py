"""Materials: which nuclides, and how many of each in a kilogram."""

import dataclasses
import re
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_floats, check_positive
from cevnsjax.constants import AVOGADRO_PER_MOL
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.target.form_factor import AbstractFormFactor, KleinNystrand
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.nuclide import Nuclide, nuclide, nuclide_table


class Material(eqx.Module):
    """A chemical formula unit with its isotopes.

    Attributes
    ----------
    nuclides
        The nuclides by name; each keeps its own mass and end point.
    nuclei_per_formula_unit
        How many nuclei of each nuclide a formula unit holds on average (abundances included).
    molar_mass_g_per_mol
        Mass of a mole of formula units, g/mol.
    """

    nuclides: dict[str, Nuclide]
    nuclei_per_formula_unit: dict[str, Float[Array, ""]] = eqx.field(converter=as_floats)
    molar_mass_g_per_mol: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        if self.nuclides.keys() != self.nuclei_per_formula_unit.keys():
            raise CevnsjaxError("nuclides and nuclei_per_formula_unit must name the same nuclides.")
        check_positive("molar_mass_g_per_mol", self.molar_mass_g_per_mol, "g/mol")
        for name, count in self.nuclei_per_formula_unit.items():
            check_positive(f"nuclei_per_formula_unit[{name!r}]", count, "nuclei")

    @property
    def formula_units_per_kg(self) -> Float[Array, ""]:
        """Formula units in a kilogram of the material, kg^-1."""
        return (1e3 * AVOGADRO_PER_MOL) / self.molar_mass_g_per_mol

    def nuclei_per_kg(self, name: str) -> Float[Array, ""]:
        """Nuclei of one nuclide in a kilogram of the material, kg^-1."""
        return self.nuclei_per_formula_unit[name] * self.formula_units_per_kg

    def with_levels(self, *levels: NuclearLevels) -> "Material":
        """Return the same material with excited states of some of its nuclides.

        Raises
        ------
        UnknownNameError
            If it has no such nuclide.
        """
        nuclides = dict(self.nuclides)
        for each in levels:
            if each.nuclide not in nuclides:
                raise UnknownNameError("nuclide in this material", each.nuclide, nuclides)
            nuclides[each.nuclide] = dataclasses.replace(nuclides[each.nuclide], levels=each)
        return Material(nuclides, self.nuclei_per_formula_unit, self.molar_mass_g_per_mol)

    @property
    def levels(self) -> dict[str, NuclearLevels]:
        """Excited states by nuclide, where they are given."""
        return {name: each.levels for name, each in self.nuclides.items() if each.levels is not None}


def compound(
    formula: str, form_factor: Callable[[int], AbstractFormFactor] = KleinNystrand.from_mass_number
) -> Material:
    """Build a material of natural isotopic composition from its chemical formula.

    Parameters
    ----------
    formula
        Like ``"CsI"``, ``"Ge"``, ``"CaWO4"``, or with an isotope in brackets for an enriched element: ``"[Ar40]"``.
    form_factor
        Function from the mass number to the form factor of protons and of neutrons.

    Raises
    ------
    CevnsjaxError
        If the formula cannot be read or an element has no natural isotope in the table.
    """
    parts = re.findall(r"(\[[A-Z][a-z]?\d+\]|[A-Z][a-z]?)(\d*)", formula)
    if not parts or "".join(symbol + count for symbol, count in parts) != formula:
        raise CevnsjaxError(f"formula must be element symbols with counts, like 'CaWO4' or '[Ar40]', got {formula!r}.")
    table = nuclide_table()
    names = [str(name) for name in table["name"]]
    masses = dict(zip(names, table["atomic_mass_u"], strict=True))
    natural = {name: value for name, value in zip(names, table["abundance"], strict=True) if value > 0}
    counts: dict[str, float] = {}
    for symbol, count in parts:
        if symbol.startswith("["):
            isotopes = {symbol[1:-1]: 1.0}
        else:
            isotopes = {name: value for name, value in natural.items() if re.fullmatch(symbol + r"\d+", name)}
        if not isotopes:
            known = {re.sub(r"\d", "", name) for name in natural}
            raise UnknownNameError("element with a natural isotope", symbol, known)
        total = sum(isotopes.values())
        for name, abundance in isotopes.items():
            counts[name] = counts.get(name, 0.0) + int(count or 1) * abundance / total
    nuclides = {name: nuclide(name, form_factor) for name in counts}
    molar_mass = sum(count * masses[name] for name, count in counts.items())
    return Material(nuclides, counts, molar_mass)
