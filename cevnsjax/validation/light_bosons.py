"""Light bosons of photons, electrons, positrons and mesons: cross sections of peers and traces, events at a reactor."""

import functools
import math

import jax.numpy as jnp

from cevnsjax.constants import CM2_MEV2, ELECTRON_MASS_MEV, FINE_STRUCTURE_CONSTANT
from cevnsjax.cross_section import BosonDecay, InverseCompton
from cevnsjax.flux import (
    BosonFlux,
    ComptonEmission,
    ConeGeometry,
    MesonCells,
    NeutralMesonEmission,
    boson_bremsstrahlung,
    reactor_photons,
    stopped_pion_emission,
)
from cevnsjax.particle import (
    Alp,
    DarkPhoton,
    annihilation,
    compton_nodes,
    inverse_compton,
    primakoff,
    resonance_strength_per_MeV,
)
from cevnsjax.program import program
from cevnsjax.target import compound
from cevnsjax.validation.published_number import PublishedNumber

_ALPLIB = "github.com/athompson-git/alplib (feb12de)"
_TRACES = "independent calculation by traces"
_WITH = "g = 1e-6, m_e = 0.511 MeV, alpha = 1/137 and hbar c as there"
# its alpha and hbar c; its m_e is a unit of energy: ours are taken at energies over this
_UNITS = 1.0 / 137.0 / FINE_STRUCTURE_CONSTANT * (6.58212e-14 * 2.998 / 1.973269804e-13) ** 2
_UNIT = 0.511 / ELECTRON_MASS_MEV
_CHARGE = math.sqrt(4.0 * math.pi * FINE_STRUCTURE_CONSTANT)
_CM2 = CM2_MEV2 * _UNITS / _UNIT**2


def _alp(mass_MeV: float) -> Alp:
    return Alp(mass_MeV / _UNIT, electron_coupling=1e-6)


def _made(energy_MeV: float, mass_MeV: float) -> float:
    return _CM2 * float(compton_nodes(_alp(mass_MeV), jnp.asarray(energy_MeV / _UNIT), 24)[1].sum())


def _seen(energy_MeV: float, mass_MeV: float) -> float:
    return _CM2 * float(inverse_compton(_alp(mass_MeV), jnp.asarray(energy_MeV / _UNIT)))


def _primakoff(energy_MeV: float, mass_MeV: float, protons: int) -> float:
    """With p/E in front, as that code has it."""
    alp = Alp(mass_MeV, photon_coupling_per_GeV=1e-3)
    ratio = math.sqrt(1.0 - (mass_MeV / energy_MeV) ** 2)
    return CM2_MEV2 * _UNITS * ratio * float(primakoff(alp, jnp.asarray(energy_MeV), protons))


def _radiated(energy_MeV: float, electron_MeV: float, mass_MeV: float) -> float:
    section = boson_bremsstrahlung(_alp(mass_MeV), jnp.asarray(energy_MeV / electron_MeV), 74)
    alpha = 1.0 / 137.0 / FINE_STRUCTURE_CONSTANT  # the formula has its square
    return 1e-40 * float(section) * _UNITS * alpha / _UNIT**2 / electron_MeV


def _photon(share: float) -> float:
    """dsigma/dx of a vector that is a photon, over 4 alpha r_e^2 and the logarithm of tungsten."""
    scale = 4.0 * FINE_STRUCTURE_CONSTANT**3 / ELECTRON_MASS_MEV**2 * CM2_MEV2 * 1e40
    logarithm = 74**2 * math.log(184.0 * 74 ** (-1 / 3)) + 74 * math.log(1194.0 * 74 ** (-2 / 3))
    return float(boson_bremsstrahlung(DarkPhoton(0.0, 1.0), jnp.asarray(share), 74)) / scale / logarithm


def _annihilated(positron_MeV: float, mass_MeV: float, cosine: float) -> float:
    return _CM2 * float(annihilation(_alp(mass_MeV), jnp.asarray(positron_MeV / _UNIT), jnp.asarray(cosine)))


