"""Counts of nuclear lines the usual way: SciPy quadrature for each level, written without the package.

Nothing here imports cevnsjax: constants and formulas are written out again. Units: MeV, fm, cm, keV for bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, special

Array = NDArray[np.float64]

HBAR_C = 197.3269804  # MeV fm
FERMI = 1.1663788e-11  # MeV^-2
MUON_MASS, PION_MASS = 105.6583755, 139.57039
NUCLEON_MASS = 0.5 * (938.27208816 + 939.56542052)
PROTON_MOMENT, NEUTRON_MOMENT = 2.79284734463, -1.91304273
SIN2 = 0.23863

PROMPT = (PION_MASS**2 - MUON_MASS**2) / (2.0 * PION_MASS)
END_POINT = 0.5 * MUON_MASS


@dataclass(frozen=True)
class Level:
    """One excited state: what the tables of levels say, and the nucleus around it.

    ``nuclei_per_kg`` is per kilogram of the material; ``quenching`` multiplies the squared matrix element; ``radius``
    (fm) and ``quanta`` are those of the oscillator shell that the transition takes place in.
    """

    energy: float
    proton_spin: float
    neutron_spin: float
    ground_state_spin: float
    quenching: float
    mass: float
    nuclei_per_kg: float
    radius: float
    quanta: int


@dataclass(frozen=True)
class Detector:
    """Exposure, bins and resolution sigma = a E^(1/2), keV, and the couplings to spins."""

    fluence: float  # of each flavour, cm^-2
    mass_kg: float
    edges_keV: Array
    stochastic_sqrt_keV: float
    axial_coupling: float = 1.2756
    strange_axial_coupling: float = -0.085
    axial_mass: float = 1026.0


def axial_amplitude(level: Level, detector: Detector) -> float:
    """<g_A sum sigma tau_0/2 - g_A^s sum sigma/2>."""
    isovector = 0.5 * (level.proton_spin - level.neutron_spin)
    isoscalar = 0.5 * (level.proton_spin + level.neutron_spin)
    return detector.axial_coupling * isovector - detector.strange_axial_coupling * isoscalar


def cross_section_long_wavelength(energy: float, level: Level, detector: Detector) -> float:
    """cm^2, at momentum transfer zero."""
    strength = axial_amplitude(level, detector) ** 2 * level.quenching / (2.0 * level.ground_state_spin + 1.0)
    return FERMI**2 / math.pi * (HBAR_C * 1e-13) ** 2 * max(energy - level.energy, 0.0) ** 2 * strength


def cross_section_finite_momentum(energy: float, level: Level, detector: Detector, sign: float) -> float:
    """cm^2, by a quadrature over cos theta; ``sign`` is +1 for neutrinos, -1 for antineutrinos."""
    mass, excitation = level.mass, level.energy
    available = 2.0 * mass * energy - excitation * (2.0 * mass + excitation)
    if available <= 0.0:
        return 0.0
    axial = axial_amplitude(level, detector)
    weak = 1.0 - 4.0 * SIN2
    to_proton, to_neutron = weak * PROTON_MOMENT - NEUTRON_MOMENT, weak * NEUTRON_MOMENT - PROTON_MOMENT
    magnetic = 0.5 * (to_proton * level.proton_spin + to_neutron * level.neutron_spin) / (2.0 * NUCLEON_MASS)
    length2 = level.radius**2 / (level.quanta + 1.5)
    normal = special.binom(level.quanta + 2, 2)

    def integrand(c: float) -> float:
        final = available / (2.0 * (mass + energy * (1.0 - c)))
        q2 = energy**2 + final**2 - 2.0 * energy * final * c
        a = axial / (1.0 + (q2 - (energy - final) ** 2) / detector.axial_mass**2) ** 2
        y = 0.25 * q2 * length2 / HBAR_C**2
        form = special.eval_genlaguerre(level.quanta, 2, 2.0 * y) / normal * math.exp(-y)
        recoil = (mass + energy - final) / (mass + energy * (1.0 - c))
        traced = (
            a**2 * (3.0 - c)
            + 2.0 * magnetic**2 * (q2 - (energy - final * c) * (energy * c - final))
            + sign * 4.0 * a * magnetic * (energy + final) * (1.0 - c)
        )
        return final**2 * recoil * form**2 * traced / 3.0

    total = integrate.quad(integrand, -1.0, 1.0)[0]
    scale = FERMI**2 / (2.0 * math.pi) * (HBAR_C * 1e-13) ** 2
    return scale * level.quenching / (2.0 * level.ground_state_spin + 1.0) * total


def flux_averages(level: Level, detector: Detector, finite_momentum: bool) -> Array:
    """Cross section averaged over nu_mu (a line), nu_e and nubar_mu of pions that decay at rest, cm^2."""

    def cross_section(energy: float, sign: float) -> float:
        if finite_momentum:
            return cross_section_finite_momentum(energy, level, detector, sign)
        return cross_section_long_wavelength(energy, level, detector)

    def nu_e(energy: float) -> float:
        x = energy / END_POINT
        return 12.0 * x**2 * (1.0 - x) / END_POINT * cross_section(energy, 1.0)

    def nubar_mu(energy: float) -> float:
        x = energy / END_POINT
        return 2.0 * x**2 * (3.0 - 2.0 * x) / END_POINT * cross_section(energy, -1.0)

    recoil = 0.5 * level.energy / level.mass if finite_momentum else 0.0
    threshold = min(level.energy * (1.0 + recoil), END_POINT)
    delayed = [integrate.quad(spectrum, threshold, END_POINT, epsabs=0.0)[0] for spectrum in (nu_e, nubar_mu)]
    return np.array([cross_section(PROMPT, 1.0), *delayed])


def counts(levels: list[Level], detector: Detector, finite_momentum: bool) -> Array:
    """Counts of each flavour in each bin, shape ``[flavour, bin]``."""
    total = np.zeros((3, detector.edges_keV.size - 1))
    for level in levels:
        line_keV = 1e3 * level.energy
        sigma_keV = detector.stochastic_sqrt_keV * line_keV**0.5
        cumulative = 0.5 * special.erf((detector.edges_keV - line_keV) / (sigma_keV * 2.0**0.5))
        events = (
            detector.mass_kg * level.nuclei_per_kg * detector.fluence * flux_averages(level, detector, finite_momentum)
        )
        total += events[:, None] * np.diff(cumulative)
    return total
