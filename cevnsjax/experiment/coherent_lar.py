"""COHERENT liquid argon (CENNS-10, analysis A): arXiv:2003.10630, Phys. Rev. Lett. 126, 012002 (2021).

Data, backgrounds and their variations are the three-dimensional histograms of the release (arXiv:2006.12659): energy,
F90 (the fraction of the light in the first 90 ns) and time. `coherent_lar` computes the CEvNS signal itself, in the
convention of this package (Erler-Su couplings, Klein-Nystrand form factor with R_A = 1.2 A^(1/3) fm and a = 0.7 fm,
spin-0 kinematics, natural argon); its F90 given the energy is the release's. `coherent_lar_templates` takes the
release's CEvNS histogram instead: the published fit.
"""

import numpy as np
import numpyro.distributions as dist

from cevnsjax.cross_section import Coherent, ErlerSu
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.nuisances import flux_norm, positive
from cevnsjax.experiment.template import TemplateBackground, TemplateVariation
from cevnsjax.flux import GaussianPulse, PionDecayArrival, PionDecayAtRest, Source
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import PolynomialQuenching
from cevnsjax.response import GaussianResponse, Resolution, SplitResponse, TabulatedEfficiency, TimeWindow
from cevnsjax.tables import Table, Values, read_table, read_values
from cevnsjax.target import compound

_ENERGY_EDGES_KEVEE = np.linspace(0.0, 120.0, 13)
_F90_EDGES = np.linspace(0.5, 0.9, 9)
_TIME_EDGES_US = np.linspace(-0.1, 4.9, 11)
_SHAPE = len(_ENERGY_EDGES_KEVEE) - 1, len(_F90_EDGES) - 1, len(_TIME_EDGES_US) - 1


def coherent_lar() -> Experiment:
    """Build the experiment with a forward model of its signal."""
    values, bins = read_values("coherent_lar/parameters.json"), read_table("coherent_lar/bins.csv")
    return _experiment(
        "coherent-lar",
        values,
        bins,
        interactions={"cevns": Coherent({"sm": ErlerSu()})},
        backgrounds=_backgrounds(values, bins),
        nuisances=(*_signal_nuisances(values), *_background_nuisances(values)),
    )


def coherent_lar_templates() -> Experiment:
    """Build the experiment with the release's histogram of the signal, as a contribution ``cevns``."""
    values, bins = read_values("coherent_lar/parameters.json"), read_table("coherent_lar/bins.csv")
    variations = {
        "f90": _variation(bins, "cevns_f90_plus", "cevns_f90_minus"),
        "time_mean": _variation(bins, "cevns_time_mean"),
    }
    signal = TemplateBackground(values["cevns_events"], _histogram(bins, "cevns"), variations)
    events = Parameter(
        "cevns_events", dist.Uniform(0.0, 1000.0), "backgrounds.cevns.events", "events", "coherent scattering"
    )
    shapes = (
        _pull("cevns_f90", "backgrounds.cevns.variations.f90.pull", "F90 of nuclear recoils"),
        _pull("cevns_time_mean", "backgrounds.cevns.variations.time_mean.pull", "arrival of neutrinos"),
    )
    return _experiment(
        "coherent-lar-templates",
        values,
        bins,
        interactions={},
        backgrounds={"cevns": signal, **_backgrounds(values, bins)},
        nuisances=(events, *shapes, *_background_nuisances(values)),
    )


def _experiment(name: str, values: Values, bins: Table, *, interactions, backgrounds, nuisances) -> Experiment:
    a, b = values["quenching_a"], 1e3 * values["quenching_b_per_keVnr"]  # from keV^-1 to MeV^-1
    errors = values["quenching_a_uncertainty"], 1e3 * values["quenching_b_uncertainty_per_keVnr"]
    efficiency = read_table("coherent_lar/efficiency.csv")
    return Experiment(
        name=name,
        sources={
            "sns": Source(
                PionDecayAtRest(
                    neutrinos_per_proton=values["neutrinos_per_proton_and_flavour"],
                    protons_on_target=values["exposure_POT"],
                    baseline_m=values["baseline_m"],
                ),
                PionDecayArrival(GaussianPulse(values["proton_pulse_mean_us"], values["proton_pulse_sigma_us"])),
            )
        },
        target=compound("Ar"),
        mass_kg=values["mass_kg"],
        interactions=interactions,
        quenching=PolynomialQuenching([a, b], np.diag(errors)),
        response=SplitResponse(
            GaussianResponse(
                _ENERGY_EDGES_KEVEE,
                Resolution(stochastic_sqrt_keV=values["resolution_sqrt_keVee"]),
                TabulatedEfficiency(efficiency["energy_keVee"], efficiency["efficiency"]),
            ),
            *_f90_shapes(bins),
        ),
        window=TimeWindow(_TIME_EDGES_US),
        signal_norm=1.0,
        backgrounds=backgrounds,
        samples={"beam_on": (*(("signal",) if interactions else ()), *backgrounds)},
        observed=_histogram(bins, "observed_counts")[None],
        axes=(Axis("energy_keVee", _ENERGY_EDGES_KEVEE), Axis("F90", _F90_EDGES), Axis("time_us", _TIME_EDGES_US)),
        nuisances=nuisances,
    )


