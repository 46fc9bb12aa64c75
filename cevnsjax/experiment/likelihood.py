"""How expected and observed numbers are compared."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import gammaincinv

from cevnsjax.arrays import as_float, as_optional_float, check_positive
from cevnsjax.errors import CevnsjaxError
from cevnsjax.host_random import host_generator

# where formulas are continued: squares of the one, and counts over the other, are numbers of float32 too
_SMALLEST_RATIO = 1e-31
_LARGEST_PULL = 1e9
_MOST_COUNTS = 1e18
"""Of a bin that are drawn: they are 64-bit integers."""

_TURN_COUNTS = 1e-3
"""Counts below zero within which the slope of an empty bin turns over: far below one, what an experiment resolves."""


class AbstractLikelihood(eqx.Module):
    """Probability of what was observed, given what is expected: bins are independent of each other."""

    def __call__(self, expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, ""]:
        """Log-likelihood relative to the saturated model, whose expectation is what was observed.

        Parameters
        ----------
        expected, observed
            Of each bin; see :meth:`terms`, of which this is the sum.
        """
        return self.terms(expected, observed).sum()

    @abstractmethod
    def terms(self, expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        """What each bin adds to the log-likelihood relative to the saturated model.

        Parameters
        ----------
        expected, observed
            Of each bin. An impossible expectation gives a very negative, finite number with a finite gradient, which
            leads back to what is possible. NaN stays NaN: no expectation is a fault, not an unlikely one.
        """

    @abstractmethod
    def draw(self, expected: Float[Array | np.ndarray, "*bin"], key: Array) -> Float[Array, "*bin"]:
        """Data drawn with the probability that :meth:`terms` compares them with.

        Data are no part of a program: the host draws them, at once, where JAX would compile for ten seconds.

        Parameters
        ----------
        expected
            Of each bin, not traced. Where it is NaN, so is what is drawn. Axes before those of the data are of several
            sets of data.
        key
            Random key, not traced.
        """

    @abstractmethod
    def information(self, expected: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        """Fisher information of each bin about its expectation: the mean of the squared slope of its term.

        One over the variance of an efficient estimate; infinite where a bin must stay empty.
        """

    @abstractmethod
    def check(self, observed: np.ndarray) -> None:
        """Refuse data that cannot be.

        Raises
        ------
        CevnsjaxError
            If so.
        """

    @abstractmethod
    def error_bars(self, observed: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Lengths of the error bars, downwards and upwards, of data that were summed over axes, for plots."""


