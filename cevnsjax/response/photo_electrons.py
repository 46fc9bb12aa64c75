"""Scintillation light counted in photo-electrons."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from jaxtyping import Array, Bool, Float
from numpy.polynomial import chebyshev

from cevnsjax.arrays import (
    as_float,
    check_edges,
    check_not_negative,
    check_positive,
    is_concrete,
    power_series,
)
from cevnsjax.chebyshev import chebyshev_array
from cevnsjax.errors import CevnsjaxError
from cevnsjax.paths import set_paths
from cevnsjax.response.photo_electron_efficiency import AbstractPhotoElectronEfficiency
from cevnsjax.response.response import AbstractResponse


def log_poisson_mode(mean: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Logarithm of mean^mean exp(-mean)/Gamma(1 + mean), mean > 0; Stirling's series where its terms would cancel."""
    large = mean > 8.0
    inverse = 1.0 / jnp.where(large, mean, 8.0)
    series = inverse * power_series(
        inverse**2, [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]
    )
    small = jnp.where(large, 1.0, mean)
    direct = small * jnp.log(small) - small - gammaln(1.0 + small)
    return jnp.where(large, 0.5 * jnp.log(inverse / (2.0 * math.pi)) - series, direct)


_TERMS = 20
"""Polynomials of the logarithm of the signal in a bin."""

_MARGIN_PE = 1e-3
"""By which a threshold may lie beyond those that were looked at."""


class MovingThreshold(NamedTuple):
    """Between which ends the threshold of an efficiency moves, and how many bins, the first ones, it may cut."""

    lowest_PE: float
    highest_PE: float
    bins: int


