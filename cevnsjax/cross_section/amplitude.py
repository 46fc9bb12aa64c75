"""Squares and interferences of amplitudes: couplings of all terms are added before they meet the nodes."""

from jaxtyping import Array, Float

from cevnsjax.cross_section.nodes import ChannelNodes
from cevnsjax.cross_section.term import Coupling


def flavour_product(first: Coupling, second: Coupling, flavours: tuple[int, ...]) -> Float[Array, "component #node"]:
    """Sum over final flavours of Re(g_ab g'_ab^*) for each source flavour."""
    return (first[:, flavours, :, :] * second[:, flavours, :, :]).sum(axis=(0, 2))


def amplitude_product(
    first: tuple[Coupling, Coupling], second: tuple[Coupling, Coupling], flavours: tuple[int, ...], nodes: ChannelNodes
) -> Float[Array, "component node"]:
    """Sum over final flavours of Re(Q_ab Q'_ab^*) for each source flavour, on flat nodes.

    The couplings are multiplied before they meet the nodes: for contact interactions that leaves a few numbers per
    flavour.
    """
    a, b = nodes.first_amplitude[None, :], nodes.second_amplitude[None, :]
    (first_a, first_b), (second_a, second_b) = first, second
    mixed = flavour_product(first_a, second_b, flavours) + flavour_product(first_b, second_a, flavours)
    pure_a, pure_b = flavour_product(first_a, second_a, flavours), flavour_product(first_b, second_b, flavours)
    return pure_a * a**2 + mixed * (a * b) + pure_b * b**2
