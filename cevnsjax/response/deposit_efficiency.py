"""An efficiency that depends on what was deposited."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.response.efficiency import TabulatedEfficiency
from cevnsjax.response.response import AbstractResponse


class DepositEfficiency(AbstractResponse):
    """Another response, times an efficiency that depends on the true deposit and not on what is reconstructed.

    A table in recoil energy becomes one in ionisation energy with the quenching that it was made with:
    ``TabulatedEfficiency(quenching(recoil_knots_keV), values)``.

    Attributes
    ----------
    response
        What is made of the deposits that pass.
    efficiency
        Efficiency as a function of ionisation energy.
    """

    response: AbstractResponse
    efficiency: TabulatedEfficiency

    @property
    def unit(self) -> str:
        return self.response.unit

    @property
    def edges(self) -> Float[Array, " edge"]:
        return self.response.edges

    @property
    def bins(self) -> int:
        return self.response.bins

    @property
    def kept_edges(self) -> Float[Array, " edge"]:
        return self.response.kept_edges

    @property
    def tabulate(self) -> bool:
        return False  # kinks at the knots

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return jnp.concatenate([self.response.kinks_keV, self.efficiency.knots_keV])

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        return self.efficiency(ionisation_energy_keV)[:, None] * self.response.kernel(ionisation_energy_keV)

    def fold(
        self, events: Float[Array, "row node"], ionisation_energy_keV: Float[Array, " node"]
    ) -> Float[Array, "row bin"]:
        return self.response.fold(events * self.efficiency(ionisation_energy_keV)[None, :], ionisation_energy_keV)
