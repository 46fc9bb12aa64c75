"""From what arrives to expected counts: stages of a signal, and all of them with the backgrounds as one program."""

import copy
import dataclasses
import functools
from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.cross_section import AbstractNodes, Recoil
from cevnsjax.spectrum import Spectrum

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

Signals = dict[str, Float[Array, "component energy time"]]
Contributions = dict[str, Float[Array, "energy time"]]

# of an experiment, what no prediction depends on: programs are not to be compiled anew for it
_NOT_PREDICTED = frozenset(
    (
        *("name", "samples", "time_ratios", "observed", "axes", "nuisances"),
        *("quantity", "unit", "likelihood", "is_asimov", "placed_for"),
    )
)


def spectrum(experiment: "Experiment", interaction: str, source: str, nodes: AbstractNodes) -> Spectrum:
    """What an interaction with a source deposits over the exposure, before any detector response."""
    deposited = experiment.interactions[interaction].spectrum(nodes, experiment.sources[source].flux, experiment.target)
    return Spectrum(deposited.energy_keV, experiment.signal_norm * experiment.exposure.kg_days * deposited.events)


def visible_energy_keV(experiment: "Experiment", interaction: str, nodes: AbstractNodes) -> Float[Array, " node"]:
    """Electron-equivalent energy of each node, keV: only nuclear recoils are quenched."""
    energy_keV = nodes.energy_keV.reshape(-1)
    recoil = experiment.interactions[interaction].recoil
    return experiment.quenching(energy_keV) if recoil is Recoil.NUCLEUS else energy_keV


def kernel(
    experiment: "Experiment", interaction: str, source: str, nodes: AbstractNodes
) -> Float[Array, "node energy"]:
    """Probability of each energy bin for each node of an interaction with a source."""
    if (interaction, source) in experiment.frozen.kernels:
        return experiment.frozen.kernels[interaction, source]
    return experiment.response.kernel(visible_energy_keV(experiment, interaction, nodes))


def predicted(experiment: "Experiment") -> tuple[Signals, Contributions]:
    """Signals of all components and contributions: one program, shared by all experiments of the same blocks."""
    blocks = copy.copy(experiment)
    for field in dataclasses.fields(experiment):
        if field.name in _NOT_PREDICTED:
            object.__setattr__(blocks, field.name, None)
    return _predicted(blocks)


class _Signal(NamedTuple):
    """Counts of an interaction with a source: of each component, and of all together."""

    components: Float[Array, "component energy time"]
    summed: Float[Array, "energy time"]


@eqx.filter_jit
def _predicted(blocks: "Experiment") -> tuple[Signals, Contributions]:
    blocks = copy.copy(blocks)
    # what all stages ask of a source is computed once
    sources = {name: dataclasses.replace(each, flux=each.flux.prepared(())) for name, each in blocks.sources.items()}
    object.__setattr__(blocks, "sources", sources)
    fractions = {source: blocks.time_fractions(source) for source in blocks.sources}
    signals, counts = {}, {}
    for name in blocks.interactions:
        each = [_signal(blocks, name, source, fractions[source]) for source in blocks.seen_by(name)]
        signals[name] = jnp.concatenate([signal.components for signal in each])
        counts[name] = functools.reduce(jnp.add, [signal.summed for signal in each])
    return signals, counts | {name: background(blocks, name) for name in blocks.backgrounds}


def background(experiment: "Experiment", name: str) -> Float[Array, "energy time"]:
    """Counts of a background."""
    if name in experiment.frozen.backgrounds:
        frozen = experiment.frozen.backgrounds[name]
        return frozen.factor(experiment) * frozen.counts
    kept_edges = experiment.response.kept_edges
    return experiment.backgrounds[name].counts(experiment.window, experiment.exposure, kept_edges)


def in_energy(experiment: "Experiment", interaction: str, source: str) -> Float[Array, "component energy"]:
    """Counts of each component of an interaction with a source in each energy bin, at all times."""
    nodes = experiment.nodes(interaction, source)
    return _folded(experiment, interaction, source, nodes, events(experiment, interaction, source))


def events(experiment: "Experiment", interaction: str, source: str) -> Float[Array, "component node"]:
    """Events of an interaction with a source on its nodes."""
    return spectrum(experiment, interaction, source, experiment.nodes(interaction, source)).flat().events


def _signal(blocks: "Experiment", interaction: str, source: str, fractions: Float[Array, "component time"]) -> _Signal:
    """What is not asked for is not compiled: a likelihood forms no array of components, energies and times."""
    pair, frozen = (interaction, source), blocks.frozen
    components, times = fractions.shape
    if pair in frozen.unseen:
        # not computed and multiplied by zero: compiled inside of lax.map, that product can be anything
        shape = blocks.response.bins, times
        return _Signal(jnp.zeros((components, *shape)), jnp.zeros(shape))
    factor, summed = None, None
    if pair in frozen.signals:
        factor, folded = frozen.signals[pair].factor(blocks), frozen.signals[pair].counts
    elif pair in frozen.columns:
        columns = frozen.columns[pair](blocks)
        if pair in frozen.kinked:
            columns = columns + frozen.kinked[pair].columns(blocks.quenching)
        if pair in frozen.events:
            factor = frozen.events[pair].factor(blocks)
        else:
            few = frozen.few_nodes[pair].events(blocks, *pair)
            columns = jnp.matmul(few, columns, precision="highest")
        folded = blocks.response.binned(columns)
    elif pair in frozen.few_kernels:
        few = frozen.few_nodes[pair].events(blocks, *pair)
        folded = jnp.matmul(few, frozen.few_kernels[pair], precision="highest")
    else:
        nodes = blocks.nodes(*pair)  # once, for energies and events
        if pair in frozen.events:
            factor, rows = frozen.events[pair].factor(blocks), frozen.events[pair].counts
        else:
            rows = spectrum(blocks, interaction, source, nodes).flat().events
        folded = _folded(blocks, interaction, source, nodes, rows)
        if times < components:  # as few rows as possible meet the response
            rows = jnp.matmul(fractions.T, rows, precision="highest")
            summed = _folded(blocks, interaction, source, nodes, rows).T
    if summed is None:
        summed = jnp.matmul(folded.T, fractions, precision="highest")
    signal = _Signal(folded[:, :, None] * fractions[:, None, :], summed)
    return signal if factor is None else _Signal(factor * signal.components, factor * signal.summed)


def _folded(
    blocks: "Experiment", interaction: str, source: str, nodes: AbstractNodes, events: Float[Array, "row node"]
) -> Float[Array, "row energy"]:
    """Counts of some rows of events on nodes in each energy bin."""
    if (interaction, source) in blocks.frozen.kernels:
        return jnp.matmul(events, blocks.frozen.kernels[interaction, source], precision="highest")
    return blocks.response.fold(events, visible_energy_keV(blocks, interaction, nodes))


@eqx.filter_jit
def summed(
    samples: list[list[Float[Array, "energy time"]]], time_ratios: list[Float[Array, ""] | None]
) -> Float[Array, "sample energy time"]:
    """Sum the contributions to each sample, taken for another time where there is a ratio."""
    sums = [functools.reduce(jnp.add, contributions) for contributions in samples]
    return jnp.stack([each if ratio is None else ratio * each for each, ratio in zip(sums, time_ratios, strict=True)])
