"""Unfolding: the flux that made a spectrum, estimated with a penalty on its second differences.

Counts are n = R nu + b, with R the response to the flux in each bin and b what is there without it. The estimate
minimises chi^2 + beta S, with S the sum of squared second differences of the flux (A. N. Tikhonov; J. Liao, H. Liu and
D. Marfatia, arXiv:2302.10460). All formulas hold for any matrix R; :mod:`cevnsjax.inference.unfold_response` makes one
of an experiment.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.inference.unfold_spectra import Spectra, check_regular, factors
from cevnsjax.program import program


class UnfoldingErrors(eqx.Module):
    """How well an estimated flux is known.

    Attributes
    ----------
    sensitivity
        C = d nu_hat/d n, exact: where variances are counts, they move with them. Shape ``[bin, count]``.
    fixed_sensitivity
        C = D^-1 R^T V^-1 with the variances held: the same where a covariance is given.
    covariance
        U = C V C^T of the estimated flux, of statistics alone.
    posterior_covariance
        D^-1: that of the flux itself, if the penalty is a prior (:func:`sample_flux`), and without positivity.
    bias
        C (mu_hat - n), an estimate of what the penalty moves the flux by. Here and in W, C is that with the variances
        held: with the other one a bias is left where there is none, at a large beta.
    bias_covariance
        W = (C R C - C) V (C R C - C)^T, of the bias, not of the flux.
    bias_significance
        B = sum_i b_i^2/W_ii, of the order of the number of bins where the bias is lost in its own errors.
    """

    sensitivity: Float[Array, "bin count"]
    fixed_sensitivity: Float[Array, "bin count"]
    covariance: Float[Array, "bin bin"]
    posterior_covariance: Float[Array, "bin bin"]
    bias: Float[Array, " bin"]
    bias_covariance: Float[Array, "bin bin"]
    bias_significance: Float[Array, ""]

    @property
    def sd(self) -> Float[Array, " bin"]:
        """Standard deviation of the estimated flux."""
        return jnp.sqrt(jnp.diagonal(self.covariance))


class Unfolding(eqx.Module):
    """An estimated flux.

    Attributes
    ----------
    flux
        nu_hat, in the unit that the response is per.
    expected
        mu_hat = R nu_hat + b.
    chi2
        (mu_hat - n)^T V^-1 (mu_hat - n).
    roughness
        S, the sum of squared second differences of the flux.
    beta
        Strength of the penalty.
    errors
        How well the flux is known; none if it was not asked for.
    """

    flux: Float[Array, " bin"]
    expected: Float[Array, " count"]
    chi2: Float[Array, ""]
    roughness: Float[Array, ""]
    beta: Float[Array, ""]
    errors: UnfoldingErrors | None = None


def unfold(
    response: Any,
    observed: Any,
    background: Any,
    beta: Any,
    *,
    covariance: Any = None,
    with_errors: bool = True,
    fixed_variance: bool = False,
) -> Unfolding:
    """Estimate the flux that made a spectrum.

    nu_hat minimises (R nu + b - n)^T V^-1 (R nu + b - n) + beta |L nu|^2, the least squares of the rows V^-1/2 R and
    sqrt(beta) L, whose condition number is the root of that of the normal equations. Pure: to be differentiated in
    anything, any number of times, and compiled.

    Parameters
    ----------
    response
        R: counts in each bin of the data for one unit of the flux in each of its bins, shape ``[count, bin]``; the
        bins of the flux are taken to be equally wide, and may be more than those of the data.
    observed
        n, shape ``[count]``. Without a covariance these are also the variances.
    background
        b: what is expected without the flux that is unfolded, shape ``[count]``.
    beta
        Strength of the penalty, not negative, in the inverse square of the unit of the flux.
    covariance
        V of the data, shape ``[count, count]``, where they are not counts with their own variance.
    with_errors
        Whether errors are computed: they take a few times as long as the flux.
    fixed_variance
        Whether the covariance is that of variances that do not move with the counts, as often published.

    Raises
    ------
    CevnsjaxError
        If what is given cannot be unfolded, or beta is so small, or so large, that the matrix is singular to rounding.

    References
    ----------
    J. Liao, H. Liu, D. Marfatia, arXiv:2302.10460; G. Cowan, Statistical Data Analysis (1998), chapter 11, for C, U and
    the bias.
    """
    spectra, beta = Spectra.checked(response, observed, background, covariance), as_float(beta)
    if beta.ndim:
        raise CevnsjaxError(f"beta must be one number, got the shape {beta.shape}; jax.vmap takes several.")
    check_not_negative("beta", beta, "")
    if all(map(is_concrete, jax.tree.leaves((spectra, beta)))):
        check_regular(spectra, beta)
    return unfolded(spectra, beta, with_errors, fixed_variance)


@program
def unfolded(spectra: Spectra, beta: Scalar, with_errors: bool = True, fixed_variance: bool = False) -> Unfolding:
    """As :func:`unfold`, of what is checked already."""
    flux = estimate(spectra, beta)
    expected = jnp.matmul(spectra.response, flux, precision="highest") + spectra.background
    roughness = (_rough(flux) ** 2).sum()
    chi2 = (spectra.whitened(expected - spectra.observed) ** 2).sum()
    errors = _errors(spectra, beta, expected, fixed_variance) if with_errors else None
    return Unfolding(flux, expected, chi2, roughness, beta, errors)


def estimate(spectra: Spectra, beta: Scalar) -> Float[Array, " bin"]:
    """The estimated flux alone.

    What augmented least squares find is a constant for derivatives; the step from there to where the gradient vanishes
    is nothing but their rounding error, and carries derivatives of all orders.
    """
    response, excess = spectra.response, spectra.observed - spectra.background
    q, r = (jax.lax.stop_gradient(each) for each in factors(spectra, beta))
    rows = jnp.concatenate([spectra.whitened(excess), jnp.zeros(response.shape[1] - 2, response.dtype)])
    start = jax.lax.stop_gradient(jsl.solve_triangular(r, jnp.matmul(q.T, rows, precision="highest")))

    def pulled(flux):  # half of the gradient of chi^2 + beta S, but for its constant
        folded = jnp.matmul(response, flux, precision="highest")
        return jnp.matmul(response.T, spectra.weighed(folded), precision="highest") + beta * _rough_transposed(
            _rough(flux)
        )

    missing = spectra.weighed(excess - jnp.matmul(response, start, precision="highest"))
    gradient = jnp.matmul(response.T, missing, precision="highest") - beta * _rough_transposed(_rough(start))
    return start + jax.lax.custom_linear_solve(
        pulled, gradient, lambda _, target: jsl.cho_solve((r, False), target), symmetric=True
    )


def _rough(flux: Float[Array, " bin"]) -> Float[Array, " difference"]:
    """L nu."""
    return -jnp.diff(flux, 2)


def _rough_transposed(differences: Float[Array, " difference"]) -> Float[Array, " bin"]:
    """L^T times differences."""
    return -jnp.diff(jnp.pad(differences, 2), 2)


def _errors(spectra: Spectra, beta: Scalar, expected: Float[Array, " count"], fixed_variance: bool) -> UnfoldingErrors:
    response, (_, r) = spectra.response, factors(spectra, beta)
    posterior = jsl.cho_solve((r, False), jnp.eye(response.shape[1], dtype=response.dtype))
    fixed = jnp.matmul(posterior, spectra.weighed(response).T, precision="highest")
    if spectra.root is None:
        exact = jax.jacfwd(lambda observed: estimate(spectra.with_observed(observed), beta))(spectra.observed)
    else:
        exact = fixed
    covariance = _propagated(fixed if fixed_variance else exact, spectra)
    bias = jnp.matmul(fixed, expected - spectra.observed, precision="highest")
    moved = jnp.matmul(jnp.matmul(fixed, response, precision="highest"), fixed, precision="highest")
    bias_covariance = _propagated(moved - fixed, spectra)
    variance = jnp.diagonal(bias_covariance)
    known = (variance > 0.0) & (beta > 0.0)  # without a penalty there is neither bias nor variance of it
    significance = jnp.where(known, bias**2 / jnp.where(known, variance, 1.0), 0.0).sum()
    return UnfoldingErrors(exact, fixed, covariance, posterior, bias, bias_covariance, significance)


def _propagated(matrix: Float[Array, "bin count"], spectra: Spectra) -> Float[Array, "bin bin"]:
    """Covariance of what is linear in the data."""
    root = jnp.matmul(matrix, spectra.spread, precision="highest")
    return jnp.matmul(root, root.T, precision="highest")
