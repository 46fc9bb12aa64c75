"""Sources of which a detector sees nothing, and why: said by the command line before anything is computed."""

import math
import typing
from typing import TYPE_CHECKING

import jax
import numpy as np

from cevnsjax.arrays import as_float, tree_as_float
from cevnsjax.constants import ELECTRON_MASS_MEV
from cevnsjax.cross_section import Recoil
from cevnsjax.cross_section.panels import needed_energy_MeV
from cevnsjax.experiment.placement import particles_above
from cevnsjax.experiment.placing import recoils
from cevnsjax.experiment.view import probabilities
from cevnsjax.flux import AbstractSource, AlpFlux, BosonFlux, sources_of

if TYPE_CHECKING:
    from cevnsjax.experiment.experiment import Experiment

_RECOILS_KEV = np.geomspace(1e-5, 1e6, 4096)
_SEEN = 1e-2  # of the largest probability: what noise lifts above the threshold now and then is not meant


def unseen_sources(experiment: "Experiment") -> tuple[str, ...]:
    """Sentences about sources that send nothing, or whose flux ends below what a recoil that is seen needs.

    Light bosons are not sent where they are heavier than what any channel or line of their source can make.

    Seen is a recoil whose probability to be in any bin is a hundredth of the largest one. What ends in levels or leaves
    all of its energy is not looked at.

    Parameters
    ----------
    experiment
        The experiment, outside of transformations.

    Returns
    -------
    tuple
        One sentence for each such source; none where all is well.
    """
    said = [sentence for name in sources_of(experiment.sources, BosonFlux) for sentence in _of_bosons(experiment, name)]
    said += [sentence for name in sources_of(experiment.sources, AlpFlux) for sentence in _of_lines(experiment, name)]
    for recoil, name in sorted(recoils(experiment)):
        flux = experiment.sources[name].flux
        panels = experiment.panels[recoil, name]
        if not np.any(np.asarray(flux.fluence_per_cm2) > 0.0):
            said.append(f"The source {name} sends nothing: its fluence is zero in every component.")
            continue
        if panels.in_sight:  # as it was found when nodes were placed
            continue
        lowest_keV = _lowest_recoil_keV(experiment, recoil)
        masses = {"an electron": ELECTRON_MASS_MEV}
        if recoil is Recoil.NUCLEUS:
            masses = {each: float(nuclide.mass_MeV) for each, nuclide in experiment.target.nuclides.items()}
        lightest = min(masses, key=lambda each: masses[each])
        needed_MeV = float(needed_energy_MeV(flux, as_float(1e-3 * lowest_keV), as_float(masses[lightest])))
        end_MeV = _end_MeV(flux)
        if end_MeV < needed_MeV:
            said.append(
                f"The flux of {name} ends at {end_MeV:.4g} MeV, below the {needed_MeV:.4g} MeV that are needed for the "
                f"smallest recoil that is seen, {lowest_keV:.3g} keV of {lightest}: it gives no event, or next to none."
            )
    return tuple(dict.fromkeys(said))


def _of_bosons(experiment: "Experiment", name: str) -> list[str]:
    """What is to be said of a source of light bosons."""
    flux = typing.cast(BosonFlux, experiment.sources[name].flux)
    mass, heaviest = float(flux.mass_MeV), float(flux.heaviest_boson_MeV)
    if mass >= heaviest:
        return [
            f"The source {name} sends nothing: its boson of {mass:.4g} MeV is heavier than what its channels make, "
            f"{heaviest:.4g} MeV at most."
        ]
    begins = {channel: each.begins_above(flux.boson) for channel, each in sorted(flux.channels.items())}
    return [
        f"The spectrum of {name}.{channel} begins at {ends[0]:.4g} MeV, above the {ends[1]:.4g} MeV that make a boson "
        f"of {mass:.4g} MeV: what lower energies would make is left out."
        for channel, ends in begins.items()
        if ends is not None
    ]


def _of_lines(experiment: "Experiment", name: str) -> list[str]:
    """What is to be said of a source of nuclear lines."""
    flux = typing.cast(AlpFlux, experiment.sources[name].flux)
    mass, largest = float(flux.mass_MeV), float(flux.energy_MeV.max())
    if mass < largest:
        return []
    return [
        f"The source {name} sends nothing: its boson of {mass:.4g} MeV is heavier than all of its lines, {largest:.4g} "
        "MeV at most."
    ]


def _lowest_recoil_keV(experiment: "Experiment", recoil: Recoil) -> float:
    """Smallest recoil energy that is seen, keV; infinite where none is."""
    with jax.enable_x64(True):
        quenching, response = tree_as_float((experiment.quenching, experiment.response))
        kernel = probabilities(quenching if recoil is Recoil.NUCLEUS else None, response, as_float(_RECOILS_KEV))
    total = np.asarray(kernel).sum(axis=1)
    seen = np.flatnonzero(total > _SEEN * total.max())
    return float(_RECOILS_KEV[seen[0]]) if seen.size else math.inf


def _end_MeV(flux: AbstractSource) -> float:
    """Energy above which a source sends nothing, MeV: a table may end in zeros."""
    end = float(flux.break_points_MeV[-1])
    energies = end * np.geomspace(1e-4, 1.0, len(_RECOILS_KEV))
    with jax.enable_x64(True):
        some = np.flatnonzero(np.asarray(particles_above(tree_as_float(flux), as_float(energies))) > 0.0)
    last = some[-1] + 1 if some.size else 0
    return float(energies[min(last, len(energies) - 1)])
