"""Differential cross sections at single points, for every interaction on nuclei."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp

from cevnsjax.cross_section import (
    NSI,
    AbstractNeutrinoScattering,
    AbstractTerm,
    AbstractVectorKinematics,
    BaryonMinusLeptons,
    ChargeRadius,
    Coherent,
    DipolePortal,
    FlavourMatrix,
    FlavourVector,
    GeneralizedScalar,
    GeneralizedTensor,
    HeavyNucleus,
    LightScalar,
    LightVector,
    MagneticMoment,
    Millicharge,
    SpinHalf,
    ThreeMomentum,
    TreeLevel,
)
from cevnsjax.target import Helm, Nuclide
from cevnsjax.validation.published_number import PublishedNumber

_ENERGY_MEV = 30.0
_RELATIVE_TOLERANCE = 1e-9
_STANDARD_MODEL = "Standard Model at tree level, s_W^2 = 0.23863"


@dataclass(frozen=True)
class _Point:
    """A nucleus and a recoil energy."""

    protons: int
    neutrons: int
    mass_MeV: float
    rms_radius_fm: float
    recoil_energy_keV: float


_POINTS = {
    "Ge74": _Point(32, 42, 68840.789161, 4.06, 10.0),
    "Cs133": _Point(55, 78, 123772.53974, 5.0, 5.0),
}


@dataclass(frozen=True)
class _Case:
    """What happens, in words and as an interaction, and dsigma/dT in cm^2/keV on the points in their order."""

    description: str
    interaction: Callable[[], AbstractNeutrinoScattering]
    values: tuple[float, float]
    neutrino: str = "nu_e"


def _only(term: AbstractTerm) -> Coherent:
    """The term without the Standard Model."""
    return Coherent({"term": term}, SpinHalf(), ThreeMomentum())


def _standard_model(term: AbstractTerm | None = None, kinematics: AbstractVectorKinematics | None = None) -> Coherent:
    """The Standard Model at tree level, alone or with a term."""
    terms: dict[str, AbstractTerm] = {"sm": TreeLevel(0.23863)}
    return Coherent(terms if term is None else {**terms, "term": term}, kinematics or SpinHalf(), ThreeMomentum())


_CASES = {
    "sm": _Case(
        f"{_STANDARD_MODEL}; spin-1/2 kinematics",
        _standard_model,
        (2.4196083212e-40, 1.490667219e-39),
    ),
    "sm-heavy-nucleus": _Case(
        f"{_STANDARD_MODEL}; 1 - MT/(2E^2)",
        lambda: _standard_model(kinematics=HeavyNucleus()),
        (2.4209148317e-40, 1.4910459018e-39),
    ),
    "nsi": _Case(
        f"{_STANDARD_MODEL} and eps_ee^u = 0.1, eps_ee^d = -0.05, eps_emu^d = 0.03 + 0.04i; spin-1/2 kinematics",
        lambda: _standard_model(NSI(FlavourMatrix(ee=0.1), FlavourMatrix(ee=-0.05, emu_real=0.03, emu_imag=0.04))),
        (1.6075067503e-40, 1.0267345004e-39),
    ),
    "b-l": _Case(
        f"{_STANDARD_MODEL} and Z' of B - L, g' = 1e-4, M = 10 MeV; spin-1/2 kinematics",
        lambda: _standard_model(BaryonMinusLeptons(10.0, 1e-4)),
        (1.5104017374e-39, 1.0051284887e-38),
    ),
    "universal-vector": _Case(
        f"{_STANDARD_MODEL} and Z' with all charges 1, g' = 1e-4, M = 10 MeV; spin-1/2 kinematics",
        lambda: _standard_model(LightVector(10.0, 1e-4)),
        (2.9562383751e-39, 2.1412951911e-38),
    ),
    "b-le-3lmu+ltau": _Case(
        f"{_STANDARD_MODEL} and Z' of B - L_e - 3 L_mu + L_tau, g' = 1e-4, M = 10 MeV; spin-1/2 kinematics",
        lambda: _standard_model(BaryonMinusLeptons.from_charges(10.0, 1e-4, 1.0, 3.0, -1.0)),
        (7.3070836773e-39, 4.9974589073e-38),
        "nu_mu",
    ),
    "scalar": _Case(
        "light scalar alone, g = 1e-5, m = 10 MeV, c_p = 15.1, c_n = 14",
        lambda: _only(LightScalar(10.0, 1e-5, 15.1, 14.0)),
        (7.0542725952e-42, 4.1615647031e-41),
    ),
    "xi-s": _Case(
        "generalised scalar alone, xi_S = 1",
        lambda: _only(GeneralizedScalar(FlavourVector.universal(1.0))),
        (1.6088352753e-40, 8.3386614857e-40),
    ),
    "xi-t": _Case(
        "generalised tensor alone, xi_T = 1",
        lambda: _only(GeneralizedTensor(FlavourVector.universal(1.0))),
        (3.4008482079e-40, 2.0080133812e-39),
    ),
    "magnetic": _Case(
        "magnetic moment alone, mu = 1e-10 mu_B",
        lambda: _only(MagneticMoment(FlavourMatrix(ee=1e-10))),
        (2.0985539431e-43, 1.152962457e-42),
    ),
    "charge-radius": _Case(
        f"{_STANDARD_MODEL} and <r^2>_ee = 1e-32 cm^2; spin-1/2 kinematics",
        lambda: _standard_model(ChargeRadius(FlavourMatrix(ee=1.0))),
        (2.6047902947e-40, 1.5958209761e-39),
    ),
    "charge-radius-transition": _Case(
        "<r^2>_emu = 1e-32 cm^2 alone; spin-1/2 kinematics",
        lambda: _only(ChargeRadius(FlavourMatrix(emu_real=1.0))),
        (3.4137435738e-43, 1.7917650047e-42),
    ),
    "millicharge": _Case(
        f"{_STANDARD_MODEL} and q_ee = 1e-7 e; spin-1/2 kinematics",
        lambda: _standard_model(Millicharge(FlavourMatrix(ee=1e-7))),
        (3.1818064687e-41, 1.7803382486e-40),
    ),
    "dipole-portal": _Case(
        "upscattering alone, mu = 1e-9 mu_B, m_4 = 5 MeV",
        lambda: DipolePortal(5.0, FlavourVector(1e-9), ThreeMomentum()),
        (2.0836983809e-41, 1.1447888083e-40),
    ),
}


def _cross_section_cm2_per_keV(case: _Case, point: _Point) -> float:
    form_factor = Helm(point.rms_radius_fm)
    nucleus = Nuclide(point.protons, point.neutrons, point.mass_MeV, form_factor, form_factor)
    energy, recoil = (jnp.asarray([value], dtype=float) for value in (_ENERGY_MEV, point.recoil_energy_keV))
    return float(case.interaction().differential_cross_section(energy, recoil, nucleus, case.neutrino)[0]) * 1e-40


def _rows():
    for position, (nucleus, point) in enumerate(_POINTS.items()):
        for name, case in _CASES.items():
            value = case.values[position]
            yield PublishedNumber(
                id=f"point-{nucleus.lower()}-{name}",
                source="independent calculation, checked against numerical traces",
                convention=f"{case.neutrino}, E = {_ENERGY_MEV:g} MeV, T = {point.recoil_energy_keV:g} keV; "
                f"{case.description}; Helm R_rms = {point.rms_radius_fm} fm, "
                "|q|^2 = 2MT + T^2",
                published=value,
                tolerance=_RELATIVE_TOLERANCE * value,
                unit="cm^2/keV",
                compute=functools.partial(_cross_section_cm2_per_keV, case, point),
            )


POINT_VALUES = tuple(_rows())
"""dsigma/dT on single nuclei."""
