"""Hypothetical 100 kg of cryogenic CsI where JSNS2 stands, at J-PARC's spallation source (arXiv:1705.08629).

JSNS2's own detector, 17 t of scintillator with a threshold of MeV, does not see coherent scattering: only its source
and its baseline are here. Recalled: 1 MW, 3 GeV, 24 m, 0.26 neutrinos per proton (0.48 is also found), two bunches.
From a talk of 2022: cryogenic CsI with a threshold of 1.4 keV of nuclear recoil. Assumed: a constant quenching factor
of 0.10 +- 0.01, sigma = 0.2 keVee^(1/2) E^(1/2), 5000 h of beam, 10 counts/(keV kg d) steady in time, no neutrons,
errors of 10 % (flux) and 2 % (background).
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
from cevnsjax.flux import decay_at_rest_facility
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution

_MASS_KG = 100.0
_BEAM_TIME_S = 5000.0 * 3600.0
_TIME_EDGES_US = (0.0, 0.27, 0.54, 0.81, 1.0, 2.0, 4.0, 6.0)


def jsns2() -> Experiment:
    """Build the projection."""
    facility = decay_at_rest_facility("jsns2")
    edges = np.geomspace(0.14, 5.0, 15)
    return projection(
        "jsns2",
        sources={"jsns2": facility.neutrinos(SECONDS_PER_DAY)},
        time_edges_us=_TIME_EDGES_US,
        target="CsI",
        mass_kg=_MASS_KG,
        exposure_days=_BEAM_TIME_S / SECONDS_PER_DAY,
        quenching=ConstantQuenching(0.10),
        response=GaussianResponse(edges, Resolution(stochastic_sqrt_keV=0.2)),
        axis=Axis("energy_keVee", edges),
        background=FlatBackground(10.0, facility.repetition_rate_Hz),
        nuisances=(
            *norm_nuisances("jsns2", 0.1, 0.02),
            shape_nuisance("quenching_factor", 0.10, 0.01, "quenching.factor", "scintillation of recoils in CsI"),
        ),
    )
