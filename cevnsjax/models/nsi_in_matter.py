"""What oscillations in matter would see of non-standard interactions."""

import functools

from cevnsjax.cross_section import EARTH_NEUTRONS_PER_PROTON, NSI
from cevnsjax.parameter import Derived


def _matter_combination(experiment, entry: tuple[int, int], reference: tuple[int, int] | None = None):
    """Real part of an entry of the NSI in the Earth's matter, less that of another entry."""
    terms = (term for each in experiment.interactions.values() for term in getattr(each, "terms", {}).values())
    matrix = next(term for term in terms if isinstance(term, NSI)).in_matter(EARTH_NEUTRONS_PER_PROTON)[0]
    return matrix[entry] - (0.0 if reference is None else matrix[reference])


NSI_IN_MATTER = (
    Derived("eps_ee_mumu_matter", functools.partial(_matter_combination, entry=(0, 0), reference=(1, 1))),
    Derived("eps_tautau_mumu_matter", functools.partial(_matter_combination, entry=(2, 2), reference=(1, 1))),
    Derived("eps_emu_matter", functools.partial(_matter_combination, entry=(0, 1))),
    Derived("eps_etau_matter", functools.partial(_matter_combination, entry=(0, 2))),
    Derived("eps_mutau_matter", functools.partial(_matter_combination, entry=(1, 2))),
)
"""What oscillations in matter see of NSI: LMA-Dark is near eps_ee - eps_mumu = -2."""
