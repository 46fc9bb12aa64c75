"""What a posterior says in numbers: means, intervals, and whether the chains can be trusted."""

from typing import Any

import numpy as np
from numpyro.diagnostics import effective_sample_size, hpdi, split_gelman_rubin
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtri

_CELLS, _FEWEST_DRAWS = 2048, 200
_VALLEY, _SMALLEST_BAND = 0.5, 0.01


def rank_normalised(samples: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of ``[chain, draw]``; A. Vehtari et al., Bayesian Anal. 16, 667 (2021), eq. 14."""
    if np.isnan(samples).any():
        return np.full(samples.shape, np.nan)
    # of equal numbers the mean of their ranks
    _, places, numbers = np.unique(samples, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(numbers) - 0.5 * (numbers - 1))[places].reshape(samples.shape)
    return ndtri((ranks - 0.375) / (samples.size + 0.25))


def bulk_effective_sample_size(samples: np.ndarray) -> float:
    """Bulk effective sample size of ``[chain, draw]``: of the rank-normalised half chains (Vehtari et al. 2021)."""
    half = samples.shape[1] // 2
    halves = np.concatenate([samples[:, :half], samples[:, samples.shape[1] - half :]])
    return float(effective_sample_size(rank_normalised(halves)))


def tail_effective_sample_size(samples: np.ndarray) -> float:
    """Effective sample size of the tails of ``[chain, draw]``: of the 5 and 95 % quantiles, the smaller (ibid.)."""
    half = samples.shape[1] // 2
    halves = np.concatenate([samples[:, :half], samples[:, samples.shape[1] - half :]])
    below = [(halves <= np.quantile(samples, probability)).astype(float) for probability in (0.05, 0.95)]
    # where all draws of a tail are alike there is none
    sizes = [float(effective_sample_size(each)) for each in below if np.ptp(each) > 0.0]
    return min(sizes, default=float("nan"))


def smallest_effective_sample_size(samples: np.ndarray) -> float:
    """Effective sample size of ``[chain, draw]``, of the bulk or of the tails."""
    return min(bulk_effective_sample_size(samples), tail_effective_sample_size(samples))


def rank_r_hat(samples: np.ndarray) -> float:
    """Rank-normalised split R-hat of ``[chain, draw]``, bulk and folded, the larger one (Vehtari et al. 2021)."""
    folded = np.abs(samples - np.median(samples))
    return float(max(split_gelman_rubin(rank_normalised(values)) for values in (samples, folded)))


def smoothed_density(samples: np.ndarray, cells: int = _CELLS) -> tuple[np.ndarray, np.ndarray]:
    """Density of draws on even cells from the smallest to the largest, smoothed, and mirrored at these ends.

    The width of the Gaussian is Silverman's, 0.9 sigma n^(-1/5), for the sigma that a normal distribution would have
    whose narrowest quarter is that of the draws: of separated bands it is about that of one, not their distance.

    Parameters
    ----------
    samples
        Draws, any shape, not all the same.
    cells
        Number of cells.

    Returns
    -------
    edges, density
        Edges of the cells, and the density in each.
    """
    flat = np.sort(samples, axis=None)
    counts, edges = np.histogram(flat, cells)
    quarter = max(1, flat.size // 4)
    narrowest = float((flat[quarter:] - flat[:-quarter]).min())
    sigma = narrowest / (2.0 * ndtri(0.625))
    width = edges[1] - edges[0]
    # half a cell at least: draws may repeat
    smooth = gaussian_filter1d(counts.astype(float), max(0.5, 0.9 * sigma * flat.size**-0.2 / width), mode="reflect")
    return edges, smooth / (flat.size * width)


def highest_density_bands(samples: np.ndarray, probability: float) -> list[list[float]]:
    """The region of highest density that holds a probability, as intervals in ascending order.

    It is the narrowest single interval (numpyro's ``hpdi``) unless it falls apart: where the density between two parts
    of the region sinks below half of that at its border, which few draws do not make by chance. Parts that hold less
    than a hundredth of the draws are left out. R. J. Hyndman, Am. Stat. 50, 120 (1996).

    Parameters
    ----------
    samples
        Draws, any shape.
    probability
        Of the region.
    """
    flat = np.asarray(samples, dtype=np.float64).reshape(-1)
    single = [float(edge) for edge in hpdi(flat, probability)]
    # of what ranges over orders of magnitude, cells of one width show nothing
    low, high = np.quantile(flat, [0.05, 0.95])
    if flat.size < _FEWEST_DRAWS or not high > low or 0.0 < 30.0 * low < high:
        return [single]
    edges, density = smoothed_density(flat)
    order = np.sort(density)[::-1]
    border = float(order[np.searchsorted(np.cumsum(order), probability * order.sum())])
    inside = np.concatenate([[False], density >= border, [False]])
    starts, stops = np.flatnonzero(np.diff(inside.astype(int))).reshape(-1, 2).T
    deep = [density[stop:start].min() < _VALLEY * border for stop, start in zip(stops[:-1], starts[1:], strict=True)]
    starts, stops = starts[np.array([True, *deep])], stops[np.array([*deep, True])]
    bands = [[float(low), float(high)] for low, high in zip(edges[starts], edges[stops], strict=True)]
    held = [np.mean((flat >= low) & (flat <= high)) for low, high in bands]
    bands = [band for band, share in zip(bands, held, strict=True) if share >= _SMALLEST_BAND]
    return bands if len(bands) > 1 else [single]


def summarise(samples: np.ndarray) -> dict[str, Any]:
    """Summary of one quantity.

    Parameters
    ----------
    samples
        Draws, shape ``[chain, draw]``.

    Returns
    -------
    dict
        ``mean``, ``sd``, ``hdi_68``, ``hdi_90`` (narrowest intervals), ``bands_68``, ``bands_90`` (the regions of
        highest density, several intervals where the posterior has separated bands), ``ess_bulk``, ``ess_tail`` and
        ``r_hat`` (NaN for fewer than four draws).
    """
    samples = np.asarray(samples, dtype=np.float64)
    enough = samples.shape[1] >= 4 and np.ptp(samples) > 0
    return {
        "mean": float(samples.mean()),
        "sd": float(samples.std(ddof=1)) if samples.size > 1 else 0.0,
        "hdi_68": [float(edge) for edge in hpdi(samples.reshape(-1), 0.68)],
        "hdi_90": [float(edge) for edge in hpdi(samples.reshape(-1), 0.90)],
        "bands_68": highest_density_bands(samples, 0.68),
        "bands_90": highest_density_bands(samples, 0.90),
        "ess_bulk": bulk_effective_sample_size(samples) if enough else float("nan"),
        "ess_tail": tail_effective_sample_size(samples) if enough else float("nan"),
        "r_hat": rank_r_hat(samples) if enough else float("nan"),
    }
