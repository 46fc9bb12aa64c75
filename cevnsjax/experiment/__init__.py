"""Experiments: one file each, assembled from blocks."""

from cevnsjax.experiment.background import AbstractBackground, MeasuredBackground, SimulatedBackground
from cevnsjax.experiment.catalogue import EXPERIMENTS, experiment_kind, named_experiment
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.coherent_ge_mini import coherent_ge_mini
from cevnsjax.experiment.coherent_lar import coherent_lar, coherent_lar_templates
from cevnsjax.experiment.continuum import CaptureLine, ContinuumBackground, LineBackground
from cevnsjax.experiment.conus_plus import conus_plus
from cevnsjax.experiment.experiment import NO_TIMES, Axis, Experiment
from cevnsjax.experiment.freeze import freeze
from cevnsjax.experiment.joint import Joint, merge_parameter
from cevnsjax.experiment.likelihood import (
    AbstractLikelihood,
    GaussianLikelihood,
    PoissonLikelihood,
    poisson_log_likelihood,
)
from cevnsjax.experiment.scattering import Scattering
from cevnsjax.experiment.template import TemplateBackground, TemplateVariation

__all__ = [
    "EXPERIMENTS",
    "NO_TIMES",
    "AbstractBackground",
    "AbstractLikelihood",
    "Axis",
    "CaptureLine",
    "ContinuumBackground",
    "Experiment",
    "GaussianLikelihood",
    "Joint",
    "LineBackground",
    "MeasuredBackground",
    "PoissonLikelihood",
    "Scattering",
    "SimulatedBackground",
    "TemplateBackground",
    "TemplateVariation",
    "coherent_csi_2021",
    "coherent_ge_mini",
    "coherent_lar",
    "coherent_lar_templates",
    "conus_plus",
    "experiment_kind",
    "freeze",
    "merge_parameter",
    "named_experiment",
    "poisson_log_likelihood",
]
