"""Expected information gain without any Gaussian, to hold the approximation against."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import logsumexp

from cevnsjax.arrays import as_float
from cevnsjax.design.objective import check_free
from cevnsjax.inference import Model
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.program import program
from cevnsjax.schedule import check_count

_BATCH = 64


@dataclass(frozen=True)
class NestedEstimate:
    """An expected information gain from nested Monte Carlo.

    Attributes
    ----------
    gain
        The estimate, nats.
    error
        Its standard error, of the outer draws alone: inner draws make it too large by about the inverse of their
        number that are near a data set.
    """

    gain: float
    error: float


def nested_information_gain(
    model: Model, parameters: Sequence[str], key: Array, *, outer: int = 400, inner: int = 2000
) -> NestedEstimate:
    """Expected information gain about parameters: the mean of ln p(data | parameters) - ln p(data).

    Data are drawn at draws from the priors; both probabilities are means over inner draws, of all parameters or of all
    others (T. Rainforth et al., Proc. Mach. Learn. Res. 80, 4267 (2018), Eq. 4).

    Parameters
    ----------
    model
        The model; its priors must be distributions that can be drawn from.
    parameters
        Names of those that the gain is about.
    key
        Random key.
    outer, inner
        Numbers of draws.

    Raises
    ------
    CevnsjaxError
        If a name is not that of a free parameter, or a number is not a positive integer.
    """
    parameters = tuple(parameters)
    check_free(parameters, model)
    check_count("outer", outer)
    check_count("inner", inner)
    keys = jax.random.split(key, outer + 2)
    truth, elsewhere = model.prior_draws(keys[0], outer), model.prior_draws(keys[1], inner)
    expected, marginal = _expected(model, truth), _expected(model, elsewhere)
    others = len(parameters) < len(model.names)
    gains = np.empty(outer)
    for i in range(outer):
        data = {
            name: model.experiment.parts[name].likelihood.draw(
                np.asarray(counts[i]), jax.random.fold_in(keys[2 + i], n)
            )
            for n, (name, counts) in enumerate(expected.items())
        }
        here = {name: counts[i : i + 1] for name, counts in expected.items()}
        if others:
            known = {name: jnp.broadcast_to(truth[name][i], (inner,)) for name in parameters}
            here = _expected(model, {**elsewhere, **known})
        gains[i] = _mean(model, here, data) - _mean(model, marginal, data)
    return NestedEstimate(float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(outer)) if outer > 1 else np.inf)


@program
def _expected(model: Model, values: dict[str, Float[Array, " draw"]]) -> dict[str, Array]:
    """Expected counts by experiment at many values."""

    def one(each):
        return {name: part.expected() for name, part in model.at(each).parts.items()}

    return map_in_batches(one, values, _BATCH)


@program
def _log_likelihoods(model: Model, expected: dict[str, Array], data: dict[str, Array]) -> Float[Array, " draw"]:
    def one(counts):
        each = (model.experiment.parts[name].likelihood(counts[name], data[name]) for name in counts)
        return sum(each, as_float(0.0))

    return jax.vmap(one)(expected)


def _mean(model: Model, expected: dict[str, Array], data: dict[str, Array]) -> float:
    """Logarithm of the mean likelihood of data."""
    found = np.asarray(_log_likelihoods(model, expected, data), float)
    return float(logsumexp(found) - np.log(found.size))
