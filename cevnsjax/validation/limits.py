"""Where two different models must give the same rate: degeneracies and limits, as ratios that are one."""

import functools
import math
from collections.abc import Callable

import jax.numpy as jnp

from cevnsjax.constants import FERMI_CONSTANT_PER_MEV2
from cevnsjax.cross_section import (
    NSI,
    AbstractNeutrinoScattering,
    Coherent,
    DipolePortal,
    FlavourMatrix,
    FlavourVector,
    LightVector,
    MagneticMoment,
    TreeLevel,
    flux_averaged_cross_section,
)
from cevnsjax.flux import PionDecayAtRest
from cevnsjax.target import Helm, compound, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_EPSILON_UP = 0.2
_HEAVY_MASS_MEV = 1e6
_EPSILON = 0.05


def _point_ratio(first: AbstractNeutrinoScattering, second: AbstractNeutrinoScattering, neutrino: str) -> float:
    """Ratio of dsigma/dT on Ge74 at E = 30 MeV and T = 10 keV."""
    energy, recoil = (jnp.asarray([value], dtype=float) for value in (30.0, 10.0))
    target = nuclide("Ge74", Helm.lewin_smith)
    one, other = (
        interaction.differential_cross_section(energy, recoil, target, neutrino)[0] for interaction in (first, second)
    )
    return float(one / other)


def _on_a_degenerate_line(nucleus: str, flips_sign: bool) -> float:
    """Rate of nu_e of pions decaying at rest with eps_ee^d on the line over that of the Standard Model."""
    standard, target = TreeLevel(0.23863), compound(f"[{nucleus}]", Helm.lewin_smith)
    one = nuclide(nucleus)
    protons, neutrons = one.proton_number, one.neutron_number
    amplitude = protons * (0.5 - 2.0 * 0.23863) - 0.5 * neutrons
    wanted = -2.0 * amplitude if flips_sign else 0.0
    down = (wanted - (2 * protons + neutrons) * _EPSILON_UP) / (protons + 2 * neutrons)
    nsi = NSI(FlavourMatrix(ee=_EPSILON_UP), FlavourMatrix(ee=down))
    with_nsi, without = (_average(terms, target)[1] for terms in ({"sm": standard, "nsi": nsi}, {"sm": standard}))
    return float(with_nsi / without)


def _average(terms, target):
    return flux_averaged_cross_section(Coherent(terms), PionDecayAtRest(0.08, 1e23, 20.0), target)


def _heavy_vector_over_nsi() -> float:
    coupling = _HEAVY_MASS_MEV * math.sqrt(_EPSILON * math.sqrt(2.0) * FERMI_CONSTANT_PER_MEV2)
    diagonal = FlavourMatrix(_EPSILON, _EPSILON, _EPSILON)
    heavy, contact = (
        Coherent({"sm": TreeLevel(0.23863), "new": term})
        for term in (LightVector(_HEAVY_MASS_MEV, coupling), NSI(diagonal, diagonal))
    )
    return _point_ratio(heavy, contact, "nu_mu")


def _light_dipole_over_magnetic() -> float:
    magnetic = Coherent({"magnetic": MagneticMoment(FlavourMatrix(mumu=1e-10))})
    return _point_ratio(DipolePortal(1e-6, FlavourVector(mu=1e-10)), magnetic, "nu_mu")


def _ratio(name: str, source: str, convention: str, tolerance: float, compute: Callable[[], float]) -> PublishedNumber:
    return PublishedNumber(name, source, convention, 1.0, tolerance, "1", compute)


def _rows():
    lines = (("light", False, "0"), ("dark", True, "-2 (Z g_V^p + N g_V^n)"))
    for nucleus in ("Cs133", "Ar40"):
        for name, flips_sign, right in lines:
            yield _ratio(
                f"degenerate-nsi-{nucleus.lower()}-lma-{name}",
                "exact: the amplitude is the same" + (" but for its sign (LMA-Dark)" if flips_sign else ""),
                f"nu_e of pions decaying at rest; Z (2 eps_ee^u + eps_ee^d) + N (eps_ee^u + 2 eps_ee^d) = {right} with "
                f"eps_ee^u = {_EPSILON_UP}, over the Standard Model at tree level; one form factor",
                1e-10,
                functools.partial(_on_a_degenerate_line, nucleus, flips_sign),
            )
    yield _ratio(
        "heavy-vector-is-nsi",
        "exact in the limit of infinite mass; here Q^2/M^2 = 1.4e-9, which the rate has 2.4 times",
        "nu_mu on Ge74, E = 30 MeV, T = 10 keV; Standard Model and Z' of M = 1 TeV with all charges 1, over "
        f"Standard Model and eps^u = eps^d = g'^2/(sqrt2 G_F M^2) = {_EPSILON}",
        5e-9,
        _heavy_vector_over_nsi,
    )
    yield _ratio(
        "massless-dipole-is-magnetic",
        "exact in the limit of zero mass; m_4^2/(4ET) is 1e-12 here",
        "nu_mu on Ge74, E = 30 MeV, T = 10 keV; dipole portal with m_4 = 1 eV over a magnetic moment of the same size",
        1e-10,
        _light_dipole_over_magnetic,
    )


LIMITS = tuple(_rows())
"""Ratios of rates."""
