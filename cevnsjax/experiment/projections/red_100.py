"""RED-100, liquid xenon at the Kalinin reactor: arXiv:1910.06190.

Its abstract: a threshold of 4 electrons. Recalled, not checked: 3.1 GW at 19 m, 100 kg of fiducial xenon. Electrons of
a recoil: Lindhard and Thomas-Imel (arXiv:1101.6080), recombination free to 20 % (assumed). Assumed: all electrons are
extracted, 4 to 12 of them are kept, their number is Gaussian around its mean n with the variance n + 0.09, 100 days
with the reactor on, 30 events/(kg d) of accidental electrons spread evenly, errors of 5 % (flux) and 2 % (background).
Energies are 13.8 eV for each electron.
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
from cevnsjax.quenching import ElectronQuenching, ThomasImel
from cevnsjax.response import GaussianResponse, Resolution

_MASS_KG = 100.0
_DAYS = 100.0
_ELECTRONS = np.arange(3.5, 13.0)


def red_100() -> Experiment:
    """Build the projection."""
    yields = ThomasImel.liquid_xenon()
    work_keV = float(yields.energy_per_quantum_keV)
    edges = work_keV * _ELECTRONS
    flux = Reactor("bestiole-2023", ThermalPower(3.1, 19.0), SECONDS_PER_DAY)
    recombination = float(yields.recombination)
    return projection(
        "red-100",
        sources={"reactor": Source.steady(flux)},
        target="Xe",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=ElectronQuenching(yields),
        response=GaussianResponse(edges, Resolution(noise_keV=0.3 * work_keV, fano=1.0, pair_energy_keV=work_keV)),
        axis=Axis("energy_keVee", edges),
        background=FlatBackground(30.0 / (edges[-1] - edges[0])),
        nuisances=(
            *norm_nuisances("reactor", 0.05, 0.02),
            shape_nuisance(
                "recombination",
                recombination,
                0.2 * recombination,
                "quenching.yields.recombination",
                "recombination of electrons in xenon",
            ),
        ),
    )
