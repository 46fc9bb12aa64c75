"""Events below a recoil energy under which a kink of the quenching factor moves."""

import functools
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import chebyshev, legendre

from cevnsjax.arrays import as_float, gauss_legendre, tree_as_float
from cevnsjax.chebyshev import chebyshev_array
from cevnsjax.experiment.smooth_table import Ranges
from cevnsjax.paths import set_paths
from cevnsjax.program import program
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse

_BEYOND = 1.001
"""Where all kinks are below, over the furthest of them."""

_TERMS, _ORDER = 12, 12
"""Polynomials of a spectrum below the kinks, and nodes on either side of one."""

_POINTS = 48
"""Chebyshev points at which the columns of a response are looked at."""

_TOLERANCE = 1e-10
"""Of these, in units of the largest."""


class KinkedEvents(eqx.Module):
    """Events on both sides of the kink, integrated on nodes that move with it.

    Attributes
    ----------
    spectra
        Of each row of events, per unit of a logarithm of the recoil energy that goes from -1 to 1, as coefficients of
        Chebyshev polynomials, shape ``[row, term]``.
    kernel
        Columns of the response as Chebyshev polynomials of the ionisation energy, shape ``[degree, column]``.
    ends_keV
        Recoil energies between which the events are, keV.
    largest_keV
        Largest ionisation energy of any, keV.
    order
        Nodes on either side of the kink.
    """

    spectra: Float[Array, "row term"] = eqx.field(converter=as_float)
    kernel: Float[Array, "degree column"] = eqx.field(converter=as_float)
    ends_keV: tuple[float, float] = eqx.field(static=True)
    largest_keV: float = eqx.field(static=True)
    order: int = eqx.field(static=True, default=_ORDER)

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        recoil_keV: np.ndarray,
        response: AbstractResponse,
        ends_keV: tuple[float, float],
        largest_keV: float,
    ) -> "KinkedEvents | None":
        """Take the events on nodes.

        Parameters
        ----------
        rows
            Events ``[row, node]``.
        recoil_keV
            Recoil energies of the nodes, keV: Gauss-Legendre nodes, which know integrals times polynomials.
        response
            What is seen of an ionisation energy.
        ends_keV
            Recoil energies between which events are taken, keV; panels of nodes end there.
        largest_keV
            Largest ionisation energy of these, keV.

        Returns
        -------
        KinkedEvents or None
            None where polynomials do not tell what is seen.
        """
        if (kernel := _series_of_kernel(response, largest_keV)) is None:
            return None
        inside = _between(recoil_keV, ends_keV)
        polynomials = legendre.legvander(_place(np.log(recoil_keV[inside]), ends_keV), _TERMS - 1)
        series = rows[:, inside] @ polynomials * (np.arange(_TERMS) + 0.5)
        points = chebyshev.chebpts1(_TERMS)
        spectra = chebyshev.chebfit(points, legendre.legval(points, series.T).T, _TERMS - 1).T
        return cls(spectra, kernel, ends_keV, largest_keV)

    def holds(self, recoil_keV: np.ndarray) -> np.ndarray:
        """Whether events at recoil energies, keV, are among these."""
        return _between(recoil_keV, self.ends_keV)

    def columns(self, quenching: AbstractQuenching) -> Float[Array, "row column"]:
        """Sums of events times the columns of the response."""
        kink_keV = quenching.moving_kink_keV
        assert kink_keV is not None
        middle = jnp.clip(_place(jnp.log(kink_keV), self.ends_keV), -1.0, 1.0)
        abscissae, weights = (as_float(each) for each in gauss_legendre(self.order))
        half_widths = 0.5 * jnp.stack([middle + 1.0, 1.0 - middle])
        begins = jnp.stack([jnp.full_like(middle, -1.0), middle])
        places = (begins[:, None] + half_widths[:, None] * (1.0 + abscissae[None, :])).reshape(-1)
        low, high = np.log(self.ends_keV)
        energy_keV = quenching(jnp.exp(0.5 * (low + high) + 0.5 * (high - low) * places))
        # what does not ionise is not seen
        widths = jnp.where(energy_keV > 0.0, (half_widths[:, None] * weights[None, :]).reshape(-1), 0.0)
        product = functools.partial(jnp.matmul, precision="highest")
        events = product(self.spectra, chebyshev_array(places, self.spectra.shape[1])) * widths[None, :]
        seen = chebyshev_array(2.0 * energy_keV / self.largest_keV - 1.0, self.kernel.shape[0])
        return product(product(events, seen.T), self.kernel)


def _between(recoil_keV: np.ndarray, ends_keV: tuple[float, float]) -> np.ndarray:
    return (recoil_keV > ends_keV[0]) & (recoil_keV < ends_keV[1])


def _place(log_recoil, ends_keV: tuple[float, float]):
    """From -1 to 1 between the logarithms of the ends."""
    low, high = np.log(ends_keV)
    return (2.0 * log_recoil - (low + high)) / (high - low)


def _series_of_kernel(response: AbstractResponse, largest_keV: float) -> np.ndarray | None:
    """Columns of a response up to an ionisation energy, keV, as Chebyshev polynomials; None if these are too many."""
    points = chebyshev.chebpts1(_POINTS)
    with jax.enable_x64(True):
        energies_keV = as_float(0.5 * largest_keV * (1.0 + points))
        kernel = np.asarray(_columns(tree_as_float(response), energies_keV))
    series = chebyshev.chebfit(points, kernel, _POINTS - 1)
    above = np.flatnonzero(np.abs(series).max(axis=1) > _TOLERANCE * kernel.max())
    if above.size and above[-1] > _POINTS - 4:
        return None
    return series[: above[-1] + 1 if above.size else 1]


@program
def _columns(response: AbstractResponse, energy_keV: Float[Array, " node"]) -> Float[Array, "node column"]:
    return response.columns(energy_keV)


@program
def _moving_kink_keV(quenching: AbstractQuenching) -> Float[Array, ""] | None:
    return quenching.moving_kink_keV


def moving_kink_keV(quenching: AbstractQuenching) -> float | None:
    """Where the kink of a quenching factor that moves is now, keV; None where there is none."""
    with jax.enable_x64(True):  # the same whatever the session's precision: panels end there
        kink = _moving_kink_keV(tree_as_float(quenching))
    return None if kink is None else float(kink)


def furthest_kink_keV(quenching: AbstractQuenching, ranges: Ranges) -> float:
    """Recoil energy, keV, below which a kink of a quenching factor moves; zero where none does.

    Parameters
    ----------
    quenching
        The factor.
    ranges
        Ends of its numbers, by path; a kink is furthest where all of them are at an end.
    """
    if not ranges or moving_kink_keV(quenching) is None:
        return 0.0
    return _BEYOND * max(moving_kink_keV(corner) or 0.0 for corner in _corners(quenching, ranges))


def largest_ionisation_keV(quenching: AbstractQuenching, ranges: Ranges, recoil_keV: float) -> float:
    """Ionisation energy, keV, of recoils up to an energy in keV; ``ranges`` as of :func:`furthest_kink_keV`."""
    with jax.enable_x64(True):
        return max(float(corner(as_float(recoil_keV))) for corner in _corners(quenching, ranges))


def _corners(quenching: AbstractQuenching, ranges: Ranges) -> list[AbstractQuenching]:
    with jax.enable_x64(True):
        exact = tree_as_float(quenching)
        return [set_paths(exact, list(ranges), list(ends)) for ends in itertools.product(*ranges.values())]
