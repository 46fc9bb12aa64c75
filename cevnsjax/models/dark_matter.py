"""Models of light dark matter, made by the protons that make an experiment's neutrinos."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpyro.distributions as dist

from cevnsjax.cross_section import (
    AbstractInteraction,
    Coherent,
    DarkElectron,
    DarkExcitation,
    DarkNucleus,
    ElectronScattering,
    MagneticDipole,
    NeutralCurrentExcitation,
)
from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment
from cevnsjax.experiment.nuisances import positive
from cevnsjax.flux import (
    DARK_BEAMS,
    AbstractDarkSource,
    DarkFlux,
    PionDecayAtRest,
    PromptArrival,
    Source,
    decay_at_rest_facility,
    sources_of,
)
from cevnsjax.flux.dark_flux import SLICES
from cevnsjax.models.named_model import NamedModel
from cevnsjax.parameter import Derived, Parameter
from cevnsjax.particle import (
    AbstractDarkMatter,
    AbstractPortal,
    DiracDarkMatter,
    Leptophobic,
    ScalarDarkMatter,
    VectorPortal,
    VectorPortalYield,
)

_SOURCE = "dark"
_PARTICLE = f"sources.{_SOURCE}.flux.dark_matter"
_ANGLES_DEG = {"coherent-nai": 120.0, "karmen": 100.0}
"""Angles to the beam by the beginning of an experiment's name, recalled; 90 degrees of all others."""
_MASS_MEV = 10.0


def with_dark_matter(experiment: Any, particle: AbstractDarkMatter) -> Any:
    """Let the protons of an experiment make dark matter, and the experiment see it.

    A source of dark matter that it has already keeps its beam. Recoils are added where neutrinos scatter coherently,
    lines where they excite levels, and electrons where they scatter on these.

    Raises
    ------
    ParameterError
        If it has no pions that decay at rest, or nothing is known of the neutral pions of their beam.
    """
    if not isinstance(experiment, Experiment):
        raise ParameterError("Models of dark matter need an experiment: there is no cross section without a flux.")
    own = sources_of(experiment.sources, AbstractDarkSource)
    if own:
        seen = {n: _of(experiment.sources[n], particle) for n in own}
        return experiment.with_sources(seen).with_interactions(_interactions(experiment))
    of_pions = sources_of(experiment.sources, PionDecayAtRest)
    if not of_pions:
        raise ParameterError("Models of dark matter need a beam of protons: pions that decay at rest are its sign.")
    facility = of_pions[0].replace("_", "-")
    if facility not in DARK_BEAMS:
        raise ParameterError(
            f"Nothing is known of the neutral pions of {of_pions[0]!r}, from which dark matter comes; known are those "
            f"of {', '.join(DARK_BEAMS)}. An experiment may have a source of its own, kind = 'DarkFlux'."
        )
    source = _beside(experiment, of_pions[0], facility, particle)
    nuisances = (*(_moved_too(p, of_pions[0]) for p in experiment.nuisances), *_nuisances(of_pions[0]))
    return experiment.with_sources({_SOURCE: source}, nuisances).with_interactions(_interactions(experiment))


def _of(source: Source, particle: AbstractDarkMatter) -> Source:
    flux = dataclasses.replace(source.flux, dark_matter=particle)  # pyright: ignore[reportArgumentType]
    return Source(flux, source.arrival)


def _beside(experiment: Experiment, name: str, facility: str, particle: AbstractDarkMatter) -> Source:
    """Source of dark matter from the protons that make neutrinos, in the same direction, with their pulse."""
    neutrinos = experiment.sources[name]
    flux: Any = neutrinos.flux
    angle = next((each for begins, each in _ANGLES_DEG.items() if experiment.name.startswith(begins)), 90.0)
    pulse = getattr(neutrinos.arrival, "pulse", None) or decay_at_rest_facility(facility).pulse()
    timed = experiment.axes[-1].bins > 1 and experiment.observed.shape[-1] > 1
    dark = DarkFlux(
        particle,
        DARK_BEAMS[facility].production(),
        flux.protons_on_target,
        flux.baseline_m,
        angle,
        SLICES if timed else SLICES[:1],
    )
    return Source(dark, PromptArrival(pulse))


def _interactions(experiment: Experiment) -> dict[str, AbstractInteraction]:
    found: dict[str, AbstractInteraction] = {}
    for each in experiment.interactions.values():
        if isinstance(each, Coherent):
            found["dark_recoils"] = DarkNucleus()
        if isinstance(each, ElectronScattering):
            found["dark_electrons"] = DarkElectron.on(experiment.target)
        if isinstance(each, NeutralCurrentExcitation):
            found["dark_lines"] = DarkExcitation.on(experiment.target, MagneticDipole())
    return found


def _moved_too(nuisance: Parameter, source: str) -> Parameter:
    """A nuisance parameter of the pulse moves that of dark matter, too."""
    begins = f"sources.{source}.arrival.pulse."
    extra = [
        f"sources.{_SOURCE}.arrival.pulse.{p.removeprefix(begins)}" for p in nuisance.paths if p.startswith(begins)
    ]
    return dataclasses.replace(nuisance, where=(*nuisance.paths, *extra)) if extra else nuisance


