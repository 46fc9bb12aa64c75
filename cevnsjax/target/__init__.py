"""What is hit: nuclides, materials, nuclear form factors and electron shells."""

from cevnsjax.target.bigstick import ShellModelSpectrum, read_bigstick_spectrum, read_bigstick_strength
from cevnsjax.target.densities import (
    ShellModelDensities,
    levels_from_densities,
    read_bigstick_densities,
    spin_from_densities,
)
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
from cevnsjax.target.level_file import read_levels
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
    "ShellModelDensities",
    "ShellModelSpectrum",
    "SymmetrizedFermi",
    "atoms_per_formula_unit",
    "compound",
    "electron_shells",
    "levels_from_densities",
    "magnetic_dipole_width_MeV",
    "nuclide",
    "read_bigstick_densities",
    "read_bigstick_spectrum",
    "read_bigstick_strength",
    "read_levels",
    "shells_per_formula_unit",
    "spin_from_densities",
]
