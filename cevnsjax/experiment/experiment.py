"""One experiment, put together: sources, target, interactions, quenching, response, backgrounds and data."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_floats, check_positive, number_array
from cevnsjax.cross_section import (
    AbstractDeposit,
    AbstractInteraction,
    AbstractNodes,
    AbstractScattering,
    Panels,
    Recoil,
)
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import consistency, prediction
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.experiment.frozen_stages import FrozenStages, Pair
from cevnsjax.experiment.likelihood import AbstractLikelihood, PoissonLikelihood
from cevnsjax.experiment.moving_sources import moves_where_sources_end
from cevnsjax.experiment.placing import moved_kinks, placed_panels, recoils
from cevnsjax.experiment.smooth_table import SmoothTable
from cevnsjax.experiment.view import PlacedFor, moves_what_is_seen
from cevnsjax.flux import Source, sources_of
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material


class Experiment(eqx.Module):
    """A detector at its sources, with its data.

    To be built outside of transformations: the nodes of its recoil spectra are placed for the numbers that it has then,
    and for what its nuisance parameters may make of them. Where leaves have changed since, :meth:`placed` places them
    anew; what is asked for outside of transformations sees to that itself.

    Attributes
    ----------
    name
        The name used on the command line.
    sources
        What arrives, and when, by name. An interaction acts on every source of the kind that it sees.
    target, mass_kg
        What is hit, and how much of it (kg).
    exposure_days
        Days of data taking, where sources are those of one day: signal and rates of backgrounds are proportional to it.
        1, the default, where the sources have the whole time inside; backgrounds are then not to be rates.
    interactions
        What happens, by name; the events add up to the signal.
    quenching, response, window
        What is seen of a recoil: ionisation energy, energy bins, time bins.
    signal_norm
        Ratio of the signal, of all interactions, to its prediction (1 nominally): the free norm of a rate measurement.
    backgrounds
        Backgrounds by name.
    samples
        For each data sample the names of what contributes to it (``"signal"`` and backgrounds).
    time_ratios
        For how long a data sample was taken, over ``exposure_days``, by name of the sample; 1 for those that are not
        named. Of what was recorded with the source off, or between its pulses.
    observed
        What was observed (counts, or a rate), shape ``[sample, energy, time]``; the energy axis may hold the bins of
        several observables, the first one slowest.
    axes
        Names and edges of the observables, the time last.
    nuisances
        Nuisance parameters with their published priors.
    quantity
        What the observed numbers are, for plots.
    unit
        Unit of their sum over bins.
    likelihood
        How expected and observed numbers are compared.
    frozen
        Stages computed beforehand; see :func:`cevnsjax.experiment.freeze`.
    panels
        Where recoil spectra are integrated, by what recoils and by source; placed when the experiment is built.
    placed_for
        The numbers that they were placed for; none of a frozen experiment, whose nodes stay where they are.
    is_asimov
        Whether the observed numbers are the experiment's own prediction and not a measurement: :meth:`asimov` sets it.
    """

    name: str = eqx.field(static=True)
    sources: dict[str, Source]
    target: Material
    mass_kg: Float[Array, ""] = eqx.field(converter=as_float)
    interactions: dict[str, AbstractInteraction]
    quenching: AbstractQuenching
    response: AbstractResponse
    window: TimeWindow
    signal_norm: Float[Array, ""] = eqx.field(converter=as_float)
    backgrounds: dict[str, AbstractBackground]
    samples: dict[str, tuple[str, ...]] = eqx.field(static=True)
    observed: Float[Array, "sample energy time"] = eqx.field(converter=as_float)
    axes: tuple[Axis, ...]
    nuisances: tuple[Parameter, ...] = eqx.field(static=True)
    quantity: str = eqx.field(static=True, default="counts per bin")
    unit: str = eqx.field(static=True, default="events")
    likelihood: AbstractLikelihood = eqx.field(default_factory=PoissonLikelihood)
    frozen: FrozenStages = eqx.field(default_factory=FrozenStages)
    exposure_days: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    time_ratios: dict[str, Float[Array, ""]] = eqx.field(converter=as_floats, default_factory=dict)
    is_asimov: bool = eqx.field(static=True, default=False)
    panels: dict[tuple[Recoil, str], Panels] = eqx.field(static=True, init=False)
    placed_for: PlacedFor | None = eqx.field(static=True, init=False)

    def __post_init__(self):
        consistency.check_blocks(self)
        consistency.check_bins(self)
        self.placed_for = PlacedFor.numbers_of(self)
        self.panels = placed_panels(self, self.nuisances)

    def __check_init__(self):
        consistency.check_blocks(self)
        check_positive("mass_kg", self.mass_kg, "kg")
        check_positive("exposure_days", self.exposure_days, "days")
        consistency.check_samples(self)
        consistency.check_bins(self)
        consistency.check_backgrounds(self)
        consistency.check_threshold(self)
        consistency.check_nuisances(self)

    @property
    def parts(self) -> dict[str, "Experiment"]:
        """The experiments of which this is made: itself."""
        return {self.name: self}

    def seen_by(self, interaction: str) -> tuple[str, ...]:
        """Names of the sources that an interaction acts on, in alphabetical order."""
        return sources_of(self.sources, self.interactions[interaction].sees)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every interaction with every source that it sees."""
        return tuple((name, source) for name in self.interactions for source in self.seen_by(name))

    def components(self, interaction: str) -> tuple[str, ...]:
        """Names of the components of a signal: those of the source, with its name in front where it sees several."""
        names = self.seen_by(interaction)
        if len(names) == 1:
            return self.sources[names[0]].flux.components
        return tuple(f"{name}.{each}" for name in names for each in self.sources[name].flux.components)

    @property
    def exposure(self) -> Exposure:
        """What rates of backgrounds are multiplied by."""
        return Exposure(self.mass_kg, self.exposure_days)

    def with_interactions(self, interactions: Mapping[str, AbstractInteraction]) -> "Experiment":
        """Return the same experiment with more interactions, or others in the place of those of the same name.

        Inside of transformations only where nodes are placed for what recoils already: kinks that are traced stay.
        """
        extended = eqx.tree_at(lambda e: e.interactions, self, {**self.interactions, **interactions})
        consistency.check_blocks(extended)
        if self.placed_for is not None:
            moved = moved_kinks(self, extended)
            stay = {(recoil, source) for recoil, source in recoils(extended) if recoil not in moved}
            known = {pair: panels for pair, panels in self.panels.items() if pair in stay}
            object.__setattr__(extended, "panels", known | placed_panels(extended, self.nuisances, without=known))
        # what has to do with interactions: the other blocks have been checked
        consistency.check_samples(extended)
        consistency.check_nuisances(extended)
        return extended

    def with_sources(
        self, sources: Mapping[str, Source], nuisances: tuple[Parameter, ...] | None = None
    ) -> "Experiment":
        """Return the same experiment with more sources, or others in the place of those of the same name.

        Parameters
        ----------
        sources
            The others.
        nuisances
            Nuisance parameters in the place of its own, where these set what is elsewhere then.
        """
        nuisances = self.nuisances if nuisances is None else nuisances
        if self.placed_for is not None:
            return dataclasses.replace(self, sources={**self.sources, **sources}, nuisances=nuisances)
        extended = eqx.tree_at(lambda e: e.sources, self, {**self.sources, **sources})
        object.__setattr__(extended, "nuisances", nuisances)  # static
        extended.__check_init__()
        return extended

    def unplaced(self) -> "Experiment":
        """Return the same experiment for who asks about its blocks alone: no nodes are placed for what is added."""
        bare = eqx.tree_at(lambda e: e.frozen, self, FrozenStages())
        object.__setattr__(bare, "placed_for", None)
        return bare

    def placed(self, refinement: int = 1, parameters: Iterable[Parameter] = ()) -> "Experiment":
        """Return the same experiment with nodes for the numbers that it has now.

        Parameters
        ----------
        refinement
            How many times as many nodes as needed: what a bin then moves by is the error of the quadrature.
        parameters
            Parameters that are going to be free, beside its nuisance parameters.
        """
        panels = placed_panels(self, (*self.nuisances, *parameters))
        placed = eqx.tree_at(lambda e: e.frozen, self, FrozenStages())
        # not fields of the constructor
        object.__setattr__(placed, "panels", {key: each.refined(refinement) for key, each in panels.items()})
        object.__setattr__(placed, "placed_for", PlacedFor.numbers_of(self))
        return placed

    def in_place(self, parameters: Iterable[Parameter] = ()) -> "Experiment":
        """Return the experiment itself where its nodes are good, the same one with others where they are not.

        Traced numbers and frozen experiments are let through.

        Parameters
        ----------
        parameters
            Parameters that are going to be free, beside its nuisance parameters.
        """
        now = PlacedFor.numbers_of(self)
        if now is None or self.placed_for is None:
            return self
        others = [p for p in parameters if p not in self.nuisances]
        wider = [p for p in others if moves_what_is_seen(p) or moves_where_sources_end(self, p)]
        return self.placed(parameters=wider) if wider or not now.same_as(self.placed_for) else self

    # the stages of the signal, in their order: alone they are evaluated step by step, from `signals` on as one program

    def nodes(self, interaction: str, source: str) -> AbstractNodes:
        """Nodes of the spectrum of an interaction with a source, with everything that does not depend on couplings."""
        if (interaction, source) in self.frozen.nodes:
            return self.frozen.nodes[interaction, source]
        what = self.interactions[interaction]
        flux: Any = self.sources[source].flux  # of the kind that the interaction sees
        if isinstance(what, AbstractScattering):
            return what.nodes(flux, self.target, self.panels[what.recoil, source])
        assert isinstance(what, AbstractDeposit)
        return what.nodes(flux, self.target)

    def spectrum(self, interaction: str, source: str) -> Spectrum:
        """What an interaction with a source deposits over the exposure, before any detector response."""
        return prediction.spectrum(self, interaction, source, self.nodes(interaction, source))

    def visible_energy_keV(self, interaction: str, source: str) -> Float[Array, " node"]:
        """Electron-equivalent energy of each node, keV: only nuclear recoils are quenched."""
        return prediction.visible_energy_keV(self, interaction, self.nodes(interaction, source))

    def kernel(self, interaction: str, source: str) -> Float[Array, "node energy"]:
        """Probability of each energy bin for each node of an interaction with a source."""
        return prediction.kernel(self, interaction, source, self.nodes(interaction, source))

    def time_fractions(self, source: str) -> Float[Array, "component time"]:
        """Detected fraction of each component of a source in each time bin."""
        if source in self.frozen.time_fractions:
            frozen = self.frozen.time_fractions[source]
            return frozen(self) if isinstance(frozen, SmoothTable) else frozen
        return self.window.fractions(self.sources[source].cumulative)

    def signals(self) -> dict[str, Float[Array, "component energy time"]]:
        """Expected signal counts of each interaction, for each component of the sources that it sees."""
        return prediction.predicted(self.in_place())[0]

    def signal(self) -> Float[Array, "component energy time"]:
        """Expected signal counts for each component, summed over interactions that see the same sources.

        Raises
        ------
        CevnsjaxError
            If interactions see different sources: :meth:`signals` has them one by one.
        """
        if len({self.seen_by(name) for name in self.interactions}) > 1:
            raise CevnsjaxError("The interactions see different sources: their signals have no components in common.")
        return functools.reduce(jnp.add, self.signals().values())

    # what is compared with data

    def contributions(self) -> dict[str, Float[Array, "energy time"]]:
        """Expected counts of every interaction and of every background."""
        return prediction.predicted(self.in_place())[1]

    def sample_contributions(self, sample: str) -> tuple[str, ...]:
        """Names of the contributions to a data sample, in order: ``"signal"`` stands for all interactions."""
        return tuple(
            name for entry in self.samples[sample] for name in (self.interactions if entry == "signal" else (entry,))
        )

    def expected(self) -> Float[Array, "sample energy time"]:
        """Expected counts in each sample."""
        counts = self.contributions()
        return prediction.summed(
            [[counts[name] for name in self.sample_contributions(sample)] for sample in self.samples],
            [self.time_ratios.get(sample) for sample in self.samples],
        )

    def log_likelihood(self, observed=None) -> Float[Array, ""]:
        """Log-likelihood of the data, or of others of their shape: another would be stretched to it, and is refused."""
        if observed is not None and np.shape(observed) != self.observed.shape:
            raise CevnsjaxError(f"observed must have the shape {self.observed.shape}, got {np.shape(observed)}.")
        return _compared(self.likelihood, self.expected(), self.observed if observed is None else observed)

    def draw(self, key: Array) -> Float[Array, "sample energy time"]:
        """Data of the shape of the observed ones, drawn at random from the prediction.

        Nuisance parameters stay what they are: what they may be is drawn from their priors.
        """
        return self.likelihood.draw(self.expected(), key)

    def project(self, counts, axis: int):
        """Sum counts ``[..., energy, time]`` over all axes of the data but one."""
        counts = np.asarray(counts)
        leading = counts.ndim - 2
        counts = counts.reshape(*counts.shape[:leading], *(each.bins for each in self.axes))
        return counts.sum(axis=tuple(leading + other for other in range(len(self.axes)) if other != axis))

    @property
    def data_label(self) -> str:
        """What the observed numbers are called in tables and plots."""
        return "prediction (Asimov)" if self.is_asimov else "data"

    def asimov(self) -> "Experiment":
        """Return the same experiment with its own prediction in the place of data."""
        return self._with_data(self.expected(), is_asimov=True)

    def renewed(self) -> "Experiment":
        """Return the same experiment, its data made anew where they are its own prediction.

        Replacing leaves moves no data; this makes them follow.
        """
        return self.asimov() if self.is_asimov else self

    def with_observed(self, counts) -> "Experiment":
        """Return the same experiment with other data of the same shape: these stay, whatever is predicted.

        Raises
        ------
        CevnsjaxError
            If these are no numbers, the shape differs, or the likelihood cannot take them: negative counts, what is
            not finite.
        """
        counts = number_array("observed counts", counts)
        if counts.shape != self.observed.shape:
            raise CevnsjaxError(f"observed counts must have the shape {self.observed.shape}, got {counts.shape}.")
        self.likelihood.check(counts)
        return self._with_data(as_float(counts), is_asimov=False)

    def _with_data(self, observed: Float[Array, "sample energy time"], is_asimov: bool) -> "Experiment":
        changed = eqx.tree_at(lambda experiment: experiment.observed, self, observed)
        object.__setattr__(changed, "is_asimov", is_asimov)  # static, and no reason to place nodes anew
        return changed


@eqx.filter_jit
def _compared(likelihood: AbstractLikelihood, expected, observed) -> Float[Array, ""]:
    return likelihood(expected, observed)
