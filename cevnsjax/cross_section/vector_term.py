"""Terms of the coherent vector amplitude: what a new vector-like interaction has to say.

The amplitude of a neutrino of flavour alpha into flavour beta is Q_ab = sum over terms of (g^p_ab Z F_p + g^n_ab N
F_n). Couplings are real arrays with a leading axis (real part, imaginary part), so that no complex number meets a
gradient.
"""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float

Coupling = Float[Array, "2 3 3 #node"]
"""Real and imaginary part of g_ab on the nodes; the node axis has length 1 for a contact interaction."""


class AbstractVectorTerm(eqx.Module):
    """One term of the coherent vector amplitude."""

    @abstractmethod
    def couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, Coupling]:
        """Couplings to a proton and to a neutron, in units where the Standard Model has g^n = -1/2 at tree level.

        Parameters
        ----------
        q2_MeV2
            Squared momentum transfer 2 M T on the nodes, MeV^2.

        Returns
        -------
        tuple
            g^p and g^n, shape ``[re/im, flavour, flavour, node]``, with a node axis of length 1 if they do not depend
            on q^2.
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


class FlavourMatrix(eqx.Module):
    """A Hermitian 3 x 3 matrix in flavour space, by its nine real numbers.

    Attributes
    ----------
    ee, mumu, tautau
        Diagonal entries.
    emu_real, emu_imag, etau_real, etau_imag, mutau_real, mutau_imag
        Entries above the diagonal; those below are their complex conjugates.
    """

    ee: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    mumu: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    tautau: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    emu_real: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    emu_imag: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    etau_real: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    etau_imag: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    mutau_real: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    mutau_imag: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def matrix(self) -> Float[Array, "2 3 3"]:
        """Real and imaginary part of the matrix; rows and columns in the order of ``FLAVOURS``."""
        zero = jnp.zeros_like(self.ee)
        real = [
            [self.ee, self.emu_real, self.etau_real],
            [self.emu_real, self.mumu, self.mutau_real],
            [self.etau_real, self.mutau_real, self.tautau],
        ]
        imag = [
            [zero, self.emu_imag, self.etau_imag],
            [-self.emu_imag, zero, self.mutau_imag],
            [-self.etau_imag, -self.mutau_imag, zero],
        ]
        return jnp.stack([jnp.stack([jnp.stack(row) for row in part]) for part in (real, imag)])
