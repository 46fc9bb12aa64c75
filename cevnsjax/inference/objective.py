"""What is minimised: minus the log-density, with some parameters held and the others moved by latents."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.inference.centres import Measured, measured
from cevnsjax.inference.coordinates import Coordinates
from cevnsjax.inference.model import Model

Held = Mapping[str, Any]
"""Values of held parameters by name, a number each inside of the solver, shape ``[point]`` outside."""


class Box(eqx.Module):
    """A range that a parameter moves in, in the place of its prior's.

    Attributes
    ----------
    low, high
        The ends, in the parameter's unit.
    logarithmic
        Whether the latent is even in the logarithm.
    """

    low: Scalar = eqx.field(converter=as_float)
    high: Scalar = eqx.field(converter=as_float)
    logarithmic: bool = eqx.field(static=True)

    def value(self, latent: Scalar) -> Scalar:
        """Value at a latent; half of all latents are below zero, where the middle is."""
        low, high = (jnp.log(self.low), jnp.log(self.high)) if self.logarithmic else (self.low, self.high)
        place = low + (high - low) * jax.nn.sigmoid(latent)
        return jnp.clip(jnp.exp(place) if self.logarithmic else place, self.low, self.high)

    def latent(self, value: float) -> float:
        """The latent of a value, finite at the ends too."""
        low, high, place = (np.log(v) if self.logarithmic else v for v in (float(self.low), float(self.high), value))
        share = np.clip((place - low) / (high - low), 1e-3, 1.0 - 1e-3)
        return float(np.log(share / (1.0 - share)))


class Objective(eqx.Module):
    """Minus log-likelihood (relative to the saturated model) minus the log-priors that constrain.

    Attributes
    ----------
    model
        The model.
    observed
        Data of the shape of the experiment's.
    moved
        Parameters that latents move, in the order of the latents.
    without_prior
        Parameters whose priors are left out.
    boxes
        Ranges of the moved parameters that do not have their prior's.
    centres
        Other centres of priors that are measurements, by parameter name.
    """

    model: Model
    observed: Any
    moved: tuple[str, ...] = eqx.field(static=True)
    without_prior: frozenset[str] = eqx.field(static=True, default=frozenset())
    boxes: dict[str, Box] = eqx.field(default_factory=dict)
    centres: dict[str, Scalar] = eqx.field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of latents; where nothing moves there is one all the same, which does nothing."""
        return max(len(self.moved), 1)

    @property
    def coordinates(self) -> Coordinates:
        """How latents move what they move."""
        priors = {parameter.name: parameter.prior for parameter in self.model.parameters}
        ends = [_ends(priors[name]) if name not in self.boxes else 2 for name in self.moved] or [0]
        location, scale = (np.asarray(array)[self._places] for array in (self.model.location, self.model.scale))
        if not self.moved:
            location, scale = np.zeros(1, scale.dtype), np.ones(1, scale.dtype)
        boxed = np.array([name in self.boxes for name in self.moved] or [False])
        return Coordinates(np.array(ends), *(np.where(boxed, at, own) for at, own in ((0.0, location), (1.0, scale))))

    @property
    def _measurements(self) -> dict[str, Measured]:
        return {p.name: prior for p in self.model.parameters if (prior := measured(p.prior)) is not None}

    @property
    def _places(self) -> np.ndarray:
        return np.array([self.model.names.index(name) for name in self.moved], dtype=int)

    def values(self, held: Held, latents: Float[Array, " latent"]) -> dict[str, Array]:
        """Values of all parameters: held ones as given, even at the edge of their prior, the others from latents.

        A moved parameter that is held all the same, at a value that is not NaN, stays there: what is held may change
        without anything being compiled anew.
        """
        inside = jnp.zeros_like(self.model.location).at[self._places].set(latents[: len(self.moved)])
        values = self.model.from_latent(inside)
        for name, box in self.boxes.items():
            values[name] = box.value(latents[self.moved.index(name)])
        for name, value in held.items():
            values[name] = jnp.where(jnp.isnan(value), values[name], value) if name in self.moved else value
        return values

    def __call__(self, held: Held, latents: Float[Array, " latent"]) -> Float[Array, ""]:
        """The objective; infinite where it is undefined."""
        values = self.values(held, latents)
        constraints = {name: value for name, value in values.items() if name not in self.without_prior}
        objective = -self.model.log_likelihood(values, self.observed) - self.model.log_constraints(constraints)
        for name, centre in self.centres.items():
            objective = objective - self._measurements[name].moved(values[name], centre)
        return jnp.where(jnp.isfinite(objective), objective, jnp.inf)


def _ends(prior) -> int:
    """How many ends the support of a prior has."""
    return sum(hasattr(prior.support, end) for end in ("lower_bound", "upper_bound"))
