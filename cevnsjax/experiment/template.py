"""Backgrounds and signals that a release gives as histograms, with histograms of their systematic variations."""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_optional_float, check_finite, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.background import AbstractHistogramBackground
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.response import TimeWindow


def _check_sum(name: str, histogram: Float[Array, "energy time"]) -> None:
    if is_concrete(histogram):
        check_positive(f"the sum of {name}", np.asarray(histogram).sum(), "any normalisation")


class TemplateVariation(eqx.Module):
    """How a histogram changes with one source of uncertainty.

    Attributes
    ----------
    up
        The histogram at +1 sigma, any normalisation, shape ``[energy, time]``.
    down
        The histogram at -1 sigma; without it the change is taken as linear.
    pull
        How many standard deviations to move; 0 nominally. Between three histograms the contents are quadratic in it.
    """

    up: Float[Array, "energy time"] = eqx.field(converter=as_float)
    down: Float[Array, "energy time"] | None = eqx.field(converter=as_optional_float, default=None)
    pull: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        for name, histogram in (("up", self.up), ("down", self.down)):
            if histogram is not None:
                check_finite(name, histogram, "any normalisation")
                _check_sum(name, histogram)
                if histogram.shape != self.up.shape:
                    raise CevnsjaxError(f"{name} must have the shape {self.up.shape} of up, got {histogram.shape}.")
        check_finite("pull", self.pull, "standard deviations")

    def change(self, nominal: Float[Array, "energy time"]) -> Float[Array, "energy time"]:
        """Change of a normalised histogram, which sums to zero."""
        up = self.up / self.up.sum()
        if self.down is None:
            return self.pull * (up - nominal)
        down = self.down / self.down.sum()
        return 0.5 * self.pull * (up - down) + 0.5 * self.pull**2 * (up + down - 2.0 * nominal)


class TemplateBackground(AbstractHistogramBackground):
    """A histogram of energy and time, with all efficiencies inside.

    Attributes
    ----------
    events
        Expected events in all bins.
    template
        Relative contents of the bins, any normalisation, shape ``[energy, time]``.
    variations
        How the shape may change, by name; contents that a change would make negative are zero.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    template: Float[Array, "energy time"] = eqx.field(converter=as_float)
    variations: dict[str, TemplateVariation] = eqx.field(default_factory=dict)

    def __check_init__(self):
        check_positive("events", self.events, "events")
        check_finite("template", self.template, "any normalisation")
        _check_sum("template", self.template)
        for name, variation in self.variations.items():
            for histogram in (variation.up, variation.down):
                if histogram is not None and histogram.shape != self.template.shape:
                    raise CevnsjaxError(
                        f"variations[{name!r}] must have the shape {self.template.shape}, got {histogram.shape}."
                    )

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        nominal = self.template / self.template.sum()
        changes = (variation.change(nominal) for variation in self.variations.values())
        shape = jnp.maximum(functools.reduce(jnp.add, changes, nominal), 0.0)
        return self.events * (shape / shape.sum())
