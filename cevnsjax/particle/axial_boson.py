"""A vector boson with axial couplings to nucleons, as X17 may be, and nuclear transitions that emit it."""

import math
from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_positive
from cevnsjax.constants import HBAR_C_MEV_FM
from cevnsjax.errors import CevnsjaxError
from cevnsjax.particle.dark_matter import power_above_zero
from cevnsjax.target import NuclearLevels

X17_MASS_MEV = 16.88
"""16.88 +- 0.05 MeV, of PADME and nuclear transitions: F. Arias-Aragon et al., arXiv:2504.11439."""

MEG_II_LIMITS = {17.64: 1.8e-6, 18.15: 1.2e-5}
"""Of Gamma_X/Gamma_gamma of levels of Be8, 90 %, by their energy in MeV: MEG II, arXiv:2411.07994."""


class AxialBoson(eqx.Module):
    """A vector boson X of mass m: L = X_mu (eps_p pbar gamma^mu gamma5 p + eps_n nbar gamma^mu gamma5 n).

    It is taken to decay to e+ e- where it is made. Vector couplings, which pion decays rule out for X17 (M. Hostert and
    M. Pospelov, Phys. Rev. D 108, 055011 (2023)), are left out.

    Attributes
    ----------
    proton_coupling, neutron_coupling
        Eps_p and eps_n, dimensionless.
    mass_MeV
        m, MeV.
    """

    proton_coupling: Float[Array, ""] = eqx.field(converter=as_float)
    neutron_coupling: Float[Array, ""] = eqx.field(converter=as_float)
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=X17_MASS_MEV)

    def __check_init__(self):
        check_finite("proton_coupling", self.proton_coupling, "")
        check_finite("neutron_coupling", self.neutron_coupling, "")
        check_positive("mass_MeV", self.mass_MeV, "MeV")

    def momentum_power_MeV(self, energy_MeV: Float[Array, "*point"], power: int) -> Float[Array, "*point"]:
        """Odd power of the momentum p of an X of an energy in MeV, MeV^power; zero where it is too heavy.

        So is its derivative there, which at the threshold of p itself is without bound from above.
        """
        return power_above_zero((energy_MeV - self.mass_MeV) * (energy_MeV + self.mass_MeV), 0.5 * power)


class AbstractAxialTransition(eqx.Module):
    """A transition of a nucleus to its ground state that emits an axial boson."""

    @abstractmethod
    def width_MeV(self, boson: AxialBoson, energy_MeV: Scalar) -> Scalar:
        """Width of its emission, MeV, for a transition of an energy in MeV; zero for a boson that is heavier."""


class SpinTransition(AbstractAxialTransition):
    """A level of the parity of the ground state, J_f <= 1 + J_i, as 1+ to 0+, by the spins of nucleons.

    Gamma = p/(6 pi (2 J* + 1)) (2 + E^2/m^2) (eps_p S_p + eps_n S_n)^2, by the golden rule: two transverse
    polarisations and a longitudinal one. For J* = 1 and S_p = S_n this is p/(18 pi) (2 + E^2/m^2) (eps_p + eps_n)^2
    <sigma>^2 with <sigma> = <f||sum sigma/2||i>, as a talk of B. Dutta (2024) has it.

    Attributes
    ----------
    proton_spin, neutron_spin
        S_p and S_n, as of :class:`cevnsjax.target.NuclearLevels`.
    excited_spin
        J* of the level.
    """

    proton_spin: Float[Array, ""] = eqx.field(converter=as_float)
    neutron_spin: Float[Array, ""] = eqx.field(converter=as_float)
    excited_spin: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        check_finite("proton_spin", self.proton_spin, "")
        check_finite("neutron_spin", self.neutron_spin, "")

    @classmethod
    def of_level(cls, levels: NuclearLevels, level: int) -> "SpinTransition":
        """Build that of a level of a nucleus by its index, with its quenching.

        Raises
        ------
        CevnsjaxError
            If there is no such level.
        """
        if not 0 <= level < len(levels.spins):
            raise CevnsjaxError(f"level must be 0 to {len(levels.spins) - 1} for {levels.nuclide}, got {level}.")
        scale = (levels.quenching * levels.relative_strength[level]) ** 0.5
        return cls(scale * levels.proton_spin[level], scale * levels.neutron_spin[level], levels.spins[level])

    def width_MeV(self, boson: AxialBoson, energy_MeV: Scalar) -> Scalar:
        spin = boson.proton_coupling * self.proton_spin + boson.neutron_coupling * self.neutron_spin
        polarisations = 2.0 + (energy_MeV / boson.mass_MeV) ** 2
        momentum = boson.momentum_power_MeV(energy_MeV, 1)
        return momentum * polarisations * spin**2 / (6.0 * math.pi * (2.0 * self.excited_spin + 1.0))


class SpinDipoleTransition(AbstractAxialTransition):
    """A level of the other parity, 1- to 0+, by the isovector spin dipole.

    Gamma = p^3/(144 pi) (eps_p - eps_n)^2 D^2, as a talk of B. Dutta (2024) has it; not derived here.

    Attributes
    ----------
    spin_dipole_fm
        D = <f||D_3^sigma||i>, fm.
    """

    spin_dipole_fm: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("spin_dipole_fm", self.spin_dipole_fm, "fm")

    def width_MeV(self, boson: AxialBoson, energy_MeV: Scalar) -> Scalar:
        dipole = (boson.proton_coupling - boson.neutron_coupling) * self.spin_dipole_fm / HBAR_C_MEV_FM
        return boson.momentum_power_MeV(energy_MeV, 3) * dipole**2 / (144.0 * math.pi)
