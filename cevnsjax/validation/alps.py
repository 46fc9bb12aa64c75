"""Axion-like particles: emission and absorption by nuclei, decay and conversion to photons."""

import dataclasses
import functools

import jax.numpy as jnp

from cevnsjax.constants import PROTON_MASS_MEV
from cevnsjax.cross_section import AlpAbsorption, InverseCompton, TalkNormalisation
from cevnsjax.flux import AlpFlux, ConeGeometry, M1Emission, boron_capture, fissions_per_s, hydrogen_capture
from cevnsjax.particle import Alp
from cevnsjax.target import NuclearLevels, Nuclide, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_INDEPENDENT = "independent calculation"
_ALPLIB = "github.com/athompson-git/alplib"
_TALK = "talk of B. Dutta, 2024, after TEXONO, Phys. Rev. D 75, 052004 (2007)"


def _branching_ratio(energy_MeV: float, mass_MeV: float, beta: float, eta: float) -> float:
    """For the dimensionless coupling g^3 = 1e-3."""
    alp = Alp(mass_MeV, isovector_coupling_per_GeV=0.5 / PROTON_MASS_MEV)
    return float(M1Emission(beta, eta).branching_ratio(alp, jnp.asarray(energy_MeV)))


def _level(energy_MeV: float, spin: float) -> Nuclide:
    """A level of strength one."""
    return dataclasses.replace(
        nuclide("I127"), levels=NuclearLevels.isovector("I127", spin, [spin], [energy_MeV], [1.0])
    )


def _absorption(energy_MeV: float, spin: float) -> float:
    alp = Alp(0.1, isovector_coupling_per_GeV=0.5 * 1.27e-3)
    return 1e-40 * float(AlpAbsorption().integrated_cross_section(alp, _level(energy_MeV, spin))[0])


def _talk_absorption(energy_MeV: float, spin: float) -> float:
    alp, interaction = Alp(0.1, isovector_coupling_per_GeV=1e-3), AlpAbsorption(TalkNormalisation(1.27))
    return 1e-40 * float(interaction.integrated_cross_section(alp, _level(energy_MeV, spin))[0])


def _activity(component: int) -> float:
    lines = {"hydrogen": hydrogen_capture(), "boron": boron_capture()}
    flux = AlpFlux(Alp(0.1), lines, fissions_per_s(2900.0), 1.0, ConeGeometry(1.0, 1.0))
    return float(flux.activity_GCi[component])


def _compton(energy_MeV: float, mass_MeV: float) -> float:
    alp = Alp(mass_MeV, electron_coupling=1e-6)
    return 1e-40 * float(InverseCompton().cross_section(jnp.asarray([energy_MeV]), alp, nuclide("H1"))[0])


def _rows():
    for name, energy, mass, beta, eta, value in (
        ("hydrogen", 2.223, 0.1, 0.0, 0.0, 9.801519441343772e-07),
        ("hydrogen-1-mev", 2.223, 1.0, 0.0, 0.0, 7.003654983145536e-07),
        ("lithium", 0.478, 0.1, 1.0, 0.5, 9.67999646159568e-07),
    ):
        yield PublishedNumber(
            id=f"alp-branching-ratio-{name}",
            source=f"{_INDEPENDENT}; {_ALPLIB} agrees with alpha = 1/137",
            convention=f"Gamma_a/Gamma_gamma, M1 of {energy:g} MeV, m_a = {mass:g} MeV, g^3 = 1e-3, g^0 = 0, "
            f"beta = {beta:g}, eta = {eta:g} (recalled), mu_0 = 0.88, mu_3 = 4.71",
            published=value,
            tolerance=1e-9 * value,
            unit="1",
            compute=functools.partial(_branching_ratio, energy, mass, beta, eta),
        )
    yield PublishedNumber(
        id="alp-branching-ratio-iron",
        source=_ALPLIB,
        convention="Gamma_a/Gamma_gamma, Fe57 14.4 keV, m_a = 0.1 keV, g^3 = 1e-3, g^0 = 0, beta = -1.19, eta = 0.8; "
        "alpha = 1/137 there, 2.6e-4",
        published=1.823515848231048e-06,
        tolerance=3e-4 * 1.823515848231048e-06,
        unit="1",
        compute=functools.partial(_branching_ratio, 0.0144, 0.0001, -1.19, 0.8),
    )
    for energy, spin, talk, golden_rule in (
        (2.23, 2.5, 1.2209433572148436e-34, 2.4418867144296872e-34),
        (2.23, 3.5, 9.157075179111327e-35, 1.8314150358222653e-34),
        (0.478, 2.5, 2.561754886224594e-35, 5.123509772449188e-35),
    ):
        setting = f"integral over the energy, {energy:g} MeV, J_i = {spin:g}, m_a = 0.1 MeV, M2 = 1, g_A = 1.27"
        yield PublishedNumber(
            id=f"alp-absorption-golden-rule-{energy:g}-{spin:g}",
            source=_INDEPENDENT,
            convention=f"{setting}; golden rule with H = 1e-3 GeV^-1 g_A grad a . sum sigma tau_0/2: g_3 is half",
            published=golden_rule,
            tolerance=1e-8 * golden_rule,
            unit="cm^2 MeV",
            compute=functools.partial(_absorption, energy, spin),
        )
        yield PublishedNumber(
            id=f"alp-absorption-talk-{energy:g}-{spin:g}",
            source=f"{_INDEPENDENT} with the formula of a talk of B. Dutta, 2024",
            convention=f"{setting}; talk's normalisation, g_ann = g_3 = 1e-3 GeV^-1",
            published=talk,
            tolerance=1e-8 * talk,
            unit="cm^2 MeV",
            compute=functools.partial(_talk_absorption, energy, spin),
        )
    for component, name, value in ((1, "hydrogen", 0.61), (0, "boron", 0.68)):
        yield PublishedNumber(
            id=f"alp-activity-{name}",
            source=_TALK,
            convention="photons of a core of 2.9 GW with 200 MeV per fission; the talk writes them beside one of 1 MW",
            published=value,
            tolerance=0.006,
            unit="GCi",
            compute=functools.partial(_activity, component),
        )
    for energy, mass, value in (
        (1.0, 0.01, 6.652099145783347e-37),
        (2.0, 0.5, 6.3549358549848545e-37),
        (10.0, 1.0, 3.004892790798191e-37),
    ):
        yield PublishedNumber(
            id=f"alp-inverse-compton-{energy:g}-mev",
            source=f"{_ALPLIB}, icompton_sigma",
            convention=f"one electron, E = {energy:g} MeV, m_a = {mass:g} MeV, g_e = 1e-6; alpha = 1/137 there and "
            "other roundings, 3.1e-4",
            published=value,
            tolerance=4e-4 * value,
            unit="cm^2",
            compute=functools.partial(_compton, energy, mass),
        )


ALPS = tuple(_rows())
