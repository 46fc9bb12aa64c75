"""SBC, an argon bubble chamber near a 1 MW research reactor: arXiv:2101.08785.

Its abstract: 10 kg of argon at 3 m from 1 MW for a year, threshold 0.1 keV of nuclear recoil. A bubble chamber counts
recoils above its threshold and measures no energy: one bin. Assumed: full power all the year, a turn-on of 10 eV width,
half an event of background a day, fuel as of MINER, errors of 5 % (flux), 10 % (background) and 5 % (threshold, as an
energy scale).
"""

from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.projection import (
    SECONDS_PER_DAY,
    norm_nuisances,
    projection,
    shape_nuisance,
)
from cevnsjax.experiment.rate_background import FlatBackground
from cevnsjax.flux import Reactor, Source, ThermalPower
from cevnsjax.quenching import EnergyScale
from cevnsjax.response import GaussianResponse, Resolution

_MASS_KG = 10.0
_DAYS = 365.25
_EDGES_KEV = (0.1, 12.0)


def sbc() -> Experiment:
    """Build the projection."""
    flux = Reactor(
        "bestiole-2023",
        ThermalPower(1e-3, 3.0),
        SECONDS_PER_DAY,
        fission_fractions={"U235": 0.967, "U238": 0.013, "Pu239": 0.02, "Pu241": 0.0},
        captures_per_fission=0.16,
    )
    return projection(
        "sbc",
        sources={"reactor": Source.steady(flux)},
        target="Ar",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=EnergyScale(),
        response=GaussianResponse(_EDGES_KEV, Resolution(noise_keV=0.01)),
        axis=Axis("energy_keV", _EDGES_KEV),
        background=FlatBackground(0.5 / (_MASS_KG * (_EDGES_KEV[1] - _EDGES_KEV[0]))),
        nuisances=(
            *norm_nuisances("reactor", 0.05, 0.1),
            shape_nuisance("energy_scale", 1.0, 0.05, "quenching.scale", "true over assumed threshold"),
        ),
    )