def _histogram(bins: Table, column: str) -> np.ndarray:
    """A histogram with one axis for energy and F90, and one for time."""
    return bins[column].reshape(-1, _SHAPE[2])


def _variation(bins: Table, up: str, down: str | None = None) -> TemplateVariation:
    return TemplateVariation(_histogram(bins, up), None if down is None else _histogram(bins, down))


def _f90_shapes(bins: Table) -> tuple[np.ndarray, np.ndarray]:
    """P(F90 | energy) of the released signal, and its change at +1 sigma; empty energies take the last that is not."""

    def normalised(column: str) -> np.ndarray:
        shapes = bins[column].reshape(_SHAPE).sum(axis=2)
        filled = np.flatnonzero(shapes.sum(axis=1) > 0.0)
        shapes = shapes[filled[np.searchsorted(filled, np.arange(_SHAPE[0]), side="right") - 1]]
        return shapes / shapes.sum(axis=1, keepdims=True)

    return normalised("cevns"), 0.5 * (normalised("cevns_f90_plus") - normalised("cevns_f90_minus"))


def _backgrounds(values: Values, bins: Table) -> dict[str, TemplateBackground]:
    variations = {
        "energy": _variation(bins, "prompt_brn_energy_plus", "prompt_brn_energy_minus"),
        "time_mean": _variation(bins, "prompt_brn_time_mean_plus", "prompt_brn_time_mean_minus"),
        "time_width": _variation(bins, "prompt_brn_time_width"),
    }
    return {
        "prompt_brn": TemplateBackground(values["prompt_brn_events"], _histogram(bins, "prompt_brn"), variations),
        "delayed_brn": TemplateBackground(values["delayed_brn_events"], _histogram(bins, "delayed_brn")),
        "steady_state": TemplateBackground(values["steady_state_template_events"], _histogram(bins, "steady_state")),
    }


def _pull(name: str, where: str, description: str) -> Parameter:
    return Parameter(name, dist.Normal(0.0, 1.0), where, "sigma", description)


def _signal_nuisances(values: Values) -> tuple[Parameter, ...]:
    flux = values["neutrinos_per_proton_and_flavour_uncertainty"] / values["neutrinos_per_proton_and_flavour"]
    return (
        flux_norm("sns", flux, "neutrinos per proton"),
        Parameter(
            "arrival_time",
            dist.TruncatedNormal(
                values["proton_pulse_mean_us"], values["proton_pulse_mean_uncertainty_us"], low=0.0, high=1.0
            ),
            "sources.sns.arrival.pulse.mean_us",
            "us",
            "mean arrival of the proton pulse",
        ),
        _pull("quenching_0", "quenching.first_component", "quenching factor at low energy"),
        _pull("quenching_1", "quenching.second_component", "slope of the quenching factor"),
        _pull("cevns_f90", "response.pull", "F90 of nuclear recoils"),
    )


def _background_nuisances(values: Values) -> tuple[Parameter, ...]:
    def events(name: str, mean: float, error: float, description: str) -> Parameter:
        prior = positive(mean, error)
        return Parameter(f"{name}_events", prior, f"backgrounds.{name}.events", "events", description)

    brn, delayed, steady = "prompt_brn_events", "delayed_brn_events", "steady_state_template_events"
    shapes = "backgrounds.prompt_brn.variations"
    return (
        events("prompt_brn", values[brn], values[f"{brn}_uncertainty"], "prompt beam-related neutrons"),
        events("delayed_brn", values[delayed], values[f"{delayed}_uncertainty"], "delayed beam-related neutrons"),
        events("steady_state", values[steady], values["steady_state_events_uncertainty"], "steady-state background"),
        _pull("prompt_brn_energy", f"{shapes}.energy.pull", "energies of prompt neutrons"),
        _pull("prompt_brn_time_mean", f"{shapes}.time_mean.pull", "arrival of prompt neutrons"),
        _pull("prompt_brn_time_width", f"{shapes}.time_width.pull", "spread of prompt neutrons in time"),
    )
