"""XENONnT, solar 8B neutrinos: arXiv:2408.02877 (SR0 and SR1), arXiv:2604.06002 (SR2), 10.5281/zenodo.20576156.

Data, backgrounds and mono-energetic signal templates are those of the release: three bins in each of corrected S2,
S2 shadow (the quantile of S2_pre/dt_pre), S1 BDT score and S2 BDT score, with other edges in each run.

Convention of the default prediction: 8B and hep neutrinos with the fluxes of B16-GS98 (8B: 5.46e6 cm^-2 s^-1),
adiabatic conversion in the Sun, Erler-Su couplings, Klein-Nystrand form factor with R_A = 1.2 A^(1/3) fm and
a = 0.7 fm, spin-0 kinematics, natural xenon; templates linear in recoil energy, nothing below the first (0.5 keV).

That gives 9.9 events in SR0 and SR1, where arXiv:2408.02877 expects 11.9 +4.5 -4.2 at 5.25e6 cm^-2 s^-1 (recalled, not
checked against the paper): 24 % more for each neutrino. Couplings and form factor are not the reason (an independent
calculation with others has 9.6 without hep), nor are recoils below 0.5 keV, worth 0.02 events. Yields that moved all
templates down by 7 % in energy would make up for it: those of this later release may have changed. Norms fitted to this
prediction, and the fluxes they mean, are higher than the published ones by as much; events and significance agree.

The release varies its templates with the light and the charge yield of xenon. Only those at nominal yields are
packaged, and no nuisance stands in for the others: their part of the published error is missing.
"""

from collections.abc import Sequence

import numpy as np

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.cross_section import Coherent, ErlerSu
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.axis import NO_TIMES, Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.nuisances import flux_norm, positive
from cevnsjax.experiment.template import TemplateBackground
from cevnsjax.flux import SolarOscillation, Source, solar_neutrinos
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import TemplateResponse, TimeWindow
from cevnsjax.tables import Table, Values, read_table, read_values
from cevnsjax.target import compound

RUNS = ("sr0", "sr1", "sr2")
_DAYS_PER_YEAR = 365.25
_KG_PER_TONNE = 1000.0
_OBSERVABLES = ("cS2", "S2 shadow", "S1 BDT", "S2 BDT")
_BINS = (0.5, 1.5, 2.5, 3.5)


def xenonnt_8b(runs: Sequence[str] = RUNS) -> Experiment:
    """Build the experiment with its data and backgrounds.

    A tonne for as long as gives the exposure of all runs stands in the place of mass and time; the share of each run is
    in its templates.

    Parameters
    ----------
    runs
        Science runs, any of sr0, sr1 and sr2, each once.

    Raises
    ------
    CevnsjaxError
        If there is no such run, one is named twice, or there is none.
    """
    runs = tuple(runs)
    if not runs or len(set(runs)) != len(runs) or not set(runs) <= set(RUNS):
        raise CevnsjaxError(f"runs must name at least one of {', '.join(RUNS)}, each once, got {runs}.")
    values, bins = read_values("xenonnt_8b/parameters.json"), read_table("xenonnt_8b/bins.csv")
    flux = solar_neutrinos(SECONDS_PER_DAY, SolarOscillation(), ("8B", "hep"))
    backgrounds = _backgrounds(runs, values, bins)
    return Experiment(
        name={RUNS: "xenonnt-8b", RUNS[:2]: "xenonnt-8b-2024"}.get(runs, f"xenonnt-8b-{'-'.join(runs)}"),
        sources={"solar": Source.steady(flux)},
        target=compound("Xe"),
        mass_kg=_KG_PER_TONNE,
        exposure_days=_DAYS_PER_YEAR * _exposure_t_y(runs, values),
        interactions={"cevns": Coherent({"sm": ErlerSu()})},
        quenching=ConstantQuenching(1.0),
        response=_templates(runs, values, read_table("xenonnt_8b/efficiency.csv")),
        window=TimeWindow((0.0, 1.0)),
        signal_norm=1.0,
        backgrounds={**backgrounds},
        samples={"events": ("signal", *backgrounds)},
        observed=np.concatenate([bins[f"{run}_observed_counts"] for run in runs])[None, :, None],
        axes=(
            Axis("science run", np.arange(len(runs) + 1.0) - 0.5),
            *(Axis(f"{name} bin", _BINS) for name in _OBSERVABLES),
            NO_TIMES,
        ),
        nuisances=_nuisances(runs, values, backgrounds),
    )


def xenonnt_8b_2024() -> Experiment:
    """Build the experiment of the first indication: SR0 and SR1, 37 events."""
    return xenonnt_8b(RUNS[:2])


def _templates(runs: tuple[str, ...], values: Values, table: Table) -> TemplateResponse:
    """Probability of each bin times the share of the exposure, the bins of one run after those of the other."""
    total = _exposure_t_y(runs, values)
    energies = np.unique(table["recoil_energy_keVnr"])
    share = {run: values[f"{run}_exposure_t_y"] / total for run in runs}
    each = [share[run] * table[f"{run}_efficiency"].reshape(energies.shape[0], -1) for run in runs]
    return TemplateResponse(energies, np.concatenate(each, axis=1))


def _exposure_t_y(runs: tuple[str, ...], values: Values) -> float:
    return sum(values[f"{run}_exposure_t_y"] for run in runs)


def _backgrounds(runs: tuple[str, ...], values: Values, bins: Table) -> dict[str, TemplateBackground]:
    def background(kind: str, within: tuple[str, ...]) -> TemplateBackground:
        counts = np.concatenate(
            [values[f"{run}_exposure_t_y"] * (run in within) * bins[f"{run}_{kind}_per_t_y"] for run in runs]
        )
        return TemplateBackground(counts.sum(), counts[:, None])

    return {
        **{f"accidental_{run}": background("accidental_coincidence", (run,)) for run in runs},
        "electronic_recoil": background("electronic_recoil", runs),
        "neutron": background("neutron", runs),
    }


def _nuisances(
    runs: tuple[str, ...], values: Values, backgrounds: dict[str, TemplateBackground]
) -> tuple[Parameter, ...]:
    def events(name: str, source: str, description: str) -> Parameter:
        mean = float(backgrounds[name].events)
        prior = positive(mean, mean * values[f"{source}_relative_uncertainty"])
        return Parameter(f"{name}_events", prior, f"backgrounds.{name}.events", "events", description)

    flux_uncertainty = read_values("solar/parameters.json")["8B_relative_uncertainty"]
    return (
        flux_norm("solar", flux_uncertainty, "8B flux"),
        Parameter(
            "effective_mass",
            positive(_KG_PER_TONNE, _KG_PER_TONNE * values["signal_efficiency_relative_uncertainty"]),
            "mass_kg",
            "kg",
            "mass times detection efficiency over that of the templates (25 %)",
        ),
        *(
            events(f"accidental_{run}", f"{run}_accidental_coincidence", f"accidental coincidences in {run.upper()}")
            for run in runs
        ),
        events("electronic_recoil", "electronic_recoil", "electronic recoils, all runs"),
        events("neutron", "neutron", "radiogenic neutrons, all runs"),
    )
