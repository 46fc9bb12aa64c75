"""Experiments: one file each, assembled from blocks."""

from cevnsjax.experiment.background import AbstractBackground, MeasuredBackground, SimulatedBackground
from cevnsjax.experiment.catalogue import EXPERIMENTS, named_experiment
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.experiment import Axes, Experiment
from cevnsjax.experiment.freeze import freeze
from cevnsjax.experiment.scattering import Scattering

__all__ = [
    "EXPERIMENTS",
    "AbstractBackground",
    "Axes",
    "Experiment",
    "MeasuredBackground",
    "Scattering",
    "SimulatedBackground",
    "coherent_csi_2021",
    "freeze",
    "named_experiment",
]
