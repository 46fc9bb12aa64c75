"""One experiment, put together: source, target, interaction, quenching, response, backgrounds and data."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.cross_section import AbstractInteraction, RecoilNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.background import AbstractBackground
from cevnsjax.flux import AbstractArrival, AbstractFlux
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.spectrum import Panels, Spectrum
from cevnsjax.target import Material


class Axes(eqx.Module):
    """Names and edges of the two axes of the binned data, for tables and plots.

    Attributes
    ----------
    energy_name, time_name
        What is measured, with its unit, like ``"photoelectrons_PE"``.
    energy_edges, time_edges
        Bin edges.
    """

    energy_name: str = eqx.field(static=True)
    energy_edges: tuple[float, ...] = eqx.field(static=True)
    time_name: str = eqx.field(static=True)
    time_edges: tuple[float, ...] = eqx.field(static=True)


class FrozenStages(eqx.Module):
    """Stages of the signal that no free parameter moves, computed once; ``None`` where a stage must be computed anew.

    Attributes
    ----------
    nodes
        Recoil nodes with everything but the couplings.
    kernel
        Probability of each bin for each node, shape ``[node, energy]``.
    time_fractions
        Detected fraction in each time bin, shape ``[component, time]``.
    """

    nodes: RecoilNodes | None = None
    kernel: Float[Array, "node energy"] | None = None
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
    interaction
        What neutrinos do.
    quenching, response, window
        What is seen of a recoil: ionisation energy, energy bins, time bins.
    panels
        Quadrature nodes.
    signal_norm
        Ratio of the signal to its prediction (1 nominally): the free signal norm of a rate measurement.
    backgrounds
        Backgrounds by name.
    samples
        For each data sample the names of what contributes to it (``"cevns"`` and backgrounds).
    observed
        Observed counts, shape ``[sample, energy, time]``.
    axes
        Names and edges of the bins.
    nuisances
        Nuisance parameters with their published priors.
    frozen
        Stages computed beforehand; see :func:`cevnsjax.experiment.freeze`.
    """

    name: str = eqx.field(static=True)
    flux: AbstractFlux
    arrival: AbstractArrival
    target: Material
    mass_kg: Float[Array, ""] = eqx.field(converter=as_float)
    interaction: AbstractInteraction
    quenching: AbstractQuenching
    response: AbstractResponse
    window: TimeWindow
    panels: Panels
    signal_norm: Float[Array, ""] = eqx.field(converter=as_float)
    backgrounds: dict[str, AbstractBackground]
    samples: dict[str, tuple[str, ...]] = eqx.field(static=True)
    observed: Float[Array, "sample energy time"] = eqx.field(converter=as_float)
    axes: Axes
    nuisances: tuple[Parameter, ...] = eqx.field(static=True)
    frozen: FrozenStages = eqx.field(default_factory=FrozenStages)

    def __check_init__(self):
        check_positive("mass_kg", self.mass_kg, "kg")
        if not set(self.flux.origins) <= set(self.arrival.components):
            raise CevnsjaxError(
                f"arrival must have every component that the flux comes from, got {self.arrival.components} for "
                f"{self.flux.origins}."
            )
        known = {"cevns", *self.backgrounds}
        for sample, names in self.samples.items():
            if not set(names) <= known:
                raise CevnsjaxError(f"sample {sample!r} names {sorted(set(names) - known)}, known: {sorted(known)}.")

    def with_interaction(self, interaction: AbstractInteraction) -> "Experiment":
        """Return the same experiment with another interaction."""
        return eqx.tree_at(lambda experiment: experiment.interaction, self, interaction)

    # the stages of the signal, in their order

    def recoil_nodes(self) -> RecoilNodes:
        """Nodes of the recoil spectrum, with everything that does not depend on couplings."""
        if self.frozen.nodes is not None:
            return self.frozen.nodes
        return self.interaction.nodes(self.flux, self.target, self.panels)

    def recoil_spectrum(self) -> Spectrum:
        """Recoils in the detector over the exposure, before any detector response."""
        spectrum = self.interaction.spectrum(self.recoil_nodes(), self.flux)
        return Spectrum(spectrum.energy_keV, self.signal_norm * self.mass_kg * spectrum.events)

    def kernel(self) -> Float[Array, "node energy"]:
        """Probability of each energy bin for each recoil node."""
        recoil_energy_keV = self.recoil_nodes().recoil_energy_keV.reshape(-1)
        return self.response.kernel(self.quenching(recoil_energy_keV))

    def time_fractions(self) -> Float[Array, "component time"]:
        """Detected fraction of each component in each time bin."""
        if self.frozen.time_fractions is not None:
            return self.frozen.time_fractions
        fractions = self.window.fractions(self.arrival.cumulative)
        if self.flux.origins == self.arrival.components:
            return fractions
        return fractions[np.array([self.arrival.components.index(origin) for origin in self.flux.origins])]

    def signal(self) -> Float[Array, "component energy time"]:
        """Expected signal counts for each component of the flux."""
        recoil = self.recoil_spectrum()
        if self.frozen.kernel is not None:
            energy_counts = recoil.flat().events @ self.frozen.kernel
        else:
            energy_counts = self.response.counts(recoil.push_forward(self.quenching))
        return energy_counts[:, :, None] * self.time_fractions()[:, None, :]

    # what is compared with data

    def contributions(self) -> dict[str, Float[Array, "energy time"]]:
        """Expected counts of the signal (``"cevns"``) and of every background."""
        counts = {"cevns": self.signal().sum(axis=0)}
        for name, background in self.backgrounds.items():
            counts[name] = background.counts(self.window)
        return counts

    def expected(self) -> Float[Array, "sample energy time"]:
        """Expected counts in each sample."""
        counts = self.contributions()
        return jnp.stack([sum(counts[name] for name in names) for names in self.samples.values()])  # pyright: ignore

    def asimov(self) -> "Experiment":
        """Return the same experiment with its own prediction in the place of data."""
        return eqx.tree_at(lambda experiment: experiment.observed, self, self.expected())

    def with_observed(self, counts) -> "Experiment":
        """Return the same experiment with other data of the same shape.

        Raises
        ------
        CevnsjaxError
            If the shape differs, or a count is negative or not finite.
        """
        counts = np.asarray(counts)
        if counts.shape != self.observed.shape:
            raise CevnsjaxError(f"observed counts must have the shape {self.observed.shape}, got {counts.shape}.")
        if not np.all(np.isfinite(counts) & (counts >= 0)):
            raise CevnsjaxError("observed counts must be finite and not negative.")
        return eqx.tree_at(lambda experiment: experiment.observed, self, as_float(counts))
