"""CCM120 looking for light bosons of the photons in the tungsten of the Lujan target.

The engineering run of 2019 with 1.79e21 protons (arXiv:2112.09979), of which the background alone is public, and no
counts: it is a projection, of couplings that are zero until a model or a setting gives them. Photons are those of a
simulation of protons on tungsten, from 1 MeV on. Assumed: 7 t of argon at 20 m (as in the table of B. Dutta, 2024, for
lines), as long as a cube of that volume; photons alike in all directions; everything deposited is seen, in the region
and the time of the background, with a resolution of 1 MeV; errors of 20 % (photons) and 5 % (background).
"""

import numpy as np

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.cross_section import BosonDecay, InverseCompton, InversePrimakoff
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.background import MeasuredBackground
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.experiment.projections.projection import norm_nuisances, projection
from cevnsjax.experiment.rate_background import ScaledBackground
from cevnsjax.flux import (
    BosonFlux,
    ComptonEmission,
    ConeGeometry,
    ExponentialTimes,
    PrimakoffEmission,
    Source,
    decay_at_rest_facility,
    target_photons,
)
from cevnsjax.particle import Alp
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution
from cevnsjax.tables import read_table

_MASS_KG, _PROTONS, _DENSITY_G_PER_CM3 = 7000.0, 1.79e21, 1.396


def ccm120_bosons() -> Experiment:
    """Build the projection for the engineering run."""
    protons_per_day = decay_at_rest_facility("lujan").protons_on_target(SECONDS_PER_DAY)
    days = _PROTONS / protons_per_day
    table = read_table("ccm/background.csv", columns=("energy_low_MeV", "energy_high_MeV", "counts"))
    edges_MeV = np.append(table["energy_low_MeV"], table["energy_high_MeV"][-1])
    counts = table["counts"] * (_PROTONS / float(table.metadata["protons_on_target"]))
    photons = target_photons("lujan")
    channels = {
        "compton": ComptonEmission(photons=photons, target="W"),
        "primakoff": PrimakoffEmission(photons=photons, target="W"),
    }
    geometry = ConeGeometry.of_mass(_MASS_KG, _DENSITY_G_PER_CM3, 20.0)
    return projection(
        "ccm120-bosons",
        sources={"lujan": Source.steady(BosonFlux(Alp(0.1), channels, protons_per_day, geometry))},
        target="Ar",
        mass_kg=_MASS_KG,
        exposure_days=days,
        interactions={
            "decay": BosonDecay(_DENSITY_G_PER_CM3),
            "inverse_compton": InverseCompton(),
            "inverse_primakoff": InversePrimakoff(),
        },
        quenching=ConstantQuenching(1.0),
        response=GaussianResponse(1e3 * edges_MeV, Resolution(noise_keV=1000.0)),
        axis=Axis("energy_MeV", edges_MeV),
        background=ScaledBackground(
            MeasuredBackground(counts.sum(), counts, ExponentialTimes(0.0)), Exposure(_MASS_KG, days)
        ),
        nuisances=norm_nuisances("lujan", 0.2, 0.05),
    )