def _nuisances(source: str) -> tuple[Parameter, ...]:
    """Norms of the channels and the temperature of the beam: 10 % as of neutrinos, 50 % of captures, 10 %."""
    production = f"sources.{_SOURCE}.flux.production"
    return (
        Parameter(
            f"{source}_pi0_norm",
            positive(1.0, 0.1),
            f"{production}.pi0.norm",
            description="neutral pions over their nominal number (10 %)",
        ),
        Parameter(
            f"{source}_pi_minus_norm",
            positive(1.0, 0.5),
            f"{production}.pi_minus.norm",
            description="captured negative pions over their nominal number (50 %)",
        ),
        Parameter(
            f"{source}_pi0_tilt",
            dist.Normal(0.0, 0.1),
            f"{production}.pi0.mesons.tilt",
            description="energies of neutral pions: weights exp(tilt (T/<T> - 1))",
        ),
    )


_MASS = Parameter(
    "m_chi", dist.LogUniform(1.0, 150.0), f"{_PARTICLE}.mass_MeV", "MeV", "mass of dark matter", r"$m_\chi$"
)
_RATIO = Parameter("mass_ratio", dist.Uniform(2.0, 10.0), f"{_PARTICLE}.mass_ratio", "", "m_V/m_chi", r"$m_V/m_\chi$")


def _coupling(name: str, low: float, high: float, description: str, symbol: str) -> Parameter:
    where = f"{_PARTICLE}.portal.{name}"
    return Parameter(name, dist.LogUniform(low, high), where, "", description, symbol)


_DARK = _coupling("alpha_D", 1e-3, 1.0, "dark fine-structure constant", r"$\alpha_D$")


def _mediator_mass(experiment):
    return experiment.sources[_SOURCE].flux.dark_matter.mediator_mass_MeV


def _epsilon(experiment):
    particle = experiment.sources[_SOURCE].flux.dark_matter
    return particle.portal.mixing(particle.mass_ratio)


def _model(
    description: str,
    particle: Callable[..., AbstractDarkMatter],
    portal: Callable[..., AbstractPortal],
    couplings: tuple[Parameter, ...],
    derived: tuple[Derived, ...] = (),
) -> NamedModel:
    return NamedModel(
        description,
        functools.partial(_prepared, particle=particle, portal=portal),
        lambda _: (_MASS, *couplings, _RATIO),
        (_MASS.name, couplings[0].name),
        derived=(Derived("m_V", _mediator_mass, "MeV", "$m_V$"), *derived),
    )


def _prepared(experiment, particle: Callable[..., AbstractDarkMatter], portal: Callable[..., AbstractPortal]):
    return with_dark_matter(experiment, particle(_MASS_MEV, portal()))


_YIELD = _coupling("Y", 1e-15, 1e-6, "epsilon^2 alpha_D (m_chi/m_V)^4", "$Y$")
_EPSILON = _coupling("epsilon", 1e-8, 1e-2, "kinetic mixing", r"$\epsilon$")
_MIXING = Derived("epsilon", _epsilon, "", r"$\epsilon$")
_BARYON = (
    _coupling("alpha_B", 1e-14, 1e-2, "g_B^2/(4 pi) of baryon number", r"$\alpha_B$"),
    _coupling("alpha_chi", 1e-3, 1.0, "g_chi^2/(4 pi) of dark matter", r"$\alpha_\chi$"),
    Parameter(
        "epsilon_B", dist.Normal(0.0, 1e-3), f"{_PARTICLE}.portal.epsilon_B", "", "kinetic mixing", r"$\epsilon_B$"
    ),
)

DARK_MODELS: dict[str, NamedModel] = {
    "vector-portal-dm": _model(
        "scalar dark matter behind a dark photon, by its yield Y",
        ScalarDarkMatter,
        functools.partial(VectorPortalYield, 1e-10),
        (_YIELD, _DARK),
        (_MIXING,),
    ),
    "vector-portal-dirac-dm": _model(
        "Dirac dark matter behind a dark photon, by its yield Y",
        DiracDarkMatter,
        functools.partial(VectorPortalYield, 1e-10),
        (_YIELD, _DARK),
        (_MIXING,),
    ),
    "dark-photon-dm": _model(
        "scalar dark matter behind a dark photon, by its kinetic mixing epsilon",
        ScalarDarkMatter,
        functools.partial(VectorPortal, 1e-4),
        (_EPSILON, _DARK),
    ),
    "leptophobic-dm": _model(
        "scalar dark matter behind a boson of baryon number",
        ScalarDarkMatter,
        functools.partial(Leptophobic, 1e-8),
        _BARYON,
    ),
    "leptophobic-dirac-dm": _model(
        "Dirac dark matter behind a boson of baryon number",
        DiracDarkMatter,
        functools.partial(Leptophobic, 1e-8),
        _BARYON,
    ),
}
