"""Models of axion-like particles, by the couplings that make and detect them."""

import dataclasses
import functools

import numpyro.distributions as dist

from cevnsjax.flux import AbstractAlpSource, sources_of
from cevnsjax.models.named_model import NamedModel
from cevnsjax.parameter import Derived, Parameter
from cevnsjax.paths import get_path, set_number

# paths from the particle on: every source of ALPs has it
_MASS = Parameter("mass", dist.LogUniform(1e-3, 2.2), "mass_MeV", "MeV", "mass of the ALP", "$m_a$")
_ISOVECTOR = Parameter(
    "isovector_coupling",
    dist.LogUniform(1e-8, 1.0),
    "isovector_coupling_per_GeV",
    "GeV^-1",
    "g_3 = (g_p - g_n)/2 of nucleons",
    "$g_3$",
)
_ISOSCALAR = Parameter(
    "isoscalar_coupling",
    dist.Normal(0.0, 1e-3),
    "isoscalar_coupling_per_GeV",
    "GeV^-1",
    "g_0 = (g_p + g_n)/2 of nucleons",
    "$g_0$",
)
PHOTON_COUPLING = Parameter(
    "photon_coupling",
    dist.LogUniform(1e-10, 1.0),
    "photon_coupling_per_GeV",
    "GeV^-1",
    "g_gamma of photons",
    r"$g_\gamma$",
)
ELECTRON_COUPLING = Parameter(
    "electron_coupling", dist.LogUniform(1e-10, 1.0), "electron_coupling", "", "g_e of electrons", "$g_e$"
)
_STARTS = {_ISOVECTOR: 1e-4, PHOTON_COUPLING: 1e-6, ELECTRON_COUPLING: 1e-7}


def _with_couplings(experiment, couplings: tuple[Parameter, ...]):
    """Start couplings that are zero at a value, which a prior that is flat in the logarithm needs."""
    for coupling in couplings:
        for path in _of_sources(coupling, experiment).paths:
            if get_path(experiment, path) == 0.0:
                experiment = set_number(experiment, path, _STARTS[coupling])
    return experiment


def _of_sources(parameter: Parameter, experiment) -> Parameter:
    """A parameter of the particle, wherever it is emitted."""
    names = sources_of(experiment.sources, AbstractAlpSource)
    return dataclasses.replace(parameter, where=tuple(f"sources.{n}.flux.boson.{parameter.where}" for n in names))


def _product(experiment, other: str):
    """Product of the isovector coupling and another one, which is what is measured where few ALPs decay."""
    alp = experiment.sources[sources_of(experiment.sources, AbstractAlpSource)[0]].flux.boson
    return alp.isovector_coupling_per_GeV * getattr(alp, other)


def _model(description: str, *others: Parameter, derived: tuple[Derived, ...] = ()) -> NamedModel:
    couplings = (_ISOVECTOR, *others)
    return NamedModel(
        f"ALP with couplings to nucleons{description}",
        functools.partial(_with_couplings, couplings=couplings),
        lambda experiment: tuple(_of_sources(each, experiment) for each in (_MASS, *couplings, _ISOSCALAR)),
        tuple(parameter.name for parameter in (_MASS, *couplings)),
        derived=derived,
        source=AbstractAlpSource,
    )


ALP_MODELS: dict[str, NamedModel] = {
    "alp-nucleon": _model(" alone: emission and absorption"),
    "alp-nucleon-photon": _model(
        " and photons: decay and the inverse Primakoff effect",
        PHOTON_COUPLING,
        derived=(
            Derived(
                "isovector_photon_product",
                functools.partial(_product, other="photon_coupling_per_GeV"),
                "GeV^-2",
                r"$g_3 g_\gamma$",
            ),
        ),
    ),
    "alp-nucleon-electron": _model(
        " and electrons: decay above 2 m_e and inverse Compton scattering",
        ELECTRON_COUPLING,
        derived=(
            Derived(
                "isovector_electron_product",
                functools.partial(_product, other="electron_coupling"),
                "GeV^-1",
                "$g_3 g_e$",
            ),
        ),
    ),
}
