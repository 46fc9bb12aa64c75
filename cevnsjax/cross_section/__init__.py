"""What happens: cross sections as short sums of powers of the neutrino energy times couplings."""

from cevnsjax.cross_section.coherent import AbstractInteraction, Coherent, RecoilNodes, flux_averaged_cross_section
from cevnsjax.cross_section.kinematics import (
    AbstractMomentumTransfer,
    AbstractVectorKinematics,
    FourMomentum,
    HeavyNucleus,
    SpinHalf,
    SpinZero,
    ThreeMomentum,
)
from cevnsjax.cross_section.nsi import NSI
from cevnsjax.cross_section.standard_model import ErlerSu, PDGLegacy, Tomalak21, TreeLevel, weak_charge
from cevnsjax.cross_section.vector_term import AbstractVectorTerm, FlavourMatrix

__all__ = [
    "NSI",
    "AbstractInteraction",
    "AbstractMomentumTransfer",
    "AbstractVectorKinematics",
    "AbstractVectorTerm",
    "Coherent",
    "ErlerSu",
    "FlavourMatrix",
    "FourMomentum",
    "HeavyNucleus",
    "PDGLegacy",
    "RecoilNodes",
    "SpinHalf",
    "SpinZero",
    "ThreeMomentum",
    "Tomalak21",
    "TreeLevel",
    "flux_averaged_cross_section",
    "weak_charge",
]
