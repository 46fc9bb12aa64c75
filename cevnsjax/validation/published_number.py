"""A number from outside, and the same number computed here."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedNumber:
    """One row of the validation table.

    Attributes
    ----------
    id
        Short name.
    source
        Where the number comes from.
    convention
        Everything that has to be fixed to get this number and not another one.
    published
        The number.
    tolerance
        Largest absolute difference that counts as agreement.
    unit
        Unit of the number.
    compute
        Function of no arguments that computes it.
    slow
        Whether that takes more than a few seconds.
    """

    id: str
    source: str
    convention: str
    published: float
    tolerance: float
    unit: str
    compute: Callable[[], float]
    slow: bool = False


@dataclass(frozen=True)
class Comparison:
    """A published number beside the computed one.

    Attributes
    ----------
    entry
        The published number.
    computed
        The number computed here.
    """

    entry: PublishedNumber
    computed: float

    @property
    def holds(self) -> bool:
        """Whether the two agree within the tolerance."""
        return abs(self.computed - self.entry.published) <= self.entry.tolerance


def compare(entry: PublishedNumber) -> Comparison:
    """Compute a published number here."""
    return Comparison(entry, float(entry.compute()))
