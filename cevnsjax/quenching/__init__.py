"""How much is seen of a recoil."""

from cevnsjax.quenching.quenching import AbstractQuenching as AbstractQuenching
from cevnsjax.quenching.quenching import ConstantQuenching as ConstantQuenching
from cevnsjax.quenching.quenching import PolynomialQuenching as PolynomialQuenching
