"""Nuclear lines in detectors of coherent scattering: neutrinos of pion decay at rest excite levels of MeV.

Set-ups of a talk of B. Dutta (2024): CCM200, 7 t of argon, 20 m, 7.5e21 protons a year for three years; COHERENT's CsI
(14.6 kg, 19.3 m, 3.2e23 protons), argon (24.4 kg, 28.4 m, 1.34e23) and NaI (3.5 t, 22 m, 6e23 a year for three years).
Each is a line detector beside the one of elastic recoils; a joint fit of both (``ccm200,ccm200-lines``) is the
likelihood of one detector, with the norm of the flux shared.

Levels are the packaged shell-model tables with finite momentum transfer. Their strength is quenched by 0.6, give or
take a third, as that of spins in sd-shell nuclei (recalled); the measured M1 strength of Ar40 from 4 to 13 MeV would be
0.12 of the calculated one. Assumed: every level is seen at its full energy, though above 8 to 10 MeV most emit
nucleons; resolutions of 1 MeV (CCM, as in github.com/noctildon/lightDM) and of 10 % (MeV/E)^(1/2); errors of 10 %
(flux) and 5 % (background); argon and the crystals of COHERENT have 1e-4 counts/(keV kg d), flat. CCM200's background
is CCM120's, scaled by protons and divided by 100, as the talk has it, in a prompt window of 0.2 us in which argon sees
nu_mu alone.
"""

import numpy as np

from cevnsjax.cross_section import FiniteMomentum, NeutralCurrentExcitation
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.background import MeasuredBackground
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.experiment.nuisances import strength_quenching
from cevnsjax.experiment.projections.projection import (
    SECONDS_PER_DAY,
    norm_nuisances,
    projection,
)
from cevnsjax.experiment.rate_background import FlatBackground, ScaledBackground
from cevnsjax.flux import ExponentialTimes, decay_at_rest_facility
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution
from cevnsjax.tables import read_table
from cevnsjax.target import compound, nuclear_levels

_QUENCHING, _QUENCHING_ERROR = 0.6, 0.2
_TIME_EDGES_US = (0.0, 0.5, 1.0, 2.0, 6.0)
_PROMPT_WINDOW_US = (0.0, 0.2)
_COUNTS_PER_KEV_KG_DAY = 1e-4


def ccm200_lines() -> Experiment:
    """Build the projection for CCM200."""
    protons = 3 * 7.5e21
    table = read_table("ccm/background.csv", columns=("energy_low_MeV", "energy_high_MeV", "counts"))
    inside = (table["energy_low_MeV"] >= 2.5) & (table["energy_high_MeV"] <= 18.6)
    edges_MeV = np.append(table["energy_low_MeV"][inside], 18.6)
    counts = table["counts"][inside] * (protons / float(table.metadata["protons_on_target"]) / 100.0)
    return _lines(
        "ccm200-lines",
        "lujan",
        target="Ar",
        mass_kg=7000.0,
        protons=protons,
        baseline_m=20.0,
        edges_MeV=edges_MeV,
        resolution=Resolution(noise_keV=1000.0),
        background=ScaledBackground(
            MeasuredBackground(counts.sum(), counts, ExponentialTimes(0.0)), Exposure(7000.0, _days("lujan", protons))
        ),
        time_edges_us=_PROMPT_WINDOW_US,
    )


def coherent_csi_lines() -> Experiment:
    """Build the projection for COHERENT's CsI."""
    return _at_sns("coherent-csi-lines", "CsI", 14.6, 3.2e23, 19.3)


def coherent_lar_lines() -> Experiment:
    """Build the projection for COHERENT's argon."""
    return _at_sns("coherent-lar-lines", "Ar", 24.4, 1.34e23, 28.4)


def coherent_nai_lines() -> Experiment:
    """Build the projection for COHERENT's NaI."""
    return _at_sns("coherent-nai-lines", "NaI", 3500.0, 3 * 6e23, 22.0)


def _at_sns(name: str, target: str, mass_kg: float, protons: float, baseline_m: float) -> Experiment:
    facility = decay_at_rest_facility("sns")
    edges_MeV = np.arange(2.5, 16.5, 0.5)
    return _lines(
        name,
        "sns",
        target=target,
        mass_kg=mass_kg,
        protons=protons,
        baseline_m=baseline_m,
        edges_MeV=edges_MeV,
        resolution=Resolution(stochastic_sqrt_keV=0.1 * 1000.0**0.5),
        background=FlatBackground(_COUNTS_PER_KEV_KG_DAY, facility.repetition_rate_Hz),
        time_edges_us=_TIME_EDGES_US,
    )


def _days(facility: str, protons: float) -> float:
    """Days at full power in which a facility brings a number of protons."""
    return protons / decay_at_rest_facility(facility).protons_on_target(SECONDS_PER_DAY)


def _lines(
    name: str,
    facility: str,
    *,
    target: str,
    mass_kg: float,
    protons: float,
    baseline_m: float,
    edges_MeV: np.ndarray,
    resolution: Resolution,
    background: FlatBackground | ScaledBackground,
    time_edges_us: tuple[float, ...],
) -> Experiment:
    isotopes = {"Ar": ("Ar40",), "CsI": ("Cs133", "I127"), "NaI": ("Na23", "I127")}[target]
    material = compound(target).with_levels(*(nuclear_levels(name).quenched(_QUENCHING) for name in isotopes))
    return projection(
        name,
        sources={facility: decay_at_rest_facility(facility).neutrinos(SECONDS_PER_DAY, baseline_m)},
        time_edges_us=time_edges_us,
        target=material,
        mass_kg=mass_kg,
        exposure_days=_days(facility, protons),
        interactions={"nc": NeutralCurrentExcitation(shape=FiniteMomentum.on(material))},
        quenching=ConstantQuenching(1.0),
        response=GaussianResponse(1e3 * edges_MeV, resolution),
        axis=Axis("energy_MeV", edges_MeV),
        background=background,
        nuisances=(
            *norm_nuisances(facility, 0.1, 0.05),
            *(strength_quenching(isotope, _QUENCHING, _QUENCHING_ERROR) for isotope in isotopes),
        ),
    )
