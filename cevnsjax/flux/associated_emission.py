"""Light bosons and a photon of positrons that meet electrons at rest."""

from typing import ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, gauss_legendre, is_concrete
from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.boson_emission import AbstractBosonEmission
from cevnsjax.flux.photon_spectrum import AbstractPhotonSpectrum
from cevnsjax.flux.positron_emission import electrons_left_out, electrons_per_g, track_length_per_MeV
from cevnsjax.particle import AbstractLightBoson, annihilation
from cevnsjax.target import Material

_POSITRONS, _ANGLES = 14, 10


class AssociatedEmission(AbstractBosonEmission):
    """e+ + e- -> B + gamma on electrons at rest, with the track length of positrons.

    By :func:`cevnsjax.particle.annihilation`, which grows like 1/(s - m^2) towards the threshold: a soft photon belongs
    to the resonance (:class:`ResonantEmission`), which virtual photons make as much smaller. Photons count from a share
    of the energy of a positron in the centre of mass up; half of that share adds (2 alpha/pi) [ln(m^2/m_e^2) - 1] ln 2
    of the resonance, 1 or 2 %.

    Attributes
    ----------
    positrons
        Positrons per event and MeV of total energy, in the form of a spectrum of photons.
    target
        What they lose their energy in.
    radiation_length_g_per_cm2
        g/cm^2.
    softest_share
        Energy of the softest photon over that of a positron, in the centre of mass.
    norm
        Ratio of the production to its prediction (1 nominally).
    critical_energy_MeV, depth
        What ionisation takes in a radiation length, MeV, and where matter ends, in radiation lengths
        (:func:`track_length_per_MeV`).
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "electron"
    positrons: AbstractPhotonSpectrum
    target: Material
    radiation_length_g_per_cm2: Float[Array, ""] = eqx.field(converter=as_float)
    softest_share: Float[Array, ""] = eqx.field(converter=as_float, default=0.1)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    critical_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    depth: float = eqx.field(static=True, default=5.0)

    def __check_init__(self):
        check_positive("radiation_length_g_per_cm2", self.radiation_length_g_per_cm2, "g/cm^2")
        check_positive("softest_share", self.softest_share, "")
        if is_concrete(self.softest_share) and not float(self.softest_share) < 1.0:
            raise CevnsjaxError(f"softest_share must be below 1, got {float(self.softest_share):g}.")
        check_not_negative("critical_energy_MeV", self.critical_energy_MeV, "MeV")
        check_positive("depth", self.depth, "")
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        end = self.positrons.break_points_MeV[-1]
        return jnp.sqrt(2.0 * ELECTRON_MASS_MEV * (end + ELECTRON_MASS_MEV) * (1.0 - self.softest_share))

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        return electrons_left_out(self.positrons, self._threshold_MeV(boson.mass_MeV))

    def _threshold_MeV(self, mass_MeV: Scalar) -> Scalar:
        """Energy of the slowest positron, MeV: s (1 - softest share) = m^2, and not at rest."""
        electron = ELECTRON_MASS_MEV
        return jnp.maximum(0.5 * mass_MeV**2 / (1.0 - self.softest_share) / electron - electron, 1.5 * electron)

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        electron, end = ELECTRON_MASS_MEV, self.positrons.break_points_MeV[-1]
        threshold = self._threshold_MeV(boson.mass_MeV)
        can_be = threshold < end
        low = jnp.where(can_be, threshold, 0.5 * end)
        abscissae, weights = gauss_legendre(_POSITRONS)
        place, part = as_float(0.5 * (1.0 + np.asarray(abscissae))), as_float(0.5 * np.asarray(weights))
        # in the logarithm of s - m^2, over 2 m_e
        resonance = jnp.where(can_be, 0.5 * boson.mass_MeV**2 / electron, 0.0) - electron
        width = jnp.log((end - resonance) / (low - resonance))
        above = (low - resonance) * jnp.exp(width * place)
        positron = resonance + above
        track = track_length_per_MeV(self.positrons, positron, self.depth, self.critical_energy_MeV)
        # cosines of equal rapidity: dsigma/dcos has poles at cos = +-1/v
        momentum = jnp.sqrt((positron - electron) * (positron + electron))
        velocity = jnp.sqrt((positron - electron) / (positron + electron))
        abscissae, weights = (as_float(each)[None, :] for each in gauss_legendre(_ANGLES))
        largest = 0.5 * jnp.log1p(2.0 * velocity * (1.0 + velocity) * (positron + electron) / (2.0 * electron))[:, None]
        cosine = jnp.tanh(largest * abscissae) / velocity[:, None]
        angle = largest * weights * (1.0 - (velocity[:, None] * cosine) ** 2) / velocity[:, None]
        section = annihilation(boson, jnp.broadcast_to(positron[:, None], cosine.shape), cosine)
        # boost of the boson from the centre of mass
        s = 2.0 * electron * (positron + electron)
        mass2 = jnp.where(can_be, boson.mass_MeV**2, 0.0)
        whole = (0.5 * (positron + electron) * (1.0 + mass2 / s))[:, None]
        along = (0.5 * momentum * (1.0 - mass2 / s))[:, None]
        chance = self.norm * self.radiation_length_g_per_cm2 * electrons_per_g(self.target) * CM2_MEV2
        number = (chance * track * width * part * above)[:, None] * section * angle
        return (whole + along * cosine).ravel(), jnp.where(can_be, number, 0.0).ravel()
