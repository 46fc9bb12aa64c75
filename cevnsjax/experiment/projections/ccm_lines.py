"""Nuclear lines in CCM: neutrinos of pion decay at rest excite levels of argon.

``ccm200-lines`` has the set-up of a talk of B. Dutta (2024): 7 t of argon, 20 m, 7.5e21 protons a year for three years;
those of COHERENT's detectors are files in ``data/experiments``. ``ccm120-lines`` is the engineering run of 2019 with
1.79e21 protons (arXiv:2112.09979), of which the background alone is public, and no counts: it is a projection, too.
Each is a line detector beside the one of elastic recoils; a joint fit of both (``ccm200,ccm200-lines``) is the
likelihood of one detector, with the norm of the flux shared.

Levels are the packaged shell-model tables with finite momentum transfer. Their strength is quenched by 0.6, give or
take a third, as that of spins in sd-shell nuclei (recalled); the measured M1 strength of Ar40 from 4 to 13 MeV would be
0.12 of the calculated one. Assumed: every level is seen at its full energy, though above 8 to 10 MeV most emit
nucleons; a resolution of 1 MeV (as in github.com/noctildon/lightDM); errors of 10 % (flux) and 5 % (background). The
background is CCM120's, for CCM200 scaled by protons and divided by 100, as the talk has it, in a prompt window of
0.2 us in which argon sees nu_mu alone.
"""

import numpy as np

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.cross_section import FiniteMomentum, NeutralCurrentExcitation
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.background import MeasuredBackground
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.experiment.nuisances import strength_quenching
from cevnsjax.experiment.projections.projection import norm_nuisances, projection
from cevnsjax.experiment.rate_background import ScaledBackground
from cevnsjax.flux import ExponentialTimes, decay_at_rest_facility
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution
from cevnsjax.tables import read_table
from cevnsjax.target import compound, nuclear_levels

_MASS_KG = 7000.0
_QUENCHING, _QUENCHING_ERROR = 0.6, 0.2


def ccm120_lines() -> Experiment:
    """Build the projection for the engineering run."""
    return _lines("ccm120-lines", 1.79e21, 1.0)


def ccm200_lines() -> Experiment:
    """Build the projection for three years."""
    return _lines("ccm200-lines", 3 * 7.5e21, 0.01)


def _lines(name: str, protons: float, background_ratio: float) -> Experiment:
    """Build a projection; the background is that of CCM120 for as many protons, times a ratio."""
    facility = decay_at_rest_facility("lujan")
    days = protons / facility.protons_on_target(SECONDS_PER_DAY)
    table = read_table("ccm/background.csv", columns=("energy_low_MeV", "energy_high_MeV", "counts"))
    inside = (table["energy_low_MeV"] >= 2.5) & (table["energy_high_MeV"] <= 18.6)
    edges_MeV = np.append(table["energy_low_MeV"][inside], 18.6)
    counts = table["counts"][inside] * (background_ratio * protons / float(table.metadata["protons_on_target"]))
    argon = compound("Ar").with_levels(nuclear_levels("Ar40").quenched(_QUENCHING))
    return projection(
        name,
        sources={"lujan": facility.neutrinos(SECONDS_PER_DAY, 20.0)},
        time_edges_us=(0.0, 0.2),
        target=argon,
        mass_kg=_MASS_KG,
        exposure_days=days,
        interactions={"nc": NeutralCurrentExcitation(shape=FiniteMomentum.on(argon))},
        quenching=ConstantQuenching(1.0),
        response=GaussianResponse(1e3 * edges_MeV, Resolution(noise_keV=1000.0)),
        axis=Axis("energy_MeV", edges_MeV),
        background=ScaledBackground(
            MeasuredBackground(counts.sum(), counts, ExponentialTimes(0.0)), Exposure(_MASS_KG, days)
        ),
        nuisances=(
            *norm_nuisances("lujan", 0.1, 0.05),
            strength_quenching("Ar40", _QUENCHING, _QUENCHING_ERROR),
        ),
    )
