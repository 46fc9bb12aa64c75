"""PIP2-BD, 100 t of liquid argon at a beam dump of PIP-II, five years: arXiv:2203.08079.

From a talk of 2024: 100 t, 15 m, 9.9e22 protons a year for five years, recoils above 20 keV (5.2 keVee with the
quenching of COHERENT's argon, arXiv:2003.10630, whose resolution is taken too). Recalled: 0.3 neutrinos per proton,
120 Hz, the pulse. Assumed: natural argon with 1 Bq/kg of Ar39 spread evenly over 565 keV, of which pulse shapes keep
1 %; no neutrons; errors of 10 % (flux) and 2 % (background).
"""

import numpy as np
import numpyro.distributions as dist

from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.projection import (
    SECONDS_PER_DAY,
    norm_nuisances,
    projection,
)
from cevnsjax.experiment.rate_background import FlatBackground
from cevnsjax.flux import decay_at_rest_facility
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import PolynomialQuenching
from cevnsjax.response import GaussianResponse, Resolution

_MASS_KG = 1e5
_PROTONS_ON_TARGET = 5 * 9.9e22
_TIME_EDGES_US = (0.0, 0.15, 0.3, 0.6, 1.0, 2.0, 4.0, 6.0)
_BACKGROUND_PER_KEV_KG_DAY = 0.01 * 86400.0 / 565.0


def pip2_bd() -> Experiment:
    """Build the projection."""
    facility = decay_at_rest_facility("pip2-bd")
    edges = np.geomspace(5.23, 60.0, 13)
    return projection(
        "pip2-bd",
        sources={"pip2_bd": facility.neutrinos(SECONDS_PER_DAY, 15.0)},
        time_edges_us=_TIME_EDGES_US,
        target="Ar",
        mass_kg=_MASS_KG,
        exposure_days=_PROTONS_ON_TARGET / facility.protons_on_target(SECONDS_PER_DAY),
        quenching=PolynomialQuenching([0.246, 0.78], [[0.006, 0.0], [0.0, 0.09]]),  # MeV^0, MeV^-1
        response=GaussianResponse(edges, Resolution(stochastic_sqrt_keV=0.58)),
        axis=Axis("energy_keVee", edges),
        background=FlatBackground(_BACKGROUND_PER_KEV_KG_DAY, facility.repetition_rate_Hz),
        nuisances=(
            *norm_nuisances("pip2_bd", 0.1, 0.02),
            Parameter(
                "quenching_0", dist.Normal(0.0, 1.0), "quenching.first_component", "sigma", "quenching at low energy"
            ),
        ),
    )
