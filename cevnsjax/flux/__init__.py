"""What arrives, and when."""

from cevnsjax.flux.flux import FLAVOURS, POWERS, AbstractFlux, parse_neutrino
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.mono_energetic import MonoEnergetic
from cevnsjax.flux.oscillation import SterileOscillation
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
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
    "AbstractTimeDistribution",
    "ExponentialTimes",
    "GaussianPulse",
    "HistogramTimes",
    "InterpolatedSpectra",
    "MonoEnergetic",
    "PionDecayArrival",
    "PionDecayAtRest",
    "SharpPulse",
    "SingleDecayArrival",
    "SterileOscillation",
    "TabulatedFlux",
    "parse_neutrino",
]
