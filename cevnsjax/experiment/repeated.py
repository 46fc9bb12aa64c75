"""Data of several times the exposure, in the unit of one."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.likelihood import AbstractLikelihood, GaussianLikelihood, PoissonLikelihood


class RepeatedCounts(AbstractLikelihood):
    """Counts of several times the exposure that is expected of, divided by how many times.

    What is expected grows with the exposure: signals, rates of backgrounds, and histograms of recorded backgrounds.
    n ln(mu) - mu of n = t x counts at t x their expectation is t times that of one exposure.

    Attributes
    ----------
    times
        How many times the exposure, t; no whole number is needed.
    """

    times: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("times", self.times, "")

    def terms(self, expected: Float[Array, "*bin"], observed: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        return self.times * PoissonLikelihood().terms(expected, observed)

    def draw(self, expected: Float[Array | np.ndarray, "*bin"], key: Array) -> Float[Array, "*bin"]:
        times = np.asarray(self.times)
        return PoissonLikelihood().draw(times * np.asarray(expected), key) / self.times

    def information(self, expected: Float[Array, "*bin"]) -> Float[Array, "*bin"]:
        """t/mu: the variance of a count over t is its expectation over t."""
        return self.times * PoissonLikelihood().information(expected)

    def check(self, observed: np.ndarray) -> None:
        PoissonLikelihood().check(observed)

    def error_bars(self, observed: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        times = float(self.times)
        low, high = PoissonLikelihood().error_bars(times * observed, axes)
        return low / times, high / times


def repeated(likelihood: AbstractLikelihood, times: Scalar | float) -> AbstractLikelihood:
    """The likelihood of data of several times the exposure, in the unit of one.

    Parameters
    ----------
    likelihood
        That of one exposure. Published errors are taken to be statistical: they fall with the root of the exposure.
    times
        How many times the exposure.

    Raises
    ------
    CevnsjaxError
        If the likelihood is another one: how it depends on the exposure is not known.
    """
    if isinstance(likelihood, PoissonLikelihood):
        return RepeatedCounts(times)
    if isinstance(likelihood, GaussianLikelihood):
        root = as_float(times) ** 0.5
        up = None if likelihood.error_up is None else likelihood.error_up / root
        return GaussianLikelihood(likelihood.error / root, up)
    raise CevnsjaxError(
        f"How a {type(likelihood).__name__} depends on the exposure is not known; it must be a PoissonLikelihood or a "
        "GaussianLikelihood."
    )
