"""The few nodes on which events are computed, where events on all others follow from these whatever the couplings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import RecoilNodes
from cevnsjax.experiment import prediction
from cevnsjax.experiment.smooth_table import TOLERANCE, Ends, Ranges, at_points
from cevnsjax.paths import get_path
from cevnsjax.reached import reaching

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

_POINTS = 480
"""Random points between the ends; every fourth one only checks."""

_SMALLEST = 1e-10
"""Distance of points from an end, from zero, or from where a leaf is now, in units of how far it goes."""

_MOST_NODES = 24
_DECADES = 1e2
"""Ratio of two positive ends, from which on points are even in the logarithm."""


class FewNodes(eqx.Module):
    """Nodes that are enough where some leaves are between their ends.

    Attributes
    ----------
    nodes
        Few of the nodes of an interaction with a source.
    spread
        Events on all nodes for one event on each of the few, shape ``[few, node]``.
    ends
        Between which ends the leaves that move events are.
    """

    nodes: RecoilNodes
    spread: Float[Array, "few node"] = eqx.field(converter=as_float)
    ends: Ends

    def events(self, experiment: "Experiment", interaction: str, source: str) -> Float[Array, "component few"]:
        """Events on the few nodes; not a number beyond an end."""
        events = prediction.spectrum(experiment, interaction, source, self.nodes).events
        return jnp.where(self.ends.hold(experiment), events, jnp.nan)


def few_nodes(
    experiment: "Experiment", interaction: str, source: str, free_paths: Sequence[str], ranges: Ranges
) -> FewNodes | None:
    """Find few nodes that are enough for an interaction with a source.

    Couplings enter rates as a few products, and what each of them multiplies is the same everywhere: events on all
    nodes are sums of few spectra. These are found from events at random points (singular value decomposition), in all
    orders of magnitude of the couplings and each divided by its largest number: weak ones count as much as strong ones.
    On as many nodes, chosen by QR with pivoting, events tell how much of each spectrum there is (S. Chaturantabut,
    D. C. Sorensen, SIAM J. Sci. Comput. 32, 2737 (2010); Z. Drmac, S. Gugercin, ibid. 38, A631 (2016)).

    Parameters
    ----------
    experiment
        With nodes of the pair in place, which nothing free may move.
    interaction, source
        Their names.
    free_paths, ranges
        See :func:`~cevnsjax.experiment.freeze`.

    Returns
    -------
    FewNodes or None
        None where it is not known how far a leaf goes, or no few nodes are exact to 1e-9 of the largest number.
    """
    name, nodes = (interaction, source), experiment.nodes(interaction, source)
    moving = reaching(lambda e: prediction.events(e, *name), experiment, free_paths)
    if not isinstance(nodes, RecoilNodes) or not moving or any(path not in ranges for path in moving):
        return None
    ends = Ends.of(moving, ranges)
    generator, now = np.random.default_rng(0), [float(get_path(experiment, path)) for path in moving]
    points = np.stack([_points(generator, *each, at) for each, at in zip(ends.intervals, now, strict=True)], axis=1)
    events = at_points(prediction.events, experiment, name, moving, points)
    largest = np.abs(events).max(axis=(1, 2), keepdims=True)
    rows = (events / np.where(largest > 0.0, largest, 1.0)).reshape(-1, events.shape[-1])
    if not np.all(np.isfinite(rows)):
        return None
    only_checks = np.arange(len(rows)) // events.shape[1] % 4 == 3
    _, sizes, spectra = np.linalg.svd(rows[~only_checks], full_matrices=False)
    spectra = spectra[: int(np.sum(sizes > 1e-3 * TOLERANCE * sizes[0]))]
    if not 0 < len(spectra) <= min(_MOST_NODES, spectra.shape[1] // 2):
        return None
    order: Any = scipy.linalg.qr(spectra, mode="r", pivoting=True)[-1]
    places = np.sort(order[: len(spectra)])
    spread = np.linalg.solve(spectra[:, places], spectra)
    errors = rows[:, places] @ spread - rows
    return FewNodes(nodes.some(places), spread, ends) if np.abs(errors).max() <= TOLERANCE else None


def _points(generator: np.random.Generator, low: float, high: float, now: float) -> np.ndarray:
    """Half of them even between the ends, in the logarithm where these span decades; half near what is special."""
    if low > 0.0 and high > _DECADES * low:
        even = np.exp(generator.uniform(np.log(low), np.log(high), _POINTS))
    else:
        even = generator.uniform(low, high, _POINTS)
    special = [each for each in (low, high, 0.0, now) if low <= each <= high]
    origin = generator.choice(special, _POINTS)
    near = origin + (even - origin) * _SMALLEST ** generator.uniform(size=_POINTS)
    return np.where(generator.uniform(size=_POINTS) < 0.5, even, near)
