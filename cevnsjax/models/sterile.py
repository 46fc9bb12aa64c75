"""The model of a sterile neutrino over a short baseline."""

import numpyro.distributions as dist

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment
from cevnsjax.flux import AbstractFlux, Source, SterileOscillation, sources_of
from cevnsjax.parameter import Parameter

_FLAVOURS = {"electron": ("e", "e"), "muon": ("mu", r"\mu"), "tau": ("tau", r"\tau")}


def with_sterile_neutrino(experiment):
    """Let the flux of every source of neutrinos oscillate on its way."""
    produced = [n for n in sources_of(experiment.sources, AbstractFlux) if not _oscillates(experiment.sources[n])]
    for name in produced:
        if experiment.sources[name].flux.paths is None:
            raise ParameterError(f"The model 'sterile' needs sources at a distance; {name!r} has none.")
    oscillating = {
        name: Source(SterileOscillation(experiment.sources[name].flux, 1.0), experiment.sources[name].arrival)
        for name in produced
    }
    if not produced:
        return experiment
    if isinstance(experiment, Experiment):
        # what the experiment says of its flux is now said of the flux at the source
        nuisances = experiment.nuisances
        for name in produced:
            nuisances = tuple(p.moved(f"sources.{name}.flux.", f"sources.{name}.flux.source.") for p in nuisances)
        return experiment.with_sources(oscillating, nuisances)
    return experiment.with_sources(oscillating)


def sterile_parameters(experiment) -> tuple[Parameter, ...]:
    """Mass splitting, mixings and spread of the path, the same for all sources."""
    oscillating = [name for name in sorted(experiment.sources) if _oscillates(experiment.sources[name])]

    def where(leaf: str) -> tuple[str, ...]:
        return tuple(f"sources.{name}.flux.{leaf}" for name in oscillating)

    return (
        Parameter(
            "mass_splitting",
            dist.LogUniform(0.01, 100.0),
            where("mass_splitting_eV2"),
            "eV^2",
            "Delta m^2_41, 3 + 1",
            r"$\Delta m^2_{41}$",
        ),
        *(
            Parameter(
                f"{name}_mixing2",
                dist.Uniform(0.0, 0.3),
                where(f"{name}_mixing2"),
                "",
                f"|U_{flavour}4|^2",
                rf"$|U_{{{tex} 4}}|^2$",
                0.0,
            )
            for name, (flavour, tex) in _FLAVOURS.items()
        ),
        Parameter(
            "path_spread", dist.HalfNormal(0.5), where("path_spread_m"), "m", "spread of the path", r"$\sigma_L$"
        ),
    )


def _oscillates(source: Source) -> bool:
    return isinstance(source.flux, SterileOscillation)
