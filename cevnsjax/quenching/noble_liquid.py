"""Electrons and photons from recoils in liquid noble gases."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_not_negative, check_positive, power_series
from cevnsjax.quenching.lindhard import Lindhard
from cevnsjax.quenching.quenching import AbstractQuenching


class ThomasImel(eqx.Module):
    """Mean numbers of electrons and photons: n_e = N_i ln(1 + xi)/xi with xi = N_i varsigma/4, n_gamma = N_q - n_e.

    N_q = E_q(T)/W quanta, of which N_i = N_q/(1 + alpha) are ions. J. Thomas and D. A. Imel, Phys. Rev. A 36, 614
    (1987); P. Sorensen and C. E. Dahl, Phys. Rev. D 83, 063501 (2011), arXiv:1101.6080, eqs. 2 to 7.

    Attributes
    ----------
    quanta
        Energy that goes into electrons and photons, as a function of recoil energy; `Lindhard` usually.
    energy_per_quantum_keV
        W, keV: 0.0138 in liquid xenon (Sorensen and Dahl), 0.0195 in liquid argon.
    excitation_ratio
        alpha, excited atoms per ion.
    recombination
        varsigma, dimensionless; it falls with the drift field.
    """

    quanta: AbstractQuenching
    energy_per_quantum_keV: Float[Array, ""] = eqx.field(converter=as_float)
    excitation_ratio: Float[Array, ""] = eqx.field(converter=as_float)
    recombination: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("energy_per_quantum_keV", self.energy_per_quantum_keV, "keV")
        check_not_negative("excitation_ratio", self.excitation_ratio, "")
        check_positive("recombination", self.recombination, "")

    @classmethod
    def liquid_xenon(cls) -> "ThomasImel":
        """W = 13.8 eV, Lindhard's k, alpha = 1.04 and varsigma = 0.030: table I of Sorensen and Dahl, from a copy."""
        return cls(Lindhard.for_nuclide(54, 131.293), 0.0138, 1.04, 0.030)

    def electrons(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        """Mean number of electrons that escape recombination."""
        ions = self.quanta(recoil_energy_keV) / (self.energy_per_quantum_keV * (1.0 + self.excitation_ratio))
        box = 0.25 * self.recombination * ions
        small = jnp.abs(box) < 1e-2
        series = power_series(jnp.where(small, box, 0.0), [(-1.0) ** n / (n + 1) for n in range(8)])
        safe = jnp.where(small, 1.0, box)
        return ions * jnp.where(small, series, jnp.log1p(safe) / safe)

    def photons(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        """Mean number of photons: excited atoms, and electrons that recombine."""
        return self.quanta(recoil_energy_keV) / self.energy_per_quantum_keV - self.electrons(recoil_energy_keV)


class ElectronQuenching(AbstractQuenching):
    """E_I = W n_e: what a deposit that gave every quantum as an electron would need; n_e = E_I/W.

    Attributes
    ----------
    yields
        Electrons and photons of a recoil.
    """

    yields: ThomasImel

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return self.yields.energy_per_quantum_keV * self.yields.electrons(recoil_energy_keV)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return self.yields.quanta.kinks_keV


class PhotonQuenching(AbstractQuenching):
    """E_I = W n_gamma: what a deposit that gave every quantum as a photon would need; n_gamma = E_I/W.

    Attributes
    ----------
    yields
        Electrons and photons of a recoil.
    """

    yields: ThomasImel

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        return self.yields.energy_per_quantum_keV * self.yields.photons(recoil_energy_keV)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return self.yields.quanta.kinks_keV
