"""What is hit: nuclides, materials, nuclear form factors and electron shells."""

from cevnsjax.target.electrons import ElectronShells, atoms_per_formula_unit, electron_shells, shells_per_formula_unit
from cevnsjax.target.form_factor import (
    AbstractFormFactor,
    Helm,
    KleinNystrand,
    NeutronSkin,
    OscillatorShell,
    PointLike,
    SymmetrizedFermi,
)
from cevnsjax.target.levels import NuclearLevels, magnetic_dipole_width_MeV
from cevnsjax.target.material import Material, compound
from cevnsjax.target.nuclide import NuclearSpin, Nuclide, nuclide

__all__ = [
    "AbstractFormFactor",
    "ElectronShells",
    "Helm",
    "KleinNystrand",
    "Material",
    "NeutronSkin",
    "NuclearLevels",
    "NuclearSpin",
    "Nuclide",
    "OscillatorShell",
    "PointLike",
    "SymmetrizedFermi",
    "atoms_per_formula_unit",
    "compound",
    "electron_shells",
    "magnetic_dipole_width_MeV",
    "nuclide",
    "shells_per_formula_unit",
]
