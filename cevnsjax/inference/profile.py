"""Maximum of the posterior and profile likelihood: the check of HMC that needs no sampling."""

from collections.abc import Mapping
from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.rounds import fit_one
from cevnsjax.inference.solver import Evaluate, constrain
from cevnsjax.parameter import Parameter, describe_prior

_FURTHEST = 20.0
"""Where an end of a prior is reached, as a power of e: 2e-9 of its range, or of its middle where it has one end."""


@eqx.filter_jit
def _to_latent(model: Model, values):
    return model.to_latent(values)


@eqx.filter_jit
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
    if not np.isfinite(value) or not bool(parameter.prior.support(as_float(value))):  # pyright: ignore
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

    The minimiser is that of :func:`profile_map`, at a single point.

    Parameters
    ----------
    model
        The model; its priors act as penalties (:meth:`Model.log_constraints`).
    fixed
        Values of the parameters that are held; the end of a prior is one too.
    observed
        Data of the shape of the experiment's, in their place.
    start
        Where to start, by parameter name; the middle of the priors by default.
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
    begin = {name: float(value) for name, value in _from_latent(model, jnp.zeros_like(model.location)).items()}
    begin |= _checked(model, start, "The start")
    # at the end of a prior a latent is infinite, and far out the gradient vanishes: the fit moves starts inside
    latents = np.nan_to_num(np.array(_to_latent(model, begin), dtype=float), posinf=np.inf, neginf=-np.inf)
    objective = Objective(model, model.experiment.observed if observed is None else observed, model.names)
    evaluator = None if evaluate is None or fixed else lambda held: evaluate
    found = fit_one(objective, held, np.clip(latents, -_FURTHEST, _FURTHEST), evaluator=evaluator)
    if not found.converged:
        raise CevnsjaxError(
            f"The maximum was not found: it ended with a log-density of {-float(found.objective):g} and a derivative "
            f"of {np.abs(found.gradient).max():.2g} in a latent; try another start."
        )
    at = {name: np.array([value], found.latents.dtype) for name, value in held.items()}
    values = {name: float(value[0]) for name, value in constrain(objective, at, found.latents[None]).items()}
    return Maximum(values, -float(found.objective))


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
    threshold = 0.5 * float(chi2.ppf(level, 1))
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

    def excess(self, value: float) -> float:
        """How far the profile has fallen below the threshold; at most a hundred times that, where it has no density."""
        try:
            there = maximum(self.model, {self.name: value}, observed=self.observed, start=self.last.values)
        except CevnsjaxError:
            if np.isfinite(self.density(value)):
                raise
            return 100.0 * self.threshold
        self.last = there
        if there.log_density > self.best.log_density:
            self.best = there
        return min(self.reference.log_density - there.log_density - self.threshold, 100.0 * self.threshold)

    def density(self, value: float) -> float:
        return float(self.model.log_density({**self.last.values, self.name: value}, self.observed))

    def end(self, sign: int) -> float:
        """One end of the interval: of the prior, where the profile does not fall that far."""
        limit = getattr(self.support, "upper_bound" if sign > 0 else "lower_bound", None)
        self.last, sign = self.reference, sign * self.rises
        inner, reach = self.latent * sign, 0.5
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
        found = brentq(lambda latent: self.excess(self.value(sign * latent)), inner, outer, xtol=1e-7)
        return self.value(sign * float(found))  # pyright: ignore[reportArgumentType]


def significance(model: Model, name: str, value: float = 0.0, *, observed=None) -> float:
    """Square root of twice the drop of the profiled log-density from its maximum to ``name = value``."""
    best = maximum(model, observed=observed)
    there = maximum(model, {name: value}, observed=observed, start=best.values)
    return float(np.sqrt(max(2.0 * (best.log_density - there.log_density), 0.0)))
