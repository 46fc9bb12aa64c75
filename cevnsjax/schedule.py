"""How long a posterior is sampled: the one set of defaults, of files, commands and Python."""

import numbers
from dataclasses import dataclass

from cevnsjax.errors import ParameterError


@dataclass(frozen=True)
class Schedule:
    """How long to sample.

    Attributes
    ----------
    chains, warmup, samples
        Number of chains, of warm-up draws, and of draws per chain that are kept.
    max_tree_depth
        Largest depth of a NUTS trajectory (2^depth leapfrog steps) after the warm-up.
    target_acceptance
        Acceptance probability that the step size is adapted to.
    """

    chains: int = 8
    warmup: int = 300
    samples: int = 500
    max_tree_depth: int = 9
    target_acceptance: float = 0.85

    def __post_init__(self):
        for name in ("chains", "warmup", "samples", "max_tree_depth"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, numbers.Integral) or given < 1:
                raise ParameterError(f"{name} must be a whole number and at least 1, got {given!r}.")
        given = self.target_acceptance
        if isinstance(given, bool) or not isinstance(given, numbers.Real) or not 0.0 < given < 1.0:
            raise ParameterError(f"target_acceptance must be a number between 0 and 1, got {given!r}.")
