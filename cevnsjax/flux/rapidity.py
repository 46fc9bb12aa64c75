"""Spectra in rapidity: equal panels of Gauss-Legendre nodes, and integrals from an energy up through their polynomials.

Boosts add rapidities, so the ends of everything that decays in flight are sums and differences of them.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, gauss_legendre, legendre_polynomials

PANELS, ORDER = 10, 10
"""Panels of a spectrum, and nodes of each."""

END = 12.0
"""Largest rapidity that is followed: that of 0.8 GeV and 0.01 MeV."""

EDGES = tuple(END * np.arange(PANELS + 1) / PANELS)
"""Edges of panels that do not move with a mass."""


def rapidity_of(energy_MeV: Float[Array, "*point"], mass_MeV: Scalar) -> Float[Array, "*point"]:
    """Rapidity arcosh(E/m) of total energies in MeV; zero, with a derivative of zero, from m down."""
    moves = energy_MeV > mass_MeV
    kinetic = jnp.where(moves, energy_MeV - mass_MeV, mass_MeV)
    return jnp.where(moves, 2.0 * jnp.arcsinh(jnp.sqrt(0.5 * kinetic / mass_MeV)), 0.0)


def of_two_body(mass_MeV: Float[Array, "*point"], first_MeV: Scalar, second_MeV: Scalar) -> Float[Array, "*point"]:
    """Rapidity of the first of two particles from a mass at rest, MeV all; zero where it cannot decay to them."""
    room = (mass_MeV - first_MeV - second_MeV) * (mass_MeV + first_MeV + second_MeV)
    room = room * (mass_MeV - first_MeV + second_MeV) * (mass_MeV + first_MeV - second_MeV)
    opens = (mass_MeV > first_MeV + second_MeV) & (room > 0.0)
    momentum = jnp.sqrt(jnp.where(opens, room, 1.0)) / (2.0 * jnp.where(opens, mass_MeV, 1.0))
    return jnp.where(opens, jnp.arcsinh(momentum / first_MeV), 0.0)


def nodes(edges: Float[Array, " edge"]) -> Float[Array, "panel node"]:
    """Gauss-Legendre nodes between edges."""
    abscissae = as_float(gauss_legendre(ORDER)[0])
    return edges[:-1, None] + 0.5 * jnp.diff(edges)[:, None] * (1.0 + abscissae)[None, :]


def integrals_above(
    edges: Float[Array, " edge"], values: Float[Array, "row panel node"], lower: Float[Array, " point"]
) -> Float[Array, "row point"]:
    """Integrals of values on nodes of equal panels from each lower limit up, through the polynomial of each panel."""
    panels = edges.shape[0] - 1
    width = (edges[-1] - edges[0]) / panels
    return 0.5 * width * _panels_above(jnp.clip((lower - edges[0]) / width, 0.0, panels), values)


@jax.custom_jvp
def _panels_above(place: Float[Array, " point"], values: Float[Array, "row panel node"]) -> Float[Array, "row point"]:
    """Integrals from a place, in panels, to the end of all, each panel from -1 to 1."""
    panels = values.shape[1]
    inside, local = _within_panels(place, panels)
    above = jnp.matmul(_legendre_above(local), as_float(_coefficients()), precision="highest")
    all_of_it = as_float(gauss_legendre(ORDER)[1])[None, None]
    after = jnp.arange(panels, dtype=place.dtype)[None, :] - inside[:, None]
    weights = jnp.where(after[:, :, None] > 0.0, all_of_it, jnp.where(after[:, :, None] < 0.0, 0.0, above[:, None, :]))
    return _products(values, weights)


@_panels_above.defjvp
def _panels_above_jvp(primals, tangents):
    """What an integral loses from below is the integrand there: no weights are differentiated."""
    (place, values), (place_dot, values_dot) = primals, tangents
    panels = values.shape[1]
    inside, local = _within_panels(place, panels)
    there = jnp.arange(panels, dtype=place.dtype)[None, :] == inside[:, None]
    weights = jnp.where(there[:, :, None], _to_nodes(local)[:, None, :], 0.0)
    lost = -2.0 * _products(values, weights) * place_dot[None]
    return _panels_above(place, values), _panels_above(place, values_dot) + lost


def _within_panels(place: Float[Array, " point"], panels: int) -> tuple[Float[Array, " point"], Float[Array, " point"]]:
    """Panel of each place, and where it is between -1 and 1 there."""
    panel = jnp.minimum(jnp.floor(place), panels - 1.0)
    return panel, 2.0 * (place - panel) - 1.0


def _products(values: Float[Array, "row panel node"], weights: Float[Array, "point panel node"]) -> Array:
    flat = values.reshape(values.shape[0], -1), weights.reshape(weights.shape[0], -1)
    return jax.lax.dot_general(*flat, (((1,), (1,)), ((), ())), precision="highest")


def _to_nodes(local: Float[Array, "*point"]) -> Float[Array, "*point node"]:
    """What values on nodes are multiplied by to interpolate."""
    polynomials = jnp.stack(legendre_polynomials(local, ORDER), axis=-1)
    return jnp.matmul(polynomials, as_float(_coefficients()), precision="highest")


def values_at(
    edges: Float[Array, " edge"], values: Float[Array, "row panel node"], points: Float[Array, " point"]
) -> Float[Array, "row point"]:
    """Values between the nodes, by the polynomial of each panel; zero outside of all panels."""
    panel = jnp.clip(jnp.searchsorted(edges, points, side="right") - 1, 0, edges.shape[0] - 2)
    low, high = edges[panel], edges[panel + 1]
    inside = (points >= edges[0]) & (points <= edges[-1]) & (high > low)
    x = jnp.where(inside, (2.0 * points - low - high) / jnp.where(inside, high - low, 1.0), 0.0)
    return jnp.where(inside[None], (values[:, panel] * _to_nodes(x)[None]).sum(axis=-1), 0.0)


@functools.cache
def _coefficients() -> np.ndarray:
    """Coefficients of Legendre polynomials from values on nodes, shape ``[degree, node]``."""
    points, weights = gauss_legendre(ORDER)
    degrees = np.arange(ORDER)
    return np.polynomial.legendre.legvander(points, ORDER - 1).T * weights[None, :] * (degrees + 0.5)[:, None]


def _legendre_above(x: Float[Array, "*point"]) -> Float[Array, "*point degree"]:
    """Integrals of Legendre polynomials from x to 1: (P_(n-1) - P_(n+1))/(2 n + 1)."""
    polynomials = jnp.stack(legendre_polynomials(x, ORDER + 1), axis=-1)
    odd = as_float(2.0 * np.arange(1, ORDER) + 1.0).reshape(*[1] * x.ndim, -1)
    later = (polynomials[..., : ORDER - 1] - polynomials[..., 2 : ORDER + 1]) / odd
    return jnp.concatenate([1.0 - x[..., None], later], axis=-1)
