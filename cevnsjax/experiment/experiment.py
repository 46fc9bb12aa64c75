"""One experiment, put together: source, target, interaction, quenching, response, backgrounds and data."""

import functools
import math
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive, is_concrete
from cevnsjax.cross_section import AbstractInteraction, AbstractNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.experiment.likelihood import AbstractLikelihood, PoissonLikelihood
from cevnsjax.flux import AbstractArrival, AbstractSource
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.spectrum import Panels, Spectrum
from cevnsjax.target import Material


class Axis(eqx.Module):
    """One axis of the binned data, for tables and plots.

    Attributes
    ----------
    name
        What is measured, with its unit, like ``"photoelectrons_PE"``.
    edges
        Bin edges.
    """

    name: str = eqx.field(static=True)
    edges: tuple[float, ...] = eqx.field(static=True, converter=lambda edges: tuple(map(float, edges)))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1


NO_TIMES = Axis("exposure", (0.0, 1.0))
"""Last axis of data that are not resolved in time."""


class FrozenStages(eqx.Module):
    """Stages of the signal that no free parameter moves, computed once; a stage that is not here is computed anew.

    Attributes
    ----------
    nodes
        Recoil nodes of each interaction, with everything but the couplings.
    kernels
        Probability of each bin for each node of an interaction, shape ``[node, energy]``.
    time_fractions
        Detected fraction in each time bin, shape ``[component, time]``.
    """

    nodes: dict[str, AbstractNodes] = eqx.field(default_factory=dict)
    kernels: dict[str, Float[Array, "node energy"]] = eqx.field(default_factory=dict)
    time_fractions: Float[Array, "component time"] | None = None


