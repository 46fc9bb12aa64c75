"""What the detector makes of it."""

from cevnsjax.response.efficiency import DepositEfficiency, TabulatedEfficiency
from cevnsjax.response.gaussian import GaussianResponse, Resolution
from cevnsjax.response.photo_electrons import AbstractEfficiency, GammaPhotoElectrons, SigmoidEfficiency
from cevnsjax.response.poisson_photo_electrons import PoissonPhotoElectrons
from cevnsjax.response.response import AbstractResponse, TabulatedResponse, TimeWindow
from cevnsjax.response.template import SplitResponse, TemplateResponse

__all__ = [
    "AbstractEfficiency",
    "AbstractResponse",
    "DepositEfficiency",
    "GammaPhotoElectrons",
    "GaussianResponse",
    "PoissonPhotoElectrons",
    "Resolution",
    "SigmoidEfficiency",
    "SplitResponse",
    "TabulatedEfficiency",
    "TabulatedResponse",
    "TemplateResponse",
    "TimeWindow",
]
