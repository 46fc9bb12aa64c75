"""Neutral-current non-standard interactions with quarks, vector part."""

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.cross_section.flavour import FlavourMatrix
from cevnsjax.cross_section.term import AbstractVectorTerm, Coupling


class NSI(AbstractVectorTerm):
    """Vector non-standard interactions of neutrinos with up and down quarks.

    L = -2 sqrt2 G_F sum_{q,P,a,b} eps^{qP}_ab (nubar_a gamma^mu P_L nu_b)(qbar gamma_mu P q), eps^{qV} = eps^{qL} +
    eps^{qR} Hermitian, so that g^p_ab = 2 eps^u_ab + eps^d_ab and g^n_ab = eps^u_ab + 2 eps^d_ab; J. Barranco, O. G.
    Miranda and T. I. Rashba, JHEP 12 (2005) 021. For antineutrinos eps becomes eps^*, which leaves sum_b |Q_ab|^2 as
    it is.

    Attributes
    ----------
    up, down
        eps^{uV} and eps^{dV}.
    """

    up: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)
    down: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        up, down = self.up.matrix()[..., None], self.down.matrix()[..., None]
        return 2.0 * up + down, up + 2.0 * down
