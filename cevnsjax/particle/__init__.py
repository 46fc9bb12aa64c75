"""What travels: particles with a mass and couplings, wherever they are made and detected."""

from cevnsjax.particle.alp import Alp
from cevnsjax.particle.wimp import Wimp

__all__ = ["Alp", "Wimp"]
