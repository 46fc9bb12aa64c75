"""What every detector response does: from energies to counts in bins."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, tree_as_float


class AbstractResponse(eqx.Module):
    """Resolution, efficiency and binning in the reconstructed energy."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """Unit of the reconstructed energy, ``"keV"`` or ``"PE"``; empty where bins have no edges."""

    @property
    @abstractmethod
    def edges(self) -> Float[Array, " edge"]:
        """Bin edges in reconstructed energy, in its unit; none where bins are not intervals of it."""

    @property
    @abstractmethod
    def bins(self) -> int:
        """Number of bins."""

    @property
    def kept_edges(self) -> Float[Array, " edge"]:
        """Edges of that part of each bin which is kept, one after the other: a threshold cuts the bins below it."""
        return self.edges

    @abstractmethod
    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        """Probability that a deposit is detected in each bin.

        Parameters
        ----------
        ionisation_energy_keV
            Electron-equivalent energies, keV, shape ``[node]``; energies at or below zero are never detected.

        Returns
        -------
        Array
            Detection efficiency included, shape ``[node, bin]``.
        """

    def fold(
        self, events: Float[Array, "row node"], ionisation_energy_keV: Float[Array, " node"]
    ) -> Float[Array, "row bin"]:
        """Counts in each bin of events at energies in keV: the product with :meth:`kernel`, or a shorter way to it."""
        return jnp.matmul(events, self.kernel(ionisation_energy_keV), precision="highest")

    def columns(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node column"]:
        """What is in front of an efficiency on the reconstructed signal that moves; :meth:`binned` applies that."""
        return self.kernel(ionisation_energy_keV)

    def binned(self, columns: Float[Array, "row column"]) -> Float[Array, "row bin"]:
        """Counts in each bin from sums of events times :meth:`columns`."""
        return columns

    def resolved(self, columns: np.ndarray) -> bool:
        """Whether sums of events times :meth:`columns`, ``[..., column]``, hold all of it to 1e-9 of the largest."""
        return True

    def reaches(self) -> bool:
        """Whether :meth:`binned` is good where its leaves are now; those that are traced are let through."""
        return True

    def separated(self, ranges: Mapping[str, tuple[float, float]]) -> "AbstractResponse | None":
        """Return the same response with columns that do not depend on some of its leaves, if it can.

        Parameters
        ----------
        ranges
            Paths, from here on, of leaves that are going to change, and between which ends.
        """
        return None if ranges else self

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        """Ionisation energies, keV, at which the kernel has a kink or a step; none where it is smooth."""
        return as_float(())

    @property
    def tabulate(self) -> bool:
        """Whether a cubic spline in energy may replace it (smooth) and should (costly): see `TabulatedResponse`."""
        return True

    def tabulated(self, largest_energy_keV: Scalar, free: Sequence[str]) -> "AbstractResponse":
        """Return a response that is cheaper where energies move: few polynomials that are exact, or a table.

        Parameters
        ----------
        largest_energy_keV
            Upper end of a table, keV.
        free
            Paths, from here on, of the leaves that are going to change.
        """
        from cevnsjax.response.polynomial import PolynomialResponse  # a response itself

        if free:
            return self
        if (polynomials := PolynomialResponse.of(self, largest_energy_keV)) is not None:
            return polynomials
        return TabulatedResponse.of(self, largest_energy_keV) if self.tabulate else self


@eqx.filter_jit
def _kernel(response: AbstractResponse, ionisation_energy_keV):
    return response.kernel(ionisation_energy_keV)


def exact_kernel(response: AbstractResponse, ionisation_energy_keV: np.ndarray) -> np.ndarray:
    """Kernel of a response with concrete numbers, for tables of it.

    In float64 whatever the session's precision: a table of rounding errors has a noisy derivative.
    """
    with jax.enable_x64(True):
        return np.asarray(_kernel(tree_as_float(response), as_float(ionisation_energy_keV)))


class TabulatedResponse(AbstractResponse):
    """Another response, tabulated once as a cubic spline in the square root of the ionisation energy.

    Exact enough to replace it (1024 knots: 1e-8 of the peak of each bin) and far cheaper where the energies move but
    the response itself does not.

    Attributes
    ----------
    spline
        Polynomial coefficients, highest power first, shape ``[4, interval, bin]``.
    largest_energy_keV
        Upper end of the table, keV; the response is constant beyond it.
    edges_kept, edges_unit
        Its bin edges where a threshold has cut them, and their unit.
    """

    spline: Float[Array, "4 interval bin"] = eqx.field(converter=as_float)
    largest_energy_keV: Float[Array, ""] = eqx.field(converter=as_float)
    edges_kept: Float[Array, " edge"] = eqx.field(converter=as_float)
    edges_unit: str = eqx.field(static=True)

    @property
    def unit(self) -> str:
        return self.edges_unit

    @property
    def edges(self) -> Float[Array, " edge"]:
        return self.edges_kept

    @property
    def bins(self) -> int:
        return self.spline.shape[2]

    @property
    def tabulate(self) -> bool:
        return False

    @classmethod
    def of(cls, response: AbstractResponse, largest_energy_keV: Scalar, knots: int = 1024) -> "TabulatedResponse":
        """Tabulate a response up to an energy (keV) on a number of knots."""
        from scipy.interpolate import CubicSpline  # imported where it is used: it is dear to start

        check_positive("largest_energy_keV", largest_energy_keV, "keV")
        roots = np.linspace(0.0, np.sqrt(float(largest_energy_keV)), knots)
        kernel = exact_kernel(response, roots**2)
        # unit knot distance: the coefficients stay of order one, in float32 too
        spline = CubicSpline(np.arange(knots), kernel).c
        return cls(spline, largest_energy_keV, response.kept_edges, response.unit)

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        intervals = self.spline.shape[1]
        positive = ionisation_energy_keV > 0.0
        root = jnp.sqrt(jnp.where(positive, ionisation_energy_keV, 1.0) / self.largest_energy_keV)
        position = jnp.where(positive, jnp.minimum(root, 1.0), 0.0) * intervals
        interval = jnp.clip(position.astype(int), 0, intervals - 1)
        offset = (position - interval.astype(position.dtype))[:, None]
        cubic = self.spline[:, interval, :]
        return ((cubic[0] * offset + cubic[1]) * offset + cubic[2]) * offset + cubic[3]
