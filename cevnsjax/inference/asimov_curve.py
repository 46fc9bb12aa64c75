"""What the data that a null predicts say of a parameter: the statistic of its values, and the limits that follow.

G. Cowan, K. Cranmer, E. Gross, O. Vitells, Eur. Phys. J. C 71, 1554 (2011).
"""

import functools
from dataclasses import dataclass, replace

import jax
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr, ndtri

from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.inference.centres import measured
from cevnsjax.inference.limits import expected_data
from cevnsjax.inference.model import Model
from cevnsjax.inference.toys import Toys, fit_toys

TWO_SIDED, ONE_SIDED, CLS = "two-sided", "one-sided", "cls"
"""Upper ends of intervals of the likelihood ratio; one-sided limits; those where CLs falls to one minus the level."""

_FINE = 200
"""Points between two values."""

_FITTED = 0.8
"""Share of the values of a curve at which fits must converge."""

_NEAREST, _OUTSIDE = 1e-7, 1e-8
"""The first value over the last, as distances from the null; what a prior leaves above the last."""


@dataclass(frozen=True)
class AsimovCurve:
    """The statistic of data that are what a null predicts, as a function of a parameter.

    Attributes
    ----------
    name, null
        The parameter, and the value that stands for no effect.
    values
        Values of the parameter, from the null upwards, shape ``[value]``.
    roots
        Roots of the statistic: the distance of each from the null in standard deviations, shape ``[value]``.
    is_edge
        Whether no fit goes below the null: it is the lower end of the prior, or nothing tells the signs apart.
    """

    name: str
    null: float
    values: np.ndarray
    roots: np.ndarray
    is_edge: bool

    def limits(self, kind: str, level: float, deviations: np.ndarray) -> np.ndarray:
        """Upper limits that are expected of data which fluctuate by so many standard deviations.

        Parameters
        ----------
        kind
            ``"two-sided"``, ``"one-sided"`` or ``"cls"``.
        level
            Confidence level.
        deviations
            0 for the median, any shape.

        Returns
        -------
        np.ndarray
            The limits; infinite where the prior ends before them.
        """
        return self.value(expected_root(kind, level, deviations, self.is_edge))

    def value(self, root: np.ndarray | float) -> np.ndarray:
        """The value above which all roots are larger; infinite where there is none, the null of roots below zero."""
        wanted = np.asarray(root, float)
        places, roots = self._fine
        found = np.full(wanted.shape, np.inf)
        for at in np.ndindex(wanted.shape):
            below = np.flatnonzero(roots <= wanted[at])
            last = below[-1] if below.size else -1
            if last < 0 or wanted[at] <= 0.0:
                found[at] = self.null
            elif last + 1 < roots.size:
                share = (wanted[at] - roots[last]) / (roots[last + 1] - roots[last])
                found[at] = places[last] + share * (places[last + 1] - places[last])
        return found

    def longer(self, value: float, root: float) -> "AsimovCurve":
        """The same curve with another value beyond those that it has."""
        return replace(self, values=np.append(self.values, value), roots=np.append(self.roots, root))

    def path(self, values: np.ndarray) -> np.ndarray:
        """How far the root has gone up and down on the way from the null: statistics of toys are smooth in that."""
        places, roots = self._fine
        return np.interp(values, places, np.append(0.0, np.cumsum(np.abs(np.diff(roots)))))

    def along(self, paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values at the end of such paths, and the roots there."""
        places, roots = self._fine
        way = self.path(places)
        return np.interp(paths, way, places), np.interp(paths, way, roots)

    def fine(self) -> tuple[np.ndarray, np.ndarray]:
        """Values close to each other, and their statistics, for plots."""
        places, roots = self._fine
        return places, roots**2

    @functools.cached_property
    def _fine(self) -> tuple[np.ndarray, np.ndarray]:
        """Values close to each other, and their roots."""
        places = np.concatenate(
            [
                np.linspace(low, high, _FINE, endpoint=False)
                for low, high in zip(self.values[:-1], self.values[1:], strict=True)
            ]
        )
        places = np.append(places, self.values[-1])
        return places, PchipInterpolator(self.values, self.roots)(places)


def expected_root(kind: str, level: float, deviations: np.ndarray | float, is_edge: bool) -> np.ndarray:
    """Distance of an expected limit from the null, in standard deviations (Cowan et al. eqs. 86 to 89).

    Parameters
    ----------
    kind, level, deviations, is_edge
        See :meth:`AsimovCurve.limits` and :class:`AsimovCurve`.
    """
    apart = np.asarray(deviations, float)
    if kind == ONE_SIDED:
        roots = apart - ndtri(1.0 - level)
    elif kind == CLS:
        roots = apart - ndtri((1.0 - level) * ndtr(apart))
    else:
        threshold = ndtri(0.5 + 0.5 * level)
        # the fit stays at an edge where the data are below
        far = np.hypot(apart, threshold) if is_edge else threshold
        roots = apart + np.where(apart < 0.0, far, threshold)
    return np.asarray(roots)


def asimov_toys(model: Model, values: dict[str, float], number: int) -> Toys:
    """The same set of data many times: what is expected, with the centres of priors where they are.

    Parameters
    ----------
    model
        The model.
    values
        Values of all of its parameters.
    number
        How many times.
    """
    data = expected_data(model, values)
    return Toys(
        values, jax.tree.map(lambda each: np.repeat(np.asarray(each)[None], number, 0), data), centres(model, number)
    )


def centres(model: Model, number: int) -> dict[str, np.ndarray]:
    """Centres of priors that are measurements, as they are, shape ``[toy]`` each."""
    found = {p.name: measured(p.prior) for p in model.parameters}
    return {name: np.full(number, prior.centre) for name, prior in found.items() if prior is not None}


def asimov_curve(model: Model, name: str, truth: dict[str, float], reach: float, points: int = 64) -> AsimovCurve:
    """Statistic of what a null predicts, from the null to where it has risen high enough.

    Values behind a barrier that is higher than that are not looked at.

    Parameters
    ----------
    model, name
        The model and the parameter; the others are fitted at each value.
    truth
        Values of all parameters at the null.
    reach
        Root of the statistic that is high enough; the end of the prior may come first.
    points
        Number of values.

    Raises
    ------
    ParameterError
        If the null is at the upper end of the prior.
    CevnsjaxError
        If nothing depends on the parameter, or fits do not converge.
    """
    null, furthest = truth[name], furthest_value(model, name, truth[name])
    kind = np.dtype(model.scale.dtype)
    if _is_same(model, truth, {name: furthest}):
        raise CevnsjaxError(f"Nothing that is expected depends on {name!r}: there is no limit on it.")

    def roots(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Roots of the statistic, and which of the fits have converged."""
        fits = fit_toys(model, asimov_toys(model, truth, values.size), {name: values.astype(kind)})
        return np.sqrt(np.maximum(2.0 * (fits.log_density[0] - fits.log_density), 0.0)), fits.converged

    distances = np.geomspace(_NEAREST, 1.0, points - 1) * (furthest - null)
    high = np.flatnonzero(roots(np.append(null, null + distances))[0][1:] >= reach)
    last = float(null + distances[high[0]]) if high.size else furthest
    values = np.linspace(null, last, points)
    found, converged = roots(values)
    if not converged[0] or converged.mean() < _FITTED:
        raise CevnsjaxError(f"What the null predicts was fitted at {converged.sum()} of {points} values of {name!r}.")
    curve = AsimovCurve(name, null, values[converged], found[converged], _is_edge(model, name, truth, last))
    if not np.any(curve.roots > 0.0):
        raise CevnsjaxError(f"What is expected moves too little with {name!r} for a limit, up to {furthest:g}.")
    return curve


def furthest_value(model: Model, name: str, null: float) -> float:
    """The largest value of a parameter that its prior leaves anything above.

    Raises
    ------
    ParameterError
        If the null is not below it.
    """
    parameter = model.parameters[model.names.index(name)]
    furthest = parameter.quantile(1.0 - _OUTSIDE)
    if not null < furthest:
        raise ParameterError(f"The null {null:g} of {name!r} must lie below the end of its prior at {furthest:g}.")
    return furthest


def _is_edge(model: Model, name: str, truth: dict[str, float], last: float) -> bool:
    """Whether there is nothing below a null, or the same as above it."""
    null, lowest = truth[name], model.parameters[model.names.index(name)].quantile(_OUTSIDE)
    if lowest >= null - 1e-6 * (last - null):
        return True
    apart = min(last - null, null - lowest)
    return _is_same(model, truth | {name: null + apart}, {name: null - apart})


def _is_same(model: Model, values: dict[str, float], changed: dict[str, float]) -> bool:
    """Whether what is expected stays, within rounding, where a value is another."""
    one, other = (jax.tree.leaves(expected_data(model, each)) for each in (values, values | changed))
    rounding = 64.0 * np.finfo(model.scale.dtype).eps
    return all(np.allclose(a, b, rtol=rounding, atol=0.0) for a, b in zip(one, other, strict=True))
