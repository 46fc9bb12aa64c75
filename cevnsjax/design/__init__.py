"""What to build, and what it would see: detectors as variables, the neutrino fog."""

from cevnsjax.design.asimov import AsimovSignificance, ExpectedLimit
from cevnsjax.design.elasticity import Elasticities, elasticities
from cevnsjax.design.fog import DiscoveryLimits, Fog, FogLine, discovery_limits, fog_line
from cevnsjax.design.fog_plot import plot_fog
from cevnsjax.design.fog_sources import FLUX_NORMS, FluxNorm, fog_scattering, recoil_edges_keV, recoil_fog
from cevnsjax.design.fractions import AbstractFraction, Enrichment, MassFraction, SourceOff
from cevnsjax.design.nested_monte_carlo import NestedEstimate, nested_information_gain
from cevnsjax.design.objective import AbstractObjective, InformationGain, PosteriorWidth
from cevnsjax.design.optimum import Optimum, Start, optimise
from cevnsjax.design.pareto import pareto_front
from cevnsjax.design.plots import plot_study
from cevnsjax.design.study import Study, build_study, study_of
from cevnsjax.design.unscaled import unscaled
from cevnsjax.design.variable import AbstractVariable, Variable
from cevnsjax.design.worst_case import WorstCase

__all__ = [
    "FLUX_NORMS",
    "AbstractFraction",
    "AbstractObjective",
    "AbstractVariable",
    "AsimovSignificance",
    "DiscoveryLimits",
    "Elasticities",
    "Enrichment",
    "ExpectedLimit",
    "FluxNorm",
    "Fog",
    "FogLine",
    "InformationGain",
    "MassFraction",
    "NestedEstimate",
    "Optimum",
    "PosteriorWidth",
    "SourceOff",
    "Start",
    "Study",
    "Variable",
    "WorstCase",
    "build_study",
    "discovery_limits",
    "elasticities",
    "fog_line",
    "fog_scattering",
    "nested_information_gain",
    "optimise",
    "pareto_front",
    "plot_fog",
    "plot_study",
    "recoil_edges_keV",
    "recoil_fog",
    "study_of",
    "unscaled",
]
