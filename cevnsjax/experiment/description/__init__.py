"""Experiments from files: a table is a block, ``kind`` names a public class, every other key is one of its fields."""

from cevnsjax.experiment.description.read import described_experiment, read_experiment
from cevnsjax.experiment.description.where import DescriptionError

__all__ = ["DescriptionError", "described_experiment", "read_experiment"]
