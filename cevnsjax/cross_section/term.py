"""Terms of the amplitude: what a new interaction has to say.

The amplitude of a neutrino of flavour alpha into flavour beta on a nucleus is, for each Lorentz structure, Q_ab = sum
over terms of (g^p_ab P + g^n_ab N), with P and N what protons and neutrons contribute together: Z F_p and N F_n where
they add coherently. Terms of one structure interfere by being added; structures add in the rate. Couplings are real
arrays with a leading axis (real part, imaginary part), so that no complex number meets a gradient.
"""

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar

Coupling = Float[Array, "2 3 3 #node"]
"""Real and imaginary part of g_ab on the nodes; the node axis has length 1 for a contact interaction."""


class AbstractTerm(eqx.Module):
    """One term of the amplitude on a nucleus."""

    structure: eqx.AbstractClassVar[str]
    """Lorentz structure: ``"vector"``, ``"axial"``, ``"scalar"``, ``"tensor"`` or ``"magnetic"``."""

    @abstractmethod
    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        """Couplings to a proton and to a neutron, normalised so that dsigma/dT = (G_F^2 M/pi) K(E, T) sum_b |Q_ab|^2.

        K is the energy dependence of the structure (:mod:`cevnsjax.cross_section.kinematics`). For vectors that is
        the unit in which the Standard Model has g^n = -1/2 at tree level, L = -(G_F/sqrt2) [nubar_a gamma^mu (1 -
        gamma_5) nu_b] g^N_ab [Nbar gamma_mu N].

        Parameters
        ----------
        q2_MeV2
            Squared momentum transfer Q^2 = 2 M T on the nodes, MeV^2.

        Returns
        -------
        tuple
            g^p and g^n, shape ``[re/im, flavour, flavour, node]``, with a node axis of length 1 if they do not depend
            on Q^2.
        """


class AbstractVectorTerm(AbstractTerm):
    """A term of the vector amplitude, Z F_p g^p + N F_n g^n."""

    structure: ClassVar[str] = "vector"


class AbstractAxialTerm(AbstractTerm):
    """A term of the axial amplitude, sqrt((J + 1)/(3 J)) (<S_p> F_p g^p + <S_n> F_n g^n)."""

    structure: ClassVar[str] = "axial"


class AbstractScalarTerm(AbstractTerm):
    """A term of the scalar amplitude, Z F_p g^p + N F_n g^n, into right-handed neutrinos."""

    structure: ClassVar[str] = "scalar"


class AbstractTensorTerm(AbstractTerm):
    """A term of the tensor amplitude, Z F_p g^p + N F_n g^n, into right-handed neutrinos."""

    structure: ClassVar[str] = "tensor"


class AbstractMagneticTerm(AbstractTerm):
    """A term of the photon-exchange amplitude that flips helicity, Z F_p g^p."""

    structure: ClassVar[str] = "magnetic"


class AbstractElectronTerm(eqx.Module):
    """One term of the amplitude on an electron; a class may be a term on nuclei and on electrons at once."""

    electron_structure: eqx.AbstractClassVar[str]
    """``"chiral"`` (left and right couplings), ``"scalar"`` or ``"magnetic"``."""

    @abstractmethod
    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        """Couplings to an electron.

        Parameters
        ----------
        q2_MeV2
            Squared momentum transfer Q^2 = 2 m_e T on the nodes, MeV^2.

        Returns
        -------
        tuple
            g_L and g_R of a chiral term, L = -2 sqrt2 G_F [nubar_a gamma^mu P_L nu_b] [ebar gamma_mu (g_L P_L + g_R
            P_R) e]; the one coupling of a scalar or magnetic term, normalised as on nuclei. Shapes as in
            :meth:`AbstractTerm.couplings`.
        """


def flavour_diagonal(e: Float[Array, " node"], mu: Float[Array, " node"], tau: Float[Array, " node"]) -> Coupling:
    """Coupling matrix with the three given functions of q^2 on its diagonal."""
    columns = jnp.stack([e, mu, tau])
    real = columns[:, None, :] * jnp.eye(3, dtype=columns.dtype)[:, :, None]
    return jnp.stack([real, jnp.zeros_like(real)])


def flavour_universal(coupling: Scalar) -> Coupling:
    """The same contact coupling for every flavour."""
    one = jnp.reshape(coupling, (1,))
    return flavour_diagonal(one, one, one)


def on_nodes(matrix: Float[Array, "2 3 3"], strength: Float[Array, " node"]) -> Coupling:
    """Coupling matrix times a function of q^2."""
    return matrix[..., None] * strength[None, None, None, :]


def vector_on_electron(coupling: Coupling) -> tuple[Coupling, Coupling]:
    """Left and right coupling of an electron from a vector coupling g_V, of the unit of those of nucleons."""
    return 0.5 * coupling, 0.5 * coupling
