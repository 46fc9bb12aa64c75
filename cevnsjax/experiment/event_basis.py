"""The few spectra that all events of an interaction are sums of, whatever its couplings are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.experiment import prediction
from cevnsjax.experiment.reached import reaching
from cevnsjax.experiment.smooth_table import TOLERANCE, Ends, Ranges, at_points

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

_POINTS = 320
"""Random points between the ends; every fourth one only checks."""

_MOST_SPECTRA = 24
_DECADES = 1e2
"""Ratio of two positive ends from which on points are even in the logarithm."""


class EventBasis(eqx.Module):
    """Spectra on nodes, of which events are sums where some leaves are between their ends.

    Attributes
    ----------
    spectra
        Orthonormal, shape ``[spectrum, node]``.
    ends
        Between which ends the leaves that move events are.
    """

    spectra: Float[Array, "spectrum node"] = eqx.field(converter=as_float)
    ends: Ends

    def shares(
        self, experiment: "Experiment", events: Float[Array | np.ndarray, "component node"]
    ) -> Float[Array, "component spectrum"]:
        """How much of each spectrum is in events; not a number beyond an end."""
        shares = jnp.matmul(events, self.spectra.T, precision="highest")
        return jnp.where(self.ends.hold(experiment), shares, jnp.nan)


def event_basis(
    experiment: "Experiment", interaction: str, source: str, free_paths: Sequence[str], ranges: Ranges
) -> EventBasis | None:
    """Find the spectra that events of an interaction with a source are sums of.

    Couplings enter rates as a few products: what they multiply is the same everywhere. It is found from events at
    random points (singular value decomposition), each divided by its largest number, so that weak couplings count as
    much as strong ones.

    Parameters
    ----------
    experiment
        With nodes of the pair in place, which nothing free may move.
    interaction, source
        Their names.
    free_paths
        Paths of the leaves that are going to change.
    ranges
        Between which ends these move, where that is known.

    Returns
    -------
    EventBasis or None
        None where it is not known how far a leaf goes, or no few spectra are exact to 1e-9 of the largest number.
    """
    name = interaction, source
    moving = reaching(lambda e: prediction.events(e, *name), experiment, free_paths)
    if any(path not in ranges for path in moving):
        return None
    ends = Ends.of(moving, ranges)
    shares = np.random.default_rng(0).uniform(size=(_POINTS, len(moving)))
    shares[: 2 * len(moving)] = np.repeat(np.eye(len(moving)), 2, axis=0) * shares[: 2 * len(moving)].round()
    points = np.stack([_between(share, *each) for share, each in zip(shares.T, ends.ends, strict=True)], axis=1)
    events = at_points(prediction.events, experiment, name, moving, points)
    largest = np.abs(events).max(axis=(1, 2), keepdims=True)
    rows = (events / np.where(largest > 0.0, largest, 1.0)).reshape(-1, events.shape[-1])
    if not np.all(np.isfinite(rows)):
        return None
    only_checks = np.arange(len(rows)) // events.shape[1] % 4 == 3
    _, sizes, spectra = np.linalg.svd(rows[~only_checks], full_matrices=False)
    found = spectra[: int(np.sum(sizes > 1e-3 * TOLERANCE * sizes[0]))]
    if len(found) > _MOST_SPECTRA:
        return None
    errors = rows - (rows @ found.T) @ found
    return EventBasis(found, ends) if np.abs(errors).max(initial=0.0) <= TOLERANCE else None


def _between(share: np.ndarray, low: float, high: float) -> np.ndarray:
    """Points at shares of the way from one end to the other, of their logarithms where these span decades."""
    if low > 0.0 and high > _DECADES * low:
        return np.exp(np.log(low) + (np.log(high) - np.log(low)) * share)
    return low + (high - low) * share
