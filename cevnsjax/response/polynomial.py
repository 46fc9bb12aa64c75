"""Smooth responses as polynomials in the ionisation energy."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import chebyshev

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.chebyshev import chebyshev_polynomials
from cevnsjax.response.response import AbstractResponse, exact_kernel

_POINTS = 256
"""Chebyshev points at which a response is looked at: so many coefficients at most."""

_CHECKS = 1024
"""Energies at which the polynomials are compared with the response."""

_TOLERANCE = 1e-9
"""Largest error, in units of the peak of each bin."""

_TERMS_PER_BIN = 20
"""Terms that are still cheaper than the response itself."""


class PolynomialResponse(AbstractResponse):
    """Another response, its bins Chebyshev polynomials of the ionisation energy or of its square root.

    A polynomial of degree m^2 - 1 is a sum of T_i(x) T_j(T_m(x)) with i and j below m. Events on nodes are therefore
    folded with these few functions first and meet the bins afterwards: no array has nodes and bins.

    Attributes
    ----------
    coefficients
        Of T_i(x) T_j(T_m(x)), x from -1 at zero energy to 1 at the largest, shape ``[i, j, bin]``.
    largest_energy_keV
        Upper end, keV; the response is constant beyond it.
    edges_kept, edges_unit
        Its bin edges where a threshold has cut them, and their unit.
    of_root
        Whether x is linear in the square root of the energy, and not in the energy.
    """

    coefficients: Float[Array, "low high bin"] = eqx.field(converter=as_float)
    largest_energy_keV: Float[Array, ""] = eqx.field(converter=as_float)
    edges_kept: Float[Array, " edge"] = eqx.field(converter=as_float)
    edges_unit: str = eqx.field(static=True)
    of_root: bool = eqx.field(static=True)

    @property
    def unit(self) -> str:
        return self.edges_unit

    @property
    def edges(self) -> Float[Array, " edge"]:
        return self.edges_kept

    @property
    def bins(self) -> int:
        return self.coefficients.shape[2]

    @classmethod
    def of(cls, response: AbstractResponse, largest_energy_keV: Scalar) -> "PolynomialResponse | None":
        """Find polynomials for a response up to an energy (keV).

        None where there are no few terms that are exact to 1e-9 of the peak of each bin: it need not be smooth.
        """
        largest = float(largest_energy_keV)
        points, checks = chebyshev.chebpts1(_POINTS), np.linspace(0.0, 1.0, _CHECKS + 1)[1:] ** 2
        fractions = 0.5 * (1.0 + points)
        kernels = exact_kernel(response, largest * np.concatenate([fractions, fractions**2, checks]))
        peaks = np.maximum(kernels.max(axis=0), np.finfo(float).tiny)
        in_energy, in_root, at_checks = np.split(kernels / peaks, [_POINTS, 2 * _POINTS])
        of_root, series = min(
            ((root, _series(points, kernel)) for root, kernel in ((False, in_energy), (True, in_root))),
            key=lambda found: found[1].shape[0],
        )
        side = math.ceil(math.sqrt(series.shape[0]))
        if side**2 > min(_POINTS, _TERMS_PER_BIN * response.bins):
            return None
        few = chebyshev.chebpts1(side**2)
        coefficients = np.linalg.solve(_products(few, side), chebyshev.chebval(few, series).T)
        places = 2.0 * (np.sqrt(checks) if of_root else checks) - 1.0
        if np.abs(_products(places, side) @ coefficients - at_checks).max() > _TOLERANCE:
            return None
        scaled = (coefficients * peaks).reshape(side, side, -1)
        return cls(scaled, largest_energy_keV, response.kept_edges, response.unit, of_root)

    def _basis(
        self, ionisation_energy_keV: Float[Array, " node"]
    ) -> tuple[Float[Array, "low node"], Float[Array, "high node"]]:
        """The two families of functions; nothing is detected of an energy at or below zero."""
        low, high, _ = self.coefficients.shape
        positive = ionisation_energy_keV > 0.0
        energy = jnp.where(positive, ionisation_energy_keV, self.largest_energy_keV)
        fraction = jnp.minimum(energy / self.largest_energy_keV, 1.0)
        x = 2.0 * (jnp.sqrt(fraction) if self.of_root else fraction) - 1.0
        *functions, outer = chebyshev_polynomials(x, low + 1)
        outside = jnp.stack(chebyshev_polynomials(outer, high))
        return jnp.stack(functions), jnp.where(positive[None, :], outside, 0.0)

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        low, high = self._basis(ionisation_energy_keV)
        products = (low[:, None, :] * high[None, :, :]).reshape(-1, ionisation_energy_keV.shape[0])
        return jnp.matmul(products.T, self.coefficients.reshape(-1, self.bins), precision="highest")

    def fold(
        self, events: Float[Array, "row node"], ionisation_energy_keV: Float[Array, " node"]
    ) -> Float[Array, "row bin"]:
        low, high = self._basis(ionisation_energy_keV)
        moments = jnp.matmul(events[:, None, :] * low[None, :, :], high.T, precision="highest")
        return jnp.matmul(
            moments.reshape(events.shape[0], -1), self.coefficients.reshape(-1, self.bins), precision="highest"
        )


def _series(points: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Chebyshev coefficients of each bin, without those at the end that together are below the tolerance."""
    # polynomials are orthogonal on these points
    series = chebyshev.chebvander(points, _POINTS - 1).T @ kernel * (2.0 / _POINTS)
    series[0] *= 0.5
    left_out = np.cumsum(np.abs(series[::-1]), axis=0)[::-1].max(axis=1)
    return series[: max(int(np.sum(left_out > 0.5 * _TOLERANCE)), 1)]


def _products(x: np.ndarray, side: int) -> np.ndarray:
    """T_i(x) T_j(T_side(x)), shape ``[x, i * side + j]``."""
    low = chebyshev.chebvander(x, side)
    high = chebyshev.chebvander(low[:, side], side - 1)
    return (low[:, :side, None] * high[:, None, :]).reshape(x.shape[0], -1)
