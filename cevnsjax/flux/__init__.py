"""What arrives, and when."""

from cevnsjax.flux.flux import FLAVOURS, POWERS, AbstractFlux, parse_neutrino
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.mono_energetic import MonoEnergetic
from cevnsjax.flux.oscillation import SterileOscillation
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
from cevnsjax.flux.reactor import AbstractStrength, Reactor, ThermalPower, TotalFlux
from cevnsjax.flux.reactor_spectra import (
    ExponentialPolynomials,
    ReactorSpectra,
    huber_mueller_polynomials,
    reactor_spectra,
)
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
)

__all__ = [
    "FLAVOURS",
    "POWERS",
    "AbstractArrival",
    "AbstractFlux",
    "AbstractPulse",
    "AbstractStrength",
    "AbstractTimeDistribution",
    "ExponentialPolynomials",
    "ExponentialTimes",
    "GaussianPulse",
    "HistogramTimes",
    "InterpolatedSpectra",
    "MonoEnergetic",
    "PionDecayArrival",
    "PionDecayAtRest",
    "Reactor",
    "ReactorSpectra",
    "SharpPulse",
    "SingleDecayArrival",
    "SterileOscillation",
    "TabulatedFlux",
    "ThermalPower",
    "TotalFlux",
    "huber_mueller_polynomials",
    "parse_neutrino",
    "reactor_spectra",
]
