"""Whether the blocks of an experiment fit together: types, bins and axes, backgrounds, nuisance parameters."""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import numpy as np

from cevnsjax.arrays import check_edges, check_positive, is_concrete, shown
from cevnsjax.cross_section import AbstractInteraction
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment.axis import UNITS_OF_AXES
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.flux import Source
from cevnsjax.paths import get_path
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.target import Material

if TYPE_CHECKING:
    from cevnsjax.experiment.axis import Axis
    from cevnsjax.experiment.experiment import Experiment

_BLOCKS = {
    "target": (Material, 'a Material, as compound("Ge") makes it'),
    "quenching": (AbstractQuenching, "a quenching, like Lindhard(0.162, 32)"),
    "response": (AbstractResponse, "a response, like GaussianResponse"),
    "window": (TimeWindow, "a TimeWindow"),
}


def check_blocks(experiment: Experiment) -> None:
    """Refuse what is not a block of its kind, like the formula of a target.

    Raises
    ------
    CevnsjaxError
        If so.
    """
    for name, (kind, wanted) in _BLOCKS.items():
        if not isinstance(getattr(experiment, name), kind):
            raise CevnsjaxError(f"{name} must be {wanted}, got {getattr(experiment, name)!r}.")
    for name, background in experiment.backgrounds.items():
        if not isinstance(background, AbstractBackground):
            raise CevnsjaxError(f"backgrounds[{name!r}] must be a background, got {background!r}.")
    for name, source in experiment.sources.items():
        if not isinstance(source, Source):
            raise CevnsjaxError(
                f"sources[{name!r}] must be a Source (a flux and its arrival times), got {type(source).__name__}."
            )
    for name, interaction in experiment.interactions.items():
        if not isinstance(interaction, AbstractInteraction):
            raise CevnsjaxError(f"interactions[{name!r}] must be an interaction, got {interaction!r}.")
        if not experiment.seen_by(name):
            found = ", ".join(source.flux.particles for source in experiment.sources.values()) or "none"
            raise CevnsjaxError(
                f"The interaction {name!r} needs a source of {interaction.sees.particles}, got {found}."
            )
        interaction.check_target(experiment.target)


def check_samples(experiment: Experiment) -> None:
    """Refuse samples of what is not there or of nothing, and data of another shape or that cannot be.

    Raises
    ------
    CevnsjaxError
        If so.
    """
    both = sorted(set(experiment.interactions) & set(experiment.backgrounds))
    if both:
        raise CevnsjaxError(f"interactions must have other names than the backgrounds, got both called {both}.")
    known = {"signal", *experiment.backgrounds}
    for sample, names in experiment.samples.items():
        if not set(names) <= known:
            raise CevnsjaxError(
                f"sample {sample!r} names {', '.join(sorted(set(names) - known))}, known: {', '.join(sorted(known))}."
            )
        if not experiment.sample_contributions(sample):
            raise CevnsjaxError(f"sample {sample!r} has neither an interaction nor a background.")
    for sample, ratio in experiment.time_ratios.items():
        if sample not in experiment.samples:
            raise UnknownNameError("sample (in time_ratios)", sample, experiment.samples)
        check_positive(f"time_ratios[{sample!r}]", ratio, "")
    *others, times = (axis.bins for axis in experiment.axes)
    shape = len(experiment.samples), math.prod(others), times
    if experiment.observed.shape != shape:
        raise CevnsjaxError(
            f"observed must have the shape {shape} of samples and axes, got {experiment.observed.shape}."
        )
    if is_concrete(experiment.observed):
        experiment.likelihood.check(np.asarray(experiment.observed))


def check_bins(experiment: Experiment) -> None:
    """Refuse axes that are not those of the response and of the time window, in number, unit or place.

    Raises
    ------
    CevnsjaxError
        If so.
    """
    if not experiment.axes or len({axis.name for axis in experiment.axes}) < len(experiment.axes):
        raise CevnsjaxError(
            f"axes must have different names, got {', '.join(axis.name for axis in experiment.axes) or 'none'}."
        )
    for axis in experiment.axes:
        check_edges(f"the edges of {axis.name!r}", axis.edges, "the unit of its name")
    *observables, times = experiment.axes
    bins = math.prod(axis.bins for axis in observables)
    if bins != experiment.response.bins:
        names = " and ".join(axis.name for axis in observables)
        raise CevnsjaxError(
            f"axes must have the bins of the response, got {bins} in {names} for {experiment.response.bins}."
        )
    if experiment.response.unit:
        _check_edges(observables[0], experiment.response)
    edges_us = experiment.window.edges_us
    if times.bins != edges_us.shape[0] - 1 or (is_concrete(edges_us) and not _same(edges_us, times.edges)):
        raise CevnsjaxError(
            f"the last of the axes must have the edges of the window, got {times.name} with {shown(times.edges)} for "
            f"{shown(edges_us)} us."
        )


