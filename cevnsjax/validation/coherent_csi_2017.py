"""COHERENT CsI[Na] 2017: events in the window, predicted counts in several conventions, and the fitted signal."""

import dataclasses
import functools

import equinox as eqx
import jax.numpy as jnp

from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV
from cevnsjax.cross_section import Coherent, TreeLevel
from cevnsjax.experiment import Experiment, coherent_csi_2017
from cevnsjax.experiment.coherent_csi_2017 import protons_on_target
from cevnsjax.inference import Model, ProfileInterval, build_model, profile_interval, significance
from cevnsjax.paths import get_path, set_number
from cevnsjax.response import AbstractResponse, PoissonPhotoElectrons
from cevnsjax.target import Helm, Material, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_COUNT_SOURCE = "independent calculation from the public release"
_PAPER = "COHERENT, arXiv:1708.01294"
_BASE = (
    "no time window; 14.6 kg, 259.81 g/mol, atomic masses, 19.3 m, 0.08 nu/POT/flavour; tree level, s_W^2 = 0.23857; "
    "Helm R_rms 4.83 (Cs) and 4.75 fm (I); quenching factor 0.0878, 13.348 PE/keVee; "
)
_EXPOSURE_GWH = 7.47594
_FIT = (
    "12 x 12 bins of both beam-on samples; shape of the signal fixed; prompt neutrons 5.4 +- 25 %, one free norm of "
    "the steady state with the anticoincidence sample's energies and an exponential in time, (0.052 +- 0.011)/us as "
    "with the beam off (left free: 122 events; the time histogram of all steady-state samples in its place: 139)"
)


def convention_experiment(protons: float) -> Experiment:
    """Build the experiment in the convention of the reference counts, for a number of protons on target."""
    nuclides = {
        name: nuclide(name, lambda _, radius=radius: Helm(radius), mass * ATOMIC_MASS_UNIT_MEV)
        for name, radius, mass in (("Cs133", 4.83, 132.90545), ("I127", 4.75, 126.90447))
    }
    experiment = coherent_csi_2017().with_interactions({"cevns": Coherent({"sm": TreeLevel(0.23857)})})
    material = Material(nuclides, dict.fromkeys(nuclides, 1.0), 259.81)
    experiment = dataclasses.replace(experiment, target=material)
    return set_number(experiment, "sources.sns.flux.protons_on_target", protons)


@eqx.filter_jit
def _all_times(experiment: Experiment, response: AbstractResponse):
    events = experiment.spectrum("cevns", "sns").flat().events
    kernel = response.kernel(experiment.visible_energy_keV("cevns", "sns"))
    return jnp.matmul(events, kernel, precision="highest").sum()


def _count(protons: float, first_edge_PE: int) -> float:
    """Events of all times, up to 30 PE."""
    experiment = convention_experiment(protons)
    own: PoissonPhotoElectrons = get_path(experiment, "response")
    response = PoissonPhotoElectrons((first_edge_PE, 30), own.light_yield_PE_per_keV, own.efficiency, own.turn_on_PE)
    return float(_all_times(experiment, response))


def _count_rows():
    protons = {energy: protons_on_target(_EXPOSURE_GWH, energy) for energy in (1000.0, 984.0)}
    first, bins = "PE = 6 to 30", "PE = 7 to 30 (edges 6 to 30, n stands at n - 1/2)"
    for name, text, edge, exposure, value in (
        ("1000-MeV", f"{first}; 1.68e23 POT, {_EXPOSURE_GWH} GWh at 1.000 GeV", 5, protons[1000.0], 157.3),
        ("984-MeV", f"{first}; 1.71e23 POT, {_EXPOSURE_GWH} GWh at 0.984 GeV", 5, protons[984.0], 157.3 / 0.984),
        ("1.76e23", f"{first}; 1.76e23 POT", 5, 1.76e23, 164.8),
        ("1000-MeV-bins", f"{bins}; 1.68e23 POT, {_EXPOSURE_GWH} GWh at 1.000 GeV", 6, protons[1000.0], 155.9),
        ("1.76e23-bins", f"{bins}; 1.76e23 POT", 6, 1.76e23, 163.3),
    ):
        yield PublishedNumber(
            f"csi-2017-count-{name.lower()}",
            _COUNT_SOURCE,
            _BASE + text,
            value,
            0.1,
            "events",
            functools.partial(_count, exposure, edge),
        )


def fit_convention_model() -> Model:
    """Signal norm with a fixed shape, prompt neutrons and steady state free."""
    return build_model(coherent_csi_2017(), "sm", fixed=["quenching_factor", "acceptance"])


@eqx.filter_jit
def _predicted(experiment: Experiment):
    return experiment.signal().sum()


@functools.cache
def _interval() -> tuple[ProfileInterval, float]:
    model = fit_convention_model()
    return profile_interval(model, "signal_norm"), float(_predicted(model.at({})))


def _fitted_events() -> float:
    interval, predicted = _interval()
    return interval.best * predicted


def _fit_error() -> float:
    interval, predicted = _interval()
    return 0.5 * (interval.upper - interval.lower) * predicted


def _events(sample: int) -> float:
    return float(coherent_csi_2017().observed[sample].sum())


def _rows():
    for sample, (name, value) in enumerate((("coincidence", 547.0), ("anticoincidence", 405.0))):
        yield PublishedNumber(
            f"csi-2017-events-{name}",
            "public release arXiv:1804.09459, as the usual analyses count it",
            "6 to 30 PE, t < 6 us, beam on",
            value,
            0.0,
            "events",
            functools.partial(_events, sample),
        )
    yield from _count_rows()
    yield PublishedNumber("csi-2017-fit-events", f"{_PAPER}: 134 +- 22", _FIT, 134.0, 4.0, "events", _fitted_events)
    yield PublishedNumber("csi-2017-fit-error", f"{_PAPER}: 134 +- 22", _FIT, 22.0, 1.5, "events", _fit_error)
    yield PublishedNumber(
        "csi-2017-fit-significance",
        f"{_PAPER}: 6.7",
        f"{_FIT}; sqrt(2 Delta ln L) against no CEvNS",
        6.7,
        0.4,
        "sigma",
        lambda: significance(fit_convention_model(), "signal_norm"),
    )


COHERENT_CSI_2017 = tuple(_rows())
"""Events, predicted counts in several conventions, and the fitted signal."""
