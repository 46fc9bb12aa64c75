"""Vector couplings of the Standard Model: tree level, and the sets with radiative corrections that papers use.

All with L = -(G_F/sqrt2) [nubar gamma^mu (1 - gamma_5) nu] [g_V^p pbar gamma_mu p + g_V^n nbar gamma_mu n], so that the
weak charge is Q_W = 2 (Z g_V^p + N g_V^n), close to -(N - (1 - 4 s_W^2) Z).
"""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import (
    ELECTRON_MASS_MEV,
    FERMI_CONSTANT_PER_MEV2,
    FINE_STRUCTURE_CONSTANT,
    MUON_MASS_MEV,
    TAU_MASS_MEV,
    WEAK_MIXING_ANGLE_SIN2,
)
from cevnsjax.cross_section.term import AbstractVectorTerm, Coupling, flavour_diagonal, flavour_universal


class TreeLevel(AbstractVectorTerm):
    """g_V^p = 1/2 - 2 s_W^2, g_V^n = -1/2 for every flavour.

    Attributes
    ----------
    weak_mixing_angle_sin2
        s_W^2 = sin^2 theta_W at zero momentum transfer (MS-bar).
    """

    weak_mixing_angle_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=WEAK_MIXING_ANGLE_SIN2)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        proton = 0.5 - 2.0 * self.weak_mixing_angle_sin2
        return flavour_universal(proton), flavour_universal(jnp.full_like(proton, -0.5))


class PDGLegacy(AbstractVectorTerm):
    """Radiative corrections in the notation of older PDG reviews (before 2014), flavour-blind.

    g_V^p = rho (1/2 - 2 kappa s_Z^2) + 2 l_uL + 2 l_uR + l_dL + l_dR, g_V^n = -rho/2 + l_uL + l_uR + 2 l_dL + 2 l_dR
    with rho = 1.0086, kappa = 0.9978, l_uL = -0.0031, l_dL = -0.0025, l_dR = 2 l_uR = 7.5e-5 (J. Erler and P.
    Langacker, PDG review of the electroweak model); 0.0304 and -0.5122 at s_Z^2 = 0.2312.

    Attributes
    ----------
    weak_mixing_angle_sin2
        s_Z^2 = sin^2 theta_W at the Z mass (MS-bar), not at zero momentum transfer.
    """

    weak_mixing_angle_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.2312)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        rho, kappa, up_left, down_left, down_right = 1.0086, 0.9978, -0.0031, -0.0025, 7.5e-5
        up_right = 0.5 * down_right
        proton = rho * (0.5 - 2.0 * kappa * self.weak_mixing_angle_sin2)
        proton = proton + (2.0 * up_left + 2.0 * up_right + down_left + down_right)
        neutron = -0.5 * rho + up_left + up_right + 2.0 * down_left + 2.0 * down_right
        return flavour_universal(proton), flavour_universal(jnp.full_like(proton, neutron))


class ErlerSu(AbstractVectorTerm):
    """Radiative corrections of J. Erler and S. Su, Prog. Part. Nucl. Phys. 71, 119 (2013), with the SM charge radii.

    g_V^n = -0.5117 and g_V^p = 0.01836 + delta_alpha - 2 (s_W^2 - s_0^2), where s_0^2 = 0.23863. The charge-radius
    parts delta_alpha default to the sums that the field quotes, g_V^p = 0.0382 (e), 0.0300 (mu) and 0.0255 (tau):
    COHERENT's choice. They are the same for neutrinos and antineutrinos.

    Attributes
    ----------
    weak_mixing_angle_sin2
        s_W^2 at zero momentum transfer (MS-bar); moves g_V^p with slope -2.
    neutron_coupling
        g_V^n.
    proton_coupling_base
        g_V^p without charge radii.
    charge_radius_e, charge_radius_mu, charge_radius_tau
        delta_alpha, dimensionless.
    """

    weak_mixing_angle_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=WEAK_MIXING_ANGLE_SIN2)
    neutron_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=-0.5117)
    proton_coupling_base: Float[Array, ""] = eqx.field(converter=as_float, default=0.01836)
    charge_radius_e: Float[Array, ""] = eqx.field(converter=as_float, default=0.0382 - 0.01836)
    charge_radius_mu: Float[Array, ""] = eqx.field(converter=as_float, default=0.0300 - 0.01836)
    charge_radius_tau: Float[Array, ""] = eqx.field(converter=as_float, default=0.0255 - 0.01836)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        base = self.proton_coupling_base - 2.0 * (self.weak_mixing_angle_sin2 - WEAK_MIXING_ANGLE_SIN2)
        radii = (self.charge_radius_e, self.charge_radius_mu, self.charge_radius_tau)
        proton = flavour_diagonal(*(jnp.reshape(base + radius, (1,)) for radius in radii))
        return proton, flavour_universal(self.neutron_coupling)


