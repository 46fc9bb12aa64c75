"""Differentiable forward model of coherent elastic neutrino-nucleus scattering, and Bayesian fits of it on GPUs.

Rooms, each importing only from those before it: ``target``, ``particle``, ``flux``, ``cross_section``, ``quenching``,
``response``, ``experiment``, ``models``, ``inference``, ``design``, ``validation``. They are loaded when they are first
used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cevnsjax import (
        cross_section,
        design,
        experiment,
        flux,
        inference,
        models,
        particle,
        quenching,
        response,
        target,
        validation,
    )
    from cevnsjax.inference import Model, build_model, maximum, profile_interval, sample
    from cevnsjax.parameter import Parameter
    from cevnsjax.schedule import Schedule
    from cevnsjax.spectrum import Spectrum

__version__ = "0.1.0"

_ROOMS = (
    *("target", "particle", "flux", "cross_section", "quenching", "response"),
    *("experiment", "models", "inference", "design", "validation"),
)
_NAMES = {
    "Model": "inference",
    "Schedule": "schedule",
    "build_model": "inference",
    "maximum": "inference",
    "profile_interval": "inference",
    "sample": "inference",
    "Parameter": "parameter",
    "Spectrum": "spectrum",
}

__all__ = [
    "Model",
    "Parameter",
    "Schedule",
    "Spectrum",
    "build_model",
    "cross_section",
    "design",
    "experiment",
    "flux",
    "inference",
    "maximum",
    "models",
    "particle",
    "profile_interval",
    "quenching",
    "response",
    "sample",
    "target",
    "validation",
]


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"cevnsjax.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"cevnsjax.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'cevnsjax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
