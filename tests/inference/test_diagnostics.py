"""Ranks and quantiles that need no import of SciPy's distributions, against those."""

import numpy as np
import pytest
import scipy.stats

from cevnsjax.inference.diagnostics import bulk_effective_sample_size, rank_normalised
from cevnsjax.inference.quantiles import chi_squared_quantile


def test_ranks_of_equal_and_of_missing_numbers():
    samples = np.random.default_rng(1).integers(0, 5, (4, 25)).astype(float)
    ranks = scipy.stats.rankdata(samples).reshape(samples.shape)
    np.testing.assert_allclose(rank_normalised(samples), scipy.stats.norm.ppf((ranks - 0.375) / 100.25), rtol=1e-12)
    samples[1, 3] = np.nan
    assert np.isnan(rank_normalised(samples)).all()
    assert np.isnan(bulk_effective_sample_size(samples))


@pytest.mark.parametrize(("level", "freedom"), [(0.6827, 1), (0.9, 2), (0.9545, 1)])
def test_quantiles_of_chi_squared(level, freedom):
    assert chi_squared_quantile(level, freedom) == pytest.approx(scipy.stats.chi2.ppf(level, freedom), rel=1e-13)
