"""A profile-likelihood map as a data set that other programs read."""

import json
from importlib.metadata import version
from typing import TYPE_CHECKING

from cevnsjax.inference.map_axes import is_logarithmic
from cevnsjax.inference.map_words import LEVELS, limit_text
from cevnsjax.parameter import describe_prior

if TYPE_CHECKING:
    import xarray

    from cevnsjax.inference.profile_map import ProfileMap

ADDED = "added_"
"""What names of variables of the added points begin with, and (with ``point`` behind) their dimension."""

_DESCRIBED = {
    "delta_chi2": "twice the drop of log_density from the best fit in the box of the grid",
    "log_density": "log-likelihood relative to the saturated model plus the log-priors that constrain",
    "gradient": "largest derivative of log_density in a latent of the profiled parameters",
    "converged": "whether the fit of the point has converged",
}


def map_dataset(found: "ProfileMap") -> "xarray.Dataset":
    """A map with units and descriptions.

    Added points have a dimension of their own; their variables are named as those of the grid, with ``added_`` in
    front, the gridded parameters' too.
    """
    import xarray

    axes, points = tuple(found.grid), (f"{ADDED}point",)
    dataset = xarray.Dataset(
        {
            "delta_chi2": (axes, found.delta_chi2),
            "log_density": (axes, found.log_density),
            "gradient": (axes, found.gradient),
            "converged": (axes, found.converged),
            **{name: (axes, values) for name, values in found.nuisances.items()},
        },
        dict(found.grid),
    )
    for name in (*found.grid, *found.nuisances):
        dataset[name].attrs = _attributes(found, name)
    for name, text in _DESCRIBED.items():
        dataset[name].attrs = {"unit": "", "description": text}
    for name in found.grid:
        dataset[name].attrs["spacing"] = "logarithmic" if is_logarithmic(found.grid[name]) else "linear"
        dataset[name].attrs["limits"] = "\n".join(limit_text(found, name, level) for level in LEVELS)
    added = found.added
    if added.number:
        columns = {
            **added.values,
            "delta_chi2": found.added_delta_chi2,
            "log_density": added.log_density,
            "gradient": added.gradient,
            "converged": added.converged,
            **added.nuisances,
        }
        for name, values in columns.items():
            dataset[ADDED + name] = (points, values, {key: dataset[name].attrs[key] for key in ("unit", "description")})
    dataset.attrs = {
        "experiment": found.model.experiment.name,
        "best_fit": json.dumps(found.best.values),
        "best_fit_log_density": found.best.log_density,
        "halvings_of_steps": added.halvings,
        "unresolved_pairs_of_points": added.unresolved,
        "versions": json.dumps({name: version(name) for name in ("cevnsjax", "jax", "numpy")}),
        **found.attributes,
    }
    return dataset


def _attributes(found: "ProfileMap", name: str) -> dict[str, str]:
    parameter = next(parameter for parameter in found.model.parameters if parameter.name == name)
    measured = {nuisance.name for nuisance in found.model.experiment.nuisances}
    left_out = ", left out of log_density" if name in found.grid and name not in measured else ""
    return {
        "unit": parameter.unit,
        "label": parameter.label,
        "description": parameter.description,
        "prior": describe_prior(parameter.prior) + left_out,
    }