def _resonance(mass_MeV: float) -> float:
    return float(resonance_strength_per_MeV(_alp(mass_MeV))) / _UNIT


def _pion_ratio(mass_MeV: float) -> float:
    """Dark photons of neutral pions that go in all directions, over epsilon^2."""
    mesons = MesonCells([1.0], [1.0], [[1.0]])
    return float(NeutralMesonEmission(mesons=mesons).nodes(DarkPhoton(mass_MeV, 1.0))[1].sum())


def _stopped(lepton: str, mass_MeV: float) -> float:
    channel = stopped_pion_emission("sns", lepton)
    return float(channel.nodes(DarkPhoton(mass_MeV, 1e-3 / _CHARGE))[1].sum() / channel.mesons_per_proton)


@program
def _events(flux: BosonFlux, interaction):
    target = compound("Ge")
    return interaction.spectrum(interaction.nodes(flux, target), flux, target).total().sum()


def _reactor(mass_MeV: float, decays: bool) -> float:
    """4 kg of germanium, 0.04 m^2 and 0.2 m, or as much empty space, with 1/(4 pi d^2) at the front."""
    channel = ComptonEmission(photons=reactor_photons(1.0), target="W")
    cone = ConeGeometry(2.25, 0.2)
    flux = BosonFlux(Alp(mass_MeV, electron_coupling=1e-6), {"compton": channel}, 8.64e6, cone)
    to_front = float(cone.volume_per_sr_m3) / (0.2 * 2.25**2)
    per_kg = float(_events(flux, BosonDecay(1.0) if decays else InverseCompton()))
    return (8.0 if decays else 4.0) * per_kg * to_front


