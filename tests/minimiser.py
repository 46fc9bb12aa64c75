"""A minimiser that this package did not write."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize


@eqx.filter_jit
def _constrained(model, latent, observed):
    values = model.from_latent(latent)
    return -(model.log_likelihood(values, observed) + model.log_constraints(values))


_value_and_gradient = eqx.filter_jit(
    lambda model, latent, observed: jax.value_and_grad(functools.partial(_constrained, model))(latent, observed)
)
_curvature = eqx.filter_jit(
    lambda model, latent, observed: jax.hessian(functools.partial(_constrained, model))(latent, observed)
)


def scipy_maximum(model, fixed, start=None) -> float:
    """Highest log-likelihood plus log-priors that a trust-region method finds from a start, or the middle."""
    middle = {name: float(value) for name, value in model.from_latent(jnp.zeros(len(model.names))).items()}
    # not at the end of a prior, where there is no derivative, but in the minimum that the start is in
    latent = np.clip(np.array(model.to_latent({**middle, **(start or {})})), -8.0, 8.0)
    held = np.array(model.to_latent({**middle, **fixed}))
    free = np.array([name not in fixed for name in model.names])
    observed = model.experiment.observed

    def whole(part):
        moved = held.copy()
        moved[free] = part
        return moved

    def objective(part):
        value, gradient = _value_and_gradient(model, whole(part), observed)
        return float(value), np.asarray(gradient)[free]

    def curvature(part):
        return np.asarray(_curvature(model, whole(part), observed))[np.ix_(free, free)]

    # short steps: a long one may leap into another minimum
    options = {"gtol": 1e-6, "initial_trust_radius": 0.1, "max_trust_radius": 0.5, "maxiter": 2000}
    return -float(
        minimize(objective, latent[free], jac=True, hess=curvature, method="trust-exact", options=options).fun
    )
