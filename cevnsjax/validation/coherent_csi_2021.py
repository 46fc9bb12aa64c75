"""COHERENT CsI[Na] 2021: predicted counts in several conventions, events in the window, and the fitted signal."""

import dataclasses
import functools
import math

import numpyro.distributions as dist

from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV
from cevnsjax.cross_section import Coherent, ErlerSu, TreeLevel
from cevnsjax.cross_section.term import AbstractVectorTerm
from cevnsjax.experiment import Experiment, coherent_csi_2021
from cevnsjax.flux import AbstractPulse, GaussianPulse, SharpPulse, SingleDecayArrival, Source
from cevnsjax.inference import Model, maximum, profile_interval, significance
from cevnsjax.parameter import Parameter
from cevnsjax.paths import set_number
from cevnsjax.target import AbstractFormFactor, Helm, KleinNystrand, Material, PointLike, nuclide
from cevnsjax.validation.published_number import PublishedNumber

_COUNT_SOURCE = "independent calculation from the public release (0.1-PE bins, adaptive quadrature)"
_BASE = (
    "PE < 60, t < 6 us; 14.6 kg, 259.81 g/mol, atomic masses, 19.3 m, 3.198e23 POT, 0.0848 nu/POT/flavour; "
    "sharp arrival at 0.45 us, lifetimes 26 and 2197 ns; "
)


def convention_experiment(
    caesium: AbstractFormFactor,
    iodine: AbstractFormFactor,
    term: AbstractVectorTerm,
    pulse: AbstractPulse | None = None,
    time_efficiency: bool = True,
    **numbers: float,
) -> Experiment:
    """Build the experiment in the convention of the reference counts.

    Parameters
    ----------
    caesium, iodine
        Form factors of protons and neutrons.
    term
        Standard Model couplings.
    pulse
        Proton pulse; sharp at 0.45 us by default.
    time_efficiency
        Whether the time efficiency is applied.
    numbers
        Other leaves, by path with ``__`` for a dot.
    """
    masses = {"Cs133": 132.90545, "I127": 126.90447}
    form_factors = {"Cs133": caesium, "I127": iodine}
    nuclides = {
        name: nuclide(name, lambda _, name=name: form_factors[name], mass * ATOMIC_MASS_UNIT_MEV)
        for name, mass in masses.items()
    }
    experiment = coherent_csi_2021().with_interactions({"cevns": Coherent({"sm": term})})
    arrival = SingleDecayArrival(pulse or SharpPulse(0.45), 0.026, 2.197)
    experiment = dataclasses.replace(
        experiment,
        target=Material(nuclides, dict.fromkeys(nuclides, 1.0), 259.81),
        sources={"sns": Source(experiment.sources["sns"].flux, arrival)},
        nuisances=(),
    )
    if not time_efficiency:
        numbers = {**numbers, "window__efficiency_rate_per_us": 0.0}
    for path, value in numbers.items():
        experiment = set_number(experiment, path.replace("__", "."), value)
    return experiment


def _klein_nystrand(radius_constant_fm: float) -> tuple[KleinNystrand, KleinNystrand]:
    return (
        KleinNystrand.from_mass_number(133, radius_constant_fm),
        KleinNystrand.from_mass_number(127, radius_constant_fm),
    )


_HELM = (Helm(5.104), Helm(5.050))
_TREE = TreeLevel(0.23857)
_LABELS = ("nu_mu", "nu_e", "nu_mu_bar")


def _count(component: int | None, *arguments, **keywords) -> float:
    counts = convention_experiment(*arguments, **keywords).signal().sum(axis=(1, 2))
    return float(counts.sum() if component is None else counts[component])


