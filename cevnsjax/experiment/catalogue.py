"""Experiments by name."""

from collections.abc import Callable, Iterable
from typing import Literal

from cevnsjax.arrays import short
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment.coherent_csi_2017 import coherent_csi_2017
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.coherent_ge_mini import coherent_ge_mini
from cevnsjax.experiment.coherent_lar import coherent_lar, coherent_lar_templates
from cevnsjax.experiment.conus_plus import conus_plus
from cevnsjax.experiment.dresden_ii import dresden_ii, dresden_ii_lindhard
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.joint import Joint
from cevnsjax.experiment.karmen_c12 import karmen_c12
from cevnsjax.experiment.projections import PROJECTIONS
from cevnsjax.experiment.xenonnt_8b import xenonnt_8b, xenonnt_8b_2024
from cevnsjax.parameter import name_tuple

_COUNTING: dict[str, Callable[[], Experiment]] = {
    "coherent-ge-mini": coherent_ge_mini,
    "conus-plus": conus_plus,
    "karmen-c12": karmen_c12,
}

EXPERIMENTS: dict[str, Callable[[], Experiment]] = {
    "coherent-csi-2017": coherent_csi_2017,
    "coherent-csi-2021": coherent_csi_2021,
    "coherent-lar": coherent_lar,
    "coherent-lar-templates": coherent_lar_templates,
    "dresden-ii": dresden_ii,
    "dresden-ii-lindhard": dresden_ii_lindhard,
    "xenonnt-8b": xenonnt_8b,
    "xenonnt-8b-2024": xenonnt_8b_2024,
    **_COUNTING,
    **PROJECTIONS,
}
"""Functions that build the experiments, by the name used on the command line."""


def experiment_kind(name: str) -> Literal["data", "counting", "projection"]:
    """Tell what stands in the place of data: a measured spectrum, a published count, or the prediction itself.

    Raises
    ------
    UnknownNameError
        If there is no experiment of that name.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, EXPERIMENTS)
    if name in PROJECTIONS:
        return "projection"
    return "counting" if name in _COUNTING else "data"


def named_experiment(name: str, share: Iterable[str] = ()) -> Experiment | Joint:
    """Build an experiment by name, or several from names with commas between.

    Parameters
    ----------
    name
        Like ``"coherent-csi-2021"``, or ``"coherent-csi-2021,coherent-lar"`` for a joint fit.
    share
        Nuisance parameters that the experiments of a joint fit have in common.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    CevnsjaxError
        If an experiment is named twice, or there is nothing to share.
    """
    if not isinstance(name, str):
        raise CevnsjaxError(f"The name of an experiment must be a text, with commas for several, got {short(name)}.")
    names, share = [part.strip() for part in name.split(",")], name_tuple("share", share)
    for each in names:
        if each not in EXPERIMENTS:
            raise UnknownNameError("experiment", each, EXPERIMENTS)
    if len(names) > 1:
        return Joint.of((EXPERIMENTS[each]() for each in names), share)
    if share:
        raise CevnsjaxError(f"Sharing {', '.join(share)} needs at least two experiments, got {name}.")
    return EXPERIMENTS[names[0]]()
