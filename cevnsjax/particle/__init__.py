"""What travels: particles with a mass and couplings, wherever they are made and detected."""

from cevnsjax.particle.alp import Alp
from cevnsjax.particle.axial_boson import (
    MEG_II_LIMITS,
    X17_MASS_MEV,
    AbstractAxialTransition,
    AxialBoson,
    SpinDipoleTransition,
    SpinTransition,
)
from cevnsjax.particle.charged_meson_decay import (
    ChargedMeson,
    ChargedMesonDecay,
    MesonCouplings,
    charged_meson_decay,
)
from cevnsjax.particle.dark_matter import (
    AbstractDarkMatter,
    AbstractElasticDarkMatter,
    DiracDarkMatter,
    ScalarDarkMatter,
)
from cevnsjax.particle.dark_photon import DarkPhoton
from cevnsjax.particle.dark_scalar import DarkScalar
from cevnsjax.particle.inelastic_dark_matter import InelasticDarkMatter
from cevnsjax.particle.light_boson import AbstractLightBoson
from cevnsjax.particle.pair_annihilation import annihilation, resonance_energy_MeV, resonance_strength_per_MeV
from cevnsjax.particle.photon_conversion import (
    compton_nodes,
    compton_threshold_MeV,
    inverse_compton,
    inverse_primakoff,
    primakoff,
)
from cevnsjax.particle.portal import (
    AbstractKineticMixing,
    AbstractPortal,
    Leptophobic,
    PortalCouplings,
    VectorPortal,
    VectorPortalYield,
)
from cevnsjax.particle.wimp import Wimp

__all__ = [
    "MEG_II_LIMITS",
    "X17_MASS_MEV",
    "AbstractAxialTransition",
    "AbstractDarkMatter",
    "AbstractElasticDarkMatter",
    "AbstractKineticMixing",
    "AbstractLightBoson",
    "AbstractPortal",
    "Alp",
    "AxialBoson",
    "ChargedMeson",
    "ChargedMesonDecay",
    "DarkPhoton",
    "DarkScalar",
    "DiracDarkMatter",
    "InelasticDarkMatter",
    "Leptophobic",
    "MesonCouplings",
    "PortalCouplings",
    "ScalarDarkMatter",
    "SpinDipoleTransition",
    "SpinTransition",
    "VectorPortal",
    "VectorPortalYield",
    "Wimp",
    "annihilation",
    "charged_meson_decay",
    "compton_nodes",
    "compton_threshold_MeV",
    "inverse_compton",
    "inverse_primakoff",
    "primakoff",
    "resonance_energy_MeV",
    "resonance_strength_per_MeV",
]
