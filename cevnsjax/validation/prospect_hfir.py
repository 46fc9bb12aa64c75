"""PROSPECT's spectrum of HFIR against its own prediction."""

from cevnsjax.experiment import prospect_hfir
from cevnsjax.validation.published_number import PublishedNumber

_SOURCE = "supplement to PROSPECT's spectrum of HFIR: data, covariance and prediction in 32 prompt bins"
_CONVENTION = "one free norm of the prediction with all of its components, the released covariance"

PROSPECT_HFIR = (
    PublishedNumber(
        id="prospect-hfir-chi2",
        source=_SOURCE,
        convention=f"{_CONVENTION}; 31 degrees of freedom",
        published=31.5,
        tolerance=0.1,
        unit="1",
        compute=lambda: prospect_hfir().fitted_norm().chi2,
    ),
    PublishedNumber(
        id="prospect-hfir-norm",
        source=_SOURCE,
        convention=_CONVENTION,
        published=0.986,
        tolerance=0.001,
        unit="1",
        compute=lambda: prospect_hfir().fitted_norm().norm,
    ),
)
