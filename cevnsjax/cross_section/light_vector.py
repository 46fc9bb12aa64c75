"""Light vector mediators: a new U(1)' with any charges, and the named models."""

import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import FINE_STRUCTURE_CONSTANT, MUON_MASS_MEV, TAU_MASS_MEV
from cevnsjax.cross_section.flavour import FlavourVector
from cevnsjax.cross_section.propagator import check_mass, exchange
from cevnsjax.cross_section.standard_model import lepton_loop
from cevnsjax.cross_section.term import AbstractElectronTerm, AbstractVectorTerm, Coupling, on_nodes, vector_on_electron
from cevnsjax.errors import CevnsjaxError


class LightVector(AbstractVectorTerm, AbstractElectronTerm):
    """A vector boson Z' with any charges of quarks, electron and neutrinos.

    L = g' Z'_mu [sum_q Q_q qbar gamma^mu q + Q_e ebar gamma^mu e + sum_a Q_a nubar_a gamma^mu P_L nu_a], so that g^p_aa
    = g'^2 Q_a (2 Q_u + Q_d)/[sqrt2 G_F (Q^2 + M^2)] and g^n_aa likewise with (Q_u + 2 Q_d); D. G. Cerdeno et al., JHEP
    05 (2016) 118. All charges are one by default, which is destructive with the Standard Model. A heavy one is NSI with
    eps^{qV}_aa = g'^2 Q_q Q_a/(sqrt2 G_F M^2). Antineutrinos scatter alike.

    Attributes
    ----------
    mass_MeV
        Mass M of the boson, MeV; zero is allowed.
    coupling
        g', dimensionless.
    up_charge, down_charge, electron_charge
        Q_u, Q_d and Q_e.
    neutrino_charges
        Q_a.
    """

    electron_structure: ClassVar[str] = "chiral"
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    coupling: Float[Array, ""] = eqx.field(converter=as_float)
    up_charge: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    down_charge: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    electron_charge: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    neutrino_charges: FlavourVector = eqx.field(default_factory=FlavourVector.universal)

    def __check_init__(self):
        check_mass("mass_MeV", self.mass_MeV)

    def _times(self, charge, q2_MeV2: Float[Array, " node"]) -> Coupling:
        strength = charge * exchange(q2_MeV2, self.mass_MeV, self.coupling)
        return on_nodes(self.neutrino_charges.diagonal(), strength)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        up, down = self.up_charge, self.down_charge
        return self._times(2.0 * up + down, q2_MeV2), self._times(up + 2.0 * down, q2_MeV2)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return vector_on_electron(self._times(self.electron_charge, q2_MeV2))


class BaryonMinusLeptons(AbstractVectorTerm, AbstractElectronTerm):
    """Z' of B - x_e L_e - x_mu L_mu - x_tau L_tau with x_tau = 3 - x_e - x_mu.

    L = g' Z'_mu [sum_q (1/3) qbar gamma^mu q - x_e ebar gamma^mu e - sum_a x_a nubar_a gamma^mu P_L nu_a], free of
    anomalies with three right-handed neutrinos where the x_a add up to three; J. Heeck, M. Lindner, W. Rodejohann and
    S. Vogl, SciPost Phys. 6, 038 (2019). B - L is (1, 1, 1), B - 3 L_mu is (0, 3, 0), B - L_e - 3 L_mu + L_tau is (1,
    3, -1).

    Attributes
    ----------
    mass_MeV
        Mass M of the boson, MeV; zero is allowed.
    coupling
        g', dimensionless.
    x_e, x_mu
        Charges of two lepton numbers; the third follows.
    """

    electron_structure: ClassVar[str] = "chiral"
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    coupling: Float[Array, ""] = eqx.field(converter=as_float)
    x_e: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    x_mu: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_mass("mass_MeV", self.mass_MeV)

    @classmethod
    def from_charges(
        cls, mass_MeV: float, coupling: float, x_e: float, x_mu: float, x_tau: float
    ) -> "BaryonMinusLeptons":
        """Build from all three charges.

        Raises
        ------
        CevnsjaxError
            If they do not add up to three.
        """
        charges = (x_e, x_mu, x_tau)
        if not math.isclose(sum(charges), 3.0, rel_tol=0.0, abs_tol=1e-9):
            raise CevnsjaxError(
                "x_e + x_mu + x_tau must be 3 for B - sum of x_a L_a to be free of anomalies, got "
                f"{x_e:g} + {x_mu:g} + {x_tau:g} = {sum(charges):g}."
            )
        return cls(mass_MeV, coupling, x_e, x_mu)

    @property
    def x_tau(self) -> Float[Array, ""]:
        """The third charge."""
        return 3.0 - self.x_e - self.x_mu

    def _as_light_vector(self) -> LightVector:
        neutrinos = FlavourVector(-self.x_e, -self.x_mu, -self.x_tau)
        return LightVector(self.mass_MeV, self.coupling, 1.0 / 3.0, 1.0 / 3.0, -self.x_e, neutrinos)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return self._as_light_vector().couplings(q2_MeV2)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return self._as_light_vector().electron_couplings(q2_MeV2)


class MuonMinusTau(AbstractVectorTerm, AbstractElectronTerm):
    """Z' of L_mu - L_tau, which reaches protons and electrons by the kinetic mixing of muon and tau loops.

    L = g' Z'_mu [mubar gamma^mu mu - taubar gamma^mu tau + nubar_mu gamma^mu P_L nu_mu - nubar_tau gamma^mu P_L
    nu_tau]. The loops give a proton the charge Q_p = (alpha/pi) [Pi(Q^2, m_mu) - Pi(Q^2, m_tau)], (alpha/3 pi)
    ln(m_tau^2/ m_mu^2) at rest, and an electron the opposite; there is no mixing at tree level. With g^p_aa = g'^2 Q_a
    Q_p/[sqrt2 G_F (Q^2 + M^2)] the rate of nu_mu goes down and that of nu_tau up. The sign is derived from this
    Lagrangian (the photon couples to -e; papers print both signs); the size is that of M. Atzori Corona et al., JHEP 05
    (2022) 109.

    Attributes
    ----------
    mass_MeV
        Mass M of the boson, MeV; zero is allowed.
    coupling
        g', dimensionless.
    """

    electron_structure: ClassVar[str] = "chiral"
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    coupling: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_mass("mass_MeV", self.mass_MeV)

    def _on_proton(self, q2_MeV2: Float[Array, " node"]) -> Coupling:
        scale = 2000.0  # MeV; the two loops share it, so it cancels
        loops = lepton_loop(q2_MeV2, MUON_MASS_MEV, scale) - lepton_loop(q2_MeV2, TAU_MASS_MEV, scale)
        charge = FINE_STRUCTURE_CONSTANT / math.pi * loops
        strength = charge * exchange(q2_MeV2, self.mass_MeV, self.coupling)
        return on_nodes(FlavourVector(0.0, 1.0, -1.0).diagonal(), strength)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        proton = self._on_proton(q2_MeV2)
        return proton, jnp.zeros_like(proton)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return vector_on_electron(-self._on_proton(q2_MeV2))
