"""How the excitation of a nucleus by spin operators depends on the energy of the neutrino."""

from abc import abstractmethod
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive
from cevnsjax.constants import (
    HBAR_C_MEV_FM,
    NEUTRON_MOMENT,
    NUCLEON_MASS_MEV,
    PROTON_MOMENT,
    WEAK_MIXING_ANGLE_SIN2,
)
from cevnsjax.errors import UnknownNameError
from cevnsjax.target import AbstractFormFactor, Material, OscillatorShell

Channels = dict[str, Float[Array, "*shape"]]
"""Squared energies, MeV^2, that multiply products of couplings: ``axial`` twice the axial one, ``magnetic`` twice the
magnetic one, ``interference`` one of each, with the other sign for antineutrinos."""


class AbstractExcitationShape(eqx.Module):
    """Energy dependence of sigma = (G_F^2/pi) sum over channels of (squared energy) x (product of amplitudes)."""

    @abstractmethod
    def threshold_MeV(self, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar) -> Float[Array, "*shape"]:
        """Smallest neutrino energy, MeV, for excitation energies (MeV) of a nucleus of a mass (MeV)."""

    @abstractmethod
    def channels(
        self,
        neutrino_energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        mass_MeV: Scalar,
        nuclide: str,
    ) -> Channels:
        """Squared energies above threshold, and zero below.

        Parameters
        ----------
        neutrino_energy_MeV, excitation_MeV
            Energies, MeV, of the same shape.
        mass_MeV
            Mass of the nucleus, MeV.
        nuclide
            Its name.
        """

    @abstractmethod
    def magnetic_couplings(self) -> tuple[Scalar, Scalar]:
        """What multiplies sigma of protons and of neutrons in the magnetic channel, where g_A is in the axial one."""


class LongWavelength(AbstractExcitationShape):
    """Momentum transfer zero, no recoil: (E - E_x)^2, the Gamow-Teller limit."""

    def threshold_MeV(self, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar) -> Float[Array, "*shape"]:
        return excitation_MeV

    def channels(
        self,
        neutrino_energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        mass_MeV: Scalar,
        nuclide: str,
    ) -> Channels:
        return {"axial": jnp.maximum(neutrino_energy_MeV - excitation_MeV, 0.0) ** 2}

    def magnetic_couplings(self) -> tuple[Scalar, Scalar]:
        return as_float(0.0), as_float(0.0)


