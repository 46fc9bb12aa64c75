"""Ricochet, germanium bolometers at the ILL research reactor: arXiv:2208.01760.

Recalled, not checked against the paper: 58.3 MW of highly enriched uranium at 8.8 m, 18 crystals of 38 g that measure
recoils themselves, threshold 50 eV, 7 counts/(kg d) of background between 50 eV and 1 keV. Assumed: that background
flat, resolution 10 eV and 3 %, 300 days with the reactor on, fissions of U235 alone and no captures, errors of 5 %
(flux), 10 % (background) and 2 % (energy scale).
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

_MASS_KG = 18 * 0.038
_DAYS = 300.0
_FISSION_FRACTIONS = {"U235": 1.0, "U238": 0.0, "Pu239": 0.0, "Pu241": 0.0}
_CAPTURES_PER_FISSION = 0.0


def ricochet() -> Experiment:
    """Build the projection."""
    edges = np.geomspace(0.05, 4.0, 21)
    flux = Reactor(
        "bestiole-2023",
        ThermalPower(0.0583, 8.8),
        SECONDS_PER_DAY,
        fission_fractions=_FISSION_FRACTIONS,
        captures_per_fission=_CAPTURES_PER_FISSION,
    )
    return projection(
        "ricochet",
        sources={"reactor": Source.steady(flux)},
        target="Ge",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=EnergyScale(),
        response=GaussianResponse(edges, Resolution(noise_keV=0.01, constant=0.03)),
        axis=Axis("energy_keV", edges),
        background=FlatBackground(7.0 / 0.95),
        nuisances=(
            *norm_nuisances("reactor", 0.05, 0.1),
            shape_nuisance("energy_scale", 1.0, 0.02, "quenching.scale", "measured over true recoil energy"),
        ),
    )
