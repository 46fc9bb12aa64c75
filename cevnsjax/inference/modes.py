"""Where a posterior is: its maxima, each with the normal distribution that touches it (Laplace)."""

from typing import NamedTuple

import jax
import numpy as np

from cevnsjax.errors import ParameterError
from cevnsjax.host_random import host_generator, split_key
from cevnsjax.inference import solver
from cevnsjax.inference.coordinates import Coordinates
from cevnsjax.inference.model import Model
from cevnsjax.inference.objective import Objective
from cevnsjax.inference.rounds import Fitter

_CANDIDATES, _STARTS, _ROUNDS = 512, 16, 5
"""Draws from the prior, those of them that fits start from, and rounds of those fits."""

_EFFECTIVE = 4
"""Effective draws for each start, that starts are chosen among."""

_FLATTEST = 0.02
"""Smallest curvature of what is taken for normal: latents are of order one."""

_SAME = 0.5
"""Distance of two maxima that are the same one, in standard deviations."""

_FAINTEST = 1e-6
"""Smallest share of the posterior that a maximum is looked at for."""


class Modes(NamedTuple):
    """Maxima of a density in latents, the one with most of the posterior first.

    Attributes
    ----------
    latents
        Where, shape ``[mode, parameter]``.
    covariance
        Of the normal distributions, shape ``[mode, parameter, parameter]``.
    weights
        Share of the posterior of each, as far as those say.
    """

    latents: np.ndarray
    covariance: np.ndarray
    weights: np.ndarray

    def draw(self, generator: np.random.Generator, number: int) -> np.ndarray:
        """Draws from the mixture of normal distributions, shape ``[draw, parameter]``."""
        picks = generator.choice(len(self.weights), number, p=self.weights)
        roots = np.linalg.cholesky(self.covariance)
        normal = generator.normal(size=(number, self.latents.shape[1]))
        return self.latents[picks] + np.einsum("nij,nj->ni", roots[picks], normal)


def find_modes(model: Model, posterior: solver.Evaluate, prior: solver.Evaluate, key: jax.Array) -> Modes:
    """Maxima that are found from draws from the prior.

    Parameters
    ----------
    model
        The model.
    posterior, prior
        Minus the logarithms of the densities in latents.
    key
        Random key.

    Raises
    ------
    ParameterError
        If the density is not finite at most draws from the prior.
    """
    draws_key, choice_key = split_key(key)
    latents = model.prior_latents(draws_key, _CANDIDATES)
    every = np.arange(_CANDIDATES)
    height = posterior(every, latents)[0]
    chosen = choose(choice_key, height, prior(every, latents)[0] - height, _STARTS)
    fitter = Fitter(Objective(model, None, model.names), block=_STARTS, evaluator=lambda held: posterior)
    ends, heights = latents[chosen].copy(), np.full(_STARTS, np.inf)

    def keep(points: np.ndarray, fits: solver.Fits, over: np.ndarray) -> None:
        ends[points], heights[points] = fits.latents, fits.objective

    fitter.fit({}, fitter.coordinates.inside(latents[chosen]), keep=keep, rounds=_ROUNDS)
    return _distinct(posterior, ends.astype(float), heights.astype(float), latents.dtype)


def _distinct(posterior: solver.Evaluate, latents: np.ndarray, heights: np.ndarray, kind) -> Modes:
    """Maxima that differ, without what has next to nothing of the posterior."""
    order = np.argsort(heights)
    order = order[heights[order] < heights[order[0]] - np.log(_FAINTEST) + 0.5 * latents.shape[1]]
    nothing = np.zeros(latents.shape[1], kind)
    straight = Coordinates(nothing, nothing, nothing + 1)
    found: list[tuple[np.ndarray, np.ndarray, float]] = []
    for at, height in zip(latents[order], heights[order], strict=True):
        apart = [np.sqrt((at - other) @ np.linalg.solve(covariance, at - other)) for other, covariance, _ in found]
        if min(apart, default=np.inf) < _SAME:
            continue
        curvature = solver.curvatures(posterior, straight, at[None].astype(kind))[0].astype(float)
        sizes, axes = np.linalg.eigh(curvature)
        sizes = np.maximum(sizes, _FLATTEST)
        found.append((at, (axes / sizes) @ axes.T, -height - 0.5 * np.log(sizes).sum()))
    found.sort(key=lambda mode: -mode[2])
    places, covariances, evidences = (np.array(each) for each in zip(*found, strict=True))
    weights = np.exp(evidences - evidences[0])
    seen = weights > _FAINTEST
    return Modes(places[seen], covariances[seen], weights[seen] / weights[seen].sum())


def choose(key: jax.Array, potential: np.ndarray, log_likelihood: np.ndarray, number: int) -> np.ndarray:
    """Choose starts among draws from the prior, by a power of the likelihood.

    A fit that starts in a far corner may end in whatever maximum is first on its way, however little of the posterior
    is there. The power is the largest that leaves several times as many effective draws as are chosen, so starts stay
    wider than the posterior.

    Parameters
    ----------
    key
        Random key.
    potential, log_likelihood
        Of the draws, shape ``[draw]``.
    number
        How many.

    Raises
    ------
    ParameterError
        If the density is not finite at most draws.
    """
    finite = np.isfinite(potential) & np.isfinite(log_likelihood)
    if finite.sum() < max(number, len(finite) // 4):
        raise ParameterError("The posterior density is not finite at most draws from the prior; check the priors.")
    heights = np.where(finite, log_likelihood.astype(float), -np.inf)
    heights = heights - heights.max()

    def effective(power: float) -> float:
        weights = np.exp(power * heights)
        return weights.sum() ** 2 / (weights**2).sum()

    wanted = min(_EFFECTIVE * number, int(finite.sum()))
    low, high = 1e-12, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(middle) >= wanted else (low, middle)
    # the largest sums of logarithm and Gumbel noise: draws without replacement
    noise = host_generator(key).gumbel(size=heights.shape)
    return np.argsort(low * heights + noise)[::-1][:number]
