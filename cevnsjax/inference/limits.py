"""Upper limits without sampling: the one-sided profile likelihood ratio and CLs, in their asymptotic form.

G. Cowan, K. Cranmer, E. Gross, O. Vitells, Eur. Phys. J. C 71, 1554 (2011), and A. L. Read, J. Phys. G 28, 2693 (2002).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpyro.distributions as dist
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr, ndtri

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile import Maximum, check_value, maximum
from cevnsjax.parameter import Parameter
from cevnsjax.program import program

_FIRST, _STEP = 1e-3, 4.0
"""Distance from the null where a limit is sought first, over that of the prior's median; what it is multiplied by."""


@dataclass(frozen=True)
class OneSidedTest:
    """A test of a value of a parameter against smaller ones, down to a null.

    Attributes
    ----------
    statistic
        q: twice the drop of the profiled log-density from its maximum (not below the null) to the value; zero where the
        maximum is above the value.
    asimov_statistic
        The same of data that are what the null predicts: the square of the value's distance from the null over the
        standard deviation of its estimate.
    """

    statistic: float
    asimov_statistic: float

    @property
    def p_value(self) -> float:
        """Probability of a larger statistic if the value is true (CL_s+b; Cowan et al. eq. 66)."""
        return float(ndtr(-self._score))

    @property
    def null_p_value(self) -> float:
        """Probability of a larger statistic if the null is true (CL_b; Cowan et al. eq. 65)."""
        return float(ndtr(np.sqrt(self.asimov_statistic) - self._score))

    @property
    def cls(self) -> float:
        """Ratio of the two: a value that the data could not tell from the null is not excluded by a fluctuation."""
        return self.p_value / self.null_p_value

    @property
    def _score(self) -> float:
        return float(scores(self.statistic, self.asimov_statistic))


def scores(statistic: np.ndarray | float, asimov_statistic: np.ndarray | float) -> np.ndarray:
    """How many standard deviations values are excluded by: p-values are Phi(-score), and of the null Phi(root - score).

    The root is that of the Asimov statistic, the distance of the value from the null (Cowan et al. eqs. 65 and 66).

    Parameters
    ----------
    statistic, asimov_statistic
        See :class:`OneSidedTest`; arrays of one shape.
    """
    found, asimov = np.asarray(statistic, float), np.asarray(asimov_statistic, float)
    below = (found <= asimov) | (asimov == 0.0)
    return np.where(below, np.sqrt(found), (found + asimov) / (2.0 * np.sqrt(np.where(below, 1.0, asimov))))


def one_sided_test(
    model: Model, name: str, value: float, *, null: float | None = None, observed: Any = None
) -> OneSidedTest:
    """Test a value of a parameter against smaller ones, all others profiled.

    The data that the null predicts (Asimov) are those of nuisance parameters where their priors are highest; those with
    flat priors are fitted to the data at the null. Then their fit is the null itself.

    Parameters
    ----------
    model, name
        The model and the parameter; the priors of all are penalties (:meth:`Model.log_constraints`).
    value
        The value that is tested, above the null.
    null
        The value that stands for no effect; the lower end of the parameter's prior by default.
    observed
        Data of the shape of the experiment's, in their place.

    Raises
    ------
    UnknownNameError
        If the name is not a parameter of the model.
    ParameterError
        If a value is not in the support of the prior, or the prior has no lower end and no null is given.
    CevnsjaxError
        If a fit does not converge.
    """
    return _Tests(model, name, null, observed).at(value)


def upper_limit(
    model: Model,
    name: str,
    level: float = 0.9,
    *,
    cls: bool = True,
    null: float | None = None,
    observed: Any = None,
) -> float:
    """Upper limit of a parameter: the value above which all are excluded.

    Parameters
    ----------
    model, name, null, observed
        See :func:`one_sided_test`.
    level
        Confidence level, between 0 and 1.
    cls
        Whether CLs falls to one minus the level there, or the p-value itself: that one excludes what the experiment is
        not sensitive to where data fluctuate below what the null predicts (down to the null, which is then returned).

    Raises
    ------
    UnknownNameError
        If the name is not a parameter of the model.
    CevnsjaxError
        If the level is not between 0 and 1, the prior ends before the limit, or a fit does not converge.
    """
    size = _size(level)
    tests = _Tests(model, name, null, observed)

    def excess(value: float) -> float:
        test = tests.at(value)
        return float(np.log((test.cls if cls else test.p_value) / size))

    return tests.crossing(excess)


def expected_upper_limit(
    model: Model,
    name: str,
    level: float = 0.9,
    deviations: float = 0.0,
    *,
    cls: bool = True,
    null: float | None = None,
    observed: Any = None,
) -> float:
    """Upper limit that is expected if the null is true: the median, or so many standard deviations from it.

    Parameters
    ----------
    model, name, level, cls, null, observed
        See :func:`upper_limit`; of the data only nuisance parameters with flat priors are taken.
    deviations
        0 for the median, -1 and 1 for the ends of the band that holds 68 % of all limits.

    Raises
    ------
    UnknownNameError
        If the name is not a parameter of the model.
    CevnsjaxError
        If the level is not between 0 and 1, the prior ends before the limit, or a fit does not converge.
    """
    share = ndtr(deviations) if cls else 1.0
    wanted = deviations - ndtri(_size(level) * share)
    tests = _Tests(model, name, null, observed)
    if wanted <= 0.0:
        return tests.null
    return tests.crossing(lambda value: float(wanted - np.sqrt(tests.asimov_statistic(value))))


