"""CICENNS, 300 kg of CsI(Na) at the Chinese Spallation Neutron Source, one year.

From a talk of 2024: 300 kg, 10.5 m, 2.0e7 neutrinos cm^-2 s^-1 of all flavours, about 2500 events a year. The flux is
0.14 MW of 1.6 GeV protons with 0.17 neutrinos per proton and flavour (recalled). Assumed: light, quenching and
efficiencies of COHERENT's CsI[Na] (arXiv:2110.07730); steady background as there, for each kilogram and pulse; no
neutrons; a calendar year at full power; errors of 10 % (flux) and 2 % (background).
"""

from cevnsjax.experiment.background import MeasuredBackground
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.projection import norm_nuisances, projection
from cevnsjax.flux import DecayAtRestFacility, PionDecayAtRest, decay_at_rest_facility
from cevnsjax.spectrum import Panels

_MASS_KG = 300.0
_BEAM_TIME_S = 365.25 * 86400.0


def cicenns() -> Experiment:
    """Build the projection."""
    facility, coherent = decay_at_rest_facility("csns"), coherent_csi_2021()
    steady = coherent.backgrounds["steady_state"]
    assert isinstance(steady, MeasuredBackground)
    background = MeasuredBackground(_steady_events(coherent, facility), steady.energy_shape, steady.times)
    return projection(
        "cicenns",
        flux=facility.flux(_BEAM_TIME_S),
        arrival=facility.arrival(),
        window=coherent.window,
        target="CsI",
        mass_kg=_MASS_KG,
        quenching=coherent.quenching,
        response=coherent.response,
        axis=coherent.axes[0],
        background=background,
        nuisances=(
            *norm_nuisances("csns", 0.1, background, 0.02),
            *(p for p in coherent.nuisances if p.name in ("quenching_0", "quenching_1", "efficiency")),
        ),
        panels=Panels(5.0, (24, 16)),
    )


def _steady_events(coherent: Experiment, facility: DecayAtRestFacility) -> float:
    """As many as COHERENT's in each kilogram and each pulse."""
    sns, flux, steady = decay_at_rest_facility("sns"), coherent.flux, coherent.backgrounds["steady_state"]
    assert isinstance(flux, PionDecayAtRest)
    assert isinstance(steady, MeasuredBackground)
    pulses = sns.repetition_rate_Hz * float(flux.protons_on_target) / sns.protons_on_target(1.0)
    each = float(steady.events) / (float(coherent.mass_kg) * pulses)
    return each * _MASS_KG * facility.repetition_rate_Hz * _BEAM_TIME_S
