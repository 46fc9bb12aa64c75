"""COHERENT CsI[Na], the full data set: arXiv:2110.07730, Phys. Rev. Lett. 129, 081801 (2022).

Convention of the default prediction (the package's own, stated with its count in ``cevnsjax validate``): Erler-Su
couplings with charge radii, Klein-Nystrand form factor with R_A = 1.2 A^(1/3) fm and a = 0.7 fm, spin-0 kinematics,
nuclear masses, 14.6 kg, 0.0848 neutrinos per proton and flavour, Gaussian proton pulse (width 0.15 us, arriving at
0.45 us) folded with the lifetimes of pion and muon. The release's two-dimensional flux file is not in the public
copies; the pulse stands in its place.
"""

from collections.abc import Sequence

import numpy as np
import numpyro.distributions as dist

from cevnsjax.arrays import check_edges, shown
from cevnsjax.cross_section import Coherent, ErlerSu
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.background import MeasuredBackground, SimulatedBackground
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.nuisances import flux_norm, positive
from cevnsjax.flux import ExponentialTimes, GaussianPulse, HistogramTimes, PionDecayArrival, PionDecayAtRest, Source
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import PolynomialQuenching
from cevnsjax.response import GammaPhotoElectrons, SigmoidEfficiency, TimeWindow
from cevnsjax.tables import Table, Values, read_table, read_values
from cevnsjax.target import compound

PHOTOELECTRON_EDGES_PE = (0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0)
TIME_EDGES_US = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 2.0, 4.0, 6.0)
ARRIVAL_TIME_US = 0.45


def coherent_csi_2021(
    photoelectron_edges_PE: Sequence[float] = PHOTOELECTRON_EDGES_PE,
    time_edges_us: Sequence[float] = TIME_EDGES_US,
) -> Experiment:
    """Build the experiment with its data, measured backgrounds and published numbers.

    Parameters
    ----------
    photoelectron_edges_PE
        Edges of the photo-electron bins, PE: whole numbers up to 250.
    time_edges_us
        Edges of the time bins, us: multiples of 0.125 up to 6.

    Raises
    ------
    CevnsjaxError
        If edges do not increase or do not fall on the fine bins of the tables.
    """
    energy_edges = check_edges("photoelectron_edges_PE", photoelectron_edges_PE, "PE")
    time_edges = check_edges("time_edges_us", time_edges_us, "us")
    values = read_values("coherent_csi_2021/parameters.json")
    neutrons = read_table("coherent_csi_2021/neutron_photoelectrons.csv")
    neutron_times = read_table("coherent_csi_2021/neutron_times.csv")
    observed = _observed(read_table("coherent_csi_2021/events.csv"), energy_edges, time_edges)
    first, second = neutron_times["time_low_us"][:2]

    def neutron_background(name: str) -> SimulatedBackground:
        return SimulatedBackground(
            values[f"{name}_events"],
            _rebin(neutrons["photoelectrons_low_PE"], neutrons[f"{name}_density_per_PE"], energy_edges),
            HistogramTimes(first, second - first, neutron_times[f"{name}_counts"]),
        )

    return Experiment(
        name="coherent-csi-2021",
        sources={
            "sns": Source(
                PionDecayAtRest(
                    neutrinos_per_proton=values["neutrinos_per_proton_and_flavour"],
                    protons_on_target=values["exposure_POT"],
                    baseline_m=values["baseline_m"],
                ),
                PionDecayArrival(GaussianPulse(ARRIVAL_TIME_US, values["proton_pulse_sigma_us"])),
            )
        },
        target=compound("CsI"),
        mass_kg=values["mass_kg"],
        interactions={"cevns": Coherent({"sm": ErlerSu()})},
        quenching=PolynomialQuenching(
            values["response_coefficients_MeV"],
            np.stack([values["response_shift_0_MeV"], values["response_shift_1_MeV"]]),
        ),
        response=GammaPhotoElectrons(
            energy_edges,
            values["smearing_a_keVee_per_PE"],
            values["smearing_b_per_keVee"],
            SigmoidEfficiency(values["efficiency_coefficients_PE"], values["efficiency_shift_PE"]),
        ),
        window=TimeWindow(time_edges, values["time_efficiency_plateau_end_us"], values["time_efficiency_decay_per_us"]),
        signal_norm=1.0,
        backgrounds={
            "brn": neutron_background("brn"),
            "nin": neutron_background("nin"),
            "steady_state": MeasuredBackground(
                values["steady_state_events"],
                observed[1].sum(axis=1),
                ExponentialTimes(values["steady_state_decay_per_us"]),
            ),
        },
        samples={"coincidence": ("signal", "brn", "nin", "steady_state"), "anticoincidence": ("steady_state",)},
        observed=observed,
        axes=(Axis("photoelectrons_PE", energy_edges), Axis("time_us", time_edges)),
        nuisances=_nuisances(values),
    )


