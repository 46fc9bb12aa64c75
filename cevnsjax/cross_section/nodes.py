"""Everything of a spectrum that does not depend on couplings, on its nodes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

EXPOSURE_SCALE = 1e-20
"""Nuclei per kg exceed float32 once multiplied by a fluence: nodes carry this factor, spectra give it back."""


class ChannelNodes(eqx.Module):
    """One channel of a recoil spectrum on its nodes: everything that does not depend on couplings.

    Attributes
    ----------
    weight
        Cross section per squared amplitude times quadrature weight, averaged over one neutrino of each component, in
        ``CROSS_SECTION_UNIT_CM2`` times targets per kg, shape ``[component, *node]``.
    first_amplitude, second_amplitude
        What multiplies the two couplings: Z F_p and N F_n on a nucleus, shape ``[*node]``.
    """

    weight: Float[Array, "component *node"]
    first_amplitude: Float[Array, "*node"]
    second_amplitude: Float[Array, "*node"]


class AbstractNodes(eqx.Module):
    """Everything of a spectrum that does not depend on couplings."""

    energy_keV: eqx.AbstractVar[Float[Array, "*node"]]
    """Energy of each node, keV: of the recoil, or of what is deposited at once."""


class RecoilNodes(AbstractNodes):
    """Everything of a recoil spectrum that does not depend on couplings.

    Attributes
    ----------
    energy_keV, q2_MeV2
        Recoil energy (keV) and squared momentum transfer 2 M T (MeV^2), shape ``[*node]``.
    channels
        What is particular to each channel, by its name.
    """

    energy_keV: Float[Array, "*node"]
    q2_MeV2: Float[Array, "*node"]
    channels: dict[str, ChannelNodes]

    def some(self, places: np.ndarray) -> "RecoilNodes":
        """Those at some places among all nodes, along one axis."""
        axes = self.energy_keV.ndim
        return jax.tree.map(lambda each: each.reshape(*each.shape[: each.ndim - axes], -1)[..., places], self)


def stack_nuclides(each: list[RecoilNodes]) -> RecoilNodes:
    """Join the nodes of several nuclides along an axis before the nodes."""
    return jax.tree.map(lambda *arrays: jnp.stack(arrays, axis=-2), *each)


def weigh(
    coefficients: Float[Array, "power node"],
    moments: Float[Array, "component power node"],
    width: Float[Array, " node"],
) -> Float[Array, "component node"]:
    """Weight of each node: energy dependence folded with moments of the flux, times a width, in units of their product.

    Parameters
    ----------
    coefficients
        Coefficients of the powers of the energy in the cross section.
    moments
        Moments of the flux, or these times the quadrature weight of each node.
    width
        Of each node: what is left of the quadrature weight, targets per kg, constants.
    """
    return (coefficients[None] * moments).sum(axis=1) * width[None, :]
