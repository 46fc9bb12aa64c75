"""Maximum of the posterior and profile likelihood: the check of HMC that needs no sampling."""

from collections.abc import Mapping
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.inference.model import Model


def _constrained(model: Model, latent, observed):
    values = model.from_latent(latent)
    return model.log_likelihood(values, observed) + model.log_constraints(values)


@eqx.filter_jit
def _objective(model: Model, latent, observed):
    return jax.value_and_grad(lambda z: -_constrained(model, z, observed))(latent)


@eqx.filter_jit
def _curvature(model: Model, latent, observed):
    return jax.hessian(lambda z: -_constrained(model, z, observed))(latent)


@eqx.filter_jit
def _values(model: Model, latent):
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


def maximum(
    model: Model,
    fixed: Mapping[str, float] | None = None,
    *,
    observed=None,
    start: Mapping[str, float] | None = None,
) -> Maximum:
    """Maximise likelihood times priors over all parameters that are not held fixed.

    Parameters
    ----------
    model
        The model; its priors act as penalties (:meth:`Model.log_constraints`).
    fixed
        Values of the parameters that are held.
    observed
        Data of the shape of the experiment's, in their place.
    start
        Where to start, by parameter name; the middle of the priors by default.

    Raises
    ------
    UnknownNameError
        If a name is not a parameter of the model.
    CevnsjaxError
        If the minimiser does not converge.
    """
    fixed = dict(fixed or {})
    for name in (*fixed, *(start or {})):
        if name not in model.names:
            raise UnknownNameError("parameter", name, model.names)
    data = model.experiment.observed if observed is None else observed
    middle = {name: float(value) for name, value in _values(model, jnp.zeros(len(model.names), dtype=float)).items()}
    # a start at the edge of a flat prior is a start where the gradient vanishes: begin inside
    latent = np.clip(np.array(model.to_latent({**middle, **(start or {})}), dtype=np.float64), -4.0, 4.0)
    held = np.asarray(model.to_latent({**middle, **fixed}), dtype=np.float64)
    free = np.array([name not in fixed for name in model.names])
    latent[~free] = held[~free]

    def objective(free_latent):
        latent[free] = free_latent
        value, gradient = _objective(model, as_float(latent), data)
        return float(value), np.asarray(gradient, dtype=np.float64)[free]

    def curvature(free_latent):
        latent[free] = free_latent
        return np.asarray(_curvature(model, as_float(latent), data), dtype=np.float64)[np.ix_(free, free)]

    if free.any():
        # the gradient of a density of float32 numbers stops falling at its rounding error
        tolerance = 1e-6 if model.scale.dtype == np.float64 else 1e-3
        result = minimize(
            objective, latent[free], jac=True, hess=curvature, method="trust-exact", options={"gtol": tolerance}
        )
        if not np.isfinite(result.fun) or np.abs(result.jac).max() > 1e3 * tolerance:
            raise CevnsjaxError(f"The maximum was not found ({result.message}); try another start.")
        latent[free] = result.x
    value, _ = _objective(model, as_float(latent), data)
    return Maximum({name: float(v) for name, v in _values(model, as_float(latent)).items()}, -float(value))


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


def profile_interval(
    model: Model, name: str, level: float = 0.6827, *, observed=None, step: float | None = None
) -> ProfileInterval:
    """Interval in which twice the drop of the profiled log-density stays below the chi-squared quantile.

    Parameters
    ----------
    model, name
        The model and the parameter; all others are profiled, with their priors as penalties.
    level
        Confidence level, between 0 and 1.
    observed
        Data of the shape of the experiment's, in their place.
    step
        First guess of the half width; by default a tenth of the prior's.
    """
    if not 0.0 < level < 1.0:
        raise CevnsjaxError(f"level must lie between 0 and 1, got {level}.")
    best = maximum(model, observed=observed)
    threshold = 0.5 * float(chi2.ppf(level, 1))
    parameter = next((p for p in model.parameters if p.name == name), None)
    if parameter is None:
        raise UnknownNameError("parameter", name, model.names)
    bounds = [getattr(parameter.prior.support, f"{side}_bound", None) for side in ("lower", "upper")]
    low, high = (float(b) if b is not None else sign * np.inf for b, sign in zip(bounds, (-1, 1), strict=True))
    draws = np.asarray(parameter.prior.sample(jax.random.key(0), (200,)))
    width = step or 0.1 * float(np.std(draws))

    def excess(value: float) -> float:
        there = maximum(model, {name: value}, observed=observed, start=best.values)
        return best.log_density - there.log_density - threshold

    def edge(sign: int) -> float:
        reach, limit = width, (high if sign > 0 else low)
        inner = best.values[name]
        while True:
            outer = inner + sign * reach
            if (outer - limit) * sign >= 0:
                outer = limit - sign * 1e-9 * max(1.0, abs(limit))
                if excess(outer) < 0:
                    return limit
                break
            if excess(outer) > 0:
                break
            inner, reach = outer, 2.0 * reach
        return brentq(excess, *sorted((inner, outer)), xtol=1e-6 * width)  # pyright: ignore

    return ProfileInterval(best.values[name], edge(-1), edge(+1))


def significance(model: Model, name: str, value: float = 0.0, *, observed=None) -> float:
    """Square root of twice the drop of the profiled log-density from its maximum to ``name = value``."""
    best = maximum(model, observed=observed)
    there = maximum(model, {name: value}, observed=observed, start=best.values)
    return float(np.sqrt(max(2.0 * (best.log_density - there.log_density), 0.0)))
