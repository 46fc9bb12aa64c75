"""What more of the same data would say: significance and expected limits as functions of the exposure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import numpy as np
from scipy.special import ndtri

from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.experiment.repeated import repeated
from cevnsjax.inference.asimov_curve import asimov_curve, asimov_toys
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile import check_value
from cevnsjax.inference.toys import fit_toys
from cevnsjax.parameter import Parameter

BAND = (-1.0, 0.0, 1.0)
"""Standard deviations from the median of limits as functions of the exposure."""

_BEYOND, _POINTS = 1.5, 24


@dataclass(frozen=True)
class ExposureCurve:
    """What is expected of several times the exposure.

    Attributes
    ----------
    name
        The parameter.
    times
        How many times the exposure, shape ``[exposure]``.
    signal
        The value of the parameter that is to be discovered.
    significances
        Standard deviations by which the null is excluded if that is its value, shape ``[exposure]``.
    kind, levels
        Kind and confidence levels of the limits.
    limits
        Upper limits that are expected if the null is true, at -1, 0 and 1 standard deviations, shape
        ``[exposure, level, deviation]``; infinite where the prior ends before them.
    """

    name: str
    times: np.ndarray
    signal: float
    significances: np.ndarray
    kind: str
    levels: tuple[float, ...]
    limits: np.ndarray


def with_exposure(model: Model, times: float) -> Model:
    """The same model of several times the exposure, with data in the unit of one: compiled once for all exposures.

    Signals and backgrounds of all kinds grow with the exposure, histograms of recorded backgrounds too; published
    errors of rates fall with its root. What priors know stays.

    Parameters
    ----------
    model
        The model.
    times
        How many times the exposure; no whole number is needed.

    Raises
    ------
    CevnsjaxError
        If it is not positive, or a likelihood depends on the exposure in an unknown way.
    """
    if not (np.isfinite(times) and times > 0.0):
        raise ParameterError(f"times must be a positive number of exposures, got {times}.")

    def exposed(part: Experiment) -> Experiment:
        return eqx.tree_at(lambda each: each.likelihood, part, repeated(part.likelihood, times))

    experiment = model.experiment
    if isinstance(experiment, Joint):
        several = {name: exposed(part) for name, part in experiment.experiments.items()}
        return eqx.tree_at(lambda each: each.experiment.experiments, model, several)
    return eqx.tree_at(lambda each: each.experiment, model, exposed(experiment))


def exposure_curve(
    model: Model,
    name: str,
    truth: dict[str, float],
    times: Sequence[float] | np.ndarray,
    signal: float,
    *,
    kind: str = "cls",
    levels: Sequence[float] = (0.9,),
    progress: Callable[[int, int], None] | None = None,
) -> ExposureCurve:
    """Significance of a signal, and limits without one, of several times the exposure, from Asimov data.

    The significance is the root of the statistic of the null (Cowan et al. eq. 12), with all other parameters fitted.

    Parameters
    ----------
    model, name
        The model and the parameter.
    truth
        Values of all parameters at the null (:class:`Sensitivity`).
    times
        How many times the exposure, each positive; see :func:`with_exposure` for what grows with it.
    signal
        The value of the parameter that is to be discovered.
    kind, levels
        Of the limits: ``"cls"``, ``"one-sided"`` or ``"two-sided"``, and confidence levels.
    progress
        Called with the exposures done and to do after each.

    Raises
    ------
    CevnsjaxError
        If an exposure is not positive, a likelihood depends on it in an unknown way, or a fit does not converge.
    ParameterError
        If the signal is the null, or its prior excludes it.
    """
    check_signal(model.parameters[model.names.index(name)], signal, truth[name])
    reach = float(ndtri(0.5 + 0.5 * max(levels))) + _BEYOND
    significances, limits = [], []
    for i, each in enumerate(times):
        more = with_exposure(model, float(each))
        significances.append(_significance(more, name, truth, signal))
        curve = asimov_curve(more, name, truth, reach, _POINTS)
        limits.append([curve.limits(kind, level, np.array(BAND)) for level in levels])
        if progress is not None:
            progress(i + 1, len(times))
    return ExposureCurve(
        name, np.array(times, float), signal, np.array(significances), kind, tuple(levels), np.array(limits)
    )


def check_signal(parameter: Parameter, signal: Any, null: float) -> float:
    """Refuse a signal that is none.

    Raises
    ------
    ParameterError
        If so.
    """
    value = check_value(parameter, signal, "The signal")
    if value == null:
        raise ParameterError(f"The signal of {parameter.name!r} must differ from the null {null:g}.")
    return value


def _significance(model: Model, name: str, truth: dict[str, float], signal: float) -> float:
    """Root of the statistic of the null, of data that are what a signal predicts: free, and with the null held."""
    data = asimov_toys(model, truth | {name: signal}, 2)
    found = fit_toys(model, data, {name: np.array([np.nan, truth[name]])})
    if not np.all(found.converged):
        raise CevnsjaxError(f"The significance of {name} = {signal:g} was not found: a fit did not converge.")
    free, null = found.log_density
    return float(np.sqrt(max(2.0 * (free - null), 0.0)))
