"""Where vector bosons come from, as a distribution of their rapidity."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, gauss_legendre
from cevnsjax.flux.rapidity import rapidity_of
from cevnsjax.particle import AbstractDarkMatter


class AbstractBosonProduction(eqx.Module):
    """Production of the vector boson V of some dark matter by protons on a target.

    Rapidity is that of speed, E = m_V cosh y with E the total energy in the laboratory: the spectrum begins at y = 0
    with no square root, where that of energy begins at m_V with one.
    """

    norm: eqx.AbstractVar[Float[Array, ""]]
    """Ratio of the production to its prediction (1 nominally)."""

    @abstractmethod
    def rapidity_range(self, dark_matter: AbstractDarkMatter) -> tuple[Scalar, Scalar]:
        """Smallest and largest rapidity; the same where the boson is too heavy to be made."""

    @abstractmethod
    def boson_density(
        self, dark_matter: AbstractDarkMatter, rapidity: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        """Bosons per proton on target and per unit of rapidity; zero outside of the range.

        Parameters
        ----------
        dark_matter
            Whose boson: m_V and its couplings.
        rapidity
            Rapidity, any shape.
        """

    def energy_density_per_MeV(
        self, dark_matter: AbstractDarkMatter, boson_energy_MeV: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        """Bosons per proton on target and per MeV of their total energy (MeV); zero for energies up to m_V."""
        mass = dark_matter.mediator_mass_MeV
        moves = boson_energy_MeV > mass
        rapidity = rapidity_of(jnp.where(moves, boson_energy_MeV, 2.0 * mass), mass)
        return jnp.where(moves, self.boson_density(dark_matter, rapidity) / (mass * jnp.sinh(rapidity)), 0.0)

    def bosons_per_proton(self, dark_matter: AbstractDarkMatter, order: int = 64) -> Scalar:
        """Bosons per proton on target, by so many Gauss-Legendre nodes in rapidity."""
        low, high = self.rapidity_range(dark_matter)
        abscissae, weights = map(as_float, gauss_legendre(order))
        half_width = 0.5 * (high - low)
        return half_width * (self.boson_density(dark_matter, low + half_width * (1.0 + abscissae)) @ weights)


class AbstractIsotropicProduction(AbstractBosonProduction):
    """Production in all directions alike."""
