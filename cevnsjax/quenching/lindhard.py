"""Lindhard's quenching factor and its two common modifications."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_not_negative, check_positive
from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching.quenching import AbstractQuenching
from cevnsjax.quenching.root import newton_root

_SMALLEST_KEV, _LARGEST_KEV = 1e-9, 1e6  # between which a kink is looked for


def reduced_energy_per_keV(proton_number: int) -> float:
    """Lindhard's reduced energy of a recoil of 1 keV: 11.5 Z^(-7/3)."""
    return 11.5 * proton_number ** (-7.0 / 3.0)


def lindhard_stopping(reduced_energy: Float[Array, "*node"], k: Scalar) -> Float[Array, "*node"]:
    """Electronic stopping k g, g = 3 eps^0.15 + 0.7 eps^0.6 + eps, at reduced energies eps above zero."""
    return k * (3.0 * reduced_energy**0.15 + 0.7 * reduced_energy**0.6 + reduced_energy)


def lindhard_fraction(reduced_energy: Float[Array, "*node"], k: Scalar) -> Float[Array, "*node"]:
    """Q_L = k g/(1 + k g) with g = 3 eps^0.15 + 0.7 eps^0.6 + eps, at reduced energies eps above zero."""
    stopping = lindhard_stopping(reduced_energy, k)
    return stopping / (1.0 + stopping)


def lindhard_energy_keV(
    recoil_energy_keV: Float[Array, "*node"], k: Scalar, proton_number: int
) -> Float[Array, "*node"]:
    """T Q_L(T), keV; zero at and below T = 0, where its derivative vanishes too."""
    positive = recoil_energy_keV > 0.0
    recoil = jnp.where(positive, recoil_energy_keV, 1.0)
    energy = recoil * lindhard_fraction(reduced_energy_per_keV(proton_number) * recoil, k)
    return jnp.where(positive, energy, 0.0)


def check_proton_number(proton_number: int) -> None:
    """Refuse a charge number below one."""
    if not isinstance(proton_number, (int, np.integer)) or proton_number < 1:
        raise CevnsjaxError(f"proton_number must be a whole number above zero, got {proton_number!r}.")


class Lindhard(AbstractQuenching):
    """E_I = T Q_L(T) with Q_L = k g/(1 + k g), g = 3 eps^0.15 + 0.7 eps^0.6 + eps, eps = 11.5 Z^(-7/3) T/keV.

    J. Lindhard et al., Mat. Fys. Medd. Dan. Vid. Selsk. 33, no. 10 (1963), in the parametrisation of J. D. Lewin and
    P. F. Smith, Astropart. Phys. 6, 87 (1996).

    Attributes
    ----------
    k
        Electronic stopping, dimensionless; 0.162 +- 0.004 in germanium (A. Bonhomme et al., arXiv:2202.03754).
    proton_number
        Z of the target.
    """

    k: Float[Array, ""] = eqx.field(converter=as_float)
    proton_number: int = eqx.field(static=True)

    def __check_init__(self):
        check_positive("k", self.k, "")
        check_proton_number(self.proton_number)

    @classmethod
    def for_nuclide(cls, proton_number: int, mass_number: float) -> "Lindhard":
        """Take Lindhard's own k = 0.133 Z^(2/3) A^(-1/2): 0.157 for germanium, 0.146 for silicon, 0.166 for xenon.

        Parameters
        ----------
        proton_number, mass_number
            Z and A; the mean A of the element where isotopes are not told apart.
        """
        check_proton_number(proton_number)
        check_positive("mass_number", mass_number, "")
        return cls(0.133 * proton_number ** (2.0 / 3.0) * mass_number**-0.5, proton_number)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return lindhard_energy_keV(recoil_energy_keV, self.k, self.proton_number)


