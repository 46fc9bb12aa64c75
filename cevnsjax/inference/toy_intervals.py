"""Confidence intervals by toys: whether those of the profile likelihood cover, and those of Feldman and Cousins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike

from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile import Maximum, maximum
from cevnsjax.inference.quantiles import chi_squared_quantile, error_of_quantile
from cevnsjax.inference.toys import draw_toys, profile_statistics

_TOLERANCE = 1e-5
"""Difference of statistics that are the same: fits end as near to their maxima."""


@dataclass(frozen=True)
class Coverage:
    """How often profile-likelihood intervals contain the true value.

    Attributes
    ----------
    name, value
        The parameter, and its true value.
    levels
        Confidence levels of the intervals.
    covered
        Number of toys whose interval contains the true value, for each level.
    toys
        Number of toys that were fitted.
    """

    name: str
    value: float
    levels: tuple[float, ...]
    covered: tuple[int, ...]
    toys: int

    @property
    def shares(self) -> np.ndarray:
        """Share of the intervals that contain the true value, for each level."""
        return np.array(self.covered) / self.toys

    @property
    def errors(self) -> np.ndarray:
        """Binomial standard deviations of the shares, at the levels."""
        levels = np.array(self.levels)
        return np.sqrt(levels * (1.0 - levels) / self.toys)


def coverage(
    model: Model,
    name: str,
    key: jax.Array,
    toys: int = 1000,
    *,
    levels: Sequence[float] = (0.6827, 0.9545),
    values: Mapping[str, float] | None = None,
) -> Coverage:
    """Test how often the profile-likelihood intervals of a parameter (:func:`profile_interval`) contain its true value.

    Parameters
    ----------
    model, name
        The model and the parameter.
    key
        Random key.
    toys
        Number of toys.
    levels
        Confidence levels, each between 0 and 1.
    values
        True values; see :func:`draw_toys`.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If a level is not between 0 and 1.
    """
    _check(model, name, levels)
    drawn = draw_toys(model, key, toys, values)
    found = profile_statistics(model, drawn, {name: drawn.values[name]})
    found = found[np.isfinite(found)]
    covered = tuple(int(np.sum(found <= chi_squared_quantile(level))) for level in levels)
    return Coverage(name, drawn.values[name], tuple(levels), covered, len(found))


@dataclass(frozen=True)
class FeldmanCousins:
    """A Feldman-Cousins interval, from toys at each value.

    Attributes
    ----------
    name, level
        The parameter, and the confidence level.
    values
        Values of the parameter, shape ``[value]``.
    statistic
        Twice the drop of the profiled log-density of the data from its maximum to each value.
    critical
        What the statistic of toys that are drawn there exceeds with a probability of one minus the level.
    error
        Standard deviation of that, from the number of toys.
    """

    name: str
    level: float
    values: np.ndarray
    statistic: np.ndarray
    critical: np.ndarray
    error: np.ndarray

    @property
    def accepted(self) -> np.ndarray:
        """Which values are in the interval."""
        return self.statistic <= self.critical + _TOLERANCE

    def intervals(self) -> list[tuple[float, float]]:
        """Ends of what is accepted, linearly between values; the first or the last value where that is accepted."""
        beyond = self.statistic - self.critical - _TOLERANCE
        ends = []
        for i in np.flatnonzero(np.diff(self.accepted)):
            low, high = self.values[i], self.values[i + 1]
            ends.append(float(low + (high - low) * beyond[i] / (beyond[i] - beyond[i + 1])))
        if self.accepted[0]:
            ends.insert(0, float(self.values[0]))
        if self.accepted[-1]:
            ends.append(float(self.values[-1]))
        return list(zip(ends[::2], ends[1::2], strict=True))


def feldman_cousins(
    model: Model,
    name: str,
    values: ArrayLike,
    key: jax.Array,
    *,
    toys: int = 1000,
    level: float = 0.9,
    observed: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> FeldmanCousins:
    """Confidence interval by the ordering of likelihood ratios: G. J. Feldman, R. D. Cousins, Phys. Rev. D 57, 3873.

    At each value toys are drawn with the other parameters as they are fitted to the data there (profiled), and the
    centres of their priors are measured anew.

    Parameters
    ----------
    model, name
        The model and the parameter.
    values
        Values of the parameter that are tested; they increase.
    key
        Random key.
    toys
        Number of toys at each value.
    level
        Confidence level, between 0 and 1.
    observed
        Data of the shape of the experiment's, in their place.
    progress
        Called with the values done and to do after each.

    Raises
    ------
    UnknownNameError
        If the name is not a parameter of the model.
    ParameterError
        If the level is not between 0 and 1, or values do not increase or are not in the support of the prior.
    CevnsjaxError
        If a fit of the data, or most of those of toys, do not converge.
    """
    _check(model, name, [level])
    tested = np.asarray(values, dtype=float)
    if tested.ndim != 1 or tested.size < 1 or not np.all(np.diff(tested) > 0.0):
        raise ParameterError(f"The values of {name!r} must increase strictly, got {values!r}.")
    best = maximum(model, observed=observed)
    fits: list[Maximum] = []
    for value in tested:
        start = fits[-1].values if fits else best.values
        fits.append(maximum(model, {name: float(value)}, observed=observed, start=start))
    highest = max(best.log_density, *(fit.log_density for fit in fits))
    statistic = np.array([2.0 * (highest - fit.log_density) for fit in fits])
    critical, errors = critical_statistics(
        model, name, tested, [fit.values for fit in fits], key, toys, [level], progress
    )
    return FeldmanCousins(name, level, tested, statistic, critical[0], errors[0])


def critical_statistics(
    model: Model,
    name: str,
    values: np.ndarray,
    truths: Sequence[Mapping[str, float]],
    key: jax.Array,
    toys: int,
    levels: Sequence[float],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What the statistic of toys that are drawn at each value exceeds with a probability of one minus each level.

    Parameters
    ----------
    model, name, values, key, toys, progress
        See :func:`feldman_cousins`.
    truths
        Values of all parameters that toys are drawn at, for each value.
    levels
        Confidence levels.

    Returns
    -------
    critical, errors
        The statistics, and their standard deviations from the number of toys, shape ``[level, value]`` each.

    Raises
    ------
    CevnsjaxError
        If most fits of toys do not converge.
    """
    critical, errors = np.empty((len(levels), values.size)), np.empty((len(levels), values.size))
    for i, (value, truth) in enumerate(zip(values, truths, strict=True)):
        drawn = draw_toys(model, jax.random.fold_in(key, i), toys, truth)
        found = profile_statistics(model, drawn, {name: value})
        found = np.sort(found[np.isfinite(found)])
        if len(found) < 0.9 * toys:
            raise CevnsjaxError(f"Only {len(found)} of {toys} toys at {name} = {value:g} were fitted.")
        critical[:, i] = np.quantile(found, levels, method="inverted_cdf")  # counts are few values
        errors[:, i] = [error_of_quantile(found, level) for level in levels]
        if progress is not None:
            progress(i + 1, values.size)
    return critical, errors


def _check(model: Model, name: str, levels: Sequence[float]) -> None:
    if name not in model.names:
        raise UnknownNameError("parameter", name, model.names)
    for level in levels:
        if not 0.0 < level < 1.0:
            raise ParameterError(f"level must lie between 0 and 1, got {level}.")
