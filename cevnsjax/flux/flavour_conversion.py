"""Fluxes whose neutrinos change flavour on the way: what all of them have in common."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.flux.flux import FLAVOURS, AbstractFlux


class AbstractFlavourConversion(AbstractFlux):
    """Another flux, each component of which arrives as three, one for each final flavour.

    Attributes
    ----------
    components
        Names like ``nu_mu_bar_to_nu_e_bar``: for each component of the source its three final flavours.
    source
        The flux as it was emitted.
    """

    components: eqx.AbstractVar[tuple[str, ...]]
    source: eqx.AbstractVar[AbstractFlux]

    def __post_init__(self):
        pairs = zip(self.source.components, self.source.antineutrinos, strict=True)
        self.components = tuple(f"{name}_to_{final}{'_bar' * anti}" for name, anti in pairs for final in FLAVOURS)

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(name for name in self.source.origins for _ in FLAVOURS)

    @property
    def flavour_indices(self) -> tuple[int, ...]:
        return tuple(range(len(FLAVOURS))) * len(self.source.components)

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        return self.source.lowest_energy_MeV

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.source.break_points_MeV

    @staticmethod
    def _for_each_flavour(of_source: Float[Array, "source *shape"]) -> Float[Array, "component *shape"]:
        """Repeat what is of a component of the source for each of its final flavours."""
        return jnp.repeat(of_source, len(FLAVOURS), axis=0)
