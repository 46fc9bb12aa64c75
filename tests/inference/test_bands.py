"""Regions of highest density: one interval, or several where the posterior has separated bands."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from cevnsjax.inference.diagnostics import highest_density_bands, smoothed_density, summarise

DRAWS = 20_000


@pytest.fixture
def generator():
    return np.random.default_rng(3)


def mixture(share, *normals):
    """Quantiles of two normal distributions: draws without noise."""
    parts = (share, 1.0 - share)
    even = [(np.arange(round(DRAWS * part)) + 0.5) / round(DRAWS * part) for part in parts]
    return np.concatenate([norm.ppf(each, *of) for each, of in zip(even, normals, strict=True)])


def exact(share, first, second, probability):
    """Edges of the region of highest density of two normal distributions far apart."""

    def half(border, part, sigma):
        height = part / (sigma * np.sqrt(2.0 * np.pi))
        return sigma * np.sqrt(2.0 * np.log(height / border)) if border < height else 0.0

    def held(border):
        each = ((share, first[1]), (1.0 - share, second[1]))
        return sum(part * (2.0 * norm.cdf(half(border, part, s) / s) - 1.0) for part, s in each) - probability

    border = brentq(held, 1e-9, 1e3)
    widths = half(border, share, first[1]), half(border, 1.0 - share, second[1])
    return [[mean - width, mean + width] for (mean, _), width in zip((first, second), widths, strict=True)]


@pytest.mark.parametrize("share", [0.5, 0.3])
@pytest.mark.parametrize("probability", [0.68, 0.90])
def test_two_bands(share, probability):
    first, second = (0.0, 0.04), (0.5, 0.04)
    found = highest_density_bands(mixture(share, first, second), probability)
    np.testing.assert_allclose(found, exact(share, first, second, probability), atol=0.004)


def test_one_interval_where_the_valley_is_shallow():
    draws = mixture(0.5, (0.0, 1.0), (2.6, 1.0))
    ((low, high),) = highest_density_bands(draws, 0.68)
    assert np.mean((draws >= low) & (draws <= high)) == pytest.approx(0.68, abs=0.01)


def test_noise_makes_no_bands(generator):
    for _ in range(50):
        few, repeated = generator.uniform(size=300), np.repeat(generator.normal(size=200), 5)
        for draws in (few, repeated, generator.normal(size=1000)):
            assert len(highest_density_bands(draws, 0.68)) == 1


def test_bands_at_the_ends_of_a_prior(generator):
    """What piles up at both ends of what is allowed keeps its mass there."""
    side = generator.uniform(size=DRAWS) < 0.5
    draws = np.where(side, -1.0 + generator.exponential(0.1, DRAWS), 1.0 - generator.exponential(0.1, DRAWS))
    lower, upper = highest_density_bands(draws, 0.68)
    assert lower[0] == pytest.approx(-1.0, abs=1e-3)
    assert upper[1] == pytest.approx(1.0, abs=1e-3)
    assert lower[1] == pytest.approx(-1.0 - 0.1 * np.log(0.32), abs=0.02)


def test_density_is_that_of_a_normal_distribution():
    edges, density = smoothed_density(norm.ppf((np.arange(DRAWS) + 0.5) / DRAWS))
    middle = 0.5 * (edges[1:] + edges[:-1])
    assert np.sum(density * np.diff(edges)) == pytest.approx(1.0)
    np.testing.assert_allclose(density, norm.pdf(middle), atol=0.005)


def test_summary(generator):
    draws = np.concatenate([generator.normal(0.0, 0.03, (2, 500)), generator.normal(0.4, 0.03, (2, 500))], axis=1)
    row = summarise(draws)
    assert len(row["bands_68"]) == len(row["bands_90"]) == 2
    row = summarise(generator.normal(size=(4, 500)))
    assert row["bands_68"] == [row["hdi_68"]]
    assert summarise(np.full((2, 10), 3.0))["bands_90"] == [[3.0, 3.0]]
    assert len(summarise(np.repeat([[1.0, 2.0, 9.0]], 200, axis=1))["bands_68"][0]) == 2  # draws that repeat
    # of what ranges over orders of magnitude
    assert len(summarise(10.0 ** generator.uniform(-7.0, 0.0, (4, 500)))["bands_68"]) == 1
