"""What travels: particles with a mass and couplings, wherever they are made and detected."""

from cevnsjax.particle.alp import Alp
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
from cevnsjax.particle.inelastic_dark_matter import InelasticDarkMatter
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
    "AbstractDarkMatter",
    "AbstractElasticDarkMatter",
    "AbstractKineticMixing",
    "AbstractPortal",
    "Alp",
    "ChargedMeson",
    "ChargedMesonDecay",
    "DiracDarkMatter",
    "InelasticDarkMatter",
    "Leptophobic",
    "MesonCouplings",
    "PortalCouplings",
    "ScalarDarkMatter",
    "VectorPortal",
    "VectorPortalYield",
    "Wimp",
    "charged_meson_decay",
]
