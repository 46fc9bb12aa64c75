"""What projections have in common: a flat background, three kinds of nuisances, and the prediction in place of data."""

from collections.abc import Mapping, Sequence

import numpy as np

from cevnsjax.cross_section import AbstractInteraction, Coherent, ErlerSu
from cevnsjax.experiment.background import MeasuredBackground
from cevnsjax.experiment.experiment import NO_TIMES, Axis, Experiment
from cevnsjax.experiment.nuisances import flux_norm, positive
from cevnsjax.flux import AbstractArrival, AbstractFlux, AbstractSource, ExponentialTimes, SteadyArrival
from cevnsjax.flux.facilities import DecayAtRestFacility
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.spectrum import Panels
from cevnsjax.target import Material, compound


def projection(
    name: str,
    *,
    flux: AbstractSource,
    target: str | Material,
    mass_kg: float,
    quenching: AbstractQuenching,
    response: AbstractResponse,
    axis: Axis,
    background: MeasuredBackground,
    nuisances: tuple[Parameter, ...],
    panels: Panels,
    arrival: AbstractArrival | None = None,
    time_edges_us: Sequence[float] | None = None,
    window: TimeWindow | None = None,
    interactions: Mapping[str, AbstractInteraction] | None = None,
) -> Experiment:
    """Build an experiment whose data are its own prediction (Asimov data), in this package's convention.

    Parameters
    ----------
    name
        The name in the catalogue.
    flux, target, mass_kg, quenching, response, panels
        Blocks of :class:`cevnsjax.experiment.Experiment`; the target may be a formula.
    axis
        Name and edges of the energy bins.
    background
        The only background, called ``steady_state``.
    nuisances
        Nuisance parameters.
    arrival, time_edges_us
        Arrival times and edges of their bins, us, of a pulsed source; none for one without pulses.
    window
        Time bins with an efficiency, in the place of ``time_edges_us``.
    interactions
        What arrives does this, by name; coherent scattering of the Standard Model unless given.
    """
    if window is None:
        window = TimeWindow(NO_TIMES.edges if time_edges_us is None else time_edges_us)
    times = NO_TIMES if arrival is None else Axis("time_us", np.asarray(window.edges_us))
    return Experiment(
        name=name,
        flux=flux,
        arrival=SteadyArrival(flux.components) if arrival is None else arrival,
        target=compound(target) if isinstance(target, str) else target,
        mass_kg=mass_kg,
        interactions=dict(interactions or {"cevns": Coherent({"sm": ErlerSu()})}),
        quenching=quenching,
        response=response,
        window=window,
        panels=panels,
        signal_norm=1.0,
        backgrounds={"steady_state": background},
        samples={"reactor_on" if arrival is None else "beam_on": ("signal", "steady_state")},
        observed=np.zeros((1, axis.bins, times.bins)),
        axes=(axis, times),
        nuisances=nuisances,
    ).asimov()


def reactor_panels(lowest_energy_MeV: float, flux: AbstractFlux, fractions: tuple[float, ...] = ()) -> Panels:
    """Quadrature between the break points of a reactor, dense enough for bins that are wider than the resolution.

    Parameters
    ----------
    lowest_energy_MeV
        The smallest neutrino energy whose recoils are seen, MeV.
    flux
        The reactor.
    fractions
        Where the first panel is cut, for thresholds of a few electronvolts.
    """
    return Panels(lowest_energy_MeV, (30,) * (len(fractions) + flux.break_points_MeV.shape[0]), fractions)


def flat_background(
    edges_keV: Sequence[float] | np.ndarray, counts_per_keV_kg_day: float, mass_kg: float, days: float
) -> MeasuredBackground:
    """Build a background that is constant in energy and time.

    Parameters
    ----------
    edges_keV
        Edges of the energy bins, in the unit of the data.
    counts_per_keV_kg_day
        Its level.
    mass_kg, days
        Mass, and the time that the detector is sensitive: of a pulsed source only its windows
        (:func:`sensitive_days`).
    """
    width = np.diff(edges_keV)
    events = counts_per_keV_kg_day * mass_kg * days * width.sum()
    return MeasuredBackground(events, width, ExponentialTimes(0.0))


def sensitive_days(facility: DecayAtRestFacility, beam_time_s: float, window_us: float) -> float:
    """Days in the windows after the pulses of a facility, over a time at full power in s."""
    return beam_time_s * facility.repetition_rate_Hz * 1e-6 * window_us / 86400.0


def norm_nuisances(
    source: str, flux_error: float, background: MeasuredBackground, background_error: float
) -> tuple[Parameter, Parameter]:
    """Norms of the flux (``SOURCE_flux_norm``) and of the background, with their relative errors."""
    events = float(background.events)
    return (
        flux_norm(source, flux_error),
        Parameter(
            "steady_state_events",
            positive(events, background_error * events),
            "backgrounds.steady_state.events",
            "events",
            "background",
        ),
    )


def shape_nuisance(name: str, nominal: float, error: float, where: str, description: str) -> Parameter:
    """Build a positive number with a Gaussian error: a quenching factor, the scale of energies."""
    return Parameter(name, positive(nominal, error), where, description=description)
