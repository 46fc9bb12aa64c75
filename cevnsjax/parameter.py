"""A parameter is a name, a prior, and the leaf or leaves that it sets."""

from dataclasses import dataclass

import jax
import numpy as np
import numpyro.distributions as dist

from cevnsjax.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Parameter:
    """A free parameter of a fit.

    Attributes
    ----------
    name
        How it is called in tables and on the command line.
    prior
        A NumPyro distribution of a single number.
    where
        Path of the leaf that it sets, or several paths if it sets several leaves to the same value.
    unit
        Unit of the value, empty if it has none.
    description
        One line for tables.
    """

    name: str
    prior: dist.Distribution
    where: str | tuple[str, ...]
    unit: str = ""
    description: str = ""

    def __post_init__(self):
        if self.prior.batch_shape or self.prior.event_shape:
            raise ParameterError(f"The prior of {self.name!r} must be of a single number, got {self.prior}.")

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths as a tuple."""
        return (self.where,) if isinstance(self.where, str) else self.where

    def _key(self):
        leaves, structure = jax.tree.flatten(self.prior)
        # twelve digits: 0.009/0.09 is 0.1
        return self.name, self.paths, self.unit, structure, tuple(f"{float(np.asarray(leaf)):.12g}" for leaf in leaves)

    # two parameters with the same prior are the same, so that a model built anew is not compiled anew
    def __eq__(self, other):
        return isinstance(other, Parameter) and self._key() == other._key()

    def __hash__(self):
        return hash((self.name, self.paths))


def describe_prior(prior: dist.Distribution) -> str:
    """Write a prior the way it is given on the command line, like ``TruncatedNormal(18.4, 4.6, low=0)``."""

    def text(value) -> str:
        return f"{float(np.asarray(value)):g}"

    base = getattr(prior, "base_dist", None)
    if base is not None and "Truncated" in type(prior).__name__:  # its family, then its limits
        limits = [f"{side}={text(getattr(prior, side))}" for side in ("low", "high") if hasattr(prior, side)]
        return f"Truncated{type(base).__name__}({', '.join([text(base.loc), text(base.scale), *limits])})"
    arguments = [getattr(prior, name) for name in ("loc", "low", "scale", "high", "rate") if hasattr(prior, name)]
    return f"{type(prior).__name__}({', '.join(map(text, arguments))})"