def _count_rows():
    first = "Helm R_rms 5.104 (Cs) and 5.050 fm (I); tree level, s_W^2 = 0.23857"
    yield PublishedNumber(
        "csi-2021-count",
        _COUNT_SOURCE,
        _BASE + first,
        314.6,
        0.5,
        "events",
        functools.partial(_count, None, *_HELM, _TREE),
    )
    for component, value in enumerate((49.3, 102.7, 162.5)):
        yield PublishedNumber(
            f"csi-2021-count-{_LABELS[component].replace('_', '-')}",
            _COUNT_SOURCE,
            _BASE + first,
            value,
            0.3,
            "events",
            functools.partial(_count, component, *_HELM, _TREE),
        )
    wide, narrow = _klein_nystrand(1.23), _klein_nystrand(1.2)
    corrected = ErlerSu()
    variants = [
        ("klein-nystrand-1.23", "Klein-Nystrand R_A = 1.23 A^(1/3); tree level", 311.1, (*wide, _TREE), {}),
        ("klein-nystrand-1.2", "Klein-Nystrand R_A = 1.2 A^(1/3); tree level", 323.1, (*narrow, _TREE), {}),
        ("radiative", "Klein-Nystrand 1.2; Erler-Su", 329.5, (*narrow, corrected), {}),
        (
            "radiative-arrival-0",
            "Klein-Nystrand 1.2; Erler-Su; sharp arrival at 0",
            338.6,
            (*narrow, corrected, SharpPulse(0.0)),
            {},
        ),
        (
            "radiative-no-time-efficiency",
            "Klein-Nystrand 1.2; Erler-Su; no time efficiency",
            352.3,
            (*narrow, corrected, None, False),
            {},
        ),
        ("sw2-0.2312", "Helm 5.104/5.050; tree level, s_W^2 = 0.2312", 301.1, (*_HELM, TreeLevel(0.2312)), {}),
        ("helm-4.7", "Helm R_rms 4.7 fm for both nuclei; tree level", 356.6, (Helm(4.7), Helm(4.7), _TREE), {}),
        ("no-form-factor", "F = 1; tree level", 758.0, (PointLike(), PointLike(), _TREE), {}),
    ]
    shifts = {
        "quenching-0": ("quenching__first_component", 317.6, 311.8),
        "quenching-1": ("quenching__second_component", 304.8, 324.4),
        "efficiency": ("response__efficiency__shift", 350.6, 282.8),
    }
    for label, (path, plus, minus) in shifts.items():
        for sign, value in ((1.0, plus), (-1.0, minus)):
            text = f"{first}; {path.replace('__', '.')} = {sign:+g} sigma"
            name = f"{label}-{'plus' if sign > 0 else 'minus'}"
            variants.append((name, text, value, (*_HELM, _TREE), {path: sign}))
    for label, text, value, arguments, keywords in variants:
        yield PublishedNumber(
            f"csi-2021-count-{label}",
            _COUNT_SOURCE,
            _BASE + text,
            value,
            0.003 * value,
            "events",
            functools.partial(_count, None, *arguments, **keywords),
        )


def fit_convention_model() -> Model:
    """Signal norm, neutron norms with Gaussian priors and a free steady-state norm, all shapes fixed."""
    experiment = convention_experiment(*_klein_nystrand(1.2), ErlerSu(), GaussianPulse(0.45, 0.15))
    return Model(
        experiment,
        [
            Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm"),
            Parameter("brn_events", dist.TruncatedNormal(18.4, 4.6, low=0.0), "backgrounds.brn.events"),
            Parameter("nin_events", dist.TruncatedNormal(5.6, 2.0, low=0.0), "backgrounds.nin.events"),
            Parameter("steady_state_events", dist.Uniform(900.0, 1700.0), "backgrounds.steady_state.events"),
        ],
    )


def _predicted_events(model: Model) -> float:
    return float(model.at({}).signal().sum())


def _fitted_events() -> float:
    model = fit_convention_model()
    return maximum(model).values["signal_norm"] * _predicted_events(model)


def _fit_error() -> float:
    model = fit_convention_model()
    interval = profile_interval(model, "signal_norm")
    return 0.5 * (interval.upper - interval.lower) * _predicted_events(model)


def _fit_rows():
    text = (
        "joint Poisson fit of both samples in 9 x 11 bins; Klein-Nystrand 1.2, Erler-Su; "
        "Gaussian pulse (0.45, 0.15) us; BRN 18.4 +- 4.6, NIN 5.6 +- 2.0, one free steady-state norm; all shapes fixed"
    )
    independent = "independent fit of the public release"
    yield PublishedNumber("csi-2021-fit-events", independent, text, 308.0, 2.0, "events", _fitted_events)
    yield PublishedNumber("csi-2021-fit-error", independent, text, 33.0, 1.0, "events", _fit_error)
    yield PublishedNumber(
        "csi-2021-fit-published",
        "COHERENT, arXiv:2110.07730: 306 +- 20 (other flux in time, unbinned shapes)",
        text,
        306.0,
        15.0,
        "events",
        _fitted_events,
    )
    yield PublishedNumber(
        "csi-2021-significance",
        "independent fits 10.7 to 11.57; COHERENT 11.6",
        text + "; sqrt(2 Delta ln L) against no CEvNS",
        11.15,
        0.45,
        "sigma",
        lambda: significance(fit_convention_model(), "signal_norm"),
    )


def _events(sample: int) -> float:
    return float(coherent_csi_2021().observed[sample].sum())


COHERENT_CSI_2021 = (
    PublishedNumber(
        "csi-2021-events-coincidence",
        "public release, counted from the event list",
        "PE < 60, t < 6 us",
        1578.0,
        0.0,
        "events",
        functools.partial(_events, 0),
    ),
    PublishedNumber(
        "csi-2021-events-anticoincidence",
        "public release, counted from the event list",
        "PE < 60, t < 6 us",
        1295.0,
        0.0,
        "events",
        functools.partial(_events, 1),
    ),
    *_count_rows(),
    PublishedNumber(
        "csi-2021-count-default",
        "COHERENT, arXiv:2110.07730: 341 +- 11 (theory) +- 42 (experiment)",
        "the package's own default: Klein-Nystrand 1.2 A^(1/3), Erler-Su, nuclear masses, spin-0 kinematics, "
        "Gaussian pulse (0.45, 0.15) us, lifetimes of pion and muon",
        341.0,
        math.hypot(11.0, 42.0),
        "events",
        lambda: float(coherent_csi_2021().signal().sum()),
    ),
    *_fit_rows(),
)
