"""Sources: fluxes at accelerators, and events by solar neutrinos and by a supernova without a detector."""

import functools
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import Coherent, SpinHalf, TreeLevel
from cevnsjax.flux import (
    AbstractFlux,
    DiffuseSupernovae,
    PinchedSpectrum,
    SupernovaBurst,
    decay_at_rest_facility,
    solar_neutrinos,
)
from cevnsjax.paths import set_number
from cevnsjax.spectrum import gauss_legendre_panels
from cevnsjax.target import Helm, compound
from cevnsjax.validation.published_number import PublishedNumber

_SECONDS_PER_YEAR = 365.25 * 86400.0
_KG_PER_TONNE = 1e3
_THRESHOLDS_KEV = (0.0, 0.5, 1.0, 2.0)
_SOURCE = "independent calculation (nested quadrature)"
_CROSS_SECTION = "tree level, s_W^2 = 0.23863; Helm, Lewin-Smith; spin-1/2 kinematics; mean of isotopes"
_BORON = f"8B flux 5.25e6 cm^-2 s^-1, 365.25 d; {_CROSS_SECTION}"
_BURST = (
    "10 kpc; <E> = 12, 15 and 16 MeV for nu_e, nu_e_bar and the four others, alpha = 2.5, 5e52 erg each; recoils above "
    f"1 keV; {_CROSS_SECTION}"
)


def _facility_flux(name: str) -> float:
    """Flux of all flavours at full power, cm^-2 s^-1."""
    return float(decay_at_rest_facility(name).flux(1.0).fluence_per_cm2.sum())


def _boron() -> AbstractFlux:
    flux = solar_neutrinos(_SECONDS_PER_YEAR, None, ("8B",))
    return set_number(flux, "flux_per_cm2_s.8B", 5.25e6)


def _burst() -> AbstractFlux:
    return SupernovaBurst(*(PinchedSpectrum(mean, 2.5, 5.0) for mean in (12.0, 15.0, 16.0)), distance_kpc=10.0)


def _events_per_tonne(
    element: str, source: Callable[[], AbstractFlux], thresholds_keV: tuple[float, ...]
) -> np.ndarray:
    """Recoils above each threshold."""
    flux, target = source(), compound(element, Helm.lewin_smith)
    lightest = min(float(nuclide.mass_MeV) for nuclide in target.nuclides.values())
    largest_keV = 2e3 * float(flux.break_points_MeV[-1]) ** 2 / lightest
    root, weight = gauss_legendre_panels(
        jnp.sqrt(as_float([*thresholds_keV, largest_keV])), (48,) * len(thresholds_keV)
    )
    density = eqx.filter_jit(Coherent({"sm": TreeLevel()}, SpinHalf()).recoil_density)(root**2, flux, target)
    events = (density.sum(axis=0) * 2.0 * root * weight).reshape(len(thresholds_keV), -1).sum(axis=1)
    return _KG_PER_TONNE * np.cumsum(np.asarray(events)[::-1])[::-1]


@functools.cache
def _boron_events() -> np.ndarray:
    return _events_per_tonne("Xe", _boron, _THRESHOLDS_KEV)


def _boron_cross_section_cm2() -> float:
    target = compound("Xe")
    nuclei = _KG_PER_TONNE * sum(float(target.nuclei_per_kg(isotope)) for isotope in target.nuclides)
    return float(_boron_events()[0] / nuclei / float(_boron().fluence_per_cm2[0]))


def _rows():
    for name, setting, value in (
        ("sns", "1.4 MW of 1 GeV protons, 0.0848 neutrinos per proton and flavour, 19.3 m", 47490885.446),
        ("csns", "0.14 MW of 1.6 GeV protons, 0.17 neutrinos per proton and flavour, 10.5 m", 20103856.389),
    ):
        yield PublishedNumber(
            id=f"flux-{name}",
            source=f"independent calculation; talks quote {value:.1e} cm^-2 s^-1",
            convention=f"sum of flavours; {setting}",
            published=value,
            tolerance=1e-9 * value,
            unit="cm^-2 s^-1",
            compute=functools.partial(_facility_flux, name),
        )
    yield PublishedNumber(
        id="flux-diffuse-supernovae",
        source="D. Baxter et al., arXiv:2105.00599: 86 cm^-2 s^-1 +- 50 % (recalled, not checked against the paper)",
        convention="sum of flavours; T = 3, 5, 8 MeV, 3e53 erg; history of Horiuchi et al. 2009, perhaps not theirs",
        published=86.0,
        tolerance=8.6,
        unit="cm^-2 s^-1",
        compute=lambda: float(eqx.filter_jit(lambda flux: flux.total_per_cm2_s)(DiffuseSupernovae(1.0))),
    )
    yield PublishedNumber(
        id="solar-8b-cross-section-xe",
        source=_SOURCE,
        convention=_CROSS_SECTION,
        published=1.2222975775e-39,
        tolerance=1e-5 * 1.2222975775e-39,
        unit="cm^2",
        compute=_boron_cross_section_cm2,
    )
    for index, value in enumerate((928.85923271, 301.58545438, 92.266377892, 4.6186547635)):
        threshold = _THRESHOLDS_KEV[index]
        yield PublishedNumber(
            id=f"solar-8b-events-xe-above-{threshold:g}-keV",
            source=_SOURCE,
            convention=f"per tonne and year, recoils above {threshold:g} keV; {_BORON}",
            published=value,
            tolerance=1e-4 * value,
            unit="events",
            compute=functools.partial(lambda index: float(_boron_events()[index]), index),
        )
    for element, value in (("Xe", 18.3), ("Ar", 7.0), ("Ge", 11.5)):
        yield PublishedNumber(
            id=f"supernova-events-{element.lower()}",
            source=f"{_SOURCE}, three digits",
            convention=f"per tonne; {_BURST}",
            published=value,
            tolerance=0.05,
            unit="events",
            compute=functools.partial(lambda element: float(_events_per_tonne(element, _burst, (1.0,))[0]), element),
        )


SOURCES = tuple(_rows())
