"""Proton beams as sources of dark matter: how many pions they make, and which table says how these move."""

from dataclasses import dataclass

from cevnsjax.arrays import check_positive
from cevnsjax.errors import UnknownNameError
from cevnsjax.flux.arrivals import PromptArrival
from cevnsjax.flux.dark_flux import SLICES, DarkFlux
from cevnsjax.flux.dark_production import AbstractProduction, PionCapture
from cevnsjax.flux.facilities import decay_at_rest_facility
from cevnsjax.flux.meson_cells import beam_pions
from cevnsjax.flux.neutral_mesons import NeutralPion
from cevnsjax.flux.source import Source
from cevnsjax.particle import AbstractDarkMatter


@dataclass(frozen=True)
class DarkBeam:
    """Pions of a proton beam.

    Attributes
    ----------
    pions
        Name of the table of neutral pions (:func:`cevnsjax.flux.beam_pions`).
    pions_per_proton
        Neutral pions per proton on target.
    captured_per_proton
        Negative pions that stop and are captured, per proton.
    source
        Where the numbers come from.
    """

    pions: str
    pions_per_proton: float
    captured_per_proton: float
    source: str

    def production(self) -> dict[str, AbstractProduction]:
        """Channels that make dark matter, by name."""
        pions = beam_pions(self.pions).of_yield(self.pions_per_proton)
        return {"pi0": NeutralPion(mesons=pions), "pi_minus": PionCapture(captured_per_proton=self.captured_per_proton)}


_TABLE = "table of beams of B. Dutta et al. (2024) and github.com/noctildon/lightDM"

DARK_BEAMS = {
    "sns": DarkBeam("sns", 0.1048, 0.0457, f"{_TABLE}: protons of 1 GeV on mercury"),
    "lujan": DarkBeam("lujan", 0.0633, 0.0259, f"{_TABLE}: protons of 0.8 GeV on tungsten"),
    "isis": DarkBeam("lujan", 0.0523, 0.0, f"{_TABLE}: 0.8 GeV on tantalum; pions move as those of tungsten"),
    "pip2-bd": DarkBeam(
        "sns", 0.3221, 0.2335, f"{_TABLE}: 2 GeV on carbon; pions move as those of 1 GeV on mercury, too slowly"
    ),
}
"""Beams by the name of their facility."""


def dark_beam(facility: str) -> DarkBeam:
    """Return a beam by the name of its facility.

    Raises
    ------
    UnknownNameError
        If nothing is known of its neutral pions.
    """
    if facility not in DARK_BEAMS:
        raise UnknownNameError("facility with a table of neutral pions", facility, DARK_BEAMS)
    return DARK_BEAMS[facility]


def facility_dark_matter(
    facility: str,
    dark_matter: AbstractDarkMatter,
    exposure_s: float,
    distance_m: float | None = None,
    angle_deg: float = 90.0,
    slices: tuple[float, ...] = SLICES,
) -> Source:
    """What a facility sends of dark matter in a time at full power, and when.

    Parameters
    ----------
    facility
        Its name, like ``"sns"``.
    dark_matter
        What is made.
    exposure_s
        Time at full power, s.
    distance_m
        From the target to the detector, m; the facility's own unless given.
    angle_deg
        Between the beam and the direction of the detector, degrees.
    slices
        Delays c/v - 1 of the slices of speed, see :class:`cevnsjax.flux.DarkFlux`.

    Raises
    ------
    UnknownNameError
        If nothing is known of its neutral pions.
    """
    check_positive("exposure_s", exposure_s, "s")
    beam, place = dark_beam(facility), decay_at_rest_facility(facility)
    distance = place.baseline_m if distance_m is None else distance_m
    protons = place.protons_on_target(exposure_s)
    flux = DarkFlux(dark_matter, beam.production(), protons, distance, angle_deg, slices)
    return Source(flux, PromptArrival(place.pulse()))
