"""Light bosons of positrons that lose their energy in matter."""

from typing import ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, gauss_legendre
from cevnsjax.constants import AVOGADRO_PER_MOL, CM2_MEV2, ELECTRON_MASS_MEV
from cevnsjax.flux.boson_emission import AbstractBosonEmission, left_out
from cevnsjax.flux.photon_spectrum import AbstractPhotonSpectrum
from cevnsjax.particle import AbstractLightBoson, resonance_energy_MeV, resonance_strength_per_MeV
from cevnsjax.target import Material

_B = 4.0 / 3.0
_ORDER = 40


def track_length_per_MeV(
    electrons: AbstractPhotonSpectrum,
    energy_MeV: Float[Array, "*point"],
    depth: float = 5.0,
    critical_energy_MeV: Scalar | float = 0.0,
) -> Float[Array, "*point"]:
    """Track length of electrons or positrons by their energy, in radiation lengths per event and MeV.

    The integral over depths t and energies E_0 of dN/dE_0 ln(E_0/E)^(b t - 1)/(E_0 Gamma(b t)), b = 4/3: what
    bremsstrahlung leaves of an energy; Y.-S. Tsai, Phys. Rev. D 34, 1326 (1986). It is taken over ln(E_0/E)^(b t),
    where nothing is singular at E_0 = E. What showers add is left out, and ionisation too unless a critical energy is
    given: where an electron loses E + E_c in a radiation length, E/(E + E_c) of the track is left.

    Parameters
    ----------
    electrons
        Electrons or positrons per event and MeV, in the form of a spectrum of photons.
    energy_MeV
        E, MeV, any shape.
    depth
        Where matter ends, in radiation lengths.
    critical_energy_MeV
        E_c, MeV: 8 MeV for tungsten, mercury and thorium, 80 MeV for carbon (recalled).
    """
    abscissae, weights = gauss_legendre(_ORDER)
    depths, shares = (each.reshape(*[1] * energy_MeV.ndim, -1) for each in (0.5 * (1.0 + abscissae), 0.5 * weights))
    power, share = as_float(_B * depth * depths), as_float(shares)
    last = electrons.break_points_MeV[-1]
    inside = energy_MeV < last
    energy = jnp.where(inside, energy_MeV, 0.5 * last)[..., None]
    # v = L^(b t) up to its largest, so that L = L_max u^(1/(b t))
    largest = jnp.log(last / energy)
    loss = largest[..., None] * as_float(depths)[..., None, :] ** (1.0 / power)[..., None]
    inner = (electrons(energy[..., None] * jnp.exp(loss)) * share[..., None, :]).sum(axis=-1)
    outer = jnp.exp(power * jnp.log(largest) - gammaln(power + 1.0)) * (depth * share)
    left = energy[..., 0] / (energy[..., 0] + critical_energy_MeV)
    return jnp.where(inside, left * (outer * inner).sum(axis=-1), 0.0)


def electrons_left_out(electrons: AbstractPhotonSpectrum, threshold_MeV: Scalar) -> tuple[float, float] | None:
    """As of photons; no table begins at rest, and a speed of half of that of light is near enough."""
    said = left_out(electrons, threshold_MeV)
    return None if said is None or max(said) < 1.15 * ELECTRON_MASS_MEV else said


def electrons_per_g(target: Material) -> Scalar:
    """Electrons of a gram of matter, g^-1."""
    counts, nuclides = target.nuclei_per_formula_unit, target.nuclides
    electrons = jnp.stack([count * float(nuclides[name].proton_number) for name, count in counts.items()]).sum()
    return electrons * AVOGADRO_PER_MOL / target.molar_mass_g_per_mol


class ResonantEmission(AbstractBosonEmission):
    """e+ + e- -> B on electrons at rest, at the one energy that fits, with the track length of positrons there.

    As the boson is narrow, there is no width to resolve: bosons per event are electrons per g/cm^2 times the radiation
    length, the track length at m^2/(2 m_e) - m_e, and :func:`cevnsjax.particle.resonance_strength_per_MeV`. They have
    an energy of m^2/(2 m_e), and are taken to go in all directions alike. What comes with a photon is
    :class:`AssociatedEmission`.

    Attributes
    ----------
    positrons
        Positrons per event and MeV of total energy, in the form of a spectrum of photons.
    target
        What they lose their energy in.
    radiation_length_g_per_cm2
        g/cm^2.
    norm
        Ratio of the production to its prediction (1 nominally).
    critical_energy_MeV, depth
        What ionisation takes in a radiation length, MeV, and where matter ends, in radiation lengths.
    """

    coupling: ClassVar[Literal["electron", "photon", "charge"]] = "electron"
    positrons: AbstractPhotonSpectrum
    target: Material
    radiation_length_g_per_cm2: Float[Array, ""] = eqx.field(converter=as_float)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    critical_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    depth: float = eqx.field(static=True, default=5.0)

    def __check_init__(self):
        check_positive("radiation_length_g_per_cm2", self.radiation_length_g_per_cm2, "g/cm^2")
        check_not_negative("critical_energy_MeV", self.critical_energy_MeV, "MeV")
        check_positive("depth", self.depth, "")
        check_not_negative("norm", self.norm, "")

    @property
    def heaviest_boson_MeV(self) -> Scalar:
        end = self.positrons.break_points_MeV[-1]
        return jnp.sqrt(2.0 * ELECTRON_MASS_MEV * (end + ELECTRON_MASS_MEV))

    def begins_above(self, boson: AbstractLightBoson) -> tuple[float, float] | None:
        energy = resonance_energy_MeV(boson)
        return electrons_left_out(self.positrons, energy) if float(energy) > ELECTRON_MASS_MEV else None

    def nodes(self, boson: AbstractLightBoson) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        energy = resonance_energy_MeV(boson)
        can_be = energy > ELECTRON_MASS_MEV
        track = track_length_per_MeV(
            self.positrons, jnp.where(can_be, energy, 1.0), self.depth, self.critical_energy_MeV
        )
        chance = self.norm * self.radiation_length_g_per_cm2 * electrons_per_g(self.target) * CM2_MEV2
        chance = chance * resonance_strength_per_MeV(boson)
        return (energy + ELECTRON_MASS_MEV)[None], jnp.where(can_be, chance * track, 0.0)[None]
