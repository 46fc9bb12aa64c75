"""Experiments by name: files of descriptions, builders of what has logic of its own, and files of the user's own."""

import functools
import tomllib
from collections.abc import Callable, Iterable
from typing import Literal

from cevnsjax.arrays import short
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment.coherent_csi_2017 import coherent_csi_2017
from cevnsjax.experiment.coherent_csi_2021 import coherent_csi_2021
from cevnsjax.experiment.coherent_lar import coherent_lar, coherent_lar_templates
from cevnsjax.experiment.description import read_experiment
from cevnsjax.experiment.dresden_ii import dresden_ii, dresden_ii_lindhard
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.joint import Joint
from cevnsjax.experiment.karmen_c12 import karmen_c12
from cevnsjax.experiment.projections import PROJECTIONS
from cevnsjax.experiment.prospect_hfir import PromptSpectrum, prospect_hfir
from cevnsjax.experiment.xenonnt_8b import xenonnt_8b, xenonnt_8b_2024
from cevnsjax.parameter import name_tuple
from cevnsjax.tables import data_files

DESCRIPTIONS = data_files("experiments", ".toml")
"""Files of the experiments of the catalogue that are descriptions, by name."""

EXPERIMENTS: dict[str, Callable[[], Experiment]] = {
    "coherent-csi-2017": coherent_csi_2017,
    "coherent-csi-2021": coherent_csi_2021,
    "coherent-lar": coherent_lar,
    "coherent-lar-templates": coherent_lar_templates,
    "dresden-ii": dresden_ii,
    "dresden-ii-lindhard": dresden_ii_lindhard,
    "xenonnt-8b": xenonnt_8b,
    "xenonnt-8b-2024": xenonnt_8b_2024,
    "karmen-c12": karmen_c12,
    **PROJECTIONS,
    **{name: functools.partial(read_experiment, path) for name, path in DESCRIPTIONS.items()},
}
"""Functions that build the experiments, by the name used on the command line."""

MEASURED_SPECTRA: dict[str, Callable[[], PromptSpectrum]] = {"prospect-hfir": prospect_hfir}
"""Functions that read spectra with their released responses, which can be unfolded, by the name used there."""


def experiment_kind(name: str) -> Literal["data", "counting", "projection"]:
    """Tell what stands in the place of data: a measured spectrum, a published count, or the prediction itself.

    Raises
    ------
    UnknownNameError
        If there is no experiment of that name.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, EXPERIMENTS)
    if name in DESCRIPTIONS:
        described = tomllib.loads(DESCRIPTIONS[name].read_text(encoding="utf-8"))
        return "counting" if "data" in described else "projection"
    if name in PROJECTIONS:
        return "projection"
    return "counting" if name == "karmen-c12" else "data"


def described_as(name: str) -> str:
    """First line of what the file of an experiment says about it."""
    source = tomllib.loads(DESCRIPTIONS[name].read_text(encoding="utf-8"))["source"]
    return source.strip().split("\n")[0]


def named_experiment(name: str, share: Iterable[str] = (), *, allow_code: bool = False) -> Experiment | Joint:
    """Build an experiment by name or from a file, or several from names and files with commas between.

    Parameters
    ----------
    name
        Like ``"coherent-csi-2021"``, ``"my_detector.toml"`` (:func:`read_experiment`), or
        ``"coherent-csi-2021,my_detector.toml"`` for a joint fit.
    share
        Nuisance parameters that the experiments of a joint fit have in common.
    allow_code
        Whether a file may name a class of a Python file beside it.

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
        if not each.endswith(".toml") and each not in EXPERIMENTS:
            otherwise = "`cevnsjax list experiments` has all names, and the name of a file must end in .toml."
            raise UnknownNameError("experiment", each, EXPERIMENTS, otherwise)

    def build(each: str) -> Experiment:
        return read_experiment(each, allow_code=allow_code) if each.endswith(".toml") else EXPERIMENTS[each]()

    if len(names) > 1:
        return Joint.of(map(build, names), share)
    if share:
        raise CevnsjaxError(f"Sharing {', '.join(share)} needs at least two experiments, got {name}.")
    return build(names[0])
