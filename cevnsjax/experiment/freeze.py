"""Fold what no free parameter moves into constants before sampling."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import equinox as eqx
import numpy as np

from cevnsjax.arrays import as_float
from cevnsjax.experiment import prediction
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.factors import common_factor
from cevnsjax.experiment.few_nodes import few_nodes
from cevnsjax.experiment.frozen_stages import Folded, FrozenStages, Pair, Powers
from cevnsjax.experiment.joint import Joint
from cevnsjax.experiment.smooth_columns import smooth_columns
from cevnsjax.experiment.smooth_table import Ranges, SmoothTable, tabulated_stage
from cevnsjax.paths import get_path, leaf_paths, set_paths
from cevnsjax.program import program
from cevnsjax.quenching import alternatives
from cevnsjax.reached import depends_on


def freeze(
    experiment: Experiment | Joint, free_paths: Iterable[str], ranges: Ranges | None = None
) -> Experiment | Joint:
    """Compute beforehand every stage of the signal that the free leaves do not move.

    Parameters
    ----------
    experiment
        The experiment, or several; its leaves at ``free_paths`` may change afterwards, no others.
    free_paths
        Paths of the leaves that stay free.
    ranges
        Between which ends they are going to move, where that is known: what they move smoothly there is tabulated, and
        is not a number elsewhere (:func:`without_tables`).

    Returns
    -------
    Experiment or Joint
        The same prediction, cheaper: recoil nodes and time fractions as constants where they are; the response as a
        matrix where nothing in front of it is free, as polynomials or a table in ionisation energy where only quenching
        is (:meth:`AbstractResponse.tabulated`); events on nodes, signals and backgrounds as one array where they are
        only multiplied by what is free. :func:`describe_frozen` says which.

    Raises
    ------
    UnknownNameError
        If there is nothing at a path.
    """
    free_paths, ranges = tuple(free_paths), ranges or {}
    for path in free_paths:
        get_path(experiment, path)  # refuses what is not there
    if isinstance(experiment, Joint):
        within = {name: f"experiments.{name}." for name in experiment.experiments}

        def frozen(part: Experiment) -> Experiment:
            own = {p: p.removeprefix(within[part.name]) for p in free_paths if p.startswith(within[part.name])}
            return _freeze(part, list(own.values()), {own[p]: ends for p, ends in ranges.items() if p in own})

        return experiment.map(frozen)
    return _freeze(experiment, free_paths, ranges)


def tables_reach(experiment: Experiment | Joint) -> bool:
    """Whether all tables of a frozen experiment reach where its leaves are; those that are traced are let through."""
    parts = experiment.parts.values()
    return all(part.response.reaches() and all(ends.reach(part) for ends in part.frozen.ends) for part in parts)


def without_tables(experiment: Any) -> Any:
    """Return the same frozen experiment, what :func:`freeze` tabulated between ends computed anew."""
    return experiment.map(without_tables) if isinstance(experiment, Joint) else _without_tables(experiment)


def _without_tables(part: Experiment) -> Experiment:
    return eqx.tree_at(lambda e: e.frozen, part, part.frozen.without_tables()) if part.frozen.ends else part


@program
def _computed(stage: Callable[..., Any], *arguments: Any) -> Any:
    """A stage, compiled once for all experiments of the same kind."""
    return stage(*arguments)


def _with_prepared_sources(experiment: Experiment, free_paths: Sequence[str]) -> Experiment:
    """The same experiment, with sources that have computed beforehand what does not move."""
    for name, source in experiment.sources.items():
        begins = f"sources.{name}.flux."
        flux = source.flux.prepared([path.removeprefix(begins) for path in free_paths if path.startswith(begins)])
        if flux is not source.flux:
            experiment = eqx.tree_at(lambda e, name=name: e.sources[name].flux, experiment, flux)
    return experiment


def _freeze(experiment: Experiment, free_paths: Sequence[str], ranges: Ranges) -> Experiment:
    experiment = _with_prepared_sources(experiment, free_paths)

    def constants(stage: Callable[..., Any], names: Iterable[Any]) -> dict[Any, Any]:
        """The stage for each name where it is constant."""
        return {
            name: _computed(stage, experiment, *_as_tuple(name))
            for name in names
            if not depends_on(lambda e, name=name: stage(e, *_as_tuple(name)), experiment, free_paths)
        }

    kernels = constants(Experiment.kernel, experiment.pairs)
    times = constants(Experiment.time_fractions, experiment.sources)
    frozen = FrozenStages(
        nodes=constants(Experiment.nodes, experiment.pairs),
        kernels=kernels,
        time_fractions=times | _tables_of_times(experiment, set(experiment.sources) - set(times), free_paths, ranges),
        unseen=tuple(pair for pair in experiment.pairs if _is_unseen(experiment, pair, kernels, free_paths)),
    )
    frozen = _folded(eqx.tree_at(lambda e: e.frozen, experiment, frozen), free_paths)
    frozen = _on_few_nodes(eqx.tree_at(lambda e: e.frozen, experiment, frozen), free_paths, ranges)
    in_place = eqx.tree_at(lambda e: e.frozen, experiment, frozen)
    moved = [pair for pair in experiment.pairs if pair not in kernels and pair not in frozen.unseen]
    if (smooth := smooth_columns(in_place, moved, free_paths, ranges)) is not None:
        few = frozen.few_nodes | smooth.few_nodes
        frozen = dataclasses.replace(frozen, columns=smooth.columns, kinked=smooth.kinked, few_nodes=few)
        experiment = eqx.tree_at(lambda e: e.response, experiment, smooth.response)
    elif moved:
        # room for energies that float upwards: twice the largest ionisation energy of what is nominal
        seen = [pair for pair in experiment.pairs if pair not in frozen.unseen]
        models = [eqx.tree_at(lambda e: e.quenching, experiment, each) for each in alternatives(experiment.quenching)]
        energies_keV = [_computed(Experiment.visible_energy_keV, each, *pair) for each in models for pair in seen]
        largest = max(float(each.max()) for each in energies_keV)
        free = [path.removeprefix("response.") for path in free_paths if path.startswith("response.")]
        table = experiment.response.tabulated(as_float(2.0 * largest), free)
        experiment = eqx.tree_at(lambda e: e.response, experiment, table)
    others = {
        name: background if name in frozen.backgrounds else _prepared(experiment, name, free_paths)
        for name, background in experiment.backgrounds.items()
    }
    experiment = eqx.tree_at(lambda e: (e.frozen, e.backgrounds), experiment, (frozen, others))
    object.__setattr__(experiment, "placed_for", None)  # its nodes are good for what is free
    return experiment


def _tables_of_times(
    experiment: Experiment, sources: Iterable[str], free_paths: Sequence[str], ranges: Ranges
) -> dict[str, SmoothTable]:
    stage = Experiment.time_fractions
    found = {name: tabulated_stage(stage, experiment, (name,), free_paths, ranges) for name in sorted(sources)}
    return {name: table for name, table in found.items() if table is not None}


def _on_few_nodes(experiment: Experiment, free_paths: Sequence[str], ranges: Ranges) -> FrozenStages:
    """Its frozen stages, with few nodes for what is not folded where the probabilities of bins are constant."""
    frozen = experiment.frozen
    pairs = [pair for pair in frozen.nodes if pair in frozen.kernels and pair not in {*frozen.unseen, *frozen.signals}]
    found = {pair: few_nodes(experiment, *pair, free_paths, ranges) for pair in pairs}
    few = {pair: nodes for pair, nodes in found.items() if nodes is not None}
    kernels = {
        pair: as_float(np.asarray(nodes.spread, float) @ np.asarray(frozen.kernels[pair], float))
        for pair, nodes in few.items()
    }
    return dataclasses.replace(frozen, few_nodes=few, few_kernels=kernels)


def _folded(experiment: Experiment, free_paths: Sequence[str]) -> FrozenStages:
    """Its frozen stages, with what is proportional to powers of what is free as it is where all of that is 1."""

    def proportional(stage: Callable[..., Any], names: Iterable[Any]) -> dict[Any, Powers]:
        """Powers of what is free, for each name for which there are such."""
        found = {
            name: common_factor(lambda e, name=name: stage(e, *_as_tuple(name)), experiment, free_paths)
            for name in names
        }
        return {name: powers for name, powers in found.items() if powers is not None}

    frozen = experiment.frozen
    seen = [pair for pair in experiment.pairs if pair not in frozen.unseen]
    signals = proportional(prediction.in_energy, [pair for pair in seen if pair in frozen.kernels])
    # where it is not the signal, it may be the spectrum in front of a response that moves
    moved = [pair for pair in seen if pair in frozen.nodes and pair not in frozen.kernels]
    events = proportional(prediction.events, moved)
    backgrounds = proportional(prediction.background, experiment.backgrounds)
    powers = {"events": events, "signals": signals, "backgrounds": backgrounds}
    paths = sorted({path for found in powers.values() for each in found.values() for path, _ in each})
    unit = set_paths(experiment, paths, [1.0] * len(paths))
    counts = _counts(unit, tuple(events), tuple(signals), tuple(backgrounds))
    folded = {
        kind: {name: Folded(counts[kind][name], each) for name, each in found.items()} for kind, found in powers.items()
    }
    return dataclasses.replace(frozen, **folded)


@program
def _counts(
    experiment: Experiment, events: tuple[Pair, ...], signals: tuple[Pair, ...], backgrounds: tuple[str, ...]
) -> dict[str, dict]:
    """Some events, signals in energy and backgrounds, as one program."""
    return {
        "events": {pair: prediction.events(experiment, *pair) for pair in events},
        "signals": {pair: prediction.in_energy(experiment, *pair) for pair in signals},
        "backgrounds": {name: prediction.background(experiment, name) for name in backgrounds},
    }


def _prepared(experiment: Experiment, name: str, free_paths: Sequence[str]) -> AbstractBackground:
    """A background with what is done once, unless that depends on what is free."""
    beginning = f"backgrounds.{name}."
    free = {path.removeprefix(beginning) for path in free_paths if path.startswith(beginning)}

    def done_once(e: Experiment) -> Any:
        return {path: leaf for path, leaf in leaf_paths(e.backgrounds[name].prepared()) if path not in free}

    background = experiment.backgrounds[name]
    if type(background).prepared is AbstractBackground.prepared or depends_on(done_once, experiment, free_paths):
        return background
    return _computed(_preparation, background)


def _preparation(background: AbstractBackground) -> AbstractBackground:
    return background.prepared()


def _is_unseen(experiment: Experiment, pair: Pair, kernels: dict[Pair, Any], free_paths: Sequence[str]) -> bool:
    """Whether nothing of an interaction with a source can be detected, whatever the free leaves are."""
    if pair in kernels:
        return not np.any(np.asarray(kernels[pair]))
    interaction, source = pair
    panels = experiment.panels.get((experiment.interactions[interaction].recoil, source))
    if panels is None or panels.number:
        return False
    # no recoil that the flux can give is seen: that holds while neither its end nor the detector moves
    energy_keV = as_float([1.0])

    def moves(e: Experiment) -> Any:
        return e.response.kernel(e.quenching(energy_keV)), e.sources[source].flux.break_points_MeV

    return not depends_on(moves, experiment, free_paths)


def _as_tuple(name: str | tuple[str, ...]) -> tuple[str, ...]:
    return (name,) if isinstance(name, str) else name
