"""Data that are drawn, and the information in them: against SciPy's distributions, and against the likelihoods."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chisquare, kstest, norm, poisson

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import GaussianLikelihood, Joint, PoissonLikelihood, coherent_csi_2021, named_experiment

NUMBER = 4000
score = jax.jit(jax.vmap(jax.grad(lambda mu, n: PoissonLikelihood()(mu, n)), in_axes=(None, 0)))


def split_normal_cdf(x, mode, below, above):
    """Two halves of Gaussians, equally high at the mode."""
    share = below / (below + above)
    low, high = norm.cdf(x, mode, below), norm.cdf(x, mode, above)
    return np.where(x < mode, 2.0 * share * low, share + (1.0 - share) * (2.0 * high - 1.0))


@pytest.mark.parametrize("mean", [0.4, 3.0, 250.0])
def test_counts_are_those_of_poisson(mean, precision):
    counts = PoissonLikelihood().draw(jnp.full((NUMBER,), mean, dtype=float), jax.random.key(1))
    assert counts.dtype == precision
    edges = np.unique(poisson.ppf(np.linspace(0.0, 1.0, 11)[1:-1], mean))
    probabilities = np.diff(np.concatenate([[0.0], poisson.cdf(edges, mean), [1.0]]))
    found = np.bincount(np.searchsorted(edges, np.asarray(counts)), minlength=len(probabilities))
    assert chisquare(found, NUMBER * probabilities).pvalue > 1e-3


def test_what_cannot_be_filled_stays_empty():
    counts = PoissonLikelihood().draw(jnp.array([0.0, -2.0, jnp.nan]), jax.random.key(2))
    np.testing.assert_array_equal(counts, [0.0, 0.0, np.nan])


@pytest.mark.parametrize("likelihood", [PoissonLikelihood(), GaussianLikelihood(np.array([1.0, 2.0, 4.0]), 3.0)])
def test_sets_of_data_along_axes_before_those_of_the_data(likelihood):
    expected = np.array([5.0, 50.0, 500.0])
    sets = np.asarray(likelihood.draw(np.broadcast_to(expected, (NUMBER, 3)), jax.random.key(4)))
    errors = np.sqrt(np.asarray(1.0 / likelihood.information(jnp.asarray(expected))))
    assert np.all(np.abs(np.median(sets, axis=0) - expected) < errors)
    assert np.all(np.abs(np.corrcoef(sets.T) - np.eye(3)) < 5.0 / np.sqrt(NUMBER))


@pytest.mark.parametrize("too_many", [1e19, np.inf])
def test_more_counts_than_integers_are_refused(too_many):
    with pytest.raises(CevnsjaxError, match=r"1e\+18 counts in a bin can be drawn, got (1e\+19|inf)"):
        PoissonLikelihood().draw(np.array([1.0, too_many]), jax.random.key(2))
    assert 0.99e18 < float(PoissonLikelihood().draw(np.array([1e18]), jax.random.key(2))[0]) < 1.01e18


@pytest.mark.parametrize("error_up", [None, 0.5, 6.0])
def test_numbers_with_errors_have_the_density_of_their_likelihood(error_up, precision):
    likelihood = GaussianLikelihood(2.0, error_up)
    numbers = np.asarray(likelihood.draw(jnp.full((NUMBER,), 10.0, dtype=float), jax.random.key(3)))
    assert numbers.dtype == precision
    below = error_up or 2.0
    assert kstest(numbers, split_normal_cdf, args=(10.0, below, 2.0)).pvalue > 1e-3
    # that distribution is the likelihood's, as a density of the data
    height = np.sqrt(2.0 / np.pi) / (below + 2.0)
    places = np.array([4.0, 9.0, 10.0, 10.5, 16.0])
    terms = np.asarray(likelihood.terms(jnp.full((5,), 10.0, dtype=float), jnp.asarray(places, dtype=float)))
    step = 1e-5
    slopes = (split_normal_cdf(places + step, 10.0, below, 2.0) - split_normal_cdf(places - step, 10.0, below, 2.0)) / (
        2.0 * step
    )
    np.testing.assert_allclose(height * np.exp(terms), slopes, rtol=1e-5)


@pytest.mark.parametrize("mean", [0.05, 3.0, 80.0])
def test_information_of_a_count(mean):
    """The mean of the squared slope, summed over all counts."""
    counts = np.arange(400)
    slopes = np.asarray(score(mean, jnp.asarray(counts, dtype=float)))
    explicit = (poisson.pmf(counts, mean) * slopes**2).sum()
    assert float(PoissonLikelihood().information(jnp.array([mean]))[0]) == pytest.approx(explicit, rel=1e-10)


def test_information_where_nothing_may_be_seen():
    found = PoissonLikelihood().information(jnp.array([0.0, -1.0, jnp.nan, 4.0]))
    np.testing.assert_array_equal(found, [np.inf, np.inf, np.nan, 0.25])


@pytest.mark.parametrize("error_up", [None, 0.5])
def test_information_of_a_number_with_errors(error_up):
    """The mean of the squared slope over the density of the data, by quadrature."""
    likelihood, below = GaussianLikelihood(2.0, error_up), error_up or 2.0
    slope = jax.jit(jax.grad(lambda mu, x: likelihood(mu, x)))
    height = np.sqrt(2.0 / np.pi) / (below + 2.0)

    def integrand(x):
        width = below if x < 10.0 else 2.0
        return height * np.exp(-0.5 * ((x - 10.0) / width) ** 2) * float(slope(10.0, x)) ** 2

    explicit = quad(integrand, -30.0, 10.0)[0] + quad(integrand, 10.0, 50.0)[0]
    assert float(likelihood.information(jnp.array([10.0]))[0]) == pytest.approx(explicit, rel=1e-7)


def test_terms_add_up():
    generator = np.random.default_rng(1)
    expected, observed = (jnp.asarray(generator.uniform(0.0, 5.0, (2, 3))) for _ in range(2))
    for likelihood in (PoissonLikelihood(), GaussianLikelihood(2.0, 1.0)):
        terms = likelihood.terms(expected, observed)
        assert terms.shape == (2, 3)
        assert float(terms.sum()) == float(likelihood(expected, observed))
    exact = poisson.logpmf(np.round(observed), expected) - poisson.logpmf(np.round(observed), np.round(observed))
    np.testing.assert_allclose(PoissonLikelihood().terms(expected, jnp.round(observed)), exact, rtol=1e-9, atol=1e-12)


def test_experiments_draw_data_of_their_shape():
    csi, ge_mini = coherent_csi_2021(), named_experiment("coherent-ge-mini")
    data = csi.draw(jax.random.key(1))
    assert data.shape == csi.observed.shape
    csi.with_observed(data)
    expected = np.asarray(csi.expected())
    # the sum of (n - mu)^2/mu has the mean of its number of bins, and that variance
    pulls = (np.asarray(data) - expected)[expected > 1.0] ** 2 / expected[expected > 1.0]
    assert abs(pulls.sum() - pulls.size) < 4.0 * np.sqrt((2.0 + 1.0 / expected[expected > 1.0]).sum())
    assert not np.array_equal(data, csi.draw(jax.random.key(2)))
    both = Joint.of([csi, ge_mini])
    found = both.draw(jax.random.key(1))
    assert list(found) == list(both.observed)
    both.with_observed(found)
    twice = dataclasses.replace(csi, name="again", observed=csi.observed)
    first, second = Joint.of([csi, twice]).draw(jax.random.key(1)).values()
    assert not np.array_equal(first, second), "independent of each other"
