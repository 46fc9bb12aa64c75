"""Generalised contact interactions: scalar, vector and tensor strengths, and their quark-level Wilson coefficients."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.cross_section.flavour import FlavourVector
from cevnsjax.cross_section.light_scalar import nucleon_scalar_couplings, nucleon_tensor_couplings
from cevnsjax.cross_section.term import (
    AbstractScalarTerm,
    AbstractTensorTerm,
    AbstractVectorTerm,
    Coupling,
    flavour_diagonal,
)


def _on_neutrons(strengths: FlavourVector, factor: float) -> tuple[Coupling, Coupling]:
    neutron = factor * strengths.diagonal()[..., None]
    return jnp.zeros_like(neutron), neutron


class GeneralizedScalar(AbstractScalarTerm):
    """Scalar contact interaction of strength xi_S.

    L = (G_F/sqrt2) sum_a (C_S)_a [nubar_a nu_a] [psibar psi] on a nucleus psi, xi_S = C_S/N: dsigma/dT has (G_F^2 M
    N^2/4 pi) xi_S^2 (M T/2E^2) F^2; M. Lindner, W. Rodejohann and X.-J. Xu, JHEP 03 (2017) 097; D. Aristizabal Sierra,
    V. De Romeri and N. Rojas, Phys. Rev. D 98, 075018 (2018).

    Attributes
    ----------
    xi
        xi_S of each flavour.
    """

    xi: FlavourVector = eqx.field(default_factory=FlavourVector)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return _on_neutrons(self.xi, 0.5)


class GeneralizedVector(AbstractVectorTerm):
    """Vector contact interaction of strength xi_V, added to the amplitude of the Standard Model.

    L = -(G_F/sqrt2) sum_a (C_V)_a [nubar_a gamma^mu (1 - gamma_5) nu_a] [psibar gamma_mu psi], xi_V = -2 C_V/N: the
    Standard Model alone has xi_V = 1 - (1 - 4 s_W^2) Z/N, and dsigma/dT is (G_F^2 M N^2/4 pi) xi_V^2 (1 - T/E - M
    T/2E^2) F^2 in the total; references as in :class:`GeneralizedScalar`.

    Attributes
    ----------
    xi
        xi_V of each flavour.
    """

    xi: FlavourVector = eqx.field(default_factory=FlavourVector)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return _on_neutrons(self.xi, -0.5)


class GeneralizedTensor(AbstractTensorTerm):
    """Tensor contact interaction of strength xi_T.

    L = (G_F/sqrt2) sum_a (C_T)_a [nubar_a sigma^{mu nu} nu_a] [psibar sigma_{mu nu} psi], xi_T = sqrt8 C_T/N: dsigma/dT
    has (G_F^2 M N^2/4 pi) xi_T^2 (1 - T/E - M T/4E^2) F^2; references as in :class:`GeneralizedScalar`.

    Attributes
    ----------
    xi
        xi_T of each flavour.
    """

    xi: FlavourVector = eqx.field(default_factory=FlavourVector)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return _on_neutrons(self.xi, 0.5)


def _per_flavour(convert, up: FlavourVector, down: FlavourVector, factor: float) -> tuple[Coupling, Coupling]:
    pairs = [convert(*quarks) for quarks in ((up.e, down.e), (up.mu, down.mu), (up.tau, down.tau))]
    protons, neutrons = (
        flavour_diagonal(*(factor * jnp.reshape(coupling, (1,)) for coupling in each))
        for each in zip(*pairs, strict=True)
    )
    return protons, neutrons


class QuarkScalar(AbstractScalarTerm):
    """Scalar operators of the effective theory with right-handed neutrinos N.

    L = (1/v^2) [C_NLQu (Nbar L^j)(Qbar^j u) + C_NLdQ (Nbar L^j) eps_jk (dbar Q^k)] + h.c., 1/v^2 = sqrt2 G_F, as in T.
    Han, J. Liao, H. Liu and D. Marfatia, JHEP 07 (2020) 207 (their operators; this normalisation). Its neutral scalar
    part is (sqrt2 G_F/2) (Nbar P_L nu) [C_NLQu ubar u + C_NLdQ dbar d], so that g^N = sum_q (C_q/2) (m_N/m_q) f_Tq.

    Attributes
    ----------
    c_nlqu, c_nldq
        Wilson coefficients C_NLQu and C_NLdQ of each neutrino flavour.
    """

    c_nlqu: FlavourVector = eqx.field(default_factory=FlavourVector)
    c_nldq: FlavourVector = eqx.field(default_factory=FlavourVector)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return _per_flavour(nucleon_scalar_couplings, self.c_nlqu, self.c_nldq, 0.5)


class QuarkTensor(AbstractTensorTerm):
    """Tensor operator of the effective theory with right-handed neutrinos N.

    L = (1/v^2) C'_NLdQ (Nbar sigma^{mu nu} L^j) eps_jk (dbar sigma_{mu nu} Q^k) + h.c., 1/v^2 = sqrt2 G_F, as in T.
    Han, J. Liao, H. Liu and D. Marfatia, JHEP 07 (2020) 207. Its neutral part is sqrt2 G_F C' (Nbar sigma^{mu nu} P_L
    nu)(dbar sigma_{mu nu} d), so that g^N = 2 sqrt2 C' delta_d^N.

    Attributes
    ----------
    c_prime_nldq
        Wilson coefficient C'_NLdQ of each neutrino flavour.
    """

    c_prime_nldq: FlavourVector = eqx.field(default_factory=FlavourVector)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        return _per_flavour(nucleon_tensor_couplings, FlavourVector(), self.c_prime_nldq, 2.0 * math.sqrt(2.0))
