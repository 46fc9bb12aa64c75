"""What data will say, and what a posterior is near its maximum, without sampling: Fisher information and Laplace."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float
from scipy.special import ndtr

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.inference.model import Model, Values
from cevnsjax.inference.profile import maximum
from cevnsjax.parameter import Parameter, describe_prior
from cevnsjax.program import program

_NEAR = 1e-6
"""How near a maximum is to an end of a prior that is at it, over the distance of the prior's median."""
_OUTSIDE = 0.1
"""Share of a Gaussian that may lie outside of a prior."""
_SMALLEST = 1e-6
"""Smallest eigenvalue of a correlation that is none of parameters that only their product (or sum) moves."""


def fisher_information(
    model: Model, values: Mapping[str, Float[Array, ""] | float] | None = None, *, constraints: bool = True
) -> Float[Array, "parameter parameter"]:
    """Fisher information of the free parameters: the inverse of their covariance where that is small.

    F_ij = sum over bins of I(mu) dmu/dtheta_i dmu/dtheta_j, with I the information of a bin about its expectation
    (:meth:`AbstractLikelihood.information`), derivatives exact. It is that of data yet to be taken, and needs none.
    Pure, so that it can be differentiated itself: what a detector should be.

    Parameters
    ----------
    model
        The model.
    values
        Where, by parameter name; those that are not named have the values of the experiment.
    constraints
        Whether minus the second derivatives of the log-priors are added: nuisance parameters are then known as well as
        their priors say. Flat priors add nothing, nor do those flat in a logarithm (:meth:`Model.log_constraints`).

    Returns
    -------
    Float[Array, "parameter parameter"]
        In the order of ``model.names``, in the inverse units of two parameters. Not finite where a parameter fills a
        bin in which nothing is expected.
    """
    at = _vector(model, {**model.reference_values, **(values or {})})
    parts = model.at(_named(model, at)).parts
    slopes = jax.jacfwd(lambda vector: _expected(model, vector))(at)
    total = jnp.zeros((at.size, at.size), dtype=at.dtype)
    for name, expected in _expected(model, at).items():
        rows = weighted_slopes(slopes[name], parts[name].likelihood.information(expected)).reshape(-1, at.size)
        total = total + rows.T @ rows
    if constraints:
        total = total - jax.hessian(lambda vector: model.log_constraints(_named(model, vector)))(at)
    return total


def weighted_slopes(
    slopes: Float[Array, "*bin parameter"], information: Float[Array, "*bin"]
) -> Float[Array, "*bin parameter"]:
    """Slopes of expectations times the root of the information of their bins, differentiable where bins are empty.

    A bin that stays empty says nothing, however much it would say: a threshold may cut it off.
    """
    known = jnp.isfinite(information)[..., None]
    root = jnp.sqrt(jnp.where(known[..., 0], information, 1.0))[..., None]
    return jnp.where(known, slopes * root, jnp.where(slopes == 0.0, 0.0, jnp.inf))


def _vector(model: Model, values: Mapping[str, Any]) -> Float[Array, " parameter"]:
    return jnp.stack([as_float(values[name]) for name in model.names])


def _named(model: Model, vector: Float[Array, " parameter"]) -> Values:
    return {name: vector[i] for i, name in enumerate(model.names)}


def _expected(model: Model, vector: Float[Array, " parameter"]) -> dict[str, Float[Array, "sample energy time"]]:
    return {name: part.expected() for name, part in model.at(_named(model, vector)).parts.items()}


