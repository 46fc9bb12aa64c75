"""Coulomb corrections: what the charge of the nucleus does to an electron that leaves it."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive, power_series
from cevnsjax.constants import ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT, HBAR_C_MEV_FM

_SHIFT = 8  # recurrence steps of the gamma function before Stirling's series: |z| > 8.6, the rest of the series 1e-11
_STIRLING = (1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0)


def _momentum2(electron_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
    return jnp.maximum((electron_energy_MeV - ELECTRON_MASS_MEV) * (electron_energy_MeV + ELECTRON_MASS_MEV), 0.0)


def _root(square: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """Square root with a derivative of zero at zero."""
    positive = square > 0.0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1.0)), 0.0)


class AbstractCoulombCorrection(eqx.Module):
    """Ratio of the density of electrons at the nucleus to that of plane waves, as a factor of a cross section.

    It grows like 1/p towards p = 0, so what is given is the finite and smooth product with the momentum.
    """

    @abstractmethod
    def times_momentum_MeV(
        self, electron_energy_MeV: Float[Array, "*point"], proton_number: int, mass_number: int
    ) -> Float[Array, "*point"]:
        """P F in MeV, at total energies of the electron in MeV; below its mass that of an electron at rest.

        Parameters
        ----------
        electron_energy_MeV
            Total energies of the electron, MeV, any shape.
        proton_number, mass_number
            Z (above zero) and A of the nucleus that the electron leaves.
        """

    def __call__(
        self, electron_energy_MeV: Float[Array, "*point"], proton_number: int, mass_number: int
    ) -> Float[Array, "*point"]:
        """F at total energies above the electron's mass; arguments as in :meth:`times_momentum_MeV`."""
        momentum = _root(_momentum2(electron_energy_MeV))
        return self.times_momentum_MeV(electron_energy_MeV, proton_number, mass_number) / momentum


class NoCoulomb(AbstractCoulombCorrection):
    """F = 1."""

    def times_momentum_MeV(
        self, electron_energy_MeV: Float[Array, "*point"], proton_number: int, mass_number: int
    ) -> Float[Array, "*point"]:
        return _root(_momentum2(electron_energy_MeV))


class FermiFunction(AbstractCoulombCorrection):
    """F = 2 (1 + S) (2 p R)^(2S - 2) exp(pi eta) |Gamma(S + i eta)|^2/Gamma(1 + 2S)^2, eta = Z alpha E/p.

    S = (1 - (Z alpha)^2)^(1/2). The form that MARLEY uses (S. Gardiner, Comput. Phys. Commun. 269, 108123, 2021), with
    R = 1.2 A^(1/3) fm; textbooks have 4 in the place of 2 (1 + S). No screening. With R in the place of r it is the
    density at the surface, too large a factor above 40 MeV or so.

    Attributes
    ----------
    radius_fm
        R/A^(1/3), fm.
    """

    radius_fm: Float[Array, ""] = eqx.field(converter=as_float, default=1.2)

    def __check_init__(self):
        check_positive("radius_fm", self.radius_fm, "fm")

    def times_momentum_MeV(
        self, electron_energy_MeV: Float[Array, "*point"], proton_number: int, mass_number: int
    ) -> Float[Array, "*point"]:
        coupling = FINE_STRUCTURE_CONSTANT * proton_number
        root = math.sqrt(1.0 - coupling**2)
        radius_per_MeV = self.radius_fm * (mass_number ** (1.0 / 3.0) / HBAR_C_MEV_FM)
        constant = math.log(2.0 * (1.0 + root)) - 2.0 * math.lgamma(1.0 + 2.0 * root)
        size = (2.0 * root - 2.0) * jnp.log(2.0 * radius_per_MeV)
        energy = jnp.maximum(electron_energy_MeV, ELECTRON_MASS_MEV)
        return jnp.exp(constant + size + _log_gamma_factor(root, coupling * energy, _momentum2(energy)))


