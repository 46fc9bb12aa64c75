"""An experiment that sees light dark matter: made by the protons that make its neutrinos, or boosted by cosmic rays."""

import dataclasses
from typing import Any

import numpyro.distributions as dist

from cevnsjax.cross_section import (
    AbstractInteraction,
    Coherent,
    DarkDecay,
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
    SterileOscillation,
    decay_at_rest_facility,
    sources_of,
)
from cevnsjax.flux.dark_flux import SLICES
from cevnsjax.parameter import Parameter
from cevnsjax.particle import AbstractDarkMatter, InelasticDarkMatter

_SOURCE, _HEAVIER = "dark", "_heavier"
_ANGLES_DEG = {"coherent-nai": 120.0, "karmen": 100.0}
"""Angles to the beam by the beginning of an experiment's name, recalled; 90 degrees of all others."""
_DENSITIES_G_PER_CM3 = {
    frozenset(("Ar",)): 1.396,
    frozenset(("Xe",)): 2.953,
    frozenset(("Ge",)): 5.323,
    frozenset(("Cs", "I")): 4.51,
    frozenset(("Na", "I")): 3.67,
}
"""By elements, of liquids and crystals: Particle Data Group, atomic and nuclear properties of materials."""


def with_dark_matter(experiment: Any, particle: AbstractDarkMatter) -> Any:
    """Let the protons of an experiment make dark matter, and the experiment see it.

    A source of dark matter that it has already keeps its beam. Of two states each is a source. Recoils are added where
    neutrinos scatter coherently, and electrons where they scatter on these; where they excite levels, these are excited
    by dark matter of one state, and decays of the heavier one of two are seen.

    Raises
    ------
    ParameterError
        If it has no pions that decay at rest, nothing is known of the neutral pions of their beam, or nothing is seen.
    """
    if not isinstance(experiment, Experiment):
        raise ParameterError("Models of dark matter need an experiment: there is no cross section without a flux.")
    states = _states(particle)
    own = [n for n in sources_of(experiment.sources, AbstractDarkSource) if not n.endswith(_HEAVIER)]
    if own:
        seen = {f"{n}{end}": _of(experiment.sources[n], each) for n in own for end, each in states.items()}
        nuisances = experiment.nuisances
        for n in own:
            nuisances = tuple(_moved_too(p, f"sources.{n}.", _others(n, states)) for p in nuisances)
        return _seeing(experiment.with_sources(seen, nuisances), particle)
    of_pions = [n for n in sorted(experiment.sources) if isinstance(_at_source(experiment, n), PionDecayAtRest)]
    if not of_pions:
        raise ParameterError("Models of dark matter need a beam of protons: pions that decay at rest are its sign.")
    facility = of_pions[0].replace("_", "-")
    if facility not in DARK_BEAMS:
        raise ParameterError(
            f"Nothing is known of the neutral pions of {of_pions[0]!r}, from which dark matter comes; known are those "
            f"of {', '.join(DARK_BEAMS)}. An experiment may have a source of its own, kind = 'DarkFlux'."
        )
    sources = {f"{_SOURCE}{end}": _beside(experiment, of_pions[0], facility, each) for end, each in states.items()}
    pulse = f"sources.{of_pions[0]}.arrival.pulse."
    of_dark = [f"sources.{name}.arrival.pulse." for name in sources]
    nuisances = (*(_moved_too(p, pulse, of_dark) for p in experiment.nuisances), *_nuisances(of_pions[0], sources))
    return _seeing(experiment.with_sources(sources, nuisances), particle)


def _states(particle: AbstractDarkMatter) -> dict[str, AbstractDarkMatter]:
    """What is sent, by the ending of the name of its source."""
    if not isinstance(particle, InelasticDarkMatter):
        return {"": particle}
    return {end: dataclasses.replace(particle, heavier=bool(end)) for end in ("", _HEAVIER)}


def _others(name: str, states: dict[str, AbstractDarkMatter]) -> list[str]:
    """Beginnings of the paths of all states but the first."""
    return [f"sources.{name}{end}." for end in states if end]


def _of(source: Source, particle: AbstractDarkMatter) -> Source:
    flux = dataclasses.replace(source.flux, dark_matter=particle)  # pyright: ignore[reportArgumentType]
    return Source(flux, source.arrival)


