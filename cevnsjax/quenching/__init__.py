"""How much is seen of a recoil."""

from cevnsjax.quenching.lindhard import AdiabaticLindhard, Lindhard, ModifiedLindhard
from cevnsjax.quenching.noble_liquid import ElectronQuenching, PhotonQuenching, ThomasImel
from cevnsjax.quenching.one_of import OneOf, alternatives
from cevnsjax.quenching.quenching import AbstractQuenching, ConstantQuenching, EnergyScale, PolynomialQuenching
from cevnsjax.quenching.sarkis import Sarkis
from cevnsjax.quenching.tabulated import MonotoneQuenching, TabulatedQuenching

__all__ = [
    "AbstractQuenching",
    "AdiabaticLindhard",
    "ConstantQuenching",
    "ElectronQuenching",
    "EnergyScale",
    "Lindhard",
    "ModifiedLindhard",
    "MonotoneQuenching",
    "OneOf",
    "PhotonQuenching",
    "PolynomialQuenching",
    "Sarkis",
    "TabulatedQuenching",
    "ThomasImel",
    "alternatives",
]
