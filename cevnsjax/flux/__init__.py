"""What arrives, and when."""

from cevnsjax.flux.arrivals import ExponentialArrival, HistogramArrival
from cevnsjax.flux.atmospheric import atmospheric_neutrinos
from cevnsjax.flux.diffuse_supernova import CoreCollapseHistory, DiffuseSupernovae
from cevnsjax.flux.facilities import DECAY_AT_REST_FACILITIES, DecayAtRestFacility, decay_at_rest_facility
from cevnsjax.flux.flux import FLAVOURS, POWERS, AbstractFlux, AbstractSource, parse_neutrino
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.line_sources import LineSource, argon_37_source, chromium_51_source
from cevnsjax.flux.mono_energetic import MonoEnergetic
from cevnsjax.flux.oscillation import SterileOscillation
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
from cevnsjax.flux.pulses import RectangularPulse, TriangularPulse
from cevnsjax.flux.reactor import AbstractStrength, Reactor, ThermalPower, TotalFlux
from cevnsjax.flux.reactor_spectra import (
    ExponentialPolynomials,
    ReactorSpectra,
    huber_mueller_polynomials,
    reactor_spectra,
)
from cevnsjax.flux.solar import SolarNeutrinos, solar_neutrinos
from cevnsjax.flux.solar_oscillation import SolarOscillation
from cevnsjax.flux.supernova import PinchedSpectrum, SupernovaBurst
from cevnsjax.flux.tabulated import TabulatedFlux
from cevnsjax.flux.time_distribution import (
    AbstractArrival,
    AbstractPulse,
    AbstractTimeDistribution,
    ExponentialTimes,
    GaussianPulse,
    HistogramTimes,
    PionDecayArrival,
    SharpPulse,
    SingleDecayArrival,
    SteadyArrival,
)

__all__ = [
    "DECAY_AT_REST_FACILITIES",
    "FLAVOURS",
    "POWERS",
    "AbstractArrival",
    "AbstractFlux",
    "AbstractPulse",
    "AbstractSource",
    "AbstractStrength",
    "AbstractTimeDistribution",
    "CoreCollapseHistory",
    "DecayAtRestFacility",
    "DiffuseSupernovae",
    "ExponentialArrival",
    "ExponentialPolynomials",
    "ExponentialTimes",
    "GaussianPulse",
    "HistogramArrival",
    "HistogramTimes",
    "InterpolatedSpectra",
    "LineSource",
    "MonoEnergetic",
    "PinchedSpectrum",
    "PionDecayArrival",
    "PionDecayAtRest",
    "Reactor",
    "ReactorSpectra",
    "RectangularPulse",
    "SharpPulse",
    "SingleDecayArrival",
    "SolarNeutrinos",
    "SolarOscillation",
    "SteadyArrival",
    "SterileOscillation",
    "SupernovaBurst",
    "TabulatedFlux",
    "ThermalPower",
    "TotalFlux",
    "TriangularPulse",
    "argon_37_source",
    "atmospheric_neutrinos",
    "chromium_51_source",
    "decay_at_rest_facility",
    "huber_mueller_polynomials",
    "parse_neutrino",
    "reactor_spectra",
    "solar_neutrinos",
]
