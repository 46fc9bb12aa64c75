"""What every source of light bosons must say."""

from typing import ClassVar

import equinox as eqx

from cevnsjax.arrays import Scalar
from cevnsjax.flux.flux import AbstractSource
from cevnsjax.particle import AbstractLightBoson


class AbstractBosonSource(AbstractSource):
    """A source of light bosons as seen by a detector, decays on the way included.

    Fluences are averages over the volume of the detector.
    """

    particles: ClassVar[str] = "light bosons"

    boson: eqx.AbstractVar[AbstractLightBoson]
    """The particle: all that detects it takes its mass and its couplings from here."""

    @property
    def mass_MeV(self) -> Scalar:
        return self.boson.mass_MeV
