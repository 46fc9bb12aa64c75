"""The flux that made a spectrum, sampled: smoothness as a prior, no flux below zero, and the likelihood of counts."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.likelihood import poisson_log_likelihood
from cevnsjax.inference.diagnostics import rank_r_hat, smallest_effective_sample_size
from cevnsjax.inference.unfold import unfolded
from cevnsjax.inference.unfold_spectra import Spectra, check_regular


@dataclass(frozen=True)
class SampledFlux:
    """Draws of the flux.

    Attributes
    ----------
    flux
        Shape ``[chain, draw, bin]``.
    effective_size
        Smallest effective sample size of any bin, of bulk and tails.
    r_hat
        Largest R-hat of any bin.
    divergences
        Number of divergent transitions.
    """

    flux: np.ndarray
    effective_size: float
    r_hat: float
    divergences: int

    @property
    def mean(self) -> np.ndarray:
        """Mean of each bin."""
        return self.flux.mean(axis=(0, 1))

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the bins."""
        return np.cov(self.flux.reshape(-1, self.flux.shape[-1]), rowvar=False)

    def quantile(self, probability: float) -> np.ndarray:
        """Quantile of each bin; that of 0.95 is an upper bound."""
        return np.quantile(self.flux, probability, axis=(0, 1))


def sample_flux(
    response: Any,
    observed: Any,
    background: Any,
    beta: Any,
    key: jax.Array,
    *,
    covariance: Any = None,
    chains: int = 4,
    warmup: int = 500,
    samples: int = 500,
) -> SampledFlux:
    """Sample the flux that made a spectrum by Hamiltonian Monte Carlo.

    The density is exp(-beta S/2) for nu > 0, times the Poisson likelihood of the counts, or a Gaussian one with a
    covariance. Where that is Gaussian and the flux far from zero, its mean is the estimate of
    :func:`~cevnsjax.inference.unfold.unfold` and its covariance ``posterior_covariance`` there, D^-1, which is larger
    than that of the estimate: a prior does not know that it is wrong, but what it hides is in its width.

    Parameters
    ----------
    response, observed, background, beta, covariance
        As of :func:`~cevnsjax.inference.unfold.unfold`; bins may be empty.
    key
        Random key.
    chains, warmup, samples
        Number of chains, draws of the warm-up and draws that are kept.

    Raises
    ------
    CevnsjaxError
        If what is given cannot be unfolded, or beta does not make a density of it.
    """
    from numpyro.infer import MCMC, NUTS

    if covariance is None and np.all(np.asarray(observed) >= 0.0):
        # of an empty bin the Gaussian that chains start from has variance one
        spectra = Spectra.checked(response, np.maximum(np.asarray(observed, float), 1.0), background)
    else:
        spectra = Spectra.checked(response, observed, background, covariance)
    beta = as_float(beta)
    if beta.ndim or not 0.0 <= float(beta) < np.inf:
        raise CevnsjaxError(f"beta must be one number, zero or positive, got {beta}.")
    check_regular(spectra, beta)
    start = unfolded(spectra, beta)
    assert start.errors is not None
    width = jnp.sqrt(jnp.diagonal(start.errors.posterior_covariance))
    root = jnp.linalg.cholesky(start.errors.posterior_covariance)
    centre = _straightened(jnp.maximum(start.flux, 0.3 * width), width)
    counted = spectra.with_observed(as_float(observed))

    def flux_of(latent: Float[Array, " bin"]) -> tuple[Float[Array, " bin"], Scalar]:
        """The flux, and the logarithm of the Jacobian: a straight line well above zero, an exponential below."""
        moved = (centre + jnp.matmul(root, latent, precision="highest")) / width
        return width * jax.nn.softplus(moved), jax.nn.log_sigmoid(moved).sum()

    def potential(latent: Float[Array, " bin"]) -> Scalar:
        flux, log_jacobian = flux_of(latent)
        return -_log_density(counted, beta, flux, covariance is None) - log_jacobian

    key_start, key_chains = jax.random.split(key)
    latents = 0.5 * jax.random.normal(key_start, (chains, spectra.response.shape[1]))
    run = MCMC(
        NUTS(potential_fn=potential),
        num_warmup=warmup,
        num_samples=samples,
        num_chains=chains,
        chain_method="vectorized",
        progress_bar=False,
    )
    run.run(key_chains, init_params=latents if chains > 1 else latents[0], extra_fields=("diverging",))
    draws = np.asarray(run.get_samples(group_by_chain=True))
    flux = np.asarray(jax.vmap(jax.vmap(lambda latent: flux_of(latent)[0]))(jnp.asarray(draws)), float)
    each = [flux[:, :, index] for index in range(flux.shape[-1])]
    diverging = int(np.sum(run.get_extra_fields()["diverging"]))
    size, r_hat = min(map(smallest_effective_sample_size, each)), max(map(rank_r_hat, each))
    return SampledFlux(flux, float(size), float(r_hat), diverging)


def _straightened(flux: Float[Array, " bin"], width: Float[Array, " bin"]) -> Float[Array, " bin"]:
    """What the transformation makes the flux of."""
    return width * (flux / width + jnp.log(-jnp.expm1(-flux / width)))


def _log_density(spectra: Spectra, beta: Scalar, flux: Float[Array, " bin"], counts: bool) -> Scalar:
    """Of the flux itself, up to a constant."""
    expected = jnp.matmul(spectra.response, flux, precision="highest") + spectra.background
    rough = (jnp.diff(flux, 2) ** 2).sum()
    if counts:
        return poisson_log_likelihood(expected, spectra.observed) - 0.5 * beta * rough
    return -0.5 * ((spectra.whitened(expected - spectra.observed) ** 2).sum() + beta * rough)
