"""Couplings in flavour space."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError


class FlavourVector(eqx.Module):
    """One number for each neutrino flavour.

    Attributes
    ----------
    e, mu, tau
        The numbers.
    """

    e: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    mu: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    tau: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    @classmethod
    def universal(cls, value: float = 1.0) -> "FlavourVector":
        """The same number for every flavour."""
        return cls(value, value, value)

    def diagonal(self) -> Float[Array, "2 3 3"]:
        """The numbers on the diagonal of a coupling matrix: real and imaginary part, in the order of ``FLAVOURS``."""
        real = jnp.diag(jnp.stack([self.e, self.mu, self.tau]))
        return jnp.stack([real, jnp.zeros_like(real)])


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

    @classmethod
    def from_complex(cls, matrix) -> "FlavourMatrix":
        """Build from a complex 3 x 3 matrix, rows and columns in the order of ``FLAVOURS``.

        Raises
        ------
        CevnsjaxError
            If the matrix has another shape, is not finite or not Hermitian.
        """
        array = np.asarray(matrix, dtype=complex)
        if array.shape != (3, 3):
            raise CevnsjaxError(f"A flavour matrix needs 3 x 3 entries, got an array of shape {array.shape}.")
        if not np.all(good := np.isfinite(array)):
            row, column = np.argwhere(~good)[0]
            raise CevnsjaxError(f"A flavour matrix needs finite entries, got {array[row, column]:g}.")
        if not np.all(good := np.isclose(array, array.conj().T, rtol=1e-12, atol=0.0)):
            row, column = np.argwhere(~good)[0]
            raise CevnsjaxError(
                "A flavour matrix must be Hermitian (entry ba the complex conjugate of entry ab), got "
                f"{array[row, column]:g} and {array[column, row]:g}, in row {row + 1} and in column {row + 1}."
            )
        upper = {"emu": array[0, 1], "etau": array[0, 2], "mutau": array[1, 2]}
        parts = {f"{name}_{part}": getattr(entry, part) for name, entry in upper.items() for part in ("real", "imag")}
        return cls(array[0, 0].real, array[1, 1].real, array[2, 2].real, **parts)
