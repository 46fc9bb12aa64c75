"""Neutrinos of a single energy: point values, and sources that decay by electron capture."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_optional_float, check_positive
from cevnsjax.flux.flux import AbstractFlux, parse_neutrino
from cevnsjax.flux.paths import check_baseline, one_path


def _one(neutrino: str | tuple[str, ...]) -> tuple[str, ...]:
    return (neutrino,) if isinstance(neutrino, str) else neutrino


class MonoEnergetic(AbstractFlux):
    """A line.

    Attributes
    ----------
    components
        What arrives, ``"nu_e"`` or ``"nu_mu_bar"`` for instance.
    energy_MeV
        Its energy, MeV.
    neutrinos_per_cm2
        How many arrive on a square centimetre over the exposure.
    baseline_m
        Distance from source to detector, m, where there is one: the fluence is what it is.
    """

    components: tuple[str, ...] = eqx.field(static=True, converter=_one)
    energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    neutrinos_per_cm2: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    baseline_m: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)

    def __check_init__(self):
        parse_neutrino(self.components[0])
        check_positive("energy_MeV", self.energy_MeV, "MeV")
        check_positive("neutrinos_per_cm2", self.neutrinos_per_cm2, "cm^-2")
        check_baseline(self.baseline_m)

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.baseline_m)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.energy_MeV[None]

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.neutrinos_per_cm2[None]

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return self.energy_MeV[None], jnp.ones((1, 1))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return jnp.zeros_like(energy_MeV)[None]
