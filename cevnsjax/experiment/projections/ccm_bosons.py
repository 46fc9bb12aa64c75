"""CCM looking for light bosons of the photons, electrons, positrons and pions in the tungsten of the Lujan target.

``ccm120-bosons`` is the engineering run of 2019 with 1.79e21 protons (arXiv:2112.09979), of which the background alone
is public, and no counts; ``ccm200-bosons`` has 7.5e21 protons a year for three years (a talk of B. Dutta, 2024), and
that background scaled by protons and divided by 100, as the talk has it for dark matter. Both are projections, of
couplings that are zero until a model or a setting gives them.

Photons are those of a simulation of protons on tungsten, from 1 MeV on. Electrons and positrons of a simulation are
not public: here they are the pairs that photons above 5 MeV make when they are absorbed, once, with 8 MeV of ionisation
in a radiation length of 6.76 g/cm^2 (recalled). Dark photons come from neutral pions and from positive ones that stop,
too. Assumed: 7 t of argon at 20 m (as in the table of that talk for lines), as long as a cube of that volume; all but
neutral pions alike in all directions, and these seen at 90 degrees; everything deposited is seen, in the region and the
time of the background, with a resolution of 1 MeV; errors of 20 % (bosons) and 5 % (background).
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
    AbstractBosonEmission,
    AssociatedEmission,
    BosonFlux,
    BremsstrahlungEmission,
    ComptonEmission,
    ConeGeometry,
    ExponentialTimes,
    PrimakoffEmission,
    ResonantEmission,
    Source,
    decay_at_rest_facility,
    pair_electrons,
    pair_positrons,
    pion_emission,
    stopped_pion_emission,
    target_photons,
)
from cevnsjax.particle import Alp
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution
from cevnsjax.tables import read_table
from cevnsjax.target import compound

_MASS_KG, _DENSITY_G_PER_CM3 = 7000.0, 1.396
_RADIATION_LENGTH_G_PER_CM2, _CRITICAL_ENERGY_MEV = 6.76, 8.0


def ccm120_bosons() -> Experiment:
    """Build the projection for the engineering run."""
    return _bosons("ccm120-bosons", 1.79e21, 1.0)


def ccm200_bosons() -> Experiment:
    """Build the projection for three years."""
    return _bosons("ccm200-bosons", 3 * 7.5e21, 0.01)


def _bosons(name: str, protons: float, background_ratio: float) -> Experiment:
    """Build a projection; the background is that of CCM120 for as many protons, times a ratio."""
    protons_per_day = decay_at_rest_facility("lujan").protons_on_target(SECONDS_PER_DAY)
    days = protons / protons_per_day
    table = read_table("ccm/background.csv", columns=("energy_low_MeV", "energy_high_MeV", "counts"))
    edges_MeV = np.append(table["energy_low_MeV"], table["energy_high_MeV"][-1])
    counts = table["counts"] * (background_ratio * protons / float(table.metadata["protons_on_target"]))
    geometry = ConeGeometry.of_mass(_MASS_KG, _DENSITY_G_PER_CM3, 20.0)
    return projection(
        name,
        sources={"lujan": Source.steady(BosonFlux(Alp(0.1), _channels(), protons_per_day, geometry))},
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


def _channels() -> dict[str, AbstractBosonEmission]:
    """What makes bosons in the target."""
    photons, tungsten = target_photons("lujan"), compound("W")
    positrons = pair_positrons(photons, "W")
    matter = {
        "target": tungsten,
        "radiation_length_g_per_cm2": _RADIATION_LENGTH_G_PER_CM2,
        "critical_energy_MeV": _CRITICAL_ENERGY_MEV,
    }
    return {
        "associated": AssociatedEmission(positrons=positrons, **matter),
        "bremsstrahlung": BremsstrahlungEmission(electrons=pair_electrons(photons, "W"), **matter),
        "compton": ComptonEmission(photons=photons, target="W"),
        "neutral_pions": pion_emission("lujan"),
        "primakoff": PrimakoffEmission(photons=photons, target="W"),
        "resonant": ResonantEmission(positrons=positrons, **matter),
        "stopped_pions_electron": stopped_pion_emission("lujan", "electron"),
        "stopped_pions_muon": stopped_pion_emission("lujan", "muon"),
    }
