"""What every source of dark matter must say."""

from typing import ClassVar

import equinox as eqx

from cevnsjax.arrays import Scalar
from cevnsjax.flux.flux import AbstractSource
from cevnsjax.particle import AbstractDarkMatter


class AbstractDarkSource(AbstractSource):
    """A source of dark matter as seen by a detector."""

    particles: ClassVar[str] = "dark matter"

    dark_matter: eqx.AbstractVar[AbstractDarkMatter]
    """The particle: all that detects it takes its mass and its couplings from here."""

    @property
    def mass_MeV(self) -> Scalar:
        return self.dark_matter.mass_MeV
