"""Neutral-current non-standard interactions with quarks, vector part."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.cross_section.flavour import FlavourMatrix
from cevnsjax.cross_section.term import AbstractVectorTerm, Coupling

EARTH_NEUTRONS_PER_PROTON = 1.051
"""Average over the Earth; I. Esteban et al., JHEP 08 (2018) 180."""


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

    def in_matter(self, neutrons_per_proton: float) -> Float[Array, "2 3 3"]:
        """What forward scattering sees, in units of the electron density: eps^p + Y_n eps^n.

        With one electron for each proton that is (2 + Y_n) eps^u + (1 + 2 Y_n) eps^d. Oscillations do not tell eps_ee -
        eps_mumu from -2 - (eps_ee - eps_mumu) (with the other entries conjugated and reversed): LMA-Dark; P. Coloma and
        T. Schwetz, Phys. Rev. D 94, 055005 (2016).

        Parameters
        ----------
        neutrons_per_proton
            Y_n of the matter; :data:`EARTH_NEUTRONS_PER_PROTON`, or 0.5 to 0.2 in the Sun.

        Returns
        -------
        Array
            Real and imaginary part of the matrix, shape ``[re/im, flavour, flavour]``.
        """
        proton, neutron = self.couplings(jnp.zeros(1))
        return (proton + neutrons_per_proton * neutron)[..., 0]
