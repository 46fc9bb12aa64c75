"""Cross sections of free electrons: at one energy, and averaged over pion decay at rest."""

import functools
from collections.abc import Callable

from cevnsjax.cross_section import ElectronScattering, ElectronTreeLevel, flux_averaged_cross_section
from cevnsjax.flux import AbstractFlux, MonoEnergetic, PionDecayAtRest
from cevnsjax.target import ElectronShells, Material, PointLike, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_TOTALS = {
    "nu_e": 2.8871902965e-43,
    "nu_e_bar": 1.2244432947e-43,
    "nu_mu": 4.5101859942e-44,
    "nu_mu_bar": 4.1232790623e-44,
}
_DECAY_AT_REST = {"nu_e": 3.0523805822e-43, "nu_mu_bar": 5.0822048592e-44, "nu_mu": 4.4789155475e-44}


def _decay_at_rest() -> AbstractFlux:
    return PionDecayAtRest(0.08, 1e23, 20.0)


def _cross_section_cm2(make_flux: Callable[[], AbstractFlux], neutrino: str) -> float:
    """Cross section of one electron without binding energy, over all recoils."""
    flux = make_flux()
    interaction = ElectronScattering({"sm": ElectronTreeLevel(0.23863)}, ElectronShells([0.0], [1.0]))
    atom = Material({"H1": nuclide("H1", lambda _: PointLike())}, {"H1": 1.0}, 1.0)
    average = flux_averaged_cross_section(interaction, flux, atom)
    return float(average[flux.components.index(neutrino)]) * 1e-40


def _rows():
    convention = "free electron, all recoils; tree level, s_W^2 = 0.23863"
    for neutrino, value in _TOTALS.items():
        yield PublishedNumber(
            id=f"electron-cross-section-30-mev-{neutrino.replace('_', '-')}",
            source="independent calculation (closed form)",
            convention=f"{neutrino}, E = 30 MeV; {convention}",
            published=value,
            tolerance=1e-8 * value,
            unit="cm^2",
            compute=functools.partial(_cross_section_cm2, functools.partial(MonoEnergetic, neutrino, 30.0), neutrino),
        )
    for neutrino, value in _DECAY_AT_REST.items():
        yield PublishedNumber(
            id=f"electron-cross-section-dar-{neutrino.replace('_', '-')}",
            source="independent quadrature",
            convention=f"{neutrino} of pions decaying at rest; {convention}",
            published=value,
            tolerance=1e-8 * value,
            unit="cm^2",
            compute=functools.partial(_cross_section_cm2, _decay_at_rest, neutrino),
        )


ELECTRON_SCATTERING = tuple(_rows())
"""sigma on one electron."""
