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


def _side_by_side(function: Callable, priors: Sequence[dist.Distribution], unconstrained):
    """A function of a prior and of an unconstrained value for each of several."""
    groups = _groups(priors)
    stacked = tuple(jax.tree.map(_stacked, *(priors[place] for place in places)) for places in groups)
    return _of_groups(function, stacked, groups, unconstrained)


@functools.partial(jax.jit, static_argnums=(0, 2))
def _of_groups(
    function: Callable,
    stacked: tuple[dist.Distribution, ...],
    groups: tuple[tuple[int, ...], ...],
    unconstrained: Float[Array, " parameter"],
):
    found = [
        jax.vmap(function)(prior, unconstrained[np.array(places)])
        for prior, places in zip(stacked, groups, strict=True)
    ]
    order = np.argsort(np.concatenate(groups))
    return jax.tree.map(lambda *columns: jnp.concatenate(columns)[order], *found)


def unconstraining(prior: dist.Distribution) -> Any:
    """Map from all real numbers to the support of a prior: in the logarithm, where the prior is flat in that."""
    if isinstance(prior, dist.LogUniform):
        ends = constraints.interval(jnp.log(as_float(prior.low)), jnp.log(as_float(prior.high)))
        return ComposeTransform([biject_to(ends), ExpTransform()])
    return biject_to(prior.support)


def log_density(prior: dist.Distribution, value: Float[Array, ""] | float) -> Float[Array, ""]:
    """Logarithm of a density; NumPyro's own goes on where the support ends."""
    value = as_float(value)
    inside: Any = prior.support(value)  # pyright: ignore[reportOptionalCall]
    within = jnp.where(inside, value, as_float(prior.support.feasible_like(value)))  # pyright: ignore
    return jnp.where(inside, prior.log_prob(within), -jnp.inf)


def log_measure(prior: dist.Distribution, value: Float[Array, ""] | float) -> Float[Array, ""]:
    """Logarithm of a value where the prior is flat in that, zero elsewhere."""
    return jnp.log(value) if isinstance(prior, dist.LogUniform) else as_float(0.0)


def _groups(priors: Sequence[dist.Distribution]) -> tuple[tuple[int, ...], ...]:
    """Places of priors of the same kind."""
    groups: dict[Any, tuple[int, ...]] = {}
    for i, prior in enumerate(priors):
        leaves, kind = jax.tree.flatten(prior)
        kind_and_shapes = kind, tuple(np.shape(leaf) for leaf in leaves)
        groups[kind_and_shapes] = (*groups.get(kind_and_shapes, ()), i)
    return tuple(groups.values())


def _stacked(*leaves) -> Float[Array, " prior"]:
    return as_float(np.stack([np.asarray(leaf) for leaf in leaves]))


def _constrained(prior: dist.Distribution, unconstrained: Float[Array, ""]) -> Float[Array, ""]:
    return unconstraining(prior)(unconstrained)


def _mapped(prior: dist.Distribution, unconstrained: Float[Array, ""]) -> Mapped:
    transform = unconstraining(prior)
    value = transform(unconstrained)
    jacobian = transform.log_abs_det_jacobian(unconstrained, value)
    return Mapped(value, as_float(jacobian), log_density(prior, value), log_measure(prior, value))
