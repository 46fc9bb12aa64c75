"""PROSPECT's spectrum of HFIR: its prediction with one norm, and the spectrum of U235 unfolded from it."""

import jax
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import prospect_hfir
from cevnsjax.inference import choose_beta, unfold, unfolding_coverage

EDGES_MEV = np.linspace(2.0, 8.0, 13)


@pytest.fixture(scope="module")
def spectrum():
    return prospect_hfir()


def test_norm_of_the_prediction(spectrum):
    found = spectrum.fitted_norm()
    assert found.chi2 == pytest.approx(31.5, abs=0.1)
    assert found.norm == pytest.approx(0.986, abs=1e-3)
    assert found.error == pytest.approx(0.0097, abs=1e-4)
    assert found.degrees == 31


def test_prediction_is_the_response_to_the_table_of_huber(spectrum):
    """The shape to 0.4 % up to 6 MeV; above, the table ends at 8 MeV and the release does not."""
    ratio = spectrum.fine_response @ spectrum.fine_u235 / spectrum.predicted["u235"]
    np.testing.assert_allclose(ratio[:26], 1.0, atol=4.1e-3)
    assert ratio[-1] < 0.5


def test_response_in_bins(spectrum):
    response, background, reference = spectrum.response(EDGES_MEV)
    assert response.shape == (32, 12)
    np.testing.assert_allclose(response @ reference + background, spectrum.prediction, rtol=1e-12)
    fine = spectrum.neutrino_edges_MeV
    within = (fine[:-1] > EDGES_MEV[0] - 1e-6) & (fine[:-1] < EDGES_MEV[1] - 1e-6)
    np.testing.assert_allclose(response[:, 0], spectrum.fine_response[:, within].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(reference[0], spectrum.fine_u235[within].mean(), rtol=1e-12)
    for edges in ([2.0, 2.5, 3.01], [1.0, 2.0, 3.0]):
        with pytest.raises(CevnsjaxError, match=r"multiples of 0\.05 MeV between 1\.75 and 10 MeV"):
            spectrum.response(edges)


@pytest.mark.parametrize("criterion", ["physical", "bias", "l-curve"])
def test_unfolded(spectrum, criterion):
    """With the released covariance, in half-MeV bins; the flux that is found is that of Huber to two errors or so."""
    response, background, reference = spectrum.response(EDGES_MEV)
    given = response, spectrum.observed, background
    beta = choose_beta(criterion, *given, covariance=spectrum.covariance)
    found = unfold(*given, beta, covariance=spectrum.covariance)
    assert np.all(found.flux > 0.0)
    assert found.chi2 < spectrum.fitted_norm().chi2
    # the bump at 5 to 6 MeV of prompt energy, and the 1.4 % that is missing
    pulls = (np.asarray(found.flux) / (0.986 * reference) - 1.0) / (np.asarray(found.errors.sd) / reference)
    assert np.abs(pulls).max() < 4.0
    assert np.mean(np.abs(pulls) < 1.0) > 0.4


def test_closure(spectrum):
    """Each bin holds the mean of estimates in 68.3 % of toys, and the truth too where the bias is lost in errors."""
    response, background, reference = spectrum.response(EDGES_MEV)
    given = response, reference, background
    covariance, key = spectrum.covariance, jax.random.key(1)
    free = unfolding_coverage(*given, 0.0, key, covariance=covariance, toys=2000)
    assert free.error == pytest.approx(0.0104, abs=1e-4)
    for share in (free.of_truth, free.of_mean):
        np.testing.assert_allclose(share, 0.6827, atol=3.5 * free.error)
    smooth = unfolding_coverage(*given, 640.0, key, covariance=covariance, toys=2000)  # where B is the number of bins
    np.testing.assert_allclose(smooth.of_mean, 0.6827, atol=3.5 * smooth.error)
    np.testing.assert_allclose(smooth.of_truth[1:], 0.6827, atol=3.5 * smooth.error)
    assert smooth.of_truth[0] < 0.2  # the curvature at the end, which the penalty takes for noise
