"""Differential cross sections at single points."""

import functools

import jax.numpy as jnp

from cevnsjax.cross_section import (
    NSI,
    AbstractTerm,
    Coherent,
    FlavourMatrix,
    HeavyNucleus,
    SpinHalf,
    ThreeMomentum,
    TreeLevel,
)
from cevnsjax.target import Helm, Nuclide
from cevnsjax.validation.published_number import PublishedNumber

_TERMS: dict[str, AbstractTerm] = {"sm": TreeLevel(0.23863)}
_NSI = NSI(FlavourMatrix(ee=0.1), FlavourMatrix(ee=-0.05, emu_real=0.03, emu_imag=0.04))
_INTERACTIONS = {
    "sm": (Coherent(_TERMS, SpinHalf(), ThreeMomentum()), "spin-1/2 kinematics"),
    "sm-heavy-nucleus": (Coherent(_TERMS, HeavyNucleus(), ThreeMomentum()), "1 - MT/(2E^2)"),
    "nsi": (
        Coherent({**_TERMS, "nsi": _NSI}, SpinHalf(), ThreeMomentum()),
        "eps_ee^u = 0.1, eps_ee^d = -0.05, eps_emu^d = 0.03 + 0.04i; spin-1/2 kinematics",
    ),
}
_POINTS = {
    "Ge74": ((32, 42, 68840.789161, 4.06, 10.0), (2.4196083212e-40, 2.4209148317e-40, 1.6075067503e-40)),
    "Cs133": ((55, 78, 123772.53974, 5.0, 5.0), (1.490667219e-39, 1.4910459018e-39, 1.0267345004e-39)),
}
_ENERGY_MEV = 30.0


def _cross_section_cm2_per_keV(interaction: Coherent, nucleus: Nuclide, recoil_energy_keV: float) -> float:
    energy, recoil = (jnp.asarray([value], dtype=float) for value in (_ENERGY_MEV, recoil_energy_keV))
    return float(interaction.differential_cross_section(energy, recoil, nucleus, "nu_e")[0]) * 1e-40


def _rows():
    for name, ((protons, neutrons, mass, radius, recoil), values) in _POINTS.items():
        nucleus = Nuclide(protons, neutrons, mass, Helm(radius), Helm(radius))
        for (label, (interaction, description)), value in zip(_INTERACTIONS.items(), values, strict=True):
            yield PublishedNumber(
                id=f"point-{name.lower()}-{label}",
                source="independent calculation, checked against numerical traces",
                convention=f"nu_e, E = 30 MeV, T = {recoil:g} keV; tree level, s_W^2 = 0.23863; {description}; "
                f"Helm R_rms = {radius} fm, |q|^2 = 2MT + T^2",
                published=value,
                tolerance=1e-9 * value,
                unit="cm^2/keV",
                compute=functools.partial(_cross_section_cm2_per_keV, interaction, nucleus, recoil),
            )


POINT_VALUES = tuple(_rows())
"""dsigma/dT on single nuclei."""
