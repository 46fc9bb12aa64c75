"""Priors that are measurements: where such a measurement was repeated, its centre would be another."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

from cevnsjax.inference.model import Model


class Measured(NamedTuple):
    """A Gaussian, cut off or not, of a parameter or of its logarithm.

    Attributes
    ----------
    centre, error
        Centre and standard deviation.
    logarithmic
        Whether they are of the logarithm.
    """

    centre: float
    error: float
    logarithmic: bool

    def coordinate(self, value: Float[Array, "*point"] | float) -> Float[Array, "*point"]:
        """What is Gaussian, at values of the parameter."""
        return jnp.log(value) if self.logarithmic else jnp.asarray(value)

    def moved(self, value: Float[Array, ""], centre: Float[Array, ""]) -> Float[Array, ""]:
        """What a log-density is more with another centre, up to a constant."""
        at = self.coordinate(value)
        return 0.5 * (((at - self.centre) / self.error) ** 2 - ((at - centre) / self.error) ** 2)


def measured(prior: dist.Distribution) -> Measured | None:
    """The measurement that a prior stands for; ``None`` of one that is no Gaussian."""
    logarithmic = isinstance(prior, dist.LogNormal)
    base: Any = prior if isinstance(prior, dist.Normal) else getattr(prior, "base_dist", None)
    if not isinstance(base, dist.Normal):
        return None
    return Measured(np.asarray(base.loc).item(), np.asarray(base.scale).item(), logarithmic)


def draw_centres(model: Model, values: dict[str, float], generator: np.random.Generator, number: int) -> dict:
    """Centres of all priors that are measurements, measured anew at true values, shape ``[draw]`` each."""
    found = {}
    for parameter in model.parameters:
        if (prior := measured(parameter.prior)) is not None:
            true = float(prior.coordinate(values[parameter.name]))
            found[parameter.name] = true + prior.error * generator.normal(size=number)
    return found
