"""What the data say: parameters and priors, likelihood, HMC, profile likelihood and its maps."""

from cevnsjax.inference.calibration import Calibration, calibrate
from cevnsjax.inference.catalogue import build_model, prepared_model
from cevnsjax.inference.devices import on_devices
from cevnsjax.inference.discovery import ExposureCurve, exposure_curve
from cevnsjax.inference.drawn import Drawn
from cevnsjax.inference.expected_limits import Sensitivity, sensitivity
from cevnsjax.inference.fisher import Laplace, fisher_information, laplace
from cevnsjax.inference.goodness import PredictiveCheck, posterior_predictive_p_value
from cevnsjax.inference.hmc import Hmc
from cevnsjax.inference.limits import OneSidedTest, expected_upper_limit, one_sided_test, upper_limit
from cevnsjax.inference.marginals import plot_marginals
from cevnsjax.inference.model import Model
from cevnsjax.inference.nuts import Nuts
from cevnsjax.inference.offered import Offered
from cevnsjax.inference.plots import plot_corner, plot_spectrum
from cevnsjax.inference.posterior import Posterior
from cevnsjax.inference.profile import Maximum, ProfileInterval, maximum, profile_interval, significance
from cevnsjax.inference.profile_map import ProfileMap
from cevnsjax.inference.run import sample
from cevnsjax.inference.sampler import AbstractSampler
from cevnsjax.inference.scan import InterruptedScan, profile_map
from cevnsjax.inference.scan_plots import plot_profile_map
from cevnsjax.inference.tempering import Evidence, evidence
from cevnsjax.inference.toy_intervals import Coverage, FeldmanCousins, coverage, feldman_cousins
from cevnsjax.inference.toys import ToyFits, Toys, draw_toys, fit_toys, profile_statistics
from cevnsjax.inference.unfold import Unfolding, UnfoldingErrors, unfold
from cevnsjax.inference.unfold_bayesian import SampledFlux, sample_flux
from cevnsjax.inference.unfold_beta import PenaltyCurve, choose_beta, penalty_curve
from cevnsjax.inference.unfold_closure import UnfoldingCoverage, unfolding_coverage
from cevnsjax.inference.unfold_response import FluxResponse, flux_response
from cevnsjax.overlays import Overlay, overlay, overlay_names, read_overlay
from cevnsjax.schedule import Schedule

__all__ = [
    "AbstractSampler",
    "Calibration",
    "Coverage",
    "Drawn",
    "Evidence",
    "ExposureCurve",
    "FeldmanCousins",
    "FluxResponse",
    "Hmc",
    "InterruptedScan",
    "Laplace",
    "Maximum",
    "Model",
    "Nuts",
    "Offered",
    "OneSidedTest",
    "Overlay",
    "PenaltyCurve",
    "Posterior",
    "PredictiveCheck",
    "ProfileInterval",
    "ProfileMap",
    "SampledFlux",
    "Schedule",
    "Sensitivity",
    "ToyFits",
    "Toys",
    "Unfolding",
    "UnfoldingCoverage",
    "UnfoldingErrors",
    "build_model",
    "calibrate",
    "choose_beta",
    "coverage",
    "draw_toys",
    "evidence",
    "expected_upper_limit",
    "exposure_curve",
    "feldman_cousins",
    "fisher_information",
    "fit_toys",
    "flux_response",
    "laplace",
    "maximum",
    "on_devices",
    "one_sided_test",
    "overlay",
    "overlay_names",
    "penalty_curve",
    "plot_corner",
    "plot_marginals",
    "plot_profile_map",
    "plot_spectrum",
    "posterior_predictive_p_value",
    "prepared_model",
    "profile_interval",
    "profile_map",
    "profile_statistics",
    "read_overlay",
    "sample",
    "sample_flux",
    "sensitivity",
    "significance",
    "unfold",
    "unfolding_coverage",
    "upper_limit",
]
