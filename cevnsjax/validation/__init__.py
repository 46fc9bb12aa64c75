"""Published numbers that the package is held against; the tests pin every one of them."""

from cevnsjax.validation.alps import ALPS
from cevnsjax.validation.boosted import BOOSTED
from cevnsjax.validation.coherent_csi_2017 import COHERENT_CSI_2017
from cevnsjax.validation.coherent_csi_2021 import COHERENT_CSI_2021
from cevnsjax.validation.coherent_lar import COHERENT_LAR
from cevnsjax.validation.counting import COUNTING
from cevnsjax.validation.dark_limits import DARK_LIMITS
from cevnsjax.validation.dark_matter import DARK_MATTER
from cevnsjax.validation.decay_at_rest import DECAY_AT_REST
from cevnsjax.validation.designs import DESIGNS
from cevnsjax.validation.dresden_ii import DRESDEN_II
from cevnsjax.validation.electron_scattering import ELECTRON_SCATTERING
from cevnsjax.validation.form_factors import FORM_FACTORS
from cevnsjax.validation.light_bosons import LIGHT_BOSONS
from cevnsjax.validation.limits import LIMITS
from cevnsjax.validation.neutrino_reactions import NEUTRINO_REACTIONS
from cevnsjax.validation.nuclear_levels import NUCLEAR_LEVELS
from cevnsjax.validation.nuclear_lines import NUCLEAR_LINES
from cevnsjax.validation.oscillation import OSCILLATION
from cevnsjax.validation.peers import PEERS
from cevnsjax.validation.point_values import POINT_VALUES
from cevnsjax.validation.projections import PROJECTED
from cevnsjax.validation.prospect_hfir import PROSPECT_HFIR
from cevnsjax.validation.published_number import Comparison, PublishedNumber, compare
from cevnsjax.validation.quenching import QUENCHING
from cevnsjax.validation.reactor import REACTOR
from cevnsjax.validation.sources import SOURCES
from cevnsjax.validation.weak_charges import WEAK_CHARGES
from cevnsjax.validation.xenonnt_8b import XENONNT_8B

__all__ = [
    "PUBLISHED",
    "Comparison",
    "PublishedNumber",
    "compare",
]

PUBLISHED: tuple[PublishedNumber, ...] = (
    *FORM_FACTORS,
    *WEAK_CHARGES,
    *POINT_VALUES,
    *PEERS,
    *LIMITS,
    *ELECTRON_SCATTERING,
    *DECAY_AT_REST,
    *OSCILLATION,
    *QUENCHING,
    *REACTOR,
    *PROSPECT_HFIR,
    *NUCLEAR_LINES,
    *SOURCES,
    *ALPS,
    *COHERENT_CSI_2017,
    *COHERENT_CSI_2021,
    *COHERENT_LAR,
    *DRESDEN_II,
    *XENONNT_8B,
    *COUNTING,
    *PROJECTED,
    *DESIGNS,
    *NUCLEAR_LEVELS,
    *NEUTRINO_REACTIONS,
    *DARK_MATTER,
    *DARK_LIMITS,
    *BOOSTED,
    *LIGHT_BOSONS,
)
"""All published numbers, in the order of the table that ``cevnsjax validate`` prints."""
