"""What a design is judged by: a number, differentiable in every leaf of the experiment."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from cevnsjax.arrays import Scalar, as_optional_float
from cevnsjax.design.entropy import prior_entropy
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.inference import Model, fisher_information
from cevnsjax.inference.degeneracy import check_constrained
from cevnsjax.program import program


class AbstractObjective(eqx.Module):
    """A number that says how good an experiment is. The true values are those that the experiment has."""

    @abstractmethod
    def __call__(self, model: Model) -> Scalar:
        """The number; pure, so that it can be differentiated in all leaves of the model's experiment."""

    @abstractmethod
    def prepared(self, model: Model) -> "AbstractObjective":
        """Return the same with what does not change between designs, once it is known that it can be computed.

        Raises
        ------
        CevnsjaxError
            If it cannot: a parameter is not free, or nothing constrains it.
        """

    @property
    @abstractmethod
    def label(self) -> str:
        """What tables and plots call it."""

    @property
    @abstractmethod
    def larger_is_better(self) -> bool:
        """Whether a good design has a large one."""

    @property
    @abstractmethod
    def is_logarithm(self) -> bool:
        """Whether the number is a logarithm, and may have any sign; it is positive otherwise."""

    def loss(self, model: Model) -> Scalar:
        """Logarithm of the number, or itself if it is one, with the sign that makes small ones good."""
        number = self(model)
        logarithm = number if self.is_logarithm else jnp.log(number)
        return -logarithm if self.larger_is_better else logarithm

    def value(self, loss: ArrayLike) -> np.ndarray:
        """The number that has a loss, of any shape."""
        logarithm = -np.asarray(loss) if self.larger_is_better else np.asarray(loss)
        return logarithm if self.is_logarithm else np.asarray(np.exp(logarithm))


class PosteriorWidth(AbstractObjective):
    """Expected standard deviation of a parameter, priors included and everything else marginalised.

    That of the Fisher information: right where the posterior is Gaussian. Of several parameters it is the geometric
    mean of theirs.

    Attributes
    ----------
    parameters
        Their names.
    """

    parameters: tuple[str, ...] = eqx.field(static=True, converter=tuple)

    def __call__(self, model: Model) -> Scalar:
        covariance = marginal_covariance(model, self.parameters)
        return jnp.exp(0.5 * jnp.mean(jnp.log(jnp.diag(covariance))))

    def prepared(self, model: Model) -> "PosteriorWidth":
        check_free(self.parameters, model)
        check_constrained(_information(model), model.names)
        return self

    @property
    def label(self) -> str:
        return f"sd of {' and '.join(self.parameters)}"

    @property
    def larger_is_better(self) -> bool:
        return False

    @property
    def is_logarithm(self) -> bool:
        return False


class InformationGain(AbstractObjective):
    """Expected information gain about parameters: by how much the entropy of what is known of them falls, nats.

    H(prior) minus that of a Gaussian with the covariance of the Fisher information, (d/2) ln(2 pi e) + (1/2) ln det C
    (K. Chaloner and I. Verdinelli, Stat. Sci. 10, 273 (1995), Sec. 2), at the values of the experiment, or on average
    over draws from the priors. :func:`nested_information_gain` does without that approximation.

    Attributes
    ----------
    parameters
        Their names.
    draws
        How many draws from the priors it is averaged over; none, the default, takes the experiment's values.
    seed
        Of these draws.
    entropy, points
        Entropy of the priors, nats, and the draws: :meth:`prepared` finds them.
    """

    parameters: tuple[str, ...] = eqx.field(static=True, converter=tuple)
    draws: int = eqx.field(static=True, default=0)
    seed: int = eqx.field(static=True, default=0)
    entropy: Scalar | None = eqx.field(converter=as_optional_float, default=None)
    points: dict[str, Float[Array, " draw"]] = eqx.field(default_factory=dict)

    def __check_init__(self):
        if self.draws < 0:
            raise ParameterError(f"draws must be zero or more, got {self.draws}.")

    def __call__(self, model: Model) -> Scalar:
        assert self.entropy is not None
        known = len(self.parameters) * np.log(2.0 * np.pi * np.e)

        def gain(values) -> Scalar:
            covariance = marginal_covariance(model, self.parameters, values)
            return self.entropy - 0.5 * (known + jnp.linalg.slogdet(covariance)[1])

        return jax.vmap(gain)(self.points).mean() if self.points else gain({})

    def prepared(self, model: Model) -> "InformationGain":
        check_free(self.parameters, model)
        check_constrained(_information(model), model.names)
        entropy = sum(prior_entropy(p) for p in model.parameters if p.name in self.parameters)
        points = model.prior_draws(jax.random.key(self.seed), self.draws) if self.draws else {}
        return InformationGain(self.parameters, self.draws, self.seed, entropy, points)

    @property
    def label(self) -> str:
        return f"information gain about {' and '.join(self.parameters)} (nats)"

    @property
    def larger_is_better(self) -> bool:
        return True

    @property
    def is_logarithm(self) -> bool:
        return True


@program
def _information(model: Model) -> Float[Array, "parameter parameter"]:
    return fisher_information(model)


def marginal_covariance(
    model: Model, names: tuple[str, ...], values: dict[str, Scalar] | None = None
) -> Float[Array, "name name"]:
    """Expected covariance of some parameters: that of all of them is the inverse of the Fisher information.

    Parameters
    ----------
    model
        The model.
    names
        Of the parameters.
    values
        True values; those that are not named are the experiment's.
    """
    information = fisher_information(model, values)
    units = 1.0 / jnp.sqrt(jnp.diag(information))
    inverse = jnp.linalg.inv(information * (units[:, None] * units[None, :]))
    rows = np.array([model.names.index(name) for name in names])
    return inverse[np.ix_(rows, rows)] * (units[rows][:, None] * units[rows][None, :])


def check_free(names: tuple[str, ...], model: Model) -> None:
    """Refuse names that are not those of free parameters, and none at all.

    Raises
    ------
    CevnsjaxError
        If so.
    """
    if not names:
        raise ParameterError("An objective needs at least one parameter, got none.")
    for name in names:
        if name not in model.names:
            raise UnknownNameError("free parameter", name, model.names)
