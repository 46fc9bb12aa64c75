"""Vector bosons in the place of the photons that electrons and positrons radiate in a target."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative
from cevnsjax.flux.boson_production import AbstractIsotropicProduction
from cevnsjax.flux.photon_spectrum import PhotonSpectrum, target_photons
from cevnsjax.flux.rapidity import rapidity_of
from cevnsjax.particle import AbstractDarkMatter

_SHARPNESS = 4.0


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
    """Build the bremsstrahlung of a facility whose photons are known (:func:`cevnsjax.flux.target_photons`).

    Raises
    ------
    UnknownNameError
        If there is no table of photons for the facility.
    """
    return ReweightedPhotons(photons=target_photons(facility))
