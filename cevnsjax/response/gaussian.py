"""Gaussian energy resolution."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, check_finite, check_not_negative, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.normal import normal_between, normal_density
from cevnsjax.response.efficiency import TabulatedEfficiency
from cevnsjax.response.response import AbstractResponse

_UNITS = {"noise_keV": "keV", "fano": "", "pair_energy_keV": "keV", "stochastic_sqrt_keV": "keV^(1/2)", "constant": ""}
_SMALLEST_VARIANCE_KEV2 = 1e-12


class Resolution(eqx.Module):
    """sigma^2 = noise^2 + F eta E + a^2 E + b^2 E^2, at least (1e-6 keV)^2.

    Attributes
    ----------
    noise_keV
        Electronic noise, keV.
    fano
        F, dimensionless.
    pair_energy_keV
        eta, mean energy of an electron-hole pair, keV (germanium: 0.00296).
    stochastic_sqrt_keV
        a, keV^(1/2) (0.58 in COHERENT's liquid argon, arXiv:2006.12659).
    constant
        b, dimensionless.
    """

    noise_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    fano: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    pair_energy_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    stochastic_sqrt_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    constant: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        for name in _UNITS:
            check_not_negative(name, getattr(self, name), _UNITS[name])
        terms = (self.noise_keV, self.fano, self.pair_energy_keV, self.stochastic_sqrt_keV, self.constant)
        if all(map(is_concrete, terms)):
            noise, fano, pair, stochastic, constant = map(float, terms)
            if not noise**2 + fano * pair + stochastic**2 + constant**2 > _SMALLEST_VARIANCE_KEV2:
                raise CevnsjaxError("A resolution needs at least one term above zero, got none.")

    @property
    def _linear_keV(self) -> Float[Array, ""]:
        """The variance's slope at zero, keV."""
        return self.fano * self.pair_energy_keV + self.stochastic_sqrt_keV**2

    def __call__(self, energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        """Standard deviation, keV, at energies in keV."""
        variance = self.noise_keV**2 + (self._linear_keV + self.constant**2 * energy_keV) * energy_keV
        return jnp.sqrt(jnp.maximum(variance, _SMALLEST_VARIANCE_KEV2))


def _summed(
    segments: Float[Array, "node segment"], middle: Float[Array, " segment"], edges: Float[Array, " edge"]
) -> Float[Array, "node bin"]:
    """Sums of segments over the bins that their middles are in."""
    bins = edges.shape[0] - 1
    bin_of_segment = jnp.clip(jnp.searchsorted(edges, middle, side="right") - 1, 0, bins - 1)
    return jnp.matmul(segments, jax.nn.one_hot(bin_of_segment, bins, dtype=segments.dtype), precision="highest")


class GaussianResponse(AbstractResponse):
    """Gaussian resolution, an efficiency on the reconstructed energy, and bins.

    The integral of a line times a Gaussian is exact between neighbouring knots of the efficiency and edges of the bins.
    Smooth in the deposit above zero; a deposit at or below zero is not detected, noise alone makes no event.

    Attributes
    ----------
    edges_keV
        Bin edges in reconstructed energy, keV, shape ``[bin + 1]``.
    resolution
        Standard deviation as a function of ionisation energy.
    efficiency
        Efficiency as a function of reconstructed energy; one without it.
    threshold_keV
        Nothing reconstructed below it is kept, keV.
    """

    edges_keV: Float[Array, " edge"] = eqx.field(converter=as_float)
    resolution: Resolution
    efficiency: TabulatedEfficiency | None = None
    threshold_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        if is_concrete(self.edges_keV):
            check_edges("edges_keV", self.edges_keV, "keV")
        check_finite("threshold_keV", self.threshold_keV, "keV")

    @property
    def unit(self) -> str:
        return "keV"

    @property
    def edges(self) -> Float[Array, " edge"]:
        return self.edges_keV

    @property
    def bins(self) -> int:
        return self.edges_keV.shape[0] - 1

    @property
    def kept_edges(self) -> Float[Array, " edge"]:
        # a threshold on an edge cuts what comes above it: its derivative is that of the bin, not a half of it
        if is_concrete(self.threshold_keV) and is_concrete(self.edges_keV):  # nothing to compile when it is built
            return as_float(np.maximum(self.threshold_keV, self.edges_keV))
        return jnp.where(self.threshold_keV >= self.edges_keV, self.threshold_keV, self.edges_keV)

    @property
    def tabulate(self) -> bool:
        return self.efficiency is not None  # without it, cheap as it is

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        positive = ionisation_energy_keV > 0.0
        energy = jnp.where(positive, ionisation_energy_keV, 1.0)
        sigma = self.resolution(energy)
        # what lies outside the bins or below the threshold becomes a segment without width
        knots = [] if self.efficiency is None else [self.efficiency.knots_keV]
        points = jnp.sort(jnp.concatenate([self.edges_keV, *knots]))
        lowest, end = self.kept_edges[0], self.edges_keV[-1]
        points = jnp.where(points <= lowest, jnp.minimum(lowest, end), jnp.minimum(points, end))
        z = (points[None, :] - energy[:, None]) / sigma[:, None]
        probability = normal_between(z)
        kernel = probability  # without an efficiency each segment is a bin
        if self.efficiency is not None:
            middle = 0.5 * (points[:-1] + points[1:])
            value, slope = self.efficiency.line(middle)
            at_peak = value[None, :] + slope[None, :] * (energy[:, None] - middle[None, :])
            moment = -jnp.diff(normal_density(z))
            kernel = _summed(at_peak * probability + slope[None, :] * sigma[:, None] * moment, middle, self.edges_keV)
        # rounding must not make a bin negative; segments are left alone, one without width has a derivative
        return jnp.where(positive[:, None] & (kernel > 0.0), kernel, 0.0)