def lepton_loop(q2_MeV2: Float[Array, " node"], lepton_mass_MeV: float, scale_MeV: float) -> Float[Array, " node"]:
    """Vacuum polarisation by a charged lepton, Pi(Q^2, m, mu), MS-bar.

    Pi = (1/3) ln(mu^2/m^2) + 5/9 - 4 m^2/(3 Q^2) + (1/3)(1 - 2 m^2/Q^2) x ln[(x - 1)/(x + 1)], x = sqrt(1 + 4 m^2/Q^2);
    O. Tomalak et al., JHEP 02 (2021) 097. At small Q^2/m^2 the closed form cancels, and its power series is used.

    Parameters
    ----------
    q2_MeV2
        Squared momentum transfer Q^2 >= 0, MeV^2.
    lepton_mass_MeV, scale_MeV
        Lepton mass and renormalisation scale, MeV.
    """
    ratio = q2_MeV2 / lepton_mass_MeV**2
    small = ratio < 0.1
    # (1/3) ln(1 + ...) expanded: -6 times the integral of z(1-z) ln(1 + z(1-z) ratio)/3, term by term (Beta functions)
    terms = [2.0 * (-1.0) ** k / k * math.factorial(k + 1) ** 2 / math.factorial(2 * k + 3) for k in range(1, 11)]
    tiny = jnp.where(small, ratio, 0.0)
    series = jnp.zeros_like(tiny)
    for term in reversed(terms):
        series = (series + term) * tiny
    big = jnp.where(small, 1.0, ratio)
    x = jnp.sqrt(1.0 + 4.0 / big)
    # (x - 1)/(x + 1) with the small numerator rationalised: x^2 - 1 = 4/ratio
    closed = 5.0 / 9.0 - 4.0 / (3.0 * big) + (1.0 - 2.0 / big) * x * jnp.log(4.0 / big / (x + 1.0) ** 2) / 3.0
    return math.log(scale_MeV**2 / lepton_mass_MeV**2) / 3.0 + jnp.where(small, series, closed)


class Tomalak21(AbstractVectorTerm):
    """Charged-lepton loops with their full momentum dependence, after O. Tomalak et al., JHEP 02 (2021) 097.

    g_V^p(alpha, Q^2) = hadronic + (alpha/2 pi) sum_l (c_L^{alpha l} + c_R)/(sqrt 2 G_F) Pi(Q^2, m_l, 2 GeV), with the
    Wilson coefficients c_L^{ll} = 2.41198e-5, c_L^{ll'} = -0.88704e-5, c_R = 0.762469e-5 GeV^-2 at 2 GeV. The loops
    fix how g_V^p depends on flavour and on Q^2. Their quark-loop constant was not available for checking, so
    ``hadronic`` and g_V^n are set to reproduce Erler and Su for nu_mu at Q^2 = 0 (0.0300 and -0.5117): the absolute
    normalisation is theirs, not an independent number.

    Attributes
    ----------
    neutron_coupling
        g_V^n.
    muon_neutrino_proton_coupling
        g_V^p of nu_mu at Q^2 = 0, which fixes the hadronic part.
    """

    neutron_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=-0.5117)
    muon_neutrino_proton_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=0.0300)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        masses = (ELECTRON_MASS_MEV, MUON_MASS_MEV, TAU_MASS_MEV)
        loops = [lepton_loop(q2_MeV2, mass, 2000.0) for mass in masses]
        fermi = math.sqrt(2.0) * FERMI_CONSTANT_PER_MEV2 * 1e6
        same, other = (2.41198e-5 + 0.762469e-5) / fermi, (-0.88704e-5 + 0.762469e-5) / fermi
        strength = FINE_STRUCTURE_CONSTANT / (2.0 * math.pi)
        corrections = [strength * sum((same if i == j else other) * loops[j] for j in range(3)) for i in range(3)]
        at_rest = [math.log(2000.0**2 / mass**2) / 3.0 for mass in masses]
        hadronic = self.muon_neutrino_proton_coupling - strength * (
            same * at_rest[1] + other * (at_rest[0] + at_rest[2])
        )
        proton = flavour_diagonal(*(hadronic + correction for correction in corrections))
        return proton, flavour_universal(self.neutron_coupling)


def weak_charge(term: AbstractVectorTerm, proton_number: int, neutron_number: int) -> Float[Array, " flavour"]:
    """Weak charge Q_W = 2 (Z g_V^p + N g_V^n) at zero momentum transfer, for nu_e, nu_mu and nu_tau."""
    proton, neutron = term.couplings(jnp.zeros(1))
    charge = 2.0 * (proton_number * proton + neutron_number * neutron)
    return jnp.diagonal(charge[0, :, :, 0])
