"""Dark matter boosted by cosmic rays, and axial bosons of nuclear transitions, beside independent evaluations."""

import functools

import jax.numpy as jnp

from cevnsjax.flux import BoostedDarkMatter, ExponentialNeutrons, cosmic_rays
from cevnsjax.particle import AxialBoson, DiracDarkMatter, SpinDipoleTransition, SpinTransition, VectorPortal
from cevnsjax.program import program
from cevnsjax.validation.published_number import PublishedNumber

_RAYS = "independent calculation on the tables of github.com/noctildon/CRiDM (3418bc5)"
_INDEPENDENT = "independent calculation of formulas in a talk of B. Dutta, 2024"
_HBAR_C_MEV_FM = 197.3269804
_PEER_KPC = 3.086 / 3.0856775814913673


@program
def _flux(source: BoostedDarkMatter, kinetic_MeV):
    return source.flux(kinetic_MeV).sum(axis=0)


def _boosted(kinetic_MeV: float) -> float:
    """Per GeV, with the unit of length of that code."""
    particle = DiracDarkMatter(mass_MeV=1.0, portal=VectorPortal(1e-3, 0.5), mass_ratio=1.0)
    source = BoostedDarkMatter(particle, 1.0, 0.997 * _PEER_KPC)
    return 1e3 * float(_flux(source, jnp.asarray([kinetic_MeV]))[0])


def _protons(kinetic_MeV: float) -> float:
    return 1e3 * float(cosmic_rays("proton").flux(jnp.asarray(kinetic_MeV)))


def _spins(energy_MeV: float, mass_MeV: float) -> float:
    return float(SpinTransition(1.0, 1.0).width_MeV(AxialBoson(0.5, 0.5, mass_MeV), jnp.asarray(energy_MeV)))


def _spin_dipole(energy_MeV: float, mass_MeV: float) -> float:
    boson = AxialBoson(0.5, -0.5, mass_MeV)
    return float(SpinDipoleTransition(_HBAR_C_MEV_FM).width_MeV(boson, jnp.asarray(energy_MeV)))


def _neutrons() -> float:
    pulse = ExponentialNeutrons(1.0, pulses_per_s=1.0)
    return float(pulse.fluence_per_cm2[0] * pulse.above(jnp.asarray([10.0]))[0, 0])


def _entries():
    for kinetic, value in ((100.0, 17.6453271), (1e3, 3.64075496), (1e4, 0.0336674369), (1e5, 5.78068224e-5)):
        yield PublishedNumber(
            id=f"cosmic-ray-protons-{kinetic:g}-mev",
            source="github.com/noctildon/CRiDM (3418bc5), rays.dPhidT",
            convention=f"protons of {kinetic:g} MeV, all directions, linear between the knots of HelMod's table",
            published=value,
            tolerance=1e-8 * value,
            unit="cm^-2 s^-1 GeV^-1",
            compute=functools.partial(_protons, kinetic),
        )
    for kinetic, value in ((1.0, 6.18652894e-2), (10.0, 1.85967818e-4), (100.0, 2.53712577e-7), (1e3, 2.88713246e-10)):
        yield PublishedNumber(
            id=f"boosted-dark-matter-{kinetic:g}-mev",
            source=_RAYS,
            convention=f"Dirac, kinetic energy {kinetic:g} MeV, m_chi = m_V = 1 MeV, epsilon = 1e-3, alpha_D = 0.5, "
            "0.997 kpc and 0.3 GeV/cm^3; helium has no spin here and is a Dirac particle there (2e-5)",
            published=value,
            tolerance=1e-4 * value,
            unit="cm^-2 s^-1 GeV^-1",
            compute=functools.partial(_boosted, kinetic),
        )
    yield PublishedNumber(
        id="x17-spin-width",
        source=_INDEPENDENT,
        convention="p/(18 pi) (2 + E^2/m^2), 18.15 MeV and 16.85 MeV",
        published=0.376968835,
        tolerance=1e-8,
        unit="MeV",
        compute=functools.partial(_spins, 18.15, 16.85),
    )
    yield PublishedNumber(
        id="x17-spin-dipole-width",
        source=_INDEPENDENT,
        convention="p^3/(144 pi), 17.23 MeV and 17.01 MeV",
        published=0.0457006409,
        tolerance=1e-9,
        unit="MeV^3",
        compute=functools.partial(_spin_dipole, 17.23, 17.01),
    )
    yield PublishedNumber(
        id="jsns2-neutrons-10-mev",
        source=_INDEPENDENT,
        convention="neutrons above 10 MeV of 387 in a pulse, exp(-E/30 MeV)",
        published=277.297617,
        tolerance=1e-6,
        unit="per pulse",
        compute=_neutrons,
    )


BOOSTED = tuple(_entries())
