"""From the frame of mesons to the laboratory: adaptive quadrature, mesons that go anywhere, and ones at rest."""

import math

import jax
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.arrays import as_float
from cevnsjax.flux import rapidity
from cevnsjax.flux.boosts import STEPS, boosted

AT = np.asarray(rapidity.nodes(as_float(rapidity.EDGES))).ravel()
EDGES = np.asarray(STEPS)
KINETIC = np.cosh(np.array([0.3, 0.9])) - 1.0
# of (1 + 0.7 cos theta)^2, up to a constant
LAW = np.polynomial.legendre.poly2leg([1.0, 1.4, 0.49])
MOMENTS = np.stack([LAW / LAW[0] / (2.0 * np.arange(3) + 1.0)] * 2)
COSINE = as_float(0.4)


def law_to_detector(c):
    """Distribution of the cosine to the detector, from that to the beam, averaged over the azimuth."""
    azimuth = 2.0 * math.pi * np.arange(16) / 16
    to_beam = 0.4 * c + math.sqrt(1.0 - 0.4**2) * math.sqrt(max(1.0 - c**2, 0.0)) * np.cos(azimuth)
    return np.mean((1.0 + 0.7 * to_beam) ** 2) / (2.0 * LAW[0])


def test_quadrature():
    """Each node and step by itself: the mean of A(c)/sinh y over what of the step can be reached."""
    kernel = np.asarray(boosted(as_float(KINETIC), as_float(MOMENTS), COSINE))
    assert kernel.shape == (2, 100, 192)
    for cell, y in enumerate((0.3, 0.9)):
        for node in (1, 4, 9, 23):
            w = AT[node]
            reached = np.flatnonzero(kernel[cell, node])
            first, last = abs(w - y), w + y
            expected = (EDGES[:-1] < last) & (EDGES[1:] > first)
            np.testing.assert_array_equal(reached, np.flatnonzero(expected))
            for step in reached[:: max(len(reached) // 4, 1)]:
                low, high = max(first, EDGES[step]), min(last, EDGES[step + 1])

                def of_cosine(x, w=w, y=y):
                    cosine = (math.cosh(w) * math.cosh(y) - math.cosh(x)) / (math.sinh(w) * math.sinh(y))
                    return law_to_detector(min(max(cosine, -1.0), 1.0))

                value, _ = quad(of_cosine, low, high, epsabs=0.0, epsrel=1e-10)
                assert kernel[cell, node, step] == pytest.approx(value / math.sinh(y) / 0.05, rel=1e-7)


def test_any_direction():
    """Mesons that go anywhere are counted by the overlap of steps; a mean over detectors sees them so, too."""
    isotropic = np.asarray(boosted(as_float(KINETIC), as_float(MOMENTS[:, :1]), COSINE))
    for cell, y in enumerate((0.3, 0.9)):
        overlap = np.minimum(AT[:, None] + y, EDGES[1:]) - np.maximum(np.abs(AT - y)[:, None], EDGES[:-1])
        np.testing.assert_allclose(isotropic[cell], np.maximum(overlap, 0.0) / (0.1 * math.sinh(y)), atol=1e-12)
    cosines, weights = np.polynomial.legendre.leggauss(4)
    mean = sum(
        0.5 * weight * np.asarray(boosted(as_float(KINETIC), as_float(MOMENTS), as_float(cosine)))
        for cosine, weight in zip(cosines, weights, strict=True)
    )
    np.testing.assert_allclose(mean, isotropic, rtol=1e-10, atol=1e-13)


def test_at_rest():
    """A meson that hardly moves leaves every rapidity what it is, wherever it goes."""
    followed = EDGES[-1] > AT
    kernel = np.asarray(boosted(as_float([1e-9]), as_float(MOMENTS[:1]), COSINE))[0][followed]
    np.testing.assert_allclose(kernel.sum(axis=1) * 0.05, 1.0, rtol=1e-3)
    middles = 0.5 * (EDGES[:-1] + EDGES[1:])
    np.testing.assert_allclose((kernel * middles).sum(axis=1) * 0.05, AT[followed], atol=0.026)
    assert np.all((kernel > 0.0).sum(axis=1) <= 2)


def test_traced_is_numpy():
    """What is computed once, by NumPy, and what is differentiated."""
    given = as_float(KINETIC), as_float(MOMENTS), COSINE
    traced = jax.jit(boosted)(*given)
    np.testing.assert_allclose(traced, boosted(*given), rtol=1e-11, atol=1e-14)
