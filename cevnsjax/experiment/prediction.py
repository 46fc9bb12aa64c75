"""From what arrives to expected counts: stages of a signal, and all of them with the backgrounds as one program."""

import copy
import dataclasses
import functools
from typing import TYPE_CHECKING

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
    ("name", "samples", "observed", "axes", "nuisances", "quantity", "unit", "likelihood", "is_asimov", "placed_for")
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


@eqx.filter_jit
def _predicted(blocks: "Experiment") -> tuple[Signals, Contributions]:
    fractions = {source: blocks.time_fractions(source)[:, None, :] for source in blocks.sources}

    def signal(interaction: str, source: str) -> Float[Array, "component energy time"]:
        if (interaction, source) in blocks.frozen.unseen:
            # not computed and multiplied by zero: compiled inside of lax.map, that product can be anything
            components = len(blocks.sources[source].flux.components)
            return jnp.zeros((components, blocks.response.bins, fractions[source].shape[-1]))
        nodes = blocks.nodes(interaction, source)  # once, for energies and events
        events = spectrum(blocks, interaction, source, nodes).flat().events
        probabilities = kernel(blocks, interaction, source, nodes)
        return jnp.matmul(events, probabilities, precision="highest")[:, :, None] * fractions[source]

    signals = {
        name: jnp.concatenate([signal(name, source) for source in blocks.seen_by(name)]) for name in blocks.interactions
    }
    recorded = blocks.window, blocks.exposure, blocks.response.kept_edges
    counts = {name: each.sum(axis=0) for name, each in signals.items()}
    return signals, counts | {name: each.counts(*recorded) for name, each in blocks.backgrounds.items()}


@eqx.filter_jit
def summed(samples: list[list[Float[Array, "energy time"]]]) -> Float[Array, "sample energy time"]:
    """Sum the contributions to each sample."""
    return jnp.stack([functools.reduce(jnp.add, contributions) for contributions in samples])
