"""Electromagnetic properties of neutrinos: charge radii, millicharges, magnetic and transition moments."""

import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import ELECTRON_MASS_MEV, FERMI_CONSTANT_PER_MEV2, FINE_STRUCTURE_CONSTANT, HBAR_C_MEV_FM
from cevnsjax.cross_section.flavour import FlavourMatrix
from cevnsjax.cross_section.term import (
    AbstractElectronTerm,
    AbstractMagneticTerm,
    AbstractVectorTerm,
    Coupling,
    on_nodes,
    vector_on_electron,
)

_RADIUS_UNIT_PER_MEV2 = 1e-6 / HBAR_C_MEV_FM**2  # 1e-32 cm^2 = 1e-6 fm^2
_RADIUS_FACTOR = (
    math.sqrt(2.0) * math.pi * FINE_STRUCTURE_CONSTANT / (3.0 * FERMI_CONSTANT_PER_MEV2) * _RADIUS_UNIT_PER_MEV2
)
_CHARGE_FACTOR_MEV2 = math.sqrt(2.0) * math.pi * FINE_STRUCTURE_CONSTANT / FERMI_CONSTANT_PER_MEV2
_MOMENT_FACTOR_MEV = math.sqrt(2.0) * math.pi * FINE_STRUCTURE_CONSTANT / (ELECTRON_MASS_MEV * FERMI_CONSTANT_PER_MEV2)


class ChargeRadius(AbstractVectorTerm, AbstractElectronTerm):
    """Charge radii beyond those of the Standard Model, diagonal and transition.

    L = e nubar_a gamma^mu P_L nu_b (<r^2>_ab/6) d^nu F_{mu nu}, the photon coupling to protons with +e: g^p_ab =
    -(sqrt2 pi alpha/3 G_F) <r^2>_ab, 0.0238 per 1e-32 cm^2. Diagonal entries interfere with the weak amplitude;
    transition entries add in the rate unless another term changes flavour. The sign is the same for antineutrinos: M.
    Cadeddu et al., Phys. Rev. D 98, 113010 (2018), erratum 101, 059902 (2020). ``ErlerSu`` holds the radii of the
    Standard Model already.

    Attributes
    ----------
    squared_radius_1e32cm2
        <r^2> in 1e-32 cm^2, a Hermitian matrix in flavour.
    """

    electron_structure: ClassVar[str] = "chiral"
    squared_radius_1e32cm2: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)

    def _on_proton(self) -> Coupling:
        return -_RADIUS_FACTOR * self.squared_radius_1e32cm2.matrix()[..., None]

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        proton = self._on_proton()
        return proton, jnp.zeros_like(proton)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return vector_on_electron(-self._on_proton())


class Millicharge(AbstractVectorTerm, AbstractElectronTerm):
    """Electric charges of neutrinos, diagonal and transition.

    L = -e q_ab nubar_a gamma^mu P_L nu_b A_mu with protons of charge +e: g^p_ab = sqrt2 pi alpha q_ab 2/(G_F Q^2), Q^2
    = 2MT. Diagonal entries interfere with the weak amplitude: M. Cadeddu, F. Dordei, C. Giunti, Y. F. Li and Y. Y.
    Zhang, Phys. Rev. D 101, 033004 (2020).

    Attributes
    ----------
    charge
        q in units of the elementary charge, a Hermitian matrix in flavour.
    """

    electron_structure: ClassVar[str] = "chiral"
    charge: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)

    def _on_proton(self, q2_MeV2: Float[Array, " node"]) -> Coupling:
        return on_nodes(self.charge.matrix(), 2.0 * _CHARGE_FACTOR_MEV2 / q2_MeV2)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        proton = self._on_proton(q2_MeV2)
        return proton, jnp.zeros_like(proton)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return vector_on_electron(-self._on_proton(q2_MeV2))


def magnetic_exchange(q2_MeV2: Float[Array, "*node"]) -> Float[Array, "*node"]:
    """sqrt2 pi alpha/(m_e G_F |Q|): a moment of one Bohr magneton in the units of the amplitude."""
    return _MOMENT_FACTOR_MEV / jnp.sqrt(q2_MeV2)


class MagneticMoment(AbstractMagneticTerm, AbstractElectronTerm):
    """Magnetic moments of Dirac neutrinos, diagonal and transition.

    L = -(1/2) mu_ab nubar_{R,a} sigma^{mu nu} nu_{L,b} F_{mu nu} + h.c.: dsigma_a/dT = (pi alpha^2/m_e^2) sum_b
    |mu_ab/mu_B|^2 Z^2 F_p^2 (1/T - 1/E), added to the rate, since helicity flips; P. Vogel and J. Engel, Phys. Rev. D
    39, 3378 (1989).

    Attributes
    ----------
    moment
        mu in Bohr magnetons, a Hermitian matrix in flavour.
    """

    electron_structure: ClassVar[str] = "magnetic"
    moment: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)

    def _on_proton(self, q2_MeV2: Float[Array, " node"]) -> Coupling:
        return on_nodes(self.moment.matrix(), magnetic_exchange(q2_MeV2))

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        proton = self._on_proton(q2_MeV2)
        return proton, jnp.zeros_like(proton)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return (-self._on_proton(q2_MeV2),)


class MajoranaMoment(AbstractMagneticTerm, AbstractElectronTerm):
    """Transition moments of Majorana neutrinos: an antisymmetric matrix, with no diagonal entries.

    L = -(1/4) mu_ab nubar^c_a sigma^{mu nu} nu_b F_{mu nu} + h.c., mu_ab = -mu_ba; the rate is that of
    :class:`MagneticMoment`; C. Giunti and A. Studenikin, Rev. Mod. Phys. 87, 531 (2015).

    Attributes
    ----------
    emu_real, emu_imag, etau_real, etau_imag, mutau_real, mutau_imag
        Entries above the diagonal, in Bohr magnetons; those below are minus the same.
    """

    electron_structure: ClassVar[str] = "magnetic"
    emu_real: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    emu_imag: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    etau_real: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    etau_imag: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    mutau_real: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    mutau_imag: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def _on_proton(self, q2_MeV2: Float[Array, " node"]) -> Coupling:
        zero = jnp.zeros_like(self.emu_real)
        parts = [
            [[zero, emu, etau], [-emu, zero, mutau], [-etau, -mutau, zero]]
            for emu, etau, mutau in (
                (self.emu_real, self.etau_real, self.mutau_real),
                (self.emu_imag, self.etau_imag, self.mutau_imag),
            )
        ]
        matrix = jnp.stack([jnp.stack([jnp.stack(row) for row in part]) for part in parts])
        return on_nodes(matrix, magnetic_exchange(q2_MeV2))

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        proton = self._on_proton(q2_MeV2)
        return proton, jnp.zeros_like(proton)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return (-self._on_proton(q2_MeV2),)
