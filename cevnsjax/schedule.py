"""How long a posterior is sampled: the one set of defaults, of files, commands and Python."""

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

from cevnsjax.errors import ParameterError


@dataclass(frozen=True)
class Schedule:
    """How long to sample.

    Attributes
    ----------
    chains
        Number of chains.
    warmup
        Number of warm-up draws of each; what the sampler needs by default.
    samples
        Number of draws of each that are kept; as many as ``ess`` takes by default.
    ess
        Effective sample size of every parameter, of the bulk and of the tails, at which sampling ends where the number
        of draws is not given; chains must agree too (R-hat).
    """

    chains: int = 64
    warmup: int | None = None
    samples: int | None = None
    ess: int = 2000

    def __post_init__(self):
        for name in ("chains", "warmup", "samples", "ess"):
            given = getattr(self, name)
            if given is not None or name in ("chains", "ess"):
                check_count(name, given)


def plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def check_count(name: str, given: Any) -> None:
    """Refuse what is no number of things.

    Raises
    ------
    ParameterError
        If so.
    """
    if isinstance(given, bool) or not isinstance(given, numbers.Integral) or given < 1:
        raise ParameterError(f"{name} must be a whole number and at least 1, got {given!r}.")


def check_share(name: str, given: Any) -> None:
    """Refuse what is no number between zero and one.

    Raises
    ------
    ParameterError
        If so.
    """
    if isinstance(given, bool) or not isinstance(given, numbers.Real) or not 0.0 < float(given) < 1.0:
        raise ParameterError(f"{name} must be a number between 0 and 1, got {given!r}.")
