"""Design variables: what of an experiment may be chosen, between which bounds, and what it costs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import Scalar
from cevnsjax.errors import ParameterError
from cevnsjax.paths import get_path


@dataclass(frozen=True, kw_only=True)
class AbstractVariable(ABC):
    """A number of an experiment that may be chosen.

    Attributes
    ----------
    name
        How it is called in tables.
    low, high
        Bounds, in its unit: both are designs that can be built.
    logarithmic
        Whether it is searched evenly in its logarithm.
    price
        What the nominal value costs (or ``reference``, where one is given), in the unit of the budget.
    power
        The cost is proportional to this power of the value: -1 of a threshold that is twice as dear at half its value.
    reference
        Value that costs the price; the experiment's own if none.
    unit
        Its unit, for tables.
    """

    name: str
    low: float
    high: float
    logarithmic: bool = False
    price: float = 0.0
    power: float = 1.0
    reference: float | None = None
    unit: str = ""

    def __post_init__(self):
        for what in ("low", "high", "price", "power"):
            if not np.isfinite(getattr(self, what)):
                raise ParameterError(f"{what} of {self.name!r} must be a finite number, got {getattr(self, what)}.")
        if not self.low < self.high:
            raise ParameterError(f"{self.name!r} must have low < high, got {self.low:g} and {self.high:g}.")
        if self.logarithmic and not self.low > 0.0:
            raise ParameterError(f"{self.name!r} can only be logarithmic with low > 0, got {self.low:g}.")
        if self.price < 0.0:
            raise ParameterError(f"price of {self.name!r} must be zero or positive, got {self.price:g}.")
        if self.price and self.power != 1.0 and not self.low > 0.0:
            raise ParameterError(f"{self.name!r} has a cost with the power {self.power:g}, so low must be positive.")
        if self.reference is not None and not (np.isfinite(self.reference) and self.reference > 0.0):
            raise ParameterError(f"reference of {self.name!r} must be finite and positive, got {self.reference}.")

    @abstractmethod
    def paths(self, experiment: Any) -> tuple[str, ...]:
        """Paths of the leaves that it sets.

        Raises
        ------
        CevnsjaxError
            If the experiment has none such.
        """

    @abstractmethod
    def leaves(self, value: Scalar, experiment: Any) -> tuple[Scalar, ...]:
        """What it sets these leaves to; the others are those of the experiment."""

    @abstractmethod
    def nominal(self, experiment: Any) -> float:
        """The value that an experiment has."""

    def at(self, share: Scalar) -> Scalar:
        """Value at a share of the way from the lower to the upper bound."""
        if self.logarithmic:
            return self.low * jnp.exp(share * np.log(self.high / self.low))
        return self.low + share * (self.high - self.low)

    def share(self, value: float) -> float:
        """Share of the way from the lower to the upper bound, between 0 and 1; that of the nearer one outside."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            return float(np.log(inside / self.low) / np.log(self.high / self.low))
        return (inside - self.low) / (self.high - self.low)

    @property
    def cheapest(self) -> float | None:
        """The share at which it costs least; none where the cost does not depend on it."""
        if not self.price * self.power:
            return None
        return 0.0 if self.power > 0.0 else 1.0

    def cost(self, value: Scalar, reference: float) -> Scalar:
        """What a value costs, where a reference costs the price."""
        if not self.price:
            return jnp.zeros_like(value)
        return self.price * (value / reference) ** self.power

    def cost_reference(self, experiment: Any) -> float:
        """The value that costs the price.

        Raises
        ------
        ParameterError
            If it is that of the experiment, and that is zero.
        """
        reference = self.nominal(experiment) if self.reference is None else self.reference
        if self.price and not reference > 0.0:
            raise ParameterError(
                f"{self.name!r} is {reference:g} nominally; say with reference = … what costs the price."
            )
        return reference


@dataclass(frozen=True, kw_only=True)
class Variable(AbstractVariable):
    """A leaf of an experiment, or several that are set to the same value.

    Attributes
    ----------
    where
        Path or paths, as of a parameter: ``"mass_kg"``, ``"response.threshold_keV"``, ``"response.edges_keV.3"``.
    """

    where: str | tuple[str, ...]

    def paths(self, experiment: Any) -> tuple[str, ...]:
        return (self.where,) if isinstance(self.where, str) else self.where

    def leaves(self, value: Scalar, experiment: Any) -> tuple[Scalar, ...]:
        return (value,) * len(self.paths(experiment))

    def nominal(self, experiment: Any) -> float:
        leaf = np.asarray(get_path(experiment, self.paths(experiment)[0]))
        if leaf.ndim:
            raise ParameterError(f"{self.name!r} needs the path of a single number, got {self.where!r}.")
        return float(leaf)
