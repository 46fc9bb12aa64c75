"""Materials: which nuclides, and how many of each in a kilogram."""

import dataclasses
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_floats, check_positive
from cevnsjax.constants import AVOGADRO_PER_MOL
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.target.form_factor import AbstractFormFactor, Helm, KleinNystrand, PointLike
from cevnsjax.target.formula import molar_mass_g_per_mol, nuclei_in_formula
from cevnsjax.target.levels import NuclearLevels
from cevnsjax.target.nuclide import Nuclide, nuclide

FORM_FACTORS: dict[str, Callable[[int], AbstractFormFactor]] = {
    "klein-nystrand": KleinNystrand.from_mass_number,
    "helm": Helm.lewin_smith,
    "point": lambda _: PointLike(),
}
"""Form factors of every nuclide, by the name used on the command line and in files."""


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

    def with_form_factors(self, name: str, *, proton: AbstractFormFactor, neutron: AbstractFormFactor) -> "Material":
        """Return the same material with other form factors of the protons and the neutrons of one nuclide.

        Raises
        ------
        UnknownNameError
            If it has no such nuclide.
        """
        if name not in self.nuclides:
            raise UnknownNameError("nuclide in this material", name, self.nuclides)
        changed = dataclasses.replace(self.nuclides[name], proton_form_factor=proton, neutron_form_factor=neutron)
        return Material({**self.nuclides, name: changed}, self.nuclei_per_formula_unit, self.molar_mass_g_per_mol)

    @property
    def levels(self) -> dict[str, NuclearLevels]:
        """Excited states by nuclide, where they are given."""
        return {name: each.levels for name, each in self.nuclides.items() if each.levels is not None}


def compound(
    formula: str, form_factor: Callable[[int], AbstractFormFactor] = KleinNystrand.from_mass_number
) -> Material:
    """Build a material from its chemical formula, elements in their natural isotopic composition unless it says more.

    Parameters
    ----------
    formula
        Like ``"CsI"``, ``"Bi4(GeO4)3"``, ``"D2O"``, ``"CsI(Tl)0.001"``; an isotope is ``"[Ge76]"`` or, alone,
        ``"Ge76"``; 87 % of it are ``"[Ge76:0.87]"``. :mod:`cevnsjax.target.formula` has the rules.
    form_factor
        Function from the mass number to the form factor of protons and of neutrons.

    Raises
    ------
    CevnsjaxError
        If the formula cannot be read or may mean two things.
    UnknownNameError
        If there is no such element.
    """
    counts = nuclei_in_formula(formula)
    nuclides = {name: nuclide(name, form_factor) for name in counts}
    return Material(nuclides, counts, molar_mass_g_per_mol(counts))
