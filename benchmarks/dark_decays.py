"""The usual way to dark matter at a detector: a Monte Carlo of pi0 -> gamma V*, V* -> chi chi and scattering on argon.

It imports nothing of the package. Every pion gives one pair, isotropic in each frame; what goes into a narrow band of
angles around the detector's counts, which an axially symmetric beam allows and saves a thousand of azimuthal angles.
Scattering is a weight: the cross section above threshold, from a table in the energy of chi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ALPHA, HBAR_C_MEV_FM, MEV2_CM2 = 1.0 / 137.035999084, 197.3269804, 3.893793721e-22
PION_MEV, PION_TO_PHOTONS, ELECTRON_MEV, MUON_MEV = 134.9768, 0.98823, 0.51099895, 105.6583755
ARGON_MEV, ARGON_PROTONS, ARGON_NUCLEONS = 37214.7, 18, 40
HALF_BAND = 0.05  # in the cosine of the angle to the beam, around 90 degrees


@dataclass(frozen=True)
class Beam:
    """Pions of each energy: how many per proton, with Legendre moments of their angles; protons, distance, target."""

    kinetic_energy_MeV: np.ndarray
    pions_per_proton: np.ndarray
    angular_moments: np.ndarray
    protons: float
    distance_m: float
    nuclei: float
    threshold_keV: float


def sampled_events(
    beam: Beam,
    mass_MeV: float,
    epsilon: float,
    alpha_D: float,
    mass_ratio: float,
    samples: int,
    random: np.random.Generator,
) -> tuple[float, float]:
    """Events of a complex scalar above threshold, and their statistical error."""
    mediator = mass_ratio * mass_MeV
    virtuality, branching = _virtualities(mass_MeV, mediator, epsilon, alpha_D, samples, random)
    pion, cosine = _pions(beam, samples, random)
    # V* in the frame of the pion, and in the laboratory
    energy, momentum = 0.5 * (PION_MEV**2 + virtuality**2) / PION_MEV, 0.5 * (PION_MEV**2 - virtuality**2) / PION_MEV
    sine = np.sqrt(1.0 - cosine**2)
    direction = np.stack([sine, np.zeros(samples), cosine])
    boson = _boosted(energy, momentum * _isotropic(samples, random), pion / PION_MEV, direction)
    # chi in the frame of V*, and in the laboratory
    energy, momentum = 0.5 * virtuality, np.sqrt(0.25 * virtuality**2 - mass_MeV**2)
    along = boson[1] / np.sqrt((boson[1] ** 2).sum(axis=0))
    sent, total, seen = momentum * _isotropic(samples, random), np.zeros(samples), boson[0] / virtuality
    cross_section = _cross_section(beam.threshold_keV, mass_MeV, mediator, epsilon, alpha_D)
    for sign in (1.0, -1.0):
        chi_energy, chi = _boosted(energy, sign * sent, seen, along)
        inside = np.abs(chi[2]) < HALF_BAND * np.sqrt(chi_energy**2 - mass_MeV**2)
        total[inside] += cross_section(chi_energy[inside])
    # per solid angle of the band
    scale = beam.protons * beam.pions_per_proton.sum() * branching * beam.nuclei
    scale /= 4.0 * math.pi * HALF_BAND * (100.0 * beam.distance_m) ** 2
    return float(scale * total.mean()), float(scale * total.std() / math.sqrt(samples))


def _pions(beam: Beam, samples: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Energies and cosines of pions: cells, and a table of the cumulative distribution of angles in each."""
    share = beam.pions_per_proton / beam.pions_per_proton.sum()
    numbers = random.multinomial(samples, share)
    grid = np.linspace(-1.0, 1.0, 2001)
    cosines = []
    for number, moments in zip(numbers, beam.angular_moments, strict=True):
        series = np.polynomial.legendre.legval(grid, (np.arange(moments.size) + 0.5) * moments)
        positive = np.maximum(series, 0.0)  # a few moments of a peak may go below zero
        cumulative = np.append(0.0, np.cumsum(0.5 * (positive[1:] + positive[:-1])))
        cosines.append(np.interp(random.random(number) * cumulative[-1], cumulative, grid))
    return np.repeat(beam.kinetic_energy_MeV + PION_MEV, numbers), np.concatenate(cosines)