def _at_source(experiment: Experiment, name: str) -> Any:
    """Flux as it is made, whatever becomes of it on its way."""
    flux = experiment.sources[name].flux
    return flux.source if isinstance(flux, SterileOscillation) else flux


def _beside(experiment: Experiment, name: str, facility: str, particle: AbstractDarkMatter) -> Source:
    """Source of dark matter from the protons that make neutrinos, in the same direction, with their pulse."""
    flux = _at_source(experiment, name)
    angle = next((each for begins, each in _ANGLES_DEG.items() if experiment.name.startswith(begins)), 90.0)
    pulse = getattr(experiment.sources[name].arrival, "pulse", None) or decay_at_rest_facility(facility).pulse()
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


def _seeing(experiment: Experiment, particle: AbstractDarkMatter) -> Experiment:
    """The experiment with what dark matter does in it beside what neutrinos do, unless it says so itself."""
    inelastic = isinstance(particle, InelasticDarkMatter)
    there = list(experiment.interactions.values())
    if inelastic and any(isinstance(each, DarkExcitation) for each in there):
        raise ParameterError(
            "Nuclear levels are excited by dark matter of one state alone: a model of inelastic dark matter cannot be "
            "used for an experiment with the interaction DarkExcitation."
        )
    found: dict[str, AbstractInteraction] = {}
    for each in there:
        if isinstance(each, Coherent):
            found["dark_recoils"] = DarkNucleus()
        if isinstance(each, ElectronScattering):
            found["dark_electrons"] = DarkElectron.on(experiment.target)
        if isinstance(each, NeutralCurrentExcitation) and not inelastic:
            found["dark_lines"] = DarkExcitation.on(experiment.target, MagneticDipole())
        if isinstance(each, NeutralCurrentExcitation) and inelastic and (decay := _decays(experiment)) is not None:
            found["dark_decays"] = decay
    own = {type(each) for name, each in experiment.interactions.items() if name not in found}
    found = {name: each for name, each in found.items() if type(each) not in own}
    seeing = experiment.with_interactions(found)
    if not any(issubclass(each.sees, AbstractDarkSource) for each in seeing.interactions.values()):
        kinds = "recoils, electrons" + (" or decays" if inelastic else " or lines")
        raise ParameterError(f"Nothing is seen of dark matter in {experiment.name}: there are no {kinds} of it.")
    return seeing


def _decays(experiment: Experiment) -> DarkDecay | None:
    """Decays in a detector as long as a cube of its volume; none where its density is not known."""
    elements = frozenset(name.rstrip("0123456789") for name in experiment.target.nuclides)
    density = _DENSITIES_G_PER_CM3.get(elements)
    if density is None:
        return None
    length_m = (1e-3 * float(experiment.mass_kg) / density) ** (1.0 / 3.0)
    return DarkDecay(density, length_m, order=8, pair_nodes=8, angle_nodes=8)


def _moved_too(nuisance: Parameter, begins: str, others: list[str]) -> Parameter:
    """A nuisance parameter of what begins so moves the same of others, too."""
    after = [path.removeprefix(begins) for path in nuisance.paths if path.startswith(begins)]
    paths = dict.fromkeys((*nuisance.paths, *(f"{other}{end}" for other in others for end in after)))
    return dataclasses.replace(nuisance, where=tuple(paths)) if len(paths) > len(nuisance.paths) else nuisance


def _nuisances(beam: str, sources: dict[str, Source]) -> tuple[Parameter, ...]:
    """Norms of the channels and the temperature of the beam: 10 % as of neutrinos, 50 % of captures, 10 %."""

    def where(leaf: str) -> tuple[str, ...]:
        return tuple(f"sources.{name}.flux.production.{leaf}" for name in sources)

    return (
        Parameter(
            f"{beam}_pi0_norm",
            positive(1.0, 0.1),
            where("pi0.norm"),
            description="neutral pions over their nominal number (10 %)",
        ),
        Parameter(
            f"{beam}_pi_minus_norm",
            positive(1.0, 0.5),
            where("pi_minus.norm"),
            description="captured negative pions over their nominal number (50 %)",
        ),
        Parameter(
            f"{beam}_pi0_tilt",
            dist.Normal(0.0, 0.1),
            where("pi0.mesons.tilt"),
            description="energies of neutral pions: weights exp(tilt (T/<T> - 1))",
        ),
    )
