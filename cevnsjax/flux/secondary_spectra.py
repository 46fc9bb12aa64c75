"""What is in a target because of what is known to be in it: photons of neutral pions, positrons of photons."""

import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from cevnsjax.arrays import check_positive
from cevnsjax.constants import (
    ELECTRON_MASS_MEV,
    FINE_STRUCTURE_CONSTANT,
    HBAR_C_MEV_FM,
    NEUTRAL_PION_MASS_MEV,
    NEUTRAL_PION_TO_PHOTONS,
)
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.dark_beams import dark_beam
from cevnsjax.flux.meson_cells import beam_pions
from cevnsjax.flux.photon_spectrum import AbstractPhotonSpectrum, TabulatedPhotons
from cevnsjax.flux.photon_target import PhotonTarget

_ORDER, _KNOTS, _EDGES = 12, 64, 12
_SMALLEST = 1e-12  # of the largest density: a table is of logarithms


def pion_photons(facility: str, knots: int = _KNOTS) -> TabulatedPhotons:
    """Photons of neutral pions in flight at a facility, per proton: two boxes in energy for each pion.

    Pions as of :func:`cevnsjax.flux.dark_beam`. What is radiated by showers of these photons, and all other photons, is
    left out, so that it is less than what is there, at low energies by far.

    Raises
    ------
    UnknownNameError
        If nothing is known of its neutral pions.
    """
    beam = dark_beam(facility)
    mesons = beam_pions(beam.pions).of_yield(beam.pions_per_proton)
    kinetic, number = (np.asarray(each, float) for each in (mesons.kinetic_energy_MeV, mesons.mesons_per_proton))
    # between energies of pions there are some too: a straight line of the density in rapidity, as fine as the table
    rapidity = np.arccosh(1.0 + kinetic / NEUTRAL_PION_MASS_MEV)
    edges = np.concatenate([[0.0], 0.5 * (rapidity[1:] + rapidity[:-1]), [1.5 * rapidity[-1] - 0.5 * rapidity[-2]]])
    fine = [np.linspace(a, b, 17) for a, b in itertools.pairwise(edges)]
    middles = np.concatenate([0.5 * (each[1:] + each[:-1]) for each in fine])
    shares = np.repeat(number / 16.0, 16)
    energy = 0.5 * NEUTRAL_PION_MASS_MEV * np.exp(np.linspace(-edges[-1], edges[-1], knots))
    # dN/dE of one rapidity y: 1/(M sinh y) for each photon, |ln(2 E/M)| < y
    far = np.abs(np.log(2.0 * energy / NEUTRAL_PION_MASS_MEV))[:, None] < middles[None, :]
    density = 2.0 * NEUTRAL_PION_TO_PHOTONS * (far * (shares / (NEUTRAL_PION_MASS_MEV * np.sinh(middles)))[None]).sum(1)
    return TabulatedPhotons(energy, np.maximum(density, _SMALLEST * density.max()))


def pair_positrons(
    photons: AbstractPhotonSpectrum,
    target: str,
    lowest_photon_MeV: float = 5.0,
    knots: int = _KNOTS,
) -> TabulatedPhotons:
    """Positrons that photons make in a target, per event and MeV of total energy; as many electrons come with them.

    Each photon is absorbed once. From a few MeV up that is Compton scattering, by the formula of Klein and Nishina, or
    else a pair, all shares of whose energy are taken to be alike (true to 20 % or so). Below 5 MeV what is absorbed by
    shells would be a large part of the rest, and is 4 % of it there in tungsten (recalled). What positrons lose
    afterwards is for :func:`track_length_per_MeV` to say.

    Parameters
    ----------
    photons
        Photons per event and MeV.
    target
        Chemical formula of what they are absorbed in.
    lowest_photon_MeV
        MeV, from 2 MeV up.
    knots
        How many knots the table has.

    Raises
    ------
    CevnsjaxError
        If there are no photons above that.
    """
    check_positive("lowest_photon_MeV", lowest_photon_MeV, "MeV")
    matter = PhotonTarget.named(target)
    electron = ELECTRON_MASS_MEV
    first = max(lowest_photon_MeV, 4.0 * electron, float(photons.break_points_MeV[0]))
    last = float(photons.break_points_MeV[-1])
    if not first < last:
        raise CevnsjaxError(f"There are no photons above {first:g} MeV to make pairs: they end at {last:g} MeV.")
    energy = np.geomspace(1.02 * electron, (last - electron) * (1.0 - 1e-6), knots)
    abscissae, weights = np.polynomial.legendre.leggauss(_ORDER)
    with jax.enable_x64(True):
        ends = np.maximum(first, energy + electron)
        edges = ends[:, None] * (last / ends)[:, None] ** np.linspace(0.0, 1.0, _EDGES + 1)
        half = 0.5 * np.diff(edges, axis=1)[..., None]
        photon = edges[:, :-1, None] + half * (1.0 + abscissae)
        absorbed, density = map(np.asarray, _absorbed(matter, photons, jnp.asarray(photon)))
        share = np.clip(1.0 - float(matter.electrons) * klein_nishina_barn(photon) / absorbed, 0.0, 1.0)
    made = (density * share / (photon - 2.0 * electron) * half * weights).sum(axis=(1, 2))
    return TabulatedPhotons(energy, np.maximum(made, _SMALLEST * made.max()))


def pair_electrons(photons: AbstractPhotonSpectrum, target: str) -> TabulatedPhotons:
    """Electrons and positrons of :func:`pair_positrons` together."""
    positrons = pair_positrons(photons, target)
    return TabulatedPhotons(positrons.energy_MeV, 2.0 * positrons.photons_per_MeV)


@eqx.filter_jit
def _absorbed(matter: PhotonTarget, photons: AbstractPhotonSpectrum, energy_MeV):
    """Cross sections, barn, and photons per event and MeV."""
    return matter.absorption_barn(energy_MeV), photons(energy_MeV)


def klein_nishina_barn(energy_MeV: Float[np.ndarray, "*point"]) -> Float[np.ndarray, "*point"]:
    """Total cross section of Compton scattering on a free electron, barn, for energies in MeV."""
    k = energy_MeV / ELECTRON_MASS_MEV
    radius2 = (FINE_STRUCTURE_CONSTANT * HBAR_C_MEV_FM / ELECTRON_MASS_MEV) ** 2 / 100.0
    logarithm = np.log1p(2.0 * k)
    first = (1.0 + k) / k**2 * (2.0 * (1.0 + k) / (1.0 + 2.0 * k) - logarithm / k)
    return 2.0 * math.pi * radius2 * (first + 0.5 * logarithm / k - (1.0 + 3.0 * k) / (1.0 + 2.0 * k) ** 2)