class FiniteMomentum(AbstractExcitationShape):
    """Recoil, form factors of the nucleon and of the transition, and weak magnetism.

    With a spin current h = a sigma + (i b) sigma x q, a = F_A(Q^2) g_A, b = mu/(2 m_N), traced with the neutrino's,

    dsigma/dcos = (G_F^2/2 pi) E'^2 R F^2(q)/(2 J_i + 1) (1/3) {a^2 (3 - c) + 2 b^2 [q^2 - (E - E' c)(E c - E')] +- 4 a
    b (E + E')(1 - c)} |<J_f||sum sigma tau_0/2||J_i>|^2, c = cos theta, plus for neutrinos; E' = [2 M E - E_x (2 M +
    E_x)]/[2 (M + E (1 - c))], and R = (M + E - E')/(M + E (1 - c)) from the phase space of the recoiling nucleus. It
    is the multipole expansion of J. D. Walecka, *Theoretical Nuclear and Subnuclear Physics* (1995), ch. 45, for 1+
    transitions with the spin part of the currents alone: orbital magnetism, the axial charge and the tensor operator
    [Y_2 sigma]_1 are left out, all matrix elements share one form factor.

    Attributes
    ----------
    form_factors
        F of the transition for each nuclide; the momentum is the three-momentum q.
    axial_mass_MeV
        M_A of the dipole F_A = (1 + Q^2/M_A^2)^-2.
    weak_mixing_angle_sin2
        s_W^2 in the magnetic couplings (1 - 4 s_W^2) mu_p - mu_n and (1 - 4 s_W^2) mu_n - mu_p (no strange quarks).
    proton_moment, neutron_moment
        mu_p and mu_n, nuclear magnetons.
    angles
        Gauss-Legendre nodes in cos theta.
    """

    form_factors: dict[str, AbstractFormFactor]
    axial_mass_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=1026.0)
    weak_mixing_angle_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=WEAK_MIXING_ANGLE_SIN2)
    proton_moment: Float[Array, ""] = eqx.field(converter=as_float, default=PROTON_MOMENT)
    neutron_moment: Float[Array, ""] = eqx.field(converter=as_float, default=NEUTRON_MOMENT)
    angles: int = eqx.field(static=True, default=10)

    def __check_init__(self):
        check_positive("axial_mass_MeV", self.axial_mass_MeV, "MeV")

    @classmethod
    def on(cls, target: Material, form_factors: Mapping[str, AbstractFormFactor] | None = None) -> "FiniteMomentum":
        """Build it for the nuclides of a material that have levels.

        Parameters
        ----------
        target
            What is hit.
        form_factors
            Those of the transitions by nuclide; nucleons in the valence shell of a harmonic oscillator unless given.
        """
        return cls(transition_form_factors(target, form_factors))

    def threshold_MeV(self, excitation_MeV: Float[Array, "*shape"], mass_MeV: Scalar) -> Float[Array, "*shape"]:
        return excitation_MeV * (1.0 + 0.5 * excitation_MeV / mass_MeV)

    def channels(
        self,
        neutrino_energy_MeV: Float[Array, "*shape"],
        excitation_MeV: Float[Array, "*shape"],
        mass_MeV: Scalar,
        nuclide: str,
    ) -> Channels:
        nodes, weights = np.polynomial.legendre.leggauss(self.angles)
        cosine = as_float(nodes).reshape(*[1] * neutrino_energy_MeV.ndim, -1)
        half_weight = 0.5 * as_float(weights).reshape(cosine.shape)
        energy = neutrino_energy_MeV[..., None]
        above = energy - self.threshold_MeV(excitation_MeV, mass_MeV)[..., None]
        opening = 1.0 + (energy / mass_MeV) * (1.0 - cosine)
        final = jnp.maximum(above, 0.0) / opening
        phase_space = (1.0 + (energy - final) / mass_MeV) / opening
        # (E - E')^2 + 2 E E' (1 - c) has no cancellation in backward and none that matters in forward directions
        momentum2 = (energy - final) ** 2 + 2.0 * energy * final * (1.0 - cosine)
        invariant2 = 2.0 * energy * final * (1.0 - cosine)
        axial = (1.0 + invariant2 / self.axial_mass_MeV**2) ** -2
        transition = self.form_factors[nuclide](jnp.sqrt(momentum2) / HBAR_C_MEV_FM)
        common = half_weight * final**2 * phase_space * transition**2 / 3.0
        transverse = 2.0 * (momentum2 - (energy - final * cosine) * (energy * cosine - final))
        per_mass = 0.5 / NUCLEON_MASS_MEV
        return {
            "axial": (common * axial**2 * (3.0 - cosine)).sum(axis=-1),
            "magnetic": (common * transverse).sum(axis=-1) * per_mass**2,
            "interference": (common * axial * 4.0 * (energy + final) * (1.0 - cosine)).sum(axis=-1) * per_mass,
        }

    def magnetic_couplings(self) -> tuple[Scalar, Scalar]:
        weak = 1.0 - 4.0 * self.weak_mixing_angle_sin2
        return (
            weak * self.proton_moment - self.neutron_moment,
            weak * self.neutron_moment - self.proton_moment,
        )


def transition_form_factors(
    target: Material, form_factors: Mapping[str, AbstractFormFactor] | None = None
) -> dict[str, AbstractFormFactor]:
    """Form factors of the transitions of all nuclides of a material that have levels.

    Parameters
    ----------
    target
        What is hit.
    form_factors
        Those of some nuclides; nucleons in the valence shell of a harmonic oscillator unless given.

    Raises
    ------
    UnknownNameError
        If one is given for a nuclide without levels.
    """
    given = dict(form_factors or {})
    for name in given:
        if name not in target.levels:
            raise UnknownNameError("nuclide with levels", name, target.levels)
    of_shell = {name: OscillatorShell.from_mass_number(target.nuclides[name].mass_number) for name in target.levels}
    return {**of_shell, **given}