def _check_edges(axis: Axis, response: AbstractResponse) -> None:
    suffix = axis.name.rpartition("_")[2]
    if suffix not in UNITS_OF_AXES or UNITS_OF_AXES[suffix][0] != response.unit:
        known = [unit for unit, (kind, _) in UNITS_OF_AXES.items() if kind == response.unit]
        raise CevnsjaxError(
            f"the name of an axis must end in the unit of the response, in _{' or _'.join(known)}, got {axis.name!r}."
        )
    expected = np.array(axis.edges) * UNITS_OF_AXES[suffix][1]
    edges = response.edges
    if edges.shape != expected.shape or (is_concrete(edges) and not _same(edges, expected)):
        raise CevnsjaxError(
            f"the axis {axis.name!r} must have the edges of the response, got {shown(axis.edges)} for "
            f"{shown(edges)} {response.unit}."
        )


def _same(first, second) -> bool:
    """Equal but for the rounding of float32."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return bool(np.all(np.abs(first - second) <= 1e-6 * np.abs(first).max()))


def check_threshold(experiment: Experiment) -> None:
    """Refuse a threshold that cuts what is expected where measured data are not cut.

    Raises
    ------
    CevnsjaxError
        If a bin that a threshold cuts, or a part of it, has data that are not the experiment's own prediction.
    """
    edges, kept = experiment.response.edges, experiment.response.kept_edges
    if experiment.is_asimov or not all(map(is_concrete, (edges, kept, experiment.observed))) or not edges.shape[0]:
        return
    cut = np.flatnonzero(np.asarray(kept)[:-1] > np.asarray(edges)[:-1])
    observed = np.asarray(experiment.observed).reshape(experiment.observed.shape[0], edges.shape[0] - 1, -1)
    if np.any(observed[:, cut] != 0.0):
        unit = experiment.response.unit
        raise CevnsjaxError(
            f"A threshold must not lie above the first edge, {float(edges[0]):g} {unit}, of measured data, which it "
            f"cannot cut; got {float(kept[0]):g} {unit}."
        )


def check_backgrounds(experiment: Experiment) -> None:
    """Refuse backgrounds that cannot fill the bins of the data.

    Raises
    ------
    CevnsjaxError
        If one has another shape or unit, or cannot be cut where the response is.
    """
    response = experiment.response
    shape = experiment.observed.shape[1:]
    for name, background in experiment.backgrounds.items():
        if background.edges_unit and background.edges_unit != response.unit:
            raise CevnsjaxError(
                f"the background {name!r} needs bins in {background.edges_unit}, got a response in "
                f"{response.unit or 'templates without edges'}."
            )
        # one column would silently be taken for every time
        found = _counts.eval_shape(background, experiment.window, experiment.exposure, response.kept_edges).shape
        if found != shape:
            raise CevnsjaxError(f"the background {name!r} must have the shape {shape} of the data, got {found}.")
        try:
            background.check_bins(response.edges, response.kept_edges)
        except CevnsjaxError as error:
            raise CevnsjaxError(f"the background {name!r} cannot fill the bins of the data: {error}") from None


@jax.jit
def _counts(background, window, exposure, edges):
    """Counts of a background, for their shape: it is found once for all that are built alike."""
    return background.counts(window, exposure, edges)


def check_nuisances(experiment: Experiment) -> None:
    """Refuse nuisance parameters of the same name, and such as set what is not there.

    Raises
    ------
    ParameterError
        If two share a name, or two set the same leaf.
    UnknownNameError
        If there is no leaf at a path.
    """
    names = collections.Counter(parameter.name for parameter in experiment.nuisances)
    paths = collections.Counter(path for parameter in experiment.nuisances for path in parameter.paths)
    for kind, counter in (("the name", names), ("the leaf", paths)):
        (most, number), *_ = counter.most_common(1) or [("", 0)]
        if number > 1:
            raise ParameterError(f"Every nuisance parameter needs one of its own, got {kind} {most!r} {number} times.")
    for path in paths:
        if not eqx.is_inexact_array(leaf := get_path(experiment, path)) or leaf.ndim:
            raise ParameterError(f"A nuisance parameter must set a single number, got {path!r}.")
