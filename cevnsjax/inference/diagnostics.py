"""What a posterior says in numbers: means, intervals, and whether the chains can be trusted."""

import numpy as np
from numpyro.diagnostics import effective_sample_size, hpdi, split_gelman_rubin
from scipy.stats import norm, rankdata


def rank_normalised(samples: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of ``[chain, draw]``; A. Vehtari et al., Bayesian Anal. 16, 667 (2021), eq. 14."""
    ranks = rankdata(samples).reshape(samples.shape)
    return norm.ppf((ranks - 0.375) / (samples.size + 0.25))


def bulk_effective_sample_size(samples: np.ndarray) -> float:
    """Bulk effective sample size of ``[chain, draw]``: of the rank-normalised half chains (Vehtari et al. 2021)."""
    half = samples.shape[1] // 2
    halves = np.concatenate([samples[:, :half], samples[:, samples.shape[1] - half :]])
    return float(effective_sample_size(rank_normalised(halves)))


def rank_r_hat(samples: np.ndarray) -> float:
    """Rank-normalised split R-hat of ``[chain, draw]``, bulk and folded, the larger one (Vehtari et al. 2021)."""
    folded = np.abs(samples - np.median(samples))
    return float(max(split_gelman_rubin(rank_normalised(values)) for values in (samples, folded)))


def summarise(samples: np.ndarray) -> dict[str, float | list[float]]:
    """Summary of one quantity.

    Parameters
    ----------
    samples
        Draws, shape ``[chain, draw]``.

    Returns
    -------
    dict
        ``mean``, ``sd``, ``hdi_68``, ``hdi_90`` (highest-density intervals), ``ess_bulk`` and ``r_hat`` (NaN for
        fewer than four draws).
    """
    samples = np.asarray(samples, dtype=np.float64)
    enough = samples.shape[1] >= 4 and np.ptp(samples) > 0
    return {
        "mean": float(samples.mean()),
        "sd": float(samples.std(ddof=1)) if samples.size > 1 else 0.0,
        "hdi_68": [float(edge) for edge in hpdi(samples.reshape(-1), 0.68)],
        "hdi_90": [float(edge) for edge in hpdi(samples.reshape(-1), 0.90)],
        "ess_bulk": bulk_effective_sample_size(samples) if enough else float("nan"),
        "r_hat": rank_r_hat(samples) if enough else float("nan"),
    }
