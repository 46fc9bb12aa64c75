"""MINER, germanium near a 1 MW research reactor: arXiv:1609.02066.

Recalled, not checked against the paper: a TRIGA core of 1 MW at 2.3 m, 4 kg of germanium that measure recoils
themselves, 100 counts/(keV kg d) as the goal (public prototype spectra in sapphire, from the EXCESS workshop, are at
3e5 from 0.2 to 0.4 keV). Assumed: threshold 0.1 keV, resolution 20 eV and 3 %, one year at full power, fuel of low
enrichment with the fractions and captures below, errors of 5 % (flux), 10 % (background) and 2 % (energy scale).
"""

import numpy as np

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

_MASS_KG = 4.0
_DAYS = 365.25
_FISSION_FRACTIONS = {"U235": 0.967, "U238": 0.013, "Pu239": 0.02, "Pu241": 0.0}
_CAPTURES_PER_FISSION = 0.16


def miner() -> Experiment:
    """Build the projection."""
    edges = np.geomspace(0.1, 4.0, 21)
    flux = Reactor(
        "bestiole-2023",
        ThermalPower(1e-3, 2.3),
        SECONDS_PER_DAY,
        fission_fractions=_FISSION_FRACTIONS,
        captures_per_fission=_CAPTURES_PER_FISSION,
    )
    return projection(
        "miner",
        sources={"reactor": Source.steady(flux)},
        target="Ge",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=EnergyScale(),
        response=GaussianResponse(edges, Resolution(noise_keV=0.02, constant=0.03)),
        axis=Axis("energy_keV", edges),
        background=FlatBackground(100.0),
        nuisances=(
            *norm_nuisances("reactor", 0.05, 0.1),
            shape_nuisance("energy_scale", 1.0, 0.02, "quenching.scale", "measured over true recoil energy"),
        ),
    )
