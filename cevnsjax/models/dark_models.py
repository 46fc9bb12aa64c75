"""Models of light dark matter by name: particles, portals, and what they offer to be free."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpyro.distributions as dist

from cevnsjax.flux import AbstractDarkSource, AbstractSource, sources_of
from cevnsjax.models.dark_matter import with_dark_matter
from cevnsjax.models.named_model import NamedModel
from cevnsjax.parameter import Derived, Parameter
from cevnsjax.particle import (
    AbstractDarkMatter,
    AbstractPortal,
    DiracDarkMatter,
    InelasticDarkMatter,
    Leptophobic,
    ScalarDarkMatter,
    VectorPortal,
    VectorPortalYield,
)

_MASS_MEV, _SPLITTING = 10.0, 0.4

# paths from the particle on: every source of dark matter has it
_MASS = Parameter("m_chi", dist.LogUniform(1.0, 150.0), "mass_MeV", "MeV", "mass of dark matter", r"$m_\chi$")
_RATIO = Parameter("mass_ratio", dist.Uniform(2.0, 10.0), "mass_ratio", "", "m_V/m_chi", r"$m_V/m_\chi$")
_DELTA = Parameter("splitting", dist.Uniform(0.0, 1.0), "splitting", "", "Delta = (m_2 - m_1)/m_1", r"$\Delta$")


def _coupling(name: str, low: float, high: float, description: str, symbol: str) -> Parameter:
    return Parameter(name, dist.LogUniform(low, high), f"portal.{name}", "", description, symbol)


def _of_sources(parameter: Parameter, experiment) -> Parameter:
    """A parameter of the particle, in whichever of its states it is sent."""
    names = sources_of(experiment.sources, AbstractDarkSource)
    return dataclasses.replace(parameter, where=tuple(f"sources.{n}.flux.dark_matter.{parameter.where}" for n in names))


def _particle(experiment) -> Any:
    return experiment.sources[sources_of(experiment.sources, AbstractDarkSource)[0]].flux.dark_matter


def _mediator_mass(experiment):
    return _particle(experiment).mediator_mass_MeV


def _epsilon(experiment):
    particle = _particle(experiment)
    return particle.portal.mixing(particle.mass_ratio)


def _splitting(experiment):
    return _particle(experiment).splitting_MeV


def _model(
    description: str,
    particle: Callable[..., AbstractDarkMatter],
    portal: Callable[..., AbstractPortal],
    parameters: tuple[Parameter, ...],
    derived: tuple[Derived, ...] = (),
) -> NamedModel:
    offered = (_MASS, *parameters, _RATIO)
    return NamedModel(
        description,
        functools.partial(_prepared, particle=particle, portal=portal),
        lambda experiment: tuple(_of_sources(each, experiment) for each in offered),
        (_MASS.name, parameters[0].name),
        derived=(Derived("m_V", _mediator_mass, "MeV", "$m_V$"), *derived),
        source=AbstractSource,  # a beam of protons, or dark matter itself
    )


def _prepared(experiment, particle: Callable[..., AbstractDarkMatter], portal: Callable[..., AbstractPortal]):
    return with_dark_matter(experiment, particle(_MASS_MEV, portal()))


_YIELD = (
    _coupling("Y", 1e-15, 1e-6, "epsilon^2 alpha_D (m_chi/m_V)^4", "$Y$"),
    _coupling("alpha_D", 1e-3, 1.0, "dark fine-structure constant", r"$\alpha_D$"),
)
_EPSILON = (_coupling("epsilon", 1e-8, 1e-2, "kinetic mixing", r"$\epsilon$"), _YIELD[1])
_BARYON = (
    _coupling("alpha_B", 1e-14, 1e-2, "g_B^2/(4 pi) of baryon number", r"$\alpha_B$"),
    _coupling("alpha_chi", 1e-3, 1.0, "g_chi^2/(4 pi) of dark matter", r"$\alpha_\chi$"),
    Parameter("epsilon_B", dist.Normal(0.0, 1e-3), "portal.epsilon_B", "", "kinetic mixing", r"$\epsilon_B$"),
)
_MIXING = Derived("epsilon", _epsilon, "", r"$\epsilon$")
_GAP = Derived("delta_m", _splitting, "MeV", r"$m_2 - m_1$")

_SCALAR, _DIRAC = ScalarDarkMatter, DiracDarkMatter
_INELASTIC = functools.partial(InelasticDarkMatter, splitting=_SPLITTING)
_BY_YIELD = functools.partial(VectorPortalYield, 1e-10)
_BY_MIXING = functools.partial(VectorPortal, 1e-4)
_BY_BARYONS = functools.partial(Leptophobic, 1e-8)
_PHOTON, _BOSON = "behind a dark photon, by its yield Y", "behind a boson of baryon number"
_TWO_STATES = "inelastic dark matter: chi_1 and chi_2 of a split Dirac fermion"

DARK_MODELS: dict[str, NamedModel] = {
    "vector-portal-dm": _model(f"scalar dark matter {_PHOTON}", _SCALAR, _BY_YIELD, _YIELD, (_MIXING,)),
    "vector-portal-dirac-dm": _model(f"Dirac dark matter {_PHOTON}", _DIRAC, _BY_YIELD, _YIELD, (_MIXING,)),
    "vector-portal-inelastic-dm": _model(
        f"{_TWO_STATES} {_PHOTON}", _INELASTIC, _BY_YIELD, (*_YIELD, _DELTA), (_MIXING, _GAP)
    ),
    "dark-photon-dm": _model(
        "scalar dark matter behind a dark photon, by its kinetic mixing epsilon", _SCALAR, _BY_MIXING, _EPSILON
    ),
    "leptophobic-dm": _model(f"scalar dark matter {_BOSON}", _SCALAR, _BY_BARYONS, _BARYON),
    "leptophobic-dirac-dm": _model(f"Dirac dark matter {_BOSON}", _DIRAC, _BY_BARYONS, _BARYON),
    "leptophobic-inelastic-dm": _model(f"{_TWO_STATES} {_BOSON}", _INELASTIC, _BY_BARYONS, (*_BARYON, _DELTA), (_GAP,)),
}
