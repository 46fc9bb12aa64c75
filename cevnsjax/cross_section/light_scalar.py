"""Light scalar and tensor mediators, and what nucleons make of quark couplings."""

import math
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import NEUTRON_MASS_MEV, PROTON_MASS_MEV
from cevnsjax.cross_section.flavour import FlavourVector
from cevnsjax.cross_section.propagator import check_mass, exchange
from cevnsjax.cross_section.term import AbstractElectronTerm, AbstractScalarTerm, AbstractTensorTerm, Coupling, on_nodes

UP_QUARK_MASS_MEV, DOWN_QUARK_MASS_MEV = 2.2, 4.7
PROTON_UP_SIGMA, PROTON_DOWN_SIGMA = 0.0208, 0.0411
NEUTRON_UP_SIGMA, NEUTRON_DOWN_SIGMA = 0.0189, 0.0451
"""f_Tq: share of the nucleon's mass in light quarks; M. Hoferichter et al., Phys. Rev. Lett. 115, 092301 (2015)."""

LIKE_TENSOR_CHARGE, UNLIKE_TENSOR_CHARGE = 0.784, -0.204
"""delta_u^p = delta_d^n and delta_d^p = delta_u^n; T. Bhattacharya et al. (lattice), Phys. Rev. D 94, 054508 (2016)."""


def nucleon_scalar_couplings(up, down) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Scalar couplings of proton and neutron from those of quarks: sum_q g_q (m_N/m_q) f_Tq over up and down.

    Universal couplings give 17.08 and 17.09; other sets of f_Tq are 10 to 20 % away (15.1 and 14 are in use too).

    Parameters
    ----------
    up, down
        g_u and g_d, dimensionless.
    """
    proton = up * (PROTON_UP_SIGMA / UP_QUARK_MASS_MEV) + down * (PROTON_DOWN_SIGMA / DOWN_QUARK_MASS_MEV)
    neutron = up * (NEUTRON_UP_SIGMA / UP_QUARK_MASS_MEV) + down * (NEUTRON_DOWN_SIGMA / DOWN_QUARK_MASS_MEV)
    return as_float(PROTON_MASS_MEV * proton), as_float(NEUTRON_MASS_MEV * neutron)


def nucleon_tensor_couplings(up, down) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Tensor couplings of proton and neutron from those of quarks: sum_q g_q delta_q.

    Parameters
    ----------
    up, down
        g_u and g_d, dimensionless.
    """
    return (
        as_float(LIKE_TENSOR_CHARGE * up + UNLIKE_TENSOR_CHARGE * down),
        as_float(UNLIKE_TENSOR_CHARGE * up + LIKE_TENSOR_CHARGE * down),
    )


class LightScalar(AbstractScalarTerm, AbstractElectronTerm):
    """A scalar boson phi that couples neutrinos of both helicities.

    L = g phi [sum_q c_q qbar q + c_e ebar e + sum_a (c_a nubar_{R,a} nu_{L,a} + h.c.)]. With nucleon couplings c_N =
    sum_q c_q (m_N/m_q) f_Tq the rate is dsigma/dT = [M^2 T/(4 pi E^2)] g^4 c_a^2 (Z c_p F_p + N c_n F_n)^2/(2MT +
    m^2)^2; it does not interfere with vectors. D. G. Cerdeno et al., JHEP 05 (2016) 118 (their nucleon couplings: 15.1
    and 14).

    Attributes
    ----------
    mass_MeV
        Mass m of the boson, MeV; zero is allowed.
    coupling
        g, dimensionless; g^2 is the product of the couplings of neutrinos and quarks.
    proton_coupling, neutron_coupling
        c_p and c_n; those of universal quark couplings by default (:func:`nucleon_scalar_couplings`).
    electron_coupling
        c_e.
    neutrino_couplings
        c_a.
    """

    electron_structure: ClassVar[str] = "scalar"
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    coupling: Float[Array, ""] = eqx.field(converter=as_float)
    proton_coupling: Float[Array, ""] = eqx.field(
        converter=as_float, default_factory=lambda: nucleon_scalar_couplings(1.0, 1.0)[0]
    )
    neutron_coupling: Float[Array, ""] = eqx.field(
        converter=as_float, default_factory=lambda: nucleon_scalar_couplings(1.0, 1.0)[1]
    )
    electron_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    neutrino_couplings: FlavourVector = eqx.field(default_factory=FlavourVector.universal)

    def __check_init__(self):
        check_mass("mass_MeV", self.mass_MeV)

    def _exchange(self, q2_MeV2: Float[Array, " node"]) -> Coupling:
        return on_nodes(self.neutrino_couplings.diagonal(), exchange(q2_MeV2, self.mass_MeV, self.coupling))

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        exchanged = self._exchange(q2_MeV2)
        return self.proton_coupling * exchanged, self.neutron_coupling * exchanged

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return (self.electron_coupling * self._exchange(q2_MeV2),)


class LightTensor(AbstractTensorTerm):
    """A tensor interaction by a mediator of mass m.

    L = g^2 sum_a c_a (nubar_{R,a} sigma^{mu nu} nu_{L,a}) (Nbar sigma_{mu nu} N) c_N/(Q^2 + m^2) + h.c., with c_N =
    sum_q c_q delta_q. The coherent sum over nucleons is a convention of the literature: tensor operators act on nucleon
    spins.

    Attributes
    ----------
    mass_MeV
        Mass m, MeV; zero is allowed.
    coupling
        g, dimensionless.
    proton_coupling, neutron_coupling
        c_p and c_n; those of universal quark couplings by default (:func:`nucleon_tensor_couplings`).
    neutrino_couplings
        c_a.
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    coupling: Float[Array, ""] = eqx.field(converter=as_float)
    proton_coupling: Float[Array, ""] = eqx.field(
        converter=as_float, default_factory=lambda: nucleon_tensor_couplings(1.0, 1.0)[0]
    )
    neutron_coupling: Float[Array, ""] = eqx.field(
        converter=as_float, default_factory=lambda: nucleon_tensor_couplings(1.0, 1.0)[1]
    )
    neutrino_couplings: FlavourVector = eqx.field(default_factory=FlavourVector.universal)

    def __check_init__(self):
        check_mass("mass_MeV", self.mass_MeV)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        strength = 2.0 * math.sqrt(2.0) * exchange(q2_MeV2, self.mass_MeV, self.coupling)
        exchanged = on_nodes(self.neutrino_couplings.diagonal(), strength)
        return self.proton_coupling * exchanged, self.neutron_coupling * exchanged
