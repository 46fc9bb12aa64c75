"""Facilities where pions decay at rest."""

from collections.abc import Callable
from dataclasses import dataclass

from cevnsjax.arrays import check_positive
from cevnsjax.constants import ELEMENTARY_CHARGE_C
from cevnsjax.errors import UnknownNameError
from cevnsjax.flux.arrivals import PionDecayArrival
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
from cevnsjax.flux.pulses import AbstractPulse, GaussianPulse, RectangularPulse, TriangularPulse
from cevnsjax.flux.source import Source


@dataclass(frozen=True)
class DecayAtRestFacility:
    """A proton beam on a target.

    Attributes
    ----------
    proton_energy_MeV, beam_power_MW, repetition_rate_Hz
        The beam.
    neutrinos_per_proton
        Neutrinos of each of the three flavours per proton.
    baseline_m
        Distance of its detector for coherent scattering, m.
    pulse
        Function that makes the proton pulse, which starts at 0 where it has a start.
    source
        Where the values come from; "recalled" means not checked against a document.
    """

    proton_energy_MeV: float
    beam_power_MW: float
    repetition_rate_Hz: float
    neutrinos_per_proton: float
    baseline_m: float
    pulse: Callable[[], AbstractPulse]
    source: str

    def protons_on_target(self, beam_time_s: float) -> float:
        """Protons on target in a time at full power, s."""
        check_positive("beam_time_s", beam_time_s, "s")
        return self.beam_power_MW * beam_time_s / (self.proton_energy_MeV * ELEMENTARY_CHARGE_C)

    def flux(self, beam_time_s: float, baseline_m: float | None = None) -> PionDecayAtRest:
        """Neutrinos in a time at full power (s), at the facility's own baseline unless another is given (m)."""
        distance = self.baseline_m if baseline_m is None else baseline_m
        return PionDecayAtRest(self.neutrinos_per_proton, self.protons_on_target(beam_time_s), distance)

    def arrival(self) -> PionDecayArrival:
        """Arrival times with the facility's pulse."""
        return PionDecayArrival(self.pulse())

    def neutrinos(self, beam_time_s: float, baseline_m: float | None = None) -> Source:
        """What arrives in a time at full power (s), and when, as of :meth:`flux`."""
        return Source(self.flux(beam_time_s, baseline_m), self.arrival())


DECAY_AT_REST_FACILITIES = {
    "sns": DecayAtRestFacility(
        proton_energy_MeV=1000.0,
        beam_power_MW=1.4,
        repetition_rate_Hz=60.0,
        neutrinos_per_proton=0.0848,
        baseline_m=19.3,
        pulse=lambda: GaussianPulse(0.44, 0.15),
        source="COHERENT: baseline and neutrinos of CsI[Na] (arXiv:2110.07730), pulse of the liquid-argon release "
        "(arXiv:2006.12659), which counts from the trigger; 60 Hz recalled",
    ),
    "sns-sts": DecayAtRestFacility(
        proton_energy_MeV=1300.0,
        beam_power_MW=0.7,
        repetition_rate_Hz=15.0,
        neutrinos_per_proton=0.13,
        baseline_m=20.0,
        pulse=lambda: GaussianPulse(0.44, 0.15),
        source="second target station of the SNS (arXiv:2209.02883), all recalled; pulse as of the first station",
    ),
    "lujan": DecayAtRestFacility(
        proton_energy_MeV=800.0,
        beam_power_MW=0.1,
        repetition_rate_Hz=20.0,
        neutrinos_per_proton=0.0425,
        baseline_m=23.0,
        pulse=lambda: TriangularPulse(0.0, 0.29),
        source="CCM (arXiv:2105.14020), all recalled; 80 to 100 kW, 0.04 to 0.05 neutrinos per proton",
    ),
    "jsns2": DecayAtRestFacility(
        proton_energy_MeV=3000.0,
        beam_power_MW=1.0,
        repetition_rate_Hz=25.0,
        neutrinos_per_proton=0.26,
        baseline_m=24.0,
        pulse=lambda: RectangularPulse([0.0, 0.54], 0.1),
        source="JSNS2 (arXiv:1705.08629), all recalled; also found: 0.48 neutrinos per proton, bunches 0.6 us apart",
    ),
    "csns": DecayAtRestFacility(
        proton_energy_MeV=1600.0,
        beam_power_MW=0.14,
        repetition_rate_Hz=25.0,
        neutrinos_per_proton=0.17,
        baseline_m=10.5,
        pulse=lambda: RectangularPulse([0.0, 0.4], 0.1),
        source="CICENNS at CSNS, later 0.5 MW; pulse and neutrinos per proton recalled, bunch width a guess",
    ),
    "pip2-bd": DecayAtRestFacility(
        proton_energy_MeV=2000.0,
        beam_power_MW=1.3,
        repetition_rate_Hz=120.0,
        neutrinos_per_proton=0.3,
        baseline_m=18.0,
        pulse=lambda: RectangularPulse([0.0], 0.12),
        source="PIP2-BD, rapid-cycling ring (arXiv:2203.08079), all recalled; neutrinos per proton as for the ESS",
    ),
    "ess": DecayAtRestFacility(
        proton_energy_MeV=2000.0,
        beam_power_MW=5.0,
        repetition_rate_Hz=14.0,
        neutrinos_per_proton=0.3,
        baseline_m=20.0,
        pulse=lambda: RectangularPulse([0.0], 2860.0),
        source="ESS at full power (arXiv:1911.00762), neutrinos per proton and baseline recalled; 2 MW at first",
    ),
    "isis": DecayAtRestFacility(
        proton_energy_MeV=800.0,
        beam_power_MW=0.16,
        repetition_rate_Hz=50.0,
        neutrinos_per_proton=0.04,
        baseline_m=17.7,
        pulse=lambda: RectangularPulse([0.0, 0.32], 0.1),
        source="KARMEN; pulse and neutrinos per proton recalled",
    ),
}
"""Facilities by name."""


def decay_at_rest_facility(name: str) -> DecayAtRestFacility:
    """Return a facility by name.

    Raises
    ------
    UnknownNameError
        If there is no such facility.
    """
    if name not in DECAY_AT_REST_FACILITIES:
        raise UnknownNameError("decay-at-rest facility", name, DECAY_AT_REST_FACILITIES)
    return DECAY_AT_REST_FACILITIES[name]


def facility_neutrinos(facility: str, exposure_s: float, baseline_m: float | None = None) -> Source:
    """What arrives from a facility in a time at full power, and when.

    Parameters
    ----------
    facility
        Its name, like ``"sns"``.
    exposure_s
        Time at full power, s.
    baseline_m
        Distance, m; the facility's own unless given.

    Raises
    ------
    UnknownNameError
        If there is no such facility.
    """
    return decay_at_rest_facility(facility).neutrinos(exposure_s, baseline_m)
