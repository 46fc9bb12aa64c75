"""Light dark matter behind a portal: masses, widths of the boson, and how it scatters elastically."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive
from cevnsjax.constants import ELECTRON_MASS_MEV, MUON_MASS_MEV
from cevnsjax.particle.portal import AbstractPortal


class AbstractDarkMatter(eqx.Module):
    """Dark matter chi that couples to a vector boson V, which decays to it: L of a portal, and masses."""

    mass_MeV: eqx.AbstractVar[Float[Array, ""]]
    """m_chi, MeV; of the lighter state where there are two."""
    mass_ratio: eqx.AbstractVar[Float[Array, ""]]
    """m_V/m_chi."""
    portal: eqx.AbstractVar[AbstractPortal]
    """What V couples to."""

    @property
    def mediator_mass_MeV(self) -> Scalar:
        """m_V, MeV."""
        return self.mass_ratio * self.mass_MeV

    @property
    def arriving_mass_MeV(self) -> Scalar:
        """Mass of what a source sends, MeV: m_chi, or that of one of the two states."""
        return self.mass_MeV

    @property
    def mass_gain_MeV(self) -> Scalar:
        """By how much that is heavier after scattering, MeV: zero, but where there are two states."""
        return jnp.zeros_like(self.mass_MeV)

    @property
    def partner_mass_MeV(self) -> Scalar:
        """Mass of what is made beside it, and of what it becomes by scattering, MeV."""
        return self.arriving_mass_MeV + self.mass_gain_MeV

    @property
    def particles_per_boson(self) -> float:
        """How many particles that a source sends V decays to: particle and antiparticle, or one of two states."""
        return 2.0

    def survival(self, energy_MeV: Float[Array, "*point"], distance_m: Scalar) -> Float[Array, "*point"]:
        """Share of what a source sends that is still there after a distance in m, at energies in MeV.

        All of it, but of what decays.
        """
        return jnp.ones_like(energy_MeV)

    @property
    def couplings(self):
        """Couplings of V: see :class:`cevnsjax.particle.PortalCouplings`."""
        return self.portal.couplings(self.mass_ratio)

    @abstractmethod
    def dark_width_MeV(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Width of V* -> dark matter at invariant masses sqrt(s) in MeV; zero below threshold.

        Parameters
        ----------
        virtuality_MeV
            sqrt(s), MeV, any shape; m_V on the mass shell.
        """

    @abstractmethod
    def alignment(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """B of the angular distribution 1 + b (cos^2 - 1/3) of chi in the frame of a transverse V*.

        Parameters
        ----------
        virtuality_MeV
            sqrt(s), MeV, above threshold, any shape.
        """

    def helicity_law(
        self, cosine: Float[Array, "*point"], virtuality_MeV: Float[Array, "*#point"]
    ) -> Float[Array, "*point"]:
        """Angular distribution of chi in the frame of a transverse V*, to its direction of flight; its mean is one.

        Parameters
        ----------
        cosine
            Of the angle, any shape.
        virtuality_MeV
            sqrt(s), MeV, above threshold.
        """
        return 1.0 + self.alignment(virtuality_MeV) * (cosine**2 - 1.0 / 3.0)

    @abstractmethod
    def recoil_coefficients(
        self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, spin_half: bool
    ) -> Float[Array, "power *node"]:
        """c_2, c_1, c_0 of dsigma/dT = g^2 g_D^2/(4 pi) 2 M (c_2 E^2 + c_1 E + c_0)/[p^2 (2 M T + m_V^2)^2].

        E and p are energy and momentum of what arrives.

        Parameters
        ----------
        recoil_MeV
            Recoil energy T, MeV, any shape.
        mass_MeV
            Mass M of what is hit, MeV.
        spin_half
            Whether it is a Dirac particle, as an electron, or has no spin, as most nuclei.

        Returns
        -------
        Array
            In MeV^0, MeV^1, MeV^2, shape ``[power, *node]``.
        """

    @property
    def visible_width_MeV(self) -> Scalar:
        """Width of V -> e+ e- and mu+ mu-, MeV; hadrons, above 2 m_pi, are left out."""
        return sum(
            (_lepton_width_MeV(self.mediator_mass_MeV, self.couplings.electron, mass) for mass in _LEPTONS_MEV),
            start=jnp.zeros_like(self.mediator_mass_MeV),
        )

    @property
    def width_MeV(self) -> Scalar:
        """Width of V on its mass shell, MeV."""
        return self.dark_width_MeV(self.mediator_mass_MeV) + self.visible_width_MeV

    @property
    def dark_branching_ratio(self) -> Scalar:
        """Share of V on its mass shell that decays to dark matter; zero where that is forbidden."""
        return self.dark_share(self.dark_width_MeV(self.mediator_mass_MeV))

    def dark_share(self, dark_width_MeV: Scalar) -> Scalar:
        """Share of V that decays to dark matter, for a width (MeV) of these decays; zero without one."""
        # the ratio of widths, and not their sum, may be divided by: squared, it is still a number in float32
        is_open = dark_width_MeV > 0.0
        ratio = self.visible_width_MeV / jnp.where(is_open, dark_width_MeV, 1.0)
        return jnp.where(is_open, 1.0 / (1.0 + ratio), 0.0)


_LEPTONS_MEV = (ELECTRON_MASS_MEV, MUON_MASS_MEV)


class AbstractElasticDarkMatter(AbstractDarkMatter):
    """Dark matter of one state: it stays what it is, and its current is conserved."""

    @abstractmethod
    def current_tensor(
        self,
        energy_MeV: Float[Array, "*#node"],
        final_energy_MeV: Float[Array, "*#node"],
        q2_MeV2: Float[Array, "*#node"],
        perpendicular2_MeV2: Float[Array, "*#node"],
    ) -> tuple[Float[Array, "*node"], Float[Array, "*node"]]:
        """l_00 and l_T = sum over i, j of (delta_ij - q_i q_j/q^2) l_i l_j* of the current <chi(p')|J|chi(p)>.

        Averaged over spins and with states normalised by 1/(4 E E')^(1/2). The current is conserved, so these are all:
        l_3 = (w/q) l_0 along the momentum transfer q, with w = E - E', and l.l* = l_T + (w/q)^2 l_00.

        Parameters
        ----------
        energy_MeV, final_energy_MeV
            E and E', MeV, any shape.
        q2_MeV2
            Squared four-momentum transfer Q^2 = q^2 - w^2, MeV^2.
        perpendicular2_MeV2
            (p x q)^2/q^2, squared component of the momentum across q, MeV^2.
        """


class ScalarDarkMatter(AbstractElasticDarkMatter):
    """A complex scalar: L = |d chi|^2 - m^2 |chi|^2 + i g_D V^mu (chi* d_mu chi - chi d_mu chi*), and the portal's.

    Gamma(V -> chi chi*) = (alpha_D m_V/12) (1 - 4 r)^(3/2), r = m_chi^2/m_V^2. On a nucleus of spin 0 it scatters with
    (E - T/2)^2, on a Dirac particle with E^2 - E T - m_chi^2 T/(2 M); P. deNiverville, D. McKeen and A. Ritz, Phys.
    Rev. D 86, 035022 (2012).

    Attributes
    ----------
    mass_MeV
        m_chi, MeV.
    portal
        What V couples to.
    mass_ratio
        m_V/m_chi.
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    portal: AbstractPortal
    mass_ratio: Float[Array, ""] = eqx.field(converter=as_float, default=3.0)

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_positive("mass_ratio", self.mass_ratio, "")

    def dark_width_MeV(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        open_share = velocity_squared(self.mass_MeV, virtuality_MeV)
        return self.couplings.dark**2 / (48.0 * math.pi) * virtuality_MeV * power_above_zero(open_share, 1.5)

    def alignment(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        return jnp.full_like(virtuality_MeV, -1.5)  # 3/2 sin^2

    def recoil_coefficients(
        self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, spin_half: bool
    ) -> Float[Array, "power *node"]:
        last = -0.5 * self.mass_MeV**2 * recoil_MeV / mass_MeV if spin_half else 0.25 * recoil_MeV**2
        return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV, last])

    def current_tensor(
        self,
        energy_MeV: Float[Array, "*#node"],
        final_energy_MeV: Float[Array, "*#node"],
        q2_MeV2: Float[Array, "*#node"],
        perpendicular2_MeV2: Float[Array, "*#node"],
    ) -> tuple[Float[Array, "*node"], Float[Array, "*node"]]:
        return _convection_tensor(energy_MeV, final_energy_MeV, perpendicular2_MeV2)


class DiracDarkMatter(AbstractElasticDarkMatter):
    """A Dirac fermion: L = chibar (i d-slash - m) chi + g_D V^mu chibar gamma_mu chi, and the portal's.

    Gamma(V -> chi chibar) = (alpha_D m_V/3) (1 + 2 r) (1 - 4 r)^(1/2), r = m_chi^2/m_V^2. On a nucleus of spin 0 it
    scatters with E^2 - E T - M T/2, as neutrinos do, whatever its mass; on a Dirac particle T^2/2 - m_chi^2 T/(2 M) are
    added: exact traces. So are those of :meth:`current_tensor`.

    Attributes
    ----------
    mass_MeV
        m_chi, MeV.
    portal
        What V couples to.
    mass_ratio
        m_V/m_chi.
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    portal: AbstractPortal
    mass_ratio: Float[Array, ""] = eqx.field(converter=as_float, default=3.0)

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_positive("mass_ratio", self.mass_ratio, "")

    def dark_width_MeV(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        open_share = velocity_squared(self.mass_MeV, virtuality_MeV)
        spins = 1.0 + 0.5 * (1.0 - open_share)  # 1 + 2 r
        return self.couplings.dark**2 / (12.0 * math.pi) * virtuality_MeV * spins * power_above_zero(open_share, 0.5)

    def alignment(self, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        r4 = 4.0 * (self.mass_MeV / virtuality_MeV) ** 2  # 1 + cos^2 + r4 sin^2
        return 0.75 * (1.0 - r4) / (1.0 + 0.5 * r4)

    def recoil_coefficients(
        self, recoil_MeV: Float[Array, "*node"], mass_MeV: Scalar, spin_half: bool
    ) -> Float[Array, "power *node"]:
        last = -0.5 * mass_MeV * recoil_MeV
        if spin_half:
            last = last + 0.5 * recoil_MeV**2 - 0.5 * self.mass_MeV**2 * recoil_MeV / mass_MeV
        return jnp.stack([jnp.ones_like(recoil_MeV), -recoil_MeV, last])

    def current_tensor(
        self,
        energy_MeV: Float[Array, "*#node"],
        final_energy_MeV: Float[Array, "*#node"],
        q2_MeV2: Float[Array, "*#node"],
        perpendicular2_MeV2: Float[Array, "*#node"],
    ) -> tuple[Float[Array, "*node"], Float[Array, "*node"]]:
        # Gordon: the current of a scalar, and that of a magnetic moment
        charge, transverse = _convection_tensor(energy_MeV, final_energy_MeV, perpendicular2_MeV2)
        product, transfer = energy_MeV * final_energy_MeV, energy_MeV - final_energy_MeV
        momentum2 = q2_MeV2 + transfer**2
        return charge - 0.25 * momentum2 / product, transverse + 0.5 * q2_MeV2 / product


def _convection_tensor(
    energy_MeV: Float[Array, "*#node"],
    final_energy_MeV: Float[Array, "*#node"],
    perpendicular2_MeV2: Float[Array, "*#node"],
) -> tuple[Float[Array, "*node"], Float[Array, "*node"]]:
    """l_00 and l_T of the current (p + p')_mu."""
    product = energy_MeV * final_energy_MeV
    return 0.25 * (energy_MeV + final_energy_MeV) ** 2 / product, perpendicular2_MeV2 / product


def velocity_squared(mass_MeV: Scalar, virtuality_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """1 - 4 m^2/s, squared velocity of each of two equal masses (MeV) from sqrt(s) in MeV; negative below threshold."""
    return (1.0 - 2.0 * mass_MeV / virtuality_MeV) * (1.0 + 2.0 * mass_MeV / virtuality_MeV)


def power_above_zero(number: Float[Array, "*point"], power: float) -> Float[Array, "*point"]:
    """A power of what is positive; zero, with a derivative of zero, from zero down."""
    positive = number > 0.0
    return jnp.where(positive, jnp.where(positive, number, 1.0) ** power, 0.0)


def _lepton_width_MeV(mediator_mass_MeV: Scalar, coupling: Scalar, mass_MeV: float) -> Scalar:
    """Width of V -> l+ l- for a vector coupling: g^2 m_V/(12 pi) (1 + 2 r) (1 - 4 r)^(1/2)."""
    open_share = velocity_squared(as_float(mass_MeV), mediator_mass_MeV)
    spins = 1.0 + 0.5 * (1.0 - open_share)
    return coupling**2 / (12.0 * math.pi) * mediator_mass_MeV * spins * power_above_zero(open_share, 0.5)
