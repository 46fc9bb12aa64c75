"""Flavours of solar neutrinos on arrival: adiabatic conversion in the Sun."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, is_concrete
from cevnsjax.constants import AVOGADRO_PER_MOL, FERMI_CONSTANT_PER_MEV2, HBAR_C_MEV_FM
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.mixing import mixing_squares

MATTER_TERM_EV2 = 2e12 * math.sqrt(2.0) * FERMI_CONSTANT_PER_MEV2 * AVOGADRO_PER_MOL * (HBAR_C_MEV_FM * 1e-13) ** 3
"""2 sqrt2 G_F n_e E for one mole of electrons in a cubic centimetre and 1 MeV, eV^2."""


class SolarOscillation(eqx.Module):
    """Adiabatic (MSW) conversion on the way out of the Sun, then mass states that have lost their coherence.

    With 12 mixing in matter at the point of production,

        cos 2theta_M = (cos 2theta_12 - beta)/sqrt[(cos 2theta_12 - beta)^2 + sin^2 2theta_12],
        beta = 2 sqrt2 G_F n_e E cos^2 theta_13/Delta m^2_21,

    an electron neutrino leaves as mass state i with |U^M_ei|^2, where U^M is the mixing matrix with theta_M in the
    place of theta_12, and arrives as flavour b with sum_i |U^M_ei|^2 |U_bi|^2: for b = e that is P_ee = cos^4 theta_13
    (1/2 + 1/2 cos 2theta_M cos 2theta_12) + sin^4 theta_13. How the rest is shared by nu_mu and nu_tau depends on
    theta_23 and the CP phase (standard parametrisation of the PDG). See S. J. Parke, Phys. Rev. Lett. 57, 1275 (1986)
    and C. Giunti and C. W. Kim, *Fundamentals of Neutrino Physics and Astrophysics*, 2007. Left out: the effect of
    matter on theta_13, and the Earth (day and night). For mixing too small to be adiabatic it does not hold.

    Default values are those of NuFIT 6.0 (arXiv:2410.05380), normal ordering, recalled, not checked against the paper.

    Attributes
    ----------
    theta12_sin2, theta13_sin2, theta23_sin2
        sin^2 of the mixing angles.
    mass_splitting_eV2
        Delta m^2_21, eV^2.
    cp_phase_rad
        The CP phase, rad.
    """

    theta12_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.307)
    theta13_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.02195)
    theta23_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.561)
    mass_splitting_eV2: Float[Array, ""] = eqx.field(converter=as_float, default=7.49e-5)
    cp_phase_rad: Float[Array, ""] = eqx.field(converter=as_float, default=3.089)

    def __check_init__(self):
        for name in ("theta12_sin2", "theta13_sin2", "theta23_sin2"):
            value = getattr(self, name)
            if is_concrete(value) and not 0.0 <= float(value) <= 1.0:
                raise CevnsjaxError(f"{name} must be between 0 and 1, got {value}.")
        check_positive("mass_splitting_eV2", self.mass_splitting_eV2, "eV^2")

    def probabilities(
        self, energy_MeV: Float[Array, "*point"], electron_density_mol_per_cm3: Scalar
    ) -> Float[Array, "flavour *point"]:
        """Probabilities that an electron neutrino arrives as nu_e, nu_mu and nu_tau.

        Parameters
        ----------
        energy_MeV
            Neutrino energies, MeV, any shape.
        electron_density_mol_per_cm3
            Density of electrons where it is produced, in moles per cm^3.
        """
        s12, s13 = self.theta12_sin2, self.theta13_sin2
        c12, c13 = 1.0 - s12, 1.0 - s13
        matter = MATTER_TERM_EV2 * electron_density_mol_per_cm3 * c13 / self.mass_splitting_eV2
        detuning = (c12 - s12) - matter * energy_MeV
        cosine = detuning / jnp.sqrt(detuning**2 + 4.0 * s12 * c12)
        first, second = 0.5 * c13 * (1.0 + cosine), 0.5 * c13 * (1.0 - cosine)
        squares = mixing_squares(s12, s13, self.theta23_sin2, self.cp_phase_rad)
        of_mass = jnp.stack([first, second, jnp.broadcast_to(s13, first.shape)])
        return jnp.stack([(squares[b].reshape(-1, *(1,) * first.ndim) * of_mass).sum(axis=0) for b in range(3)])
