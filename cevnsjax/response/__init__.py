"""What the detector makes of it."""

from cevnsjax.response.photo_electrons import AbstractEfficiency as AbstractEfficiency
from cevnsjax.response.photo_electrons import GammaPhotoElectrons as GammaPhotoElectrons
from cevnsjax.response.photo_electrons import SigmoidEfficiency as SigmoidEfficiency
from cevnsjax.response.response import AbstractResponse as AbstractResponse
from cevnsjax.response.response import TabulatedResponse as TabulatedResponse
from cevnsjax.response.response import TimeWindow as TimeWindow
