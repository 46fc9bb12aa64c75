"""What the data say: parameters and priors, likelihood, HMC, profile likelihood and its maps."""

from cevnsjax.inference.catalogue import MODELS, NamedModel, build_model, named_model
from cevnsjax.inference.model import Model
from cevnsjax.inference.nuts import Schedule
from cevnsjax.inference.plots import plot_corner, plot_prediction, plot_spectrum
from cevnsjax.inference.posterior import Posterior
from cevnsjax.inference.profile import Maximum, ProfileInterval, maximum, profile_interval, significance
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.run import sample
from cevnsjax.inference.scan import InterruptedScan, profile_map
from cevnsjax.inference.scan_plots import plot_profile_map

__all__ = [
    "MODELS",
    "InterruptedScan",
    "Maximum",
    "Model",
    "NamedModel",
    "Posterior",
    "ProfileInterval",
    "ProfileMap",
    "Schedule",
    "build_model",
    "maximum",
    "named_model",
    "plot_corner",
    "plot_prediction",
    "plot_profile_map",
    "plot_spectrum",
    "profile_interval",
    "profile_map",
    "sample",
    "significance",
]
