"""What is hit: nuclides, materials and nuclear form factors."""

from cevnsjax.target.form_factor import AbstractFormFactor, Helm, KleinNystrand, PointLike, SymmetrizedFermi
from cevnsjax.target.material import Material, compound
from cevnsjax.target.nuclide import Nuclide, nuclide

__all__ = [
    "AbstractFormFactor",
    "Helm",
    "KleinNystrand",
    "Material",
    "Nuclide",
    "PointLike",
    "SymmetrizedFermi",
    "compound",
    "nuclide",
]
