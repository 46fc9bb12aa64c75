"""What an experiment says of the flux in bins: the Jacobian of its prediction, and what is there without these bins."""

from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import Experiment, Joint, PromptSpectrum
from cevnsjax.flux import (
    POWERS,
    AbstractFlux,
    DiffuseSupernovae,
    Reactor,
    SolarNeutrinos,
    Source,
    TabulatedFlux,
    ThermalPower,
    sources_of,
)
from cevnsjax.program import program

PER_FISSION = "antineutrinos/(fission MeV)"
"""The unit of a reactor's flux."""

_SEVERAL = "Unfolding needs a single experiment, got several; unfold one after the other."
_COARSE_BINS, _UNSEEN = 60, 1e-2


@dataclass(frozen=True)
class FluxResponse:
    """A response to the flux of one component of a source, in bins of its energy.

    Attributes
    ----------
    edges_MeV
        Edges of the bins of the flux, MeV.
    response
        Counts in each bin of the data, those of all samples, energies and times in one row, for one unit of the flux
        in each bin, shape ``[count, bin]``.
    background
        What is expected without the flux in these bins: backgrounds, other components, and the flux elsewhere. What the
        experiment's own flux does inside of its bins, beside its mean, is in here as well.
    reference
        The experiment's own flux, its mean in each bin, in the unit.
    unit_per_cm2_s_MeV
        The unit of the flux, cm^-2 s^-1 MeV^-1 (cm^-2 MeV^-1 of the exposure where sources have no time): of a reactor
        of known power one antineutrino per fission and MeV, otherwise the mean of the reference. None of a released
        response, which is that to antineutrinos per fission.
    unit
        What it is called.
    source, component
        Names of both.
    """

    edges_MeV: np.ndarray
    response: np.ndarray
    background: np.ndarray
    reference: np.ndarray
    unit_per_cm2_s_MeV: float | None
    unit: str
    source: str
    component: str

    @property
    def expected(self) -> np.ndarray:
        """What is expected with the experiment's own flux, shape ``[count]``: its own prediction."""
        return self.response @ self.reference + self.background


def flux_response(
    experiment: Experiment | Joint,
    edges_MeV: Sequence[float] | np.ndarray,
    *,
    source: str | None = None,
    component: str | None = None,
) -> FluxResponse:
    """Differentiate what an experiment expects in the flux in each bin of energy.

    The flux is replaced by a table that is constant in bins, whose values the prediction is linear in.

    Parameters
    ----------
    experiment
        The experiment.
    edges_MeV
        Edges of at least three bins of the flux, MeV.
    source, component
        Which flux, where there are several.

    Raises
    ------
    UnknownNameError
        If there is no such source or component.
    CevnsjaxError
        If there are several and none is named, edges do not increase, there is no flux between them, or its arrival
        times are those of something else (oscillation out of another flavour, mass).
    """
    if not isinstance(experiment, Experiment):
        raise CevnsjaxError(_SEVERAL)
    edges = check_edges("edges_MeV", edges_MeV, "MeV")
    if edges[0] <= 0.0:
        raise CevnsjaxError(f"edges_MeV must be positive, got {edges[0]:g} MeV.")
    if len(edges) < 4:
        raise CevnsjaxError(f"edges_MeV must be those of at least three bins, got {len(edges) - 1}.")
    source = _chosen("source", source, sources_of(experiment.sources, AbstractFlux))
    flux = experiment.sources[source].flux
    assert isinstance(flux, AbstractFlux)
    component = _chosen("component of the flux", component, flux.components)
    row = flux.components.index(component)
    if flux.origins[row] != component or flux.delay_us is not None:
        raise CevnsjaxError(
            f"The flux of {component} has the arrival times of {flux.origins[row]}, or comes later than light: a table "
            "of it would not."
        )
    exposure_s = _exposure_s(flux)
    above = np.asarray(flux.moments(as_float(edges)), float)[row, POWERS.index(0)]
    mean = (above[:-1] - above[1:]) / np.diff(edges) * float(flux.fluence_per_cm2[row]) / exposure_s
    if not np.any(mean > 0.0):
        raise CevnsjaxError(f"There is no {component} between {edges[0]:g} and {edges[-1]:g} MeV; move the bins.")
    table = TabulatedFlux.from_columns(edges, {component: np.maximum(mean, 0.0)}, exposure_s, histogram=True)
    arrival = experiment.sources[source].arrival
    in_bins = experiment.with_sources({source: Source(table, arrival)}, nuisances=())
    slopes = np.asarray(_slopes(in_bins, source, table.spectra.values_per_MeV[0, :-1]), float)
    slopes = slopes.reshape(-1, len(edges) - 1)
    size, unit = _unit(flux, mean)
    background = np.asarray(experiment.expected(), float).ravel() - slopes @ mean
    return FluxResponse(edges, slopes * size, background, mean / size, size, unit, source, component)


