"""CONNIE, silicon CCDs at Angra 2: arXiv:2110.13033.

Recalled, not checked against the paper: 3.95 GW at 30 m, 2.2 kg d with the reactor on from 36 g, threshold 50 eVee,
1e4 counts/(keV kg d) (a skipper-CCD run at the surface, public from the EXCESS workshop, has 3e4 from 0.05 to 0.5 keV).
Quenching of Sarkis et al. in silicon, k free to 10 % (assumed). Assumed: a resolution of 10 eV, errors of 5 % (flux)
and 2 % (background, from reactor-off data).
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
from cevnsjax.quenching import Sarkis
from cevnsjax.response import GaussianResponse, Resolution

_MASS_KG = 0.0362
_DAYS = 2.2 / _MASS_KG


def connie() -> Experiment:
    """Build the projection."""
    edges = np.geomspace(0.05, 1.0, 11)
    flux = Reactor("bestiole-2023", ThermalPower(3.95, 30.0), SECONDS_PER_DAY)
    quenching = Sarkis.silicon()
    k = float(quenching.k)
    return projection(
        "connie",
        sources={"reactor": Source.steady(flux)},
        target="Si",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=quenching,
        response=GaussianResponse(edges, Resolution(noise_keV=0.01)),
        axis=Axis("energy_keVee", edges),
        background=FlatBackground(1e4),
        nuisances=(
            *norm_nuisances("reactor", 0.05, 0.02),
            shape_nuisance("silicon_k", k, 0.1 * k, "quenching.k", "electronic stopping in silicon"),
        ),
    )
