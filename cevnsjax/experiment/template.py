"""Backgrounds and signals that a release gives as histograms, with histograms of their systematic variations."""

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

    def prepared(self) -> "PreparedTemplate":
        nominal = self.template / self.template.sum()
        linear, quadratic = {}, {}
        for name, variation in self.variations.items():
            up = variation.up / variation.up.sum()
            if variation.down is None:
                linear[name] = up - nominal
            else:
                down = variation.down / variation.down.sum()
                linear[name] = 0.5 * (up - down)
                quadratic[name] = 0.5 * (up + down - 2.0 * nominal)
        if not linear:  # nothing moves it
            nominal = jnp.maximum(nominal, 0.0)
            nominal = nominal / nominal.sum()
        changes = jnp.stack([*linear.values(), *quadratic.values()]) if linear else None
        pulls = {name: Pull(variation.pull) for name, variation in self.variations.items()}
        return PreparedTemplate(self.events, nominal, changes, pulls, tuple(quadratic))

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        return self.prepared().counts(window, exposure, edges)


class Pull(eqx.Module):
    """What is left of a `TemplateVariation` whose histograms do not change.

    Attributes
    ----------
    pull
        How many standard deviations to move.
    """

    pull: Float[Array, ""] = eqx.field(converter=as_float)


class PreparedTemplate(AbstractHistogramBackground):
    """A `TemplateBackground` of which only events and pulls change: histograms normalised, their changes subtracted.

    Attributes
    ----------
    events
        Expected events in all bins.
    template
        The nominal histogram, normalised, shape ``[energy, time]``; nothing in it is negative where nothing changes it.
    changes
        What is multiplied by each pull, then what by the square of those that are ``squared``; each sums to zero. Shape
        ``[change, energy, time]``; none without variations.
    variations
        The pulls, by name.
    squared
        Names of the variations that are quadratic in their pull.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    template: Float[Array, "energy time"] = eqx.field(converter=as_float)
    changes: Float[Array, "change energy time"] | None = eqx.field(converter=as_optional_float)
    variations: dict[str, Pull]
    squared: tuple[str, ...] = eqx.field(static=True)

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        if self.changes is None:
            return self.events * self.template
        pulls = {name: variation.pull for name, variation in self.variations.items()}
        moved = jnp.stack([*pulls.values(), *(pulls[name] ** 2 for name in self.squared)])
        shape = jnp.maximum(self.template + jnp.tensordot(moved, self.changes, 1, precision="highest"), 0.0)
        return shape * (self.events / shape.sum())
