"""ALPs in the place of photons in magnetic dipole transitions of nuclei."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, is_concrete
from cevnsjax.constants import FINE_STRUCTURE_CONSTANT, NEUTRON_MOMENT, PROTON_MASS_MEV, PROTON_MOMENT
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.line_profile import AbstractLineProfile, RecoilProfile, ThermalProfile
from cevnsjax.particle import Alp
from cevnsjax.target import NuclearLevels


def alp_width_MeV(alp: Alp, levels: NuclearLevels) -> Float[Array, " level"]:
    """Width of each level for decaying to the ground state by emission of an ALP, MeV.

    Gamma_a = p^3/(6 pi (2 J* + 1)) (g_p S_p + g_n S_n)^2, by the golden rule; zero for an ALP that is heavier than the
    transition.
    """
    strength = levels.strength(alp.nucleon_couplings_per_MeV) / (2.0 * as_float(levels.spins) + 1.0)
    return alp.momentum_MeV(levels.energy_MeV) ** 3 * strength / (6.0 * math.pi)


class AbstractEmission(eqx.Module):
    """How often a transition emits an ALP in the place of a photon."""

    @abstractmethod
    def amplitude_ratio(self, alp: Alp) -> Scalar:
        """m_N (g_p S_p + g_n S_n)/(L_p + mu_p S_p + mu_n S_n): spins as ALPs see them over the magnetic moment."""

    @property
    def photon_share(self) -> Scalar:
        """Share of M1 in the photons of the transition."""
        return as_float(1.0)

    def branching_ratio(self, alp: Alp, energy_MeV: Scalar) -> Scalar:
        """Gamma_a/Gamma_gamma = (2 pi alpha)^-1 (p_a/p_gamma)^3 times the squared ratio of amplitudes.

        Parameters
        ----------
        alp
            The ALP; zero comes out for one that is heavier than the transition.
        energy_MeV
            Energy of the photon, MeV.
        """
        phase_space = (alp.momentum_MeV(energy_MeV) / energy_MeV) ** 3
        scale = 1.0 / (2.0 * math.pi * FINE_STRUCTURE_CONSTANT)
        return scale * self.photon_share * phase_space * self.amplitude_ratio(alp) ** 2


class M1Emission(AbstractEmission):
    """M1 transition by ratios of nuclear matrix elements.

    Gamma_a/Gamma_gamma = (2 pi alpha (1 + delta^2))^-1 (p_a/p_gamma)^3 [(g^0 beta + g^3)/((mu_0 - 1/2) beta + mu_3 -
    eta)]^2 with g^0 = 2 m_N g_0, g^3 = 2 m_N g_3; F. T. Avignone III et al., Phys. Rev. D 37, 618 (1988). In matrix
    elements of a level beta = (S_p + S_n)/(S_p - S_n) and eta = -(L_p - L_n)/(S_p - S_n).

    Attributes
    ----------
    beta
        Isoscalar over isovector spin.
    eta
        Minus the isovector orbital momentum over isovector spin.
    delta
        Ratio of E2 to M1 amplitudes of the photon.
    isoscalar_moment, isovector_moment
        mu_0 = mu_p + mu_n and mu_3 = mu_p - mu_n, nuclear magnetons.
    """

    beta: Float[Array, ""] = eqx.field(converter=as_float)
    eta: Float[Array, ""] = eqx.field(converter=as_float)
    delta: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    isoscalar_moment: Float[Array, ""] = eqx.field(converter=as_float, default=0.88)
    isovector_moment: Float[Array, ""] = eqx.field(converter=as_float, default=4.71)

    def __check_init__(self):
        _check_moment(self.magnetic_moment)

    @property
    def magnetic_moment(self) -> Scalar:
        """(mu_0 - 1/2) beta + mu_3 - eta."""
        return (self.isoscalar_moment - 0.5) * self.beta + self.isovector_moment - self.eta

    @property
    def photon_share(self) -> Scalar:
        return 1.0 / (1.0 + self.delta**2)

    def amplitude_ratio(self, alp: Alp) -> Scalar:
        proton, neutron = alp.nucleon_couplings_per_MeV
        spin = (proton + neutron) * self.beta + (proton - neutron)
        return PROTON_MASS_MEV * spin / self.magnetic_moment


class LevelEmission(AbstractEmission):
    """M1 transition of a level whose matrix elements are known.

    Attributes
    ----------
    proton_spin, neutron_spin
        S_p and S_n, as of :class:`cevnsjax.target.NuclearLevels`.
    magnetic_moment
        L_p + mu_p S_p + mu_n S_n, nuclear magnetons.
    """

    proton_spin: Float[Array, ""] = eqx.field(converter=as_float)
    neutron_spin: Float[Array, ""] = eqx.field(converter=as_float)
    magnetic_moment: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        _check_moment(self.magnetic_moment)

    @classmethod
    def of_level(cls, levels: NuclearLevels, level: int, strength_down_muN2=None) -> "LevelEmission":
        """Build the transition from a level to the ground state.

        Parameters
        ----------
        levels, level
            Levels of a nucleus, and the index of one.
        strength_down_muN2
            Measured B(M1) from the level down, mu_N^2; calculated from S_p, S_n and L_p unless given.

        Raises
        ------
        CevnsjaxError
            If there is no such level, or it has no magnetic moment.
        """
        if not 0 <= level < len(levels.spins):
            raise CevnsjaxError(f"level must be 0 to {len(levels.spins) - 1} for {levels.nuclide}, got {level}.")
        proton, neutron = levels.proton_spin[level], levels.neutron_spin[level]
        if strength_down_muN2 is None:
            moment = levels.proton_orbital[level] + PROTON_MOMENT * proton + NEUTRON_MOMENT * neutron
            return cls(proton, neutron, moment)
        check_positive("strength_down_muN2", strength_down_muN2, "mu_N^2")
        states = 2.0 * levels.spins[level] + 1.0
        quenching = jnp.sqrt(levels.quenching * levels.relative_strength[level])
        moment = jnp.sqrt((4.0 * math.pi / 3.0) * states * as_float(strength_down_muN2))
        return cls(quenching * proton, quenching * neutron, moment)

    def amplitude_ratio(self, alp: Alp) -> Scalar:
        proton, neutron = alp.nucleon_couplings_per_MeV
        return PROTON_MASS_MEV * (proton * self.proton_spin + neutron * self.neutron_spin) / self.magnetic_moment


def _check_moment(moment) -> None:
    if is_concrete(moment) and not (np.isfinite(moment) and np.asarray(moment) != 0.0):
        raise CevnsjaxError(f"The magnetic moment of the transition must be finite and not zero, got {float(moment)}.")


class NuclearLine(eqx.Module):
    """A transition of a nucleus in a source.

    Attributes
    ----------
    energy_MeV
        Energy of its photons, MeV; ALPs have the same but for m^2/(2 M) of recoil.
    photons_per_event
        Photons per fission of a reactor, or per proton of a beam.
    emission
        How often an ALP comes in the place of a photon.
    profile
        Distribution of the energies.
    """

    energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    photons_per_event: Float[Array, ""] = eqx.field(converter=as_float)
    emission: AbstractEmission
    profile: AbstractLineProfile

    def __check_init__(self):
        check_positive("energy_MeV", self.energy_MeV, "MeV")
        check_positive("photons_per_event", self.photons_per_event, "")


def hydrogen_capture(photons_per_event: float = 0.25) -> NuclearLine:
    """Build p(n, gamma)d, an isovector transition, beta = eta = 0; thermal motion of deuterium at 293 K.

    The energy is 2.22457 MeV of binding less the recoil of 1.32 keV; 0.25 photons per fission in a power reactor:
    TEXONO, Phys. Rev. D 75, 052004 (2007), as quoted in a talk of B. Dutta, 2024.
    """
    return NuclearLine(2.22325, photons_per_event, M1Emission(0.0, 0.0), ThermalProfile(3.67e-6))


def boron_capture(photons_per_event: float = 0.28) -> NuclearLine:
    """Build B10(n, alpha)Li7*, 1/2- to 3/2-, 477.6 keV, emitted in flight with 0.841 MeV.

    0.28 photons per fission: as of :func:`hydrogen_capture`. beta = 1 and eta = 1/2 are those of a single proton:
    recalled, not checked against a paper.
    """
    return NuclearLine(0.4776, photons_per_event, M1Emission(1.0, 0.5), RecoilProfile(math.sqrt(2.0 * 0.841 / 6533.8)))
