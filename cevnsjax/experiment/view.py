"""What a detector sees of recoils, nominally and within the priors of what is not known of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, is_concrete, tree_as_float
from cevnsjax.constants import ELECTRON_MASS_MEV, HBAR_C_MEV_FM
from cevnsjax.cross_section import AbstractScattering, Panels, Recoil
from cevnsjax.experiment.kinked_events import furthest_kink_keV, moving_kink_keV
from cevnsjax.experiment.moving_sources import other_sources
from cevnsjax.experiment.placement import Recoiling, place
from cevnsjax.parameter import Parameter
from cevnsjax.paths import get_path, set_paths
from cevnsjax.prior_quantiles import prior_range
from cevnsjax.program import program
from cevnsjax.quenching import AbstractQuenching, alternatives
from cevnsjax.response import AbstractResponse
from cevnsjax.target import AbstractFormFactor, Material, Nuclide

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

_LARGEST_RECOIL_KEV, _BISECTIONS = 1e6, 80
_CHOICE = "quenching.choice"  # among models that are all looked at
_TAIL = 1e-3  # of a prior, beyond which a detector need not be seen as well


@program
def probabilities(
    quenching: AbstractQuenching | None, response: AbstractResponse, recoil_keV: Float[Array, " node"]
) -> Float[Array, "node bin"]:
    """Probability of each bin at recoil energies in keV; what is not quenched has no quenching."""
    return response.kernel(recoil_keV if quenching is None else quenching(recoil_keV))


@program
def _form_factor(form_factor: AbstractFormFactor, momentum_per_fm: Float[Array, " node"]) -> Float[Array, " node"]:
    return form_factor(momentum_per_fm)


class PlacedFor:
    """The numbers that nodes were placed for; of no consequence for what is compiled, so all are equal.

    Attributes
    ----------
    numbers
        All numbers of sources, target, quenching and response, as bytes.
    """

    def __init__(self, numbers: bytes):
        self.numbers = numbers

    def __eq__(self, other) -> bool:
        return isinstance(other, PlacedFor)

    def __hash__(self) -> int:
        return hash(PlacedFor)

    def same_as(self, other: "PlacedFor | None") -> bool:
        """Tell whether the numbers are the same."""
        return other is not None and self.numbers == other.numbers

    @classmethod
    def numbers_of(cls, experiment: "Experiment") -> "PlacedFor | None":
        """The numbers that an experiment has now; none where they are traced, or anything is."""
        blocks = experiment.sources, experiment.target, experiment.quenching, experiment.response
        leaves = [leaf for leaf in jax.tree.leaves(blocks) if eqx.is_array_like(leaf)]
        # inside of jit even a new zero is traced: nothing can be placed there, whatever the numbers are
        if not all(map(is_concrete, [*leaves, as_float(0.0)])):
            return None
        return cls(b"".join(np.asarray(leaf, dtype=float).tobytes() for leaf in leaves))


def kinks_keV(experiment: "Experiment") -> dict[Recoil, tuple[float, ...]]:
    """Recoil energies at which what is hit makes a spectrum jump, keV, by what recoils."""
    found: dict[Recoil, set[float]] = {}
    for each in experiment.interactions.values():
        if isinstance(each, AbstractScattering):
            found.setdefault(each.recoil, set()).update(np.asarray(each.kinks_keV, dtype=float).tolist())
    return {recoil: tuple(sorted(kinks)) for recoil, kinks in found.items()}


def place_panels(experiment: "Experiment", recoil: Recoil, source: str, parameters: tuple[Parameter, ...]) -> Panels:
    """Place the panels of what a source makes recoil in an experiment.

    Parameters
    ----------
    experiment
        The experiment, with concrete numbers.
    recoil
        What recoils: nuclei or electrons.
    source
        Name of the source.
    parameters
        What may be free: the detector is looked at within their priors too.
    """
    with jax.enable_x64(True):
        blocks = tree_as_float(
            {"quenching": experiment.quenching, "response": experiment.response, "target": experiment.target}
        )
        quenched = recoil is Recoil.NUCLEUS
        models = [{**blocks, "quenching": each} for each in alternatives(blocks["quenching"])] if quenched else [blocks]
        moving = [p for p in parameters if moves_what_is_seen(p, quenched) and p.paths != (_CHOICE,)]

        def view(blocks):
            quenching = blocks["quenching"] if quenched else None
            return lambda energy_keV: np.asarray(probabilities(quenching, blocks["response"], as_float(energy_keV)))

        views = [view(each) for each in (*models, *_variations(blocks, moving))]
        kinks = np.concatenate([*(_kinks_keV(each, quenched) for each in models), kinks_keV(experiment)[recoil]])
        if quenched:
            ranges = {path: prior_range(p.prior) for p in moving for path in p.paths if path.startswith("quenching.")}
            known = {path.removeprefix("quenching."): ends for path, ends in ranges.items() if ends is not None}
            kinks = np.append(kinks, furthest_kink_keV(blocks["quenching"], known))
        recoiling = _recoiling(blocks["target"], recoil)
        others = other_sources(experiment, source, parameters, views[0], recoiling[0].mass_MeV)
        sources = [experiment.sources[source].flux, *others]
        return place(sources, recoiling, views, kinks)


def moves_what_is_seen(parameter: Parameter, quenched: bool = True) -> bool:
    """Tell whether a parameter sets numbers of the detector alone: of quenching (for nuclei) and response."""
    rooms = ("quenching.", "response.") if quenched else ("response.",)
    return all(path.startswith(rooms) for path in parameter.paths)


def _variations(blocks: dict, moving: list[Parameter]) -> Iterator[dict]:
    """The blocks with each nuisance parameter near either end of its prior."""
    for parameter in moving:
        if any(get_path(blocks, path).ndim for path in parameter.paths):
            continue  # of more than one number: refused where parameters are checked
        for tail in (_TAIL, 1.0 - _TAIL):
            value = as_float(parameter.quantile(tail))
            yield set_paths(blocks, parameter.paths, [value] * len(parameter.paths))


def _kinks_keV(blocks: dict, quenched: bool) -> np.ndarray:
    """Recoil energies at which what is seen has a kink."""
    of_response = np.asarray(blocks["response"].kinks_keV, dtype=float)
    if not quenched:
        return of_response
    of_quenching = np.asarray(blocks["quenching"].kinks_keV, dtype=float)
    if (moving := moving_kink_keV(blocks["quenching"])) is not None:
        of_quenching = np.append(of_quenching, moving)
    return np.concatenate([of_quenching, _pulled_back(blocks["quenching"], of_response)])


@program
def _quenched(quenching: AbstractQuenching, recoil_keV: Float[Array, " point"]) -> Float[Array, " point"]:
    return quenching(recoil_keV)


def _pulled_back(quenching: AbstractQuenching, ionisation_keV: np.ndarray) -> np.ndarray:
    """Recoil energies that give ionisation energies, by bisection; what none gives is left out."""
    low, high = np.zeros_like(ionisation_keV), np.full_like(ionisation_keV, _LARGEST_RECOIL_KEV)
    if not ionisation_keV.size:
        return low
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        above = np.asarray(_quenched(quenching, as_float(middle))) > ionisation_keV
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return high[high < _LARGEST_RECOIL_KEV]


def _recoiling(target: Material, recoil: Recoil) -> list[Recoiling]:
    if recoil is not Recoil.NUCLEUS:
        return [Recoiling(ELECTRON_MASS_MEV, lambda energy_keV: np.ones_like(energy_keV))]

    def nucleus(nuclide: Nuclide) -> Recoiling:
        mass_MeV = float(nuclide.mass_MeV)

        def squared_amplitude(energy_keV: np.ndarray) -> np.ndarray:
            momentum_per_fm = np.sqrt(2.0 * mass_MeV * (1e-3 * energy_keV)) / HBAR_C_MEV_FM
            # of the form factor alone, so that one program is good for all nuclides
            form_factor = np.asarray(_form_factor(nuclide.neutron_form_factor, as_float(momentum_per_fm)))
            return (nuclide.neutron_number * form_factor) ** 2

        return Recoiling(mass_MeV, squared_amplitude)

    nuclides = sorted(target.nuclides.values(), key=lambda nuclide: float(nuclide.mass_MeV))
    return [nucleus(nuclide) for nuclide in nuclides[:1] + nuclides[1:][-1:]]
