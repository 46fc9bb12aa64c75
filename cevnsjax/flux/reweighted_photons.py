"""Vector bosons in the place of the photons that electrons and positrons radiate in a target."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_knots, check_not_negative, check_positive, is_concrete
from cevnsjax.chebyshev import chebyshev_polynomials
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.boson_production import AbstractIsotropicProduction
from cevnsjax.flux.rapidity import rapidity_of
from cevnsjax.particle import AbstractDarkMatter
from cevnsjax.tables import data_files, read_table

_SHARPNESS = 4.0
_TABLE = "photons_"


class PhotonSpectrum(eqx.Module):
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
        check_positive("lowest_energy_MeV", self.lowest_energy_MeV, "MeV")
        check_finite("coefficients", self.coefficients, "")
        low, high = self.lowest_energy_MeV, self.highest_energy_MeV
        if is_concrete(low) and is_concrete(high) and not low < high:
            raise CevnsjaxError(f"highest_energy_MeV must be above {float(low):g} MeV, got {float(high):g} MeV.")

    @classmethod
    def through(cls, energy_MeV: np.ndarray, photons_per_MeV: np.ndarray) -> "PhotonSpectrum":
        """Build the polynomial through points: energies (MeV) that increase, photons per proton and MeV.

        One of high degree swings between points that are not those of Chebyshev.
        """
        energy, density = np.asarray(energy_MeV, dtype=float), np.asarray(photons_per_MeV, dtype=float)
        check_positive("photons_per_MeV", density, "MeV^-1")
        check_positive("energy_MeV", energy, "MeV")
        check_knots("energy_MeV", energy, "MeV", "photons_per_MeV", density)
        place = 2.0 * np.log(energy / energy[0]) / np.log(energy[-1] / energy[0]) - 1.0
        fit = np.polynomial.chebyshev.chebfit(place, np.log(density), energy.size - 1)
        return cls(energy[0], energy[-1], fit)

    def __call__(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Photons per proton and MeV at energies in MeV; zero outside."""
        low, high = self.lowest_energy_MeV, self.highest_energy_MeV
        inside = (energy_MeV >= low) & (energy_MeV <= high)
        place = 2.0 * jnp.log(jnp.where(inside, energy_MeV, low) / low) / jnp.log(high / low) - 1.0
        polynomials = chebyshev_polynomials(place, self.coefficients.shape[0])
        exponent = sum((c * t for c, t in zip(self.coefficients, polynomials, strict=True)), jnp.zeros_like(place))
        return jnp.where(inside, jnp.exp(exponent), 0.0)


class ReweightedPhotons(AbstractIsotropicProduction):
    """Bremsstrahlung of V by electrons and positrons of showers, from the photons that they radiate.

    dN_V/dE = eps^2 f(m_V/E_e) (p/E) dN_gamma/dE at the same energy, eps the coupling to charges over e, for an electron
    of E_e = 1.0773 E + 13.716 MeV and f(x) = min(1, g), g(x) = 1154 exp(-24.42 x^0.3174), as in pyCEvNS (B. Dutta et
    al., Phys. Rev. Lett. 124, 121802 (2020)). Two things differ from there: the phase space p/E is in the place of a
    step at E = m_V, and (1 + g^-4)^(-1/4) in that of the minimum, whose kink would move through the spectrum with m_V:
    it is 16 % lower where g = 1, at x = 0.020, and within 1 % for x < 0.013 or x > 0.029. The fit f has no stated
    error; that V goes in all directions alike is an assumption.

    Attributes
    ----------
    photons
        Photons per proton and MeV.
    norm
        Ratio of the production to its prediction (1 nominally).
    """

    photons: PhotonSpectrum
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_not_negative("norm", self.norm, "")

    def rapidity_range(self, dark_matter: AbstractDarkMatter) -> tuple[Scalar, Scalar]:
        mass = dark_matter.mediator_mass_MeV
        return rapidity_of(self.photons.lowest_energy_MeV, mass), rapidity_of(self.photons.highest_energy_MeV, mass)

    def boson_density(
        self, dark_matter: AbstractDarkMatter, rapidity: Float[Array, "*point"]
    ) -> Float[Array, "*point"]:
        mass = dark_matter.mediator_mass_MeV
        energy, momentum = mass * jnp.cosh(rapidity), mass * jnp.sinh(rapidity)
        mixing = dark_matter.portal.charge_mixing(dark_matter.mass_ratio)
        heavy = self.norm * mixing**2 * suppression(mass, energy) * momentum / energy
        return heavy * self.photons(energy) * momentum


def suppression(boson_mass_MeV: Scalar, boson_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
    """How much rarer a boson (m_V, MeV) is than a photon of its energy (MeV), f of :class:`ReweightedPhotons`."""
    electron = 1.0773 * boson_energy_MeV + 13.716
    exponent = np.log(1154.0) - 24.42 * (boson_mass_MeV / electron) ** 0.3174
    return jnp.exp(-jax.nn.softplus(-_SHARPNESS * exponent) / _SHARPNESS)


def beam_photons(facility: str) -> ReweightedPhotons:
    """Build the bremsstrahlung of a facility whose photons are known, "sns" or "lujan", from 1 MeV on.

    The spectra are fits to simulations of 1e5 protons each, ``data/dark_matter/photons_*.csv``.

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
    spectrum = PhotonSpectrum.through(table["energy_MeV"], table["photons_per_proton_per_MeV"])
    return ReweightedPhotons(photons=spectrum)
