"""Fast neutrons at a detector."""

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.flux.flux import AbstractSource

_PANELS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 40.0)  # ends, in temperatures: beyond is nothing in float64


class AbstractNeutronFlux(AbstractSource):
    """Neutrons at a detector; energies are kinetic."""

    particles: ClassVar[str] = "neutrons"

    @abstractmethod
    def above(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        """Share of the neutrons above kinetic energies in MeV."""


class ExponentialNeutrons(AbstractNeutronFlux):
    """Neutrons of an exponential spectrum, dphi/dE = (alpha/T) exp(-E/T), from the pulses of a beam.

    387 a pulse and T = 30 MeV are what JSNS2's talk at its detector has, as quoted in a talk of B. Dutta (2024), which
    does not say what area they go through: a square centimetre here, so that a cross section can be multiplied with it.

    Attributes
    ----------
    exposure_s
        How long they are seen, s.
    neutrons_per_cm2_pulse
        Alpha.
    pulses_per_s
        How often the beam comes, Hz.
    temperature_MeV
        T, MeV.
    norm
        Ratio of the flux to that (1 nominally).
    """

    components: ClassVar[tuple[str, ...]] = ("neutron",)
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    neutrons_per_cm2_pulse: Float[Array, ""] = eqx.field(converter=as_float, default=387.0)
    pulses_per_s: Float[Array, ""] = eqx.field(converter=as_float, default=25.0)
    temperature_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=30.0)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("neutrons_per_cm2_pulse", self.neutrons_per_cm2_pulse, "cm^-2")
        check_positive("pulses_per_s", self.pulses_per_s, "Hz")
        check_positive("temperature_MeV", self.temperature_MeV, "MeV")
        check_positive("norm", self.norm, "")

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.temperature_MeV * as_float(_PANELS)

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return (self.norm * self.neutrons_per_cm2_pulse * self.pulses_per_s * self.exposure_s)[None]

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((1, 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return self.above(energy_MeV) / self.temperature_MeV

    def above(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return jnp.exp(-energy_MeV / self.temperature_MeV)[None]
