"""How well heavy water at the SNS measures the flux of neutrinos: COHERENT's two modules (``coherent-d2o``)."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_not_negative, check_positive
from cevnsjax.experiment.description import read_experiment
from cevnsjax.tables import data_path

_YEARS = 5.0  # of the description


def flux_precision(years: Sequence[float] | np.ndarray, deuteron_error: float = 0.0) -> Float[Array, " year"]:
    """Relative error of the flux that heavy water measures, from the Fisher matrix, without a prior on the flux.

    Parameters
    ----------
    years
        Years of 5000 h at 1.4 MW, shape ``[year]``.
    deuteron_error
        Relative error of the cross section on deuterium; zero leaves the statistical error, with what the norms of
        oxygen and of the background add to it.

    Raises
    ------
    CevnsjaxError
        If a time is not positive or the error negative.
    """
    check_positive("years", np.asarray(years), "years")
    check_not_negative("deuteron_error", deuteron_error, "")
    experiment = read_experiment(data_path("experiments/coherent-d2o.toml"))
    counts = experiment.contributions()
    deuteron, oxygen, background = (counts[name].reshape(-1) / _YEARS for name in ("H2", "O16", "steady_state"))
    normals: dict[str, Any] = {each.name: each.prior for each in experiment.nuisances}
    errors = {name: float(normal.base_dist.scale) for name, normal in normals.items()}
    # counts are linear in all norms: that of the flux, and those with an error, which is their unit
    nuisances = [
        deuteron_error * deuteron,
        errors["oxygen_cross_section"] * oxygen,
        errors["steady_state_norm"] * background,
    ]
    slopes = jnp.stack([deuteron + oxygen, *nuisances])
    fisher = jnp.matmul(slopes / (deuteron + oxygen + background)[None], slopes.T, precision="highest")
    priors = jnp.diag(as_float([0.0, 1.0, 1.0, 1.0]))
    each = as_float(years)[:, None, None] * fisher[None] + priors[None]
    return jnp.sqrt(jnp.linalg.inv(each)[:, 0, 0])
