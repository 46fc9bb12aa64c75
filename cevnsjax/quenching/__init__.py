"""How much is seen of a recoil."""

from cevnsjax.quenching.quenching import AbstractQuenching, ConstantQuenching, PolynomialQuenching

__all__ = [
    "AbstractQuenching",
    "ConstantQuenching",
    "PolynomialQuenching",
]
