"""Experiments: one file each, assembled from blocks."""

from cevnsjax.experiment.background import AbstractBackground as AbstractBackground
from cevnsjax.experiment.background import MeasuredBackground as MeasuredBackground
from cevnsjax.experiment.background import SimulatedBackground as SimulatedBackground
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021 as coherent_csi_2021
from cevnsjax.experiment.experiment import Axes as Axes
from cevnsjax.experiment.experiment import Experiment as Experiment
from cevnsjax.experiment.freeze import freeze as freeze
