"""Responses to events that few leaves move smoothly, tabulated."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.experiment.few_nodes import FewNodes, few_nodes
from cevnsjax.experiment.frozen_stages import Pair
from cevnsjax.experiment.kinked_events import KinkedEvents, furthest_kink_keV, largest_ionisation_keV
from cevnsjax.experiment.smooth_table import Ranges, SmoothTable, may_be_tabulated, tabulated_stage
from cevnsjax.reached import reaching
from cevnsjax.response import AbstractResponse

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment


class SmoothColumns(NamedTuple):
    """A response that is left with what moves its efficiency, and of pairs columns in front of it.

    Of some of these events below which a kink moves, which are not in the columns, and few nodes.
    """

    response: AbstractResponse
    columns: dict[Pair, SmoothTable]
    kinked: dict[Pair, KinkedEvents]
    few_nodes: dict[Pair, FewNodes]


def smooth_columns(
    experiment: "Experiment", pairs: Sequence[Pair], free_paths: Sequence[str], ranges: Ranges
) -> SmoothColumns | None:
    """Tabulate the response to the events of some pairs of interaction and source.

    To all events where they are folded, else to those on few nodes.

    Parameters
    ----------
    experiment
        With constant nodes in place, and events folded where they can be.
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
    separated = eqx.tree_at(lambda e: e.response, experiment, response)
    moving = [reaching(lambda e, pair=pair: _of_nodes(e, *pair), separated, free_paths) for pair in pairs]
    if not all(may_be_tabulated(paths, ranges) for paths in moving):
        return None
    unfolded = [pair for pair in pairs if pair not in experiment.frozen.events]
    nodes = {pair: few_nodes(experiment, *pair, free_paths, ranges) for pair in unfolded}
    few = {pair: each for pair, each in nodes.items() if each is not None}
    if len(few) < len(unfolded):
        return None
    separated = eqx.tree_at(lambda e: e.frozen.few_nodes, separated, few)
    kinked = {}
    for pair in pairs:
        if (split := _split_at_kink(separated, pair, free_paths, ranges)) is not None:
            kinked[pair], separated = split
    found = {pair: tabulated_stage(_columns, separated, pair, free_paths, ranges, response.resolved) for pair in pairs}
    tables = {pair: table for pair, table in found.items() if table is not None}
    if len(tables) < len(pairs):
        return None
    return SmoothColumns(response, tables, kinked, few)


def _columns(experiment: "Experiment", interaction: str, source: str) -> Float[Array, "row column"]:
    frozen, pair = experiment.frozen, (interaction, source)
    events = frozen.events[pair].counts if pair in frozen.events else frozen.few_nodes[pair].spread
    return jnp.matmul(events, _of_nodes(experiment, *pair), precision="highest")


def _split_at_kink(
    experiment: "Experiment", pair: Pair, free_paths: Sequence[str], ranges: Ranges
) -> "tuple[KinkedEvents, Experiment] | None":
    """Events of a pair below all kinks, where some move, and the experiment without these events."""

    def kink(e: "Experiment") -> Any:
        return e.quenching.moving_kink_keV

    panels = experiment.panels.get((experiment.interactions[pair[0]].recoil, pair[1]))
    moving = reaching(kink, experiment, free_paths) if kink(experiment) is not None else ()
    if panels is None or not moving or any(path.startswith("response.") for path in free_paths):
        return None
    inside = {path.removeprefix("quenching."): ranges[path] for path in moving}
    furthest = furthest_kink_keV(experiment.quenching, inside)
    steps = [float(step) for step in experiment.quenching.kinks_keV if panels.lowest_recoil_keV < step < furthest]
    ends = [edge for edge in panels.kinks_keV if edge >= furthest]
    if not ends or len(steps) > 1 or reaching(lambda e: e.quenching.kinks_keV, experiment, free_paths):
        return None
    recoil_keV = np.asarray(experiment.nodes(*pair).energy_keV, float).reshape(-1)
    of = (lambda e: e.frozen.events[pair].counts) if pair in experiment.frozen.events else _spread(pair)
    rows = np.asarray(of(experiment), float)
    between = max(steps, default=panels.lowest_recoil_keV), min(ends)
    largest_keV = largest_ionisation_keV(experiment.quenching, inside, between[1])
    events = KinkedEvents.of(rows, recoil_keV, experiment.response, between, largest_keV)
    if events is None:
        return None
    rows = np.where(events.holds(recoil_keV)[None, :], 0.0, rows)
    return events, eqx.tree_at(of, experiment, as_float(rows))


def _spread(pair: Pair) -> "Callable[[Experiment], Array]":
    return lambda e: e.frozen.few_nodes[pair].spread


def _of_nodes(experiment: "Experiment", interaction: str, source: str) -> Float[Array, "node column"]:
    return experiment.response.columns(experiment.visible_energy_keV(interaction, source))
