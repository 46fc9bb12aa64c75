"""What oscillations in matter would see of non-standard interactions."""

import functools

from cevnsjax.cross_section import EARTH_NEUTRONS_PER_PROTON, NSI
from cevnsjax.parameter import Derived


def _matter_combination(experiment, entry: tuple[int, int], reference: tuple[int, int] | None = None):
    """Real part of an entry of the NSI in the Earth's matter, less that of another entry."""
    terms = (term for each in experiment.interactions.values() for term in getattr(each, "terms", {}).values())
    matrix = next(term for term in terms if isinstance(term, NSI)).in_matter(EARTH_NEUTRONS_PER_PROTON)[0]
    return matrix[entry] - (0.0 if reference is None else matrix[reference])


def _derived(name: str, flavours: str, entry: tuple[int, int], reference: tuple[int, int] | None = None) -> Derived:
    less = "" if reference is None else r" - \epsilon^\oplus_{\mu\mu}"
    return Derived(
        name,
        functools.partial(_matter_combination, entry=entry, reference=reference),
        symbol=rf"$\epsilon^\oplus_{{{flavours}}}{less}$",
    )


NSI_IN_MATTER = (
    _derived("eps_ee_mumu_matter", "ee", (0, 0), (1, 1)),
    _derived("eps_tautau_mumu_matter", r"\tau\tau", (2, 2), (1, 1)),
    _derived("eps_emu_matter", r"e\mu", (0, 1)),
    _derived("eps_etau_matter", r"e\tau", (0, 2)),
    _derived("eps_mutau_matter", r"\mu\tau", (1, 2)),
)
"""What oscillations in matter see of NSI: LMA-Dark is near eps_ee - eps_mumu = -2."""
