"""Models of light bosons by name: particles of one coupling, made and seen by it."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpyro.distributions as dist

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment
from cevnsjax.flux import BosonFlux, sources_of
from cevnsjax.models.alp import ELECTRON_COUPLING, PHOTON_COUPLING
from cevnsjax.models.named_model import NamedModel
from cevnsjax.parameter import Parameter
from cevnsjax.particle import AbstractLightBoson, Alp, DarkPhoton, DarkScalar

_MASS_MEV = 0.1

# paths from the particle on: every source of bosons has it
_MASS = Parameter("mass", dist.LogUniform(1e-3, 100.0), "mass_MeV", "MeV", "mass of the boson", "$m$")
_MIXING = Parameter("epsilon", dist.LogUniform(1e-10, 1.0), "mixing", "", "kinetic mixing", r"$\epsilon$")


def _prepared(experiment, boson: AbstractLightBoson, coupling: str):
    """The experiment with a particle in its sources of bosons, and the channels of its coupling alone.

    A dark photon couples to all charges, those of electrons among them.

    A particle of the same kind that has the coupling stays as it is.
    """
    if not isinstance(experiment, Experiment):
        raise ParameterError("Models of light bosons need an experiment: there is no cross section without a flux.")
    sources = dict(experiment.sources)
    for name in sources_of(sources, BosonFlux):
        flux: Any = sources[name].flux
        made_by = ("electron", "charge") if isinstance(boson, DarkPhoton) else (coupling,)
        channels = {key: each for key, each in flux.channels.items() if each.coupling in made_by}
        if not channels:
            raise ParameterError(
                f"The source {name} makes no boson by a coupling to {coupling}s; it has {', '.join(flux.channels)}."
            )
        own = flux.boson
        kept = type(own) is type(boson) and _coupling(own, coupling) != 0.0
        sources[name] = dataclasses.replace(
            sources[name], flux=dataclasses.replace(flux, boson=own if kept else boson, channels=channels)
        )
    return eqx.tree_at(lambda e: e.sources, experiment, sources)


def _coupling(boson: AbstractLightBoson, coupling: str):
    return boson.squared_electron_coupling if coupling == "electron" else boson.photon_coupling_per_MeV


def _of_sources(parameter: Parameter, experiment) -> Parameter:
    """A parameter of the particle, wherever it is made."""
    names = sources_of(experiment.sources, BosonFlux)
    return dataclasses.replace(parameter, where=tuple(f"sources.{n}.flux.boson.{parameter.where}" for n in names))


def _model(description: str, make: Callable[[], AbstractLightBoson], coupling: str, parameter: Parameter) -> NamedModel:
    def prepare(experiment):
        return _prepared(experiment, make(), coupling)

    return NamedModel(
        description,
        prepare,
        lambda experiment: tuple(_of_sources(each, experiment) for each in (_MASS, parameter)),
        source=BosonFlux,
    )


LIGHT_BOSON_MODELS: dict[str, NamedModel] = {
    "alp-photon": _model(
        "ALP with a coupling to photons: Primakoff effect, its inverse, and decay",
        functools.partial(Alp, _MASS_MEV, photon_coupling_per_GeV=1e-5),
        "photon",
        PHOTON_COUPLING,
    ),
    "alp-electron": _model(
        "ALP with a coupling to electrons: Compton-like scattering, its inverse, and decay above 2 m_e",
        functools.partial(Alp, _MASS_MEV, electron_coupling=1e-6),
        "electron",
        ELECTRON_COUPLING,
    ),
    "scalar-photon": _model(
        "light scalar with a coupling to photons: Primakoff effect, its inverse, and decay",
        functools.partial(DarkScalar, _MASS_MEV, photon_coupling_per_GeV=1e-5),
        "photon",
        PHOTON_COUPLING,
    ),
    "scalar-electron": _model(
        "light scalar with a coupling to electrons: Compton-like scattering, its inverse, and decay above 2 m_e",
        functools.partial(DarkScalar, _MASS_MEV, electron_coupling=1e-6),
        "electron",
        ELECTRON_COUPLING,
    ),
    "dark-photon-visible": _model(
        "dark photon without dark states: Compton-like scattering, its inverse, mesons, and decay above 2 m_e",
        functools.partial(DarkPhoton, _MASS_MEV, 1e-5),
        "electron",
        _MIXING,
    ),
}
