"""What happens: amplitudes that are sums of couplings, and cross sections as short sums of powers of the energy."""

from cevnsjax.cross_section.allowed import (
    AllowedReaction,
    argon_to_potassium,
    carbon_to_nitrogen,
    gallium_to_germanium,
)
from cevnsjax.cross_section.alp_nucleus import (
    AbstractAbsorptionStrength,
    AlpAbsorption,
    GoldenRule,
    TalkNormalisation,
    resonance_energy_MeV,
)
from cevnsjax.cross_section.average import flux_averaged_cross_section
from cevnsjax.cross_section.axial import Axial
from cevnsjax.cross_section.axial_boson_emission import AxialBosonEmission
from cevnsjax.cross_section.boson_detection import AbstractConversion, BosonDecay, InverseCompton, InversePrimakoff
from cevnsjax.cross_section.charged_current import ChargedCurrent, ReactionNodes
from cevnsjax.cross_section.coherent import Coherent
from cevnsjax.cross_section.coulomb import (
    AbstractCoulombCorrection,
    EffectiveMomentum,
    FermiFunction,
    NoCoulomb,
    SmallerCorrection,
)
from cevnsjax.cross_section.dark_decay import DarkDecay
from cevnsjax.cross_section.dark_excitation import DarkExcitation
from cevnsjax.cross_section.dark_scattering import DarkElectron, DarkNucleus
from cevnsjax.cross_section.dark_talk import TalkGamowTeller
from cevnsjax.cross_section.dark_transition import AbstractDarkTransition, GamowTeller, MagneticDipole
from cevnsjax.cross_section.dipole_portal import DipolePortal
from cevnsjax.cross_section.electromagnetic import ChargeRadius, MagneticMoment, MajoranaMoment, Millicharge
from cevnsjax.cross_section.electron import ElectronNSI, ElectronScattering, ElectronTreeLevel
from cevnsjax.cross_section.excitation_shape import AbstractExcitationShape, FiniteMomentum, LongWavelength
from cevnsjax.cross_section.flavour import FlavourMatrix, FlavourVector
from cevnsjax.cross_section.flux_averages import FluxAverage, flux_averaged_measurements
from cevnsjax.cross_section.generalized import (
    GeneralizedScalar,
    GeneralizedTensor,
    GeneralizedVector,
    QuarkScalar,
    QuarkTensor,
)
from cevnsjax.cross_section.inclusive import TabulatedReaction, inclusive_reaction, inclusive_reactions
from cevnsjax.cross_section.interaction import (
    AbstractDeposit,
    AbstractInteraction,
    AbstractNeutrinoScattering,
    AbstractScattering,
    Recoil,
)
from cevnsjax.cross_section.inverse_beta_decay import inverse_beta_decay_cross_section_cm2
from cevnsjax.cross_section.kinematics import (
    AbstractMomentumTransfer,
    AbstractVectorKinematics,
    FourMomentum,
    HeavyNucleus,
    SpinHalf,
    SpinZero,
    ThreeMomentum,
)
from cevnsjax.cross_section.left_out import LEFT_OUT
from cevnsjax.cross_section.light_scalar import (
    LightScalar,
    LightTensor,
    nucleon_scalar_couplings,
    nucleon_tensor_couplings,
)
from cevnsjax.cross_section.light_vector import BaryonMinusLeptons, LightVector, MuonMinusTau
from cevnsjax.cross_section.neutral_current_excitation import ExcitationNodes, NeutralCurrentExcitation
from cevnsjax.cross_section.nodes import AbstractNodes, RecoilNodes
from cevnsjax.cross_section.nsi import EARTH_NEUTRONS_PER_PROTON, NSI
from cevnsjax.cross_section.panels import Panels
from cevnsjax.cross_section.reaction import AbstractReaction
from cevnsjax.cross_section.standard_model import ErlerSu, PDGLegacy, Tomalak21, TreeLevel, weak_charge
from cevnsjax.cross_section.term import (
    AbstractAxialTerm,
    AbstractElectronTerm,
    AbstractMagneticTerm,
    AbstractScalarTerm,
    AbstractTensorTerm,
    AbstractTerm,
    AbstractVectorTerm,
)
from cevnsjax.cross_section.wimp_nucleus import WimpNodes, WimpNucleus

__all__ = [
    "EARTH_NEUTRONS_PER_PROTON",
    "LEFT_OUT",
    "NSI",
    "AbstractAbsorptionStrength",
    "AbstractAxialTerm",
    "AbstractConversion",
    "AbstractCoulombCorrection",
    "AbstractDarkTransition",
    "AbstractDeposit",
    "AbstractElectronTerm",
    "AbstractExcitationShape",
    "AbstractInteraction",
    "AbstractMagneticTerm",
    "AbstractMomentumTransfer",
    "AbstractNeutrinoScattering",
    "AbstractNodes",
    "AbstractReaction",
    "AbstractScalarTerm",
    "AbstractScattering",
    "AbstractTensorTerm",
    "AbstractTerm",
    "AbstractVectorKinematics",
    "AbstractVectorTerm",
    "AllowedReaction",
    "AlpAbsorption",
    "Axial",
    "AxialBosonEmission",
    "BaryonMinusLeptons",
    "BosonDecay",
    "ChargeRadius",
    "ChargedCurrent",
    "Coherent",
    "DarkDecay",
    "DarkElectron",
    "DarkExcitation",
    "DarkNucleus",
    "DipolePortal",
    "EffectiveMomentum",
    "ElectronNSI",
    "ElectronScattering",
    "ElectronTreeLevel",
    "ErlerSu",
    "ExcitationNodes",
    "FermiFunction",
    "FiniteMomentum",
    "FlavourMatrix",
    "FlavourVector",
    "FluxAverage",
    "FourMomentum",
    "GamowTeller",
    "GeneralizedScalar",
    "GeneralizedTensor",
    "GeneralizedVector",
    "GoldenRule",
    "HeavyNucleus",
    "InverseCompton",
    "InversePrimakoff",
    "LightScalar",
    "LightTensor",
    "LightVector",
    "LongWavelength",
    "MagneticDipole",
    "MagneticMoment",
    "MajoranaMoment",
    "Millicharge",
    "MuonMinusTau",
    "NeutralCurrentExcitation",
    "NoCoulomb",
    "PDGLegacy",
    "Panels",
    "QuarkScalar",
    "QuarkTensor",
    "ReactionNodes",
    "Recoil",
    "RecoilNodes",
    "SmallerCorrection",
    "SpinHalf",
    "SpinZero",
    "TabulatedReaction",
    "TalkGamowTeller",
    "TalkNormalisation",
    "ThreeMomentum",
    "Tomalak21",
    "TreeLevel",
    "WimpNodes",
    "WimpNucleus",
    "argon_to_potassium",
    "carbon_to_nitrogen",
    "flux_averaged_cross_section",
    "flux_averaged_measurements",
    "gallium_to_germanium",
    "inclusive_reaction",
    "inclusive_reactions",
    "inverse_beta_decay_cross_section_cm2",
    "nucleon_scalar_couplings",
    "nucleon_tensor_couplings",
    "resonance_energy_MeV",
    "weak_charge",
]
