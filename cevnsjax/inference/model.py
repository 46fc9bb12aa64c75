"""A model: an experiment, and what is free in it."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, ArrayLike, Float

from cevnsjax.arrays import as_float, short
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Experiment, Joint, freeze, without_tables
from cevnsjax.experiment.freeze import tables_reach
from cevnsjax.host_random import host_generator
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.freeing import check_supports, in_place, ranges_of, unconstrained_quantiles
from cevnsjax.inference.prior_groups import constrained, log_density, log_measure, mapped, unconstrained, unconstraining
from cevnsjax.parameter import Derived, Parameter
from cevnsjax.paths import get_path, set_paths
from cevnsjax.prior_quantiles import prior_quantiles

Values = dict[str, Float[Array, ""]]
"""Values of the free parameters by name."""


@dataclass(frozen=True)
class _EventsOf:
    """Events of an interaction in the analysis window; an object, so that two of the same interaction are equal."""

    part: str
    interaction: str

    def __call__(self, experiment: Experiment | Joint) -> Float[Array, ""]:
        return experiment.parts[self.part].signals()[self.interaction].sum()


def _events(experiment: Experiment | Joint) -> tuple[Derived, ...]:
    """Events of every interaction, with the name of the experiment where there are several."""
    return tuple(
        Derived(
            f"{part}.{name}_events" if isinstance(experiment, Joint) else f"{name}_events",
            _EventsOf(part, name),
            each.unit,
        )
        for part, each in experiment.parts.items()
        for name in each.interactions
    )


class Model(eqx.Module):
    """Posterior density of the free parameters of an experiment, or of several together.

    Data are those that the experiment has: of one whose leaves were replaced they may be an old prediction, which
    :func:`build_model` and :meth:`Experiment.renewed` make anew.

    All methods are pure functions of the model and the values, so ``jax.grad``, ``jax.vmap`` and ``jax.jit`` apply.

    Attributes
    ----------
    experiment
        The experiment (or several), with every stage that nothing free moves computed beforehand.
    parameters
        The free parameters.
    derived
        What follows from the free parameters: the events of each interaction, and what was asked for where they move
        it.
    location, scale
        Affine map from the latent vector to the unconstrained values, set from the priors so that latents are of
        order one.
    """

    experiment: Experiment | Joint
    parameters: tuple[Parameter, ...] = eqx.field(static=True)
    derived: tuple[Derived, ...] = eqx.field(static=True)
    location: Float[Array, " parameter"]
    scale: Float[Array, " parameter"]

    def __init__(
        self,
        experiment: Experiment | Joint,
        free: Sequence[Parameter],
        derived: Sequence[Derived] = (),
        *,
        moving: Sequence[Parameter] = (),
    ):
        """Free some parameters of an experiment.

        Parameters
        ----------
        experiment, free, derived
            The experiment, its free parameters, and what is reported of it.
        moving
            Parameters of which it is no density, but whose leaves may be replaced too, within their priors: what a
            detector might be. Nothing is tabulated then.
        """
        if not isinstance(experiment, Experiment | Joint):
            raise ParameterError(f"A model needs an Experiment or a Joint of several, got {short(experiment)}.")
        if isinstance(free, str) or not all(isinstance(parameter, Parameter) for parameter in free):
            raise ParameterError(f"A model needs a list of Parameters, got {short(free)}; build_model takes names.")
        names = [parameter.name for parameter in free]
        if not names:
            raise ParameterError("A model needs at least one free parameter, got none.")
        if len(set(names)) != len(names):
            raise ParameterError(f"Parameter names must differ, got {names}.")
        everything = *free, *moving
        paths = [path for parameter in everything for path in parameter.paths]
        both = {path: p.name for p in free for path in p.paths if any(path in other.paths for other in moving)}
        for path, name in both.items():
            raise ParameterError(f"{path} is to be chosen, but free as {name!r}; fix that, or hold the path.")
        if len(set(paths)) != len(paths):
            twice = sorted({path for path in paths if paths.count(path) > 1})
            raise ParameterError(f"Two parameters set the same leaf: {', '.join(twice)}.")
        check_supports(free, experiment)
        ranges = {} if moving else ranges_of(free, experiment)
        self.experiment = freeze(in_place(experiment, everything), paths, ranges)
        self.parameters = tuple(free)
        low, middle, high = unconstrained_quantiles(free).T
        self.location = as_float(middle)
        self.scale = as_float(0.5 * (high - low))
        moved = self.at({p.name: float(prior_quantiles(p.prior, [0.84])[0]) for p in free})
        self.derived = (
            *_events(experiment),
            *(one for one in derived if one.function(moved) != one.function(experiment)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free parameters, in the order of the latent vector."""
        return tuple(parameter.name for parameter in self.parameters)

    def data(self, observed: Any = None) -> Any:
        """What was observed (by name for several experiments), or other data of its shape in its place.

        Raises
        ------
        CevnsjaxError
            If those are no numbers, of another shape, or none that the likelihood can take.
        """
        return (self.experiment if observed is None else self.experiment.with_observed(observed)).observed

    @property
    def reference_values(self) -> Values:
        """The values that the experiment has now."""
        return {parameter.name: get_path(self.experiment, parameter.paths[0]) for parameter in self.parameters}

    def at(self, values: Mapping[str, Float[Array, ""] | float]) -> Any:
        """The experiment with the given values; parameters that are not named keep theirs.

        Values are taken as they are, also outside of the support of a prior: the prior density is zero there
        (:meth:`log_prior`), the prediction and the likelihood are what they are.

        Raises
        ------
        UnknownNameError
            If a value has no parameter of its name.
        """
        moved = self._moved(values)
        return moved if tables_reach(moved) else without_tables(moved)

    def _moved(self, values: Mapping[str, Float[Array, ""] | float]) -> Any:
        """The experiment with the given values, its tables as they are."""
        self._check_names(values)
        paths = [(path, values[p.name]) for p in self.parameters if p.name in values for path in p.paths]
        if not paths:
            return self.experiment
        return set_paths(self.experiment, [path for path, _ in paths], [as_float(value) for _, value in paths])

    def reaching(self, values: Mapping[str, ArrayLike]) -> "Model":
        """Return the same model, one that is a number at given values too.

        What priors leave with a probability of 1e-9 is where tables of what the nuisance parameters move smoothly end:
        inside of transformations a density is NaN beyond. A model without them is exact, and slower, everywhere.

        Parameters
        ----------
        values
            Values of some parameters, one or many of each.

        Raises
        ------
        UnknownNameError
            If a value has no parameter of its name.
        """
        known = {name: np.asarray(value, dtype=float) for name, value in values.items()}
        low, high = ({name: float(end(value)) for name, value in known.items()} for end in (np.nanmin, np.nanmax))
        if all(tables_reach(self._moved(each)) for each in ([low] if low == high else [low, high])):
            return self
        return eqx.tree_at(lambda model: model.experiment, self, without_tables(self.experiment))

    def _check_names(self, values: Mapping[str, Any]) -> None:
        if not isinstance(values, Mapping):
            raise ParameterError(f"Values must be a dictionary by parameter name, got {short(values)}.")
        for name in values:
            if name not in self.names:
                raise UnknownNameError("parameter", name, self.names)

    def expected(self, values: Mapping[str, Float[Array, ""] | float]) -> Any:
        """Expected counts, shape ``[sample, energy, time]``; by name for several experiments."""
        return self.at(values).expected()

    def derived_values(self, values: Mapping[str, Float[Array, ""] | float]) -> Values:
        """What follows from the values."""
        experiment = self.at(values)
        return {derived.name: derived.function(experiment) for derived in self.derived}

    def log_prior(self, values: Mapping[str, Float[Array, ""] | float]) -> Float[Array, ""]:
        """Logarithm of the prior density of the named values, minus infinity outside of its support."""
        self._check_names(values)
        densities = [log_density(p.prior, values[p.name]) for p in self.parameters if p.name in values]
        return functools.reduce(jnp.add, densities, as_float(0.0))

    def log_constraints(self, values: Mapping[str, Float[Array, ""] | float]) -> Float[Array, ""]:
        """Like :meth:`log_prior`, with priors that are flat in a logarithm taken as flat: they constrain nothing.

        What is maximised must not depend on the unit of a parameter: a density in the parameter itself would pull one
        with such a prior to its lower end.
        """
        measures = [log_measure(p.prior, values[p.name]) for p in self.parameters if p.name in values]
        return self.log_prior(values) + functools.reduce(jnp.add, measures, as_float(0.0))

    def log_likelihood(self, values: Mapping[str, Float[Array, ""] | float], observed: Any = None) -> Float[Array, ""]:
        """Log-likelihood relative to the saturated model, of the experiment's data unless others are given."""
        return self.at(values).log_likelihood(observed)

    def log_density(self, values: Mapping[str, Float[Array, ""] | float], observed: Any = None) -> Float[Array, ""]:
        """Log-likelihood plus log-prior."""
        return self.log_likelihood(values, observed) + self.log_prior(values)

    def log_density_and_gradient(
        self,
        values: Mapping[str, Float[Array, " point"]],
        observed: Any = None,
        batch_size: int = 128,
    ) -> tuple[Float[Array, " point"], dict[str, Float[Array, " point"]]]:
        """Log-density and its gradient at many points, in batches that stay in the processor's cache.

        Parameters
        ----------
        values
            Values of the parameters, shape ``[point]`` each.
        observed
            Data of the shape of the experiment's, in their place.
        batch_size
            Points at a time: a plain ``vmap`` over 1e5 points wants gigabytes and is slower.
        """
        point = jax.value_and_grad(lambda each: self.log_density(each, observed))
        return map_in_batches(point, dict(values), batch_size)

    # the latent vector: unconstrained, of order one, what samplers and minimisers move in

    def from_latent(self, latent: Float[Array, " parameter"]) -> Values:
        """Values at a latent vector."""
        return self._named(constrained(self._priors, self.location + self.scale * latent))

    @property
    def _priors(self) -> list[dist.Distribution]:
        return [parameter.prior for parameter in self.parameters]

    def _named(self, values: Float[Array, " parameter"]) -> Values:
        return {name: values[i] for i, name in enumerate(self.names)}

    def to_latent(self, values: Mapping[str, Float[Array, ""] | float]) -> Float[Array, " parameter"]:
        """Latent vector at the given values."""
        unconstrained = [unconstraining(p.prior).inv(as_float(values[p.name])) for p in self.parameters]
        return (jnp.stack(unconstrained) - self.location) / self.scale

    def potential(
        self,
        latent: Float[Array, " parameter"],
        observed: Any = None,
        likelihood: Float[Array, ""] | float = 1.0,
        measure: Float[Array, ""] | float = 1.0,
    ) -> Float[Array, ""]:
        """Minus the log-density of the latent vector, the Jacobian of the map included.

        Parameters
        ----------
        latent
            Where.
        observed
            Data in the place of the experiment's.
        likelihood
            Power of the likelihood: none of it leaves the prior.
        measure
            What of the density is one only of coordinates, the Jacobian and priors that are flat in a logarithm: none
            of it leaves what a maximum is one of (:meth:`log_constraints`).
        """
        found = mapped(self._priors, self.location + self.scale * latent)
        log_likelihood = self.log_likelihood(self._named(found.values), observed)
        constraints = found.log_priors.sum() + found.log_measures.sum()
        jacobian = found.log_jacobians.sum() - found.log_measures.sum()
        return -(likelihood * log_likelihood + constraints + measure * jacobian)

    def prior_draws(self, key: Array, number: int) -> dict[str, Float[Array, " draw"]]:
        """Values of all parameters drawn from their priors; by the host, so the key must not be traced."""
        shares = host_generator(key).random((len(self.parameters), number))
        return {p.name: as_float(prior_quantiles(p.prior, s)) for p, s in zip(self.parameters, shares, strict=True)}

    def prior_latents(self, key: Array, number: int) -> Float[np.ndarray, "draw parameter"]:
        """Latent vectors of draws from the prior, those of :meth:`prior_draws`."""
        values = self.prior_draws(key, number)
        places = unconstrained(self._priors, np.stack([np.asarray(each) for each in values.values()])).T
        location, scale = np.asarray(self.location), np.asarray(self.scale)
        return ((places - location) / scale).astype(scale.dtype)