class GammaPhotoElectrons(AbstractResponse):
    """Gamma-distributed photo-electrons, an efficiency on the reconstructed signal, and bins.

    P(x|E) = r^s x^(s-1) exp(-r x)/Gamma(s) with s = 1 + b, r = a (1 + b), a = inverse_yield/E (one over the mean), b
    = shape E; COHERENT CsI[Na], data release of arXiv:2110.07730. The density is integrated on Gauss-Legendre nodes
    in x within each bin, which keeps every number differentiable and needs no incomplete gamma function. The first
    node panel starts where the efficiency does.

    Attributes
    ----------
    edges_PE
        Bin edges in reconstructed photo-electrons, shape ``[bin + 1]``.
    inverse_yield_keV_per_PE
        Electron-equivalent energy of a photo-electron, keV.
    shape_per_keV
        b/E, keV^-1.
    efficiency
        Efficiency on the reconstructed signal.
    order
        Gauss-Legendre nodes in each bin.
    moving
        How the threshold of the efficiency moves, where nothing else does: :meth:`separated` sets it.
    """

    edges_PE: Float[Array, " edge"] = eqx.field(converter=as_float)
    inverse_yield_keV_per_PE: Float[Array, ""] = eqx.field(converter=as_float)
    shape_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    efficiency: AbstractPhotoElectronEfficiency
    order: int = eqx.field(static=True, default=8)
    moving: MovingThreshold | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if is_concrete(self.edges_PE):
            check_edges("edges_PE", self.edges_PE, "PE")
        check_not_negative("edges_PE", self.edges_PE, "PE")
        check_positive("inverse_yield_keV_per_PE", self.inverse_yield_keV_per_PE, "keV/PE")
        check_positive("shape_per_keV", self.shape_per_keV, "keV^-1")
        if self.order < 1:
            raise CevnsjaxError(f"order must be a positive number of nodes, got {self.order}.")

    @property
    def unit(self) -> str:
        return "PE"

    @property
    def edges(self) -> Float[Array, " edge"]:
        return self.edges_PE

    @property
    def bins(self) -> int:
        return self.edges_PE.shape[0] - 1

    def _signal_nodes(self) -> tuple[Float[Array, "bin order"], Float[Array, "bin order"]]:
        """Nodes in reconstructed signal, and quadrature weight times efficiency on them."""
        signal, weight = self._legendre(jnp.maximum(self.edges_PE, self.efficiency.threshold_PE))
        return signal, weight * self.efficiency(signal)

    def _legendre(self, edges: Float[Array, " edge"]) -> tuple[Float[Array, "bin order"], Float[Array, "bin order"]]:
        """Nodes and weights between edges."""
        abscissae, weights = (as_float(each)[None, :] for each in np.polynomial.legendre.leggauss(self.order))
        half_width = 0.5 * jnp.diff(edges)[:, None]
        return edges[:-1, None] + half_width * (1.0 + abscissae), half_width * weights

    def _density(
        self, signal_PE: Float[Array, " signal"], energy_keV: Float[Array, " node"]
    ) -> Float[Array, "node signal"]:
        # nothing is seen of a deposit at or below zero; its node keeps a value that can be differentiated
        positive = energy_keV > 0.0
        energy = jnp.where(positive, energy_keV, 1.0)
        excess = self.shape_per_keV * energy
        rate = self.inverse_yield_keV_per_PE * (1.0 + excess) / energy
        # signals are counted from the middle of the bins: every term of the exponent stays small, in float32 too
        middle = 0.5 * (self.edges_PE[0] + self.edges_PE[-1])
        ratio = rate * middle / excess
        constant = jnp.log(rate) + log_poisson_mode(excess) + excess * (jnp.log(ratio) - (ratio - 1.0))
        # the exponent as a product of two thin matrices: so is its derivative, and the large array is met only by exp
        of_energy = jnp.stack([jnp.where(positive, constant, -1e4), excess, -rate], axis=1)
        of_signal = jnp.stack([jnp.ones_like(signal_PE), jnp.log(signal_PE / middle), signal_PE - middle])
        return jnp.exp(jnp.matmul(of_energy, of_signal, precision="highest"))

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        signal, weight = self._signal_nodes()
        density = self._density(signal.reshape(-1), ionisation_energy_keV)
        return (density * weight.reshape(1, -1)).reshape(-1, *signal.shape).sum(axis=-1)

    # Where only the efficiency moves, so do the nodes of those bins that its threshold may lie in. The density is a
    # polynomial of its logarithm there; in all other bins it is wanted at nodes that stay where they are.

    def _logarithms(self, moving: MovingThreshold) -> tuple[Float[Array, "bin 1"], Float[Array, "bin 1"]]:
        """Middles and half widths of the logarithm of what can ever be seen in the bins that the threshold may cut."""
        edges = jnp.log(jnp.maximum(self.edges_PE, moving.lowest_PE))[: moving.bins + 1, None]
        return 0.5 * (edges[1:] + edges[:-1]), 0.5 * (edges[1:] - edges[:-1])

    def columns(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node column"]:
        if self.moving is None:
            return super().columns(ionisation_energy_keV)
        middles, half_widths = self._logarithms(self.moving)
        points = chebyshev.chebpts1(_TERMS)
        signal = jnp.exp(middles + half_widths * as_float(points)[None, :])
        density = self._density(signal.reshape(-1), ionisation_energy_keV)
        # polynomials are orthogonal on these points
        to_series = chebyshev.chebvander(points, _TERMS - 1) * (2.0 - (np.arange(_TERMS) == 0)) / _TERMS
        series = jnp.matmul(density.reshape(-1, _TERMS), as_float(to_series), precision="highest")
        fixed, _ = self._legendre(self.edges_PE[self.moving.bins :])
        others = self._density(fixed.reshape(-1), ionisation_energy_keV)
        return jnp.concatenate([series.reshape(others.shape[0], -1), others], axis=1)

    def binned(self, columns: Float[Array, "row column"]) -> Float[Array, "row bin"]:
        if self.moving is None:
            return super().binned(columns)
        cut, rows = self.moving.bins, columns.shape[0]
        signal, weight = self._signal_nodes()
        middles, half_widths = self._logarithms(self.moving)
        place = (jnp.log(signal[:cut]) - middles) / half_widths
        polynomials = chebyshev_array(place, _TERMS)
        einsum = functools.partial(jnp.einsum, precision="highest")
        series, density = jnp.split(columns, [cut * _TERMS], axis=1)
        integrals = einsum("tbo,bo->bt", polynomials, weight[:cut])
        first = einsum("rbt,bt->rb", series.reshape(rows, cut, _TERMS), integrals)
        others = einsum("rbo,bo->rb", density.reshape(rows, -1, self.order), weight[cut:])
        return jnp.where(self._is_inside(self.moving), jnp.concatenate([first, others], axis=1), jnp.nan)

    @eqx.filter_jit
    def _is_inside(self, moving: MovingThreshold) -> Bool[Array, ""]:
        threshold = self.efficiency.threshold_PE
        return (threshold >= moving.lowest_PE) & (threshold <= moving.highest_PE)

    def reaches(self) -> bool:
        if self.moving is None or not all(map(is_concrete, jax.tree.leaves(self.efficiency))):
            return True
        return bool(self._is_inside(self.moving))

    def resolved(self, columns: np.ndarray) -> bool:
        if self.moving is None:
            return True
        series = columns[..., : self.moving.bins * _TERMS].reshape(*columns.shape[:-1], -1, _TERMS)
        return bool(np.abs(series[..., -2:]).max() <= 1e-9 * np.abs(columns).max())

    def separated(self, ranges: Mapping[str, tuple[float, float]]) -> AbstractResponse | None:
        if not ranges:
            return self
        if len(ranges) > 1 or not (path := next(iter(ranges))).startswith("efficiency."):
            return None
        thresholds = np.asarray(_thresholds_PE(self, path, as_float(np.linspace(*ranges[path], 65))))
        lowest, highest = float(thresholds.min()) - _MARGIN_PE, float(thresholds.max()) + _MARGIN_PE
        cut = int(np.sum(np.asarray(self.edges_PE)[:-1] < highest))
        if lowest <= 0.0 or cut == self.bins:
            return None  # the density is no polynomial at no signal at all
        return dataclasses.replace(self, moving=MovingThreshold(lowest, highest, cut))


@eqx.filter_jit
def _thresholds_PE(response: GammaPhotoElectrons, path: str, values: Float[Array, " value"]) -> Float[Array, " value"]:
    return jax.vmap(lambda value: set_paths(response, [path], [value]).efficiency.threshold_PE)(values)
