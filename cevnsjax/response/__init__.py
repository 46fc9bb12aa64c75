"""What the detector makes of it."""

from cevnsjax.response.photo_electrons import AbstractEfficiency, GammaPhotoElectrons, SigmoidEfficiency
from cevnsjax.response.response import AbstractResponse, TabulatedResponse, TimeWindow

__all__ = [
    "AbstractEfficiency",
    "AbstractResponse",
    "GammaPhotoElectrons",
    "SigmoidEfficiency",
    "TabulatedResponse",
    "TimeWindow",
]