class Experiment(eqx.Module):
    """A detector at a source, with its data.

    Attributes
    ----------
    name
        The name used on the command line.
    flux, arrival
        Energies and arrival times of the neutrinos.
    target, mass_kg
        What is hit, and how much of it (kg).
    interactions
        What neutrinos do, by name; their events add up to the signal.
    quenching, response, window
        What is seen of a recoil: ionisation energy, energy bins, time bins.
    panels
        Quadrature nodes.
    signal_norm
        Ratio of the signal, of all interactions, to its prediction (1 nominally): the free norm of a rate measurement.
    backgrounds
        Backgrounds by name.
    samples
        For each data sample the names of what contributes to it (``"signal"`` and backgrounds).
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
    """

    name: str = eqx.field(static=True)
    flux: AbstractSource
    arrival: AbstractArrival
    target: Material
    mass_kg: Float[Array, ""] = eqx.field(converter=as_float)
    interactions: dict[str, AbstractInteraction]
    quenching: AbstractQuenching
    response: AbstractResponse
    window: TimeWindow
    panels: Panels
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

    def __check_init__(self):
        check_positive("mass_kg", self.mass_kg, "kg")
        if not set(self.flux.origins) <= set(self.arrival.components):
            raise CevnsjaxError(
                f"arrival must have every component that the flux comes from, got {self.arrival.components} for "
                f"{self.flux.origins}; a source without pulses takes SteadyArrival."
            )
        if set(self.interactions) & set(self.backgrounds):
            raise CevnsjaxError(
                "interactions must have other names than the backgrounds, got both called "
                f"{sorted(set(self.interactions) & set(self.backgrounds))}."
            )
        known = {"signal", *self.backgrounds}
        for sample, names in self.samples.items():
            if not set(names) <= known:
                raise CevnsjaxError(f"sample {sample!r} names {sorted(set(names) - known)}, known: {sorted(known)}.")
            if not self.sample_contributions(sample):
                raise CevnsjaxError(f"sample {sample!r} has neither an interaction nor a background.")
        *others, times = (axis.bins for axis in self.axes)
        shape = len(self.samples), math.prod(others), times
        if self.observed.shape != shape:
            raise CevnsjaxError(f"observed must have the shape {shape} of samples and axes, got {self.observed.shape}.")
        if is_concrete(self.observed):
            self.likelihood.check(np.asarray(self.observed))
        for name, background in self.backgrounds.items():
            # one column would silently be taken for every time
            found = jax.eval_shape(background.counts, self.window).shape
            if found != shape[1:]:
                raise CevnsjaxError(
                    f"the background {name!r} must have the shape {shape[1:]} of the data, got {found}."
                )

    @property
    def parts(self) -> dict[str, "Experiment"]:
        """The experiments of which this is made: itself."""
        return {self.name: self}

    def with_interactions(self, interactions: Mapping[str, AbstractInteraction]) -> "Experiment":
        """Return the same experiment with more interactions, or others in the place of those of the same name."""
        return eqx.tree_at(lambda e: e.interactions, self, {**self.interactions, **interactions})

    # the stages of the signal, in their order: alone they are evaluated step by step, from `signals` on as one program

    def recoil_nodes(self, name: str) -> AbstractNodes:
        """Nodes of the recoil spectrum of an interaction, with everything that does not depend on couplings."""
        if name in self.frozen.nodes:
            return self.frozen.nodes[name]
        return self.interactions[name].nodes(self.flux, self.target, self.panels)

    def recoil_spectrum(self, name: str) -> Spectrum:
        """Recoils by an interaction in the detector over the exposure, before any detector response."""
        spectrum = self.interactions[name].spectrum(self.recoil_nodes(name), self.flux, self.target)
        return Spectrum(spectrum.energy_keV, self.signal_norm * self.mass_kg * spectrum.events)

    def ionisation_energy_keV(self, name: str) -> Float[Array, " node"]:
        """Electron-equivalent energy of each recoil node of an interaction, keV: only nuclear recoils are quenched."""
        energy_keV = self.recoil_nodes(name).energy_keV.reshape(-1)
        return self.quenching(energy_keV) if self.interactions[name].recoil == "nucleus" else energy_keV

    def kernel(self, name: str) -> Float[Array, "node energy"]:
        """Probability of each energy bin for each recoil node of an interaction."""
        if name in self.frozen.kernels:
            return self.frozen.kernels[name]
        return self.response.kernel(self.ionisation_energy_keV(name))

    def time_fractions(self) -> Float[Array, "component time"]:
        """Detected fraction of each component in each time bin."""
        if self.frozen.time_fractions is not None:
            return self.frozen.time_fractions
        fractions = self.window.fractions(self.arrival.cumulative)
        if self.flux.origins == self.arrival.components:
            return fractions
        return fractions[np.array([self.arrival.components.index(origin) for origin in self.flux.origins])]

    @eqx.filter_jit
    def signals(self) -> dict[str, Float[Array, "component energy time"]]:
        """Expected signal counts of each interaction, for each component of the flux."""
        fractions = self.time_fractions()[:, None, :]
        return {
            name: (self.recoil_spectrum(name).flat().events @ self.kernel(name))[:, :, None] * fractions
            for name in self.interactions
        }

    def signal(self) -> Float[Array, "component energy time"]:
        """Expected signal counts for each component of the flux, summed over interactions."""
        return functools.reduce(jnp.add, self.signals().values())

    # what is compared with data

    @eqx.filter_jit
    def contributions(self) -> dict[str, Float[Array, "energy time"]]:
        """Expected counts of every interaction and of every background."""
        counts = {name: signal.sum(axis=0) for name, signal in self.signals().items()}
        return counts | {name: background.counts(self.window) for name, background in self.backgrounds.items()}

    def sample_contributions(self, sample: str) -> tuple[str, ...]:
        """Names of the contributions to a data sample, in order: ``"signal"`` stands for all interactions."""
        return tuple(
            name for entry in self.samples[sample] for name in (self.interactions if entry == "signal" else (entry,))
        )

    def expected(self) -> Float[Array, "sample energy time"]:
        """Expected counts in each sample."""
        counts = self.contributions()
        each = [[counts[name] for name in self.sample_contributions(sample)] for sample in self.samples]
        return jnp.stack([functools.reduce(jnp.add, parts) for parts in each])

    def log_likelihood(self, observed=None) -> Float[Array, ""]:
        """Log-likelihood of the data, or of others of their shape."""
        return self.likelihood(self.expected(), self.observed if observed is None else observed)

    def project(self, counts, axis: int):
        """Sum counts ``[..., energy, time]`` over all axes of the data but one."""
        counts = np.asarray(counts)
        leading = counts.ndim - 2
        counts = counts.reshape(*counts.shape[:leading], *(each.bins for each in self.axes))
        return counts.sum(axis=tuple(leading + other for other in range(len(self.axes)) if other != axis))

    def asimov(self) -> "Experiment":
        """Return the same experiment with its own prediction in the place of data."""
        return eqx.tree_at(lambda experiment: experiment.observed, self, self.expected())

    def with_observed(self, counts) -> "Experiment":
        """Return the same experiment with other data of the same shape.

        Raises
        ------
        CevnsjaxError
            If the shape differs, or the likelihood cannot take the numbers: negative counts, what is not finite.
        """
        counts = np.asarray(counts)
        if counts.shape != self.observed.shape:
            raise CevnsjaxError(f"observed counts must have the shape {self.observed.shape}, got {counts.shape}.")
        self.likelihood.check(counts)
        return eqx.tree_at(lambda experiment: experiment.observed, self, as_float(counts))
