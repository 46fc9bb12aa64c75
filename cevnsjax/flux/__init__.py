"""What arrives, and when."""

from cevnsjax.flux.flux import FLAVOURS as FLAVOURS
from cevnsjax.flux.flux import POWERS as POWERS
from cevnsjax.flux.flux import AbstractFlux as AbstractFlux
from cevnsjax.flux.pion_decay_at_rest import PionDecayAtRest as PionDecayAtRest
from cevnsjax.flux.time_distribution import AbstractArrival as AbstractArrival
from cevnsjax.flux.time_distribution import AbstractPulse as AbstractPulse
from cevnsjax.flux.time_distribution import AbstractTimeDistribution as AbstractTimeDistribution
from cevnsjax.flux.time_distribution import ExponentialTimes as ExponentialTimes
from cevnsjax.flux.time_distribution import GaussianPulse as GaussianPulse
from cevnsjax.flux.time_distribution import HistogramTimes as HistogramTimes
from cevnsjax.flux.time_distribution import PionDecayArrival as PionDecayArrival
from cevnsjax.flux.time_distribution import SharpPulse as SharpPulse
from cevnsjax.flux.time_distribution import SingleDecayArrival as SingleDecayArrival
