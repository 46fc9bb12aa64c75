"""The likelihood of expected data with everything fitted but one parameter."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.inference import Model
from cevnsjax.inference.fisher import weighted_slopes

_STEPS = 60
_LONGEST = 2.0
"""Longest step of a latent, which is of order one."""
_END = 8.0
"""Latents beyond are at an end of their prior."""
_DONE = 1e-11
"""What a last step would have gained."""
_FAR = 1e-6
"""What it may have gained if there is no better one, as in float32."""

Latents = Float[Array, "value other"]


class Profiled(eqx.Module):
    """Minus the log-likelihood of data and constraints, at several values of one parameter, all others fitted.

    By the envelope theorem its derivative is that at the place of the minimum: :meth:`fitted` finds it, without
    derivatives, and :meth:`__call__` has them.

    Attributes
    ----------
    model
        The model; fits begin at the values of its experiment.
    name
        The parameter that is held.
    data
        Expected counts by experiment, which may depend on what is differentiated.
    """

    model: Model
    name: str = eqx.field(static=True)
    data: dict[str, Array]

    @classmethod
    def of_expected(cls, model: Model, name: str, value: Scalar) -> "Profiled":
        """That of the data which a model expects at a value of the parameter, all else as in its experiment."""
        return cls(model, name, _expected(model.at({name: value})))

    def __call__(self, values: Float[Array, " value"], latents: Latents) -> Float[Array, " value"]:
        """At values of the parameter and latents of the others."""

        def one(value: Scalar, others: Float[Array, " other"]) -> Scalar:
            parts = self._at(value, others).parts
            return self._terms(_expected_of(parts), parts) - self._constraints(others)

        return jax.vmap(one)(values, latents)

    def fitted(self, values: Float[Array, " value"], moved: Callable | None = None) -> tuple[Array, Latents]:
        """Values of the parameter, and latents of all others where the function is least; none of it has derivatives.

        Gauss-Newton steps, with the Fisher information for the second derivatives, which it is on average.

        Parameters
        ----------
        values
            Values of the parameter.
        moved
            Function of the values, the functions there and their slopes in the values, to values for the next step;
            values stay where they are if none is given.
        """
        still = jax.tree.map(lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf, self)
        values = jax.lax.stop_gradient(values)
        start = still.model.to_latent(still.model.reference_values)[self._others]
        start = jnp.clip(jnp.nan_to_num(start, posinf=_END, neginf=-_END), -_END, _END)
        latents = jnp.broadcast_to(start, (values.shape[0], start.shape[0]))
        if not start.shape[0] and moved is None:
            return values, latents

        def going_on(state) -> Array:
            _, _, gains, number = state
            return jnp.any(gains > _DONE) & (number < _STEPS)

        def step(state):
            values, latents, _, number = state
            found, slopes, latents, ways, gains = jax.vmap(still._step)(values, latents)
            after = values if moved is None else moved(values, found, slopes)
            gains = jnp.maximum(gains, (slopes * (after - values)) ** 2)
            latents = jnp.clip(latents + ways * (after - values)[:, None], -_END, _END)
            return after, latents, gains, number + 1

        first = values, latents, jnp.full_like(values, jnp.inf), 0
        values, latents, gains, _ = jax.lax.while_loop(going_on, step, first)
        # what has not arrived is no number
        lost = jnp.where(gains < _FAR, 0.0, jnp.nan)
        return jax.lax.stop_gradient((values + lost, latents + lost[:, None]))

    def _step(self, value: Scalar, latents: Float[Array, " other"]):
        """A step of the latents: what the function will be, its slope in the value, and latents.

        Also by how much these move with the value along the minimum, and by how much the step lowers the function.
        """

        def expected(at: Float[Array, " all"]):
            counts = _expected(self._at(at[0], at[1:]))
            return counts, counts

        slopes, counts = jax.jacfwd(expected, has_aux=True)(jnp.concatenate([value[None], latents]))
        parts = self.model.experiment.parts
        found, pulls = jax.value_and_grad(self._terms)(counts, parts)
        found = found - self._constraints(latents)
        gradient = sum((jnp.tensordot(pulls[part], slope, pulls[part].ndim) for part, slope in slopes.items()), 0.0)
        gradient = gradient - jnp.concatenate([jnp.zeros_like(value)[None], jax.grad(self._constraints)(latents)])
        curvature = jax.hessian(lambda each: -self._constraints(each))(latents)
        # where a flat prior ends, nothing is curved
        curvature = jnp.where(jnp.isfinite(curvature), curvature, 0.0) + 1e-9 * jnp.eye(
            latents.shape[0], dtype=latents.dtype
        )
        mixed = jnp.zeros_like(latents)
        for part, slope in slopes.items():
            weighted = weighted_slopes(slope, parts[part].likelihood.information(counts[part]))
            rows = weighted.reshape(-1, latents.shape[0] + 1)
            products = jnp.matmul(rows.T, rows, precision="highest")
            curvature, mixed = curvature + products[1:, 1:], mixed + products[1:, 0]
        change, way = jnp.linalg.solve(curvature, -jnp.stack([gradient[1:], mixed], axis=1)).T
        size = jnp.maximum(jnp.abs(change).max(initial=0.0) / _LONGEST, 1.0)
        gain = -0.5 * gradient[1:] @ change
        after = jnp.clip(latents + change / size, -_END, _END)
        return found - gain, gradient[0] + gradient[1:] @ way, after, way, gain

    @property
    def _others(self) -> np.ndarray:
        return np.array([i for i, name in enumerate(self.model.names) if name != self.name], dtype=int)

    def _values(self, latents: Float[Array, " other"]) -> dict[str, Scalar]:
        everything = jnp.zeros_like(self.model.location).at[self._others].set(latents)
        return {name: value for name, value in self.model.from_latent(everything).items() if name != self.name}

    def _at(self, value: Scalar, latents: Float[Array, " other"]):
        return self.model.at({**self._values(latents), self.name: value})

    def _constraints(self, latents: Float[Array, " other"]) -> Scalar:
        return self.model.log_constraints(self._values(latents))

    def _terms(self, expected: dict[str, Array], parts: dict) -> Scalar:
        each = (parts[part].likelihood(counts, self.data[part]) for part, counts in expected.items())
        return -sum(each, as_float(0.0))


def _expected(experiment) -> dict[str, Array]:
    return _expected_of(experiment.parts)


def _expected_of(parts: dict) -> dict[str, Array]:
    return {name: part.expected() for name, part in parts.items()}
