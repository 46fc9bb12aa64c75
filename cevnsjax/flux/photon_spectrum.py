"""Photons inside of a source, by their energy."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_knots, check_positive, is_concrete
from cevnsjax.chebyshev import chebyshev_polynomials
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.tables import data_files, read_table

_TABLE = "photons_"


class AbstractPhotonSpectrum(eqx.Module):
    """Photons per event (a proton on target, or a second of a reactor) and MeV, between two energies."""

    @property
    @abstractmethod
    def break_points_MeV(self) -> Float[Array, " edge"]:
        """Where it begins, is not smooth, and ends, MeV, increasing."""

    @abstractmethod
    def __call__(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Photons per event and MeV at energies in MeV; zero outside."""


class PhotonSpectrum(AbstractPhotonSpectrum):
    """Photons of a target: ln dN/dE is a polynomial of ln E between two energies, and there are none beyond.

    Attributes
    ----------
    lowest_energy_MeV, highest_energy_MeV
        Where it begins and ends, MeV.
    coefficients
        Of Chebyshev polynomials in ln E from end to end, for dN/dE in photons per proton and MeV.
    """

    lowest_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    highest_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    coefficients: Float[Array, " degree"] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_finite("coefficients", self.coefficients, "")
        check_ends(self.lowest_energy_MeV, self.highest_energy_MeV)

    @classmethod
    def through(cls, energy_MeV: np.ndarray, photons_per_MeV: np.ndarray) -> "PhotonSpectrum":
        """Build the polynomial through points: energies (MeV) that increase, photons per proton and MeV.

        One of high degree swings between points that are not those of Chebyshev.
        """
        energy, density = checked_points(energy_MeV, photons_per_MeV)
        place = 2.0 * np.log(energy / energy[0]) / np.log(energy[-1] / energy[0]) - 1.0
        fit = np.polynomial.chebyshev.chebfit(place, np.log(density), energy.size - 1)
        return cls(energy[0], energy[-1], fit)

    @property
    def break_points_MeV(self) -> Float[Array, " edge"]:
        return _geometric(self.lowest_energy_MeV, self.highest_energy_MeV, 3)

    def __call__(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        low, high = self.lowest_energy_MeV, self.highest_energy_MeV
        inside = (energy_MeV >= low) & (energy_MeV <= high)
        place = 2.0 * jnp.log(jnp.where(inside, energy_MeV, low) / low) / jnp.log(high / low) - 1.0
        polynomials = chebyshev_polynomials(place, self.coefficients.shape[0])
        exponent = sum((c * t for c, t in zip(self.coefficients, polynomials, strict=True)), jnp.zeros_like(place))
        return jnp.where(inside, jnp.exp(exponent), 0.0)


class ExponentialPhotons(AbstractPhotonSpectrum):
    """Photons whose spectrum is N exp(-E/scale) between two energies.

    Attributes
    ----------
    photons_per_MeV
        N, photons per event and MeV.
    scale_MeV
        MeV.
    lowest_energy_MeV, highest_energy_MeV
        Where it begins and ends, MeV.
    """

    photons_per_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    scale_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    lowest_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    highest_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("photons_per_MeV", self.photons_per_MeV, "MeV^-1")
        check_positive("scale_MeV", self.scale_MeV, "MeV")
        check_ends(self.lowest_energy_MeV, self.highest_energy_MeV)

    @property
    def break_points_MeV(self) -> Float[Array, " edge"]:
        return _geometric(self.lowest_energy_MeV, self.highest_energy_MeV, 2)

    def __call__(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        inside = (energy_MeV >= self.lowest_energy_MeV) & (energy_MeV <= self.highest_energy_MeV)
        return jnp.where(inside, self.photons_per_MeV * jnp.exp(-energy_MeV / self.scale_MeV), 0.0)


class TabulatedPhotons(AbstractPhotonSpectrum):
    """Photons given on knots, straight in the logarithms of both between them, and none beyond.

    Attributes
    ----------
    energy_MeV
        Knots, MeV, increasing.
    photons_per_MeV
        Photons per event and MeV on each, above zero.
    panels
        How many panels between knots bosons are integrated on, at most: a kink inside of one costs some of the
        precision.
    """

    energy_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)
    photons_per_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)
    panels: int = eqx.field(static=True, default=12)

    def __check_init__(self):
        check_positive("energy_MeV", self.energy_MeV, "MeV")
        check_positive("photons_per_MeV", self.photons_per_MeV, "MeV^-1")
        check_knots("energy_MeV", self.energy_MeV, "MeV", "photons_per_MeV", self.photons_per_MeV)

    @property
    def break_points_MeV(self) -> Float[Array, " edge"]:
        last = self.energy_MeV.shape[0] - 1
        return self.energy_MeV[np.unique(np.linspace(0, last, min(self.panels, last) + 1).round().astype(int))]

    def __call__(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        knots = self.energy_MeV
        inside = (energy_MeV >= knots[0]) & (energy_MeV <= knots[-1])
        place = jnp.log(jnp.where(inside, energy_MeV, knots[0]))
        return jnp.where(inside, jnp.exp(jnp.interp(place, jnp.log(knots), jnp.log(self.photons_per_MeV))), 0.0)


def target_photons(facility: str) -> PhotonSpectrum:
    """Build the photons of a facility's target, "sns" or "lujan", per proton, from 1 MeV on.

    They are fits to simulations of 1e5 protons each, ``data/dark_matter/photons_*.csv``.

    Raises
    ------
    UnknownNameError
        If there is no table of photons for the facility.
    """
    files = data_files("dark_matter", ".csv")
    known = {name.removeprefix(_TABLE): path for name, path in files.items() if name.startswith(_TABLE)}
    if facility not in known:
        raise UnknownNameError("facility with a table of photons", facility, known)
    columns = ("energy_MeV", "photons_per_proton_per_MeV", "relative_error")
    table = read_table(known[facility], columns=columns)
    return PhotonSpectrum.through(table["energy_MeV"], table["photons_per_proton_per_MeV"])


def reactor_photons(thermal_power_MW: float) -> ExponentialPhotons:
    """Build the photons in the core of a reactor, per second: 0.58e18 exp(-1.1 E/MeV) MeV^-1 s^-1 MW^-1.

    That of the FRJ-1 research reactor, H. Bechteler et al. (Juelich, 1984), as J. B. Dent et al., Phys. Rev. Lett. 124,
    211804 (2020) take it for all reactors (recalled): between 0.15 MeV, where tables of their absorption begin, and 10
    MeV.
    """
    check_positive("thermal_power_MW", thermal_power_MW, "MW")
    return ExponentialPhotons(0.58e18 * thermal_power_MW, 1.0 / 1.1, 0.15, 10.0)


def checked_points(energy_MeV, photons_per_MeV) -> tuple[np.ndarray, np.ndarray]:
    """Return points of a spectrum as arrays; refuse energies that do not increase, and what is not positive."""
    energy, density = np.asarray(energy_MeV, dtype=float), np.asarray(photons_per_MeV, dtype=float)
    check_positive("photons_per_MeV", density, "MeV^-1")
    check_positive("energy_MeV", energy, "MeV")
    check_knots("energy_MeV", energy, "MeV", "photons_per_MeV", density)
    return energy, density


def check_ends(low: Scalar, high: Scalar) -> None:
    """Refuse a spectrum that does not begin above zero and end above that; traced values are let through."""
    check_positive("lowest_energy_MeV", low, "MeV")
    if is_concrete(low) and is_concrete(high) and not low < high:
        raise CevnsjaxError(f"highest_energy_MeV must be above {float(low):g} MeV, got {float(high):g} MeV.")


def _geometric(low: Scalar, high: Scalar, panels: int) -> Float[Array, " edge"]:
    """Edges of panels that are alike in ln E."""
    return low * (high / low) ** as_float(np.linspace(0.0, 1.0, panels + 1))
