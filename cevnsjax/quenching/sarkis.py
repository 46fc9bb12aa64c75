"""Lindhard's quenching with the binding energy of the atoms."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_finite, check_positive
from cevnsjax.quenching.lindhard import Lindhard, check_proton_number, lindhard_fraction, reduced_energy_per_keV
from cevnsjax.quenching.quenching import AbstractQuenching
from cevnsjax.quenching.root import newton_root

_SMALLEST_REDUCED, _LARGEST_REDUCED = 1e-12, 1e6  # between which a kink is looked for


class Sarkis(AbstractQuenching):
    """Semi-analytic quenching with a constant binding energy U, zero for T <= 2U.

    c E_I = eps k g/(1 + k g) - C_0 eps^(1/2) - C_1 where that is positive, with c = 11.5 Z^(-7/3)/keV and eps = c (T -
    U): the ansatz of Y. Sarkis, A. Aguilar-Arevalo and J. C. D'Olivo, Phys. Rev. D 101, 102001 (2020),
    arXiv:2001.06503, in which u = c U drops out of eps_R - nu(eps). Continuous but for a step of 9e-4 T (silicon) at
    2U; a kink where E_I reaches zero. The formula and its coefficients were read in a secondary source.

    Attributes
    ----------
    k
        Electronic stopping, dimensionless; the two materials below take Lindhard's own value.
    square_root_coefficient, constant_coefficient
        C_0 and C_1, dimensionless.
    binding_energy_keV
        U, keV.
    proton_number
        Z of the target.
    """

    k: Float[Array, ""] = eqx.field(converter=as_float)
    square_root_coefficient: Float[Array, ""] = eqx.field(converter=as_float)
    constant_coefficient: Float[Array, ""] = eqx.field(converter=as_float)
    binding_energy_keV: Float[Array, ""] = eqx.field(converter=as_float)
    proton_number: int = eqx.field(static=True)

    def __check_init__(self):
        check_positive("k", self.k, "")
        check_finite("square_root_coefficient", self.square_root_coefficient, "")
        check_finite("constant_coefficient", self.constant_coefficient, "")
        check_positive("binding_energy_keV", self.binding_energy_keV, "keV")
        check_proton_number(self.proton_number)

    @classmethod
    def germanium(cls) -> "Sarkis":
        """C_0 = (3.0 +- 1.3)e-4, C_1 = (0.62 +- 0.12)e-5, U = 0.02 +- 0.01 keV."""
        return cls(Lindhard.for_nuclide(32, 72.63).k, 3.0e-4, 0.62e-5, 0.02, 32)

    @classmethod
    def silicon(cls) -> "Sarkis":
        """C_0 = (9.1 +- 4.4)e-3, C_1 = (3.33 +- 1.2)e-5, U = 0.15 +- 0.06 keV."""
        return cls(Lindhard.for_nuclide(14, 28.085).k, 9.1e-3, 3.33e-5, 0.15, 14)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        scale = reduced_energy_per_keV(self.proton_number)
        ionises = (recoil_energy_keV > 2.0 * self.binding_energy_keV) & (recoil_energy_keV > 0.0)
        reduced = scale * jnp.where(ionises, recoil_energy_keV - self.binding_energy_keV, 1.0)
        energy = (reduced * lindhard_fraction(reduced, self.k) - self._losses(reduced)) / scale
        return jnp.where(ionises, jnp.maximum(energy, 0.0), 0.0)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return 2.0 * self.binding_energy_keV[None]

    @property
    def moving_kink_keV(self) -> Float[Array, ""]:
        # where E_I reaches zero, unless that is below 2U
        def excess(log_reduced: Float[Array, ""]) -> Float[Array, ""]:
            reduced = jnp.exp(log_reduced)
            losses = jnp.maximum(self._losses(reduced), _SMALLEST_REDUCED)
            return log_reduced + jnp.log(lindhard_fraction(reduced, self.k) / losses)

        log_start = jnp.log(jnp.maximum(self._losses(as_float(1.0)), _SMALLEST_REDUCED) / self.k)
        root = newton_root(excess, log_start, math.log(_SMALLEST_REDUCED), math.log(_LARGEST_REDUCED))
        return self.binding_energy_keV + jnp.exp(root) / reduced_energy_per_keV(self.proton_number)

    def _losses(self, reduced_energy: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return self.square_root_coefficient * jnp.sqrt(reduced_energy) + self.constant_coefficient
