"""Light dark matter of neutral pions: events of public and of independent codes in liquid argon and in NaI."""

import functools

import equinox as eqx
import jax

from cevnsjax.cross_section import DarkNucleus, Panels
from cevnsjax.flux import DarkFlux, NeutralPion, beam_pions
from cevnsjax.particle import ScalarDarkMatter, VectorPortal
from cevnsjax.program import program
from cevnsjax.target import Helm, Material, Nuclide
from cevnsjax.validation.published_number import PublishedNumber

_BDNMC = "github.com/pgdeniverville/BdNMC, pi0 of noctildon/lightDM"
_INDEPENDENT = "independent calculation, quadrature over pi0 of noctildon/lightDM"
_NUCLEON_MEV = 939.565
_NARROW = 1e-3  # the smallest alpha_D that is not widened: the shape is that of a pole without a width


def _nuclide(protons: int, nucleons: int) -> Nuclide:
    form_factor = Helm.lewin_smith(nucleons)
    return Nuclide(protons, nucleons - protons, nucleons * _NUCLEON_MEV, form_factor, form_factor)


def _argon() -> Material:
    return Material({"Ar40": _nuclide(18, 40)}, {"Ar40": 1.0}, 39.948)


def _sodium_iodide() -> Material:
    nuclides = {"Na23": _nuclide(11, 23), "I127": _nuclide(53, 127)}
    return Material(nuclides, {"Na23": 1.0, "I127": 1.0}, 149.894)


@program
def _per_kg(particle: ScalarDarkMatter, flux: DarkFlux, target: Material, panels: Panels) -> jax.Array:
    flux = eqx.tree_at(lambda tree: tree.dark_matter, flux, particle)
    return DarkNucleus().spectrum(DarkNucleus().nodes(flux, target, panels), flux, target).total().sum()


def _events(
    beam: str,
    mass_MeV: float,
    protons: float,
    distance_m: float,
    angle_deg: float,
    target: Material,
    threshold_keV: float,
    mass_kg: float,
    alpha_D: float = 0.5,
    photon_branching_ratio: float = 1.0,
) -> float:
    pions = NeutralPion(mesons=beam_pions(beam), photon_branching_ratio=photon_branching_ratio, isotropic=True)
    particle = ScalarDarkMatter(mass_MeV=mass_MeV, portal=VectorPortal(1e-4, alpha_D))
    flux = DarkFlux(particle, {"pi0": pions}, protons, distance_m, angle_deg, slices=(0.0,))
    panels = Panels.of_all_recoils(flux, threshold_keV)
    return mass_kg * float(_per_kg(particle, flux, target, panels))


def _ccm(mass_MeV: float, narrow: bool = False) -> float:
    alpha_D, photons = (_NARROW, 0.98823) if narrow else (0.5, 1.0)
    events = _events("lujan", mass_MeV, 2.25e22, 20.0, 90.0, _argon(), 25.0, 7000.0, alpha_D, photons)
    return events * (0.5 / alpha_D)


def _sodium(mass_MeV: float) -> float:
    return _events("sns", mass_MeV, 1.8e24, 22.0, 120.0, _sodium_iodide(), 5.0, 3500.0)


_CODES = "scalar chi on nuclei without spin of A times 939.565 MeV, isotropic decays of V, Helm (Lewin and Smith)"
_CCM = f"7 t of argon at 20 m and 90 degrees, 2.25e22 protons, T > 25 keV, 0.06325 pi0 per proton; {_CODES}"
_COHERENT = f"3.5 t of NaI at 22 m and 120 degrees, 1.8e24 protons, T > 5 keV, 0.10484 pi0 per proton; {_CODES}"


def _rows():
    for mass, wide, narrow, bdnmc in ((10.0, 682.5, 667.62, 674.289), (30.0, 30.23, 31.007, 29.8283)):
        masses = f"m_chi = {mass:g} MeV, m_V = 3 m_chi, epsilon = 1e-4, alpha_D = 0.5"
        yield PublishedNumber(
            id=f"dark-matter-argon-{mass:g}-mev",
            source=_INDEPENDENT,
            convention=f"{masses}, B(pi0 -> gamma gamma) = 1, the width of V at m_V there and at s here; {_CCM}",
            published=wide,
            tolerance=1e-3 * wide,
            unit="events",
            compute=functools.partial(_ccm, mass),
        )
        yield PublishedNumber(
            id=f"dark-matter-argon-narrow-{mass:g}-mev",
            source=_INDEPENDENT,
            convention=f"{masses}, V on its mass shell: here events for alpha_D = 1e-3 times 500; {_CCM}",
            published=narrow,
            tolerance=1e-3 * narrow,
            unit="events",
            compute=functools.partial(_ccm, mass, True),
        )
        yield PublishedNumber(
            id=f"dark-matter-argon-bdnmc-{mass:g}-mev",
            source=_BDNMC,
            convention=f"{masses}, B(pi0 -> gamma gamma) = 1, 10,000 events, of which 1 % is its error; {_CCM}",
            published=bdnmc,
            tolerance=0.02 * bdnmc,
            unit="events",
            compute=functools.partial(_ccm, mass),
        )
    for mass, bdnmc in ((10.0, 110804.0), (30.0, 3095.97)):
        masses = f"m_chi = {mass:g} MeV, m_V = 3 m_chi, epsilon = 1e-4, alpha_D = 0.5"
        yield PublishedNumber(
            id=f"dark-matter-sodium-iodide-bdnmc-{mass:g}-mev",
            source=_BDNMC,
            convention=f"{masses}, B(pi0 -> gamma gamma) = 1, 4000 events, of which 1.6 % is its error; {_COHERENT}",
            published=bdnmc,
            tolerance=0.02 * bdnmc,
            unit="events",
            compute=functools.partial(_sodium, mass),
        )


DARK_MATTER = tuple(_rows())
