"""What is unfolded, and whether it can be."""

import equinox as eqx
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
from jaxtyping import Array, Float
from scipy.linalg import get_lapack_funcs

from cevnsjax.arrays import Scalar, as_float, check_finite, check_not_negative, is_concrete, shown
from cevnsjax.errors import CevnsjaxError
from cevnsjax.program import program

_FEWEST_BINS = 3
"""Of a flux that has a second difference."""


def second_differences(bins: int) -> np.ndarray:
    """The operator L with rows (-1, 2, -1), shape ``[bins - 2, bins]``: S = |L nu|^2."""
    return -np.diff(np.eye(bins), 2, axis=0)


class Spectra(eqx.Module):
    """What is unfolded: response, counts, what is there without the flux, and the covariance of the counts.

    Attributes
    ----------
    response
        R, shape ``[count, bin]``.
    observed
        n.
    background
        b, with the counts of whatever of the flux is not unfolded.
    root
        Lower triangular square root of a given covariance; none where variances are the counts themselves.
    """

    response: Float[Array, "count bin"]
    observed: Float[Array, " count"]
    background: Float[Array, " count"]
    root: Float[Array, "count count"] | None = None

    @classmethod
    def checked(cls, response, observed, background, covariance=None) -> "Spectra":
        """Convert, and refuse what cannot be unfolded; traced values are let through.

        Raises
        ------
        CevnsjaxError
            If shapes differ, something is not finite, counts are negative or an empty bin has no variance, or the
            covariance is none.
        """
        response, observed, background = map(as_float, (response, observed, background))
        if response.ndim != 2 or response.shape[1] < _FEWEST_BINS:
            raise CevnsjaxError(
                f"response must be a matrix [count, bin] with at least {_FEWEST_BINS} bins of the flux, got the shape "
                f"{response.shape}."
            )
        for name, values in (("observed", observed), ("background", background)):
            if values.shape != response.shape[:1]:
                raise CevnsjaxError(
                    f"{name} must have one number for each of the {response.shape[0]} rows of the response, got the "
                    f"shape {values.shape}."
                )
            check_finite(name, values, "counts")
        check_finite("response", response, "")
        if covariance is not None:
            return cls(response, observed, background, _root(as_float(covariance), response.shape[0]))
        check_not_negative("observed", observed, "counts, unless a covariance is given")
        if is_concrete(observed) and np.any(empty := np.asarray(observed) == 0.0):
            raise CevnsjaxError(
                f"Bin {int(np.argmax(empty)) + 1} of {empty.size} is empty, so its variance would be zero; merge it "
                "with its neighbour, or give a covariance (that of the expected counts, for instance)."
            )
        return cls(response, observed, background)

    def weighed(self, counts: Float[Array, "count *more"]) -> Float[Array, "count *more"]:
        """V^-1 times counts."""
        if self.root is None:
            return counts / self.observed.reshape(-1, *[1] * (counts.ndim - 1))
        return jsl.cho_solve((self.root, True), counts)

    def whitened(self, counts: Float[Array, "count *more"]) -> Float[Array, "count *more"]:
        """V^-1/2 times counts."""
        if self.root is None:
            return counts / jnp.sqrt(self.observed).reshape(-1, *[1] * (counts.ndim - 1))
        return jsl.solve_triangular(self.root, counts, lower=True)

    @property
    def spread(self) -> Float[Array, "count count"]:
        """Square root of V."""
        return jnp.diag(jnp.sqrt(self.observed)) if self.root is None else self.root

    def with_observed(self, observed: Float[Array, " count"]) -> "Spectra":
        """The same with other counts."""
        return Spectra(self.response, observed, self.background, self.root)


def _root(covariance: Float[Array, "row column"], size: int) -> Float[Array, "count count"]:
    """Lower triangular square root of a covariance, which is refused if it is none."""
    if covariance.shape != (size, size):
        raise CevnsjaxError(f"covariance must have the shape {(size, size)}, got {covariance.shape}.")
    check_finite("covariance", covariance, "")
    root = jnp.linalg.cholesky(covariance)
    if is_concrete(covariance):
        given = np.asarray(covariance)
        if not np.allclose(given, given.T, rtol=1e-6, atol=1e-9 * np.abs(given).max()):
            raise CevnsjaxError("covariance must be symmetric.")
        if not np.all(np.isfinite(root)):
            raise CevnsjaxError(
                f"covariance must be positive definite, got the smallest eigenvalue {np.linalg.eigvalsh(given)[0]:.3g}."
            )
    return root


def factors(spectra: Spectra, beta: Scalar) -> tuple[Float[Array, "row bin"], Float[Array, "bin bin"]]:
    """Q and R of the rows V^-1/2 R and sqrt(beta) L; the matrix D of the normal equations is R^T R of the latter."""
    penalty = jnp.sqrt(beta) * as_float(second_differences(spectra.response.shape[1]))
    return jnp.linalg.qr(jnp.concatenate([spectra.whitened(spectra.response), penalty]))


def check_regular(spectra: Spectra, beta: Scalar) -> None:
    """Refuse a beta with which the flux is lost in rounding errors, and say which one would do.

    Raises
    ------
    CevnsjaxError
        If so.
    """
    if is_regular(spectra, beta):
        return
    scale, bins = natural_beta(spectra), spectra.response.shape[1]
    powers = np.arange(-30, 31)
    good = [power for power in powers if is_regular(spectra, as_float(scale * 10.0**power))]
    given = shown(beta)
    if not good:
        raise CevnsjaxError(
            f"The matrix of {bins} bins of the flux is singular with beta = {given} and any other: the data do not "
            "see a flux that is a straight line."
        )
    if float(beta) < scale * 10.0 ** good[0]:
        raise CevnsjaxError(
            f"beta = {given} leaves the matrix of {bins} bins of the flux singular: the data say nothing of some of "
            f"their differences; give a beta above {scale * 10.0 ** good[0]:.1g}."
        )
    raise CevnsjaxError(
        f"beta = {given} leaves nothing of the data but rounding errors; give one below {scale * 10.0 ** good[-1]:.1g}."
    )


def natural_beta(spectra: Spectra) -> float:
    """The beta with which data and penalty weigh the same: where to look for others."""
    whitened = np.asarray(spectra.whitened(spectra.response), float)
    return float((whitened**2).sum() / (second_differences(whitened.shape[1]) ** 2).sum()) or 1.0


def is_regular(spectra: Spectra, beta: Scalar) -> bool:
    """Whether the least squares have a condition number that rounding leaves something of."""
    r = np.asarray(_triangle(spectra, beta))
    (condition,) = get_lapack_funcs(("trcon",), (r,))
    reciprocal, _ = condition(r)
    return bool(np.all(np.isfinite(r)) and reciprocal > 8.0 * len(r) * np.finfo(r.dtype).eps)


@program
def _triangle(spectra: Spectra, beta: Scalar) -> Float[Array, "bin bin"]:
    return factors(spectra, beta)[1]
