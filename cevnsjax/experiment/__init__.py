"""Experiments: one file each, assembled from blocks."""

from cevnsjax.experiment.axis import NO_TIMES, Axis
from cevnsjax.experiment.background import AbstractBackground, MeasuredBackground, SimulatedBackground
from cevnsjax.experiment.catalogue import EXPERIMENTS, MEASURED_SPECTRA, described_as, experiment_kind, named_experiment
from cevnsjax.experiment.coherent_csi_2017 import coherent_csi_2017
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.coherent_lar import coherent_lar, coherent_lar_templates
from cevnsjax.experiment.continuum import CaptureLine, ContinuumBackground, LineBackground, Satellite
from cevnsjax.experiment.describe_frozen import describe_frozen
from cevnsjax.experiment.description import DescriptionError, read_experiment
from cevnsjax.experiment.dresden_ii import dresden_ii, dresden_ii_lindhard
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.experiment.freeze import freeze, without_tables
from cevnsjax.experiment.joint import Joint, asimov_names, merge_parameter
from cevnsjax.experiment.karmen_c12 import karmen_c12
from cevnsjax.experiment.lead_neutrons import lead_neutron_nuisance
from cevnsjax.experiment.likelihood import (
    AbstractLikelihood,
    GaussianLikelihood,
    PoissonLikelihood,
    poisson_log_likelihood,
)
from cevnsjax.experiment.nuisances import level_strength, strength_quenching
from cevnsjax.experiment.plots import plot_prediction
from cevnsjax.experiment.projection import PlotStyle
from cevnsjax.experiment.prospect_hfir import PromptSpectrum, prospect_hfir
from cevnsjax.experiment.rate_background import BinnedBackground, FlatBackground, ScaledBackground, TabulatedBackground
from cevnsjax.experiment.scattering import Scattering
from cevnsjax.experiment.settable import is_settable, settable_leaves, unknown_number
from cevnsjax.experiment.template import TemplateBackground, TemplateVariation
from cevnsjax.experiment.unseen import unseen_sources
from cevnsjax.experiment.xenonnt_8b import xenonnt_8b, xenonnt_8b_2024

__all__ = [
    "EXPERIMENTS",
    "MEASURED_SPECTRA",
    "NO_TIMES",
    "AbstractBackground",
    "AbstractLikelihood",
    "Axis",
    "BinnedBackground",
    "CaptureLine",
    "ContinuumBackground",
    "DescriptionError",
    "Experiment",
    "Exposure",
    "FlatBackground",
    "GaussianLikelihood",
    "Joint",
    "LineBackground",
    "MeasuredBackground",
    "PlotStyle",
    "PoissonLikelihood",
    "PromptSpectrum",
    "Satellite",
    "ScaledBackground",
    "Scattering",
    "SimulatedBackground",
    "TabulatedBackground",
    "TemplateBackground",
    "TemplateVariation",
    "asimov_names",
    "coherent_csi_2017",
    "coherent_csi_2021",
    "coherent_lar",
    "coherent_lar_templates",
    "describe_frozen",
    "described_as",
    "dresden_ii",
    "dresden_ii_lindhard",
    "experiment_kind",
    "freeze",
    "is_settable",
    "karmen_c12",
    "lead_neutron_nuisance",
    "level_strength",
    "merge_parameter",
    "named_experiment",
    "plot_prediction",
    "poisson_log_likelihood",
    "prospect_hfir",
    "read_experiment",
    "settable_leaves",
    "strength_quenching",
    "unknown_number",
    "unseen_sources",
    "without_tables",
    "xenonnt_8b",
    "xenonnt_8b_2024",
]
