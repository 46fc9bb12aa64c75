"""Dresden-II germanium: rates and fits of the reactor-on data in the convention of an independent analysis."""

import dataclasses
import functools

import equinox as eqx
import numpy as np
import numpyro.distributions as dist

from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV
from cevnsjax.cross_section import Coherent, TreeLevel
from cevnsjax.cross_section.kinematics import HeavyNucleus
from cevnsjax.experiment import Experiment, TemplateBackground, dresden_ii
from cevnsjax.flux import Reactor, Source, reactor_spectra
from cevnsjax.inference import Maximum, Model, maximum, profile_interval
from cevnsjax.parameter import Parameter
from cevnsjax.paths import set_number
from cevnsjax.quenching import AbstractQuenching, ModifiedLindhard
from cevnsjax.target import Material, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_ABUNDANCES = {70: 0.2052, 72: 0.2745, 73: 0.0776, 74: 0.3652, 76: 0.0775}
_START_DECAYS_KEV = (0.05, 0.1, 0.25, 0.6)


def convention_experiment(
    spectra: str = "vogel-engel", captures: bool = False, quenching: str | AbstractQuenching = "iron-filter"
) -> Experiment:
    """Build the experiment in the convention of the reference, reactor on alone, without the M shell."""
    experiment = dresden_ii(quenching, reactor_off=False)
    source = experiment.sources["reactor"].flux
    assert isinstance(source, Reactor)
    flux = Reactor(
        reactor_spectra(spectra, logarithmic=False).restricted(0.02, 10.0),
        source.strength,
        source.exposure_s,
        source.fission_fractions,
        0.6 if captures else 0.0,
    )
    nuclides = {
        f"Ge{number}": nuclide(f"Ge{number}", mass_MeV=0.99993 * number * ATOMIC_MASS_UNIT_MEV)
        for number in _ABUNDANCES
    }
    counts = {f"Ge{number}": abundance for number, abundance in _ABUNDANCES.items()}
    experiment = dataclasses.replace(
        experiment,
        sources={"reactor": Source.steady(flux)},
        target=Material(nuclides, counts, 72.63),
        interactions={"cevns": Coherent({"sm": TreeLevel(0.23867)}, HeavyNucleus())},
    )
    return set_number(experiment, "backgrounds.lines.lines.Ge71.satellites.M.fraction", 0.0)


@functools.cache
def _rates(spectra: str, captures: bool, quenching: str) -> np.ndarray:
    """CEvNS counts per day in each bin."""
    lindhard = ModifiedLindhard(0.157, 0.0, 32, recoil_floor_keV=0.02)
    curve = lindhard if quenching == "lindhard" else quenching
    signal = convention_experiment(spectra, captures, curve).signal()
    return np.asarray(signal).sum(axis=(0, 2))


@functools.cache
def _model(*signal) -> Model:
    """The fit of the reactor-on data: all priors flat, and the signal as a histogram with a free norm."""
    experiment, rates = dresden_ii(reactor_off=False), _rates(*signal)
    experiment = set_number(experiment, "backgrounds.lines.lines.Ge71.satellites.M.fraction", 0.0)
    background = TemplateBackground(rates.sum(), rates[:, None])
    experiment = dataclasses.replace(
        experiment,
        interactions={},
        backgrounds={**experiment.backgrounds, "cevns": background},
        samples={"reactor_on": ("cevns", "neutrons", "lines")},
    )
    priors = {"neutrons_decay_energy": dist.Uniform(0.02, 5.0), "line_width": dist.Uniform(0.02, 0.3)}
    flat = [
        dataclasses.replace(p, prior=priors.get(p.name, p.prior))
        for p in experiment.nuisances
        if p.name not in ("reactor_flux_norm", "m_shell_ratio")
    ]
    # in counts per day, with the same prior for all signals: one model is compiled
    events = Parameter("events", dist.Uniform(0.0, 2e3), "backgrounds.cevns.events")
    return Model(experiment, [*flat, events])


