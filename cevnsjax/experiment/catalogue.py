"""Experiments by name."""

from collections.abc import Callable

from cevnsjax.errors import UnknownNameError
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.experiment import Experiment

EXPERIMENTS: dict[str, Callable[[], Experiment]] = {"coherent-csi-2021": coherent_csi_2021}
"""Functions that build the experiments, by the name used on the command line."""


def named_experiment(name: str) -> Experiment:
    """Build an experiment by name.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, EXPERIMENTS)
    return EXPERIMENTS[name]()