def released_response(spectrum: PromptSpectrum, edges_MeV: Sequence[float] | np.ndarray) -> FluxResponse:
    """What was released with a measured spectrum of antineutrinos of U235, in bins of their energy.

    Parameters
    ----------
    spectrum
        The spectrum.
    edges_MeV
        Edges of the bins, MeV: see :meth:`PromptSpectrum.response`.

    Raises
    ------
    CevnsjaxError
        If edges are none of the fine bins of the release.
    """
    response, background, reference = spectrum.response(edges_MeV)
    return FluxResponse(np.asarray(edges_MeV), response, background, reference, None, PER_FISSION, "u235", "nu_e_bar")


def visible_edges_MeV(
    experiment: Experiment | Joint, bins: int, *, source: str | None = None, component: str | None = None
) -> np.ndarray:
    """Edges of bins of one width over the energies of all but a hundredth of the events at either end.

    Parameters
    ----------
    experiment, source, component
        As of :func:`flux_response`.
    bins
        Their number.
    """
    coarse = flux_response(experiment, _whole_range_MeV(experiment, source), source=source, component=component)
    events = np.cumsum(coarse.response.sum(axis=0) * coarse.reference)
    low, high = np.interp(np.array([_UNSEEN, 1.0 - _UNSEEN]) * events[-1], np.append(0.0, events), coarse.edges_MeV)
    return np.linspace(float(f"{low:.2g}"), float(f"{high:.2g}"), bins + 1)


def _whole_range_MeV(experiment: Experiment | Joint, source: str | None) -> np.ndarray:
    if not isinstance(experiment, Experiment):
        raise CevnsjaxError(_SEVERAL)
    flux = experiment.sources[_chosen("source", source, sources_of(experiment.sources, AbstractFlux))].flux
    end = float(flux.break_points_MeV[-1])
    return np.linspace(max(float(flux.lowest_energy_MeV), 1e-3 * end), end, _COARSE_BINS + 1)


@program
def _slopes(in_bins: Experiment, source: str, flux: Float[Array, " bin"]) -> Float[Array, "sample energy time bin"]:
    def expected(values):
        row = jnp.append(values, 0.0)[None]  # nothing is seen of what stands on the last edge
        return eqx.tree_at(lambda e: e.sources[source].flux.spectra.values_per_MeV, in_bins, row).expected()

    return jax.jacobian(expected)(flux)


def _chosen(kind: str, name: str | None, known: Sequence[str]) -> str:
    if name is None and len(known) != 1:
        raise CevnsjaxError(f"There is not one {kind} but {len(known)}; name one of {', '.join(known) or 'none'}.")
    if name is None:
        return known[0]
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return name


def _exposure_s(flux: AbstractFlux) -> float:
    """How long a flux is seen; one where a source says what it sends in the whole exposure."""
    timed = isinstance(flux, Reactor | TabulatedFlux | SolarNeutrinos | DiffuseSupernovae)
    return float(flux.exposure_s) if timed else 1.0


def _unit(flux: AbstractFlux, mean: np.ndarray) -> tuple[float, str]:
    """Size and name of the unit in which a flux is of order one, so that betas of experiments compare."""
    if isinstance(flux, Reactor) and isinstance(flux.strength, ThermalPower):
        return float(flux.norm * flux.strength.fissions_per_cm2_s(flux.fission_fractions)), PER_FISSION
    return float(mean.mean()), "its mean in these bins"
