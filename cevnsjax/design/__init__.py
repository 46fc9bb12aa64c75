"""What to build, and what it would see: detectors as variables, the neutrino fog."""

from cevnsjax.design.asimov import AsimovSignificance, ExpectedLimit
from cevnsjax.design.elasticity import Elasticities, elasticities
from cevnsjax.design.nested_monte_carlo import NestedEstimate, nested_information_gain
from cevnsjax.design.objective import AbstractObjective, InformationGain, PosteriorWidth
from cevnsjax.design.optimum import Optimum, Start, optimise
from cevnsjax.design.pareto import pareto_front
from cevnsjax.design.plots import plot_study
from cevnsjax.design.study import Study, build_study, study_of
from cevnsjax.design.variable import AbstractVariable, Enrichment, Variable
from cevnsjax.design.worst_case import WorstCase

__all__ = [
    "AbstractObjective",
    "AbstractVariable",
    "AsimovSignificance",
    "Elasticities",
    "Enrichment",
    "ExpectedLimit",
    "InformationGain",
    "NestedEstimate",
    "Optimum",
    "PosteriorWidth",
    "Start",
    "Study",
    "Variable",
    "WorstCase",
    "build_study",
    "elasticities",
    "nested_information_gain",
    "optimise",
    "pareto_front",
    "plot_study",
    "study_of",
]
