"""Scintillation light counted in photo-electrons."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, check_not_negative, check_positive, is_concrete, power_series
from cevnsjax.errors import CevnsjaxError
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
    """

    edges_PE: Float[Array, " edge"] = eqx.field(converter=as_float)
    inverse_yield_keV_per_PE: Float[Array, ""] = eqx.field(converter=as_float)
    shape_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    efficiency: AbstractPhotoElectronEfficiency
    order: int = eqx.field(static=True, default=8)

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
        abscissae, weights = np.polynomial.legendre.leggauss(self.order)
        edges = jnp.maximum(self.edges_PE, self.efficiency.threshold_PE)
        half_width = 0.5 * jnp.diff(edges)[:, None]
        signal = edges[:-1, None] + half_width * as_float(1.0 + abscissae)[None, :]
        return signal, half_width * as_float(weights)[None, :] * self.efficiency(signal)

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