@dataclass(frozen=True)
class Laplace:
    """A posterior as the Gaussian that touches it at its maximum.

    It is a Gaussian in the parameters, and in the logarithm of those whose priors are flat in that.

    Attributes
    ----------
    names
        Names of the parameters, in the order of the covariance.
    values
        Values at the maximum.
    covariance
        Covariance of the parameters, shape ``[parameter, parameter]``; to first order for those that are Gaussian in
        their logarithm.
    log_density
        Log-likelihood (relative to the saturated model) plus log-prior, as a density in what is Gaussian.
    log_evidence
        Logarithm of the probability of the data, the likelihood times the prior integrated over all parameters,
        relative to the likelihood of the saturated model: a constant of the data that ratios of models do not have.
    """

    names: tuple[str, ...]
    values: dict[str, float]
    covariance: np.ndarray
    log_density: float
    log_evidence: float

    @property
    def sd(self) -> dict[str, float]:
        """Standard deviation of each parameter."""
        return dict(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    @property
    def correlation(self) -> np.ndarray:
        """Correlation of the parameters, shape ``[parameter, parameter]``."""
        sd = np.sqrt(np.diag(self.covariance))
        return self.covariance / np.outer(sd, sd)


def laplace(model: Model, *, observed=None, start: Mapping[str, float] | None = None) -> Laplace:
    """Approximate a posterior by a Gaussian at its maximum: errors, correlations and evidence without sampling.

    ln Z = ln p(max) + (d/2) ln 2 pi - (1/2) ln det H for d parameters, with H minus the second derivatives of the
    log-density. Tails of the Gaussian beyond an end of a prior are not cut off: more than a tenth is refused. Of a
    posterior with several bands it is that of the one that is found; of data with two errors, that of the side of the
    data on which the maximum is.

    Parameters
    ----------
    model
        The model.
    observed
        Data of the shape of the experiment's, in their place.
    start
        Where the search for the maximum starts; see :func:`maximum`.

    Raises
    ------
    CevnsjaxError
        If no maximum is found, it is at an end of a prior or too near to it, or the density does not fall from it in
        every direction.
    """
    data = model.data(observed)
    best = maximum(model, observed=data, start=start)
    for parameter in model.parameters:
        _check_inside(parameter, best.values[parameter.name])
    values = {name: as_float(value) for name, value in best.values.items()}
    curvature = np.asarray(_curvature(model, values, data), dtype=float)
    widths = np.diag(curvature)
    if not np.all(np.isfinite(curvature)) or not np.all(widths > 0.0):
        flat = [name for name, each in zip(model.names, widths, strict=True) if not each > 0.0] or list(model.names)
        raise CevnsjaxError(f"The density does not fall from its maximum on both sides of {', '.join(flat)}.")
    units = 1.0 / np.sqrt(widths)
    scaled = curvature * np.outer(units, units)
    sizes = np.linalg.eigvalsh(scaled)
    if not sizes[0] > _SMALLEST:
        raise CevnsjaxError("The density does not fall from its maximum in every direction: parameters are degenerate.")
    correlation = np.linalg.inv(scaled)
    for parameter, unit, wider in zip(model.parameters, units, np.diag(correlation), strict=True):
        _check_contained(parameter, best.values[parameter.name], float(unit * np.sqrt(wider)))
    stretch = np.array([best.values[p.name] if _in_logarithm(p.prior) else 1.0 for p in model.parameters]) * units
    log_volume = 0.5 * (len(units) * math.log(2.0 * math.pi) - np.log(sizes).sum()) + np.log(units).sum()
    return Laplace(
        model.names,
        best.values,
        correlation * np.outer(stretch, stretch),
        best.log_density,
        best.log_density + float(log_volume),
    )


def _in_logarithm(prior: dist.Distribution) -> bool:
    return isinstance(prior, dist.LogUniform)


def _ends(parameter: Parameter) -> list[float]:
    """Ends of the support of a prior, where it has any."""
    ends = (getattr(parameter.prior.support, end, None) for end in ("lower_bound", "upper_bound"))
    return [float(end) for end in ends if end is not None]


def _check_inside(parameter: Parameter, value: float) -> None:
    """Refuse a maximum at an end of a prior: a fit goes as near to it as numbers do."""
    if any(abs(value - end) < _NEAR * abs(parameter.quantile(0.5) - end) for end in _ends(parameter)):
        raise CevnsjaxError(
            f"The density is highest at an end of the prior of {parameter.name!r} ({value:g}), where it is no "
            "Gaussian; hold it fixed, or sample."
        )


def _check_contained(parameter: Parameter, value: float, sd: float) -> None:
    """Refuse a Gaussian that the support of a prior does not hold."""
    logarithmic = _in_logarithm(parameter.prior)
    distances = [abs(np.log(value / end) if logarithmic else value - end) / sd for end in _ends(parameter)]
    outside = float(ndtr(-np.asarray(distances)).sum())
    if outside > _OUTSIDE:
        raise CevnsjaxError(
            f"{100.0 * outside:.0f} % of the Gaussian of {parameter.name!r} would lie outside of its prior "
            f"{describe_prior(parameter.prior)}; hold it fixed, or sample."
        )


@program
def _curvature(model: Model, values: Values, observed) -> Float[Array, "parameter parameter"]:
    """Minus the second derivatives of the log-density, in what is taken to be Gaussian."""

    def density(moved: Float[Array, " parameter"]) -> Float[Array, ""]:
        there = {
            p.name: values[p.name] * jnp.exp(moved[i]) if _in_logarithm(p.prior) else values[p.name] + moved[i]
            for i, p in enumerate(model.parameters)
        }
        # which is the density in the logarithm of what is flat in that
        return model.log_likelihood(there, observed) + model.log_constraints(there)

    return -jax.hessian(density)(jnp.zeros_like(model.location))
