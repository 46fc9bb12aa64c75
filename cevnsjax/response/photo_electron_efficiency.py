"""Efficiencies as functions of reconstructed photo-electrons."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_finite, check_fraction, is_concrete


class AbstractPhotoElectronEfficiency(eqx.Module):
    """Detection efficiency as a function of reconstructed photo-electrons."""

    @property
    @abstractmethod
    def threshold_PE(self) -> Float[Array, ""]:
        """Signal below which nothing is detected, photo-electrons; the efficiency is smooth above it."""

    @abstractmethod
    def __call__(self, signal_PE: Float[Array, "*node"]) -> Float[Array, "*node"]:
        """Efficiency, between 0 and 1, at reconstructed signals in photo-electrons."""


class SigmoidEfficiency(AbstractPhotoElectronEfficiency):
    """a/(1 + exp(-b (x - c))) + d, zero where that is negative; x is the reconstructed signal.

    COHERENT CsI[Na], data release of arXiv:2110.07730, which gives the curve and its +-1 sigma variants; these are
    linear in the four coefficients, so ``shift`` moves along them.

    Attributes
    ----------
    coefficients
        a, b (PE^-1), c (PE), d.
    variation
        Change of the four coefficients at +1 sigma.
    shift
        How many standard deviations to move; 0 nominally.
    """

    coefficients: Float[Array, "4"] = eqx.field(converter=as_float)
    variation: Float[Array, "4"] = eqx.field(converter=as_float)
    shift: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_finite("coefficients", self.coefficients, "powers of PE")
        check_finite("variation", self.variation, "powers of PE")
        check_finite("shift", self.shift, "standard deviations")
        if is_concrete(self.coefficients):
            height, _, _, offset = np.asarray(self.coefficients, dtype=float)
            # what is below zero is cut
            check_fraction("the largest efficiency of coefficients", max(height, 0.0) + offset)

    @property
    def threshold_PE(self) -> Float[Array, ""]:
        height, slope, centre, offset = self.coefficients + self.shift * self.variation
        ratio = -height / jnp.where(offset < 0.0, offset, -1.0) - 1.0
        crosses = (offset < 0.0) & (ratio > 0.0)
        crossing = centre - jnp.log(jnp.where(crosses, ratio, 1.0)) / slope
        return jnp.where(crosses, jnp.maximum(crossing, 0.0), 0.0)

    def __call__(self, signal_PE: Float[Array, "*node"]) -> Float[Array, "*node"]:
        height, slope, centre, offset = self.coefficients + self.shift * self.variation
        return jnp.maximum(height / (1.0 + jnp.exp(-slope * (signal_PE - centre))) + offset, 0.0)