class ModifiedLindhard(AbstractQuenching):
    """Q = Q_L - q/eps, which is E_I = T Q_L(T) - q Z^(7/3)/11.5 keV: the same offset for every recoil.

    P. Sorensen, Phys. Rev. D 91, 083509 (2015), arXiv:1412.3028; q < 0 as J. Liao, H. Liu and D. Marfatia,
    arXiv:2104.01811. E_I is kept between 0 (q > 0: no ionisation below a cut-off) and T (q < 0: the offset alone would
    exceed the recoil).

    Smooth in k, in q (through q = 0) and in T, except: where E_I reaches 0 or T it has a kink, its derivative jumps and
    stays finite; at the floor it jumps. A recoil at E_I = 0 is not detected, so one that q moves across the cut-off
    appears with what the resolution makes of a deposit of nearly zero. With q < 0 and no floor, all recoils below a
    fixed energy pile up just above the offset.

    Attributes
    ----------
    k
        Electronic stopping, dimensionless, as in `Lindhard`.
    q
        Offset, dimensionless; 1e-5 is -2.83 eV in germanium.
    proton_number
        Z of the target.
    recoil_floor_keV
        Recoils below it give no ionisation, keV. A step: the derivative with respect to it is zero.
    """

    k: Float[Array, ""] = eqx.field(converter=as_float)
    q: Float[Array, ""] = eqx.field(converter=as_float)
    proton_number: int = eqx.field(static=True)
    recoil_floor_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_positive("k", self.k, "")
        check_finite("q", self.q, "")
        check_not_negative("recoil_floor_keV", self.recoil_floor_keV, "keV")
        check_proton_number(self.proton_number)

    @property
    def offset_keV(self) -> Float[Array, ""]:
        """Ionisation energy added to every recoil, -q Z^(7/3)/11.5, keV."""
        return -self.q / reduced_energy_per_keV(self.proton_number)

    def cutoff_energy_keV(self) -> float:
        """Recoil energy at which T Q_L(T) makes up for the offset, keV; zero where q is not positive.

        For concrete parameters only.
        """
        with jax.enable_x64(True):
            exact = jax.tree.map(as_float, self)
            return float(exact.moving_kink_keV) if float(exact.q) > 0.0 else 0.0

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        ionises = (recoil_energy_keV > 0.0) & (recoil_energy_keV >= self.recoil_floor_keV)
        recoil = jnp.where(ionises, recoil_energy_keV, 1.0)
        energy = lindhard_energy_keV(recoil, self.k, self.proton_number) + self.offset_keV
        return jnp.where(ionises, jnp.clip(energy, 0.0, recoil), 0.0)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return self.recoil_floor_keV[None]

    @property
    def moving_kink_keV(self) -> Float[Array, ""]:
        # where E_I reaches 0 (q > 0) or T (q < 0): in logarithms both conditions are nearly straight lines
        log_offset = jnp.log(jnp.maximum(jnp.abs(self.offset_keV), _SMALLEST_KEV))

        def excess(log_recoil: Float[Array, ""]) -> Float[Array, ""]:
            stopping = lindhard_stopping(reduced_energy_per_keV(self.proton_number) * jnp.exp(log_recoil), self.k)
            part = jnp.where(self.q > 0.0, jnp.log(stopping), 0.0) - jnp.log1p(stopping)
            return log_recoil + part - log_offset

        return jnp.exp(newton_root(excess, log_offset, math.log(_SMALLEST_KEV), math.log(_LARGEST_KEV)))


class AdiabaticLindhard(AbstractQuenching):
    """E_I = T Q_L(T) [1 - exp(-T/xi)]: slow recoils ionise less.

    B. J. Scholz et al., Phys. Rev. D 94, 122003 (2016), arXiv:1608.03588, eq. 5; germanium: k = 0.1789, xi = 0.16 keV.

    Attributes
    ----------
    k
        Electronic stopping, dimensionless, as in `Lindhard`.
    adiabatic_energy_keV
        xi, keV.
    proton_number
        Z of the target.
    """

    k: Float[Array, ""] = eqx.field(converter=as_float)
    adiabatic_energy_keV: Float[Array, ""] = eqx.field(converter=as_float)
    proton_number: int = eqx.field(static=True)

    def __check_init__(self):
        check_positive("k", self.k, "")
        check_positive("adiabatic_energy_keV", self.adiabatic_energy_keV, "keV")
        check_proton_number(self.proton_number)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        # below zero there is nothing: the factor must not overflow there
        suppression = -jnp.expm1(-jnp.maximum(recoil_energy_keV, 0.0) / self.adiabatic_energy_keV)
        return suppression * lindhard_energy_keV(recoil_energy_keV, self.k, self.proton_number)
