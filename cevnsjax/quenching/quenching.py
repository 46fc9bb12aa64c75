"""Quenching: how much ionisation (or scintillation) a nuclear recoil gives, as a function that moves nodes."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_finite, check_fraction, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError


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

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        """Recoil energies, keV, at which it has a kink or a step, as far as they are known; none where it is smooth."""
        return as_float(())

    @property
    def moving_kink_keV(self) -> Float[Array, ""] | None:
        """Recoil energy, keV, of one more kink, which moves smoothly with its numbers; None where there is none."""
        return None


class ConstantQuenching(AbstractQuenching):
    """E_ee = factor T.

    Attributes
    ----------
    factor
        Quenching factor, between 0 and 1 (0.0878 for CsI[Na] in COHERENT 2017, arXiv:1708.01294).
    """

    factor: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("factor", self.factor, "")
        check_fraction("factor", self.factor)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return self.factor * recoil_energy_keV


class EnergyScale(AbstractQuenching):
    """What is measured is the recoil energy itself, up to a scale: bolometers, bubble chambers, crystals at MeV.

    Attributes
    ----------
    scale
        Measured over true energy, dimensionless, 1 nominally.
    """

    scale: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("scale", self.scale, "")

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return self.scale * recoil_energy_keV


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

    def __check_init__(self):
        check_finite("coefficients", self.coefficients, "powers of MeV^-1")
        if is_concrete(self.coefficients):
            first = np.asarray(self.coefficients)[0]
            check_fraction("the first of the coefficients, the quenching factor at zero,", first)
        check_finite("components", self.components, "powers of MeV^-1")
        if self.components.shape != (2, *self.coefficients.shape):
            raise CevnsjaxError(
                f"components must have two rows as long as coefficients, got the shape {self.components.shape} for "
                f"{self.coefficients.shape[0]} coefficients."
            )
        check_finite("first_component", self.first_component, "standard deviations")
        check_finite("second_component", self.second_component, "standard deviations")

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        shifts = self.first_component * self.components[0] + self.second_component * self.components[1]
        energy = 1e-3 * recoil_energy_keV
        result = jnp.zeros_like(energy)
        for coefficient in (self.coefficients + shifts)[::-1]:
            result = (result + coefficient) * energy
        return 1e3 * result
