"""A parameter is a name, a prior, and the leaf or leaves that it sets; what follows from it is derived."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

from cevnsjax.arrays import short
from cevnsjax.errors import ParameterError
from cevnsjax.prior_quantiles import prior_quantiles

_CAPITALS = {
    "brn": "BRN",
    "cevns": "CEvNS",
    "f90": "F90",
    "jsns2": "JSNS²",
    "lujan": "Lujan",
    "nin": "NIN",
    "pip2": "PIP2",
    "sns": "SNS",
    "sr0": "SR0",
    "sr1": "SR1",
    "sr2": "SR2",
}
"""Words of names that are written otherwise in figures."""


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
    symbol
        What figures call it, TeX between dollars; its name in words if empty.
    standard_model
        Its value in the Standard Model, where it has one.
    """

    name: str
    prior: dist.Distribution
    where: str | tuple[str, ...]
    unit: str = ""
    description: str = ""
    symbol: str = ""
    standard_model: float | None = None

    def __post_init__(self):
        check_prior(self.name, self.prior)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths as a tuple."""
        return (self.where,) if isinstance(self.where, str) else self.where

    @property
    def label(self) -> str:
        """What figures call it: its symbol, or its name in words; behind it what a name with dots says it is of."""
        return label(self.name, self.symbol)

    def moved(self, before: str, after: str) -> "Parameter":
        """Return the same parameter with another beginning of the paths that begin so."""
        paths = tuple(after + path.removeprefix(before) if path.startswith(before) else path for path in self.paths)
        return self if paths == self.paths else replace(self, where=paths)

    def quantile(self, probability: float) -> float:
        """Value below which the prior has a probability."""
        return float(prior_quantiles(self.prior, [probability])[0])

    @functools.cached_property
    def _key(self) -> tuple:
        leaves, structure = jax.tree.flatten(self.prior)
        # twelve digits: 0.009/0.09 is 0.1
        return self.name, self.paths, self.unit, structure, tuple(f"{float(np.asarray(leaf)):.12g}" for leaf in leaves)

    # two parameters with the same prior are the same, so that a model built anew is not compiled anew
    def __eq__(self, other):
        return isinstance(other, Parameter) and self._key == other._key

    def __hash__(self):
        return hash((self.name, self.paths))


@dataclass(frozen=True)
class Derived:
    """A number that follows from an experiment's values, reported beside the parameters of a fit.

    Attributes
    ----------
    name, unit, symbol
        How it is called, its unit, and what figures call it (its name in words if empty).
    function
        Function from the experiment to the number.
    """

    name: str
    function: Callable[[Any], Float[Array, ""]]
    unit: str = ""
    symbol: str = ""

    @property
    def label(self) -> str:
        """What figures call it."""
        return label(self.name, self.symbol)


def label(name: str, symbol: str = "") -> str:
    """What figures call a parameter.

    Parameters
    ----------
    name
        Its name; what stands before its last dot is the experiment or the block that it is of.
    symbol
        What it is called in the place of the last part of its name.
    """
    of, _, last = name.rpartition(".")
    called = symbol or " ".join(_CAPITALS.get(word, word) for word in last.split("_"))
    return f"{called} ({of.replace('_', ' ').replace('.', ' ')})" if of else called


def check_prior(name: str, prior: dist.Distribution) -> None:
    """Refuse what is no distribution of a single number.

    Raises
    ------
    ParameterError
        If so.
    """
    if not isinstance(prior, dist.Distribution):
        raise ParameterError(
            f"The prior of {name!r} must be a distribution of numpyro.distributions, like Uniform(0.0, 1.0), got "
            f"{short(prior)}."
        )
    if prior.batch_shape or prior.event_shape:
        raise ParameterError(f"The prior of {name!r} must be of a single number, got {prior}.")


def name_tuple(argument: str, given: Iterable[str]) -> tuple[str, ...]:
    """Names as a tuple; refuse one text in the place of a list of them, and what are no texts.

    Raises
    ------
    ParameterError
        If so.
    """
    names = None if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)
    if names is None or not all(isinstance(name, str) for name in names):
        raise ParameterError(f"{argument} must be a list of names, got {short(given)}.")
    return names


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
