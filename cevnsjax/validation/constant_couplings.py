"""The vector couplings of other people's codes, as the numbers they type in."""

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import AbstractVectorTerm
from cevnsjax.cross_section.term import Coupling, flavour_universal


class ConstantCouplings(AbstractVectorTerm):
    """Two numbers, the same for every flavour."""

    proton_coupling: Float[Array, ""] = eqx.field(converter=as_float)
    neutron_coupling: Float[Array, ""] = eqx.field(converter=as_float)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return flavour_universal(self.proton_coupling), flavour_universal(self.neutron_coupling)
