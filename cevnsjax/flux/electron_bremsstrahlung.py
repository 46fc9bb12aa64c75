"""Vector bosons radiated by electrons on nuclei, in the improved Weizsaecker-Williams approximation."""

import math

from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, check_positive, is_concrete
from cevnsjax.constants import CM2_MEV2, CROSS_SECTION_UNIT_CM2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.errors import CevnsjaxError

_FASTEST = 5.0
"""Least energy of an electron, in masses of the boson."""


def electron_bremsstrahlung(
    energy_share: Float[Array, "*point"],
    electron_energy_MeV: Scalar,
    boson_mass_MeV: Scalar,
    coupling: Scalar,
    proton_number: int,
) -> Float[Array, "*point"]:
    """dsigma/dx of e Z -> e Z V by an electron or positron, in ``CROSS_SECTION_UNIT_CM2``.

    For L = g V_mu ebar gamma^mu e, and with S = Z^2 ln(184 Z^(-1/3)) + Z ln(1194 Z^(-2/3)) for complete screening,
    dsigma/dx = (alpha^2 g^2/pi) S (1 - x + x^2/3)/(m_V^2 (1 - x)/x + x m_e^2); Y.-S. Tsai, Phys. Rev. D 34, 1326
    (1986); J. D. Bjorken et al., Phys. Rev. D 80, 075018 (2009).

    It holds for m_e << m_V << E_e, where it does not depend on E_e. It has no threshold, and m_V = 0 gives 3/4 of the
    soft photons that electrons radiate. As in github.com/athompson-git/alplib its logarithm is half of theirs:
    :func:`cevnsjax.flux.boson_bremsstrahlung`, which has their limit, is twice as large for m_V far above m_e. Masses
    up to that of an electron, and electrons with less energy than five m_V, are refused where they can be seen; inside
    of a transformation nothing is checked.

    Parameters
    ----------
    energy_share
        x = E_V/E_e, any shape, between m_V/E_e and 1.
    electron_energy_MeV
        E_e, MeV.
    boson_mass_MeV
        m_V, MeV.
    coupling
        g; e epsilon of a dark photon, ``couplings.electron`` of a portal.
    proton_number
        Z of the nuclei.

    Raises
    ------
    CevnsjaxError
        If the boson is not heavier than an electron, or the electron is too slow for it.
    """
    check_positive("boson_mass_MeV", boson_mass_MeV, "MeV")
    check_positive("electron_energy_MeV", electron_energy_MeV, "MeV")
    if is_concrete(boson_mass_MeV) and is_concrete(electron_energy_MeV):
        mass, energy = float(boson_mass_MeV), float(electron_energy_MeV)
        if not ELECTRON_MASS_MEV < mass <= energy / _FASTEST:
            raise CevnsjaxError(
                "Bremsstrahlung in the Weizsaecker-Williams approximation needs m_e << m_V << E_e, from m_e to "
                f"E_e/{_FASTEST:g}; got m_V = {mass:g} MeV for E_e = {energy:g} MeV."
            )
    x, protons = energy_share, float(proton_number)
    elastic = protons**2 * math.log(184.0 * protons ** (-1.0 / 3.0))
    screened = elastic + protons * math.log(1194.0 * protons ** (-2.0 / 3.0))
    scale = FINE_STRUCTURE_CONSTANT**2 * screened * CM2_MEV2 / CROSS_SECTION_UNIT_CM2 / math.pi
    virtuality = boson_mass_MeV**2 * (1.0 - x) / x + ELECTRON_MASS_MEV**2 * x
    return scale * coupling**2 * (1.0 - x + x**2 / 3.0) / virtuality