def _log_gamma_factor(
    root: float, coupled_energy_MeV: Float[Array, "*point"], momentum2: Float[Array, "*point"]
) -> Float[Array, "*point"]:
    """ln[p^(2S - 1) exp(pi eta) |Gamma(S + i eta)|^2] with eta = a/p, from a and p^2: smooth through p = 0.

    Stirling's series at z = S + n + i eta. With z = w/p exp(i theta), all powers of p cancel, pi eta - 2 eta theta is
    2 (S + n) arctan(x)/x for x = (S + n) p/a, and Re z^(-m) follows from two-term recurrence.
    """
    real = root + _SHIFT
    square = real**2 * momentum2 + coupled_energy_MeV**2
    result = (real - 0.5) * jnp.log(square) - 2.0 * real + math.log(2.0 * math.pi)
    for step in range(_SHIFT):
        result = result - jnp.log((root + step) ** 2 * momentum2 + coupled_energy_MeV**2)
    x2 = real**2 * momentum2 / coupled_energy_MeV**2
    small = x2 < 1e-2
    x = jnp.sqrt(jnp.where(small, 1.0, x2))
    series = power_series(jnp.where(small, x2, 0.0), [(-1.0) ** k / (2 * k + 1) for k in range(8)])
    result = result + 2.0 * real * jnp.where(small, series, jnp.arctan(x) / x)
    first, modulus2 = real * momentum2 / square, momentum2 / square  # Re z^-1 and |z|^-2
    before, power = jnp.ones_like(first), first
    for coefficient in _STIRLING:
        result = result + 2.0 * coefficient * power
        for _ in range(2):
            before, power = power, 2.0 * first * power - modulus2 * before
    return result


class EffectiveMomentum(AbstractCoulombCorrection):
    """F = p_eff E_eff/(p E), E_eff = E + 3 Z alpha/(2R): the modified effective momentum approximation.

    The electron has the energy that it has in the middle of a homogeneous sphere: J. Engel, Phys. Rev. C 57, 2004
    (1998). Good where p R is not small.

    Attributes
    ----------
    radius_fm
        R/A^(1/3), fm.
    """

    radius_fm: Float[Array, ""] = eqx.field(converter=as_float, default=1.2)

    def __check_init__(self):
        check_positive("radius_fm", self.radius_fm, "fm")

    def times_momentum_MeV(
        self, electron_energy_MeV: Float[Array, "*point"], proton_number: int, mass_number: int
    ) -> Float[Array, "*point"]:
        radius_per_MeV = self.radius_fm * (mass_number ** (1.0 / 3.0) / HBAR_C_MEV_FM)
        energy = jnp.maximum(electron_energy_MeV, ELECTRON_MASS_MEV)
        effective = energy + 1.5 * FINE_STRUCTURE_CONSTANT * proton_number / radius_per_MeV
        return jnp.sqrt(_momentum2(effective)) * effective / energy


class SmallerCorrection(AbstractCoulombCorrection):
    """Of two corrections the one that is closer to 1: the Fermi function at small energies, the other at large ones.

    What MARLEY does unless told otherwise. There is a kink where they meet.

    Attributes
    ----------
    first, second
        The two corrections.
    """

    first: AbstractCoulombCorrection = eqx.field(default_factory=FermiFunction)
    second: AbstractCoulombCorrection = eqx.field(default_factory=EffectiveMomentum)

    def times_momentum_MeV(
        self, electron_energy_MeV: Float[Array, "*point"], proton_number: int, mass_number: int
    ) -> Float[Array, "*point"]:
        momentum = _root(_momentum2(electron_energy_MeV))
        first, second = (
            each.times_momentum_MeV(electron_energy_MeV, proton_number, mass_number)
            for each in (self.first, self.second)
        )
        return jnp.where(jnp.abs(first - momentum) < jnp.abs(second - momentum), first, second)
