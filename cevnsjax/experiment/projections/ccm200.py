"""CCM200, 7 t of liquid argon at the Lujan target, three years (configuration of arXiv:2105.14020).

From a talk of 2024: 7 t, 20 m, 7.5e21 protons a year for three years, recoils above 25 keV (6.6 keVee with the
quenching of COHERENT's argon, arXiv:2003.10630, whose resolution is taken too). Recalled: 0.0425 neutrinos per proton,
the pulse. Assumed: natural argon with 1 Bq/kg of Ar39 spread evenly over 565 keV, of which pulse shapes keep 1 %; no
neutrons (CCM120's public spectrum begins at 1 MeV and says nothing here); errors of 10 % (flux) and 2 % (background).
"""

import numpy as np
import numpyro.distributions as dist

from cevnsjax.experiment.experiment import Axis, Experiment
from cevnsjax.experiment.projections.projection import (
    flat_background,
    norm_nuisances,
    projection,
    sensitive_days,
)
from cevnsjax.flux import decay_at_rest_facility
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import PolynomialQuenching
from cevnsjax.response import GaussianResponse, Resolution
from cevnsjax.spectrum import Panels

_MASS_KG = 7000.0
_PROTONS_ON_TARGET = 3 * 7.5e21
_TIME_EDGES_US = (0.0, 0.15, 0.3, 0.6, 1.0, 2.0, 4.0, 6.0)
_BACKGROUND_PER_KEV_KG_DAY = 0.01 * 86400.0 / 565.0


def ccm200() -> Experiment:
    """Build the projection."""
    facility = decay_at_rest_facility("lujan")
    beam_time_s = _PROTONS_ON_TARGET / facility.protons_on_target(1.0)
    edges = np.geomspace(6.64, 60.0, 13)
    days = sensitive_days(facility, beam_time_s, _TIME_EDGES_US[-1] - _TIME_EDGES_US[0])
    background = flat_background(edges, _BACKGROUND_PER_KEV_KG_DAY, _MASS_KG, days)
    return projection(
        "ccm200",
        flux=facility.flux(beam_time_s, 20.0),
        arrival=facility.arrival(),
        time_edges_us=_TIME_EDGES_US,
        target="Ar",
        mass_kg=_MASS_KG,
        quenching=PolynomialQuenching([0.246, 0.78], [[0.006, 0.0], [0.0, 0.09]]),  # MeV^0, MeV^-1
        response=GaussianResponse(edges, Resolution(stochastic_sqrt_keV=0.58)),
        axis=Axis("energy_keVee", edges),
        background=background,
        nuisances=(
            *norm_nuisances("lujan", 0.1, background, 0.02),
            Parameter(
                "quenching_0", dist.Normal(0.0, 1.0), "quenching.first_component", "sigma", "quenching at low energy"
            ),
        ),
        panels=Panels(5.0, (24, 16)),
    )
