"""Stages of a signal that are computed once."""

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.cross_section import AbstractNodes

Pair = tuple[str, str]
"""Names of an interaction and of a source that it sees."""


class FrozenStages(eqx.Module):
    """Stages of the signal that no free parameter moves, computed once; a stage that is not here is computed anew.

    Attributes
    ----------
    nodes
        Nodes of each interaction and source, with everything but the couplings.
    kernels
        Probability of each bin for each of these nodes, shape ``[node, energy]``.
    time_fractions
        Detected fraction of each source in each time bin, shape ``[component, time]``.
    unseen
        Pairs of which nothing can be detected whatever the free parameters do: their kernels are zero everywhere.
    """

    nodes: dict[Pair, AbstractNodes] = eqx.field(default_factory=dict)
    kernels: dict[Pair, Float[Array, "node energy"]] = eqx.field(default_factory=dict)
    time_fractions: dict[str, Float[Array, "component time"]] = eqx.field(default_factory=dict)
    unseen: tuple[Pair, ...] = eqx.field(static=True, default=())
