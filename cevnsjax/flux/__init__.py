"""What arrives, and when."""

from cevnsjax.flux.flux import FLAVOURS, POWERS, AbstractFlux
from cevnsjax.flux.oscillation import SterileOscillation
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest
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
    "PionDecayArrival",
    "PionDecayAtRest",
    "SharpPulse",
    "SingleDecayArrival",
    "SterileOscillation",
]
