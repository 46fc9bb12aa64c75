"""A model: an experiment, and what is free in it."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro.distributions import biject_to

from cevnsjax.arrays import as_float
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment, freeze
from cevnsjax.inference.likelihood import poisson_log_likelihood
from cevnsjax.parameter import Parameter, describe_prior
from cevnsjax.paths import get_path, set_paths

Values = dict[str, Float[Array, ""]]
"""Values of the free parameters by name."""


class Model(eqx.Module):
    """Posterior density of the free parameters of an experiment.

    All methods are pure functions of the model and the values, so ``jax.grad``, ``jax.vmap`` and ``jax.jit`` apply.

    Attributes
    ----------
    experiment
        The experiment, with every stage that nothing free moves computed beforehand.
    parameters
        The free parameters.
    location, scale
        Affine map from the latent vector to the unconstrained values, set from the priors so that latents are of
        order one.
    """

    experiment: Experiment
    parameters: tuple[Parameter, ...] = eqx.field(static=True)
    location: Float[Array, " parameter"]
    scale: Float[Array, " parameter"]

    def __init__(self, experiment: Experiment, free: Sequence[Parameter]):
        names = [parameter.name for parameter in free]
        if not names:
            raise ParameterError("A model needs at least one free parameter, got none.")
        if len(set(names)) != len(names):
            raise ParameterError(f"Parameter names must differ, got {names}.")
        paths = [path for parameter in free for path in parameter.paths]
        if len(set(paths)) != len(paths):
            twice = sorted({path for path in paths if paths.count(path) > 1})
            raise ParameterError(f"Two parameters set the same leaf: {', '.join(twice)}.")
        for parameter in free:
            _check_support(parameter, experiment)
        self.experiment = freeze(experiment, paths)
        self.parameters = tuple(free)
        quantiles = [_unconstrained_quantiles(parameter) for parameter in free]
        self.location = as_float([middle for middle, _ in quantiles])
        self.scale = as_float([half_width for _, half_width in quantiles])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free parameters, in the order of the latent vector."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def reference_values(self) -> Values:
        """The values that the experiment has now."""
        return {parameter.name: get_path(self.experiment, parameter.paths[0]) for parameter in self.parameters}

    def at(self, values: Mapping[str, Float[Array, ""] | float]) -> Experiment:
        """The experiment with the given values; parameters that are not named keep theirs.

        Raises
        ------
        UnknownNameError
            If a value has no parameter of its name.
        """
        for name in values:
            if name not in self.names:
                raise UnknownNameError("parameter", name, self.names)
        paths = [(path, values[p.name]) for p in self.parameters if p.name in values for path in p.paths]
        if not paths:
            return self.experiment
        return set_paths(self.experiment, [path for path, _ in paths], [as_float(value) for _, value in paths])

    def expected(self, values: Mapping[str, Float[Array, ""] | float]) -> Float[Array, "sample energy time"]:
        """Expected counts."""
        return self.at(values).expected()

    def log_prior(self, values: Mapping[str, Float[Array, ""] | float]) -> Float[Array, ""]:
        """Logarithm of the prior density of the named values."""
        densities = [p.prior.log_prob(values[p.name]) for p in self.parameters if p.name in values]
        return functools.reduce(jnp.add, densities, as_float(0.0))

    def log_likelihood(
        self, values: Mapping[str, Float[Array, ""] | float], observed: Float[Array, "sample energy time"] | None = None
    ) -> Float[Array, ""]:
        """Poisson log-likelihood relative to the saturated model, of the experiment's data unless others are given."""
        data = self.experiment.observed if observed is None else observed
        return poisson_log_likelihood(self.expected(values), data)

    def log_density(
        self, values: Mapping[str, Float[Array, ""] | float], observed: Float[Array, "sample energy time"] | None = None
    ) -> Float[Array, ""]:
        """Log-likelihood plus log-prior."""
        return self.log_likelihood(values, observed) + self.log_prior(values)

    # the latent vector: unconstrained, of order one, what samplers and minimisers move in

    def from_latent(self, latent: Float[Array, " parameter"]) -> Values:
        """Values at a latent vector."""
        unconstrained = self.location + self.scale * latent
        return {
            parameter.name: biject_to(parameter.prior.support)(unconstrained[i])
            for i, parameter in enumerate(self.parameters)
        }

    def to_latent(self, values: Mapping[str, Float[Array, ""] | float]) -> Float[Array, " parameter"]:
        """Latent vector at the given values."""
        unconstrained = [biject_to(p.prior.support).inv(as_float(values[p.name])) for p in self.parameters]
        return (jnp.stack(unconstrained) - self.location) / self.scale

    def potential(
        self, latent: Float[Array, " parameter"], observed: Float[Array, "sample energy time"] | None = None
    ) -> Float[Array, ""]:
        """Minus the log-density of the latent vector, the Jacobian of the map included."""
        unconstrained = self.location + self.scale * latent
        jacobian = as_float(0.0)
        for i, parameter in enumerate(self.parameters):
            transform = biject_to(parameter.prior.support)
            value = transform(unconstrained[i])
            jacobian = jacobian + transform.log_abs_det_jacobian(unconstrained[i], value)
        return -(self.log_density(self.from_latent(latent), observed) + jacobian)

    def prior_latents(self, key: Array, number: int) -> Float[Array, "draw parameter"]:
        """Latent vectors of draws from the prior."""
        keys = jax.random.split(key, len(self.parameters))
        draws = [
            biject_to(p.prior.support).inv(as_float(p.prior.sample(k, (number,))))
            for p, k in zip(self.parameters, keys, strict=True)
        ]
        return jax.vmap(lambda draw: (draw - self.location) / self.scale)(jnp.stack(draws, axis=1))


def _check_support(parameter: Parameter, experiment: Experiment) -> None:
    values = [get_path(experiment, path) for path in parameter.paths]
    for path, value in zip(parameter.paths, values, strict=True):
        if not eqx.is_inexact_array(value) or value.shape != ():
            raise ParameterError(f"Parameter {parameter.name!r} needs the path of a single number, got {path!r}.")
    inside: Any = parameter.prior.support
    if not inside(values[0]) or not np.isfinite(np.asarray(parameter.prior.log_prob(values[0]))):
        raise ParameterError(
            f"The prior {describe_prior(parameter.prior)} of {parameter.name!r} has no support at its starting value "
            f"{float(values[0]):g}; widen the prior, or move the start with --set {parameter.paths[0]}=VALUE."
        )


def _unconstrained_quantiles(parameter: Parameter) -> tuple[float, float]:
    """Middle and half width of the central 68 % of the prior, in unconstrained values."""
    with jax.ensure_compile_time_eval():
        draws = parameter.prior.sample(jax.random.key(0), (2000,))
        low, middle, high = np.quantile(biject_to(parameter.prior.support).inv(draws), [0.16, 0.5, 0.84])
    return float(middle), float(0.5 * (high - low))
