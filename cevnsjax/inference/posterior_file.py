"""The file of a posterior, with the groups that ArviZ knows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from cevnsjax.inference.drawn import described
from cevnsjax.inference.predictive import PREDICTIVE_DRAWS, predicted
from cevnsjax.prior_quantiles import prior_quantiles

if TYPE_CHECKING:
    import xarray

    from cevnsjax.experiment import Experiment
    from cevnsjax.inference.posterior import Posterior


def write_posterior(posterior: "Posterior", path: Path) -> None:
    """Write a NetCDF file that ``arviz.from_netcdf(path)`` reads, with what ``arviz.loo`` and others need.

    ``posterior`` and ``sample_stats`` hold every draw, ``observed_data`` the data. ``log_likelihood`` and
    ``posterior_predictive`` hold what each bin adds to the log-likelihood (relative to the saturated model, which
    differences between models do not have) and data drawn again, in single precision and at a thousand draws at most:
    their coordinates say at which. ``prior`` has as many draws of the parameters from their priors. Random numbers are
    the same each time.

    Parameters
    ----------
    posterior
        What is written.
    path
        Where; what is there is replaced.
    """
    model, (chains, draws) = posterior.model, posterior.thinned_places(PREDICTIVE_DRAWS)
    found = predicted(model, posterior.thinned(PREDICTIVE_DRAWS), jax.random.key(0))
    parts = model.experiment.parts
    suffixes = {name: "" if part is model.experiment else f" {name}" for name, part in parts.items()}

    def by_bin(of: str) -> "xarray.Dataset":
        arrays = {name: getattr(each, of).astype(np.float32) for name, each in found.items()}
        shaped = {name: each.reshape(chains.size, draws.size, *each.shape[1:]) for name, each in arrays.items()}
        return _by_bin(parts, suffixes, shaped, {"chain": chains, "draw": draws})

    parameters = _by_draw(posterior.samples | posterior.derived())
    for name, quantity in described(model).items():
        parameters[name].attrs.update(quantity.to_attributes())
    observed = _by_bin(parts, suffixes, {name: np.asarray(part.observed) for name, part in parts.items()}, {})
    for name, part in parts.items():
        observed[f"counts{suffixes[name]}"].attrs["what"] = part.data_label
    random = np.random.default_rng(0)
    prior = {p.name: prior_quantiles(p.prior, random.uniform(size=PREDICTIVE_DRAWS))[None] for p in model.parameters}
    groups = {
        "posterior": parameters,
        "sample_stats": _by_draw(posterior.statistics),
        "observed_data": observed,
        "log_likelihood": by_bin("terms").assign_attrs(relative_to="the saturated model"),
        "posterior_predictive": by_bin("replicated"),
        "prior": _by_draw(prior),
    }
    for index, (group, content) in enumerate(groups.items()):
        content.attrs.update(posterior.attributes)
        packed = {name: {"zlib": True} for name, each in content.items() if each.ndim > 3}
        content.to_netcdf(path, mode="a" if index else "w", group=group, engine="h5netcdf", encoding=packed)


def _by_draw(arrays: dict[str, np.ndarray]) -> "xarray.Dataset":
    """Variables of every draw, shape ``[chain, draw]``."""
    import xarray

    chains, draws = next(iter(arrays.values())).shape
    coordinates = {"chain": np.arange(chains), "draw": np.arange(draws)}
    return xarray.Dataset({name: (("chain", "draw"), a) for name, a in arrays.items()}, coordinates)


def _by_bin(
    parts: "dict[str, Experiment]",
    suffixes: dict[str, str],
    arrays: dict[str, np.ndarray],
    coordinates: dict[str, Any],
) -> "xarray.Dataset":
    """A variable for each experiment; those of several stand beside each other, with dimensions of their own."""
    import xarray

    content = xarray.Dataset(coords=coordinates)
    for name, part in parts.items():
        dimensions = tuple(f"{axis}{suffixes[name]}" for axis in ("sample", "energy", "time"))
        content[f"counts{suffixes[name]}"] = (*coordinates, *dimensions), arrays[name]
        content = content.assign_coords({dimensions[0]: list(part.samples)})
    return content
