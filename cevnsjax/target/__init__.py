"""What is hit: nuclides, materials, nuclear form factors and electron shells."""

from cevnsjax.target.bigstick import read_bigstick_spectrum, read_bigstick_strength
from cevnsjax.target.densities import (
    ShellModelDensities,
    levels_from_densities,
    spin_from_densities,
)
from cevnsjax.target.density_file import read_bigstick_densities
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
from cevnsjax.target.form_factor_moments import MomentExpansion
from cevnsjax.target.form_factor_table import TabulatedFormFactor
from cevnsjax.target.kshell import read_kshell_levels, read_kshell_spectrum
from cevnsjax.target.level_file import read_levels
from cevnsjax.target.level_tables import (
    MeasuredLevel,
    available_levels,
    dutta_huang_newstead_pandey_levels,
    level_table,
    measured_levels,
    nuclear_levels,
)
from cevnsjax.target.levels import NuclearLevels, magnetic_dipole_width_MeV
from cevnsjax.target.material import FORM_FACTORS, Material, compound
from cevnsjax.target.nuclide import NuclearSpin, Nuclide, nuclide
from cevnsjax.target.shell_model import ShellModelSpectrum

__all__ = [
    "FORM_FACTORS",
    "AbstractFormFactor",
    "ElectronShells",
    "Helm",
    "KleinNystrand",
    "Material",
    "MeasuredLevel",
    "MomentExpansion",
    "NeutronSkin",
    "NuclearLevels",
    "NuclearSpin",
    "Nuclide",
    "OscillatorShell",
    "PointLike",
    "ShellModelDensities",
    "ShellModelSpectrum",
    "SymmetrizedFermi",
    "TabulatedFormFactor",
    "atoms_per_formula_unit",
    "available_levels",
    "compound",
    "dutta_huang_newstead_pandey_levels",
    "electron_shells",
    "level_table",
    "levels_from_densities",
    "magnetic_dipole_width_MeV",
    "measured_levels",
    "nuclear_levels",
    "nuclide",
    "read_bigstick_densities",
    "read_bigstick_spectrum",
    "read_bigstick_strength",
    "read_kshell_levels",
    "read_kshell_spectrum",
    "read_levels",
    "shells_per_formula_unit",
    "spin_from_densities",
]
