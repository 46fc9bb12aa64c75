"""What sources may become within the priors of what moves their break points, or the mass of what they send."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.cross_section.kinematics import minimum_neutrino_energy_MeV
from cevnsjax.cross_section.panels import recoil_ends_MeV
from cevnsjax.experiment.placement import Seen
from cevnsjax.flux import AbstractSource
from cevnsjax.parameter import Parameter
from cevnsjax.paths import get_path, set_paths
from cevnsjax.prior_quantiles import prior_quantiles
from cevnsjax.program import program
from cevnsjax.reached import reaching

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

_CANDIDATES, _CASES = 400, 24
_TAIL = 1e-3  # of a prior, and of the probability of being seen
_SEEN_KEV = (1e-4, 1e6)


def moves_where_sources_end(experiment: "Experiment", parameter: Parameter) -> bool:
    """Tell whether a parameter moves break points of a source, or the mass of what it sends."""
    return any(_moved_ends(experiment, source, (parameter,)) for source in experiment.sources)


def _moved_ends(experiment: "Experiment", source: str, parameters: tuple[Parameter, ...]) -> list[Parameter]:
    """Those parameters that move break points of a source, or the mass of what it sends."""

    def ends(experiment: "Experiment"):
        flux = experiment.sources[source].flux
        return flux.break_points_MeV, flux.mass_MeV

    own = {p: [path for path in p.paths if path.startswith(f"sources.{source}.flux.")] for p in parameters}
    reached = reaching(ends, experiment, sorted({path for each in own.values() for path in each}))
    return [p for p, each in own.items() if set(each) & set(reached)]


def other_sources(
    experiment: "Experiment", source: str, parameters: tuple[Parameter, ...], view: Seen, target_mass_MeV: float
) -> Iterator[AbstractSource]:
    """A source as it becomes over the priors of what moves its break points: as different cases as there are.

    Parameters
    ----------
    experiment, source, parameters
        The experiment, the name of the source, and what may be free.
    view
        What is seen of recoils.
    target_mass_MeV
        Mass of what recoils, MeV.
    """
    moving = _moved_ends(experiment, source, parameters)
    if not moving:
        return
    # each alone, and all at once
    random = np.random.default_rng(0).uniform(_TAIL, 1.0 - _TAIL, (_CANDIDATES, len(moving)))
    places = np.concatenate([np.where(np.arange(len(moving)) == i, random, np.nan) for i in range(len(moving))])
    places = places if len(moving) == 1 else np.concatenate([places, random])
    flux, within = experiment.sources[source].flux, f"sources.{source}.flux."
    columns = [
        (each, path.removeprefix(within), at)
        for each, at in zip(moving, places.T, strict=True)
        for path in each.paths
        if path.startswith(within)
    ]
    paths = tuple(path for _, path, _ in columns)
    values = np.stack([_quantiles(each, at, float(get_path(flux, path))) for each, path, at in columns], axis=1)
    ends_MeV = np.asarray(_ends_at(flux, paths, as_float(values), as_float(target_mass_MeV)))
    seen = np.log(np.clip(ends_MeV, *_range_MeV(view, target_mass_MeV)))
    # where break points are, and where the parameters are, for what becomes of the spectrum between them
    for point in _far_apart(np.concatenate([seen, np.nan_to_num(places, nan=0.5)], axis=1), _CASES):
        yield set_paths(flux, paths, [as_float(value) for value in values[point]])


def _range_MeV(view: Seen, target_mass_MeV: float) -> np.ndarray:
    """Range in y, MeV, that a view sees of what hits a mass."""
    recoils_keV = np.geomspace(*_SEEN_KEV, 4096)
    seen = recoils_keV[np.any(view(recoils_keV) > _TAIL, axis=1)]
    return minimum_neutrino_energy_MeV(1e-3 * (seen if seen.size else recoils_keV)[[0, -1]], target_mass_MeV)


def _quantiles(parameter: Parameter, places: np.ndarray, otherwise: float) -> np.ndarray:
    """Quantiles of a prior; what a parameter is now where it has no place."""
    given = ~np.isnan(places)
    values = np.full(places.shape, otherwise)
    values[given] = np.asarray(prior_quantiles(parameter.prior, places[given].tolist()), dtype=float)
    return values


@program
def _ends_at(
    flux: AbstractSource, paths: tuple[str, ...], values: Float[Array, "point leaf"], mass_MeV: Float[Array, ""]
) -> Float[Array, "point end"]:
    """Break points of a source in y, MeV, at some values of leaves."""
    ends = jax.vmap(lambda leaves: recoil_ends_MeV(set_paths(flux, paths, list(leaves)), mass_MeV))(values)
    return minimum_neutrino_energy_MeV(ends, mass_MeV)


def _far_apart(points: np.ndarray, number: int) -> list[int]:
    """Some of many points, each as far from those before it as there is one."""
    chosen, distance = [], np.linalg.norm(points - points[0], axis=1)
    for _ in range(min(number, len(points))):
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen
