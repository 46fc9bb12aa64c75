"""Projections: fluxes at the detectors, and the events of CICENNS."""

import dataclasses
import functools

import jax.numpy as jnp

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.cross_section import Coherent, ErlerSu, SpinHalf
from cevnsjax.experiment import EXPERIMENTS
from cevnsjax.experiment.projections import cicenns
from cevnsjax.flux import GaussianPulse, PionDecayArrival, Reactor, Source
from cevnsjax.paths import set_number
from cevnsjax.response import GammaPhotoElectrons
from cevnsjax.validation.published_number import PublishedNumber

_cicenns = functools.cache(cicenns)


def _cicenns_flux() -> float:
    return float(_cicenns().sources["csns"].flux.fluence_per_cm2.sum()) / SECONDS_PER_DAY


def _cicenns_reference() -> float:
    """Events in the convention of the reference: every photo-electron, COHERENT's pulse, 2.0e7 cm^-2 s^-1."""
    experiment = _cicenns().with_interactions({"cevns": Coherent({"sm": ErlerSu()}, SpinHalf())})
    experiment = set_number(experiment, "sources.csns.flux.norm", 2.0e7 / _cicenns_flux())
    response = experiment.response
    assert isinstance(response, GammaPhotoElectrons)
    every = dataclasses.replace(response, edges_PE=jnp.append(response.edges_PE, 250.0))
    kernel = every.kernel(experiment.visible_energy_keV("cevns", "csns"))
    events = experiment.spectrum("cevns", "csns").flat().events
    source = Source(experiment.sources["csns"].flux, PionDecayArrival(GaussianPulse(0.44, 0.15)))
    in_time = experiment.window.fractions(source.cumulative).sum(axis=1)
    return float((jnp.matmul(events, kernel, precision="highest").sum(axis=1) * in_time).sum())


def _nucleus_flux() -> float:
    flux = EXPERIMENTS["nucleus-1"]().sources["reactor"].flux
    assert isinstance(flux, Reactor)
    return float(flux.flux_per_cm2_s)


PROJECTED = (
    PublishedNumber(
        "cicenns-flux",
        "independent calculation; 2.0e7 in a talk of J. Liao, 2024",
        "all flavours; 0.14 MW, 1.6 GeV, 0.17 neutrinos per proton and flavour (recalled), 10.5 m",
        20103856.389,
        1e-6 * 20103856.389,
        "cm^-2 s^-1",
        _cicenns_flux,
    ),
    PublishedNumber(
        "cicenns-count",
        "independent calculation",
        "300 kg, 365.25 d at 2.0e7 cm^-2 s^-1; COHERENT CsI[Na] response and time efficiency, 0 to 6 us, every "
        "photo-electron; Gaussian pulse 0.44 +- 0.15 us; Klein-Nystrand 1.2 A^(1/3) fm, Erler-Su, spin-1/2 kinematics",
        2460.5417618,
        1e-3 * 2460.5417618,
        "events",
        _cicenns_reference,
    ),
    PublishedNumber(
        "cicenns-events",
        "talk of J. Liao, 2024: about 2500 a year",
        "default prediction: a calendar year at 2.01e7 cm^-2 s^-1, PE < 60, two bunches",
        2500.0,
        50.0,
        "events",
        lambda: float(_cicenns().signal().sum()),
    ),
    PublishedNumber(
        "nucleus-flux",
        "independent calculation with 7.24 antineutrinos per fission",
        "two cores of 4.25 GW at 72 and 102 m; TEXONO's table, 7.2434 per fission",
        2142833153200.0,
        1e-3 * 2142833153200.0,
        "cm^-2 s^-1",
        _nucleus_flux,
    ),
)
