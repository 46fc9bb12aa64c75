"""Responses to events that few leaves move smoothly, tabulated."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.experiment.event_basis import EventBasis, event_basis
from cevnsjax.experiment.frozen_stages import Pair
from cevnsjax.experiment.smooth_table import Ranges, SmoothTable, tabulated_stage
from cevnsjax.response import AbstractResponse

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment


class SmoothColumns(NamedTuple):
    """A response that is left with what moves its efficiency, and columns in front of it that others move.

    Of spectra that events are sums of, where these are not folded.
    """

    response: AbstractResponse
    columns: dict[Pair, SmoothTable]
    bases: dict[Pair, EventBasis]


def smooth_columns(
    experiment: "Experiment", pairs: Sequence[Pair], free_paths: Sequence[str], ranges: Ranges
) -> SmoothColumns | None:
    """Tabulate the response to the events of some pairs of interaction and source.

    To these themselves where they are folded, else to the few spectra that they are sums of.

    Parameters
    ----------
    experiment
        With events of these pairs folded (:attr:`FrozenStages.events`).
    pairs
        All pairs whose response moves.
    free_paths
        Paths of the leaves that are going to change.
    ranges
        Between which ends these move, where that is known.

    Returns
    -------
    SmoothColumns or None
        None unless all pairs have tables that are exact to 1e-9 of the largest value.
    """
    if not pairs or any(pair not in experiment.frozen.nodes for pair in pairs):
        return None
    inside = [path for path in free_paths if path.startswith("response.")]
    if any(path not in ranges for path in inside):
        return None
    response = experiment.response.separated({path.removeprefix("response."): ranges[path] for path in inside})
    if response is None:
        return None
    unfolded = [pair for pair in pairs if pair not in experiment.frozen.events]
    found = {pair: event_basis(experiment, *pair, free_paths, ranges) for pair in unfolded}
    bases = {pair: basis for pair, basis in found.items() if basis is not None}
    if len(bases) < len(unfolded):
        return None
    separated = eqx.tree_at(lambda e: (e.response, e.frozen.bases), experiment, (response, bases))
    found = {pair: tabulated_stage(_columns, separated, pair, free_paths, ranges, response.resolved) for pair in pairs}
    tables = {pair: table for pair, table in found.items() if table is not None}
    if len(tables) < len(pairs):
        return None
    return SmoothColumns(response, tables, bases)


def _columns(experiment: "Experiment", interaction: str, source: str) -> Float[Array, "row column"]:
    energy_keV = experiment.visible_energy_keV(interaction, source)
    frozen, pair = experiment.frozen, (interaction, source)
    events = frozen.events[pair].counts if pair in frozen.events else frozen.bases[pair].spectra
    return jnp.matmul(events, experiment.response.columns(energy_keV), precision="highest")
