"""Gaussian energy resolution."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfc
from jaxtyping import Array, Float
from scipy.special import ndtri

from cevnsjax.arrays import as_float, check_edges, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.response.efficiency import TabulatedEfficiency
from cevnsjax.response.response import SMALLEST_PROBABILITY, AbstractResponse

_SMALLEST_VARIANCE_KEV2 = 1e-12
_DEVIATIONS = float(ndtri(1.0 - SMALLEST_PROBABILITY))


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
        for name in ("noise_keV", "fano", "pair_energy_keV", "stochastic_sqrt_keV", "constant"):
            value = getattr(self, name)
            if is_concrete(value) and not (np.isfinite(value) and np.asarray(value) >= 0.0):
                raise CevnsjaxError(f"{name} must be zero or positive, got {np.asarray(value).tolist()}.")
        if is_concrete(self.noise_keV) and is_concrete(self(as_float(1.0))) and not self(as_float(1.0)) > 1e-6:
            raise CevnsjaxError("A resolution needs at least one term above zero, got none.")

    @property
    def _linear_keV(self) -> Float[Array, ""]:
        """The variance's slope at zero, keV."""
        return self.fano * self.pair_energy_keV + self.stochastic_sqrt_keV**2

    def __call__(self, energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        """Standard deviation, keV, at energies in keV."""
        variance = self.noise_keV**2 + (self._linear_keV + self.constant**2 * energy_keV) * energy_keV
        return jnp.sqrt(jnp.maximum(variance, _SMALLEST_VARIANCE_KEV2))

    def energies_within(self, lowest_keV: float, highest_keV: float, deviations: float) -> tuple[float, float]:
        """Energies that reach an interval of reconstructed energies within some standard deviations, keV.

        E + d sigma = lowest (zero if below) and E - d sigma = highest (infinite if there is none) are roots of
        (1 - d^2 b^2) E^2 - (2 e + d^2 c) E + e^2 - d^2 noise^2 = 0, with e the edge and c the linear term of sigma^2.
        """
        noise, linear, constant = (float(v) for v in (self.noise_keV, self._linear_keV, self.constant))
        curvature = 1.0 - (deviations * constant) ** 2

        def root(edge: float, sign: float) -> float:
            half = edge + 0.5 * deviations**2 * linear
            rest = edge**2 - (deviations * noise) ** 2
            spread = math.sqrt(max(half**2 - curvature * rest, 0.0))
            # the smaller root by the product of both: nothing cancels, and it is there without curvature too
            return (half + spread) / curvature if sign > 0.0 else rest / (half + spread)

        lowest = root(lowest_keV, -1.0) if lowest_keV > deviations * noise else 0.0
        return max(lowest, 0.0), root(highest_keV, 1.0) if curvature > 0.0 else math.inf

    def narrowest_keV(self, lowest_keV: float) -> float:
        """Standard deviation two of it below an energy, or where it is the energy itself if that is higher, keV.

        Below the latter a deposit is nothing but its noise; a purely stochastic resolution would become infinitely
        narrow at zero, where what is seen varies as slowly as the square root of the energy.
        """
        _, turn = self.energies_within(0.0, 0.0, 1.0)
        below, _ = self.energies_within(lowest_keV, lowest_keV, 2.0)
        return float(self(as_float(max(below, turn) if math.isfinite(turn) else below)))


def _normal_moments(z: Float[Array, "node point"]) -> tuple[Float[Array, "node segment"], Float[Array, "node segment"]]:
    """Integrals of the normal density, and of z times it, between neighbouring points.

    Each difference is taken in the tail that the segment lies in, so nothing cancels far from the peak.
    """
    above = z >= 0.0
    tail = 0.5 * erfc(jnp.where(above, z, -z) * math.sqrt(0.5))
    density = jnp.exp(-0.5 * z**2) * (0.5 * math.sqrt(2.0 / math.pi))
    left, right = tail[:, :-1], tail[:, 1:]
    across = jnp.where(above[:, 1:], 1.0 - left - right, right - left)
    return jnp.where(above[:, :-1], left - right, across), density[:, :-1] - density[:, 1:]


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
        return jnp.where(self.threshold_keV >= self.edges_keV, self.threshold_keV, self.edges_keV)

    @property
    def tabulate(self) -> bool:
        return self.efficiency is not None  # without it, cheap as it is

    def seen_keV(self) -> tuple[float, float, float]:
        kept = max(float(self.edges_keV[0]), float(self.threshold_keV))
        kept = kept if self.efficiency is None else max(kept, self.efficiency.lowest_keV())
        end = float(self.edges_keV[-1])
        kept = min(kept, end)  # where all is cut, something that can be integrated
        return *self.resolution.energies_within(kept, end, _DEVIATIONS), self.resolution.narrowest_keV(max(kept, 0.0))

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        positive = ionisation_energy_keV > 0.0
        energy = jnp.where(positive, ionisation_energy_keV, 1.0)
        sigma = self.resolution(energy)
        # what lies outside the bins or below the threshold becomes a segment without width
        knots = [] if self.efficiency is None else [self.efficiency.knots_keV]
        points = jnp.sort(jnp.concatenate([self.edges_keV, *knots]))
        lowest, end = self.kept_edges[0], self.edges_keV[-1]
        points = jnp.where(points <= lowest, jnp.minimum(lowest, end), jnp.minimum(points, end))
        probability, moment = _normal_moments((points[None, :] - energy[:, None]) / sigma[:, None])
        middle = 0.5 * (points[:-1] + points[1:])
        if self.efficiency is not None:
            value, slope = self.efficiency.line(middle)
            at_peak = value[None, :] + slope[None, :] * (energy[:, None] - middle[None, :])
            probability = at_peak * probability + slope[None, :] * sigma[:, None] * moment
        bins = self.edges_keV.shape[0] - 1
        bin_of_segment = jnp.clip(jnp.searchsorted(self.edges_keV, middle, side="right") - 1, 0, bins - 1)
        kernel = jnp.matmul(
            probability, jax.nn.one_hot(bin_of_segment, bins, dtype=probability.dtype), precision="highest"
        )
        # rounding must not make a bin negative; segments are left alone, one without width has a derivative
        return jnp.where(positive[:, None] & (kernel > 0.0), kernel, 0.0)
