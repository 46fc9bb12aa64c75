"""Which panels an experiment needs, and which it keeps when something is added."""

from collections.abc import Container
from typing import TYPE_CHECKING

from cevnsjax.arrays import is_concrete
from cevnsjax.cross_section import AbstractScattering, Panels, Recoil
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.view import PlacedFor, kinks_keV, place_panels
from cevnsjax.parameter import Parameter

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment


def recoils(experiment: "Experiment") -> set[tuple[Recoil, str]]:
    """What recoils in an experiment, with every source that makes it."""
    kinds = {
        name: each.recoil for name, each in experiment.interactions.items() if isinstance(each, AbstractScattering)
    }
    return {(kinds[name], source) for name, source in experiment.pairs if name in kinds}


def moved_kinks(before: "Experiment", after: "Experiment") -> set[Recoil]:
    """What recoils with other kinks in another experiment, as far as they are known: traced ones are not."""
    blocks = (*before.interactions.values(), *after.interactions.values())
    if not all(is_concrete(each.kinks_keV) for each in blocks if isinstance(each, AbstractScattering)):
        return set()
    old, new = kinks_keV(before), kinks_keV(after)
    return {recoil for recoil in new if recoil in old and new[recoil] != old[recoil]}


def placed_panels(
    experiment: "Experiment", parameters: tuple[Parameter, ...], without: Container[tuple[Recoil, str]] = ()
) -> dict[tuple[Recoil, str], Panels]:
    """Panels of everything that recoils, but for what has some.

    Raises
    ------
    CevnsjaxError
        Inside of transformations, where nothing can be placed.
    """
    wanted = sorted(pair for pair in recoils(experiment) if pair not in without)
    if wanted and PlacedFor.numbers_of(experiment) is None:
        raise CevnsjaxError(
            "An experiment must be built outside of jit, grad and vmap, where its nodes are placed; inside of them "
            "replace its leaves with equinox.tree_at."
        )
    return {pair: place_panels(experiment, *pair, parameters) for pair in wanted}
