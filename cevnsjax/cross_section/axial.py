"""The axial part of elastic scattering on nuclei with spin."""

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import AXIAL_COUPLING
from cevnsjax.cross_section.term import AbstractAxialTerm, Coupling, flavour_universal


class Axial(AbstractAxialTerm):
    """Axial neutral current of the Standard Model on a nucleus of spin J.

    dsigma/dT has (G_F^2 M/4 pi) [1 - T/E + M T/(2E^2)] F_A with F_A(0) = (4/3) [(J+1)/J] [g_A (<S_p> - <S_n>) - g_A^s
    (<S_p> + <S_n>)]^2; M. Hoferichter, J. Menendez and A. Schwenk, Phys. Rev. D 102, 074018 (2020). It adds in the
    rate: for a nucleus the interference with the vector part is left out, as there. Two-body currents reduce g_A in
    nuclei: let it float.

    Attributes
    ----------
    axial_coupling
        g_A.
    strange_axial_coupling
        g_A^s, the strange-quark spin of the nucleon.
    """

    axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=AXIAL_COUPLING)
    strange_axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=-0.085)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        isovector, strange = self.axial_coupling, self.strange_axial_coupling
        return flavour_universal(isovector - strange), flavour_universal(-isovector - strange)