def _rows():
    for energy, mass, made, seen in (
        (1.0, 0.1, 3.2295730597356776e-37, None),
        (2.0, 0.5, 2.3508673688788028e-37, 6.3549358549848545e-37),
        (10.0, 1.0, 1.2822864565223516e-37, 3.004892790798191e-37),
    ):
        coarse = " (2.8e-6 by the integration)" if energy == 10.0 else ""
        yield PublishedNumber(
            id=f"boson-compton-{energy:g}-mev",
            source=f"{_ALPLIB}, M2Compton",
            convention=f"gamma e -> a e, {energy:g} MeV, m = {mass:g} MeV, {_WITH}{coarse}",
            published=made,
            tolerance=3e-6 * made if coarse else 1e-9 * made,
            unit="cm^2",
            compute=functools.partial(_made, energy, mass),
        )
        if seen is not None:
            yield PublishedNumber(
                id=f"boson-inverse-compton-{energy:g}-mev",
                source=f"{_ALPLIB}, icompton_sigma",
                convention=f"a e -> gamma e, {energy:g} MeV, m = {mass:g} MeV, {_WITH}",
                published=seen,
                tolerance=1e-6 * seen,
                unit="cm^2",
                compute=functools.partial(_seen, energy, mass),
            )
    for energy, mass, protons, value in ((1.0, 0.1, 32, 2.785539e-33), (10.0, 1.0, 74, 1.894541e-32)):
        yield PublishedNumber(
            id=f"boson-primakoff-{energy:g}-mev",
            source="independent integral of primakoff_dsigma_dtheta of " + _ALPLIB,
            convention=f"gamma N -> a N, {energy:g} MeV, m = {mass:g} MeV, Z = {protons}, g = 1e-6/MeV, times p/E: "
            "it has p^4 for E p^3",
            published=value,
            tolerance=1e-6 * value,
            unit="cm^2",
            compute=functools.partial(_primakoff, energy, mass, protons),
        )
    for energy, electron, mass, value in (
        (5.0, 10.0, 0.1, 1.0522578764127821e-35),
        (20.0, 50.0, 1.0, 1.0732853083434905e-37),
    ):
        yield PublishedNumber(
            id=f"boson-bremsstrahlung-{energy:g}-mev",
            source=f"{_ALPLIB}, brem_dsigma_dea, after Y.-S. Tsai, Phys. Rev. D 34, 1326 (1986)",
            convention=f"ALP of {energy:g} MeV and m = {mass:g} MeV of an electron of {electron:g} MeV on W, {_WITH}",
            published=value,
            tolerance=1e-6 * value,
            unit="cm^2/MeV",
            compute=functools.partial(_radiated, energy, electron, mass),
        )
    for share in (0.1, 0.9):
        value = (4.0 * (1.0 - share) / 3.0 + share**2) / share
        yield PublishedNumber(
            id=f"boson-bremsstrahlung-photon-{share:g}",
            source="Y.-S. Tsai, Rev. Mod. Phys. 46, 815 (1974) (recalled): complete screening, its logarithm",
            convention=f"[4 (1 - x)/3 + x^2]/x at x = {share:g}, of a dark photon without mass and epsilon = 1",
            published=value,
            tolerance=1e-9,
            unit="1",
            compute=functools.partial(_photon, share),
        )
    for positron, mass, cosine, value in (
        (10.0, 1.0, 0.5, 1.95364710093429e-37),
        (50.0, 2.0, 0.0, 3.023549484279044e-38),
    ):
        yield PublishedNumber(
            id=f"boson-annihilation-{positron:g}-mev",
            source=_TRACES,
            convention=f"dsigma/dcos of e+ e- -> a gamma, {positron:g} MeV, m = {mass:g} MeV, "
            f"cos = {cosine:g}, {_WITH}",
            published=value,
            tolerance=1e-6 * value,
            unit="cm^2",
            compute=functools.partial(_annihilated, positron, mass, cosine),
        )
    for mass, value in ((1.5, 2.0997797874e-12), (10.0, 1.5450729076e-12)):
        yield PublishedNumber(
            id=f"boson-resonance-{mass:g}-mev",
            source="independent calculation, pi g^2/(4 m_e v)",
            convention=f"integral over E of the cross section of e+ e- -> a, {mass:g} MeV, g = 1e-6, m_e = 0.511 MeV",
            published=value,
            tolerance=1e-8 * value,
            unit="MeV^-1",
            compute=functools.partial(_resonance, mass),
        )
    for mass, value in ((30.0, 1.6977818225590078), (90.0, 0.338619627609476)):
        yield PublishedNumber(
            id=f"boson-pion-{mass:g}-mev",
            source="independent calculation, 2 B (1 - m^2/M^2)^3",
            convention=f"BR(pi0 -> gamma A')/epsilon^2, {mass:g} MeV, B = 0.98823",
            published=value,
            tolerance=1e-6 * value,
            unit="1",
            compute=functools.partial(_pion_ratio, mass),
        )
    for lepton, mass, value in (("electron", 10.0, 8.35106207e-12), ("muon", 10.0, 2.137e-10)):
        yield PublishedNumber(
            id=f"boson-stopped-pion-{lepton}",
            source=_TRACES,
            convention=f"BR(pi+ -> {lepton} nu A'), 10 MeV, e epsilon = 1e-3, a conserved current; integrated to 2e-3",
            published=value,
            tolerance=3e-3 * value,
            unit="1",
            compute=functools.partial(_stopped, lepton, mass),
        )
    for mass, decays, value in (
        (0.1, False, 0.0027869709615407716),
        (0.5, False, 0.0049918869506144345),
        (1.5, False, 4.6764099e-05),
        (1.5, True, 481687.95),
    ):
        yield PublishedNumber(
            id=f"boson-reactor-{'decays' if decays else 'compton'}-{mass:g}-mev",
            source=f"independent calculation, which samples of {_ALPLIB} agree with to 0.5 % (1.1 % of decays)",
            convention=f"m = {mass:g} MeV, g = 1e-6, photons of 1 MW in W, Ge of 4 kg at 2.25 m (0.04 m^2, 0.2 m), 100 "
            "days; 1/(4 pi d^2) at the front, and straight lines between points of XCOM there",
            published=value,
            tolerance=0.02 * value,
            unit="1",
            compute=functools.partial(_reactor, mass, decays),
        )


LIGHT_BOSONS = tuple(_rows())
