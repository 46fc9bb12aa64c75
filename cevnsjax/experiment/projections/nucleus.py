"""NUCLEUS at Chooz with germanium, three scenarios (arXiv:2302.10460): threshold, background and exposure.

Scenarios of J. Liao, H. Liu and D. Marfatia, as given in a talk of 2024: (1) 1 kg yr, 100 counts/(keV kg d), 5 eV;
(2) 3 kg yr, 1 count/(keV kg d), 5 eV; (3) 300 kg yr, 1 count/(keV kg d), 1 eV. The detectors measure the recoil energy
itself. Two cores of 4.25 GW at 72 and 102 m are recalled; antineutrinos are those of TEXONO's table (2.14e12 cm^-2
s^-1). Assumed: a resolution of a fifth of the threshold and 3 % of the energy, errors of 3 % (flux), 5 % (background)
and 1 % (energy scale).
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


def nucleus_1() -> Experiment:
    """Build scenario 1."""
    return _scenario("nucleus-1", 1.0, 100.0, 0.005)


def nucleus_2() -> Experiment:
    """Build scenario 2."""
    return _scenario("nucleus-2", 3.0, 1.0, 0.005)


def nucleus_3() -> Experiment:
    """Build scenario 3."""
    return _scenario("nucleus-3", 300.0, 1.0, 0.001)


def _scenario(name: str, mass_kg: float, background_per_keV_kg_day: float, threshold_keV: float) -> Experiment:
    edges = np.geomspace(threshold_keV, 4.0, 31)
    flux = Reactor("texono", ThermalPower(8.5, [72.0, 102.0], [0.5, 0.5]), SECONDS_PER_DAY)
    return projection(
        name,
        sources={"reactor": Source.steady(flux)},
        target="Ge",
        mass_kg=mass_kg,
        exposure_days=365.25,
        quenching=EnergyScale(),
        response=GaussianResponse(edges, Resolution(noise_keV=threshold_keV / 5.0, constant=0.03)),
        axis=Axis("energy_keV", edges),
        background=FlatBackground(background_per_keV_kg_day),
        nuisances=(
            *norm_nuisances("reactor", 0.03, 0.05),
            shape_nuisance("energy_scale", 1.0, 0.01, "quenching.scale", "measured over true recoil energy"),
        ),
    )
