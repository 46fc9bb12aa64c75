"""What happens: cross sections as short sums of powers of the neutrino energy times couplings."""

from cevnsjax.cross_section.coherent import AbstractInteraction as AbstractInteraction
from cevnsjax.cross_section.coherent import Coherent as Coherent
from cevnsjax.cross_section.coherent import RecoilNodes as RecoilNodes
from cevnsjax.cross_section.coherent import flux_averaged_cross_section as flux_averaged_cross_section
from cevnsjax.cross_section.kinematics import AbstractMomentumTransfer as AbstractMomentumTransfer
from cevnsjax.cross_section.kinematics import AbstractVectorKinematics as AbstractVectorKinematics
from cevnsjax.cross_section.kinematics import FourMomentum as FourMomentum
from cevnsjax.cross_section.kinematics import HeavyNucleus as HeavyNucleus
from cevnsjax.cross_section.kinematics import SpinHalf as SpinHalf
from cevnsjax.cross_section.kinematics import SpinZero as SpinZero
from cevnsjax.cross_section.kinematics import ThreeMomentum as ThreeMomentum
from cevnsjax.cross_section.nsi import NSI as NSI
from cevnsjax.cross_section.standard_model import ErlerSu as ErlerSu
from cevnsjax.cross_section.standard_model import PDGLegacy as PDGLegacy
from cevnsjax.cross_section.standard_model import Tomalak21 as Tomalak21
from cevnsjax.cross_section.standard_model import TreeLevel as TreeLevel
from cevnsjax.cross_section.standard_model import weak_charge as weak_charge
from cevnsjax.cross_section.vector_term import AbstractVectorTerm as AbstractVectorTerm
from cevnsjax.cross_section.vector_term import FlavourMatrix as FlavourMatrix
