"""Stages of a signal that are computed once."""

import dataclasses
import functools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import AbstractNodes
from cevnsjax.experiment.few_nodes import FewNodes
from cevnsjax.experiment.kinked_events import KinkedEvents
from cevnsjax.experiment.smooth_table import Ends, SmoothTable
from cevnsjax.paths import get_path

Pair = tuple[str, str]
"""Names of an interaction and of a source that it sees."""


Powers = tuple[tuple[str, float], ...]
"""Paths of leaves, and the powers of these that something is proportional to."""


class Folded(eqx.Module):
    """Counts that change only in proportion to powers of some leaves of their experiment.

    Attributes
    ----------
    counts
        What they are where all these leaves are 1.
    powers
        Path and power of each of these leaves.
    """

    counts: Float[Array, "..."]
    powers: Powers = eqx.field(static=True)

    def factor(self, experiment: Any) -> Float[Array, ""]:
        """What the counts are multiplied by in an experiment."""
        leaves = [(get_path(experiment, path), power) for path, power in self.powers]
        factors = [leaf if power == 1.0 else leaf**power for leaf, power in leaves]
        return functools.reduce(jnp.multiply, factors, as_float(1.0))


class FrozenStages(eqx.Module):
    """Stages of the signal that no free parameter moves, computed once; a stage that is not here is computed anew.

    Attributes
    ----------
    nodes
        Nodes of each interaction and source, with everything but the couplings.
    kernels
        Probability of each bin for each of these nodes, shape ``[node, energy]``.
    time_fractions
        Detected fraction of each source in each time bin, shape ``[component, time]``; a table of it where few leaves
        move it smoothly.
    events
        Events of each interaction and source on these nodes, shape ``[component, node]``, where they only change in
        proportion to what is free and the probabilities of the bins do in other ways.
    signals
        Counts of each interaction and source, shape ``[component, energy]``, where they only change in proportion to
        what is free.
    backgrounds
        Counts of each background, shape ``[energy, time]``, where they do.
    few_nodes
        Of each interaction and source, where events on all nodes follow from those on few.
    few_kernels
        Counts in each bin for one event on each of the few nodes, shape ``[few, energy]``, where they are constant.
    columns
        Those of the response, times events folded beforehand, shape ``[component, column]``, or for one event on each
        of the few nodes, where few leaves move them smoothly.
    kinked
        Events that are not among those of the columns, as a kink of the quenching factor moves among them.
    unseen
        Pairs of which nothing can be detected whatever the free parameters do: their kernels are zero everywhere.
    """

    nodes: dict[Pair, AbstractNodes] = eqx.field(default_factory=dict)
    kernels: dict[Pair, Float[Array, "node energy"]] = eqx.field(default_factory=dict)
    time_fractions: dict[str, Float[Array, "component time"] | SmoothTable] = eqx.field(default_factory=dict)
    events: dict[Pair, Folded] = eqx.field(default_factory=dict)
    signals: dict[Pair, Folded] = eqx.field(default_factory=dict)
    backgrounds: dict[str, Folded] = eqx.field(default_factory=dict)
    few_nodes: dict[Pair, FewNodes] = eqx.field(default_factory=dict)
    few_kernels: dict[Pair, Float[Array, "few energy"]] = eqx.field(default_factory=dict)
    columns: dict[Pair, SmoothTable] = eqx.field(default_factory=dict)
    kinked: dict[Pair, KinkedEvents] = eqx.field(default_factory=dict)
    unseen: tuple[Pair, ...] = eqx.field(static=True, default=())

    @property
    def ends(self) -> tuple[Ends, ...]:
        """Those between which something is tabulated."""
        times = [each for each in self.time_fractions.values() if isinstance(each, SmoothTable)]
        return tuple(each.ends for each in (*self.few_nodes.values(), *self.columns.values(), *times))

    def without_tables(self) -> "FrozenStages":
        """The same stages but for these."""
        times = {name: each for name, each in self.time_fractions.items() if not isinstance(each, SmoothTable)}
        return dataclasses.replace(self, few_nodes={}, few_kernels={}, columns={}, kinked={}, time_fractions=times)