def _virtualities(mass, mediator, epsilon, alpha_D, samples, random) -> tuple[np.ndarray, float]:
    """Invariant masses of pairs by the propagator, and the branching ratio of pi0 -> gamma chi chi."""
    low, high = 4.0 * mass**2, PION_MEV**2

    def dark(mass_of_pair):
        return alpha_D / 12.0 * mass_of_pair * np.maximum(1.0 - 4.0 * mass**2 / mass_of_pair**2, 0.0) ** 1.5

    leptons = [lepton for lepton in (ELECTRON_MEV, MUON_MEV) if mediator > 2.0 * lepton]
    visible = sum(
        ALPHA
        * epsilon**2
        / 3.0
        * mediator
        * (1.0 + 2.0 * (m / mediator) ** 2)
        * math.sqrt(1.0 - 4.0 * (m / mediator) ** 2)
        for m in leptons
    )
    width = max(float(dark(np.asarray(mediator))), 1e-3 * mediator)
    first, last = (math.atan((s - mediator**2) / (mediator * width)) for s in (low, high))
    angle = np.linspace(first, last, 20_001)
    s = mediator**2 + mediator * width * np.tan(angle)
    root = np.sqrt(s)
    shape = root * dark(root) / (math.pi * ((s - mediator**2) ** 2 + s * (dark(root) + visible * root / mediator) ** 2))
    shape *= 2.0 * PION_TO_PHOTONS * epsilon**2 * np.maximum(1.0 - s / high, 0.0) ** 3
    shape *= ((s - mediator**2) ** 2 + (mediator * width) ** 2) / (mediator * width)  # ds over d(angle)
    steps = 0.5 * (shape[1:] + shape[:-1]) * np.diff(angle)
    cumulative = np.append(0.0, np.cumsum(steps))
    return np.interp(random.random(samples) * cumulative[-1], cumulative, root), float(cumulative[-1])


def _cross_section(threshold_keV, mass, mediator, epsilon, alpha_D):
    """Cross section above threshold, cm^2, as a function of the energy in MeV: scalar dark matter, Ar40 of spin 0."""
    x, weights = np.polynomial.legendre.leggauss(48)
    energy = np.geomspace(mass * (1.0 + 1e-9), 1500.0, 400)
    largest = 2.0 * ARGON_MEV * (energy**2 - mass**2) / (ARGON_MEV**2 + mass**2 + 2.0 * ARGON_MEV * energy)
    low = np.minimum(1e-3 * threshold_keV, largest)
    recoil = 0.5 * (largest + low)[:, None] + 0.5 * (largest - low)[:, None] * x
    q = np.sqrt(2.0 * ARGON_MEV * recoil) / HBAR_C_MEV_FM
    size = q * 1.2 * ARGON_NUCLEONS ** (1.0 / 3.0)
    form = 3.0 * (np.sin(size) - size * np.cos(size)) / size**3 / (1.0 + 0.49 * q**2)
    coupling = 16.0 * math.pi**2 * ALPHA * alpha_D * epsilon**2 * ARGON_PROTONS**2
    rate = 2.0 * ARGON_MEV * (energy[:, None] - 0.5 * recoil) ** 2 * form**2
    rate /= 4.0 * math.pi * (energy**2 - mass**2)[:, None] * (2.0 * ARGON_MEV * recoil + mediator**2) ** 2
    table = MEV2_CM2 * coupling * (0.5 * (largest - low)) * (rate @ weights)
    return lambda chi_MeV: np.interp(chi_MeV, energy, table)


def _isotropic(samples: int, random: np.random.Generator) -> np.ndarray:
    cosine, azimuth = 2.0 * random.random(samples) - 1.0, 2.0 * math.pi * random.random(samples)
    sine = np.sqrt(1.0 - cosine**2)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])


def _boosted(energy, momentum, gamma, direction) -> tuple[np.ndarray, np.ndarray]:
    """Energy and momentum in the frame in which the rest frame moves along a direction."""
    speed = np.sqrt(gamma**2 - 1.0)  # times gamma
    along = (momentum * direction).sum(axis=0)
    return gamma * energy + speed * along, momentum + ((gamma - 1.0) * along + speed * energy) * direction
