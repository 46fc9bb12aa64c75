"""Maximum of the posterior and profile likelihood: the check of HMC that needs no sampling."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.quantiles import chi_squared_quantile
from cevnsjax.inference.rounds import STARTS, Fitter, fit_lowest
from cevnsjax.inference.solver import Evaluate, constrain
from cevnsjax.parameter import Parameter, describe_prior
from cevnsjax.prior_quantiles import is_inside, prior_quantiles
from cevnsjax.program import program

_DRAWS = 64
"""Draws from the prior that starts of a fit are chosen among."""

_SAME_HEIGHT = 1e-4
"""Difference of the logarithms of densities that are the same."""

_FURTHEST = 20.0
"""Where an end of a prior is reached, as a power of e: 2e-9 of its range, or of its middle where it has one end."""


@program
def _to_latents(model: Model, values):
    return model.to_latent(values)


def _to_latent(model: Model, values: Mapping[str, float]):
    # as arrays: with numbers of Python's, each would be a program of its own
    return _to_latents(model, {name: as_float(value) for name, value in values.items()})


@program
def _from_latent(model: Model, latent):
    return model.from_latent(latent)


@dataclass(frozen=True)
class Maximum:
    """A maximum of the density.

    Attributes
    ----------
    values
        Values of all parameters there.
    log_density
        Log-likelihood (relative to the saturated model) plus the log-priors as constraints there.
    """

    values: dict[str, float]
    log_density: float


def check_value(parameter: Parameter, given, what: str) -> float:
    """Return a value of a parameter as a number; refuse one that its prior excludes.

    Raises
    ------
    ParameterError
        If so.
    """
    try:
        value = float(given)
    except (TypeError, ValueError):
        raise ParameterError(f"{what} of {parameter.name!r} must be a number, got {given!r}.") from None
    inside = is_inside(parameter.prior, value) or bool(parameter.prior.support(as_float(value)))  # pyright: ignore
    if not (np.isfinite(value) and inside):
        raise ParameterError(
            f"{what} of {parameter.name!r} must lie in the support of its prior {describe_prior(parameter.prior)}, "
            f"got {value:g}."
        )
    return value


def _checked(model: Model, values: Mapping[str, float] | None, what: str) -> dict[str, float]:
    parameters = {parameter.name: parameter for parameter in model.parameters}
    for name in values or {}:
        if name not in parameters:
            raise UnknownNameError("parameter", name, parameters)
    return {name: check_value(parameters[name], value, what) for name, value in (values or {}).items()}


def maximum(
    model: Model,
    fixed: Mapping[str, float] | None = None,
    *,
    observed=None,
    start: Mapping[str, float] | None = None,
    evaluate: Evaluate | None = None,
) -> Maximum:
    """Maximise likelihood times priors over all parameters that are not held fixed.

    The minimiser is that of :func:`profile_map`, at a single point. As there may be several maxima, it begins in the
    middle of the priors and where the density of draws from them is highest, and the highest of what is found is taken.

    Parameters
    ----------
    model
        The model; its priors act as penalties (:meth:`Model.log_constraints`).
    fixed
        Values of the parameters that are held; the end of a prior is one too.
    observed
        Data of the shape of the experiment's, in their place.
    start
        Where to start instead, by parameter name; those that are not named in the middle of their priors.
    evaluate
        What computes the density where nothing is held (:meth:`AbstractSampler.objective`); a program of its own by
        default.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    ParameterError
        If a value is not in the support of its prior.
    CevnsjaxError
        If the minimiser does not converge.
    """
    held = {name: np.nan for name in model.names} | _checked(model, fixed, "The fixed value")
    begin = {p.name: float(prior_quantiles(p.prior, [0.5])[0]) for p in model.parameters}
    begin |= _checked(model, start, "The start")
    model = model.reaching({**(fixed or {}), **(start or {})})
    # at the end of a prior a latent is infinite, and far out the gradient vanishes: the fit moves starts inside
    latents = np.nan_to_num(np.array(_to_latent(model, begin), dtype=float), posinf=np.inf, neginf=-np.inf)
    objective = Objective(model, model.experiment.observed if observed is None else observed, model.names)
    evaluator = None if evaluate is None or fixed else lambda held: evaluate
    starts = np.clip(latents, -_FURTHEST, _FURTHEST)[None]
    if start is None:
        starts = np.concatenate([starts, _promising(objective, held, evaluator)])
    found = fit_lowest(objective, held, starts, evaluator=evaluator)
    if not found.converged:
        raise CevnsjaxError(
            f"The maximum was not found: it ended with a log-density of {-float(found.objective):g} and a derivative "
            f"of {np.abs(found.gradient).max():.2g} in a latent; try another start."
        )
    at = {name: np.array([value], found.latents.dtype) for name, value in held.items()}
    values = {name: float(value[0]) for name, value in constrain(objective, at, found.latents[None]).items()}
    return Maximum(values, -float(found.objective))


def _promising(objective: Objective, held: dict[str, float], evaluator) -> np.ndarray:
    """Latents of the best of many draws from the prior, shape ``[start, latent]``."""
    draws = objective.model.prior_latents(jax.random.key(0), _DRAWS)
    fitter = Fitter(objective, STARTS, evaluator=evaluator)
    at = {name: np.full(_DRAWS, value, draws.dtype) for name, value in held.items()}
    heights = fitter.evaluator(at)(np.arange(_DRAWS), draws)[0]
    return draws[np.argsort(np.where(np.isfinite(heights), heights, np.inf))[: STARTS - 1]]


@dataclass(frozen=True)
class ProfileInterval:
    """A profile-likelihood interval.

    Attributes
    ----------
    best
        Value at the maximum.
    lower, upper
        Where the profile has fallen by the level's threshold; the edge of the prior where it does not fall that far.
    """

    best: float
    lower: float
    upper: float


def profile_interval(model: Model, name: str, level: float = 0.6827, *, observed=None) -> ProfileInterval:
    """Interval in which twice the drop of the profiled log-density stays below the chi-squared quantile.

    Ends are sought in the parameter's latent, which is of order one in any unit.

    Parameters
    ----------
    model, name
        The model and the parameter; all others are profiled, with their priors as penalties.
    level
        Confidence level, between 0 and 1.
    observed
        Data of the shape of the experiment's, in their place.

    Raises
    ------
    UnknownNameError
        If the name is not a parameter of the model.
    CevnsjaxError
        If the level is not between 0 and 1, or a fit does not converge.
    """
    if not 0.0 < level < 1.0:
        raise CevnsjaxError(f"level must lie between 0 and 1, got {level}.")
    if name not in model.names:
        raise UnknownNameError("parameter", name, model.names)
    threshold = 0.5 * chi_squared_quantile(level)
    best = maximum(model, observed=observed)
    while True:
        profile = _Profile(model, name, observed, best, threshold)
        interval = ProfileInterval(best.values[name], profile.end(-1), profile.end(+1))
        if profile.best.log_density < best.log_density + 1e-6:
            return interval
        # on the way the profile has risen above what was taken for the maximum
        best = maximum(model, observed=observed, start=profile.best.values)


class _Profile:
    """The profile of one parameter, as a function of its latent.

    ``best`` is the highest of all that was seen; each fit starts where the last one ended.
    """

    def __init__(self, model: Model, name: str, observed, best: Maximum, threshold: float):
        self.model, self.name, self.observed, self.threshold = model, name, observed, threshold
        self.reference = self.best = self.last = best
        place = model.names.index(name)
        self.support, self.scale = model.parameters[place].prior.support, float(model.scale[place])
        two = all(hasattr(self.support, end) for end in ("lower_bound", "upper_bound"))
        self.middle = float(model.location[place]) if two else 0.0
        self.latent = float(_to_latent(model, best.values)[place])
        # below a single end from above, values fall with their latent
        self.rises = 1 if self.value(0.5) > self.value(-0.5) else -1

    def value(self, latent: float) -> float:
        place = self.model.names.index(self.name)
        return float(_from_latent(self.model, jnp.zeros_like(self.model.location).at[place].set(latent))[self.name])

    def excess(self, value: float, anywhere: bool = False) -> float:
        """How far the profile has fallen below the threshold; at most a hundred times that, where it has no density.

        The others are fitted from where they were last, or from anywhere.
        """
        try:
            start = None if anywhere else self.last.values
            there = maximum(self.model, {self.name: value}, observed=self.observed, start=start)
        except CevnsjaxError:
            if anywhere:
                return 0.0  # nothing is higher than what is known
            if np.isfinite(self.density(value)):
                raise
            return 100.0 * self.threshold
        self.last = there
        if there.log_density > self.best.log_density:
            self.best = there
        return min(self.reference.log_density - there.log_density - self.threshold, 100.0 * self.threshold)

    def density(self, value: float) -> float:
        return float(self.model.log_density({**self.last.values, self.name: value}, self.observed))

    def end(self, sign: int, inner: float | None = None) -> float:
        """One end of the interval, beyond a latent that is inside: of the prior, where the profile does not fall."""
        limit = getattr(self.support, "upper_bound" if sign > 0 else "lower_bound", None)
        sign, reach = sign * self.rises, 0.5
        if inner is None:
            self.last, inner = self.reference, self.latent * sign
        furthest = np.inf if limit is None else (_FURTHEST - self.middle * sign) / self.scale
        while True:
            outer = min(inner + reach, furthest)
            if outer == furthest and limit is not None:
                if self.excess(float(limit)) < 0.0 or self.excess(self.value(sign * outer)) < 0.0:
                    return float(limit)
                break
            if self.excess(self.value(sign * outer)) > 0.0:
                break
            inner, reach = outer, 2.0 * reach
        found = float(brentq(lambda latent: self.excess(self.value(sign * latent)), inner, outer, xtol=1e-7))  # pyright: ignore[reportArgumentType]
        end = self.value(sign * found)
        # the fit that was followed may not be the highest there
        if self.excess(end, anywhere=True) < -_SAME_HEIGHT:
            return self.end(sign * self.rises, found)
        return end


def significance(model: Model, name: str, value: float = 0.0, *, observed=None) -> float:
    """Square root of twice the drop of the profiled log-density from its maximum to ``name = value``."""
    best = maximum(model, observed=observed)
    there = max(
        maximum(model, {name: value}, observed=observed, start=start).log_density for start in (None, best.values)
    )
    return float(np.sqrt(max(2.0 * (best.log_density - there), 0.0)))
