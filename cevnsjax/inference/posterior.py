"""What a run gives: samples, their summary, and files that other programs read."""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.diagnostics import summarise
from cevnsjax.inference.drawn import described
from cevnsjax.inference.model import Model


@eqx.filter_jit
def _expected(model: Model, values):
    return map_in_batches(model.expected, values, 64)


@eqx.filter_jit
def _derived(model: Model, values):
    return map_in_batches(model.derived_values, values, 64)


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
        return {name: np.asarray(v).reshape(shape) for name, v in _derived(self.model, self._flat_values()).items()}

    def expected(self, draws: int = 400) -> Any:
        """Expected counts at evenly spaced draws, shape ``[draw, sample, energy, time]``; by name for a joint fit."""
        return jax.tree.map(np.asarray, _expected(self.model, self._flat_values(draws)))

    def summary(self) -> dict[str, dict]:
        """Summary of every parameter, and of what follows from them (:meth:`derived`)."""
        quantities = self.samples | self.derived()
        return {name: summarise(values) for name, values in quantities.items()}

    def to_netcdf(self, path: Path) -> None:
        """Write a NetCDF file with the groups ``posterior``, ``sample_stats`` and ``observed_data``, as in ArviZ."""
        import xarray

        def dataset(arrays: dict[str, np.ndarray]) -> xarray.Dataset:
            chains, draws = next(iter(arrays.values())).shape
            coordinates = {"chain": np.arange(chains), "draw": np.arange(draws)}
            return xarray.Dataset({name: (("chain", "draw"), a) for name, a in arrays.items()}, coordinates)

        posterior = dataset(self.samples | self.derived())
        for name, quantity in described(self.model).items():
            posterior[name].attrs.update(quantity.to_attributes())
        observed = xarray.Dataset()
        for name, part in self.model.experiment.parts.items():
            # variables of several experiments stand beside each other, with dimensions of their own
            suffix = "" if part is self.model.experiment else f" {name}"
            dimensions = tuple(f"{axis}{suffix}" for axis in ("sample", "energy", "time"))
            observed[f"counts{suffix}"] = dimensions, np.asarray(part.observed), {"what": part.data_label}
            observed = observed.assign_coords({dimensions[0]: list(part.samples)})
        groups = {
            "posterior": posterior,
            "sample_stats": dataset(self.statistics),
            "observed_data": observed,
        }
        for index, (group, content) in enumerate(groups.items()):
            content.attrs.update(self.attributes)
            content.to_netcdf(path, mode="a" if index else "w", group=group, engine="h5netcdf")
