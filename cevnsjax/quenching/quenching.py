"""Quenching: how much ionisation (or scintillation) a nuclear recoil gives, as a function that moves nodes."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive


class AbstractQuenching(eqx.Module):
    """From recoil energy to electron-equivalent energy."""

    @abstractmethod
    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        """Evaluate the ionisation energy.

        Parameters
        ----------
        recoil_energy_keV
            Nuclear recoil energy, keV, any shape.

        Returns
        -------
        Array
            Electron-equivalent energy, keV, of the same shape.
        """


class ConstantQuenching(AbstractQuenching):
    """E_ee = factor T.

    Attributes
    ----------
    factor
        Quenching factor, dimensionless (0.0878 for CsI[Na] in COHERENT 2017, arXiv:1708.01294).
    """

    factor: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("factor", self.factor, "")

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return self.factor * recoil_energy_keV


class PolynomialQuenching(AbstractQuenching):
    """E_ee = a T + b T^2 + c T^3 + ..., with two principal components of its uncertainty.

    (a, b, c, ...) = coefficients + first_component * components[0] + second_component * components[1], energies in
    MeV; COHERENT CsI[Na], arXiv:2111.02477 and the data release of arXiv:2110.07730. One unit of a component is one
    standard deviation.

    Attributes
    ----------
    coefficients
        Nominal coefficients of T, T^2, ..., in MeV^0, MeV^-1, ..., shape ``[power]``.
    components
        Shifts of the coefficients at +1 sigma, shape ``[2, power]``.
    first_component, second_component
        How many standard deviations to move along each; 0 nominally.
    """

    coefficients: Float[Array, " power"] = eqx.field(converter=as_float)
    components: Float[Array, "2 power"] = eqx.field(converter=as_float)
    first_component: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    second_component: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        shifts = self.first_component * self.components[0] + self.second_component * self.components[1]
        energy = 1e-3 * recoil_energy_keV
        result = jnp.zeros_like(energy)
        for coefficient in (self.coefficients + shifts)[::-1]:
            result = (result + coefficient) * energy
        return 1e3 * result
