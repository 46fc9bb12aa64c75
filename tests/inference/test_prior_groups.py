"""Priors side by side are the priors one by one, whatever their kinds and their order."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.inference.prior_groups import log_measure, mapped, unconstraining

# NumPyro promotes types itself
pytestmark = pytest.mark.usefixtures("standard_promotion")

PRIORS = [
    dist.Normal(0.0, 1.0),
    dist.Uniform(-2.0, 5.0),
    dist.LogUniform(1e-6, 1e-2),
    dist.Normal(3.0, 0.1),
    dist.TruncatedNormal(1.0, 0.4, low=0.0),
    dist.TruncatedNormal(0.5, 0.4, low=0.0, high=1.0),
    dist.Uniform(0.0, 1.0),
    dist.LogNormal(0.0, 0.3),
    dist.TruncatedNormal(18.4, 4.6, low=0.0),
    dist.HalfNormal(2.0),
    dist.LogUniform(10.0, 1e4),
    dist.TruncatedNormal(-1.0, 1.0, high=0.0),
    dist.Exponential(2.0),
]


def one_by_one(unconstrained):
    """Values, and the sums of the three logarithms, by NumPyro's own scalars."""
    values, jacobian, prior, measure = [], 0.0, 0.0, 0.0
    for each, at in zip(PRIORS, unconstrained, strict=True):
        transform = unconstraining(each)
        value = transform(at)
        values.append(value)
        jacobian += transform.log_abs_det_jacobian(at, value)
        prior += each.log_prob(value)
        measure += log_measure(each, value)
    return jnp.stack(values), jnp.stack([jacobian, prior, measure])


def side_by_side(unconstrained):
    found = mapped(PRIORS, unconstrained)
    return found.values, jnp.stack([found.log_jacobians.sum(), found.log_priors.sum(), found.log_measures.sum()])


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_like_one_by_one(scale):
    at = jnp.asarray(np.random.default_rng(0).normal(0.0, scale, (20, len(PRIORS))))
    expected, found = (jax.jit(jax.vmap(function))(at) for function in (one_by_one, side_by_side))
    jax.tree.map(lambda e, f: np.testing.assert_allclose(f, e, rtol=1e-12, atol=1e-12), expected, found)
    expected, found = (
        jax.jit(jax.vmap(jax.jacrev(function)))(at)  # values and logarithms
        for function in (one_by_one, side_by_side)
    )
    jax.tree.map(lambda e, f: np.testing.assert_allclose(f, e, rtol=1e-11, atol=1e-12), expected, found)


def test_as_many_maps_as_kinds():
    """Forty priors of two kinds are a program as short as that of two."""

    def equations(number):
        priors = [dist.Normal(float(i), 1.0) if i % 2 else dist.Uniform(0.0, 1.0 + i) for i in range(number)]
        return len(jax.make_jaxpr(lambda at: mapped(priors, at))(jnp.zeros(number)).eqns)

    assert equations(40) == equations(2)


def test_far_out_is_finite(precision):
    """Where a map has run into an end of a support in all its digits, everything is a number or minus infinity."""
    for far in (-800.0, -40.0, 40.0, 80.0):
        values, logarithms = side_by_side(jnp.full(len(PRIORS), far))
        assert not np.any(np.isnan(values))
        assert not np.any(np.isnan(logarithms))