def _nuisances(values: Values) -> tuple[Parameter, ...]:
    brn, nin = values["brn_events"], values["nin_events"]
    earliest, latest = (float(edge) for edge in values["neutron_arrival_offset_us"])
    steady_state = values["steady_state_events"]
    return (
        flux_norm("sns", values["neutrinos_per_proton_relative_uncertainty"], "neutrinos per proton"),
        Parameter(
            "arrival_time",
            dist.TruncatedNormal(
                values["proton_pulse_mean_us"], values["proton_pulse_mean_uncertainty_us"], low=0.0, high=1.0
            ),
            "sources.sns.arrival.pulse.mean_us",
            "us",
            "mean arrival of the proton pulse; width and prior as in COHERENT's argon release",
        ),
        Parameter(
            "quenching_0",
            dist.Normal(0.0, 1.0),
            "quenching.first_component",
            "sigma",
            "first principal component of the scintillation response",
        ),
        Parameter(
            "quenching_1",
            dist.Normal(0.0, 1.0),
            "quenching.second_component",
            "sigma",
            "second principal component of the scintillation response",
        ),
        Parameter(
            "efficiency", dist.Normal(0.0, 1.0), "response.efficiency.shift", "sigma", "shape of the energy efficiency"
        ),
        Parameter(
            "brn_events",
            positive(brn, brn * values["brn_relative_uncertainty"]),
            "backgrounds.brn.events",
            "events",
            "beam-related neutrons",
        ),
        Parameter(
            "nin_events",
            positive(nin, nin * values["nin_relative_uncertainty"]),
            "backgrounds.nin.events",
            "events",
            "neutrino-induced neutrons",
        ),
        # the anticoincidence sample is in the likelihood and measures this norm: the published 2.1 % would count twice
        Parameter(
            "steady_state_events",
            dist.Uniform(0.5 * steady_state, 1.5 * steady_state),
            "backgrounds.steady_state.events",
            "events",
            "steady-state background, the same in both samples",
        ),
        Parameter(
            "brn_delay",
            dist.Uniform(earliest, latest),
            "backgrounds.brn.times.shift_us",
            "us",
            "arrival of beam-related neutrons after the template",
        ),
        Parameter(
            "nin_delay",
            dist.Uniform(earliest, latest),
            "backgrounds.nin.times.shift_us",
            "us",
            "arrival of neutrino-induced neutrons after the template",
        ),
    )


def _observed(events: Table, energy_edges: np.ndarray, time_edges: np.ndarray) -> np.ndarray:
    """Counts in the coincidence and the anticoincidence sample, shape [sample, energy, time]."""
    _check_on_grid("photoelectron_edges_PE", energy_edges, 1.0, "PE")
    _check_on_grid("time_edges_us", time_edges, 0.125, "us")
    centres = events["photoelectrons_low_PE"] + 0.5, events["time_low_us"] + 0.0625
    return np.stack(
        [
            np.histogram2d(*centres, bins=(energy_edges, time_edges), weights=events[f"{sample}_counts"])[0]
            for sample in ("coincidence", "anticoincidence")
        ]
    )


def _rebin(low_PE: np.ndarray, density_per_PE: np.ndarray, energy_edges: np.ndarray) -> np.ndarray:
    return np.histogram(low_PE + 0.5, bins=energy_edges, weights=density_per_PE)[0]


def _check_on_grid(name: str, edges: np.ndarray, step: float, unit: str) -> None:
    good = np.isclose(edges / step, np.round(edges / step), rtol=0, atol=1e-9)
    if not np.all(good):
        raise CevnsjaxError(f"{name} must be multiples of {step} {unit}, got {shown(edges, good)}.")
