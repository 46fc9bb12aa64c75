"""What projections have in common: a background, norms as nuisances, and the prediction in place of data."""

from collections.abc import Mapping, Sequence

import numpy as np

from cevnsjax.cross_section import AbstractInteraction, Coherent, ErlerSu
from cevnsjax.experiment.axis import NO_TIMES, Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.nuisances import flux_norm, positive
from cevnsjax.experiment.rate_background import FlatBackground, ScaledBackground, TabulatedBackground
from cevnsjax.flux import Source
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching
from cevnsjax.response import AbstractResponse, TimeWindow
from cevnsjax.target import Material, compound


def projection(
    name: str,
    *,
    sources: Mapping[str, Source],
    target: str | Material,
    mass_kg: float,
    quenching: AbstractQuenching,
    response: AbstractResponse,
    axis: Axis,
    exposure_days: float,
    background: FlatBackground | TabulatedBackground | ScaledBackground,
    nuisances: tuple[Parameter, ...],
    time_edges_us: Sequence[float] | None = None,
    window: TimeWindow | None = None,
    interactions: Mapping[str, AbstractInteraction] | None = None,
) -> Experiment:
    """Build an experiment whose data are its own prediction (Asimov data), in this package's convention.

    Parameters
    ----------
    name
        The name in the catalogue.
    sources, target, mass_kg, quenching, response
        Blocks of :class:`cevnsjax.experiment.Experiment`; the target may be a formula.
    axis
        Name and edges of the energy bins.
    exposure_days
        Days at full power; the sources are those of one day.
    background
        The only background, called ``steady_state``: a rate.
    nuisances
        Nuisance parameters.
    time_edges_us
        Edges of the time bins, us, of a pulsed source; none for one without pulses.
    window
        Time bins with an efficiency, in the place of ``time_edges_us``.
    interactions
        What arrives does this, by name; coherent scattering of the Standard Model unless given.
    """
    steady = window is None and time_edges_us is None
    if window is None:
        window = TimeWindow(NO_TIMES.edges if time_edges_us is None else time_edges_us)
    times = NO_TIMES if steady else Axis("time_us", np.asarray(window.edges_us))
    return Experiment(
        name=name,
        sources=dict(sources),
        target=compound(target) if isinstance(target, str) else target,
        mass_kg=mass_kg,
        exposure_days=exposure_days,
        interactions=dict(interactions or {"cevns": Coherent({"sm": ErlerSu()})}),
        quenching=quenching,
        response=response,
        window=window,
        signal_norm=1.0,
        backgrounds={"steady_state": background},
        samples={"reactor_on" if steady else "beam_on": ("signal", "steady_state")},
        observed=np.zeros((1, axis.bins, times.bins)),
        axes=(axis, times),
        nuisances=nuisances,
    ).asimov()


def norm_nuisances(source: str, flux_error: float, background_error: float) -> tuple[Parameter, Parameter]:
    """Norms of the flux (``SOURCE_flux_norm``) and of the background, with their relative errors."""
    return (
        flux_norm(source, flux_error),
        Parameter(
            "steady_state_norm",
            positive(1.0, background_error),
            "backgrounds.steady_state.norm",
            description=f"background over its nominal level ({100.0 * background_error:g} %)",
        ),
    )