class PoissonLikelihood(AbstractLikelihood):
    """Counts in independent bins."""

    def terms(self, expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        return _poisson_terms(expected, observed)

    def draw(self, expected: Float[Array | np.ndarray, "*bin"], key: Array) -> Float[Array, "*bin"]:
        means = np.asarray(expected, float)
        if np.max(means, initial=0.0, where=~np.isnan(means)) > _MOST_COUNTS:
            raise CevnsjaxError(
                f"No more than {_MOST_COUNTS:g} counts in a bin can be drawn, got {np.nanmax(means):g}."
            )
        counts = host_generator(key).poisson(np.maximum(np.nan_to_num(means), 0.0))
        return as_float(np.where(np.isnan(means), np.nan, counts))

    def information(self, expected: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        """1/mu: the variance of a count is its expectation."""
        possible = expected > 0.0
        return jnp.where(expected <= 0.0, jnp.inf, 1.0 / jnp.where(possible, expected, jnp.abs(expected) + 1.0))

    def check(self, observed: np.ndarray) -> None:
        if not np.all(np.isfinite(observed) & (observed >= 0.0)):
            raise CevnsjaxError("observed counts must be finite and not negative.")

    def error_bars(self, observed: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        counts = observed.sum(axis=axes)
        low, high = poisson_interval(counts)
        return counts - low, high - counts


class GaussianLikelihood(AbstractLikelihood):
    """Numbers with errors that do not depend on the expectation: published rates and counts.

    Attributes
    ----------
    error
        Standard deviation of each bin, in the unit of the data, shape of the data; or one number for all bins.
    error_up
        Another one for expectations above the data (the error bar upwards), where a result is quoted so.

    An expectation may have any sign: data may be a rate from which a background was subtracted.

    With two errors the density of the data, at an expectation mu, is that of a Gaussian in two halves (S. John, Commun.
    Stat. Theory Methods 11, 879 (1982)): as wide as ``error_up`` below mu, as ``error`` above it, and equally high on
    both sides of mu, which is its mode and not its mean. Its area does not depend on mu. This is what data are drawn
    from: they are below mu with the probability error_up/(error + error_up).
    """

    error: Float[Array, "*bin"] = eqx.field(converter=as_float)
    error_up: Float[Array, "*bin"] | None = eqx.field(converter=as_optional_float, default=None)

    def __check_init__(self):
        check_positive("error", self.error, "the unit of the data")
        if self.error_up is not None:
            check_positive("error_up", self.error_up, "the unit of the data")

    @property
    def _below(self) -> Float[Array, "*bin"]:
        """Width of the density of the data below the expectation."""
        return self.error if self.error_up is None else self.error_up

    def terms(self, expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        pull = (expected - observed) / jnp.where(expected > observed, self._below, self.error)
        # linear where the square would leave the numbers of float32
        size = jnp.abs(pull)
        near = jnp.minimum(size, _LARGEST_PULL)
        return -(near * (size - 0.5 * near))

    def draw(self, expected: Float[Array | np.ndarray, "*bin"], key: Array) -> Float[Array, "*bin"]:
        generator = host_generator(key)
        size = np.abs(generator.standard_normal(np.shape(expected)))
        below, above = (np.asarray(each, float) for each in (self._below, self.error))
        side = np.where((above + below) * generator.random(np.shape(expected)) < below, -below, above)
        return as_float(np.asarray(expected, float) + side * size)

    def information(self, expected: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        """1/error^2; of two errors 1/(error error_up), the mean of 1/error^2 over the two halves of the density."""
        return jnp.broadcast_to(1.0 / (self.error * self._below), expected.shape)

    def check(self, observed: np.ndarray) -> None:
        if not np.all(np.isfinite(observed)):
            raise CevnsjaxError("observed numbers must be finite.")
        for name, error in (("error", self.error), ("error_up", self.error_up)):
            if error is not None and error.shape not in ((), observed.shape):
                raise CevnsjaxError(f"{name} must have the shape {observed.shape} of the data, got {error.shape}.")

    def error_bars(self, observed: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        def summed(error) -> np.ndarray:
            # of the data with all their axes, where the errors may have several observables in one
            each = np.asarray(error).reshape(observed.shape if error.ndim else ())
            return np.sqrt((np.broadcast_to(each, observed.shape) ** 2).sum(axis=axes))

        return summed(self.error), summed(self.error if self.error_up is None else self.error_up)


def poisson_log_likelihood(expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, ""]:
    """Log-likelihood of binned counts, relative to the saturated model (minus half the deviance).

    ln L - ln L_saturated = sum over bins of n (ln q - (q - 1)) with q = mu/n, and -mu where n = 0: equal to
    sum(n ln mu - mu) up to a constant. The same rounded q in both terms makes its rounding error cancel near q = 1,
    which is thirty times more accurate in float32.

    An expectation below zero (of a signal strength that may be negative) has no probability. The density is continued
    there with its first derivative, finite, and falls without end: ln q becomes 2 ln e - ln(2 e - q) below a tiny e,
    and -mu becomes mu + 0.001 from a thousandth of a count below zero on. In between the term of an empty bin, whose
    slope at zero is -1, has its highest point: 2.5e-4 at -5e-4 counts.

    Parameters
    ----------
    expected, observed
        mu and n of each bin.
    """
    return _poisson_terms(expected, observed).sum()


def _poisson_terms(expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
    filled = observed > 0.0
    counts = jnp.where(filled, observed, 1.0)
    ratio = expected / counts
    possible = ratio > _SMALLEST_RATIO
    size = jnp.log(jnp.where(possible, ratio, 2.0 * _SMALLEST_RATIO - ratio))
    logarithm = jnp.where(possible, size, 2.0 * math.log(_SMALLEST_RATIO) - size)
    terms = jnp.where(filled, counts * (logarithm - (ratio - 1.0)), -expected)
    missing = jnp.maximum(-expected, 0.0)
    near = jnp.minimum(missing, _TURN_COUNTS)
    return terms - near * (2.0 * missing - near) / _TURN_COUNTS


def poisson_interval(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central 68.27 % interval of the mean of a Poisson count (Garwood), for error bars.

    Parameters
    ----------
    counts
        Observed counts, any shape.

    Returns
    -------
    low, high
        Lower (zero where the count is) and upper edge, of the same shape.
    """
    tail = 0.5 * (1.0 - 0.6827)
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 0.5), tail), 0.0)
    return low, gammaincinv(counts + 1.0, 1.0 - tail)
