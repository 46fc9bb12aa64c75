"""CONUS at Brokdorf, germanium at 17.1 m from 3.9 GW, run 1: arXiv:2011.00210.

Published: 3.9 GW, 17.1 m, 248.7 kg d with the reactor on; fewer than 85 events (90 %, k = 0.18). This is a projection,
not that data set. Recalled, not checked against the paper: 3.73 kg, window 0.3 to 1 keVee, resolution 31 eV, 10
counts/(keV kg d). Lindhard k = 0.162 +- 0.004 (arXiv:2202.03754). Assumed: errors of 3 % (flux) and 3 % (background,
from reactor-off data).
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
from cevnsjax.quenching import Lindhard
from cevnsjax.response import GaussianResponse, Resolution

_MASS_KG = 3.73
_DAYS = 248.7 / _MASS_KG


def conus() -> Experiment:
    """Build the projection."""
    edges = np.linspace(0.3, 1.0, 15)
    flux = Reactor("bestiole-2023", ThermalPower(3.9, 17.1), SECONDS_PER_DAY)
    return projection(
        "conus",
        sources={"reactor": Source.steady(flux)},
        target="Ge",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=Lindhard(0.162, 32),
        response=GaussianResponse(edges, Resolution(noise_keV=0.031)),
        axis=Axis("energy_keVee", edges),
        background=FlatBackground(10.0),
        nuisances=(
            *norm_nuisances("reactor", 0.03, 0.03),
            shape_nuisance("lindhard_k", 0.162, 0.004, "quenching.k", "electronic stopping in germanium"),
        ),
    )
