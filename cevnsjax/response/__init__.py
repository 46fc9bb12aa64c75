"""What the detector makes of it."""

from cevnsjax.response.deposit_efficiency import DepositEfficiency
from cevnsjax.response.efficiency import TabulatedEfficiency
from cevnsjax.response.gaussian import GaussianResponse, Resolution
from cevnsjax.response.photo_electron_efficiency import AbstractPhotoElectronEfficiency, SigmoidEfficiency
from cevnsjax.response.photo_electrons import GammaPhotoElectrons
from cevnsjax.response.poisson_photo_electrons import PoissonPhotoElectrons
from cevnsjax.response.response import AbstractResponse, TabulatedResponse
from cevnsjax.response.template import SplitResponse, TemplateResponse
from cevnsjax.response.time_window import TimeWindow

__all__ = [
    "AbstractPhotoElectronEfficiency",
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
