"""What a run gives: samples, their summary, and files that other programs read."""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cevnsjax.experiment import Joint
from cevnsjax.inference.diagnostics import summarise
from cevnsjax.inference.model import Model
from cevnsjax.inference.posterior_file import write_posterior
from cevnsjax.inference.predictions import predictions


@dataclass(frozen=True)
class Posterior:
    """Samples of the posterior of a model.

    Attributes
    ----------
    model
        What was sampled.
    samples
        Draws by parameter name, shape ``[chain, draw]``.
    statistics
        ``diverging``, ``steps``, ``acceptance_rate`` and ``potential_energy`` of every draw, shape ``[chain,
        draw]``.
    attributes
        Whatever else should be written beside the samples.
    """

    model: Model
    samples: dict[str, np.ndarray]
    statistics: dict[str, np.ndarray]
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def divergences(self) -> int:
        """Number of divergent transitions."""
        return int(self.statistics["diverging"].sum())

    def _flat_values(self, draws: int | None = None) -> dict[str, np.ndarray]:
        flat = {name: values.reshape(-1) for name, values in self.samples.items()}
        if draws is None:
            return flat
        total = next(iter(flat.values())).size
        picks = np.linspace(0, total - 1, min(draws, total)).astype(int)
        return {name: values[picks] for name, values in flat.items()}

    def derived(self) -> dict[str, np.ndarray]:
        """What follows from the parameters at every draw, by name, shape ``[chain, draw]``.

        The events of each interaction in the analysis window, as ``cevns_events``, and what the model adds.
        """
        return dict(self._derived_values)

    @functools.cached_property
    def _derived_values(self) -> dict[str, np.ndarray]:
        shape = next(iter(self.samples.values())).shape
        derived = predictions(self.model, self._flat_values(), lambda at: at.derived)
        return {name: values.reshape(shape) for name, values in derived.items()}

    def expected(self, draws: int = 400) -> Any:
        """Expected counts at evenly spaced draws, shape ``[draw, sample, energy, time]``; by name for a joint fit."""
        expected = predictions(self.model, self._flat_values(draws), lambda at: at.expected)
        return expected if isinstance(self.model.experiment, Joint) else next(iter(expected.values()))

    def summary(self) -> dict[str, dict]:
        """Summary of every parameter, and of what follows from them (:meth:`derived`)."""
        quantities = self.samples | self.derived()
        return {name: summarise(values) for name, values in quantities.items()}

    def thinned_places(self, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Chains and draws of each at even distances, so many of both together at most (but one of each chain)."""
        number, length = next(iter(self.samples.values())).shape
        chains = np.linspace(0, number - 1, min(number, draws)).astype(int)
        return chains, np.linspace(0, length - 1, min(max(draws // chains.size, 1), length)).astype(int)

    def thinned(self, draws: int) -> dict[str, np.ndarray]:
        """Draws at even distances (:meth:`thinned_places`), chain by chain, shape ``[draw]`` by parameter name."""
        places = np.ix_(*self.thinned_places(draws))
        return {name: values[places].reshape(-1) for name, values in self.samples.items()}

    def to_netcdf(self, path: Path) -> None:
        """Write a NetCDF file with groups as in ArviZ; see :func:`write_posterior`."""
        write_posterior(self, path)
