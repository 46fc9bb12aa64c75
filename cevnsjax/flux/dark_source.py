"""What every source of dark matter must say."""

from typing import ClassVar

import equinox as eqx

from cevnsjax.arrays import Scalar
from cevnsjax.flux.flux import AbstractSource
from cevnsjax.particle import AbstractDarkMatter, AbstractElasticDarkMatter


class AbstractDarkSource(AbstractSource):
    """A source of dark matter as seen by a detector, decays on the way included."""

    particles: ClassVar[str] = "dark matter"

    dark_matter: eqx.AbstractVar[AbstractDarkMatter]
    """The particle: all that detects it takes its masses and couplings from here, and which of two states arrives."""

    @property
    def mass_MeV(self) -> Scalar:
        return self.dark_matter.arriving_mass_MeV

    @property
    def mass_gain_MeV(self) -> Scalar | None:
        elastic = isinstance(self.dark_matter, AbstractElasticDarkMatter)
        return None if elastic else self.dark_matter.mass_gain_MeV