def _fit(signal, events: float | None) -> Maximum:
    """Best of several starts."""
    model, fixed = _model(*signal), None if events is None else {"events": events}
    found = (maximum(model, fixed, start={"neutrons_decay_energy": decay_keV}) for decay_keV in _START_DECAYS_KEV)
    return max(found, key=lambda each: each.log_density)


def _chi2(norm: float, *signal) -> float:
    model = _model(*signal)
    best = _fit(signal, max(norm * _rates(*signal).sum(), 1e-6))
    return -2.0 * float(eqx.filter_jit(Model.log_likelihood)(model, best.values))


def _norm(*signal) -> float:
    return _fit(signal, None).values["events"] / float(_rates(*signal).sum())


def _norm_error(*signal) -> float:
    interval = profile_interval(_model(*signal), "events")
    return 0.5 * (interval.upper - interval.lower) / float(_rates(*signal).sum())


_SOURCE = "independent fit of the release arXiv:2202.09672"
_SIGNAL = (
    "4.8e13 cm^-2 s^-1 over the unit-normalised mixture, 0.02 to 10 MeV; isotopes at 0.99993 A u, 72.63 g/mol; "
    "s_W^2 = 0.23867, Klein-Nystrand 1.2 A^(1/3) fm, 1 - MT/(2E^2), T above 20 eV; sigma^2 = (68.5 eV)^2 + 0.3256 eV E"
)
_FIT = (
    "reactor on, chi2 with the released errors; constant, exponential (E_0 above 20 eV), Ge71 L1 (free centroid, width "
    "and area) with L2 of 0.008 at -0.155 keV, Zn65 L1 at -0.201 keV; no M shell; "
)


def _rows():
    iron, text = ("vogel-engel", False, "iron-filter"), "Vogel-Engel and iron-filter quenching"
    for index, value in enumerate((20.01, 16.94, 14.27, 11.95, 9.94)):
        yield PublishedNumber(
            f"dresden-ii-rate-bin-{index + 1}",
            "independent calculation",
            f"{text}; {_SIGNAL}",
            value,
            0.01 * value,
            "counts per day and bin",
            lambda index=index: float(_rates(*iron)[index]),
        )
    bestiole, capture = ("bestiole-2023", False, "iron-filter"), ("bestiole-2023", True, "iron-filter")
    lindhard = ("vogel-engel", False, "lindhard")
    chi2 = [
        ("no-cevns", "no CEvNS", 116.8, 0.0, iron),
        ("iron-filter", text, 98.3, 1.0, iron),
        ("bestiole", "BESTIOLE-2023 and iron-filter quenching", 98.9, 1.0, bestiole),
        ("bestiole-capture", "BESTIOLE-2023 with 0.6 captures and iron-filter quenching", 101.0, 1.0, capture),
        ("photoneutron", "Vogel-Engel and photoneutron quenching", 105.9, 1.0, ("vogel-engel", False, "photoneutron")),
        ("lindhard", "Vogel-Engel and Lindhard with k = 0.157", 112.1, 1.0, lindhard),
    ]
    for label, text, value, norm, signal in chi2:
        yield PublishedNumber(
            f"dresden-ii-chi2-{label}", _SOURCE, _FIT + text, value, 0.3, "1", functools.partial(_chi2, norm, *signal)
        )
    norms = [
        ("iron-filter", 1.66, 0.34, iron),
        ("bestiole", 1.79, 0.37, bestiole),
        ("bestiole-capture", 2.15, 0.44, capture),
        ("lindhard", 7.1, 1.6, lindhard),
    ]
    texts = {label: text for label, text, *_ in chi2}
    for label, value, error, signal in norms:
        convention = f"{_FIT}{texts[label]}, free norm"
        yield PublishedNumber(
            f"dresden-ii-norm-{label}",
            _SOURCE,
            convention,
            value,
            0.01 * value,
            "1",
            functools.partial(_norm, *signal),
        )
        yield PublishedNumber(
            f"dresden-ii-norm-error-{label}",
            _SOURCE,
            f"{convention}; half of the profile interval",
            error,
            0.05 * error,
            "1",
            functools.partial(_norm_error, *signal),
        )


DRESDEN_II = tuple(_rows())
