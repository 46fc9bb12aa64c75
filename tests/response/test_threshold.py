"""One threshold, its parts of the bins and its derivative: inside a bin, on an edge and below the first."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from cevnsjax.response import (
    DepositEfficiency,
    GammaPhotoElectrons,
    GaussianResponse,
    PoissonPhotoElectrons,
    Resolution,
    SigmoidEfficiency,
    SplitResponse,
    TabulatedEfficiency,
    TabulatedResponse,
    TemplateResponse,
)

EDGES = np.array([0.2, 0.5, 1.0])
ENERGY, SIGMA = 0.45, 0.1
KNOTS, VALUES = [0.2, 0.35, 0.8], [0.4, 0.7, 1.0]


def response(threshold_keV, efficiency=False):
    table = TabulatedEfficiency(KNOTS, VALUES) if efficiency else None
    return GaussianResponse(EDGES, Resolution(noise_keV=SIGMA), table, threshold_keV)


@jax.jit
def slopes(threshold_keV):
    """Derivative of both bins with respect to the threshold, for a response with and without an efficiency."""
    return jnp.stack(
        [
            jax.jacfwd(lambda t, efficiency=efficiency: response(t, efficiency).kernel(jnp.array([ENERGY]))[0])(
                threshold_keV
            )
            for efficiency in (False, True)
        ]
    )


# on an edge and on a knot; on the first edge it was a quarter
@pytest.mark.parametrize("threshold_keV", [0.2, 0.3, 0.35, 0.5, 0.7])
def test_derivative_is_minus_what_the_threshold_cuts(threshold_keV):
    density = norm.pdf(threshold_keV, ENERGY, SIGMA)
    bins = np.array([threshold_keV < 0.5, threshold_keV >= 0.5], dtype=float)
    found = np.asarray(slopes(jnp.array(threshold_keV)))
    np.testing.assert_allclose(found[0], -density * bins, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        found[1], -density * np.interp(threshold_keV, KNOTS, VALUES) * bins, rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("threshold_keV", [-1.0, 0.0, 0.1999])
def test_below_the_first_edge_it_cuts_nothing(threshold_keV):
    np.testing.assert_array_equal(np.asarray(slopes(jnp.array(threshold_keV))), 0.0)
    uncut = response(-9.0).kernel(jnp.array([ENERGY]))
    np.testing.assert_array_equal(response(threshold_keV).kernel(jnp.array([ENERGY])), uncut)


def test_kept_edges():
    np.testing.assert_allclose(response(0.3).kept_edges, [0.3, 0.5, 1.0])
    np.testing.assert_allclose(response(0.6).kept_edges, [0.6, 0.6, 1.0])
    np.testing.assert_allclose(response(2.0).kept_edges, [2.0, 2.0, 2.0])
    np.testing.assert_allclose(response(0.1).kept_edges, EDGES)
    # a threshold on an edge cuts from there on
    for at in (0.2, 0.5):
        slope = jax.jacfwd(lambda t: response(t).kept_edges)(jnp.array(at))
        np.testing.assert_array_equal(slope, (at >= EDGES).astype(float))


def test_what_wraps_a_response_has_its_bins():
    inner = response(0.3)
    light = SigmoidEfficiency([0.9, 0.5, 5.0, 0.0], np.zeros(4))
    split = SplitResponse(inner, [[1.0, 2.0, 1.0], [0.0, 1.0, 1.0]])
    deposits = DepositEfficiency(inner, TabulatedEfficiency([0.1], [0.5]))
    table = TabulatedResponse.of(inner, jnp.array(2.0), 16)
    for each, bins in ((inner, 2), (split, 6), (deposits, 2), (table, 2)):
        assert (each.unit, each.bins) == ("keV", bins)
        assert each.kernel(jnp.array([0.4])).shape == (1, bins)
        np.testing.assert_allclose(each.kept_edges, [0.3, 0.5, 1.0])
    for each in (GammaPhotoElectrons([0.0, 6.0, 9.0], 0.07, 9.0, light), PoissonPhotoElectrons([0, 6, 9], 13.0, light)):
        assert (each.unit, each.bins) == ("PE", 2)
        np.testing.assert_allclose(each.kept_edges, [0.0, 6.0, 9.0])
    templates = TemplateResponse([0.5, 1.0], np.full((2, 5), 0.1))
    assert (templates.unit, templates.bins, templates.edges.shape) == ("", 5, (0,))
