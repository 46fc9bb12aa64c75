"""CICENNS, 300 kg of CsI(Na) at the Chinese Spallation Neutron Source, one year.

From a talk of 2024: 300 kg, 10.5 m, 2.0e7 neutrinos cm^-2 s^-1 of all flavours, about 2500 events a year. The flux is
0.14 MW of 1.6 GeV protons with 0.17 neutrinos per proton and flavour (recalled). Assumed: light, quenching and
efficiencies of COHERENT's CsI[Na] (arXiv:2110.07730); steady background as there, for each kilogram and pulse; no
neutrons; a calendar year at full power; errors of 10 % (flux) and 2 % (background).
"""

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.experiment.projections.projection import norm_nuisances, projection
from cevnsjax.experiment.rate_background import ScaledBackground
from cevnsjax.flux import DecayAtRestFacility, PionDecayAtRest, decay_at_rest_facility

_MASS_KG = 300.0
_DAYS = 365.25


def cicenns() -> Experiment:
    """Build the projection."""
    facility, coherent = decay_at_rest_facility("csns"), coherent_csi_2021()
    steady = coherent.backgrounds["steady_state"]
    return projection(
        "cicenns",
        sources={"csns": facility.neutrinos(SECONDS_PER_DAY)},
        window=coherent.window,
        target="CsI",
        mass_kg=_MASS_KG,
        exposure_days=_DAYS,
        quenching=coherent.quenching,
        response=coherent.response,
        axis=coherent.axes[0],
        background=ScaledBackground(steady, _recorded(coherent, facility)),
        nuisances=(
            *norm_nuisances("csns", 0.1, 0.02),
            *(p for p in coherent.nuisances if p.name in ("quenching_0", "quenching_1", "efficiency")),
        ),
    )


def _recorded(coherent: Experiment, facility: DecayAtRestFacility) -> Exposure:
    """COHERENT's exposure, its time replaced by that in which the facility has as many pulses."""
    sns, flux = decay_at_rest_facility("sns"), coherent.sources["sns"].flux
    assert isinstance(flux, PionDecayAtRest)
    days = float(flux.protons_on_target) / sns.protons_on_target(SECONDS_PER_DAY)
    return Exposure(coherent.mass_kg, days * sns.repetition_rate_Hz / facility.repetition_rate_Hz)