def _size(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise CevnsjaxError(f"level must lie between 0 and 1, got {level}.")
    return 1.0 - level


@program
def _expected(model: Model, values):
    return model.expected(values)


def expected_data(model: Model, values: Mapping[str, float]) -> Any:
    """What is expected at values of the parameters: data that fit exactly."""
    return _expected(model, {name: as_float(value) for name, value in values.items()})


class _Tests:
    """Tests of values of one parameter; each fit starts where the last one ended."""

    def __init__(self, model: Model, name: str, null: float | None, observed: Any):
        if name not in model.names:
            raise UnknownNameError("parameter", name, model.names)
        self.model, self.name, self.data = model, name, model.data(observed)
        self.parameter = model.parameters[model.names.index(name)]
        self.null = _null(self.parameter, null)
        best = maximum(model, observed=self.data)
        there = null_maximum(model, name, self.null, self.data, best.values)
        self.asimov = expected_data(model, there.values)
        if best.values[name] < self.null:
            best = maximum(model, {name: self.null}, observed=self.data, start=best.values)
        self.best, self.last = best, best
        self.asimov_best = self.asimov_last = maximum(
            model, {name: self.null}, observed=self.asimov, start=there.values
        )

    def at(self, value: float) -> OneSidedTest:
        """The test of a value."""
        value = check_value(self.parameter, value, "The value")
        if not value > self.null:
            raise ParameterError(f"The value of {self.name!r} must lie above the null {self.null:g}, got {value:g}.")
        statistic = 0.0
        if value > self.best.values[self.name]:
            self.last = maximum(self.model, {self.name: value}, observed=self.data, start=self.last.values)
            statistic = _drop(self.best, self.last)
        return OneSidedTest(statistic, self.asimov_statistic(value))

    def asimov_statistic(self, value: float) -> float:
        """The statistic of what the null predicts."""
        self.asimov_last = maximum(self.model, {self.name: value}, observed=self.asimov, start=self.asimov_last.values)
        return _drop(self.asimov_best, self.asimov_last)

    def crossing(self, excess: Callable[[float], float]) -> float:
        """Where a function of the value falls through zero; the null, where it is below at all values."""
        last = float(getattr(self.parameter.prior.support, "upper_bound", np.inf))
        furthest = last - self.null
        # of the middle of its prior, or where that is the null of the place that most of it lies below
        middle = abs(self.parameter.quantile(0.5) - self.null) or self.parameter.quantile(0.84) - self.null
        first = inner = outer = min(_FIRST * middle, 0.5 * furthest)
        while excess(self.null + outer) > 0.0:
            if outer == furthest:
                raise CevnsjaxError(
                    f"The limit of {self.name!r} lies beyond the end of its prior at {last:g}; widen the prior."
                )
            inner, outer = outer, min(_STEP * outer, furthest)
        while inner == outer or excess(self.null + inner) <= 0.0:
            if inner < _FIRST * first:
                return self.null
            inner /= _STEP

        def at(logarithm: float) -> float:
            # rounding must not lead out of the prior
            return min(self.null + float(np.exp(logarithm)), last)

        found: Any = brentq(lambda log: excess(at(log)), np.log(inner), np.log(outer), xtol=1e-7)
        return at(found)


def null_maximum(
    model: Model, name: str, null: float, observed: Any, start: Mapping[str, float] | None = None
) -> Maximum:
    """The null, of which the data are a prediction that fits exactly.

    Parameters
    ----------
    model, name, null, observed
        See :func:`one_sided_test`. Nuisance parameters are where their priors are highest, those with flat priors as
        fitted to the data.
    start
        Where that fit starts; see :func:`maximum`.
    """
    peaks = {p.name: peak for p in model.parameters if p.name != name and (peak := _peak(p)) is not None}
    return maximum(model, {**peaks, name: null}, observed=observed, start=start)


def _drop(best: Maximum, there: Maximum) -> float:
    return max(2.0 * (best.log_density - there.log_density), 0.0)


def _null(parameter: Parameter, null: float | None) -> float:
    """The null, or the lower end of a prior."""
    return lower_end(parameter) if null is None else check_value(parameter, null, "The null")


def default_null(parameter: Parameter) -> float:
    """Zero, or the lower end of a prior that does not hold it."""
    try:
        return check_value(parameter, 0.0, "The null")
    except ParameterError:
        return lower_end(parameter)


def lower_end(parameter: Parameter) -> float:
    """The lower end of a prior.

    Raises
    ------
    ParameterError
        If it has none.
    """
    low = getattr(parameter.prior.support, "lower_bound", None)
    if low is None:
        raise ParameterError(f"The prior of {parameter.name!r} has no lower end; give the null.")
    return float(low)


def _peak(parameter: Parameter) -> float | None:
    """Where a prior is highest; ``None`` of one that constrains nothing."""
    prior: Any = parameter.prior
    ends = [parameter.quantile(each) for each in (1e-6, 0.1, 0.5, 0.9, 1.0 - 1e-6)]

    def height(place: float) -> float:
        return float(prior.log_prob(as_float(place)))

    heights = [height(place) for place in ends]
    if isinstance(prior, dist.LogUniform) or np.ptp(heights[1:4]) < 1e-6:
        return None
    found: Any = minimize_scalar(
        lambda place: -height(place),
        bounds=(ends[0], ends[-1]),
        method="bounded",
        options={"xatol": 1e-9 * (ends[-1] - ends[0])},
    )
    return float(found.x)
