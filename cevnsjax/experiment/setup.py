"""What models need of an experiment, and of scattering without a detector."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from cevnsjax.cross_section import AbstractInteraction
from cevnsjax.flux import Source
from cevnsjax.parameter import Parameter
from cevnsjax.target import Material


@runtime_checkable
class Setup(Protocol):
    """Sources, a target, and what happens: an ``Experiment``, or ``Scattering`` without a detector."""

    @property
    def sources(self) -> Mapping[str, Source]:
        """What arrives, by name."""
        ...

    @property
    def target(self) -> Material:
        """What is hit."""
        ...

    @property
    def interactions(self) -> Mapping[str, AbstractInteraction]:
        """What happens, by name."""
        ...

    @property
    def nuisances(self) -> tuple[Parameter, ...]:
        """Nuisance parameters."""
        ...

    def with_interactions(self, interactions: Mapping[str, AbstractInteraction]) -> "Setup":
        """Return the same with more interactions, or others in the place of those of the same name."""
        ...

    def with_sources(self, sources: Mapping[str, Source]) -> "Setup":
        """Return the same with more sources, or others in the place of those of the same name."""
        ...
