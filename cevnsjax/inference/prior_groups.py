"""Priors of one kind side by side: one map and one density for all of them."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float
from numpyro.distributions import biject_to, constraints
from numpyro.distributions.transforms import ComposeTransform, ExpTransform

from cevnsjax.arrays import as_float
from cevnsjax.prior_quantiles import TRUNCATED


class Mapped(NamedTuple):
    """Values of parameters at unconstrained ones, with what belongs to them; shape ``[parameter]`` each.

    Attributes
    ----------
    values
        In the support of their priors.
    log_jacobians
        Logarithms of the derivatives with respect to the unconstrained values.
    log_priors
        Logarithms of the prior densities.
    log_measures
        Logarithms of the values whose prior is flat in them: with these added, such a prior constrains nothing.
    """

    values: Float[Array, " parameter"]
    log_jacobians: Float[Array, " parameter"]
    log_priors: Float[Array, " parameter"]
    log_measures: Float[Array, " parameter"]


def mapped(priors: Sequence[dist.Distribution], unconstrained: Float[Array, " parameter"]) -> Mapped:
    """Map unconstrained values to the supports of their priors, all priors of a kind at once."""
    return _side_by_side(_mapped, priors, unconstrained)


def constrained(
    priors: Sequence[dist.Distribution], unconstrained: Float[Array, " parameter"]
) -> Float[Array, " parameter"]:
    """The values alone."""
    return _side_by_side(_constrained, priors, unconstrained)


def unconstrained(priors: Sequence[dist.Distribution], values: Float[np.ndarray, "parameter *shape"]) -> np.ndarray:
    """Unconstrained values at values in the supports of priors, each of one or of many numbers."""
    return _side_by_side(_unconstrained, priors, values)


def prior_density(prior: dist.Distribution, values: Float[np.ndarray, "*shape"]) -> np.ndarray:
    """Density of a prior at many values: zero outside of its support."""
    return np.exp(_side_by_side(log_density, [prior], values[None])[0])


def _side_by_side(function: Callable, priors: Sequence[dist.Distribution], given):
    """A function of a prior and of what is given for it, for each of several; NumPy's arrays of NumPy's."""
    of_host = isinstance(given, np.ndarray)
    concatenate = np.concatenate if of_host else jnp.concatenate
    groups: dict[Any, list[int]] = {}
    for i, prior in enumerate(priors):
        groups.setdefault(_family(prior) or i, []).append(i)
    found = []
    for family, places in groups.items():
        at = as_float(given[np.array(places)])
        if isinstance(family, int):
            found.append(jax.tree.map(lambda each: each[None], function(priors[family], at[0])))
            continue
        # by name: the order of NumPyro's own leaves is that of a set of names, another one in each process
        numbers = [_numbers(priors[place]) for place in places]
        stacked = {name: as_float(np.array([each[name] for each in numbers])) for name in numbers[0]}
        found.append(_of_family(function, family, stacked, at))
    order = np.argsort(np.concatenate([np.array(places) for places in groups.values()]))
    found = jax.tree.map(np.asarray, found) if of_host else found
    return jax.tree.map(lambda *columns: concatenate(columns)[order], *found)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _of_family(function: Callable, family: type[dist.Distribution], stacked: dict[str, Array], given):
    return jax.vmap(lambda numbers, at: function(_rebuilt(family, numbers), at))(stacked, given)


_PLAIN = (dist.Normal, dist.Uniform, dist.LogUniform, dist.LogNormal, dist.HalfNormal)


def _family(prior: dist.Distribution) -> type[dist.Distribution] | None:
    """What priors side by side have in common; None of one that stands alone."""
    truncated = type(prior) in TRUNCATED and type(getattr(prior, "base_dist", None)) is dist.Normal
    return type(prior) if truncated or type(prior) in _PLAIN else None


def _numbers(prior: Any) -> dict[str, Any]:
    """What distinguishes a prior from others of its family."""
    of_base = _numbers(prior.base_dist) if type(prior) in TRUNCATED else {}
    return of_base | {name: np.asarray(getattr(prior, name)) for name in type(prior).arg_constraints}


def _rebuilt(family: Any, numbers: dict[str, Array]) -> dist.Distribution:
    if family not in TRUNCATED:
        return family(**numbers)
    own = {name: numbers[name] for name in family.arg_constraints}
    return family(dist.Normal(numbers["loc"], numbers["scale"]), **own)


def unconstraining(prior: dist.Distribution) -> Any:
    """Map from all real numbers to the support of a prior: in the logarithm, where the prior is flat in that."""
    if isinstance(prior, dist.LogUniform):
        ends = constraints.interval(jnp.log(as_float(prior.low)), jnp.log(as_float(prior.high)))
        return ComposeTransform([biject_to(ends), ExpTransform()])
    return biject_to(prior.support)


def log_density(prior: dist.Distribution, value: Float[Array, "*shape"] | float) -> Float[Array, "*shape"]:
    """Logarithm of a density; NumPyro's own goes on where the support ends."""
    value = as_float(value)
    inside: Any = prior.support(value)  # pyright: ignore[reportOptionalCall]
    within = jnp.where(inside, value, as_float(prior.support.feasible_like(value)))  # pyright: ignore
    return jnp.where(inside, prior.log_prob(within), -jnp.inf)


def log_measure(prior: dist.Distribution, value: Float[Array, ""] | float) -> Float[Array, ""]:
    """Logarithm of a value where the prior is flat in that, zero elsewhere."""
    return jnp.log(value) if isinstance(prior, dist.LogUniform) else as_float(0.0)


def _constrained(prior: dist.Distribution, unconstrained: Float[Array, ""]) -> Float[Array, ""]:
    return unconstraining(prior)(unconstrained)


def _unconstrained(prior: dist.Distribution, value: Array) -> Array:
    return unconstraining(prior).inv(value)


def _mapped(prior: dist.Distribution, unconstrained: Float[Array, ""]) -> Mapped:
    transform = unconstraining(prior)
    value = transform(unconstrained)
    jacobian = transform.log_abs_det_jacobian(unconstrained, value)
    return Mapped(value, as_float(jacobian), log_density(prior, value), log_measure(prior, value))
